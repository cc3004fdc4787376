#!/bin/bash
# Home Assistant's entities of control at a real broker: they come with
# control_enabled, in both schemes, stay over restarts, and go without it, and
# nothing else goes.
# shellcheck source=tests/lib/lib.sh
. "$(dirname "$0")/../lib/lib.sh"

input=$(dirname "$0")/../golden/hm-ha-discovery/control-watts/in
export MQTT_CLIENT_ID=chain
port=$(free_port)
start_broker "$port"

# run SCHEME CONTROL: the records once through hm-ha-discovery and hm-publish.
run() {
	export HM_CONTROL_ENABLED=$2
	hm-ha-discovery --stats-period 0 --ha-discovery "$1" <"$input" |
		hm-publish --stats-period 0 --flush-timeout 60 \
			--log-level INFO --mqtt-broker 127.0.0.1 --mqtt-port "$port" \
			>/dev/null 2>"$work/err"
}

retained() {
	mosquitto_sub -h 127.0.0.1 -p "$port" -t 'homeassistant/#' \
		--retained-only -W 1 -F '%j' 2>/dev/null >"$work/retained"
}

# stands JQ: what it says of each retained message, sorted.
stands() {
	retained
	jq -r "$1" "$work/retained" | sort | tr '\n' ' '
}

of_control='.topic | select(test("/(number|switch|button)/|command_result|[0-9]/control$")) |
    sub("homeassistant/"; "")'
components='select(.topic | test("/device/")).payload | fromjson.components |
    to_entries[] | select(.key | test("limit$|feed_in|restart|command_result")) |
    "\(.key):\(.value | length > 1)"'
others='select(.topic | test("/(number|switch|button)/|command_result|[0-9]/control$|chain/") |
    not) | .topic'

announced="button/141296328251/inv_restart/config \
button/414347770104/DTU_restart/config \
event/414347770104/DTU_command_result/config \
hoymiles_mqtt/414347770104/control \
number/414347770104/DTU_power_limit/config \
number/414347770104/DTU_temporary_limit/config \
switch/414347770104/DTU_feed_in/config "

run entity false
plain=$(stands "$others")
same "nothing of control without control_enabled" "$(stands "$of_control")" ""
run entity true
same "with it the entities stand, and what is confirmed" \
	"$(stands "$of_control")" "$announced"
same "... and what stood before" "$(stands "$others")" "$plain"
same "... what was confirmed last" "$(jq -r 'select(.topic |
    endswith("414347770104/control")).payload' "$work/retained")" \
	'{"percent":40.5,"watts":null,"on":"OFF"}'

# Another chain, with another client id, has the same DTU.
mosquitto_pub -h 127.0.0.1 -p "$port" -r \
	-t homeassistant/number/414347770104/other/config \
	-m '{"unique_id":"other","command_topic":"homeassistant/hoymiles_mqtt/other/command"}'
run entity false
same "control_enabled is false: they are gone, but for those of another chain" \
	"$(stands "$of_control")" "number/414347770104/other/config "
same "... the others stand" "$(stands "$others")" "$plain"
same "... a line says so for each device" "$(grep -c \
	'control_enabled is false: .* of which [15] were announced' "$work/err")" 2
run entity false
same "... once" "$(grep -c 'is false' "$work/err")" 0
mosquitto_pub -h 127.0.0.1 -p "$port" -r -n \
	-t homeassistant/number/414347770104/other/config

run device true
same "by device: the single messages of control are gone, too" \
	"$(stands "$of_control")" "hoymiles_mqtt/414347770104/control "
same "... they are components" "$(stands "$components")" \
	"DTU_command_result:true DTU_feed_in:true DTU_power_limit:true \
DTU_restart:true DTU_temporary_limit:true inv_restart:true "
run device true
same "... and stay over a restart" "$(stands "$components" | grep -o true |
	wc -l)" 6
run device false
same "control_enabled is false: the components are reduced" \
	"$(stands "$components" | tr -d ' ')" "$(printf '%s:false' \
	DTU_command_result DTU_feed_in DTU_power_limit DTU_restart \
	DTU_temporary_limit inv_restart)"
same "... and nothing is confirmed" "$(stands "$of_control")" ""

# Anybody who may send commands can make up names of DTUs.
{
	jq -nc 'range(1500) | {type: "result", time: "2026-11-23T09:00:00Z",
	    id: "x\(.)", dtu: "made up \(.)", action: "limit", state: "refused"}'
	cat "$input"
} | hm-ha-discovery --control >"$work/many"
same "results of unknown DTUs take no room" "$(jq -r 'select(.type == "stats").refused' \
	"$work/many" | tail -n 1)" 0
check "... from those that are there" grep -q 414347770104/DTU_power_limit \
	"$work/many"

# From single messages that stand to a device message without control.
port=$(free_port)
start_broker "$port"
run entity true
run device false
same "both changed at once: nothing of control is left" \
	"$(stands "$of_control")$(stands "$components")" ""
finish
