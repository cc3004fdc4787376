#!/bin/bash
# hm-sim with the day of a household from a file: its load, its sun, and what a
# meter shows of both, behind the DTU and at a broker.
# shellcheck source=tests/lib/lib.sh
. "$(dirname "$0")/../lib/lib.sh"
unset DTU_HOST HM_CONFIG
export HM_STATS_PERIOD=0

printf '%s\n' "0 300 0" "43200 500 50" "43201 500.2 100.5" >"$work/day"
plant=(--series hms-w --inputs 2 --inverters 1 --speed 0 --refresh 0.1)
plant+=(--household "$work/day")

# says N: the payload of the meter's message N.
says() {
	jq -s -r --argjson n "$1" 'map(select(.type == "message"))[$n].payload' \
		"$work/$of.sim"
}
has_said() {
	[ "$(grep -c '"message"' "$work/$of.sim")" -ge "$1" ]
}
powers() {
	hm-poll -1 "${uris[0]}" | hm-decode | jq -s -c \
		'map(select(.type == "inverter" or .type == "meter")) |
		sort_by(.type) | map(.active_power // .power)'
}

of=noon
start_sim $of "${plant[@]}" --meter --meter-topic roof/power
seen=$(powers)
power=$(jq -r '.[0]' <<<"$seen")
check "the sun is that of the file: more than 100 W, less than 500" \
	jq -e '.[0] > 100 and .[0] < 500' <<<"$seen"
same "the DTU's meter shows the load without it, in steps of 10 W" \
	"$(jq -c '.[1]' <<<"$seen")" "$(jq -c '500 - .[0] | . / 10 | trunc * 10' \
	<<<"$seen")"
check "the message of a meter comes with each refresh" until_true 10 has_said 2
same "... and shows the same, to 0.1 W" "$(jq -n "$(says 0) + $power")" 500
same "... as hm-subscribe writes it" "$(grep -m1 '"message"' \
	"$work/$of.sim" | jq -c '[keys_unsorted, .topic, .qos, .retained]')" \
	'[["type","time","topic","payload","qos","retained"],"roof/power",0,false]'
echo '{"type":"command","action":"limit_temporary","watts":60}' |
	hm-poll -1 --control --control-journal "$work/journal" "${uris[0]}" \
	>"$work/limited" 2>&1 &
pids+=($!)

of=night
start_sim $of "${plant[@]}" --start 00:00 --meter-topic roof/power
until_true 10 has_said 1
same "without sun the load comes from the grid" "$(says 0)" 300
same "... and the DTU does not hear its inverter" "$(powers)" '[null]'

# refuses TEXT LINE ...: a file with these lines.
refuses() {
	local text=$1
	shift
	printf '%s\n' "$@" >"$work/bad"
	hm-sim --household "$work/bad" >/dev/null 2>"$work/bad.err"
	same "refused: $*" "$? $(cat "$work/bad.err")" \
		"78 hm-sim: error: --household: $work/bad$text"
}
allowed='allowed is SECOND WATTS PERCENT, with seconds that rise from 0 to 86399'
refuses ":2: found \"5 1\", $allowed" "0 1 2" "5 1"
refuses ":1: found \"1 300 5\", $allowed" "1 300 5"
refuses ":2: found \"0 300 5\", $allowed" "0 300 5" "0 300 5"
refuses ":2: found \"86400 300 5\", $allowed" "0 300 5" "86400 300 5"
refuses ":1: found \"0 -1 5\", $allowed" "0 -1 5"
refuses ":1: found \"0 1 1001\", $allowed" "0 1 1001"
refuses ":1: found \"0 1 5 x\", $allowed" "0 1 5 x"
refuses ":1: found \"\", $allowed" ""
: >"$work/empty"
same "a file without a line is refused" "$(hm-sim --household "$work/empty" 2>&1
	echo $?)" "hm-sim: error: --household: $work/empty has no line
78"
same "... and one that is not there" "$(hm-sim --household "$work/none" 2>&1
	echo $?)" \
	"hm-sim: error: --household: cannot read $work/none: No such file or directory
78"
check "--meter-topic is for one DTU" grep -q 'only with one DTU' <(
	hm-sim --dtus 2 --meter-topic x 2>&1)
follows() {
	[ "$(of=noon says -1)" = 440 ]
}
check "an order takes its power from the sun" until_true 20 follows
finish
