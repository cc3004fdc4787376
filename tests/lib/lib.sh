# Sourced by the system tests (bash): TAP lines, a directory of its own that
# goes away, and background processes that are ended by number. Checks are to
# be made in the test's own shell, which counts them.
# shellcheck shell=bash disable=SC2034

set -u
PATH=$HM_BIN:$PATH:/usr/sbin
work=$(mktemp -d "${TMPDIR:-/tmp}/hm-test.XXXXXX")
export HM_LOCK_DIR=$work # for hm-poll
pids=()
checks=0
failures=0
remove=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)/remove

clean_up() {
	local pid
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

# take_in FILE: another program's TAP lines, which count as this test's.
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

# until SECONDS COMMAND ...: try again until it succeeds; false in the end.
until_true() {
	local end=$(($(date +%s%N) / 1000000 + $1 * 1000))
	shift
	until "$@" 2>/dev/null; do
		[ $(($(date +%s%N) / 1000000)) -lt "$end" ] || return 1
		sleep 0.02
	done
}

# A port that nothing listens on at this moment.
free_port() {
	local port
	while :; do
		port=$((20000 + RANDOM % 12000))
		(: <>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || break
	done
	echo "$port"
}

# start_sim NAME OPTION ...: the URIs of its DTUs into the array uris.
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

# The DTUs that these options ask hm-sim for.
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

# start_broker PORT [LINE ...]: mosquitto with these lines in its file.
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

# subscribe PORT TOPIC FILE: add "TOPIC PAYLOAD" lines to a file, from a moment
# before this returns; after a broker's restart it is to be called again.
subscribe() {
	local before
	touch "$3"
	before=$(grep -c '^Subscribed' "$3")
	mosquitto_sub -d -h 127.0.0.1 -p "$1" -t "$2" -F '%t %p' >>"$3" 2>&1 &
	subscriber=$!
	pids+=("$subscriber")
	until_true 10 subscribed "$3" "$before"
}

subscribed() {
	[ "$(grep -c '^Subscribed' "$1")" -gt "$2" ]
}

listening() {
	(: <>"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

# processes_with NAME=VALUE: those that have it in their environment.
processes_with() {
	grep -lzsx "$1" /proc/[0-9]*/environ | tr -dc '0-9\n'
}

# The plan comes last: without it the test has died half way.
finish() {
	echo "1..$checks"
	exit $((failures > 0))
}
