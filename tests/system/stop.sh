#!/bin/bash
# The end of a chain: records on their way arrive in order, and the chain ends
# within 10 s even if the broker hangs.
# shellcheck source=tests/lib/lib.sh
. "$(dirname "$0")/../lib/lib.sh"
unset HM_CONFIG DTU_HOST MQTT_BROKER DATABASE_PATH HM_LOG_DIR

s6=$(cd "$(dirname "$0")/../../s6" && pwd)
port=$(free_port)
page=$(free_port)
start_broker "$port"
start_sim plant --transport modbus --dtus 8 --inverters 1 --inputs 1

cat >"$work/hm.yaml" <<EOF
dtu_configs: [$(printf '{uri: "%s"}, ' "${uris[@]}" | sed 's/, $//')]
query_period: 5
mqtt_broker: 127.0.0.1
mqtt_port: $port
database_path: $work/hm.db
backup_after: 0
health_port: $page
stats_period: 1
log_level: ERROR
EOF
export HM_CONFIG=$work/hm.yaml

bridge_state() {
	mosquitto_sub -h 127.0.0.1 -p "$port" -F '%p' -C 1 -W 5 \
		-t 'homeassistant/hoymiles_mqtt/bridge/availability'
}

count_polls() {
	sqlite3 -cmd '.timeout 2000' "$work/hm.db" 'SELECT count(*) FROM dtu'
}

stored() {
	[ "$(count_polls)" -ge "$1" ]
}

backups() {
	find "$work" -name '*_backup_*' | sort
}

# Ctrl-C in a shell. Each tool writes its last record when it ends. The record
# is in the output only if the tools after it still ran.
# shellcheck disable=SC2016 # the inner shell is to expand it
setsid bash -c 'hm-poll | hm-decode | hm-filter | hm-alert | hm-store |
	hm-ha-discovery | hm-publish | hm-metrics >"$1"' - "$work/out" \
	2>"$work/err" &
chain=$!
pids+=("$chain")
check "a pipeline reads all DTUs" until_true 15 stored 8
start=$(milliseconds)
kill -INT -- "-$chain"
check "Ctrl-C ends it" until_true 10 sh -c "! pgrep -s $chain >/dev/null"
check "... within 10 s" soon "$start" 11000
same "... in order" "$(jq -r 'select(.type == "stats") | .tool' "$work/out" |
	tac | awk '!seen[$1]++' | tac | tr '\n' ' ')" "hm-poll hm-decode hm-filter hm-alert \
hm-store hm-ha-discovery hm-publish hm-metrics "
same "... with every poll in the database" \
	"$(jq -r 'select(.type == "stats" and .tool == "hm-poll") | .polls' \
		"$work/out" | tail -n 1)" "$(count_polls)"
same "... with a backup" "$(backups | wc -l)" 1
same "... with offline at the broker" "$(bridge_state)" offline
same "... and nothing on stderr" "$(cat "$work/err")" ""

# Under s6, with a broker that hangs.
queued() {
	[ "$(curl -s --max-time 2 "http://127.0.0.1:$page/metrics" |
		sed -n 's/^hoymiles_mqtt_queue_messages //p')" -gt 0 ]
}
before=$(count_polls)
HM_CHAIN=$$ HM_LOG_DIR=- "$s6/start" "$work/live" 2>"$work/log" &
svscan=$!
pids+=("$svscan")
check "a supervised chain reads all DTUs" until_true 25 stored $((before + 8))
kill -STOP "$broker"
# The messages of a poll before that may have arrived.
before=$(count_polls)
check "... goes on" until_true 25 stored $((before + 8))
check "... messages wait for a broker that hangs" until_true 25 queued
start=$(milliseconds)
s6-svscanctl -t "$work/live/scan"
wait "$svscan"
kill -CONT "$broker"
check "... and it still stops within 10 s" soon "$start" 11000
same "... leaves no process" "$(processes_with "HM_CHAIN=$$")" ""
logged() {
	cat "$work/log"
	grep -q "$1" "$work/log"
}
check "... logs how many messages were not delivered" \
	logged 'messages were not delivered to the broker'
same "... and makes a backup" "$(backups | wc -l)" 2
same "... that is not damaged" \
	"$(sqlite3 "$(backups | tail -n 1)" 'PRAGMA integrity_check')" ok
finish
