#!/bin/bash
# When hm-metrics sends an event to those who listen: at once when the last one
# is over a second old, else a second after it, and the records of a poll in one.
# shellcheck source=tests/lib/lib.sh
. "$(dirname "$0")/../lib/lib.sh"
# shellcheck source=tests/lib/api.sh
. "$(dirname "$0")/../lib/api.sh"
unset HM_CONFIG DTU_HOST DATABASE_PATH TIMEZONE

serve --timezone UTC
# tell WATTS: the power of the plant
tell() {
	printf '{"type":"dtu","time":"%s","dtu":"roof","pv_power":%s}\n' \
		"$(date -u +%FT%TZ)" "$1" >&7
}

# "MS WATTS" of each event, in $work/events
curl -sN "http://127.0.0.1:$port/events" | while read -r line; do
	[ -z "$line" ] || echo "$(milliseconds) $(grep -o '^[^[]*' <<<"$line" |
		sed -n 's/.*"watts":\([0-9]*\).*/\1/p')"
done >"$work/events" &
pids+=($!)
# shown WATTS: when the first event with that power came
shown() {
	sed -n "s/ $1\$//p" "$work/events" | head -1
}
was_shown() {
	[ -n "$(shown "$1")" ]
}
tell 100
check "the first record is an event" until_true 10 was_shown 100

# The pauses are no multiples of a second: no clock of seconds can be right.
for n in 1 2 3; do
	sleep 1.2
	began=$(milliseconds)
	tell $((200 + n))
	until_true 10 was_shown $((200 + n))
	echo $(($(shown $((200 + n))) - began))
done >"$work/late"
late=$(sort -n "$work/late" | sed -n 2p)
check "after a pause a record is an event at once ($late ms)" \
	[ "$late" -lt $((200 * $(patience))) ]

# Until the first is over a second old
sleep 1.2
lines=$(wc -l <"$work/events")
for n in $(seq 301 340); do
	tell "$n"
	sleep 0.05
done
check "the last of many is an event, too" until_true 10 was_shown 340
tail -n "+$((lines + 1))" "$work/events" >"$work/burst"
first=$(head -1 "$work/burst" | cut -d' ' -f1)
last=$(tail -1 "$work/burst" | cut -d' ' -f1)
events=$(wc -l <"$work/burst")
# An event may be read late, so that the next seems to come too early.
check "... but there is at most one a second ($events in $((last - first)) ms)" \
	[ $(((events - 1) * 1000)) -le $((last - first + 200 * $(patience))) ]

# A machine under load may be late.
for n in {1..9}; do
	sleep 1.2
	lines=$(wc -l <"$work/events")
	tell $((400 + n))
	sleep 0.002
	tell $((500 + n))
	until_true 10 was_shown $((500 + n))
	found=$(tail -n "+$((lines + 1))" "$work/events" | cut -d' ' -f2)
	[ "$found" != $((500 + n)) ] || break
done
same "records that come together are one event" "$found" $((500 + n))
finish
