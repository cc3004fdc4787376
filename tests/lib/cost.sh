# Sourced after lib.sh by benchmarks: what running processes cost.
# shellcheck shell=bash

# cpu_us PID ...: CPU time of the processes so far, also of threads that have
# ended: the clock of a process has the number that clock_getcpuclockid(3) makes.
cpu_us() {
	perl -MTime::HiRes=clock_gettime -e 'my $s = 0;
		$s += clock_gettime(~$_ << 3 | 2) for map { $_ + 0 } @ARGV;
		printf "%.0f\n", $s * 1e6' "$@"
}

# pss_kb PID ...: their memory; what several processes share is divided.
pss_kb() {
	local pid
	for pid in "$@"; do
		cat "/proc/$pid/smaps_rollup" 2>/dev/null
	done | awk '/^Pss:/ { kb += $2 } END { print kb + 0 }'
}

# tools_with NAME=VALUE: the tools of hm that have this in their environment.
tools_with() {
	local pid
	for pid in $(processes_with "$1"); do
		case $(cat "/proc/$pid/comm" 2>/dev/null) in
		hm-*) echo "$pid" ;;
		esac
	done
}
