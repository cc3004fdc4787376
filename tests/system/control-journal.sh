#!/bin/bash
# The journal of commands in the supervised chain: where it is, and that hm-poll
# which is killed while an order is under way sends no order again.
# shellcheck source=tests/lib/lib.sh
. "$(dirname "$0")/../lib/lib.sh"
# shellcheck source=tests/lib/supervised.sh
. "$(dirname "$0")/../lib/supervised.sh"
unset HM_CONFIG DTU_HOST MQTT_BROKER DATABASE_PATH HM_LOG_DIR HM_CONTROL_JOURNAL

s6=$(cd "$(dirname "$0")/../../s6" && pwd)
services=$(sed -n 's/^hm-//p' "$s6/chain" | xargs)
port=$(free_port)
start_broker "$port"
start_sim slow --transport hm --inverters 1 --inputs 1 --fault order-slow
slow=${uris[0]}
start_sim quick --transport modbus --inverters 1 --inputs 1
mkdir "$work/state"
cat >"$work/hm.yaml" <<-EOF
	dtu_configs: [{name: slow, uri: "$slow"}, {name: quick, uri: "${uris[0]}"}]
	query_period: 60
	stats_period: 0
	mqtt_broker: 127.0.0.1
	mqtt_port: $port
	database_path: state/hm.db
	store_delay: 0.2
	health_port: $page
	control_enabled: true
	log_level: DEBUG
EOF

# Whether hm-subscribe has made its subscriptions so often.
subscribed() {
	[ "$(cat "$work"/log/*subscribe/* | grep -c 'received SUBACK')" -ge "$1" ]
} 2>/dev/null

# start_chain NAME=VALUE ...
chains=0
start_chain() {
	(cd "$work" && exec env HM_CHAIN=$$ HM_CONFIG=hm.yaml HM_LOG_DIR=log "$@" \
		"$s6/start" "$live" >"$work/svscan.log" 2>&1) &
	svscan=$!
	until_true 15 all_ready
	chains=$((chains + 1))
	until_true 15 subscribed "$chains"
}

send() {
	mosquitto_pub -h 127.0.0.1 -p "$port" -t homeassistant/hoymiles_mqtt/command \
		-m "$1"
}

# in_journal FILE TYPE ID
in_journal() {
	jq -es --arg type "$2" --arg id "$3" \
		'any(.type == $type and .id == $id)' "$1"
}

final_of() {
	sqlite3 -separator ' ' -cmd '.timeout 2000' "$work/state/hm.db" "SELECT state,
		coalesce(error, '') FROM results WHERE id = '$1' AND stage = 3"
}
ended() {
	[ "$(final_of "$1")" = "$2" ]
}

start_chain
send '{"id":"first","action":"limit","dtu":"quick","percent":60}'
check "the journal stands beside the database" until_true 20 \
	in_journal "$work/state/control.ndjson" result first
check "... and the command is carried out" until_true 20 ended first "done "
s6-svscanctl -t "$scan"
wait "$svscan"

start_chain "HM_CONTROL_JOURNAL=$work/elsewhere"
send '{"id":"second","action":"limit","dtu":"slow","percent":60}'
check "HM_CONTROL_JOURNAL chooses another place" until_true 30 \
	in_journal "$work/elsewhere" sent second
check "hm-poll is restarted after kill -9" murder poll
check "... and the order that was under way ends as unknown" until_true 20 \
	ended second "unknown interrupted"
send '{"id":"second","action":"limit","dtu":"slow","percent":60}'
send '{"id":"third","action":"limit","dtu":"quick","percent":50}'
check "the next command is carried out" until_true 20 ended third "done "
same "no order was sent again" "$(grep -c '"type":"order"' "$work/slow.sim")" 1
same "the other journal is as it was" \
	"$(jq -r .id "$work/state/control.ndjson" | sort -u)" first
finish
