#!/bin/bash
# compare.sh OLD NEW ROUNDS: run the benchmarks with the tools of the two
# directories in turn, so that the load of the machine is the same for both.
# Prints the median of each figure for both. Fails if a figure of NEW is more
# than 3 % above the old one.
# shellcheck source=tests/lib/lib.sh
. "$(dirname "$0")/../lib/lib.sh"
declare -A tools=([old]=$1 [new]=$2)
rounds=$3
here=$(cd "$(dirname "$0")" && pwd)

# Each figure as "NAME NUMBER". CPU time in s, memory in kB.
poll_figures() {
	"$here/poll.sh" 2000 5 20 | awk '
		/^[a-z]+: / { kind = $1 }
		$1 == "hm-poll:" { print kind "hm-poll-cpu", $2
			sub(/ kB.*/, ""); print kind "hm-poll-memory", $NF }
		$1 == "hm-decode:" { print kind "hm-decode-cpu", $2 }'
}

chain_figures() {
	"$here/chain.sh" 20 18500 | awk '
		$1 ~ /^hm-/ { print "chain:" $1 "-memory", $2 }
		$1 == "tools" || $1 == "all" { print "chain:" $1 "-memory", $3 }'
}

store_figures() {
	"$here/store.sh" 1 | awk '
		/ user, / { print "store:cpu", $1 + $4; print "store:memory", $7 }
		$1 == "hm-store:" { print "store:time", $2 }'
}

# The CPU time of one tool for many lines.
stream_figures() {
	local tool
	for tool in hm-decode hm-filter hm-ha-discovery hm-metrics; do
		TIMEFORMAT='%U %S'
		{ time "$HM_BIN/$tool" "${options[@]}" --stats-period 0 \
			<"$work/$tool.in" >/dev/null 2>&1; } 2>&1 |
			awk -v tool="$tool" '{ print "stream:" tool "-cpu", $1 + $2 }'
	done
}

make_streams() {
	local readings=$here/../data/captured-readings.ndjson
	local captured=$here/../golden/hm-decode/captured-readings
	for _ in $(seq 2000); do cat "$captured/in"; done >"$work/hm-decode.in"
	for _ in $(seq 4000); do cat "$readings"; done >"$work/hm-filter.in"
	ln "$work/hm-filter.in" "$work/hm-ha-discovery.in"
	ln "$work/hm-filter.in" "$work/hm-metrics.in"
}

options=(--log-level CRITICAL)
make_streams
for round in $(seq "$rounds"); do
	for side in old new; do
		export HM_BIN=${tools[$side]}
		{ poll_figures; chain_figures; store_figures; stream_figures; } |
			sed "s/^/$side /"
		echo "round $round of $rounds, $side" >&2
	done
done >"$work/figures"

sort -k 1,2 -k 3n "$work/figures" | awk -v rounds="$rounds" '
	{ value[$1, $2, ++count[$1, $2]] = $3; names[$2] }
	function median(side, name, n) {
		n = count[side, name]
		return value[side, name, int((n + 1) / 2)]
	}
	END {
		for (name in names) {
			old = median("old", name)
			new = median("new", name)
			if (old == 0)
				continue
			printf "%-32s %10.2f %10.2f %+6.1f %%\n", name, old, new,
			    100 * (new - old) / old | "sort"
			# Times have a resolution of 10 ms.
			if (new > old * 1.03 + 0.011)
				bad[name]
		}
		close("sort")
		for (name in bad) {
			print "more than 3 % above the old one:", name
			status = 1
		}
		exit status
	}'
