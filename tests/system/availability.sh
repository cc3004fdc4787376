#!/bin/bash
# Availability with a real mosquitto: several publishers, runs of one poll beside a
# chain, kills, farewells, and an upgrade from the topic that all publishers
# shared.
# shellcheck source=tests/lib/lib.sh
. "$(dirname "$0")/../lib/lib.sh"
unset HM_CONFIG MQTT_CLIENT_ID MQTT_FAREWELL DATABASE_PATH DTU_HOST
pipelines=$(cd "$(dirname "$0")/../../pipelines" && pwd)

port=$(free_port)
start_broker "$port"
export MQTT_BROKER=127.0.0.1 MQTT_PORT=$port LOG_LEVEL=ERROR
topics=homeassistant/hoymiles_mqtt

# retained TOPIC: its retained payload, or nothing.
retained() {
	mosquitto_sub -h 127.0.0.1 -p "$port" -t "$1" -W 1 --retained-only \
		-F %p 2>/dev/null
}
is_retained() {
	[ "$(timeout 5 mosquitto_sub -h 127.0.0.1 -p "$port" -t "$1" -C 1 -F %p)" = \
		"$2" ]
}

# effective TOOL [OPTION ...]: the client id that the tool finds.
effective() {
	local tool=$1
	shift
	"$tool" --check "$@" | sed -n 's/^mqtt_client_id: \([^ ]*\) .*/\1/p'
}

# start_chain NAME: an hm-publish with a database of its own, that reads what is
# written into $work/NAME; its pid is in $chain.
start_chain() {
	mkfifo "$work/$1"
	hm-publish -d "$work/$1.db" <"$work/$1" >/dev/null 2>"$work/$1.err" &
	chain=$!
	pids+=("$chain")
}

east=$(effective hm-publish -d "$work/east.db")
west=$(effective hm-publish -d "$work/west.db")
check "the default id has 22 bytes" [ ${#east} -eq 22 ]
check "two databases, two ids" [ "$east" != "$west" ]
same "hm-ha-discovery finds the same" \
	"$(effective hm-ha-discovery -d "$work/east.db")" "$east"
same "... from another directory" "$(cd "$work" &&
	effective hm-ha-discovery -d ./none/../east.db)" "$east"
same "... without a database, from the directory" "$(cd "$work" &&
	effective hm-publish)" "$(cd "$work" && effective hm-ha-discovery)"
check "... which differs" [ "$(cd "$work" && effective hm-publish)" != \
	"$(cd / && effective hm-publish)" ]

# Two chains

start_chain east
east_pid=$chain
exec 4>"$work/east"
start_chain west
west_pid=$chain
exec 5>"$work/west"
for id in "$east" "$west"; do
	check "each of two chains says that it is online" until_true 10 \
		is_retained "$topics/$id/availability" online
done
check "the topic of older versions says it, too" until_true 5 \
	is_retained "$topics/bridge/availability" online

exec 5>&-
wait "$west_pid"
same "a chain ends" $? 0
check "... and says so" is_retained "$topics/$west/availability" offline
check "... also for older versions" \
	is_retained "$topics/bridge/availability" offline
check "... but not in the name of the other" \
	is_retained "$topics/$east/availability" online
same "... whose session lasts" "$(cat "$work/east.err")" ""

# A run of one poll beside a chain with the same database

start_sim plant --transport modbus --inverters 1 --inputs 1
once=$(effective hm-publish -d "$work/east.db" --no-mqtt-farewell)
same "a run of one poll has an id of its own" "$once" "$east-once"
mosquitto_sub -h 127.0.0.1 -p "$port" -t "$topics/+/availability" -R -v \
	>"$work/heard" &
pids+=($!)
marked() {
	mosquitto_pub -h 127.0.0.1 -p "$port" -t "$topics/marker/availability" \
		-m "$1" && sleep 0.02 && grep -q "marker/availability $1" \
		"$work/heard"
}
until_true 5 marked first
run_once() {
	env DATABASE_PATH="$work/east.db" HM_LOCK="$work/lock" LOG_LEVEL=WARNING \
		"$@" "$pipelines/cron-once" "${uris[0]}"
}
said=$(run_once A=1 2>&1)
same "cron-once publishes" $? 0
same "... and has nothing to say, also of HM_LOCK" "$said" ""
check "... it is online after its end" \
	is_retained "$topics/$once/availability" online
until_true 5 marked second
same "... and nothing went offline" "$(grep -c ' offline$' "$work/heard")" 0
same "... the chain kept its session" "$(cat "$work/east.err")" ""
config=$(timeout 5 mosquitto_sub -h 127.0.0.1 -p "$port" -C 1 -F %p \
	-t 'homeassistant/sensor/+/DTU_pv_power/config')
# publishers: those in the list of an announcement, on stdin.
publishers() {
	jq -r '.availability[].topic' | grep 'mqtt-\|bridge'
}
same "entities list their publisher, and no other" \
	"$(publishers <<<"$config")" "$topics/$once/availability"

run_once MQTT_CLIENT_ID=by-hand >/dev/null 2>&1
check "an id that a user has set stays" \
	is_retained "$topics/by-hand/availability" online
echo "mqtt_client_id: $east" >"$work/hm.yaml"
same "a file with the id of a chain" "$(MQTT_FAREWELL=false \
	effective hm-publish -c "$work/hm.yaml")" "$east-once"

# kill -9 of a run of one poll: its values stay, too.
mkfifo "$work/feed"
MQTT_FAREWELL=false hm-publish --mqtt-client-id killed <"$work/feed" \
	>/dev/null 2>&1 &
killed=$!
pids+=("$killed")
exec 6>"$work/feed"
check "a run is online" until_true 10 \
	is_retained "$topics/killed/availability" online
kill -9 "$killed"
wait "$killed" 2>/dev/null
exec 6>&-

# kill -9 of the chain
kill -9 "$east_pid"
wait "$east_pid" 2>/dev/null
exec 4>&-
check "a killed chain is offline by its last will" until_true 10 \
	is_retained "$topics/$east/availability" offline
same "... a killed run is not" "$(retained "$topics/killed/availability")" \
	online
same "... nor the one that is over" \
	"$(retained "$topics/$once/availability")" online

# Only one of the two tools knows the id.

hm-ha-discovery -d "$work/east.db" <"$(dirname "$0")/../data/frozen/records.ndjson" \
	>"$work/announced"
for name in east west; do
	hm-publish -d "$work/$name.db" --log-level WARNING --no-mqtt-farewell \
		--mqtt-client-id "$(effective hm-publish -d "$work/$name.db")" \
		<"$work/announced" >/dev/null 2>"$work/$name.said"
done
same "an id that differs is named once" "$(grep -c "config: hm-ha-discovery found \
another client id than \"$west\"" "$work/west.said") $(wc -l <"$work/west.said")" "1 1"
same "... one that does not, is not" "$(cat "$work/east.said")" ""

# An older version has announced an entity with the shared topic, and has ended.

mosquitto_pub -h 127.0.0.1 -p "$port" -r -t "$topics/bridge/availability" \
	-m offline
topic=$(timeout 5 mosquitto_sub -h 127.0.0.1 -p "$port" -C 1 -F %t \
	-t 'homeassistant/sensor/+/DTU_pv_power/config')
jq -c --arg topic "$topics/bridge/availability" \
	'.availability = [{topic: $topic}]' <<<"$config" >"$work/old"
mosquitto_pub -h 127.0.0.1 -p "$port" -r -t "$topic" -f "$work/old"
hm-poll -1 "${uris[0]}" | hm-decode | hm-filter -d "$work/west.db" |
	hm-ha-discovery -d "$work/west.db" |
	hm-publish -d "$work/west.db" >/dev/null
same "after an upgrade the entity lists the new topic alone" \
	"$(retained "$topic" | publishers)" \
	"$topics/$west/availability"
finish
