#!/bin/bash
# hm-alert with a live stream, with the weather of twelve days, and in a chain
# with a broker.
# shellcheck source=tests/lib/lib.sh
. "$(dirname "$0")/../lib/lib.sh"
unset HM_CONFIG ALERTS_ENABLED HM_NIGHT MQTT_BROKER

status() {
	printf '{"type":"status","time":"2026-11-23T10:0%sZ","dtu":"%s","state":"%s","error":"refused"}\n' \
		"$1" "$2" "$3"
}

# A stream that goes silent 5 s before the alarm is due.
mkfifo "$work/silent"
exec 5<>"$work/silent"
hm-alert --alerts --dtu-offline-threshold 60 --stats-period 0 \
	<"$work/silent" >"$work/silent.out" &
silent=$!
pids+=("$silent")
{
	status 0:00 roof offline
	status 0:00 barn online
	status 0:55 shed online
} >&5

# The same, with a reader that stalls: the record that the DTU is online again
# is behind many other lines.
mkfifo "$work/stalled"
exec 6<>"$work/stalled"
{
	status 0:00 roof offline
	status 0:55 shed online
	yes '{"type":"x","y":"0123456789012345678901234567890123456789"}' |
		head -n 20000
	status 0:56 roof online
} | hm-alert --alerts --dtu-offline-threshold 60 --stats-period 0 \
	>"$work/stalled" &
stalled=$!
pids+=("$stalled")

# minutes DAYS: the power of four inputs each minute, as the weather has it.
# On the last day the second input loses three fifths from 10:00 to 14:00.
minutes() {
	awk -v days="$1" 'BEGIN {
		srand(1)
		for (day = 1; day <= days; day++)
			for (minute = 0; minute < 1440; minute++)
				emit(day, minute, sky(day % 3, minute))
	}
	# Clear, overcast, and clouds that come and go.
	function sky(weather, minute) {
		if (minute % 7 == 0)
			sun = rand() < 0.5
		if (weather == 0 || (weather == 2 && sun))
			return 1
		return weather == 1 ? 0.2 : 0.3
	}
	function emit(day, minute, light,    time, port, high, power, sum) {
		time = sprintf("2026-06-%02dT%02d:%02d:00Z", day,
		    minute / 60, minute % 60)
		high = sin((minute - 360) / 720 * 3.14159)
		sum = 0
		for (port = 1; port <= 4; port++) {
			power = high > 0 ? 380 * high * light : 0
			power *= 0.97 + 0.06 * rand()
			if (port == 2 && day == days && minute >= 600 &&
			    minute < 840)
				power *= 0.4
			sum += power
			printf "{\"type\":\"port\",\"time\":\"%s\"," \
			    "\"dtu\":\"roof\",\"serial\":\"116172207281\"," \
			    "\"port\":%d,\"pv_power\":%.1f," \
			    "\"link_status\":%d}\n", time, port, power,
			    (high > 0)
		}
		printf "{\"type\":\"dtu\",\"time\":\"%s\"," \
		    "\"dtu\":\"roof\",\"serial\":\"10f872226797\"," \
		    "\"pv_power\":%.1f}\n", time, sum
	}'
}

# The last of 12 days is clear.
minutes 12 >"$work/days"
alarms() {
	hm-alert --alerts --stats-period 0 "$@" <"$work/days" |
		jq -c 'select(.type == "alarm") |
		    [.alert, .serial, .port, .start, .end]' | uniq
}
same "a loss is an alarm; clouds, dawn and dusk are not" "$(alarms)" \
	'["production_drop","116172207281",2,"2026-06-12T10:00:00Z",null]
["production_drop","116172207281",2,"2026-06-12T10:00:00Z","2026-06-12T14:10:00Z"]'
same "... with a record every ten minutes" \
	"$(hm-alert --alerts --stats-period 0 <"$work/days" |
		grep -c '"alarm"')" 24
same "... and is not an alarm with a higher threshold" \
	"$(alarms --production-drop-threshold 0.7)" ""
hm-alert --stats-period 0 <"$work/days" >"$work/passed"
check "without the setting nothing is added" cmp "$work/days" "$work/passed"

# In a chain, with a broker.
port=$(free_port)
start_broker "$port"
start_sim plant --transport hm --inverters 1 --inputs 2
export ALERTS_ENABLED=true
hm-poll -1 "${uris[@]}" | hm-decode | hm-filter 2>/dev/null |
	hm-alert --temperature-threshold 20 | hm-ha-discovery |
	hm-publish --mqtt-broker 127.0.0.1 --mqtt-port "$port" >"$work/published"
serial=$(jq -r 'select(.type == "inverter").serial' "$work/published")
retained() {
	mosquitto_sub -h 127.0.0.1 -p "$port" -C 1 -W 5 -t "$1"
}
same "the alarm is at the broker" \
	"$(retained "homeassistant/hoymiles_mqtt/$serial/alert/temperature" |
		jq -r .state)" ON
same "... with its entity" "$(retained \
	"homeassistant/binary_sensor/$serial/inv_temperature_alert/config" |
	jq -r .device_class)" problem
same "... and the state of an input without an alarm is OFF" \
	"$(retained "homeassistant/hoymiles_mqtt/$serial/1/alert/production_drop" |
		jq -r .state)" OFF

# The streams from the start of this test.
told() {
	[ "$(grep -c '"alarm"' "$work/silent.out")" -ge 1 ]
}
until_true 20 told
same "an alarm comes without a record" \
	"$(jq -c 'select(.type == "alarm") | [.dtu, .alert, .start]' \
		"$work/silent.out")" \
	'["roof","dtu_offline","2026-11-23T10:00:00Z"]'
check "... at its time" jq -e 'select(.type == "alarm") | .time |
	fromdate - ("2026-11-23T10:01:00Z" | fromdate) | . >= 0 and . < 15' \
	"$work/silent.out"
kill -TERM "$silent"
wait "$silent"
same "... and it ends with 0" $? 0
exec 5>&-
# The stalled stream has waited for as long as the silent one.
cat <&6 >"$work/stalled.out" &
reader=$!
pids+=("$reader")
wait "$stalled"
same "with a reader that stalls it ends with 0" $? 0
all_read() {
	[ "$(wc -l <"$work/stalled.out")" -eq 20003 ]
}
until_true 5 all_read
same "... and makes no alarm" "$(grep -c '"alarm"' "$work/stalled.out")" 0
same "... and passes every line" "$(wc -l <"$work/stalled.out")" 20003
exec 6>&-
finish
