# Sourced after lib.sh by tests of the API: an hm-metrics to which a test gives
# records, and whose JSON it looks at.
# shellcheck shell=bash disable=SC2154

# serve OPTION ...: start hm-metrics on $port; it reads descriptor 7, and its log
# is added to $work/err.
serve() {
	port=$(free_port)
	rm -f "$work/in"
	mkfifo "$work/in"
	exec 7<>"$work/in"
	hm-metrics --stats-period 0 --port "$port" "$@" <"$work/in" >/dev/null \
		2>>"$work/err" 7>&- &
	pids+=($!)
	until_true 10 listening "$port"
}

# is FILTER VALUE: whether jq's filter makes the value of the answer to $api.
is() {
	[ "$(get "$api" | jq -c "$1")" = "$2" ]
}
