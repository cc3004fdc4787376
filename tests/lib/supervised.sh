# Sourced after lib.sh by the tests of the supervised chain. The chain is in
# $live, its processes have HM_CHAIN=$$ in their environment, $services names
# its services, and hm-metrics listens on the port $page.
# shellcheck shell=bash disable=SC2034,SC2154

live=$work/live
scan=$live/scan
page=$(free_port)

# Everything that s6/start has started, and what those have.
chain_processes() {
	processes_with "HM_CHAIN=$$"
}

nobody_left() {
	[ -z "$(chain_processes)" ]
}

# The end of the test: whatever still runs.
end_chain() {
	local pid
	s6-svscanctl -t "$scan" 2>/dev/null && until_true 10 nobody_left
	for pid in $(chain_processes); do
		kill -9 "$pid" 2>/dev/null
	done
}

end_all() {
	end_chain
	clean_up
}
trap end_all EXIT

# The figure of s6-svstat -o; of a pid "none" for -1, which is everybody.
stat_of() {
	local value
	value=$(s6-svstat -o "$2" "$scan/$1") || return 1
	[ "$value" != -1 ] || value=none
	echo "$value"
}

is_ready() {
	[ "$(stat_of "$1" ready)" = true ] && [ "$(stat_of "$1" up)" = true ]
}

all_ready() {
	local service
	for service in pipes $services; do
		is_ready "$service" || return 1
	done
}

# Kill a service for certain, and wait for its successor.
murder() {
	local pid
	pid=$(stat_of "$1" pid)
	[ "$pid" != none ] && kill -9 "$pid" && until_true 10 succeeded "$1" "$pid"
}

succeeded() {
	[ "$(stat_of "$1" pid)" != "$2" ] && is_ready "$1"
}

metrics() {
	curl -s --max-time 2 "http://127.0.0.1:$page/metrics"
}

# Whether the DTUs have been polled again since $1 polls, which the test's
# function polls counts.
polled_since() {
	[ "$(polls)" -gt "$1" ]
}
