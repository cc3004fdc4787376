# Sourced by benchmarks after lib.sh, below the root of the sources: version 0.1.0
# beside the tools built here, and the CPU time of a replay.
# shellcheck shell=bash disable=SC2154
release=384424b # 0.1.0, also where the tag is missing
old=build/$release/bin

build_release() {
	local tree=build/$release
	[ ! -x "$old/hm-store" ] || return 0
	mkdir -p "$tree"
	git archive "$release" | tar -x -C "$tree" &&
		env -u MAKEFLAGS -u MAKELEVEL -u MFLAGS make -C "$tree" -s -j2 all \
			>"$work/build.log" 2>&1 && return
	tail -n 20 "$work/build.log"
	exit 1
}

# seconds COMMAND ...: its CPU time.
seconds() {
	local TIMEFORMAT='%U %S'
	{ time "$@" >/dev/null 2>&1; } 2>&1 | awk '{ print $1 + $2 }'
}

# middle <NUMBERS: that of $rounds numbers.
middle() {
	sort -n | sed -n "$(((rounds + 1) / 2))p"
}

# replay BIN FRAMES: polls through three tools of one version, into a new database.
replay() {
	rm -f "$work"/chain.db*
	"$1/hm-decode" --stats-period 0 <"$2" |
		"$1/hm-filter" --stats-period 0 -d "$work/chain.db" |
		"$1/hm-store" --stats-period 0 --retention 0 -d "$work/chain.db"
}
