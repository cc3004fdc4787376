#!/bin/bash
# pipelines/poll-to-mosquitto: readings reach a broker through mosquitto_pub.
# shellcheck source=tests/lib/lib.sh
. "$(dirname "$0")/../lib/lib.sh"
unset HM_CONFIG DTU_HOST DTU_CONFIGS MQTT_BROKER DATABASE_PATH

pipeline=$(cd "$(dirname "$0")/../../pipelines" && pwd)/poll-to-mosquitto
port=$(free_port)
start_broker "$port"
start_sim plant --transport modbus --inverters 1 --inputs 2 --start 12:00
subscribe "$port" solar "$work/heard"

# heard TYPE: how many messages have this type.
heard() {
	grep -c "^solar {\"type\":\"$1\"" "$work/heard"
}

has_heard() {
	[ "$(heard port)" -ge "$1" ]
}

# The energies come with the second poll.
DATABASE_PATH=$work/hm.db setsid "$pipeline" --period 5 "${uris[0]}#roof" -- \
	-h 127.0.0.1 -p "$port" -t solar >"$work/out" 2>"$work/err" &
chain=$!
pids+=("$chain")
check "each reading is a message, at once" until_true 20 has_heard 4
same "... with the values of hm-filter" "$(sed -n 's/^solar //p' \
	"$work/heard" | jq -s 'map(select(.type == "port")) |
	.[2] | .dtu == "roof" and .total_production > 0')" true
check "... of the DTU and of the inverter, too" \
	test "$(heard dtu)" -ge 1 -a "$(heard inverter)" -ge 1
same "other records are not published" \
	"$(heard 'status\|stats\|frame\|info')" 0
kill -TERM -- "-$chain"
check "SIGTERM ends it" until_true 10 \
	sh -c "! pgrep -s $chain >/dev/null"
same "nothing is on stdout" "$(cat "$work/out")" ""

"$pipeline" "${uris[0]}" 2>"$work/err"
same "without options of mosquitto_pub it says what it needs" \
	"$? $(cat "$work/err")" \
	"64 usage: poll-to-mosquitto DTU ... -- -h BROKER -t TOPIC ..."

# Without a broker
"$pipeline" -1 "${uris[0]}" -- -h 127.0.0.1 -p "$(free_port)" -t solar \
	>/dev/null 2>"$work/err"
same "without a broker the status says so" $? 1
check "... and mosquitto_pub says why" grep -q 'Connection refused' "$work/err"
finish
