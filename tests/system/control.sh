#!/bin/bash
# Commands to simulated DTUs: over both transports, with every fault of orders,
# as one shot and in a running hm-poll that is killed.
# shellcheck source=tests/lib/lib.sh
. "$(dirname "$0")/../lib/lib.sh"
# shellcheck source=tests/lib/orders.sh
. "$(dirname "$0")/../lib/orders.sh"

# dtu NAME OPTION ...: start an hm-sim; its URI goes into ${uri[NAME]}.
mkfifo "$work/never"
exec 8<>"$work/never"
dtu() {
	start_sim "$1" --inverters 2 --inputs 2 --stats-period 1 "${@:2}"
	uri[$1]=${uris[0]}
}

order_options=(--read-timeout 1)

# finals FILE: how many different final results each id has, one number a line.
finals() {
	jq -r 'select(.type == "result" and
		(.state | IN("refused", "done", "failed", "unknown"))) |
		"\(.id) \(.state) \(.error) \(.time)"' "$1" | sort -u |
		cut -d ' ' -f 1 | uniq -c | awk '{ print $1 }'
}

dtu hm --transport hm
dtu sealed --transport hm --encrypt
dtu rekeyed --transport hm --encrypt
dtu modbus --transport modbus
dtu old --transport modbus --old-map
dtu watch --transport modbus
dtu watts --transport hm --series hms-w --encrypt --inverters 1
for fault in refused lost lied slow; do
	dtu "hm-$fault" --transport hm --fault "order-$fault"
	dtu "modbus-$fault" --transport modbus --fault "order-$fault"
done
uri[nobody]=hm://127.0.0.1:$(free_port)

# A temporary limit comes back when no new one has come. It is looked at below.
echo '{"type":"command","action":"limit_temporary","percent":30}' >&8
hm-poll --control --control-journal "$work/watch.journal" \
	--control-restore 30:100 --period 60 --stats-period 0 "${uri[watch]}#watch" \
	<"$work/never" >"$work/watch" 2>/dev/null &
pids+=($!)

for name in hm sealed modbus old; do
	order "limit-$name" $name '"action":"limit","percent":60' \
		--control-map old
done
order watts watts '"action":"limit_temporary","watts":300'
for fault in refused lost lied slow; do
	for transport in hm modbus; do
		order "$transport-$fault" "$transport-$fault" \
			'"action":"limit","percent":70' --control-timeout 25
	done
done
order nobody nobody '"action":"turn_off"'
order bounds hm-lost '"action":"limit","percent":1'
order aged hm-lost '"action":"turn_off","time":"2026-11-23T10:15:00Z"'
order typo hm-lost '"action":"turn_of"'
order old-refused old '"action":"turn_off"'
order unreadable hm-lost '"action":'
wait "${orders[@]}"

for name in hm sealed modbus old; do
	same "a limit is carried out: $name" "$(states "limit-$name" |
		sed 's/under_way //')" "accepted done 0"
	same "... and is read back" \
		"$(jq -r 'select(.state == "done").percent' "$work/limit-$name")" 60
done
same "the command is passed on, with a time and an id" \
	"$(jq -r 'select(.type == "command") | .action, .percent, .from,
		(.id | length > 8), (.time | fromdate > 0)' "$work/limit-hm" |
		xargs)" "limit 60 stdin true true"
same "... and a poll follows" "$(jq -r .type "$work/limit-hm" | tail -n 1)" \
	frame
same "a temporary limit in watts is carried out" "$(states watts |
	sed 's/under_way //')" "accepted done 0"
same "... and the result has the limit" \
	"$(jq -c 'select(.state == "done").watts' "$work/watts")" 300
same "a DTU that refuses: hm" "$(states hm-refused)" \
	"refused:refused_by_dtu 65"
check "... with its error" grep -q 'error 7' "$work/hm-refused"
same "a DTU that refuses: modbus" "$(states modbus-refused)" \
	"refused:refused_by_dtu 65"
# On a loaded machine there may be no time to read it back.
for transport in hm modbus; do
	same "an order that is lost: $transport" \
		"$(states $transport-lost | sed 's/no_reply/not_confirmed/')" \
		"unknown:not_confirmed 75"
done
same "a DTU that lies: hm" "$(states hm-lied | sed 's/under_way //')" \
	"accepted unknown:not_confirmed 75"
same "a DTU that lies: modbus" "$(states modbus-lied)" \
	"accepted unknown:not_confirmed 75"
same "a DTU that is slow: hm" "$(states hm-slow)" "accepted under_way done 0"
same "a DTU that is slow: modbus" "$(states modbus-slow)" "accepted done 0"
same "a DTU that is not there" "$(states nobody)" "failed:refused 69"
same "a limit out of bounds" "$(states bounds)" "refused:bounds 65"
same "an old command" "$(states aged)" "refused:too_old 65"
same "an unknown action" "$(states typo)" "refused:invalid 65"
same "a command that cannot be read" "$(states unreadable)" 65
same "the old map is used only on request" "$(states old-refused)" \
	"refused:not_supported 65"

# Other actions, to the same DTUs.
orders=()
order off hm '"action":"turn_off"'
order on modbus '"action":"turn_on"'
order restart sealed '"action":"restart_dtu"'
order sealed-off rekeyed '"action":"turn_off"' --control-encrypt-2305
order again old '"action":"limit","percent":60' --control-map old
order one watts '"action":"limit","percent":50,"serial":"999999999999"'
order clear hm-slow '"action":"clear_alarms"'
order reboot hm-lied '"action":"restart_inverter"'
order interval modbus-slow '"action":"limit","percent":20}
{"type":"command","action":"limit","percent":30}
{"type":"command","action":"limit","percent":40' --control-min-interval 10
wait "${orders[@]}"
same "inverters are turned off" "$(states off)" "accepted done 0"
same "... and give no power" "$(hm-decode <"$work/off" | jq -r \
	'select(.type == "inverter").active_power // 0' | sort -u)" 0
same "inverters are turned on" "$(states on)" "accepted done 0"
same "a DTU restarts, with a new key" "$(states restart)" "accepted done 0"
same "an encrypted 2305 is answered encrypted" "$(states sealed-off)" \
	"accepted done 0"
same "the old map shows a limit only after an order" "$(states again)" \
	"accepted done 0"
same "no inverter has that number" "$(states one)" "refused:no_inverter 65"
same "the list of alarms is emptied" "$(states clear)" \
	"accepted under_way done 0"
same "nothing shows that an inverter restarts" "$(states reboot)" \
	"accepted unknown:no_readback 75"
same "a newer limit takes the place of one that waits" \
	"$(jq -r 'select(.type == "result") | .state + (if .error then ":" +
		.error else "" end)' "$work/interval" | sort | xargs)" \
	"accepted accepted done done refused:replaced"
check "... and is sent after the interval" [ "$(jq -rs '
	map(select(.type == "sent").time | fromdate) | .[1] - .[0]' \
	"$work/interval.journal")" -ge 10 ]
orders=()
order same hm '"action":"limit","percent":60'
wait "${orders[@]}"
same "the same limit is not written again" "$(states same)" "done 0"
until_true 5 [ "$(counter flash_writes hm.sim)" = 1 ]
same "... and so the memory of the inverters was written once" \
	"$(counter flash_writes hm.sim) $(counter orders hm.sim)" "1 2"

# The scripts.
pipelines=$(dirname "$0")/../../pipelines
export XDG_STATE_HOME=$work/state
same "pipelines/limit prints what becomes of the command" \
	"$("$pipelines/limit" 55 "${uri[modbus]}"; echo $?)" "limit: accepted
limit: done: the DTU shows a limit of 55 %
0"
same "... and keeps its journal in the directory of state" \
	"$(jq -r .type "$work/state/hm/control.ndjson" | xargs)" \
	"command sent result delivered"
same "pipelines/limit wants a percentage" \
	"$("$pipelines/limit" much "${uri[modbus]}" 2>&1; echo $?)" \
	"limit: found \"much\", allowed is a percentage such as 60 or 62.5
64"
same "pipelines/restart says what cannot be" \
	"$("$pipelines/restart" dtu "${uri[modbus]}" 2>/dev/null; echo $?)" \
	"restart_dtu: refused: over Modbus only limits and turn_on and turn_off are known
65"

# Without control stdin is not read: the pipe is open, and stays full.
mkfifo "$work/full"
exec 5<>"$work/full"
echo '{"type":"command","action":"turn_off"}' >&5
is_full() {
	! dd if=/dev/zero of="$work/full" bs=1 count=1 oflag=nonblock 2>/dev/null
}
until is_full; do
	dd if=/dev/zero of="$work/full" bs=4096 oflag=nonblock 2>/dev/null
	dd if=/dev/zero of="$work/full" bs=1 count=4096 oflag=nonblock 2>/dev/null
done
hm-poll -n 2 --period 5 --stats-period 0 "${uri[modbus]}" <"$work/full" \
	>"$work/off-by-default"
check "without control_enabled a full pipe stays full" is_full
same "without control_enabled nothing is read or passed on" \
	"$(jq -r .type "$work/off-by-default" | xargs)" "status frame frame"
read -r -t 5 line <&5
same "... and the command stays in the pipe" "$line" \
	'{"type":"command","action":"turn_off"}'

# Lines without a command, and no lines; neither is for a DTU that is there.
none=(hm-poll -1 --control --control-journal "$work/none.journal" --retries 0
	--stats-period 0)
"${none[@]}" "${uri[nobody]}" <<<'{"action":"turn_off"}' >"$work/none" 2>"$work/none.err"
same "a record that is no command orders nothing" "$?" 65
check "... which hm-poll says" grep -q 'stdin had no command' "$work/none.err"
same "... and it is passed on" "$(head -n 1 "$work/none")" '{"action":"turn_off"}'
"${none[@]}" "${uri[nobody]}" </dev/null >"$work/none" 2>/dev/null
same "without any line hm-poll only polls" "$?" 69

# The reader of stdout goes before the result is known.
gone=(hm-poll --control --control-journal "$work/gone.journal" --stats-period 0)
echo '{"type":"command","action":"limit","percent":40}' |
	"${gone[@]}" "${uri[hm-lost]}" 2>/dev/null |
	until_true 20 grep -q '"type":"sent"' "$work/gone.journal" 2>/dev/null
same "a result that nobody has read is not delivered" \
	"$(jq -r .type "$work/gone.journal" | xargs)" "command sent result"
sed -i 's/"state":"unknown","error":"[a-z_]*"/"state":"failed","error":"closed"/' \
	"$work/gone.journal"
"${gone[@]}" -1 "${uri[modbus]}" </dev/null >"$work/gone" 2>/dev/null
same "... but by the next hm-poll, whose status it does not change" \
	"$? $(jq -r 'select(.type == "result").state' "$work/gone")" "0 failed"

# A breaker that is open.
mkfifo "$work/later"
exec 7<>"$work/later"
hm-poll --control --control-journal "$work/broken.journal" --period 5 \
	--retries 0 --breaker-threshold 1 --stats-period 0 "${uri[nobody]}" \
	<"$work/later" >"$work/broken" 2>/dev/null &
broken=$!
pids+=("$broken")
until_true 10 grep -q '"breaker":"open"' "$work/broken"
echo '{"type":"command","action":"turn_off"}' >&7
until_true 10 grep -q '"type":"result"' "$work/broken"
same "no order goes to a DTU whose breaker is open" \
	"$(jq -r 'select(.type == "result") | .state, .error' "$work/broken" |
		xargs)" "failed unreachable"
kill "$broken"

# A running hm-poll: the end of stdin does not end it, other lines pass, one
# journal belongs to one process.
run=(hm-poll --control --control-journal "$work/journal" --period 5
	--read-timeout 1 --stats-period 1 "${uri[modbus]}#barn" "${uri[hm]}#roof")
{ printf '%s\n' '{"type":"x", "n":1.50}' 'no record' \
	'{"type":"command","id":"w","action":"turn_on"}'; } |
	"${run[@]}" >"$work/run" 2>"$work/run.err" &
pids+=($!)
running=$!
frames_of_barn() {
	[ "$(jq -r 'select(.type == "frame" and .dtu == "barn").time' \
		"$work/run" | sort -u | wc -l)" -ge 2 ]
}
check "the end of stdin does not end hm-poll" until_true 20 frames_of_barn
same "a line that is no command is passed on" \
	"$(grep '"type":"x"' "$work/run")" '{"type":"x", "n":1.50}'
same "a command must name one of several DTUs" \
	"$(jq -r 'select(.type == "result") | .error, .text' "$work/run" | xargs)" \
	"no_dtu it names no DTU, allowed are barn roof"
printf '{"type":"command","action":"turn_on","dtu":"barn"}\n' |
	hm-poll -1 --control --control-journal "$work/journal" --stats-period 0 \
		"${uri[modbus]}#barn" >"$work/second" 2>/dev/null
same "another hm-poll cannot use the same journal" \
	"$? $(jq -r 'select(.type == "result").error' "$work/second")" \
	"65 journal"
kill "$running" && wait "$running"

# A stop before hm-poll has read its commands: none is carried out.
mkfifo "$work/rest"
exec 7<>"$work/rest"
hm-poll --control --control-journal "$work/rest.journal" --stats-period 0 \
	"${uri[modbus]}" <"$work/rest" >"$work/rest.out" 2>/dev/null &
stopped=$!
pids+=("$stopped")
until_true 20 grep -q '"type":"frame"' "$work/rest.out"
kill -STOP "$stopped"
for percent in 31 32 33; do
	echo '{"type":"command","action":"limit","percent":'$percent'}' >&7
done
kill -TERM "$stopped"
kill -CONT "$stopped"
wait "$stopped"
same "commands that wait in the pipe at a stop are refused" \
	"$? $(jq -r 'select(.type == "result") | .state' "$work/rest.out" |
		xargs)" "0 refused refused refused"
same "... and pass as records" "$(grep -c '"type":"command"' "$work/rest.out")" 3
exec 7>&-

# kill -9 at random moments, with a pipe that outlives hm-poll.
mkfifo "$work/in"
exec 6<>"$work/in"
touch "$work/all"
taken=$(counter orders modbus.sim)
for turn in $(seq 8); do
	printf '{"type":"command","id":"k%s","time":"%s","dtu":"barn",%s}\n' \
		"$turn" "$(date -u +%FT%TZ)" \
		"\"action\":\"limit_temporary\",\"percent\":$((turn + 20))" >&6
	HM_DURABLE=1 hm-poll --control --control-journal "$work/kills" --period 5 \
		--control-max-age 20 --read-timeout 1 --stats-period 0 \
		"${uri[modbus]}#barn" <"$work/in" >>"$work/all" 2>/dev/null &
	victim=$!
	pids+=("$victim")
	sleep "0.$((RANDOM % 10))"
	[ $((turn % 3)) -gt 0 ] || sleep 2
	{ kill -9 "$victim" && wait "$victim"; } 2>/dev/null
done
HM_DURABLE=1 hm-poll --control --control-journal "$work/kills" --period 5 \
	--read-timeout 1 --stats-period 0 "${uri[modbus]}#barn" <"$work/in" \
	>>"$work/all" 2>/dev/null &
pids+=($!)
all_final() {
	[ "$(grep '^{.*}$' "$work/all" | finals /dev/stdin | wc -l)" -eq 8 ]
}
check "every command has a final result after 8 kills" until_true 60 all_final
same "... and only one" \
	"$(grep '^{.*}$' "$work/all" | finals /dev/stdin | sort -u)" 1
for _ in 1 2; do
	grep '^{"type":"\(command\|result\)".*}$' "$work/all" | hm-store \
		-d "$work/kills.db" --stats-period 0 >/dev/null 2>"$work/kills.err"
done
same "... which the database has, too" "$(sqlite3 "$work/kills.db" "SELECT
	count(*), count(seconds), min(action) FROM orders") $(cat "$work/kills.err")" \
	"8|8|limit_temporary "
count=$(grep -c '"type":"stats"' "$work/modbus.sim")
more_stats() {
	[ "$(grep -c '"type":"stats"' "$work/modbus.sim")" -gt "$((count + 1))" ]
}
until_true 10 more_stats
same "no order was sent twice" \
	"$(jq -r 'select(.type == "sent").id' "$work/kills" | sort | uniq -d)" ""
check "... as the DTU has seen it" [ "$(($(counter orders modbus.sim) -
	taken))" -le "$(jq -r 'select(.type == "sent").id' "$work/kills" |
	sort -u | wc -l)" ]
printf '{"type":"command","action":"turn_on","dtu":"barn"}\n' >&6
check "such a pipe needs commands with an id and a time" until_true 20 grep -q \
	'"error":"invalid","text":"it has no id' "$work/all"
restored() {
	jq -es 'any(.state == "done" and .percent == 100)' "$work/watch" >/dev/null
}
check "the limit of control_restore comes back" until_true 60 restored
same "... as a command of its own" \
	"$(jq -r 'select(.type == "command").from' "$work/watch" | xargs)" \
	"stdin control_restore"
finish
