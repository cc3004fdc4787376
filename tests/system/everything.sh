#!/bin/bash
# pipelines/everything, the whole chain, and pipelines/cron-history.
# shellcheck source=tests/lib/lib.sh
. "$(dirname "$0")/../lib/lib.sh"

pipelines=$(cd "$(dirname "$0")/../../pipelines" && pwd)
port=$(free_port)
page=$(free_port)
start_broker "$port"
start_sim plant --transport hm,modbus --inverters 2 --inputs 2 --start 12:00
export MQTT_BROKER=127.0.0.1 MQTT_PORT=$port DATABASE_PATH=$work/hm.db
export HEALTH_PORT=$page QUERY_PERIOD=5 LOG_LEVEL=ERROR ALERTS_ENABLED=true
export HM_STORE_DELAY=0.2

# Ctrl-C goes to the whole pipeline.
HM_EVERYTHING=$$ setsid "$pipelines/everything" "${uris[0]}#roof" \
	"${uris[1]}#barn" >"$work/out" 2>"$work/err" &
chain=$!
pids+=("$chain")
in_database() {
	[ "$(sqlite3 -cmd '.timeout 2000' "$DATABASE_PATH" \
		'SELECT count(*) FROM latest')" -eq 8 ]
}
check "both DTUs are in the database" until_true 15 in_database
check "... and at the broker" timeout 10 mosquitto_sub -h 127.0.0.1 -p "$port" -C 20 \
	-t 'homeassistant/#'
ready() {
	curl -sf "http://127.0.0.1:$page/ready"
}
check "the chain is ready" until_true 15 ready
published() {
	[ "$(curl -s "http://127.0.0.1:$page/health" |
		jq .mqtt.messages_published)" -gt 20 ]
}
check "/health counts messages before the period of stats" until_true 5 \
	published
same "the metrics have the memory of every tool before hm-metrics" \
	"$(pkill -USR1 -s "$chain" hm-; sleep 0.5
		curl -s "http://127.0.0.1:$page/metrics" |
		grep -c "^hoymiles_tool_resident_memory_bytes")" 7
curl -s "http://127.0.0.1:$page/metrics" >"$work/metrics"
same "DTUs are up in the metrics" \
	"$(grep '^hoymiles_up' "$work/metrics" | sort | tr '\n' ' ')" \
	'hoymiles_up{dtu="barn"} 1 hoymiles_up{dtu="roof"} 1 '
kill -INT -- "-$chain"
check "Ctrl-C ends it" until_true 10 sh -c "! kill -0 $chain 2>/dev/null"
wait "$chain" 2>/dev/null
same "... and no process is left" "$(grep -lz "^HM_EVERYTHING=$$\$" \
	/proc/[0-9]*/environ 2>/dev/null | wc -l)" 0
same "... with complete hourly rollups" "$(sqlite3 "$DATABASE_PATH" \
	'SELECT (SELECT sum(samples) FROM port_hourly) -
	(SELECT count(*) FROM port), count(*) FROM rollup_due')" "0|0"
same "... and nothing on stderr" "$(cat "$work/err")" ""

export HM_LOCK=$work/lock HM_METRICS_TEXTFILE=$work/hm.prom
export DATABASE_PATH=$work/cron.db
for run in 1 2; do
	"$pipelines/cron-history" "${uris[1]}#barn" 2>>"$work/cron.err"
	same "cron-history ends with 0, run $run" $? 0
	sleep 1
done
same "... with both polls in the database" \
	"$(sqlite3 "$DATABASE_PATH" 'SELECT count(*) FROM dtu')" 2
same "... and the last in the file" \
	"$(grep -c '^hoymiles_pv_power_watts' "$HM_METRICS_TEXTFILE")" 4
same "... and no backup of such a short run" \
	"$(find "$work" -name '*_backup_*')" ""
same "... and nothing on stderr" "$(cat "$work/cron.err")" ""

# A wrong setting ends a pipeline at once.
unset HM_METRICS_TEXTFILE HM_LOCK
wrong() {
	local -a set=()
	while [[ $1 == *=* ]]; do
		set+=("$1")
		shift
	done
	timeout 20 env "${set[@]}" "$pipelines/$1" "${uris[1]}#barn" \
		>"$work/out" 2>"$work/err"
	echo "$? $(cut -d ' ' -f 1-7 "$work/err")"
}
same "everything without a database is refused" \
	"$(wrong DATABASE_PATH= everything)" \
	"78 hm-store: error: no database: set database_path, DATABASE_PATH"
same "poll-to-mqtt without a broker is refused" \
	"$(wrong MQTT_BROKER= poll-to-mqtt | cut -d ' ' -f 1-2)" "78 hm-publish:"
same "poll-to-page with a wrong reset hour is refused" \
	"$(wrong RESET_HOUR=24 poll-to-page | cut -d ' ' -f 1-4)" \
	"78 hm-filter: error: RESET_HOUR:"

# A dry run needs no database. Lines of messages show what would be published.
export DATABASE_PATH=$work/none/dry.db DRY_RUN=true LOG_LEVEL=WARNING
setsid "$pipelines/everything" "${uris[0]}#roof" "${uris[1]}#barn" \
	>"$work/out" 2>"$work/err" &
chain=$!
pids+=("$chain")
check "a dry run without a database is ready" until_true 30 ready
check "... and shows messages" until_true 30 grep -q "would publish" "$work/err"
kill -INT -- "-$chain"
wait "$chain" 2>/dev/null
same "... without an error" "$(grep -v "would publish\|: a period of\|dry run:" \
	"$work/err")" ""
check "... and makes no file" [ ! -e "$work/none" ]
finish
