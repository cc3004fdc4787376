#!/bin/bash
# What `make run` does: readings within 10 s, a clean end, nothing left.
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
check "of DTUs of both kinds" until_true 5 has dtu 2

kill -INT -- "-$runner"
check "Ctrl-C ends it" until_true 10 sh -c "! kill -0 $runner 2>/dev/null"
same "in a pipe they are NDJSON" "$(jq -c . "$work/out" | wc -l)" \
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
same "nothing was said on stderr but what it does" \
	"$(grep -v '^run: ' "$work/err")" ""

"$run" >"$work/out" 2>"$work/err" &
runner=$!
pids+=("$runner")
check "it starts again" until_true 10 has port 32
kill -TERM "$runner"
check "SIGTERM to it alone ends it" until_true 10 \
	sh -c "! kill -0 $runner 2>/dev/null"
same "no process is left then either" "$(left)" ""

"$run" 2>/dev/null | head -n 3 >"$work/out"
same "| head ends it" "$(wc -l <"$work/out")" 3
nothing_left() {
	[ -z "$(left)" ]
}
check "no process is left then either" until_true 10 nothing_left

# Without --foreground timeout sends SIGCONT, too, and that can hang the leak
# check of a sanitized hm-poll for good.
HM_RUN_TEST=$$ COMM_RETRIES=0 DTU_HOST=modbus://127.0.0.1:1 timeout --foreground 5 "$run" \
	>"$work/out" 2>"$work/err" &
pids+=($!)
check "DTU_HOST is read instead of the simulator" until_true 4 \
	has status 1
check "without a broker it says so" grep -q 'no MQTT_BROKER' "$work/err"
wait $!
finish
