#!/bin/bash
# What a poll brings is announced to Home Assistant when the poll is over: once, the
# DTU first, also if no other poll comes and if hm-ha-discovery is killed meanwhile.
# shellcheck source=tests/lib/lib.sh
. "$(dirname "$0")/../lib/lib.sh"

start_sim plant --transport modbus --inverters 3 --inputs 2 --start 12:00
hm-poll -1 --stats-period 0 "${uris[@]}" | hm-decode --stats-period 0 >"$work/poll"
for minute in 0 1 2 3; do
	jq -c --argjson m "$minute" '.time |= (fromdate + 60 * $m | todate)' \
		"$work/poll"
done >"$work/polls"

# configs FILE: the topics of the announcements. A killed tool may tear a line.
configs() {
	jq -rR 'fromjson? | select(.type == "mqtt" and
	    (.topic | endswith("/config"))).topic' "$1"
}
for scheme in entity device; do
	hm-ha-discovery --stats-period 0 --ha-discovery "$scheme" \
		<"$work/polls" >"$work/$scheme"
	same "$scheme: each topic of a Modbus DTU is announced once" \
		"$(configs "$work/$scheme" | sort | uniq -d)" ""
	same "... the DTU first, and all others through it" \
		"$(jq -r 'select(.type == "mqtt" and (.topic |
		    endswith("/config"))).payload.device | .via_device // .name |
		    sub("[0-9a-f]{12}$"; "S")' "$work/$scheme" | uniq |
		    tr '\n' ' ')" "DTU_S hoymiles_mqtt_S "
	same "... and before its states" \
		"$(jq -r 'select(.type == "mqtt").topic | capture(
		    "/(?<what>config|state)$").what' "$work/$scheme" | uniq |
		    tr '\n' ' ')" "config state "
done
same "device: one message for each device" "$(configs "$work/device" | wc -l)" 4

# No other poll comes, and the input does not end.
announced() {
	[ "$(cat "$work"/live* | configs /dev/stdin | wc -l)" -ge 4 ]
}
passed() {
	grep -q '"type":"dtu"' "$work/live1"
}
mkfifo "$work/in"
exec 8<>"$work/in"
hm-ha-discovery --ha-discovery device <"$work/in" >"$work/live1" &
pids+=($!)
cat "$work/poll" >&8
check "a poll is over when nothing has come for a moment" \
	until_true 10 announced
kill -9 "${pids[-1]}"
wait "${pids[-1]}" 2>/dev/null

# Records are read again by a successor until they are announced.
exec 8>&-
rm "$work"/in "$work"/live*
mkfifo "$work/in"
exec 8<>"$work/in"
export HM_DURABLE=1
cat "$work/poll" >&8
hm-ha-discovery --ha-discovery device <"$work/in" >"$work/live1" &
pids+=($!)
until_true 10 passed
kill -9 "${pids[-1]}"
wait "${pids[-1]}" 2>/dev/null
hm-ha-discovery --ha-discovery device <"$work/in" >"$work/live2" &
pids+=($!)
check "hm-ha-discovery is killed before: its successor announces" \
	until_true 10 announced
finish
