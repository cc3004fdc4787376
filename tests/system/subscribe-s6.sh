#!/bin/bash
# Commands from a broker to a simulated DTU through the supervised chain, and
# their results back at the broker.
# shellcheck source=tests/lib/lib.sh
. "$(dirname "$0")/../lib/lib.sh"
# shellcheck source=tests/lib/supervised.sh
. "$(dirname "$0")/../lib/supervised.sh"
unset HM_CONFIG DTU_HOST MQTT_BROKER DATABASE_PATH HM_LOG_DIR

s6=$(cd "$(dirname "$0")/../../s6" && pwd)
services=$(sed -n 's/^hm-//p' "$s6/chain" | xargs)
base=homeassistant/hoymiles_mqtt
port=$(free_port)

settings() {
	cat <<-EOF
		dtu_configs: [{name: roof, uri: "${uris[0]}"}]
		query_period: 5
		stats_period: 1
		mqtt_broker: 127.0.0.1
		mqtt_port: $port
		mqtt_client_id: chain
		database_path: hm.db
		health_port: $page
		control_enabled: $1
		control_min_interval: 10
		log_level: INFO
	EOF
}

start_chain() {
	(cd "$work" && HM_CHAIN=$$ HM_CONFIG=hm.yaml HM_LOG_DIR=$work/log \
		exec "$s6/start" "$live" >"$work/svscan.log" 2>&1) &
	svscan=$!
}

send() {
	mosquitto_pub -h 127.0.0.1 -p "$port" "$@"
}

# of ID: the states of a command at the broker.
of() {
	sed -n "s,^$base/result ,,p" "$work/heard" |
		jq -r "select(.id == \"$1\") | .state"
}

ended() {
	of "$1" | grep -qx "$2"
}

final() {
	sed -n "s,^$base/result ,,p" "$work/heard" | grep -qE "$1"
}

# The processes of the chain that are hm-subscribe.
subscribers() {
	local pid
	for pid in $(chain_processes); do
		grep -x hm-subscribe "/proc/$pid/comm" 2>/dev/null
	done | wc -l
}

control_is() {
	[ "$(grep "^$base/chain/control " "$work/heard" | tail -n 1)" = \
		"$base/chain/control $1" ]
}

# Whether commands are taken again since the last call.
onlines=1
is_online_again() {
	local found
	found=$(grep -cx "$base/chain/control online" "$work/heard")
	[ "$found" -gt "$onlines" ] && onlines=$found
}

# The inverters' kept limits that the DTU has written.
writes() {
	jq -r 'select(.type == "stats") | .flash_writes // empty' "$work/plant.sim" |
		tail -n 1
}

# Off: as if there were no hm-subscribe.
start_broker "$port" "allow_anonymous true" "log_dest file $work/broker.log" \
	"log_type all" "user root"
start_sim plant --transport modbus --inverters 1 --inputs 1 --stats-period 1
settings false >"$work/hm.yaml"
services=${services#subscribe }
start_chain
check "without control every service becomes ready" until_true 15 all_ready
same "... and there is none for hm-subscribe" "$(ls "$scan")" \
	"$(tr ' ' '\n' <<<"$services pipes" | LC_ALL=C sort)"
check "... no pipe" [ ! -e "$scan/pipes/subscribe" ]
same "... and no process" "$(subscribers)" 0
same "... nor a subscription to commands" \
	"$(grep -c "(QoS .*command\|command (QoS" "$work/broker.log")" 0
s6-svscanctl -t "$scan"
wait "$svscan"

# On
services="subscribe $services"
settings true >"$work/hm.yaml"
subscribe "$port" "$base/#" "$work/heard"
start_chain
check "with control hm-subscribe is a service, too" until_true 15 all_ready
check "... and says that commands are taken" until_true 10 control_is online
same "... in one process" "$(subscribers)" 1
send -t homeassistant/hoymiles_mqtt/command \
	-m '{"action":"limit","dtu":"roof","percent":60}'
check "a stock client sets a limit: done, at the broker" until_true 20 final \
	'"state":"done".*"percent":60'
id=$(jq -r 'select(.percent == 60) | .id' <(sed -n "s,^$base/result ,,p" \
	"$work/heard") | head -n 1)
check "... after it was accepted" ended "$id" accepted
same "... with one final result" "$(of "$id" | grep -vc 'accepted\|under_way')" 1

# Refused ones have results, too; what is of another chain has none.
send -t $base/command -m '{"id":"x1","action":"limit","dtu":"garage","percent":60}'
send -t $base/chain/command -m '{"id":"x2","action":"limit","dtu":"garage","percent":60}'
send -t $base/command -m '{"id":"x3","action":"limit","dtu":"roof"}'
send -t $base/command -m '{"id":"x4","action":"limit","dtu":"roof","percent":1}'
send -t $base/command -m '{"id":"x5","action":"turn_off","dtu":"roof","time":"2026-11-23T10:15:00Z"}'
for id in x2 x3 x4 x5; do
	check "a bad command is refused: $id" until_true 15 ended $id refused
done
same "a command for another chain has no result" "$(of x1)" ""

# The same command twice, with hm-subscribe killed in between. Nothing is sent for
# a limit that the inverter has already.
repeat() {
	send -t $base/chain/command -m '{"id":"'"$1"'","action":"limit","percent":60}'
}
repeat y1
check "the same limit again ends as unknown" until_true 20 ended y1 unknown
check "hm-subscribe is restarted after kill -9" murder subscribe
check "... and takes commands again" until_true 10 is_online_again
repeat y1
repeat y2
check "... the next one is carried out" until_true 20 ended y2 unknown
pid=$(stat_of subscribe pid)
s6-svc -h "$scan/subscribe"
check "after SIGHUP it takes commands again" until_true 10 is_online_again
same "... in the same process" "$(stat_of subscribe pid)" "$pid"
check "hm-poll is restarted after kill -9" murder poll
repeat y3
check "... and carries out the next one" until_true 20 ended y3 unknown
same "the limit was written once" "$(writes)" 1

# Stop
began=$(milliseconds)
s6-svscanctl -t "$scan"
wait "$svscan"
same "the chain ends with 0" $? 0
check "... soon" soon "$began" 11000
check "... and says that no commands are taken" until_true 5 control_is offline
same "no tool has logged an error" "$(grep -h 'error:' "$work"/log/*/current |
	grep -v 'ended by signal 9')" ""
finish
