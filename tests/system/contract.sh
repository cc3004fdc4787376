#!/bin/bash
# The filter contract, tested with every tool.
# shellcheck source=tests/lib/lib.sh
. "$(dirname "$0")/../lib/lib.sh"

closed=$(free_port)
unset DTU_HOST HM_CONFIG MQTT_BROKER
line='{"type":"x","n":1}'
environment=()

# needs TOOL: the options without which it does not run.
needs() {
	case $1 in
	hm-publish)
		echo "--mqtt-broker 127.0.0.1 --mqtt-port $closed" \
			"--flush-timeout 0"
		;;
	hm-subscribe) echo "--no-mqtt" ;;
	hm-alert) echo "--alerts" ;;
	hm-store) echo "--database $work/contract.db" ;;
	hm-poll) echo "-1 --retries 0 --connect-timeout 1 modbus://127.0.0.1:$closed" ;;
	hm-metrics) echo "--port $closed" ;;
	hm-sim) echo "--port 0" ;;
	hm-top) echo "--once" ;;
	hm-limit) echo "--rated 800" ;;
	hm-ship) echo "--once -d $work/none.db true" ;;
	esac
}

status_of() {
	"$@" >/dev/null 2>"$work/err"
	echo $?
}

# The messages on stderr, except that hm-publish has no broker here.
said() {
	grep -v 'no connection to the broker' "$work/err"
}

# The options in $work/all are those of the manual of $tool.
options_of_manual() {
	local manual
	manual=$(dirname "$0")/../../docs/man/$tool.1
	diff <(sed -n 's/^\.It Fl \([^-] , \)\{0,1\}-\([a-z][a-z-]*[a-z]\)\( .*\|$\)/\2/p' \
		"$manual" | sed -n '1,/^version$/p' | sort) \
		<(sed -n 's/^  ... --\([a-z-]*[a-z]\)\( .*\|$\)/\1/p' \
			"$work/all" | sort)
}

every_tool() {
	local tool=$1
	shift
	local -a args=("$@")

	"$tool" --help >"$work/help" 2>"$work/err"
	same "$tool: --help ends with 0" $? 0
	same "$tool: --help says nothing on stderr" "$(said)" ""
	check "$tool: --help fits a screen" awk 'length > 80 { exit 1 }
		END { exit NR > 24 }' "$work/help"
	"$tool" --help all >"$work/all" 2>"$work/err"
	same "$tool: --help all ends with 0" $? 0
	check "$tool: ... has lines of 80 columns at most" \
		awk 'length > 80 { exit 1 }' "$work/all"
	same "$tool: ... is --help=all" "$("$tool" --help=all)" \
		"$(cat "$work/all")"
	same "$tool: ... has every option of --help" \
		"$(grep -vxFf "$work/all" "$work/help")" ""
	check "$tool: ... and those of the manual" options_of_manual
	check "$tool: --version" grep -qx "$tool [0-9]*\.[0-9]*\.[0-9]*" \
		<("$tool" --version)
	same "$tool: --help on a full disk" \
		"$("$tool" --help 2>/dev/null >/dev/full; echo $?)" 74
	same "$tool: --version on a full disk" \
		"$("$tool" --version 2>/dev/null >/dev/full; echo $?)" 74
	same "$tool: --help with stdout closed" \
		"$("$tool" --help 2>/dev/null >&-; echo $?)" 74
	check "$tool: --check shows the settings" grep -qx \
		'log_level: INFO  # LOG_LEVEL' \
		<(LOG_LEVEL=INFO "$tool" "${args[@]}" --check 2>&1)
	same "$tool: an unknown option" "$(status_of "$tool" --bogus)" 64
	same "$tool: ... is named in one line" "$(said)" \
		"$tool: error: unknown option --bogus; try --help"
	same "$tool: a value out of bounds" \
		"$(status_of "$tool" "${args[@]}" "${wrong[@]}")" 78
	same "$tool: ... is named with what is allowed" "$(said)" \
		"$tool: error: ${wrong[0]}: found \"${wrong[1]}\", allowed are $allowed seconds"
	printf 'log_level: DEBUG\nno_such_key: 1\n' >"$work/bad.yaml"
	same "$tool: an unknown key in the file" \
		"$(status_of "$tool" -c "$work/bad.yaml" "${args[@]}")" 78
	same "$tool: ... is named with its place" "$(said)" \
		"$tool: error: $work/bad.yaml:2:1: no_such_key: unknown key"
	same "$tool: ... also in the file that HM_CONFIG names" \
		"$(HM_CONFIG=$work/bad.yaml status_of "$tool" "${args[@]}")" \
		78
	same "$tool: a missing file" \
		"$(status_of "$tool" -c "$work/none" "${args[@]}")" 78
}

# filtered FORMAT ...: what the tool writes for printf of these, without stats.
filtered() {
	# The format is the test's own.
	# shellcheck disable=SC2059
	printf "$@" | env "${environment[@]}" "$tool" "${quiet[@]}" \
		"${args[@]}" 2>"$work/err"
}

# What each tool promises that reads records. A sink may write anything.
every_reader() {
	local tool=$1
	shift
	local -a args=("$@")
	local pid start

	same "$tool: an operand" "$(status_of "$tool" "${args[@]}" x)" 64
	same "$tool: empty input ends with status 0" \
		"$(status_of "$tool" "${args[@]}" </dev/null)" 0
	filtered '\n\n%s\n\n' "$line" >/dev/null
	same "$tool: empty lines are passed over silently" "$(said)" ""
	filtered '%s\n{"type":"\0"}\n%s\n' "$line" "$line" >/dev/null
	same "$tool: a NUL is reported" "$(said)" \
		"$tool: warning: line 2: holds a NUL byte"
	filtered '%s\njunk\n[1]\n{"type":\n%s\n' "$line" "$line" >/dev/null
	same "$tool: junk is reported with its place" \
		"$(said | head -n 1)" \
		"$tool: warning: line 2: not a JSON object at byte 1"
	"$tool" "${quiet[@]}" "${args[@]}" <"$work/long" >/dev/null \
		2>"$work/err"
	same "$tool: an overlong line is reported" "$(said)" \
		"$tool: warning: line 2: too long: 300000 bytes, at most 262144"
	same "$tool: --strict ends with 65" \
		"$(echo junk | "$tool" --strict "${args[@]}" >/dev/null 2>&1
			echo $?)" 65
	same "$tool: stdin closed" \
		"$("$tool" "${args[@]}" <&- >/dev/null 2>&1; echo $?)" 74

	# Nothing to do.
	exec 5<>"$work/idle" 6<>"$work/ready"
	HM_NOTIFY_FD=6 "$tool" "${quiet[@]}" "${args[@]}" <"$work/idle" \
		>/dev/null 2>"$work/err" &
	pid=$!
	pids+=("$pid")
	read -r -t 20 _ <&6
	start=$(milliseconds)
	kill -TERM "$pid"
	wait "$pid"
	same "$tool: SIGTERM without input ends with 0" $? 0
	check "$tool: ... at once" soon "$start" 500
	same "$tool: ... silently" "$(said)" ""
	exec 5>&- 6>&-
}

# ... and what each that passes records on.
every_filter() {
	local tool=$1
	shift
	local -a args=("$@")
	local pid start

	same "$tool: empty input gives nothing" "$(filtered '')" ""
	same "$tool: unknown types pass, in order" \
		"$(filtered '{"type":"a"}\n{ "type" : "b", "x": 1.50 }\n{"x":1}\n')" \
		'{"type":"a"}
{ "type" : "b", "x": 1.50 }
{"x":1}'
	same "$tool: no final newline" "$(filtered '%s' "$line")" "$line"
	same "$tool: CRLF passes as it is" \
		"$(filtered '%s\r\n' "$line" | od -c | tail -n 2)" \
		"$(printf '%s\r\n' "$line" | od -c | tail -n 2)"
	same "$tool: empty lines are dropped" \
		"$(filtered '\n\n%s\n\n' "$line")" "$line"
	same "$tool: only the line with a NUL is dropped" \
		"$(filtered '%s\n{"type":"\0"}\n%s\n' "$line" "$line")" \
		"$line
$line"
	same "$tool: only the lines with junk are dropped" \
		"$(filtered '%s\njunk\n[1]\n{"type":\n%s\n' "$line" "$line")" \
		"$line
$line"
	same "$tool: only the overlong line is dropped" \
		"$("$tool" --stats-period 0 "${args[@]}" <"$work/long" \
			2>/dev/null)" "$line
$line"
	local port='{"type":"port","time":"2026-11-23T10:15:00Z","dtu":"a",'
	port+='"serial":"1","port":1,"pv_power":1.5}'
	local here there
	here=$(filtered '%s\n' "$port")
	environment=(LC_ALL=de_DE.UTF-8 TZ=Pacific/Chatham)
	there=$(filtered '%s\n' "$port")
	environment=()
	same "$tool: another locale and time zone change nothing" "$there" \
		"$here"
	same "$tool: stdout full" "$(echo "$line" |
		"$tool" "${args[@]}" >/dev/full 2>"$work/err"; echo $?)" 74
	same "$tool: ... with one message" "$(said | wc -l)" 1
	same "$tool: stdout closed" "$(echo "$line" |
		"$tool" "${args[@]}" 2>/dev/null >&-; echo $?)" 74
	same "$tool: | head -1 ends it silently, by SIGPIPE" "$(
		yes "$line" | timeout 10 "$tool" "${args[@]}" 2>"$work/err" |
			head -n 1 >/dev/null
		echo "${PIPESTATUS[1]} $(said)")" "141 "

	same "$tool: a stats record at the end has the counts" \
		"$(printf '%s\n%s\njunk\n' "$line" "$line" |
			"$tool" --stats-period 60 "${args[@]}" 2>/dev/null |
			tail -n 1 | jq -r 'select(.time | fromdate > 0) |
			"\(.type) \(.tool) \(.records_in) \(.bad_lines)"')" \
		"stats $tool 3 1"
	same "$tool: ... and the CPU time, memory and descriptors" \
		"$(echo "$line" | "$tool" --stats-period 60 "${args[@]}" \
			2>/dev/null | tail -n 1 | jq -c '.cpu_ms >= 0 and
			.memory > 500000 and .memory < 500000000 and
			.fds > 3 and .fds < 30')" true
	sleep 0.6 | "$tool" --stats-period 0.1 "${args[@]}" 2>/dev/null |
		jq -r .type >"$work/types"
	same "$tool: stats records come without input, too" \
		"$(uniq "$work/types")" stats
	check "$tool: ... once a period" [ "$(wc -l <"$work/types")" -ge 3 ]

	# A live pipe that stays open.
	coproc LIVE { exec "$tool" --stats-period 0 "${args[@]}" 2>/dev/null; }
	pid=$LIVE_PID
	pids+=("$pid")
	start=$(milliseconds)
	echo "$line" >&"${LIVE[1]}"
	read -r -t 20 out <&"${LIVE[0]}"
	check "$tool: the first line is out within 100 ms" \
		soon "$start" 100
	same "$tool: ... unchanged" "$out" "$line"
	kill -USR1 "$pid"
	read -r -t 20 out <&"${LIVE[0]}"
	same "$tool: after SIGUSR1 there is a stats record" \
		"$(jq -r '"\(.type) \(.tool) \(.records_in)"' <<<"$out")" \
		"stats $tool 1"
	printf '%s\n{"type":"to' "$line" >&"${LIVE[1]}"
	sleep 0.1
	start=$(milliseconds)
	kill -TERM "$pid"
	cat <&"${LIVE[0]}" >"$work/out"
	wait "$pid"
	same "$tool: SIGTERM in the middle of a line ends with 0" $? 0
	check "$tool: ... soon" soon "$start" 1000
	same "$tool: ... with whole lines only" "$(cat "$work/out")" "$line"

	# A reader that stalls: the pipe stays open, and is not read.
	rm -f "$work/stalled"
	mkfifo "$work/stalled"
	exec 5<>"$work/stalled"
	yes "$line" | "$tool" "${args[@]}" >"$work/stalled" 2>"$work/err" &
	pid=$!
	pids+=("$pid")
	sleep 0.3
	start=$(milliseconds)
	kill -TERM "$pid"
	wait "$pid"
	same "$tool: SIGTERM with a stalled reader ends with 75" $? 75
	check "$tool: ... after 2 s" soon "$start" 3000
	check "$tool: ... and logs how much is lost" \
		grep -q '[0-9] bytes were not delivered' "$work/err"
	yes "$line" | "$tool" "${args[@]}" >"$work/stalled" 2>/dev/null &
	pid=$!
	pids+=("$pid")
	sleep 0.2
	kill -TERM "$pid"
	sleep 0.1
	start=$(milliseconds)
	kill -TERM "$pid"
	wait "$pid"
	check "$tool: a second signal ends it at once" \
		soon "$start" 500
	exec 5>&-
}

# A source with a stdout that fails.
every_source() {
	local tool=$1 operands=$2
	shift 2
	local -a args=("$@")

	[ -n "$operands" ] || same "$tool: an operand" \
		"$(status_of "$tool" "${args[@]}" x)" 64
	same "$tool: stdout full" \
		"$(timeout 5 "$tool" "${args[@]}" >/dev/full 2>/dev/null
			echo $?)" 74
	same "$tool: stdout closed" \
		"$(timeout 5 "$tool" "${args[@]}" 2>/dev/null >&-; echo $?)" 74
}

mkfifo "$work/idle" "$work/ready"
{
	echo "$line"
	head -c 300000 /dev/zero | tr '\0' x
	echo
	echo "$line"
} >"$work/long"

"$HM_BUILD"/docs/settings tools >"$work/tools"
same "lib/config/tools.def has a row for each tool that is built" \
	"$(cut -f 1 "$work/tools" | sort)" \
	"$(find "$HM_BIN" -name 'hm-*' -printf '%f\n' | sort)"
while IFS=$'\t' read -r tool kind operands <&3; do
	[ -x "$HM_BIN/$tool" ] || continue
	quiet=(--stats-period 0) wrong=(--stats-period -1) allowed="0 to 86400"
	# A sink writes no stats records.
	if [ "$kind" = sink ]; then
		quiet=() wrong=(--period 1) allowed="5 to 86400"
	fi
	read -r -a args < <(needs "$tool"; echo)
	every_tool "$tool" "${args[@]}"
	case $kind in
	source) every_source "$tool" "$operands" "${args[@]}" ;;
	sink) every_reader "$tool" "${args[@]}" ;;
	filter)
		every_reader "$tool" "${args[@]}"
		every_filter "$tool" "${args[@]}"
		;;
	esac
done 3<"$work/tools"
finish
