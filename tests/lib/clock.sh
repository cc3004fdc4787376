# Sourced after lib.sh by tests that set the clock of running tools. A tool that
# with_clock starts has a wall clock of its own, which set_clock and step_clock
# move while it runs. Its monotonic clock and the times of files stay.
# shellcheck shell=bash disable=SC2154

# LD_PRELOAD cannot have a space.
cp "$HM_BUILD/helper/preload/clock.so" "$work"
export ASAN_OPTIONS=${ASAN_OPTIONS-}:verify_asan_link_order=0

# shift_clock CLOCK SECONDS: the clock of this name is as far from the real time.
# By a rename, because a tool may read the file at any moment.
shift_clock() {
	echo "$2" >"$work/clock.$1.new"
	mv "$work/clock.$1.new" "$work/clock.$1"
}

# set_clock CLOCK TIME: as date -d reads it, such as 2037-12-31T23:59:58Z.
set_clock() {
	shift_clock "$1" $(($(date -d "$2" +%s) - EPOCHSECONDS))
}

# step_clock CLOCK SECONDS: from where it is.
step_clock() {
	shift_clock "$1" $(($(<"$work/clock.$1") + $2))
}

# clock_now CLOCK: in seconds since 1970.
clock_now() {
	echo $((EPOCHSECONDS + $(<"$work/clock.$1")))
}

# with_clock CLOCK COMMAND ...: run a command with this clock, which set_clock or
# shift_clock has made.
with_clock() {
	HM_CLOCK_FILE=$work/clock.$1 LD_PRELOAD=$work/clock.so "${@:2}"
}

# faster TIMES COMMAND ...: run a command whose clocks run so many times as fast. All
# commands that a test runs so see the same time.
clock_since=$EPOCHSECONDS
faster() {
	HM_CLOCK_SPEED=$1 HM_CLOCK_SINCE=$clock_since LD_PRELOAD=$work/clock.so \
		exec "${@:2}"
}

# exec_with_clock CLOCK COMMAND ... &: the same in the background; $! is then the
# process of the command, for signals.
exec_with_clock() {
	HM_CLOCK_FILE=$work/clock.$1 LD_PRELOAD=$work/clock.so exec "${@:2}"
}
