#!/bin/bash
# A supervised chain stops while commands come from a broker: each command that
# hm-subscribe has written gets one final result, and is in the database with it.
# shellcheck source=tests/lib/lib.sh
. "$(dirname "$0")/../lib/lib.sh"
# shellcheck source=tests/lib/supervised.sh
. "$(dirname "$0")/../lib/supervised.sh"
unset HM_CONFIG DTU_HOST MQTT_BROKER DATABASE_PATH HM_LOG_DIR

s6=$(cd "$(dirname "$0")/../../s6" && pwd)
services=$(sed -n 's/^hm-//p' "$s6/chain" | xargs)
base=homeassistant/hoymiles_mqtt
port=$(free_port)

start_broker "$port"
start_sim plant --transport modbus --inverters 1 --inputs 1 --stats-period 0
cat >"$work/hm.yaml" <<-EOF
	dtu_configs: [{name: roof, uri: "${uris[0]}"}]
	mqtt_broker: 127.0.0.1
	mqtt_port: $port
	database_path: hm.db
	health_port: $page
	control_enabled: true
	log_level: INFO
EOF
subscribe "$port" "$base/#" "$work/heard"
(cd "$work" && HM_CHAIN=$$ HM_CONFIG=hm.yaml HM_LOG_DIR=$work/log \
	exec "$s6/start" "$live" >"$work/svscan.log" 2>&1) &
svscan=$!
check "every service becomes ready" until_true 15 all_ready
check "... and commands are taken" until_true 10 \
	grep -q "^$base/.*/control online" "$work/heard"

# A command every 30 ms, each with a limit of its own: a third of them comes too
# fast for hm-subscribe, which writes 20 a second.
for i in {1..200}; do
	echo "{\"id\":\"c$i\",\"action\":\"limit_temporary\",\"dtu\":\"roof\",\"percent\":$((i % 90 + 10))}"
	sleep 0.03
done | mosquitto_pub -h 127.0.0.1 -p "$port" -t $base/command -l 2>/dev/null &
sender=$!
pids+=("$sender")
finals() {
	sed -n "s,^$base/result ,,p" "$work/heard" |
		jq -r 'select(.state | IN("accepted", "under_way") | not) | .id'
}
has_ended() {
	[ "$(finals | wc -l)" -ge "$1" ]
}
check "commands come, and results" until_true 10 has_ended 5
s6-svscanctl -t "$scan"
wait "$svscan"
same "the chain ends with 0" $? 0
check "... while commands still come" kill -0 "$sender"

sql() {
	sqlite3 "$work/hm.db" "$1"
}
written=$(sql "SELECT json_extract(data, '\$.commands') FROM stats
	WHERE tool = 'hm-subscribe' ORDER BY time DESC LIMIT 1")
echo "# hm-subscribe wrote $written of the commands; results: $(
	sql "SELECT state, error, count(*) FROM results WHERE stage = 3
	GROUP BY state, error" | xargs)"
check "hm-subscribe has written commands" [ "${written:-0}" -gt 0 ]
same "all of them are in the database" \
	"$(sql "SELECT count(*) FROM commands")" "$written"
same "... each with its final result" "$(sql "SELECT group_concat(id)
	FROM commands WHERE id NOT IN (SELECT id FROM results WHERE stage = 3)")" ""
same "... and with one only" "$(finals | sort | uniq -d | xargs)" ""
same "no tool has logged an error" \
	"$(grep -h 'error:' "$work"/log/*/current)" ""
finish
