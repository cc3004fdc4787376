# Sourced by the tests that are bash scripts: functions that print TAP lines,
# the directory $work, which is removed at the end, and the array pids of
# background processes that are killed at the end. Checks must run in the shell
# of the test, not in a subshell, because the shell counts them.
# shellcheck shell=bash disable=SC2034

set -u
PATH=$HM_BIN:$PATH:/usr/sbin
work=$(mktemp -d "${TMPDIR:-/tmp}/hm-test.XXXXXX")
export HM_LOCK_DIR=$work # for hm-poll
pids=()
checks=0
failures=0
remove=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)/remove

# A process of the background that gets a signal before it has become a program
# runs this trap, too: only the script itself cleans up.
clean_up() {
	local pid
	[ "$BASHPID" -eq $$ ] || return
	for pid in "${pids[@]}"; do
		kill -9 "$pid" 2>/dev/null
		wait "$pid" 2>/dev/null
	done
	"$remove" "$work"
}
trap clean_up EXIT

pass() {
	checks=$((checks + 1))
	echo "ok - $1"
}

fail() {
	checks=$((checks + 1))
	failures=$((failures + 1))
	echo "not ok - $1"
}

# skip NAME REASON
skip() {
	pass "$1 # SKIP $2"
}

# take_in FILE: print TAP lines of another program, and count them here.
take_in() {
	checks=$((checks + $(grep -cE '^(not )?ok\>' "$1")))
	failures=$((failures + $(grep -c '^not ok\>' "$1")))
	grep -v '^1\.\.' "$1"
}

# check NAME COMMAND ...: ok if the command succeeds.
check() {
	local name=$1
	shift
	if "$@" >"$work/check.out" 2>&1; then
		pass "$name"
	else
		fail "$name"
		sed 's/^/# /' "$work/check.out"
	fi
}

# same NAME FOUND EXPECTED
same() {
	if [ "$2" = "$3" ]; then
		pass "$1"
	else
		fail "$1"
		echo "# found:    $2"
		echo "# expected: $3"
	fi
}

# The time of day in ms.
milliseconds() {
	echo $((${EPOCHREALTIME/[.,]/} / 1000))
}

# How many times as long as on an idle machine things may take now: one and the
# number of processes that run or wait for each core, on average over a minute.
patience() {
	local load
	read -r load _ </proc/loadavg
	echo $((1 + ${load%.*} / $(nproc)))
}

# soon START MS: whether less than MS have passed since START, in milliseconds, on
# an idle machine; on a loaded one it may take longer.
soon() {
	local took=$(($(milliseconds) - $1)) limit=$(($2 * $(patience)))
	echo "took $took ms of $limit"
	[ "$took" -lt "$limit" ]
}

# until_true SECONDS COMMAND ...: repeat the command until it succeeds; fails
# after this time, or later on a loaded machine. The longer it takes, the longer
# the pauses, because to start programs all the time would keep a core busy.
until_true() {
	local end pause=20 # ms
	end=$(($(milliseconds) + $(printf %.0f "$1e3") * $(patience)))
	shift
	until "$@" 2>/dev/null; do
		[ "$(milliseconds)" -lt "$end" ] || return 1
		sleep "0.0$pause"
		pause=$((pause < 95 ? pause + 5 : pause))
	done
}

# Print a TCP port that no process listens on now.
free_port() {
	local port
	while :; do
		port=$((20000 + RANDOM % 12000))
		(: <>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || break
	done
	echo "$port"
}

# start_sim NAME OPTION ...: start hm-sim; the URIs of its DTUs go into the
# array uris.
start_sim() {
	local name=$1
	shift
	hm-sim --port 0 "$@" >"$work/$name.sim" 2>"$work/$name.err" &
	pids+=($!)
	sim=$!
	local count
	count=$(sims_wanted "$@")
	until_true 10 sims_ready "$name" "$count" ||
		{ echo "not ok - hm-sim $* starts"; exit 1; }
	mapfile -t uris < <(jq -r 'select(.type == "sim") | .uri' \
		"$work/$name.sim")
}

# How many DTUs hm-sim simulates with these options.
sims_wanted() {
	local dtus=1 kinds=1
	while [ $# -gt 0 ]; do
		case $1 in
		--dtus) dtus=$2 ;;
		--transport) [ "$2" = "${2#*,}" ] || kinds=2 ;;
		esac
		shift
	done
	echo $((dtus * kinds))
}

sims_ready() {
	[ "$(grep -c '"type":"sim"' "$work/$1.sim")" -ge "$2" ]
}

# numbered [FIRST] LAST: a record for each number.
numbered() {
	seq -f '{"type":"x","n":%.0f}' "$@"
}

# counter NAME [FILE]: the last value of a counter in $work/FILE, or $work/out.
counter() {
	jq -r "select(.type == \"stats\") | .$1" "$work/${2-out}" | tail -n 1
}

# get PATH [OPTION ...]: what hm-metrics on $port answers.
get() {
	curl -s --max-time 5 "http://127.0.0.1:$port$1" "${@:2}"
}

# start_broker PORT [LINE ...]: start mosquitto with these lines of
# configuration.
start_broker() {
	local port=$1
	shift
	{
		echo "listener $port 127.0.0.1"
		echo "log_dest none"
		echo "persistence false"
		if [ $# -eq 0 ]; then
			echo "allow_anonymous true"
		else
			printf '%s\n' "$@"
		fi
	} >"$work/mosquitto.$port.conf"
	mosquitto -c "$work/mosquitto.$port.conf" >/dev/null 2>&1 &
	broker=$!
	pids+=("$broker")
	until_true 10 listening "$port"
}

# subscribe PORT TOPIC FILE: append "TOPIC PAYLOAD" of each message to a file.
# The subscription is made when this returns. Call it again after a restart of
# the broker.
subscribe() {
	local before
	touch "$3"
	before=$(grep -c '^Subscribed' "$3")
	stdbuf -oL mosquitto_sub -d -h 127.0.0.1 -p "$1" -t "$2" -F '%t %p' \
		>>"$3" 2>&1 &
	subscriber=$!
	pids+=("$subscriber")
	until_true 10 subscribed "$3" "$before"
}

# hear FILE TOPIC NUMBER: append "TOPIC PAYLOAD" of each message that the broker
# on $port gets to $work/FILE. When a marker with the number has arrived at the
# topic x/ready, which TOPIC must match, the subscription works.
hear() {
	mosquitto_sub -h 127.0.0.1 -p "$port" -t "$2" -F '%t %p' >>"$work/$1" \
		2>/dev/null 4>&- &
	pids+=($!)
	until_true 10 is_marked "$1" "$3"
}

is_marked() {
	mosquitto_pub -h 127.0.0.1 -p "$port" -t x/ready -m "$2" && sleep 0.02 &&
		grep -q "x/ready $2" "$work/$1"
}

subscribed() {
	[ "$(grep -c '^Subscribed' "$1")" -gt "$2" ]
}

listening() {
	(: <>"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

# processes_with NAME=VALUE: the processes with this in their environment.
processes_with() {
	grep -lzsx "$1" /proc/[0-9]*/environ | tr -dc '0-9\n'
}

# The plan comes last: a test without a plan has not run to its end.
finish() {
	echo "1..$checks"
	exit $((failures > 0))
}
