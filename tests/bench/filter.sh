#!/bin/bash
# filter.sh ROUNDS: what hm-filter costs with a database, and without one. Both
# get the same polls of two inverters with four inputs, in turn, each poll when
# the tool waits, as in a chain that polls every 5 s at noon; and the same polls a
# minute apart. Prints the median of the rounds. Fails if polls every 5 s cost more
# than 1.4 times as much with a database.
# shellcheck source=tests/lib/lib.sh
. "$(dirname "$0")/../lib/lib.sh"
unset DATABASE_PATH HM_CONFIG
rounds=$1
polls=1200
pause=4 # ms
limit=1.4

start_sim plant --transport modbus --inverters 2 --inputs 4 --start 12:00
hm-poll -1 --stats-period 0 "${uris[0]}" | hm-decode --stats-period 0 |
	jq -c 'select(.type == "inverter" or .type == "port" or .type == "dtu")' \
		>"$work/poll"
kill "$sim"

# stream PERIOD: the poll again and again, with energies that grow as its powers
# let them.
stream() {
	jq -cs --argjson polls "$polls" --argjson period "$1" '. as $records |
		range($polls) as $n | ($n * $period) as $s | $records[] |
		.time = (1790000000 + $s | todate) |
		if .type == "port" then
			(.pv_power * $s / 3600 | floor) as $wh |
			.total_production += $wh | .today_production += $wh
		else . end' "$work/poll"
}

# measure PERIOD: "WITH WITHOUT" of each round, in us of CPU a poll.
measure() {
	local options="--stats-period 0 --timezone UTC --log-level CRITICAL"
	stream "$1" >"$work/stream"
	for _ in $(seq "$rounds"); do
		rm -f "$work"/hm.db*
		"$HM_BUILD/helper/in_turn" "$polls" "$pause" \
			"hm-filter $options -d $work/hm.db" \
			"hm-filter $options" <"$work/stream" | xargs
	done
}

median() {
	cut -d ' ' -f "$1" "$2" | sort -n | sed -n "$(((rounds + 1) / 2))p"
}

# report PERIOD: the row of a table; the ratio is left in $ratio.
report() {
	local with without
	measure "$1" >"$work/figures"
	[ "$(wc -w <"$work/figures")" -eq $((rounds * 2)) ] || exit 1
	with=$(median 1 "$work/figures")
	without=$(median 2 "$work/figures")
	ratio=$(awk -v a="$with" -v b="$without" 'BEGIN { printf "%.2f", a / b }')
	printf '  every %2d s  %6.1f us a poll with a database, %6.1f without: %s\n' \
		"$1" "$with" "$without" "$ratio"
}

echo "hm-filter, two inverters with four inputs, $polls polls, $rounds rounds"
report 60
report 5
awk -v ratio="$ratio" -v limit="$limit" 'BEGIN { exit ratio > limit }' ||
	{ echo "above the limit: $limit"; exit 1; }
