# Sourced after lib.sh by the tests of the supervised chain. The chain is in
# $live, its processes have HM_CHAIN=$$ in their environment, $services names
# its services, and hm-metrics listens on the port $page.
# shellcheck shell=bash disable=SC2034,SC2154

live=$work/live
scan=$live/scan
page=$(free_port)

# The processes that s6/start has started, and their children.
chain_processes() {
	processes_with "HM_CHAIN=$$"
}

nobody_left() {
	[ -z "$(chain_processes)" ]
}

# Stop the chain, and kill what is left of it.
end_chain() {
	local pid
	s6-svscanctl -t "$scan" 2>/dev/null && until_true 10 nobody_left
	for pid in $(chain_processes); do
		kill -9 "$pid" 2>/dev/null
	done
}

end_all() {
	[ "$BASHPID" -eq $$ ] || return
	end_chain
	clean_up
}
trap end_all EXIT

# stat_of SERVICE FIELD: the field of s6-svstat -o. A pid of -1, which kill
# takes for every process, becomes "none".
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

# murder SERVICE: kill it with SIGKILL, and wait until it is ready again.
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

# polled_since COUNT: whether the test's function polls prints more than COUNT.
polled_since() {
	[ "$(polls)" -gt "$1" ]
}
