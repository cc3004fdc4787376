#!/bin/bash
# poll.sh DTUS PERIOD SECONDS: the load of hm-poll and hm-decode with many
# simulated DTUs, each with four inverters of four inputs, over both transports
# in turn. Prints the figures of docs/performance.md.
# shellcheck source=tests/lib/lib.sh
. "$(dirname "$0")/../lib/lib.sh"

dtus=$1 period=$2 seconds=$3

# cpu PID: the CPU seconds of a process so far.
cpu() {
	local stat
	read -r -a stat <"/proc/$1/stat"
	awk -v ticks=$((stat[13] + stat[14])) -v hz="$(getconf CLK_TCK)" \
		'BEGIN { printf "%.2f", ticks / hz }'
}

# usage PID: its CPU seconds, also as a part of a core, and its highest memory.
# A process that does nothing has 3 to 4 MB.
usage() {
	awk -v cpu="$(cpu "$1")" -v seconds="$seconds" -v dtus="$dtus" '
		/VmHWM/ { printf "%.2f s CPU, %.1f %% of a core, %d kB", cpu,
			100 * cpu / seconds, $2
			if (dtus >= 1000)
				printf ", %.1f kB a DTU", $2 / dtus
		}' "/proc/$1/status"
}

ulimit -n "$(ulimit -Hn)"
for transport in modbus hm; do
	start_sim "bench-$transport" --transport "$transport" \
		--dtus "$dtus" --inverters 4 --inputs 4 --spread address \
		--listen 127.16.0.1
	mkfifo "$work/frames.$transport" "$work/readings.$transport"
	hm-decode <"$work/frames.$transport" >"$work/readings.$transport" &
	decode=$!
	grep '"type":"stats"' <"$work/readings.$transport" \
		>"$work/out.$transport" &
	pids+=("$decode" $!)
	hm-poll --period "$period" --log-level CRITICAL "${uris[@]}" \
		>"$work/frames.$transport" &
	poll=$!
	pids+=("$poll")
	sleep "$seconds"
	echo "$transport: $dtus DTUs every $period s for $seconds s"
	echo "  hm-poll:   $(usage $poll)"
	echo "  hm-decode: $(cpu $decode) s CPU"
	echo "  hm-sim:    $(cpu "$sim") s CPU"
	kill -TERM $poll
	wait $poll $decode
	jq -r 'select(.type == "stats" and .tool == "hm-poll") |
		"  polls \(.polls), failed \(.failed_polls), " +
		"skipped \(.skipped_polls), latest by \(.max_late_ms) ms"' \
		"$work/out.$transport" | tail -n 1
	kill "$sim"
	wait "$sim"
done
