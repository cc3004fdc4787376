#!/bin/bash
# pipelines/run, which `make run` starts: readings within 10 s, a page, and at
# the end no process and no file is left.
# shellcheck source=tests/lib/lib.sh
. "$(dirname "$0")/../lib/lib.sh"

run=$(cd "$(dirname "$0")/../../pipelines" && pwd)/run
export HM_RUN_TEST=$$

unset DTU_HOST DTU_CONFIGS HM_CONFIG MQTT_BROKER DATABASE_PATH HM_LOCK_DIR
unset LOG_LEVEL
# Other tests may use the port 8080, which run would then not print.
HEALTH_PORT=$(free_port)
export HEALTH_PORT

has() {
	[ "$(grep -c "\"type\":\"$1\"" "$work/out")" -ge "$2" ]
}
said() {
	grep -qx "run: $1" "$work/err"
}
ended() {
	! kill -0 "$runner" 2>/dev/null
}
# The processes that it has left.
left() {
	grep -lz "^HM_RUN_TEST=$$\$" /proc/[0-9]*/environ 2>/dev/null |
		cut -d/ -f3 | while read -r pid; do
		case $(ps -o comm= -p "$pid") in
		hm-* | mosquitto) echo "$pid" ;;
		esac
	done
}
nothing_left() {
	[ -z "$(left)" ]
}
directories() {
	find "$(dirname "$run")/../build" -maxdepth 1 -name 'run.*'
}

setsid "$run" >"$work/out" 2>"$work/err" &
runner=$!
pids+=("$runner")
check "readings within 10 s" until_true 10 has port 32
check "... of both DTUs" until_true 5 has dtu 2
check "the page is named" said "page: http://127\.0\.0\.1:$HEALTH_PORT/"
curl -s "http://127.0.0.1:$HEALTH_PORT/" >"$work/page"
check "... and is there" grep -q '<html' "$work/page"
stored() {
	[ "$(sqlite3 -cmd '.timeout 2000' "$(directories)/hm.db" \
		'SELECT count(*) FROM today')" -eq 32 ]
}
check "the history is in a directory of its own" until_true 20 stored
kill -INT -- "-$runner"
check "Ctrl-C ends it" until_true 20 ended
wait "$runner"
same "... with 0, since no signal reaches a script in the background" $? 0
same "in a pipe the readings are NDJSON" "$(jq -c . "$work/out" | wc -l)" \
	"$(wc -l <"$work/out")"
same "no process is left" "$(left)" ""
same "no directory is left" "$(directories)" ""
locks() {
	grep -o '127\.0\.0\.1:[0-9]*#' "$work/err" | tr ':' '-' |
		while IFS='#' read -r address; do
		find /tmp /run/lock -maxdepth 1 \
			-name "hm-poll-$address.lock" 2>/dev/null
	done
}
same "no lock of a simulated DTU is left" "$(locks)" ""
same "stderr has only its own messages" \
	"$(grep -v '^run: ' "$work/err")" ""

# A page on a port that is taken, a database, misspelt variables.
taken=$HEALTH_PORT
mkfifo "$work/in"
env -u HM_RUN_TEST hm-metrics --stats-period 0 <>"$work/in" \
	>/dev/null 2>&1 &
pids+=($!)
listens() {
	curl -sf "http://127.0.0.1:$taken/livez"
}
check "another process listens on the port" until_true 10 listens
DATABASE_PATH=$work/kept.db DTU_HOTS=hm://192.168.1.50 MQTT_BROKR=192.168.1.2 \
	"$run" >"$work/out" 2>"$work/err" &
runner=$!
pids+=("$runner")
check "it starts again" until_true 10 has port 32
check "... on another port" said "port $taken is taken.*"
page=$(sed -n 's/^run: page: //p' "$work/err")
check "... which it names" test "$page" != "http://127.0.0.1:$taken/"
check "... with the page" grep -q '<html' <(curl -s "$page")
for name in "DTU_HOTS DTU_HOST" "MQTT_BROKR MQTT_BROKER"; do
	same "${name% *} is named once" "$(grep -c "warning: ${name% *}: unknown\
 variable, did you mean ${name#* }?" "$work/err")" 1
done
kill -TERM "$runner"
check "SIGTERM to the script alone ends it" until_true 20 ended
wait "$runner"
same "... with 143" $? 143
same "... and no process is left" "$(left)" ""
same "the database that DATABASE_PATH names is kept" \
	"$(sqlite3 "$work/kept.db" 'SELECT count(*) FROM today')" 32

"$run" 2>/dev/null | head -n 3 >"$work/out"
same "| head ends it" "$(wc -l <"$work/out")" 3
check "... and no process is left" until_true 20 nothing_left

# Ctrl-C in a terminal, as make sees it. In the second round make and the script
# ignore SIGINT, as processes in the background of a script do.
printf 'run:\n\t@"%s"\n' "$run" >"$work/Makefile"
mkfifo "$work/keys"
for signal in --default-signal=INT --ignore-signal=INT; do
	VIEW=lines env "$signal" script -qec "make -f $work/Makefile run" /dev/null <"$work/keys" \
		>"$work/out" 2>&1 &
	runner=$!
	pids+=("$runner")
	exec 5>"$work/keys"
	shows_readings() {
		[ "$(grep -c 'input ' "$work/out")" -ge 32 ]
	}
	check "readings on a terminal, $signal" until_true 15 shows_readings
	printf '\003' >&5
	check "... until Ctrl-C" until_true 20 ended
	exec 5>&-
	same "... which is no error 141" "$(grep -a 'Error' "$work/out" |
		grep -v 'Error 130')" ""
done
check "... and no process is left" until_true 20 nothing_left
same "... and no directory" "$(directories)" ""

# On one screen, which q ends
TERM=xterm script -qec "make -f $work/Makefile run; echo status \$?" /dev/null \
	<"$work/keys" >"$work/out" 2>&1 &
runner=$!
pids+=("$runner")
exec 5>"$work/keys"
shows_screen() {
	grep -qa '4 of 4 inverters' "$work/out" && grep -qa 'q quit' "$work/out"
}
check "one screen on a terminal" until_true 15 shows_screen
printf 'q' >&5
check "... until q" until_true 20 ended
exec 5>&-
check "... with 0" grep -qa 'status 0' "$work/out"
check "... and no process is left" until_true 20 nothing_left
same "... and no directory" "$(directories)" ""
VIEW=all "$run" >"$work/out" 2>&1
same "any other VIEW is refused" "$? $(cat "$work/out")" \
	'64 run: VIEW: found "all", allowed are screen and lines'

# With a DTU. Without --foreground timeout also sends SIGCONT, and the leak
# check of a sanitized hm-poll can then hang for ever.
COMM_RETRIES=0 DTU_HOST=modbus://127.0.0.1:1 DTU_PROT=502 MQTT_BROKR=h \
	timeout --foreground 5 "$run" >"$work/out" 2>"$work/err" &
pids+=($!)
check "with DTU_HOST it reads that DTU, not the simulator" until_true 4 \
	has status 1
check "... and says that there is no broker" said 'no MQTT_BROKER: .*'
check "... and no file for the history" said 'no DATABASE_PATH: .*'
for name in "DTU_PROT DTU_PORT" "MQTT_BROKR MQTT_BROKER"; do
	same "${name% *} is named once" "$(grep -c "warning: ${name% *}: unknown\
 variable, did you mean ${name#* }?" "$work/err")" 1
done
wait $!

# A mistake is reported once, and nothing is started.
QUERY_PERIOD=1 DTU_HOST=hm://127.0.0.1:1 "$run" >"$work/out" 2>"$work/err"
same "a wrong setting ends it" $? 78
same "... with one line" "$(sed 's/^[^:]*: //' "$work/err")" \
	'error: QUERY_PERIOD: found "1", allowed are 5 to 86400 seconds'
MQTT_BROKER=http://h "$run" >"$work/out" 2>"$work/err"
same "so does a wrong address of the broker" $? 78
check "... with one line" grep -qx 'hm-publish: error: mqtt_broker (MQTT_BROKER): found "http://h", allowed are .*' "$work/err"
same "... and no process and no directory are left" "$(left)$(directories)" ""
finish
