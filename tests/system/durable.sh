#!/bin/bash
# HM_DURABLE: lines that a tool has not finished stay in its input pipe, however
# the tool ends. `make soak-chain` tests the same with the whole chain.
# shellcheck source=tests/lib/lib.sh
. "$(dirname "$0")/../lib/lib.sh"

copy=$HM_BUILD/helper/copy
unset HM_CONFIG

# Lines of many lengths; some fill more than a pipe of the usual size.
of_many_lengths() {
	local pad n
	pad=$(head -c 200000 /dev/zero | tr '\0' x)
	for ((n = 1; n <= $1; n++)); do
		case $((n % 50)) in
		0) echo "{\"type\":\"x\",\"n\":$n,\"pad\":\"$pad\"}" ;;
		7) echo "{\"type\":\"x\",\"n\":$n,\"pad\":\"${pad:0:9000}\"}" ;;
		*) echo "{\"type\":\"x\",\"n\":$n,\"pad\":\"${pad:0:n % 400}\"}" ;;
		esac
	done
}

mkfifo "$work/a" "$work/b" "$work/c" "$work/held"

hold() {
	exec 5<>"$work/a" 6<>"$work/b" 7<>"$work/c" 8<>"$work/held"
}

let_go() {
	exec 5>&- 6>&- 7>&- 8>&-
}

start_first() {
	"$copy" -d "$work/held" <"$work/a" >"$work/b" 2>>"$work/err" \
		5>&- 6>&- 7>&- 8>&- &
	first=$!
	pids+=("$first")
}

start_second() {
	"$copy" -d "$work/held" <"$work/b" >"$work/c" 2>>"$work/err" \
		5>&- 6>&- 7>&- 8>&- &
	second=$!
	pids+=("$second")
}

start_reader() {
	cat <"$work/c" >"$work/out" 5>&- 6>&- 7>&- 8>&- &
	reader=$!
	pids+=("$reader")
}

has_last() {
	grep -q "\"n\":$1[,}]" "$work/out"
}

# Two copies, one after another in a pipe, killed in turn.
hold
start_reader
start_first
start_second
of_many_lengths 3000 >"$work/a" &
writer=$!
pids+=("$writer")
kills=0
while kill -0 "$writer" 2>/dev/null; do
	sleep 0.0$((RANDOM % 6 + 1))
	if [ $((RANDOM % 2)) = 0 ]; then
		kill -9 "$first"
		wait "$first" 2>/dev/null
		start_first
	else
		kill -9 "$second"
		wait "$second" 2>/dev/null
		start_second
	fi
	kills=$((kills + 1))
done
check "$kills kills: the last line arrives" until_true 10 has_last 3000
same "... and all others" "$(jq -R 'try (fromjson | .n) catch empty' \
	"$work/out" | sort -nu | awk '$1 != NR { print NR; exit }')" ""
same "... complete" "$(of_many_lengths 3000 | sort | cksum)" \
	"$(grep '}$' "$work/out" | jq -cR 'try fromjson catch empty' |
		sort -u | cksum)"
check "... there were more than 5 kills" [ "$kills" -gt 5 ]
kill "$first" "$second"
wait "$first" "$second"
same "... and torn lines are not logged as mistakes" \
	"$(grep -v 'warning: line .* torn' "$work/err")" ""
let_go
wait "$reader"

# After a restart an empty line ends a torn line in the output pipe.
same "the output begins with an empty line" \
	"$(numbered 1 | "$copy" -d 1 | cat -A)" "$(printf '%s\n' '$' \
		'{"type":"x","n":1}$')"
same "... but not in a file" "$(numbered 1 | "$copy" -d 1 >"$work/file"
	cat "$work/file")" '{"type":"x","n":1}'
same "a torn line is dropped, and counted" \
	"$(printf '{"type":"x","n\n\n{"type":"x","n":2}\n"x","n":3}\n' |
	"$copy" -d 1 -p 60000 2>"$work/err" |
	jq -c 'if .type == "stats" then [.bad_lines, .torn_lines] else .n end')" \
	"2
[0,2]"
same "... with a warning for each" "$(grep -c "warning: line .* is torn" \
	"$work/err") $(wc -l <"$work/err")" "2 2"

# A tool that stops while the holder keeps the pipes.
stops_alone() {
	hold
	start_first
	numbered 3 >&5
	read -r -t 20 out <&6
	read -r -t 20 out <&6
	start=$(milliseconds)
	kill -TERM "$first"
	wait "$first"
	same "SIGTERM to one tool ends it with 0" $? 0
	check "... within 2 s" soon "$start" 2000
	numbered 4 5 >&5
	start_first
	same "... and a restart reads the next line" "$(for _ in 1 2 3 4 5; do
		read -r -t 20 out <&6 && [ -n "$out" ] && echo "$out"
	done)" "$(numbered 2 5)"
	kill -9 "$first"
	wait "$first" 2>/dev/null
	let_go
}
stops_alone

# The holder of the pipes ends, and all tools stop: each reads its input to the
# end first.
hold
start_reader
start_first
start_second
# shellcheck disable=SC2094
{ numbered 1 1000; sleep 1.5; numbered 1001 40000; } >"$work/a" \
	5>&- 6>&- 7>&- 8>&- &
writer=$!
pids+=("$writer")
until_true 5 has_last 1000
kill -TERM "$first" "$second"
let_go
wait "$first" "$second" "$reader"
same "a chain that stops passes every line of its source" \
	"$(sed '/^$/d' "$work/out" | cmp - <(numbered 40000) 2>&1)" ""

# A writer in the middle of a line must not keep its reader busy.
hold
start_first
numbered 1 >&5
printf '{"type":' >&5
read -r -t 20 out <&6
sleep 1
ticks=$(awk '{ print $14 + $15 }' "/proc/$first/stat")
check "waiting for the rest of a line takes no CPU: $ticks ticks" \
	[ "$ticks" -lt 5 ]
echo '"x","n":2}' >&5
read -r -t 20 out <&6
read -r -t 20 out <&6
same "... and the complete line passes" "$out" '{"type":"x","n":2}'
kill -9 "$first"
wait "$first" 2>/dev/null
let_go

# A reader that stalls: lines that were not written stay in the input pipe.
hold
start_first
numbered 200000 >&5 &
writer=$!
pids+=("$writer")
sleep 0.3
kill -TERM "$first"
wait "$first"
same "with a stalled reader the status is 0, because nothing is lost" $? 0
start_first
start_second
start_reader
check "... after a restart all lines pass" until_true 20 has_last 200000
kill "$first" "$second"
wait "$first" "$second"
same "... and none is missing" "$(jq -R 'try (fromjson | .n)
	catch empty' "$work/out" | sort -nu | wc -l)" 200000
let_go
wait "$reader"

# A reader that ends between SIGTERM and the last write, and no holder: what was
# read and not written is lost, and a warning says so.
loses_its_reader() {
	local before out
	taken() {
		[ "$(awk '$1 == "rchar:" { print $2 }' "/proc/$first/io")" -ge "$1" ]
	}
	exec 5<>"$work/a" 6<>"$work/b"
	"$copy" -d 1 <"$work/a" >"$work/b" 2>"$work/err" 5>&- 6>&- &
	first=$!
	pids+=("$first")
	numbered 1 >&5
	read -r -t 20 out <&6
	read -r -t 20 out <&6
	dd if=/dev/zero of="$work/b" bs=4096 oflag=nonblock 2>/dev/null
	before=$(awk '$1 == "rchar:" { print $2 }' "/proc/$first/io")
	numbered 1001 1100 >&5
	until_true 10 taken $((before + $(numbered 1001 1100 | wc -c)))
	kill -TERM "$first"
	exec 6>&-
	wait "$first"
	same "a reader that ends first is no error of a tool that stops" $? 0
	same "... but what it did not take is reported" "$(cat "$work/err")" \
		"copy: warning: 100 records in 2200 bytes dropped: the reader \
of stdout has ended"
	exec 5>&-
}
loses_its_reader

# A reload.
reload() {
	local answer
	hold
	printf 'exclude_inverters: ["1"]\n' >"$work/hm.yaml"
	HM_DURABLE=$work/held HM_NOTIFY_FD=3 hm-filter -c "$work/hm.yaml" \
		--stats-period 0 --no-energy-guard <"$work/a" >"$work/b" \
		2>"$work/err" 3>"$work/c" 5>&- 6>&- 7>&- 8>&- &
	first=$!
	pids+=("$first")
	read -r -t 20 answer <&7
	same "a tool says that it is ready" "$?-$answer" "0-"
	inverter() {
		echo '{"type":"inverter","time":"2026-11-23T10:15:00Z",' \
			"\"dtu\":\"a\",\"serial\":\"$1\"}" >&5
	}
	next_serial() {
		local line=
		while [ -z "$line" ]; do
			read -r -t 20 line <&6 || return
		done
		jq -r .serial <<<"$line"
	}
	inverter 1
	inverter 2
	same "at first it uses the settings of the start" "$(next_serial)" 2
	printf 'exclude_inverters: ["2"]\n' >"$work/hm.yaml"
	kill -HUP "$first"
	read -r -t 20 answer <&7
	inverter 2
	inverter 1
	same "after SIGHUP the new ones, in the same process" "$(next_serial)" 1
	printf 'exclude_inverter: ["1"]\n' >"$work/hm.yaml"
	kill -HUP "$first"
	until_true 5 grep -q 'keeping the old ones' "$work/err"
	inverter 2
	inverter 3
	same "after SIGHUP with a mistake the old ones" "$(next_serial)" 3
	same "... and it is named" "$(cat "$work/err")" \
		"hm-filter: error: $work/hm.yaml:1:1: exclude_inverter: unknown key, did you mean exclude_inverters?
hm-filter: error: SIGHUP: the new settings are wrong; keeping the old ones"
	printf 'exclude_inverters: ["1"]\n' >"$work/hm.yaml"
	kill -HUP "$first"
	kill -TERM "$first"
	# Keep its output open: after the restart it first writes an empty line.
	exec 5>&- 7>&- 8>&-
	wait "$first"
	status=$?
	let_go
	same "SIGTERM after SIGHUP ends the tool" "$status" 0
}
reload

# Commits.
"$HM_BUILD/helper/hm-decode/flow" 500 2500 >"$work/flow"
store() {
	HM_DURABLE=1 hm-store -d "$work/hm.db" --stats-period 0 --delay 1 \
		<"$work/a" >/dev/null 2>>"$work/err" 5>&- 6>&- 7>&- 8>&- &
	first=$!
	pids+=("$first")
}
rows() {
	[ "$(sqlite3 "$work/hm.db" 'SELECT count(*) FROM port' \
		2>/dev/null)" = "$1" ]
}
: >"$work/err"
hold
store
cat "$work/flow" >&5 &
writer=$!
pids+=("$writer")
for _ in {1..20}; do
	sleep 0.0$((RANDOM % 9 + 1))
	kill -9 "$first"
	wait "$first" 2>/dev/null
	store
done
check "hm-store, killed 20 times: all is in the database" \
	until_true 20 rows 2500
kill -TERM "$first"
let_go
wait "$first"
same "... and it says nothing" "$(cat "$work/err")" ""

# Acknowledgements: each message must reach the broker, also at a high rate.
port=$(free_port)
broker() {
	start_broker "$port"
	subscribe "$port" 'hm/#' "$work/seen"
}
publish() {
	HM_DURABLE=1 hm-publish -b 127.0.0.1 --mqtt-port "$port" \
		--stats-period 0 --reconnect-delay 0.1 --log-level ERROR \
		<"$work/a" >/dev/null 2>>"$work/err" 5>&- 6>&- 7>&- 8>&- &
	first=$!
	pids+=("$first")
}
subscriber_is_idle() {
	local size
	size=$(stat -c %s "$work/seen")
	sleep 0.2
	[ "$(stat -c %s "$work/seen")" = "$size" ]
}
# hm-publish stands still meanwhile: the subscriber has what the old broker
# accepted, and is back before the new one accepts anything.
restart_broker() {
	kill -STOP "$first"
	until_true 10 subscriber_is_idle
	kill -9 "$broker" "$subscriber"
	wait "$broker" "$subscriber" 2>/dev/null
	broker
	kill -CONT "$first"
}
all_seen() {
	[ "$(sed -n 's|^hm/[0-9] ||p' "$work/seen" | sort -nu | wc -l)" = "$1" ]
}
broker
hold
publish
for n in {1..3000}; do
	echo "{\"type\":\"mqtt\",\"time\":\"2026-11-23T10:15:00Z\"," \
		"\"topic\":\"hm/$((n % 3))\",\"payload\":\"$n\"}"
	[ $((n % 20)) != 0 ] || sleep 0.02
done >&5 &
writer=$!
pids+=("$writer")
: >"$work/err"
for round in {1..8}; do
	sleep 0.$((RANDOM % 4 + 1))
	if [ "$round" = 4 ]; then
		restart_broker
	else
		kill -9 "$first"
		wait "$first" 2>/dev/null
		publish
	fi
done
check "hm-publish, killed 7 times, and its broker once: all arrives" \
	until_true 30 all_seen 3000
kill -9 "$first"
wait "$first" 2>/dev/null
let_go

# A restart while a state waits for an older one of its topic to be delivered:
# the broker comes back when hm-publish has its signal.
publish_held() {
	HM_DURABLE=$work/held hm-publish -b 127.0.0.1 --mqtt-port "$port" \
		--stats-period 0 --reconnect-delay 0.1 --log-level CRITICAL \
		<"$work/a" >/dev/null 5>&- 6>&- 7>&- 8>&- &
	first=$!
	pids+=("$first")
}
kill -9 "$broker" "$subscriber"
wait "$broker" "$subscriber" 2>/dev/null
: >"$work/seen"
hold
publish_held
for n in 1 2 3; do
	echo "{\"type\":\"mqtt\",\"topic\":\"hm/one\",\"payload\":\"$n\"}" >&5
done
sleep 1
kill -STOP "$first"
kill -TERM "$first"
broker
kill -CONT "$first"
wait "$first"
publish_held
states_seen() {
	[ "$(sed -n 's/^hm.one //p' "$work/seen" | sort -u | xargs)" = "1 2 3" ]
}
check "a restart replaces no state that was not delivered" \
	until_true 15 states_seen
kill -9 "$first"
wait "$first" 2>/dev/null
let_go

# A stop of the whole chain while the broker is busy, with more messages than can
# be under way. The broker that runs was started while the pipes were open, and
# holds them.
kill -9 "$broker" "$subscriber"
wait "$broker" "$subscriber" 2>/dev/null
: >"$work/seen"
broker
hold
publish_held
state() {
	echo "{\"type\":\"mqtt\",\"topic\":\"hm/$1\",\"payload\":\"$2\"}" >&5
}
seen_states() {
	grep '^hm/' "$work/seen" | sort -u
}
state first 0
has_first() {
	[ "$(seen_states)" = "hm/first 0" ]
}
until_true 10 has_first
kill -STOP "$broker"
for payload in 1 2; do
	for n in {10..39}; do
		state "$n" "$payload"
	done
done
kill -TERM "$first"
let_go
sleep 2.3 # until it knows that it has no successor
kill -CONT "$broker"
wait "$first"
until_true 10 subscriber_is_idle
same "... nor does a stop while the broker is busy" \
	"$(seen_states | grep -vc first)" 60

# A message that the broker refuses: it closes the connection each time. The
# announcements arrive again every time, and must not count as progress.
small=$(free_port)
start_broker "$small" 'allow_anonymous true' 'max_packet_size 2000'
hold
HM_DURABLE=1 hm-publish -b 127.0.0.1 --mqtt-port "$small" --stats-period 0 \
	--reconnect-delay 0.1 --reconnect-delay-max 0.1 --log-level CRITICAL \
	<"$work/a" >"$work/b" 5>&- 6>&- 7>&- 8>&- &
first=$!
pids+=("$first")
mqtt() {
	echo "{\"type\":\"mqtt\",\"topic\":\"$1\",\"payload\":\"$2\"$3}" >&5
}
mqtt announced x ',"retain":true'
mqtt large "$(head -c 3000 /dev/zero | tr '\0' x)" ',"retain":true'
for n in {1..40}; do
	mqtt state "$n" ""
done
start=$(milliseconds)
passed=0
while [ "$passed" -lt 42 ] && read -r -t 20 out <&6; do
	[ -z "$out" ] || passed=$((passed + 1))
done
same "hm-publish passes all lines whatever the broker refuses" "$passed" 42
check "... within 20 s" soon "$start" 20000
kill -9 "$first"
wait "$first" 2>/dev/null
let_go
finish
