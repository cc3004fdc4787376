#!/bin/bash
# hm-limit in a loop with a plant, with a live meter that becomes silent, and
# between two programs of mosquitto, as docs/control.md has it.
# shellcheck source=tests/lib/lib.sh
. "$(dirname "$0")/../lib/lib.sh"
unset HM_CONFIG MQTT_BROKER
export HM_STATS_PERIOD=0
lib=$(cd "$(dirname "$0")/../lib" && pwd)
options=(--unit watts --rated 1600 --floor 50 --interval 10)

# The meter of a live stream says something once, and then nothing.
mkfifo "$work/live"
exec 5<>"$work/live"
hm-limit "${options[@]}" --safe 100 --silence 11 --meter-topic power \
	<"$work/live" >"$work/live.out" 2>"$work/live.err" &
live=$!
pids+=("$live")
now=$(date +%s)
printf '{"type":"%s","time":"%s",%s}\n' \
	dtu "$(date -ud "@$now" +%FT%TZ)" '"dtu":"roof","active_power":600' \
	message "$(date -ud "@$now" +%FT%TZ)" '"topic":"power","payload":"20"' \
	>&5

port=$(free_port)
start_broker "$port"
hear heard "#" 1

# A retained message is there before hm-limit is.
mosquitto_pub -h 127.0.0.1 -p "$port" -r -t power -m -1000
mkfifo "$work/sub"
mosquitto_sub -h 127.0.0.1 -p "$port" -t power -F %j >"$work/sub" &
pids+=($!)
jq -c --unbuffered '{type: "message", topic,
	payload: (.payload | tostring), retained: (.retain == 1)}' <"$work/sub" |
	tee "$work/messages" |
	hm-limit "${options[@]}" --safe 400 --silence 5 --meter-topic power |
	jq -c --unbuffered 'select(.type == "command")' |
	mosquitto_pub -h 127.0.0.1 -p "$port" -l -t orders &
pids+=($!)

# A plant of three hours runs while these wait.
"$lib/limited_plant.pl" hm-limit --unit watts --rated 1600 --floor 50 \
	--ceiling 1500 --meter-topic meter/power >"$work/plant" 2>&1
take_in "$work/plant"

commands() {
	grep -c '"command"' "$work/live.out"
}
has_commands() {
	[ "$(commands)" -ge "$1" ]
}
watts() {
	jq -s -c 'map(select(.type == "command").watts)' "$work/live.out"
}
check "a live meter: the first order comes after an interval" \
	until_true 40 has_commands 1
check "... and when the meter is silent, another" until_true 40 has_commands 2
same "... with the safe value" "$(watts)" '[600,100]'
same "... of this moment" "$(jq -s --argjson now "$now" 'map(select(.type ==
	"command") | .time | fromdate - $now | . >= 10 and . < 300) | all' \
	"$work/live.out")" true
same "... which is logged" "$(cat "$work/live.err")" \
	"hm-limit: warning: the meter is silent: the limit is 100 W"
exec 5>&-
kill -TERM "$live"
wait "$live"
same "SIGTERM ends it with 0" $? 0

heard() {
	grep -c '^orders {"type":"command"' "$work/heard"
}
has_heard() {
	[ "$(heard)" -ge "$1" ]
}
check "a command reaches the broker" until_true 40 has_heard 1
same "the retained message was there, and is no reading" \
	"$(jq -c .retained "$work/messages" | head -n 1) $(sed -n \
	's/^orders //p' "$work/heard" | head -n 1 | jq -c .watts)" "true 400"
exports() {
	mosquitto_pub -h 127.0.0.1 -p "$port" -t power -m -150
	has_heard 2
}
check "another follows new messages" until_true 40 exports
same "... and takes what is exported off the limit" "$(sed -n \
	's/^orders //p' "$work/heard" | sed -n 2p | jq -c .watts)" 230
finish
