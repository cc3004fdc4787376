#!/bin/bash
# Polls from cron of a DTU whose counters are sometimes wrong: after hm-filter
# they never fall, and never show more than the inverter can have produced.
# shellcheck source=tests/lib/lib.sh
. "$(dirname "$0")/../lib/lib.sh"

# A poll is three requests; the reply to the second has the counters.
polls=30
at() {
	echo "at=$((3 * ($1 - 1) + 2))"
}

# The sun is 100 times as fast, so that the counters move.
start_sim sick --transport modbus --inverters 1 --inputs 1 --speed 100 \
	--refresh 0.1 --fault "spike:$(at 5) dip:$(at 9) zeros:$(at 13)"
for ((i = 0; i < polls; i++)); do
	hm-poll -1 --lock-dir "$work" --stats-period 0 "${uris[0]}" |
		hm-decode --stats-period 0 | tee -a "$work/before" |
		hm-filter -d "$work/hm.db" --stats-period 0 >>"$work/after" \
		2>>"$work/err"
	sleep 0.05
done

# totals TYPE FILE: of all records of the type, null where there is none.
totals() {
	jq -cs --arg type "$1" 'map(select(.type == $type) |
		.total_production)' "$work/$2"
}
told=$(totals port before)
shown=$(totals port after)
holds() {
	jq -e "$1" <<<"{\"told\":$told,\"shown\":$shown}" ||
		{ echo "told $told, shown $shown"; return 1; }
}
same "the DTU shows a spike, a dip and zeros" \
	"$(jq -c '[index(4294967295, null)] + (del(.[4, 12]) |
	[range(1; length) as $i | select(.[$i] < .[$i - 1]) | $i + 1])' \
	<<<"$told")" "[4,12,8]"
same "every poll has a record" \
	"$(jq length <<<"$shown")" "$polls"
check "a first reading waits for a second one" \
	holds '.shown[0] == null and .shown[1] == .told[0]'
check "the total never falls, and is never missing again" \
	holds '.shown[1:] | index(null) == null and . == sort'
check "no total is above the counter of the DTU" \
	holds '(.told | map(select(. != 4294967295)) | max) >= .shown[-1]'
check "after the glitches the total follows, one poll late" \
	holds '.shown[20:] == .told[19:-1]'
same "the DTU's sum is the total of its input" "$(totals dtu after)" "$shown"
same "each refused total is logged in one line" "$(sed 's/.*input 1: //;
	s/[0-9][0-9]* Wh/N Wh/g' "$work/err")" \
	"a total of N Wh is refused: it is above the limit of N Wh
a total of N Wh is refused: it is below the shown total of N Wh"

# An inverter with two panels on each other input, hours without a poll, and then polls
# whose counters have wrapped, or not. The sun stands still in each poll.
# half_wired NAME OPTION ...: the totals of its first input, before and after
# hm-filter. OPTION is for the polls after the gap.
half_wired() {
	local name=$1 at options=()
	shift
	for at in 09:00 09:10 13:20 13:30 13:40 13:50; do
		[ $at != 13:20 ] || options=("$@")
		start_sim "$name.$at" --transport modbus --inverters 1 \
			--phases 3 --inputs 6 --half-wired --speed 0 --seed 7 \
			--start $at "${options[@]}"
		hm-poll -1 --lock-dir "$work" --stats-period 0 "${uris[0]}#x" |
			jq -c --arg at $at 'select(.type == "frame") |
			.time = "2026-07-20T\($at):00Z"'
	done >"$work/$name"
	for tool in cat "hm-filter --no-persistence --stats-period 0"; do
		hm-decode --stats-period 0 <"$work/$name" | $tool \
			2>>"$work/$name.err" | jq -s 'map(select(.type ==
			"port" and .port == 1) | .total_production)' -c
	done
}
half_wired steady >"$work/steady.totals"
check "hours of an input with two panels are counted" \
	jq -es '.[0][2] - .[0][1] > 2400 and .[1][-1] == .[0][-2]' \
	"$work/steady.totals"
half_wired wrapped --fault wrap >"$work/wrapped.totals"
check "... and if its counter has wrapped" \
	jq -es '.[0][2] < .[0][1] and .[1][-1] == .[0][-2] + 65536' \
	"$work/wrapped.totals"
finish
