#!/bin/bash
# poll.sh DTUS PERIOD SECONDS: how hm-poll and the tools after it bear a fleet
# of simulated DTUs of four inverters with four inputs each, on both
# transports in turn. Prints what docs/performance.md quotes.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/../system/lib.sh"

dtus=$1 period=$2 seconds=$3

# CPU seconds of a process so far, and the highest memory it had, in kB.
usage() {
	local hz stat
	hz=$(getconf CLK_TCK)
	read -r -a stat <"/proc/$1/stat"
	awk -v ticks=$((stat[13] + stat[14])) -v hz="$hz" \
		'BEGIN { printf "%.2f s CPU", ticks / hz }'
	awk '/VmHWM/ { printf ", %d kB", $2 }' "/proc/$1/status"
}

for transport in modbus hm; do
	start_sim "bench-$transport" --transport "$transport" \
		--dtus "$dtus" --inverters 4 --inputs 4
	mkfifo "$work/frames.$transport" "$work/readings.$transport"
	hm-decode <"$work/frames.$transport" >"$work/readings.$transport" &
	decode=$!
	cat <"$work/readings.$transport" >"$work/out.$transport" &
	pids+=("$decode" $!)
	hm-poll --period "$period" --log-level CRITICAL "${uris[@]}" \
		>"$work/frames.$transport" &
	poll=$!
	pids+=("$poll")
	sleep "$seconds"
	echo "$transport: $dtus DTUs every $period s for $seconds s"
	echo "  hm-poll:   $(usage $poll)"
	echo "  hm-decode: $(usage $decode)"
	echo "  hm-sim:    $(usage "$sim")"
	kill -TERM $poll
	wait $poll $decode
	jq -r 'select(.type == "stats" and .tool == "hm-poll") |
		"  polls \(.polls), failed \(.failed_polls), " +
		"skipped \(.skipped_polls), latest by \(.max_late_ms) ms"' \
		"$work/out.$transport" | tail -n 1
	kill "$sim"
done
