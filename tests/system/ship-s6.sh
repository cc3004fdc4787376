#!/bin/bash
# hm-ship in the supervised chain: a service for each destination of ship_to, and
# none without.
# shellcheck source=tests/lib/lib.sh
. "$(dirname "$0")/../lib/lib.sh"
# shellcheck source=tests/lib/supervised.sh
. "$(dirname "$0")/../lib/supervised.sh"
unset HM_CONFIG DTU_HOST MQTT_BROKER DATABASE_PATH HM_LOG_DIR HM_SHIP_TO

s6=$(cd "$(dirname "$0")/../../s6" && pwd)
services=$(sed -n '/^hm-subscribe$/d; s/^hm-//p' "$s6/chain" | xargs)

settings() {
	cat <<-EOF
		dtu_configs: [{name: roof, uri: "${uris[0]}"}]
		query_period: 5
		store_delay: 0.2
		mqtt_enabled: false
		database_path: hm.db
		health_port: $page
	EOF
	[ $# -eq 0 ] || printf '%s\n' "$@"
}

start_chain() {
	(cd "$work" && HM_CHAIN=$$ HM_CONFIG=hm.yaml HM_LOG_DIR=$work/log \
		exec "$s6/start" "$live" >"$work/svscan.log" 2>&1) &
	svscan=$!
}

copied() {
	[ "$(grep -sc '"type":"dtu"' "$work/copy.ndjson")" -ge "$1" ]
}

is_logged() {
	grep -qF "$2" "$work/log/$1/current"
}

start_sim plant --transport modbus --inverters 1 --inputs 1
settings "outbox: true" "ship_period: 1" "ship_to:" \
	"  copy: 'cat >>copy.ndjson'" "  away: 'exit 7'" >"$work/hm.yaml"
services="$services ship-copy ship-away"
start_chain
check "each destination has a service" until_true 20 all_ready
check "... to which polls are shipped" until_true 20 copied 1
check "... or its log says why not" until_true 20 is_logged ship-away \
	"away: not shipped: the command ended with status 7; tried again until it is"
check "... killed, it is restarted" murder ship-copy
check "... which its log has" is_logged ship-copy "ended by signal 9"
count=$(grep -c '"type":"dtu"' "$work/copy.ndjson")
check "... and goes on" until_true 20 copied $((count + 1))
sed -i 's/^ship_period: 1/ship_period: 0/' "$work/hm.yaml"
s6-svc -r "$scan/ship-copy"
is_down() {
	[ "$(stat_of ship-copy up)" = false ]
}
check "with a wrong setting it stays down" until_true 10 is_down
check "... with what to do" until_true 10 is_logged ship-copy \
	"a setting is wrong, see above"
start=$(milliseconds)
s6-svscanctl -t "$scan"
wait "$svscan"
check "the whole chain stops in time" soon "$start" 6000
check "... and nothing of it is left" nobody_left

settings "ship_to: {a/b: cat}" >"$work/hm.yaml"
start_chain
wait "$svscan"
same "a name that is none starts nothing" $? 78
settings >"$work/hm.yaml"
services=${services%% ship-*}
start_chain
check "without destinations" until_true 20 all_ready
same "... there is no service for one" "$(find "$scan" -name 'ship-*')" ""
finish
