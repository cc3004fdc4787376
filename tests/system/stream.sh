#!/bin/bash
# The stream layer alone: its limits, its counters, and a restart after a
# signal. contract.sh tests the rules that all tools have in common.
# No pipeline writes a file that it reads.
# shellcheck disable=SC2094 source=tests/lib/lib.sh
. "$(dirname "$0")/../lib/lib.sh"

copy=$HM_BUILD/helper/copy

# letters COUNT: print COUNT letters without a newline.
letters() {
	head -c "$1" /dev/zero | tr '\0' x
}

# Lines that end near the end of a buffer, a page or a pipe.
lengths='1 2 4094 4095 4096 4097 65534 65535 65536 65537 262143 262144'
for length in $lengths $lengths 7 $lengths; do
	letters "$length"
	echo
done >"$work/long"
same "lines of up to 256 KiB pass" \
	"$("$copy" <"$work/long" 2>&1 | cmp - "$work/long" 2>&1)" ""
same "... in pieces, too" "$(dd if="$work/long" obs=10007 status=none |
	"$copy" 2>&1 | cmp - "$work/long" 2>&1)" ""
same "... and to a slow reader" "$("$copy" -n <"$work/long" 2>&1 |
	{ sleep 0.3; dd ibs=999 status=none; } | cmp - "$work/long" 2>&1)" ""

# Each of four tools copies lines of its own letter into one pipe.
for letter in a b c d; do
	yes "$(letters 99 | tr x $letter)" | head -n 30000 >"$work/of-$letter"
done
{
	for letter in a b c d; do
		"$copy" <"$work/of-$letter" &
	done
	wait
} | sort | uniq -c | awk '{ print $1, length($2), substr($2, 1, 1) }' \
	>"$work/shared"
same "lines of several tools that write to one pipe stay whole" \
	"$(cat "$work/shared")" "30000 99 a
30000 99 b
30000 99 c
30000 99 d"

{
	echo one
	letters 262145
	echo
	echo three
	letters 1000000
	echo
	echo five
	letters 300000
} >"$work/overlong"
same "only overlong lines are dropped" "$("$copy" <"$work/overlong" \
	2>"$work/err")" "one
three
five"
same "... and their sizes are logged" "$(cat "$work/err")" \
	"copy: warning: line 2: too long: 262145 bytes, at most 262144
copy: warning: line 4: too long: 1000000 bytes, at most 262144
copy: warning: line 6: too long: 300000 bytes, at most 262144"
same "... strict ends at the first" "$("$copy" -s <"$work/overlong" \
	2>/dev/null; echo $?)" "one
65"

yes | tr 'y' '\0' | head -n 25 >"$work/nuls"
same "the tenth bad line in a minute is the last that is logged" \
	"$("$copy" <"$work/nuls" 2>&1 | sed -n '1p;$p')" \
	"copy: warning: line 1: holds a NUL byte
copy: warning: 15 more bad lines were skipped"
same "stats count lines in, lines out and bad lines" \
	"$(printf 'ab\n\n\0\ncde\n' | "$copy" -p 60000 2>/dev/null |
	tail -n 1 | jq -c 'del(.time, .version, .uptime, .cpu_ms, .memory, .fds)')" \
	'{"type":"stats","tool":"copy","records_in":2,"records_out":2,"bad_lines":1,"bytes":5}'
sleep 0.55 | "$copy" -p 100 | jq -r .type >"$work/types"
same "stats come without input" "$(uniq "$work/types")" stats
check "... on time" [ "$(wc -l <"$work/types")" -ge $((6 / $(patience))) ]

same "a directory as stdin" "$("$copy" <"$work" 2>"$work/err"; echo $?)" 74
same "... is named in one line" "$(cat "$work/err")" \
	"copy: error: cannot read stdin: Is a directory"

# Each line comes out before the next one goes in.
coproc LIVE { exec "$copy"; }
pid=$LIVE_PID
pids+=("$pid")
start=$(milliseconds)
answered=0
while read -r question && echo "$question" >&"${LIVE[1]}" &&
	read -r -t 20 answer <&"${LIVE[0]}" && [ "$question" = "$answer" ]; do
	answered=$((answered + 1))
done < <(numbered 500)
same "500 lines, each waited for" "$answered" 500
check "... without a delay" soon "$start" 1000
kill -INT "$pid"
wait "$pid"
same "SIGINT ends it with 0" $? 0

# Memory, after 200 MB.
coproc LIVE { exec "$copy" >"$work/bulk"; }
pid=$LIVE_PID
pids+=("$pid")
peak() {
	sed -n 's/^VmHWM:[^0-9]*\([0-9]*\) kB/\1/p' "/proc/$pid/status"
}
numbered 10 >&"${LIVE[1]}"
until_true 5 [ -s "$work/bulk" ]
for _ in 1 2 3 4 5; do cat "$work/long"; done >&"${LIVE[1]}"
before=$(peak)
for _ in {1..50}; do cat "$work/long"; done >&"${LIVE[1]}"
check "memory does not grow: $before kB after 6 MB, $(peak) kB after 60" \
	[ $(($(peak) - before)) -lt 1000 ]
kill -TERM "$pid"
wait "$pid"

# Lines that are in the pipe at SIGTERM are read.
mkfifo "$work/in"
exec 5<>"$work/in"
"$copy" <&5 >"$work/out" &
pid=$!
pids+=("$pid")
echo ready >&5
until_true 5 [ -s "$work/out" ]
kill -STOP "$pid"
numbered 2000 >&5
kill -TERM "$pid"
kill -CONT "$pid"
wait "$pid"
same "SIGTERM ends it with 0" $? 0
same "... after the last line in the pipe" \
	"$({ echo ready; numbered 2000; } | cmp - "$work/out" 2>&1)" ""

# Stop copy again and again: together the processes lose no line and tear none.
numbered 30000 >"$work/numbers"
while read -r line; do
	echo "$line"
done <"$work/numbers" >&5 &
writer=$!
pids+=("$writer")
: >"$work/out"
stopped=0
while kill -0 "$writer" 2>/dev/null; do
	"$copy" <&5 >>"$work/out" 2>"$work/err" &
	pid=$!
	pids+=("$pid")
	sleep 0.02
	kill -TERM "$pid"
	wait "$pid" && [ ! -s "$work/err" ] && stopped=$((stopped + 1))
done
exec 6<"$work/in" 5>&-
"$copy" <&6 >>"$work/out"
same "each new process reads on where the last one stopped" \
	"$(cmp "$work/numbers" "$work/out" 2>&1)" ""
check "... $stopped times" [ "$stopped" -gt 3 ]

# The reader stalls at the end of the input, and stats records fall due.
mkfifo "$work/stalled"
exec 7<>"$work/stalled"
numbered 10000 | "$copy" -p 100 >"$work/stalled" &
pid=$!
pids+=("$pid")
sleep 0.8
ticks=$(awk '{ print $14 + $15 }' "/proc/$pid/stat")
check "waiting for a stalled reader takes no CPU: $ticks ticks" \
	[ "$ticks" -lt 20 ]
finish
