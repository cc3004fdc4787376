#!/bin/bash
# limit.sh SPEED [START SECONDS]: hm-limit keeps the recorded day of property-limit
# from exporting: hm-sim has its household and its sun, hm-poll carries the orders
# out, and the readings go back to hm-limit. All of them see one clock that runs
# SPEED times as fast, so that a day takes 86400 / SPEED seconds. The
# export that hm-sim's meter has seen is compared with that of the oracle, whose
# orders take as long as these took. START and SECONDS choose a part of the day,
# which is not compared.
#
# PLANT=modbus: 2 kW behind a DTU-Pro-S, orders in percent, a meter at a broker.
# PLANT=hms-w: 800 W with the DTU inside, orders in watts, the DTU's own meter.
# shellcheck source=tests/lib/lib.sh
. "$(dirname "$0")/../lib/lib.sh"
# shellcheck source=tests/lib/clock.sh
. "$(dirname "$0")/../lib/clock.sh"
speed=$1
seconds=${3:-86400}
recorded=$HM_BUILD/helper/hm-limit/recorded
interval=30
unset DTU_HOST HM_CONFIG MQTT_BROKER
export HM_STATS_PERIOD=0 HM_CONTROL_JOURNAL=$work/control.ndjson

case ${PLANT:=modbus} in
modbus)
	plant=(--transport modbus --phases 3 --inputs 4 --inverters 1)
	plant+=(--refresh 2)
	limit=(--unit percent --meter-topic meter)
	period=60 rated=2000
	;;
hms-w)
	plant=(--series hms-w --inputs 2 --inverters 1 --meter --refresh 2)
	limit=(--unit watts)
	period=10 rated=800
	;;
*)
	echo "PLANT: found \"$PLANT\", allowed are modbus and hms-w" >&2
	exit 64
	;;
esac

# What the panels give under the full sun: the export of a house without a load.
echo 0 0 100 >"$work/full"
mkfifo "$work/peak"
hm-sim "${plant[@]}" --port 0 --household "$work/full" --meter-topic x \
	>"$work/peak" &
pids+=($!)
peak=$(grep -m1 '"message"' "$work/peak" |
	jq -r '.payload | tonumber | -. | round')
kill "${pids[0]}" 2>/dev/null
"$recorded" curve "$peak" "$rated" >"$work/curve"

# The loop. Only commands go on to hm-poll, and all but commands go back, so that no
# line goes round twice.
#
#   hm-sim ──> hm-limit ──> commands ──> hm-poll ──> hm-decode
#                 └───────── readings and results <──────┘
pipe() {
	mkfifo "$work/$1.pipe"
	exec {fd}<>"$work/$1.pipe"
}
pipe sim; sim=$fd
pipe feed; feed=$fd
pipe limited; limited=$fd
pipe orders; orders=$fd
pipe frames; frames=$fd
pipe readings; readings=$fd
pipe back; back=$fd
run() {
	# Without <&0 bash gives it /dev/null.
	faster "$speed" "$@" <&0 2>>"$work/log" &
	pids+=($!)
	started=$!
}
run tee "$work/sim" <&"$sim" >&"$feed"
run hm-sim "${plant[@]}" --port 0 --start "${2:-00:00}" --meter-topic meter \
	--household "$work/curve" >&"$sim"
has_started() {
	grep -q '"type":"sim"' "$work/sim"
}
until_true 10 has_started || exit 1
uri=$(jq -r 'select(.type == "sim") | .uri' "$work/sim" | head -n 1)
run hm-limit "${limit[@]}" --rated "$rated" --interval $interval --dtu roof \
	<&"$feed" >&"$limited"
limiter=$started
run grep --line-buffered '^{"type":"command"' <&"$limited" >&"$orders"
run hm-poll --control --period $period --comm-timeout 30 "$uri#roof" \
	<&"$orders" >&"$frames"
poller=$started
run hm-decode <&"$frames" >&"$readings"
run tee "$work/stream" <&"$readings" >&"$back"
run grep --line-buffered -v '^{"type":"command"' <&"$back" >&"$feed"
sleep "$((seconds / speed))"
check "hm-limit and hm-poll live to the end" kill -0 "$limiter" "$poller"
kill "${pids[@]}" 2>/dev/null
wait "${pids[@]}" 2>/dev/null

# Figures, of files that have one number or record a line.

of_type() {
	jq -c --arg type "$1" 'select(.type == $type)' "$2"
}
of_type command "$work/stream" >"$work/given"
of_type order "$work/sim" >"$work/taken"
of_type result "$work/stream" >"$work/results"

# Wh: what the meter said holds until it says something else.
read -r export import < <(jq -r 'select(.type == "message") |
	"\(.time | fromdate) \(.payload)"' "$work/sim" | awk '
	NR > 1 { wh = watts * ($1 - at) / 3600
		if (wh < 0) exported -= wh; else imported += wh }
	{ at = $1; watts = $2 }
	END { printf "%.1f %.1f\n", exported, imported }')

# The amounts of orders in percent or watts, and the time between two.
amounts() {
	jq -s -r 'map(.percent // .watts) | "\(min) \(max)"' "$work/$1"
}
read -r lowest highest < <(amounts given)
read -r lowest_taken highest_taken < <(amounts taken)
gap=$(jq -s '[.[].time | fromdate] | [.[1:], .[:-1]] | transpose |
	map(.[0] - .[1]) | min' "$work/given")

# From a command until the inverters have its order: hm-sim's 3 s at the end.
delay=$(jq -s -r --slurpfile taken "$work/taken" '
	map({at: (.time | fromdate), amount: (.percent // .watts)}) as $given |
	$taken | map((.time | fromdate) as $at | (.percent // .watts) as $amount |
		last($given[] | select(.at <= $at and .amount == $amount)) |
		$at - .at) | add / length * 10 | round / 10 + 3' "$work/given")

load=$(awk '{ sum += $2 } END { printf "%.0f", sum / 3600 }' "$work/curve")
read -r oracle oracle_used oracle_orders < <("$recorded" oracle \
	"${delay%.*}" "$rated")
given=$(wc -l <"$work/given")
used=$(awk "BEGIN { print $load - $import }")
{
	echo "$PLANT, $rated W: exported $export Wh, $(awk \
		"BEGIN { printf \"%.2f\", $export / $oracle }") times the" \
		"oracle's; used $used Wh of the sun"
	echo "the oracle: exported $oracle Wh, used $oracle_used Wh, in" \
		"$oracle_orders orders"
	echo "$given commands at least $gap s apart, of $lowest to $highest;" \
		"$(wc -l <"$work/taken") orders of $lowest_taken to" \
		"$highest_taken, that took $delay s"
	echo "results: $(jq -s -c 'group_by(.state) |
		map({(.[0].state): length}) | add' "$work/results")"
} | sed 's/^/# /'

# is EXPRESSION: whether it holds, of decimal numbers.
is() {
	awk "BEGIN { exit !($1) }"
}
case $PLANT in
modbus) floor=2 ceiling=100 ;;
hms-w) floor=$((rated * 2 / 100)) ceiling=$rated ;;
esac
check "commands at least $interval s apart" [ "$gap" -ge $interval ]
check "floor and ceiling are kept" is "$lowest >= $floor &&
	$lowest_taken >= $floor && $highest <= $ceiling &&
	$highest_taken <= $ceiling"
check "orders reach the DTU" is "$(wc -l <"$work/taken") > $given / 2"
if [ $# -eq 1 ]; then
	check "at most 1.2 times the oracle's export" is "$export <= $oracle * 1.2"
	check "at least 0.85 of the sun that it uses" \
		is "$used >= $oracle_used * 0.85"
fi
finish
