#!/bin/bash
# The supervised chain when supervisors, loggers and the holder of the pipes are
# killed or hang: one tool reads a pipe, whatever lives on; a stop ends; and no
# second chain starts beside what is left of the first.
# shellcheck source=tests/lib/lib.sh
. "$(dirname "$0")/../lib/lib.sh"
# shellcheck source=tests/lib/supervised.sh
. "$(dirname "$0")/../lib/supervised.sh"
unset HM_CONFIG DTU_HOST MQTT_BROKER DATABASE_PATH HM_LOG_DIR

s6=$(cd "$(dirname "$0")/../../s6" && pwd)
services=$(sed -n '/^hm-subscribe$/d; s/^hm-//p' "$s6/chain" | xargs)

settings() {
	cat <<-EOT
		dtu_configs: [{name: roof, uri: "$uri"}]
		query_period: 5
		store_delay: 0.2
		stats_period: 1
		mqtt_enabled: false
		database_path: $work/hm.db
		health_port: $page
		log_level: ${1:-WARNING}
	EOT
}

# The pid of s6-svscan goes into $svscan.
start_chain() {
	HM_CHAIN=$$ HM_CONFIG=$work/hm.yaml HM_LOG_DIR=$work/log \
		"$s6/start" "$live" >>"$work/svscan.log" 2>&1 &
	svscan=$!
}

# What a second start says.
second_start() {
	HM_CHAIN=$$ HM_CONFIG=$work/hm.yaml HM_LOG_DIR=$work/log \
		timeout 10 "$s6/start" "$live" 2>&1
	echo "status $?"
}

# supervisor_of SERVICE: the process id of its s6-supervise.
supervisor_of() {
	local pid=
	pid=$(stat_of "$1" pid) || return
	[ "$pid" = none ] || awk '{ print $4 }' "/proc/$pid/stat"
}

polls() {
	metrics | awk '/^hoymiles_polls_total{/ { sum += $2 } END { print +sum }'
}

# lock_owners FILE: how many processes have it open, but for commands of the
# test.
lock_owners() {
	local fd
	for fd in /proc/[0-9]*/fd/8; do
		[ ! "$fd" -ef "$1" ] || echo "$fd"
	done | wc -l
}

# The tool, logger or holder that has lost its supervisor has ended, and another
# one is ready.
replaced() {
	! kill -0 "$2" && [ "$(stat_of "$1" pid)" != "$2" ] && is_ready "$1" &&
		[ "$(lock_owners "$scan/$1/lock")" -eq 1 ]
}

start_sim plant --transport modbus
uri=${uris[0]}
settings >"$work/hm.yaml"

# Two starts at once

start_chain
first=$svscan
start_chain
second=$svscan
one_left() {
	[ "$(jobs -r | grep -c 's6/start')" -eq 1 ]
}
check "of two starts at once one goes on" until_true 10 one_left
loser=$first
if kill -0 "$first" 2>/dev/null; then
	svscan=$first
	loser=$second
fi
wait "$loser"
same "... and the other one ends with 71" $? 71
check "... and says why" grep -qE 'a chain runs in|another start' \
	"$work/svscan.log"
check "the chain is ready" until_true 15 all_ready
check "... and works" until_true 15 polled_since 0
check "a third start is refused" grep -q 'a chain runs in' <(second_start)

# A supervisor is killed

for service in pipes poll decode publish decode/log; do
	old=$(stat_of "$service" pid)
	kill -9 "$(supervisor_of "$service")"
	check "$service: its supervisor is killed, and it is replaced" \
		until_true 25 replaced "$service" "$old"
done
check "the log says that a supervisor was killed" grep -q \
	'the supervisor of hm-decode was killed; process [0-9]*' \
	"$work/log/decode/current"
before=$(polls)
check "... and polling continues" until_true 15 polled_since "$before"

# A tool whose supervisor was killed and that hangs is killed in the end.

old=$(stat_of filter pid)
kill -STOP "$old"
kill -9 "$(supervisor_of filter)"
check "a tool without a supervisor that hangs is killed" \
	until_true 25 replaced filter "$old"
before=$(polls)
check "... and polling continues" until_true 15 polled_since "$before"

# A stop

# stops NAME: within 10 s, and nothing is left.
stops() {
	local start
	start=$(milliseconds)
	s6-svscanctl -t "$scan"
	wait "$svscan"
	check "$1: the chain stops ($(($(milliseconds) - start)) ms)" \
		soon "$start" 10500
	check "... and leaves no process" nobody_left
}

# One of those that it has left still runs the script that waits for the others.
waits() {
	[ "$(cat "/proc/$(stat_of poll pid)/comm")" = run ]
}
s6-svc -wd -T 10000 -d "$scan/metrics"
s6-svc -r "$scan/poll"
check "hm-poll waits for hm-metrics" until_true 10 waits
kill -9 "$(supervisor_of store)" "$(supervisor_of pipes)" \
	"$(supervisor_of poll)"
stops "a tool and the holder without supervisors"

start_chain
check "it starts again" until_true 15 all_ready
kill -STOP "$(stat_of poll/log pid)" "$(stat_of store/log pid)"
stops "two loggers that hang"
check "... and says which it had to kill" \
	grep -q 'the logger of hm-poll hangs: killed' "$work/svscan.log"

# Loggers that hang, with much to log

settings DEBUG >"$work/hm.yaml"
start_chain
check "it starts with much to log" until_true 15 all_ready
for service in $services; do
	kill -STOP "$(stat_of "$service/log" pid)"
done
# Fill the pipes of the logs, as hours of messages would.
for service in $services; do
	yes "$(printf '%01000d' 0)" | timeout 5 dd bs=4096 oflag=nonblock \
		conv=nocreat of="/proc/$(stat_of "$service/log" pid)/fd/0" \
		2>/dev/null
done
before=$(polls)
check "hung loggers do not stop the stream" until_true 20 \
	polled_since $((before + 1))
murder decode
check "... nor keep a tool from a restart" is_ready decode
livez() {
	[ "$(curl -s -o "$work/livez" -w '%{http_code}' \
		"http://127.0.0.1:$page/livez")" = "$1" ]
}
check "... and all tools are alive" livez 200
kill -CONT "$(stat_of poll/log pid)"
check "what was dropped is said when the logger is back" until_true 20 \
	grep -qE 'hm-poll: warning: [0-9]+ messages were dropped' \
	"$work/log/poll/current"
stops "with hung loggers"

# A tool that hangs is missed, even by an hm-metrics that never heard it.

settings >"$work/hm.yaml"
start_chain
check "it starts for a tool that hangs" until_true 15 all_ready
hung=$(stat_of poll pid)
kill -STOP "$hung"
murder metrics
check "/livez is 503 when hm-poll hangs and hm-metrics has restarted" \
	until_true 10 livez 503
same "... and names it" "$(cat "$work/livez")" "hm-poll: failed"
kill -CONT "$hung"
check "... until it goes on" until_true 10 livez 200

# What is left of a chain

orphan=$(stat_of metrics pid)
supervisors=$(for service in pipes $services; do
	supervisor_of "$service"
	[ "$service" = pipes ] || supervisor_of "$service/log"
done)
kill -9 "$svscan"
wait "$svscan" 2>/dev/null
check "without s6-svscan a second start is refused" grep -q \
	"these processes still run: .*($(cat "/proc/$orphan/comm"))" \
	<(second_start)
# shellcheck disable=SC2086 # several
kill -9 $supervisors
check "... without supervisors, too" grep -q "these processes still run" \
	<(second_start)
for pid in $(chain_processes); do
	kill "$pid" 2>/dev/null
done
check "... until all have ended" until_true 10 nobody_left
start_chain
check "... then it starts" until_true 15 all_ready
s6-svscanctl -t "$scan"
wait "$svscan"
same "... and stops" $? 0
finish
