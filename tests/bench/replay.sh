#!/bin/bash
# replay.sh POLLS: what a poll of three inverters with four inputs costs the tools
# of version 0.1.0, which is built beside them, and those built here: a table of
# instructions, by valgrind, or of CPU time where there is no valgrind; then the
# CPU time of `jq -c .` over the output of hm-decode, and of POLLS polls through
# hm-decode, hm-filter and hm-store. Fails where a ratio is below what
# docs/performance.md promises.
# shellcheck source=tests/lib/lib.sh
. "$(dirname "$0")/../lib/lib.sh"
# shellcheck source=tests/bench/release.sh
. "$(dirname "$0")/release.sh"
polls=$1
rounds=3
failed=0

# at_least NAME RATIO LIMIT: a promise.
at_least() {
	local verdict=holds
	if awk "BEGIN { exit $2 >= $3 }"; then
		verdict='does NOT hold'
		failed=1
	fi
	printf '  %-52s %6.2f, at least %s: %s\n' "$1" "$2" "$3" "$verdict"
}

# The options of a tool, as a chain with all its work has them.
options_of() {
	case $1 in
	hm-alert) echo --alerts ;;
	hm-store) echo "--retention 0 -d $work/replay.db" ;;
	esac
}

# run BIN TOOL FILE [COMMAND ...]: the tool over a file, below the command.
run() {
	local bin=$1 tool=$2 file=$3 options
	read -ra options < <(options_of "$tool")
	shift 3
	rm -f "$work"/replay.db*
	"$@" "$bin/$tool" --stats-period 0 --log-level CRITICAL \
		"${options[@]}" <"$file" >/dev/null
}

instructions() {
	run "$@" valgrind --tool=cachegrind --cache-sim=no --log-file="$work/refs" \
		--cachegrind-out-file=/dev/null
	awk '/I +refs:/ { gsub(",", "", $NF); print $NF }' "$work/refs"
}

# The instructions, in thousands, of a poll; those of the start do not count.
instructions_a_poll() {
	local kind=$3
	echo $((($(instructions "$1" "$2" "$work/$kind.500") -
		$(instructions "$1" "$2" "$work/$kind.100")) / 400000))
}

# The CPU time, in us, of a poll: for machines without valgrind.
microseconds_a_poll() {
	local kind=$3
	for _ in $(seq "$rounds"); do
		seconds run "$1" "$2" "$work/$kind.many"
	done | middle | awk -v polls="$many" '{ printf "%.0f\n", $1 * 1e6 / polls }'
}

print_table() {
	local cost=$1 unit=$2 tool kind before now sum_before=0 sum_now=0
	printf '%-32s %9s %9s %6s\n' "$unit a poll" 0.1.0 now ratio
	for tool in hm-decode hm-filter hm-alert hm-ha-discovery hm-store; do
		kind=readings
		[ "$tool" != hm-decode ] || kind=frames
		before=$("$cost" "$old" "$tool" "$kind")
		now=$("$cost" "$HM_BIN" "$tool" "$kind")
		row "$tool" "$before" "$now"
		[ "$tool" != hm-store ] || continue
		sum_before=$((sum_before + before))
		sum_now=$((sum_now + now))
	done
	row 'the first four' "$sum_before" "$sum_now"
	four=$(ratio "$sum_before" "$sum_now")
}

ratio() {
	awk "BEGIN { printf \"%.2f\", $1 / $2 }"
}

row() {
	printf '  %-30s %9s %9s %6s\n' "$1" "$2" "$3" "$(ratio "$2" "$3")"
}

chain_seconds() {
	seconds replay "$1" "$work/frames.all"
	[ "$(sqlite3 "$work/chain.db" 'SELECT count(*) FROM port')" -eq \
		$((12 * polls)) ] || { echo "rows of $1 are missing" >&2; exit 1; }
}

compare_chains() {
	local before now
	for _ in $(seq "$rounds"); do
		chain_seconds "$old" >>"$work/before"
		chain_seconds "$HM_BIN" >>"$work/now"
	done
	before=$(middle <"$work/before")
	now=$(middle <"$work/now")
	printf '%d polls through hm-decode, hm-filter and hm-store\n' "$polls"
	row 's of CPU time' "$before" "$now"
	chains=$(ratio "$before" "$now")
}

compare_jq() {
	for _ in $(seq "$rounds"); do
		seconds run "$HM_BIN" hm-decode "$work/frames.many" >>"$work/decode"
		seconds jq -c . "$work/readings.many" >>"$work/jq"
	done
	jq=$(ratio "$(middle <"$work/jq")" "$(middle <"$work/decode")")
}

git cat-file -e "$release^{commit}" 2>/dev/null || {
	echo "cannot compare: the history here does not have version 0.1.0," \
		"commit $release"
	exit 0
}
build_release

# Of a summer day, and as many as a machine without valgrind needs.
many=5000
"$HM_BUILD/helper/hm-sim/polls" "$polls" >"$work/frames.all"
"$HM_BUILD/helper/hm-sim/polls" "$many" >"$work/frames.many"
sed -n '601,1100p' "$work/frames.many" >"$work/frames.500"
head -n 100 "$work/frames.500" >"$work/frames.100"
for count in 100 500 many; do
	hm-decode --stats-period 0 <"$work/frames.$count" >"$work/readings.$count"
done

if command -v valgrind >/dev/null; then
	print_table instructions_a_poll 'thousand instructions'
else
	print_table microseconds_a_poll 'us of CPU time'
fi
compare_chains
compare_jq
echo "promised"
at_least '0.1.0 / now, the first four' "$four" 2.5
at_least 'jq -c . / the hm-decode that wrote it' "$jq" 9
if [ "$polls" -ge 52560 ]; then
	at_least '0.1.0 / now, hm-decode, hm-filter and hm-store' "$chains" 1.69
else
	echo "  the chain only by a tenth of a year, 52560 polls: shorter runs" \
		"measure the start of the tools"
fi
exit "$failed"
