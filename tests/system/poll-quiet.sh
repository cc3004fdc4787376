#!/bin/bash
# hm-poll polls less at night, and not around uploads to the cloud.
# shellcheck source=tests/lib/lib.sh
. "$(dirname "$0")/../lib/lib.sh"

# poll_for SECONDS NAME OPTION ...: poll for SECONDS.
poll_for() {
	local seconds=$1 name=$2
	shift 2
	hm-poll --period 5 --retries 0 --timezone UTC "$@" >"$work/$name" \
		2>"$work/$name.err" &
	poll=$!
	pids+=("$poll")
	sleep "$seconds"
	kill -TERM "$poll"
	wait "$poll"
}

hours() {
	echo "$(date -u -d "$1" +%H:%M)-$(date -u -d "$2" +%H:%M)"
}

# LD_PRELOAD cannot have a space.
cp "$HM_BUILD/helper/preload/clock.so" "$work"

# uploads MINUTES URI: polls that were made, and that were postponed. A DTU says
# in its configuration how often it uploads. For hm-poll it is 12:04:30: an upload
# is near if there is one every five minutes.
uploads() {
	HM_CLOCK_SHIFT=$((1795392000 + 12 * 3600 + 270 - EPOCHSECONDS)) \
	ASAN_OPTIONS=${ASAN_OPTIONS-}:verify_asan_link_order=0 \
	LD_PRELOAD=$work/clock.so \
		"$HM_BIN/hm-poll" --period 6 --cloud-friendly --cloud-margin 60 \
		"$2" >"$work/uploads$1" 2>"$work/uploads$1.err" &
	local poll=$!
	until_true 30 grep -q '"frame"' "$work/uploads$1"
	# Until after the next tick, and the poll that it may begin.
	sleep 8
	kill -TERM "$poll"
	wait "$poll"
	echo "$(($(grep -c '"frame"' "$work/uploads$1") <= 1))" \
		"$(($(counter quiet_polls "uploads$1") > 0))" >"$work/seen$1"
}

start_sim five --transport hm --inverters 1 --upload-period 5
five=${uris[0]}
start_sim fifteen --transport hm --inverters 1
fifteen=${uris[0]}
start_sim fine --transport modbus --inverters 1
fine=${uris[0]}
gone=modbus://127.0.0.1:$(free_port)
now=$(hours '-2 hours' '+2 hours')
later=$(hours '+3 hours' '+6 hours')

poll_for 11 night --night "$now" --night-period 60 --breaker-threshold 1 \
	"$fine#fine" &
runs=($!)
poll_for 11 asleep --night "$now" --night-period 5 --breaker-threshold 1 \
	"$gone#gone" &
runs+=($!)
poll_for 11 day --night "$later" --night-period 60 --breaker-threshold 1 \
	"$fine#fine" &
runs+=($!)
uploads 5 "$five" &
runs+=($!)
uploads 15 "$fifteen" &
runs+=($!)
wait "${runs[@]}"
same "a DTU that uploads every five minutes is not polled around that" \
	"$(cat "$work/seen5")" "1 1"
same "... and one that uploads every 15 minutes is" "$(cat "$work/seen15")" \
	"0 0"
same "at night a DTU is polled once a night period" \
	"$(grep -c '"frame"' "$work/night")" 1
same "... and the polls left out are counted" \
	"$(counter quiet_polls night) $(counter skipped_polls night)" "2 0"
check "by day it is polled once a period" \
	[ "$(grep -c '"frame"' "$work/day")" -ge 2 ]
same "... and nothing is left out" "$(counter quiet_polls day)" 0
check "at night a DTU does not answer" \
	[ "$(counter failed_polls asleep)" -ge 2 ]
same "... which makes one status record, and opens no breaker" \
	"$(jq -r 'select(.type == "status") | "\(.state) \(.breaker)"' \
	"$work/asleep")" "offline closed"
same "... and logged once" "$(wc -l <"$work/asleep.err")" 1

# Uploads are at every quarter of an hour: which tests are possible depends on
# the time.

phase=$(($(date +%s) % 900))
if [ $phase -lt 400 ]; then
	margin=$((phase + 3))
	hm-poll -1 --cloud-friendly --cloud-margin $margin "$fine" \
		>"$work/put-off"
	check "a poll within the margin of an upload is made after it" \
		[ $(($(date +%s) % 900)) -ge $margin ]
	same "... is counted" "$(counter quiet_polls put-off)" 1
	same "... and made" "$(grep -c '"frame"' "$work/put-off")" 1
elif [ $phase -gt 490 ]; then
	poll_for 1 margin --cloud-friendly --cloud-margin $((910 - phase)) \
		"$fine"
	same "a poll within the margin of an upload waits" \
		"$(grep -c '"frame"' "$work/margin")" 0
	same "... and is counted" "$(counter quiet_polls margin)" 1
fi
if [ $phase -gt 5 ] && [ $phase -lt 890 ]; then
	hm-poll -1 --cloud-friendly --cloud-margin 1 "$fine" >"$work/free"
	same "between uploads a poll begins at once" \
		"$(counter quiet_polls free)" 0
fi

# Wrong settings

mistake() {
	hm-poll --check "$@" "$fine" >/dev/null 2>"$work/err"
	echo "$? $(wc -l <"$work/err") $(cat "$work/err")"
}

check "refused: a wrong night" grep -qE \
	'^78 1 .*night \(--night\): found "dark", allowed are two times' \
	<(mistake --night dark)
check "refused: an unknown time zone" grep -qE \
	'^78 1 .*timezone \(--timezone\): found "Europe/Berlim"' \
	<(mistake --timezone Europe/Berlim)
check "all mistakes are reported at once" grep -qx 3 <(hm-poll --check \
	--night 1:2 --timezone Nowhere --lock-dir /nowhere "$fine" 2>&1 |
	grep -c error)
same "good settings are accepted" "$(hm-poll --check --night 52.52,13.40 \
	--timezone Europe/Berlin "$fine" >/dev/null 2>&1; echo $?)" 0
finish
