#!/bin/bash
# hm-publish while the clock of the machine steps, by days and years, in both
# directions: the connection, announcements after a birth, reconnecting and the
# end depend on no time of day.
# shellcheck source=tests/lib/lib.sh
. "$(dirname "$0")/../lib/lib.sh"

port=$(free_port)
cp "$HM_BUILD/helper/preload/clock.so" "$work"

message() {
	printf '{"type":"mqtt","topic":"%s","payload":"1","qos":1,"retain":%s}\n' \
		"$1" "$2"
}

seen() {
	grep -q "$1" "$work/got"
}

lines() {
	grep -c "$1" "$work/$2"
}

# step SECONDS: move the clock of the running hm-publish.
step() {
	echo "$1" >"$work/shift.new"
	mv "$work/shift.new" "$work/shift"
}

start_broker "$port"
echo 0 >"$work/shift"
mkfifo "$work/in"
hear got '#' 1
HM_CLOCK_FILE=$work/shift LD_PRELOAD=$work/clock.so hm-publish \
	--stats-period 1 --mqtt-broker 127.0.0.1 --mqtt-port "$port" \
	--mqtt-keepalive 5 --reconnect-delay 0.2 --reconnect-delay-max 0.5 \
	--log-level INFO <"$work/in" >"$work/out" 2>"$work/err" &
publisher=$!
pids+=("$publisher")
exec 4>"$work/in"
message a/config true >&4
until_true 10 seen 'a/config'

day=86400
for shift in -315360000 -$day $day $((40 * day)) 315360000 \
	$((2147483648 - $(date +%s))); do
	step "$shift"
	message "x/$shift" false >&4
	check "a step of $shift s: it publishes" until_true 3 seen "x/$shift 1"
done
shown() {
	jq -r 'select(.type == "stats") | .time' "$work/out" | grep -q '^2038'
}
check "... by a clock that has stepped" until_true 5 shown
same "... on the first connection" "$(lines 'connected to' err)" 1

before=$(lines a/config got)
again() {
	[ "$(lines a/config got)" -gt "$before" ]
}
mosquitto_pub -h 127.0.0.1 -p "$port" -t homeassistant/status -m online
step $((-10 * 365 * day))
check "the clock falls after a birth: it announces within 11 s" \
	until_true 12 again

kill -9 "$broker"
wait "$broker" 2>/dev/null
until_true 10 grep -q 'is lost' "$work/err"
step -$day
start_broker "$port" 4>&-
hear got '#' 2
step $((10 * 365 * day))
reconnected() {
	[ "$(lines 'connected to' err)" -ge 2 ]
}
check "the clock steps while the broker is away: it reconnects" \
	until_true 5 reconnected
message x/end false >&4
check "... and publishes" until_true 5 seen 'x/end 1'
exec 4>&-
step -$day
wait "$publisher"
same "it ends well" $? 0
finish
