#!/bin/bash
# pipelines/run, which `make run` starts: readings within 10 s, and at the end
# no process and no file is left.
# shellcheck source=tests/lib/lib.sh
. "$(dirname "$0")/../lib/lib.sh"

run=$(cd "$(dirname "$0")/../../pipelines" && pwd)/run
export HM_RUN_TEST=$$

unset DTU_HOST HM_CONFIG MQTT_BROKER
setsid "$run" >"$work/out" 2>"$work/err" &
runner=$!
pids+=("$runner")

has() {
	[ "$(grep -c "\"type\":\"$1\"" "$work/out")" -ge "$2" ]
}
check "readings within 10 s" until_true 10 has port 32
check "... of both DTUs" until_true 5 has dtu 2

kill -INT -- "-$runner"
check "Ctrl-C ends it" until_true 10 sh -c "! kill -0 $runner 2>/dev/null"
same "in a pipe the readings are NDJSON" "$(jq -c . "$work/out" | wc -l)" \
	"$(wc -l <"$work/out")"
left() {
	grep -lz "^HM_RUN_TEST=$$\$" /proc/[0-9]*/environ 2>/dev/null |
		cut -d/ -f3 | while read -r pid; do
		case $(ps -o comm= -p "$pid") in
		hm-* | mosquitto) echo "$pid" ;;
		esac
	done
}
same "no process is left" "$(left)" ""
same "no directory is left" \
	"$(find "$(dirname "$run")/../build" -maxdepth 1 -name 'run.*')" ""
same "stderr has only its own messages" \
	"$(grep -v '^run: ' "$work/err")" ""

"$run" >"$work/out" 2>"$work/err" &
runner=$!
pids+=("$runner")
check "it starts again" until_true 10 has port 32
kill -TERM "$runner"
check "SIGTERM to the script alone ends it" until_true 10 \
	sh -c "! kill -0 $runner 2>/dev/null"
same "... and no process is left" "$(left)" ""

"$run" 2>/dev/null | head -n 3 >"$work/out"
same "| head ends it" "$(wc -l <"$work/out")" 3
nothing_left() {
	[ -z "$(left)" ]
}
check "... and no process is left" until_true 10 nothing_left

# Without --foreground timeout also sends SIGCONT, and the leak check of a
# sanitized hm-poll can then hang for ever.
HM_RUN_TEST=$$ COMM_RETRIES=0 DTU_HOST=modbus://127.0.0.1:1 timeout --foreground 5 "$run" \
	>"$work/out" 2>"$work/err" &
pids+=($!)
check "with DTU_HOST it reads that DTU, not the simulator" until_true 4 \
	has status 1
check "... and says that there is no broker" grep -q 'no MQTT_BROKER' \
	"$work/err"
wait $!
finish
