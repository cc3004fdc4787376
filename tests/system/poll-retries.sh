#!/bin/bash
# The retries of a poll, and the circuit breaker.
# shellcheck source=tests/lib/lib.sh
. "$(dirname "$0")/../lib/lib.sh"

poll() {
	hm-poll --connect-timeout 1 --read-timeout 1 "$@" \
		>"$work/out" 2>"$work/err"
}

# start_poll NAME OPTION ...: start hm-poll in the background.
start_poll() {
	local name=$1
	shift
	hm-poll --period 5 --connect-timeout 1 --read-timeout 1 "$@" \
		>"$work/$name" 2>"$work/$name.err" &
	poll=$!
	pids+=("$poll")
}

stop_poll() {
	kill -TERM "$poll"
	wait "$poll"
}

# way NAME: the states of the breaker in order: "open half_open open ...".
way() {
	jq -r 'select(.type == "status") | .breaker' "$work/$1" | tr '\n' ' '
}

holds() {
	grep -c "$2" "$work/$1" | grep -qx "$3"
}

# Retries

start_sim twice --transport modbus --inverters 1 --fault exception:first=2
poll -1 --retry-delay-max 0.1 "${uris[0]}"
same "a poll whose third attempt is good ends with 0" $? 0
same "... writes the frames" "$(jq -r .type "$work/out" | head -n 2 |
	tr '\n' ' ')" "status frame "
same "... is not a failed poll" "$(counter failed_polls) $(counter polls)" "0 1"
same "... and counts its retries" "$(counter retries)" 2
same "... without a message" "$(cat "$work/err")" ""

start_sim often --transport modbus --inverters 1 --fault exception
poll -1 --retries 2 --retry-delay-max 0.1 --log-level INFO "${uris[0]}"
same "a poll whose attempts all fail ends with 69" $? 69
same "... is one failed poll" "$(counter failed_polls) $(counter polls)" "1 1"
same "... one status record" "$(grep -c '"status"' "$work/out")" 1
same "... after as many retries as are allowed" "$(counter retries)" 2
same "retries are logged at level INFO" "$(grep -c 'retry [12] in' \
	"$work/err")" 2
poll -1 --retries 0 "${uris[0]}"
same "with --retries 0 there are none" "$(counter retries)" 0

sleep 1.1 # hm-poll waits so long after a poll of another process
start=$(milliseconds)
EXPONENTIAL_BACKOFF=false poll -1 --retries 2 --retry-delay 0.4 "${uris[0]}"
took=$(($(milliseconds) - start))
check "without backoff each retry waits for retry-delay ($took ms)" \
	[ "$took" -ge 800 ]
check "... and no longer" soon "$start" 1300

start=$(milliseconds)
poll -1 --retries 1 --retry-delay 5.2 --retry-delay-max 5.2 --period 5 \
	"${uris[0]}" &
pids+=($!)
start_poll late --retry-delay 5.2 --retry-delay-max 5.2 "${uris[0]}"
until_true 10 grep -q '"status"' "$work/late"
stop_poll
same "a retry that would begin after the next poll is not made" \
	"$(counter retries late) $(counter failed_polls late)" "0 1"
wait "${pids[-2]}"
check "... but with -1 it waits for the retry" \
	[ $(($(milliseconds) - start)) -ge 5200 ]
same "... and makes it" "$(counter retries)" 1

# The breaker

start_sim away --transport modbus --inverters 1 --fault refuse:first=3
start_poll away --retries 0 --breaker-threshold 1 --breaker-timeout 1 \
	--breaker-timeout-max 1 "${uris[0]}#roof"
check "a DTU that answers again is read within a period" \
	until_true 5 grep -q '"frame"' "$work/away"
check "... and in the next period" until_true 7 holds away '"frame"' 2
stop_poll
check "its breaker opens, is half open for each probe, and closes" \
	grep -qxE '(open half_open )+closed ' <(way away)
same "each probe is at retry_at" "$(jq -rs '
	map(select(.type == "status")) | . as $all | to_entries | map(
		select(.value.breaker == "half_open") |
		(.value.time | fromdate) -
		($all[.key - 1].retry_at | fromdate)) |
	map(. >= -1 and . <= 1) | all' "$work/away")" true
same "the failure, the breaker and the recovery are logged once each" \
	"$(grep -cE 'roof: refused:|left alone for 1 s|answers again' \
	"$work/away.err") $(wc -l <"$work/away.err")" "3 3"

port=$(free_port)
start_sim fine --transport modbus --inverters 1
start_poll gone --retries 0 --breaker-threshold 2 --breaker-timeout 1 \
	--breaker-timeout-max 3 "modbus://127.0.0.1:$port#gone" \
	"${uris[0]}#fine"
check "a breaker opens at its threshold" \
	until_true 8 grep -q '"breaker":"open"' "$work/gone"
check "... and is probed" until_true 12 holds gone '"half_open"' 3
until_true 2 holds gone '"failures":5' 1
stop_poll
jq -c 'select(.dtu == "gone")' "$work/gone" >"$work/gone.only"
same "below the threshold it is closed" "$(way gone.only | cut -d' ' -f1-2)" \
	"closed open"
same "each failed poll has a record" "$(jq -r 'select(.breaker != "half_open") |
	.failures' "$work/gone.only" | tr '\n' ' ')" "1 2 3 4 5 "
same "each failed probe doubles the timeout, up to its maximum" "$(
	jq -r 'select(.breaker == "open") |
		(.retry_at | fromdate) - (.time | fromdate)' \
		"$work/gone.only" | tr '\n' ' ')" "1 2 3 3 "
check "polls that were due while it was open are counted" \
	[ "$(counter open_polls gone)" -ge 1 ]
same "... not as skipped" "$(counter skipped_polls gone)" 0
same "the other DTU is read all the time" "$(jq -rs '
	map(select(.type == "frame") | .time | fromdate) |
	[.[1:], .[:-1]] | transpose | map(.[0] - .[1]) |
	map(. == 5 or . == 6 or . == 4) | all' "$work/gone")" true
check "... and never late ($(counter max_late_ms gone) ms)" \
	[ "$(counter max_late_ms gone)" -lt $((100 * $(patience))) ]

# Hints

same "every status record has a hint" "$(jq -r .hint "$work/gone.only" |
	grep -c 'Remote Control')" "$(wc -l <"$work/gone.only")"
same "... which is logged once" \
	"$(grep -c 'Remote Control' "$work/gone.err")" 1

# A reader that stalls while many polls are under way

start_sim many --transport modbus --dtus 400 --inverters 4
mkfifo "$work/stalled"
(exec 3<"$work/stalled"; sleep 3; exec cat <&3 >"$work/many") &
pids+=($!)
reader=$!
hm-poll -1 --retries 0 --read-timeout 1 --connect-timeout 1 "${uris[@]}" \
	>"$work/stalled"
same "with a reader that stalls hm-poll ends with 0" $? 0
wait "$reader"
same "... all DTUs are read" "$(grep -c '"frame"' "$work/many")" 400
same "... no poll has failed" "$(counter failed_polls many)" 0
kill "$sim"

# Stale readings

start_sim stale --transport hm --inverters 1 --fault stale:after=3
start_poll stale "${uris[0]}"
check "repeated readings are marked as stale" \
	until_true 12 grep -q '"stale":true' "$work/stale"
stop_poll
same "... and counted" "$(counter stale_polls stale)" 1
same "... but the first frame is not" "$(jq -r 'select(.type == "frame") |
	.stale' "$work/stale" | head -n 1)" null
check "readings of a stale frame are stale" sh -c "hm-decode <'$work/stale' |
	jq -se 'map(select(.type == \"dtu\" or .type == \"inverter\" or
	.type == \"port\")) | group_by(.type) | map(map(.stale) |
	.[0] == null and .[-1] == true) | all'"
finish
