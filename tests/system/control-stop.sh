#!/bin/bash
# hm-poll in a chain that stops, and one that restarts, while commands come. The
# chain is two pipes and their holder, as s6/pipes has it.
# shellcheck source=tests/lib/lib.sh
. "$(dirname "$0")/../lib/lib.sh"
unset HM_CONFIG
export HM_STATS_PERIOD=0 LOG_LEVEL=INFO

mkfifo "$work/holder" "$work/in"
start_sim plant --transport modbus --inverters 1

hold() {
	sleep infinity <>"$work/holder" 7>&- &
	holder=$!
	pids+=("$holder")
}

# start NAME: an hm-poll that reads commands from fd 7.
start() {
	HM_DURABLE=$work/holder hm-poll --control \
		--control-journal "$work/$1.journal" "${uris[0]}#roof" \
		<"$work/in" >"$work/$1" 2>"$work/$1.err" 7>&- &
	poll=$!
	pids+=("$poll")
	check "hm-poll reads the DTU: $1" until_true 20 grep -q '"frame"' \
		"$work/$1"
}

command() {
	printf '{"type":"command","time":"%s","id":"%s","action":"limit","percent":%s}\n' \
		"$(date -u +%FT%TZ)" "$1" "$2" >&7
}

results() {
	jq -r 'select(.type == "result") | "\(.id) \(.state) \(.error // "")"' \
		"$work/$1" | xargs
}

exec 7<>"$work/in"
hold
start restart
kill -TERM "$poll"
until_true 5 grep -q SIGTERM "$work/restart.err"
command left 41
wait "$poll"
same "a restart leaves the command in the pipe" "$? $(results restart)" "0 "
start successor
check "... where the successor finds it" until_true 30 grep -q \
	'"type":"result".*"id":"left"' "$work/successor"

# The holder ends after hm-poll has its signal, and a command comes after that.
kill -TERM "$poll"
until_true 5 grep -q SIGTERM "$work/successor.err"
{ kill "$holder" && wait "$holder"; } 2>/dev/null
command late 42
sleep 0.1
command last 43
exec 7>&-
wait "$poll"
same "a chain that stops has a final result for what came last" \
	"$? $(results successor | grep -o 'late.*')" \
	"0 late refused replaced last refused interrupted"
same "... which says that nothing was sent" "$(jq -r \
	'select(.type == "result" and .id == "last").text' "$work/successor")" \
	"hm-poll ended before the order was sent"
finish
