#!/bin/bash
# Two processes of hm-poll on one machine: only one at a time talks to a DTU.
# shellcheck source=tests/lib/lib.sh
. "$(dirname "$0")/../lib/lib.sh"

# start_poll NAME OPTION ...: an hm-poll that polls until it is stopped.
start_poll() {
	local name=$1
	shift
	hm-poll --period 5 --retries 0 --stats-period 1 "$@" >"$work/$name" \
		2>"$work/$name.err" &
	poll=$!
	pids+=("$poll")
}

# holds_lock PID: whether the process has a lock file open: it polls now.
holds_lock() {
	find "/proc/$1/fd" -lname '*.lock' 2>/dev/null | grep -q .
}

start_sim sick --transport modbus --inverters 1 --fault hang:first=1
start_poll first --read-timeout 2 "${uris[0]}"
check "a poll holds the lock" until_true 2 holds_lock "$poll"
check "... in a file named after the address" \
	ls "$work/hm-poll-127.0.0.1-"*.lock
hm-poll -1 --read-timeout 2 --stats-period 0 "${uris[0]}" >"$work/second" \
	2>"$work/second.err"
same "a second one waits" $? 0
check "... until the first poll has ended" grep -q '"offline"' "$work/first"
same "... and reads the DTU" "$(jq -r .type "$work/second" | tr '\n' ' ')" \
	"status frame "
same "... and logs nothing" "$(cat "$work/second.err")" ""
same "the lock is free between two polls" \
	"$(holds_lock "$poll" && echo held)" ""
kill -TERM "$poll"

start_sim hung --transport modbus --inverters 1 --fault hang
start_sim well --transport modbus --inverters 1
well=${uris[0]}
hung=$(jq -r .uri "$work/hung.sim")
start_poll holder --read-timeout 8 "$hung"
until_true 2 holds_lock "$poll"
holder=$poll
start_poll chain --read-timeout 1 "$hung#roof" "$well#barn"
chain=$poll
start=$(milliseconds)
hm-poll -1 --retries 1 --read-timeout 1 --stats-period 0 "$hung" \
	>"$work/once" 2>"$work/once.err"
same "a process that does not get the lock ends with 69" $? 69
took=$(($(milliseconds) - start))
check "... after the timeouts of its attempts ($took ms)" [ "$took" -ge 1900 ]
check "... at once" soon "$start" 3000
same "... with one message about it" \
	"$(wc -l <"$work/once.err") $(grep -c 'another hm-poll' \
	"$work/once.err")" "1 1"
same "... and no record: the DTU has not failed" "$(cat "$work/once")" ""
until_true 5 grep -q 'another hm-poll' "$work/chain.err"
{ kill -9 "$holder" && wait "$holder"; } 2>/dev/null
start=$(milliseconds)
hm-poll -1 --retries 0 --read-timeout 1 "$hung" >"$work/heir" 2>/dev/null
check "the lock of a killed process is free" \
	grep -q '"timeout_read"' "$work/heir"
check "the chain polls again when the lock is free" \
	until_true 8 grep -q '"roof","state":"offline"' "$work/chain"
kill -TERM "$chain"
wait "$chain"
same "its poll was skipped, and counted" "$(counter locked_polls chain)" 1
same "... and logged once" "$(grep -c 'another hm-poll' \
	"$work/chain.err")" 1
same "... and is no failure of the DTU" "$(jq -r 'select(.dtu == "roof") |
	.failures' "$work/chain" | head -n 1)" 1
check "other DTUs are read meanwhile" [ "$(grep -c '"frame".*"barn"' \
	"$work/chain")" -ge 1 ]

# Each process sends two requests: three gaps of 2 s are between the four.
start_sim gap --transport hm --inverters 1
start=$(milliseconds)
for try in 1 2; do
	hm-poll -1 --stats-period 0 "${uris[0]}" >"$work/gap.$try"
done
took=$(($(milliseconds) - start))
same "two processes read a DTU one after the other" \
	"$(grep -hc '"frame"' "$work"/gap.[12] | xargs)" "1 1"
check "... and keep the gap between its requests, too ($took ms)" \
	[ "$took" -ge 5900 ]

lock=$(ls "$work/hm-poll-127.0.0.1-${well##*:}.lock")
rm "$lock"
ln -s "$work/elsewhere" "$lock"
hm-poll -1 "$well" >"$work/link" 2>"$work/link.err"
same "a symbolic link instead of a lock file is not followed" \
	"$? $([ -e "$work/elsewhere" ] && echo followed)" "0 "
same "... with one message about it" "$(wc -l <"$work/link.err") $(grep -c \
	"without a lock.*$lock" "$work/link.err")" "1 1"
hm-poll -1 --lock-dir "$work/nowhere" "$well" >"$work/dir" 2>"$work/dir.err"
same "a missing lock directory is a wrong setting" "$?" 78
same "... and is named" "$(cat "$work/dir.err")" "hm-poll: error: lock_dir\
 (--lock-dir): found \"$work/nowhere\", allowed are directories"

# What else may stand in its place

for kind in fifo directory; do
	rm "$lock"
	case $kind in
	fifo) mkfifo "$lock" ;;
	directory) mkdir "$lock" ;;
	esac
	timeout 10 hm-poll -1 "$well" >"$work/$kind" 2>"$work/$kind.err"
	same "a $kind instead of a lock file: the DTU is read" \
		"$? $(grep -c '"frame"' "$work/$kind")" "0 1"
	same "... with one message about it" "$(cat "$work/$kind.err")" \
		"hm-poll: warning: ${well#*://}: polled without a lock against another hm-poll: $lock: it is no plain file"
	[ "$kind" = fifo ] || rmdir "$lock"
done
: >"$lock"
chmod 000 "$lock"
as_user=()
[ "$(id -u)" -ne 0 ] || as_user=(setpriv --reuid=65534 --regid=65534
	--clear-groups)
chmod 755 "$work"
"${as_user[@]}" hm-poll -1 "$well" >"$work/secret" 2>"$work/secret.err"
same "a lock file that cannot be read: the DTU is read" \
	"$? $(grep -c '"frame"' "$work/secret")" "0 1"
check "... with a message about it" grep -q \
	"without a lock.*$lock: Permission denied" "$work/secret.err"
chmod 644 "$lock"
"${as_user[@]}" hm-poll -1 "$well" >"$work/theirs" 2>"$work/theirs.err"
same "a lock file of another user is used" \
	"$? $(grep -c '"frame"' "$work/theirs") $(cat "$work/theirs.err")" \
	"0 1 "

# A holder that is no hm-poll

flock --no-fork "$lock" sleep 120 &
squatter=$!
pids+=("$squatter")
until_true 5 sh -c "! flock -n '$lock' true"
start_poll patient --read-timeout 1 "$well#barn"
hm-poll -1 --retries 0 --read-timeout 1 "$well" >"$work/early" 2>/dev/null
same "a lock of another program is respected" $? 69
reads_barn() {
	grep -q '"frame".*"barn"' "$work/patient"
}
check "... until it has been held for three periods" until_true 30 reads_barn
check "... which is not before" \
	[ "$(counter locked_polls patient)" -ge 2 ]
same "... and logged once, with its holder" "$(grep -c \
	"barn: polled although $lock is locked: .*: process $squatter, sleep$" \
	"$work/patient.err")" 1
hm-poll -1 --period 5 --read-timeout 1 --stats-period 0 "$well" \
	>"$work/late" 2>"$work/late.err"
same "a single poll passes it at once, because the holder is that old" \
	"$? $(jq -r .type "$work/late" | xargs)" "0 status frame"
kill -TERM "$poll" "$squatter"
wait "$poll" "$squatter" 2>/dev/null

# Other users

mkdir "$work/locks"
(umask 077; hm-poll -1 --lock-dir "$work/locks" "${uris[0]}" >/dev/null)
same "other users can lock, whatever the umask" \
	"$(stat -c %a "$work"/locks/*)" 666
finish
