#!/bin/bash
# hm-metrics: its metrics of a stream in a file and over HTTP, its JSON and
# events, and how it treats good, bad, slow and many clients.
# shellcheck source=tests/lib/lib.sh
. "$(dirname "$0")/../lib/lib.sh"
unset HM_CONFIG DTU_HOST DATABASE_PATH TIMEZONE TZ
data=$(cd "$(dirname "$0")/../data" && pwd)

# Only metrics that do not depend on the machine and the time.
steady() {
	grep -v ' process_\|^process_\|_build_info\|hoymiles_build'
}

metrics() {
	hm-metrics --stats-period 0 "$@"
}

# Start hm-metrics with HTTP; it reads what the test writes to descriptor 7.
start() {
	port=$(free_port)
	rm -f "$work/in"
	mkfifo "$work/in"
	exec 7<>"$work/in"
	hm-metrics --port "$port" "$@" <"$work/in" >"$work/out" \
		2>"$work/err" 7>&- &
	server=$!
	pids+=("$server")
	until_true 5 listening "$port"
}

stop() {
	kill -TERM "$server"
	wait "$server"
	status=$?
	exec 7>&-
}

code() {
	get "$1" -o /dev/null -w '%{http_code}' "${@:2}"
}

now() {
	date -u +%Y-%m-%dT%H:%M:%SZ
}

# shows LINE: whether the metrics have this line.
shows() {
	# Not grep -q, which would end before curl has written all.
	get /metrics | grep -xF "$1" >/dev/null
}

is_absent() {
	! get /metrics | grep -q "$1"
}

# The text file

metrics -t "$work/hm.prom" <"$data/metrics.ndjson" >"$work/out"
same "a stream passes byte for byte" "$? $(cmp "$work/out" \
	"$data/metrics.ndjson" 2>&1)" "0 "
check "the text file has the expected metrics" diff -u "$data/metrics.prom" \
	<(steady <"$work/hm.prom")
same "other users can read it" "$(stat -c %a "$work/hm.prom")" 644
check "node_exporter's own names are not in it" \
	[ "$(grep -c process_ "$work/hm.prom")" = 0 ]
same "no temporary file is left beside it" \
	"$(cd "$work" && ls hm.prom*)" hm.prom
ln "$work/hm.prom" "$work/before"
metrics -t "$work/hm.prom" </dev/null
check "it is replaced, not written into" \
	[ "$(stat -c %i "$work/hm.prom")" != "$(stat -c %i "$work/before")" ]
same "... for an empty stream by a file without DTUs" \
	"$(grep -c '^hoymiles_up' "$work/hm.prom") $(
	grep -c '^hoymiles_build_info' "$work/hm.prom")" "0 1"
same "... and no counter of commands, since there were none" \
	"$(grep -c command "$work/hm.prom")" 0
check "... and a process that has the old file open can read it" \
	grep -q hoymiles_up "$work/before"
metrics -t "$work/none/hm.prom" <"$data/metrics.ndjson" >"$work/out" \
	2>"$work/err"
same "a text file that cannot be written ends with 74" $? 74
same "... says so in one line" "$(cat "$work/err")" \
	"hm-metrics: error: cannot write $work/none/hm.prom: No such file or directory"
check "... and the stream has passed" cmp "$work/out" "$data/metrics.ndjson"
metrics --dtu-host 127.0.0.1 -t "$work/hm.prom" </dev/null
check "a DTU in the settings is down until it answers" \
	grep -qxF 'hoymiles_up{dtu="DTU"} 0' "$work/hm.prom"

# Legacy names

metrics --legacy -t "$work/old.prom" <"$data/metrics.ndjson" >/dev/null
for line in 'hoymiles_queries_total{dtu_name="roof",status="success"} 1' \
	'hoymiles_dtu_available{dtu_name="shed"} 0' \
	'hoymiles_query_errors_total{dtu_name="shed",error_type="refused"} 1' \
	'hoymiles_circuit_breaker_state{dtu_name="shed"} 1' \
	'hoymiles_inverter_power_watts{serial_number="116154403054",port="1"} 395.9' \
	'hoymiles_inverter_temperature_celsius{serial_number="138278874662"} -7.5' \
	'hoymiles_inverter_status{serial_number="114155777257"} 3' \
	'hoymiles_today_production_wh{dtu_name="roof"} 2842' \
	'hoymiles_total_production_wh{dtu_name="roof"} 961211'; do
	check "legacy: ${line%%\{*}" grep -qxF "$line" "$work/old.prom"
done
named() {
	grep '^# TYPE' "$1" | cut -d ' ' -f 3 | sort
}
same "... beside all other metrics" "$(comm -23 <(named "$data/metrics.prom") \
	<(named "$work/old.prom"))" ""

# HTTP: the same

start --stats-period 0
cat "$data/metrics.ndjson" >&7
until_true 5 shows 'hoymiles_up{dtu="roof"} 1'
until_true 5 shows 'hoymiles_mqtt_messages_total{message_type="state"} 1'
check "over HTTP the metrics are the same as in the file" diff -u \
	<(grep -v 'metrics_lines' "$data/metrics.prom") \
	<(get /metrics | steady | grep -v 'hoymiles_http_\|metrics_lines')
get /metrics -H 'Accept: application/openmetrics-text; version=1.0.0' \
	>"$work/open"
same "OpenMetrics ends with # EOF" "$(tail -n 1 "$work/open")" "# EOF"
check "... and has the same samples" diff \
	<(get /metrics | grep -v '^#\|^process_\|_http_') \
	<(grep -v '^#\|^process_\|_http_' "$work/open")
check "... counters without _total in their description" \
	grep -qx '# TYPE hoymiles_polls counter' "$work/open"
check "... units" grep -qx \
	'# UNIT hoymiles_pv_energy_joules joules' "$work/open"
check "... and info" grep -qx '# TYPE hoymiles_inverter info' "$work/open"
same "each has its content type" "$(for accept in '*/*' \
	'application/openmetrics-text'; do
	get /metrics -o /dev/null -H "Accept: $accept" -w '%{content_type};'
done)" "text/plain; version=0.0.4; charset=utf-8;application/openmetrics-text; version=1.0.0; charset=utf-8;"

# JSON

same "/health has the keys of hoymiles-mqtt" "$(get /health | jq -c '
	[keys_unsorted, (.dtus | keys), (.dtus.shed | keys_unsorted),
	(.mqtt | keys_unsorted)]')" '[["healthy","uptime_seconds","start_time","dtus","mqtt"],["barn \"\\ north","roof","shed"],["status","last_successful_query","seconds_since_last_success","query_count","error_count","last_error","last_error_time","breaker","retry_at"],["messages_published","errors"]]'
same "... and values of these kinds" "$(get /health | jq -c '
	[.healthy, .dtus.roof.status, .dtus.roof.last_successful_query,
	.dtus.roof.query_count, .dtus.roof.last_error, .dtus.shed.status,
	.dtus.shed.last_successful_query, .dtus.shed.error_count,
	.dtus.shed.last_error, .dtus.shed.last_error_time,
	.mqtt.messages_published]')" '[true,"online","2026-06-21T10:00:00Z",1,null,"error",null,1,"refused: Connection refused","2026-06-21T10:00:00Z",280]'
same "... 200" "$(code /health)" 200
same "/api/inverters" "$(get /api/inverters | jq -c '[.[] |
	[.serial_number, .dtu_name, .inverter_type, .metadata, .temperature,
	.grid_voltage, .operating_status, [.ports[] | .port_number]]]')" '[["116154403054","roof","HM-1500",{"firmware":"V01.00.12","hardware":"H00.04.00"},37.5,230.1,null,[1,2]],["138278874662","roof","HMT-1800/2250-6T",null,-7.5,null,null,[]],["114155777257","barn \"\\ north","HM-600/700/800",null,37.3,230,3,[1]]]'
same "/api/inverters/SERIAL" "$(get /api/inverters/114155777257 |
	jq -c '[.serial_number, .ports[0].pv_power]')" '["114155777257",376.8]'
same "/api/inverters/SERIAL/ports" \
	"$(get /api/inverters/116154403054/ports | jq -c '[.[] |
	[.serial_number, .port_number, .pv_voltage]]')" \
	'[["116154403054",1,36.6],["116154403054",2,36.1]]'
same "/api/ports" "$(get /api/ports | jq -c 'length')" 3
same "/api/production/current" "$(get /api/production/current |
	jq -c '.[0]')" '{"serial_number":"116154403054","port_number":1,"today_production":1485,"total_production":821557}'
same "404 for an unknown inverter" "$(code /api/inverters/1) $(
	code /api/inverters/1/ports)" "404 404"
same "503 for a history without a database" \
	"$(code /api/inverters/116154403054/history)" 503
same "... with the reason in JSON" \
	"$(get /api/inverters/116154403054/history |
	jq -r .error)" \
	"there is no database with a history; see database_path and hm-store"
same "/stats without a database" "$(get /stats | jq -c '[.database_path,
	.database_size_bytes, .production_cache_entries,
	.config_cache_entries, .metrics_entries, .tools["hm-poll"].polls]')" \
	"[null,null,null,null,null,61]"
same "/api/plant" "$(get /api/plant | jq -c '[.watts, .today, .total,
	(.dtus | length), (.units | length), (.alarms | length)]')" \
	"[1134.7,4256,1716237,3,3,4]"

# Requests

for method in POST PUT DELETE OPTIONS TRACE; do
	same "$method" "$(code /metrics -X $method)" 405
done
same "405 has the allowed methods" "$(get / -X POST -D - -o /dev/null |
	tr -d '\r' | grep '^Allow')" "Allow: GET, HEAD"
same "HEAD has the header" "$(get /health -I | tr -d '\r' |
	grep -c '^Content-Length: [1-9]\|^Cache-Control: no-store')" 2
for path in /x /metrics/ //metrics /../etc/passwd /%2e%2e/etc/passwd \
	/api /api/inverters/ /api/inverters/a/b /api/inverters/%00 /livez/..; do
	same "404 for $path" "$(code "$path" --path-as-is)" 404
done
same "400 for wrong limits" "$(for limit in 0 1001 -1 x '' 1e9; do
	code "/api/inverters/116154403054/history?limit=$limit"; done)" \
	400400400400400400
same "431 for a header that is too long" "$(code /metrics \
	-H "X: $(head -c 20000 /dev/zero | tr '\0' x)")" 431
same "a query changes nothing" "$(code '/metrics?x=1&y')" 200
junk() {
	exec 8<>"/dev/tcp/127.0.0.1/$port"
	printf 'junk\r\n\r\n' >&8
	timeout 5 cat <&8 >/dev/null
	junk=$?
	exec 8>&-
}
junk
same "junk ends its connection" $junk 0
check "the page may run its own script only" grep -q \
	"^Content-Security-Policy: default-src 'none'; script-src 'sha256-" \
	<(get / -I)
check "the page has no address of another server" bash -c \
	"! grep -q 'https\?://[^w]' <(curl -s http://127.0.0.1:$port/)"

# Events

timeout 4 curl -sN "http://127.0.0.1:$port/events" >"$work/events" &
events=$!
pids+=("$events")
until_true 3 grep -q . "$work/events"
echo '{"type":"dtu","time":"2026-06-21T10:01:00Z","dtu":"roof","pv_power":1}' >&7
heard() {
	[ "$(grep -c '^data: ' "$work/events")" -ge 2 ]
}
check "a change is an event" until_true 3 heard
same "... with the plant in it" "$(sed -n 's/^data: //p' "$work/events" |
	tail -n 1 | jq .watts)" 377.8
kill "$events"
wait "$events" 2>/dev/null
check "a listener that goes is not counted" until_true 4 shows \
	'hoymiles_http_listeners 0'
listeners=()
for _ in $(seq 17); do
	timeout 5 curl -sN -o /dev/null -w '%{http_code}\n' \
		"http://127.0.0.1:$port/events" >>"$work/codes" &
	listeners+=($!)
done
check "of 17 listeners one is refused" until_true 4 grep -qx 503 \
	"$work/codes"
stop
same "SIGTERM ends it while there are listeners" $status 0
for pid in "${listeners[@]}"; do
	wait "$pid"
done
same "... and closes their connections" \
	"$(sort "$work/codes" | uniq -c | xargs)" \
	"16 200 1 503"
same "... silently" "$(cat "$work/err")" ""

# Readings come and go

start --stats-period 0.2 --dtu-host 127.0.0.1
same "not ready until every DTU was polled" "$(code /ready) $(get /ready)" \
	"503 every DTU polled once: failed"
same "... but alive" "$(code /livez) $(get /livez)" "200 OK"
same "... and /health has the DTU" \
	"$(get /health | jq -c '.dtus.DTU.status')" '"unknown"'
reading() {
	printf '{"type":"%s","time":"%s","dtu":"DTU","serial":"1164","port":1,%s}\n' \
		"$1" "$(now)" "$2" >&7
}
reading port '"pv_power":5,"pv_voltage":30'
reading dtu '"pv_power":5,"took_ms":300'
check "a reading is shown" until_true 2 shows \
	'hoymiles_pv_power_watts{dtu="DTU",inverter="1164",port="1"} 5'
same "... and it is ready" "$(code /ready) $(get /ready)" "200 OK"
same "... with each check" "$(get '/ready?verbose')" "configuration: ok
database: ok
every DTU polled once: ok"
reading port '"pv_voltage":30'
check "a field that the next record lacks is not shown" until_true 2 is_absent \
	'^hoymiles_pv_power_watts'
reading port '"pv_power":7,"stale":true'
reading dtu '"pv_power":7,"stale":true'
sleep 0.3
check "a stale record changes nothing" is_absent '^hoymiles_pv_power_watts'
status() {
	printf '{"type":"status","time":"%s","dtu":"DTU","state":"%s","breaker":"%s","failures":%s%s}\n' \
		"$(now)" "$1" "$2" "$3" "${4-}" >&7
}
status offline closed 1 ',"error":"timeout_read","text":"no reply"'
check "readings of an offline DTU are not shown" until_true 2 is_absent \
	'^hoymiles_pv_\|^hoymiles_dtu_pv'
check "... it is down" shows 'hoymiles_up{dtu="DTU"} 0'
check "... and the error is counted" shows \
	'hoymiles_poll_errors_total{dtu="DTU",reason="timeout_read"} 1'
status offline open 5 ',"error":"refused","retry_at":"2026-06-21T10:05:00Z"'
is_open() {
	[ "$(get /health | jq -c '.dtus.DTU | [.breaker, .retry_at]')$(
		get /api/plant | jq -c '.dtus[0] | [.breaker, .retry_at]')" = \
		"$1$1" ]
}
check "an open breaker is in /health and on the page" until_true 3 is_open \
	'["open","2026-06-21T10:05:00Z"]'
status offline half_open 5 ',"error":"refused"'
check "failures without a record are counted" until_true 2 shows \
	'hoymiles_polls_total{dtu="DTU",result="failure"} 5'
check "... the start of a probe is not a failure" shows \
	'hoymiles_poll_errors_total{dtu="DTU",reason="refused"} 4'
check "the breaker is shown" until_true 2 shows \
	'hoymiles_breaker_state{dtu="DTU",state="half_open"} 1'
reading port '"pv_power":8'
check "the next reading is shown" until_true 2 shows \
	'hoymiles_pv_power_watts{dtu="DTU",inverter="1164",port="1"} 8'
echo "{\"type\":\"stats\",\"time\":\"$(now)\",\"tool\":\"hm-poll\",\"polls\":1}" >&7
hears_poll() {
	get '/livez?verbose' | grep -qx 'hm-poll: ok'
}
is_silent() {
	[ "$(code /livez)" = 503 ]
}
check "a tool is alive while its stats come" until_true 2 hears_poll
check "when they stop, /livez fails" until_true 3 is_silent
same "... and names the tool" "$(get /livez)" "hm-poll: failed"
same "... but /health does not fail" "$(code /health)" 200
stop
same "it ends with 0" $status 0

# With a database of hm-store

port_line() {
	printf '{"type":"inverter","time":"2026-06-21T10:0%s:00Z","dtu":"roof","serial":"1164","temperature":%s}\n' \
		"$1" "$2"
}
for minute in 1 2 3; do port_line $minute 3$minute; done |
	hm-store --stats-period 0 -d "$work/hm.db" >/dev/null 2>"$work/err"
start --stats-period 0 -d "$work/hm.db"
same "the history of an inverter, newest first" \
	"$(get '/api/inverters/1164/history?limit=2' |
	jq -c '[.[] | [.timestamp, .temperature]]')" \
	'[["2026-06-21T10:03:00Z",33],["2026-06-21T10:02:00Z",32]]'
same "/stats with a database" "$(get /stats | jq -c '[.database_path,
	(.database_size_bytes > 0), .inverter_data_entries]')" \
	"[\"$work/hm.db\",true,3]"
same "/ready with a database" "$(get /ready)" OK
stop

# Starts that fail

port=$(free_port)
hm-metrics --port "$port" <"$work/in" 7>&- >/dev/null 2>&1 &
pids+=($!)
exec 7<>"$work/in"
until_true 5 listening "$port"
same "status 71 for a port in use" "$(metrics --port "$port" </dev/null \
	2>"$work/err"; echo $?)" 71
same "... is named" "$(cat "$work/err")" \
	"hm-metrics: error: cannot serve HTTP on 127.0.0.1 port $port: Address already in use; see --listen and --port"
exec 7>&-
same "... and an unknown address" "$(metrics --listen no.such.invalid \
	</dev/null 2>/dev/null; echo $?)" 71
same "... and an address of another machine" "$(metrics --listen 192.0.2.1 \
	</dev/null 2>/dev/null; echo $?)" 71
same "it listens on IPv6, if the machine has it" \
	"$(if [ -e /proc/net/if_inet6 ] &&
	grep -q ' lo$' /proc/net/if_inet6; then
	metrics --listen ::1 --port "$(free_port)" </dev/null; fi; echo $?)" 0
same "without health and metrics it needs no port" "$(metrics --no-health \
	--no-metrics --port "$port" </dev/null 2>&1; echo $?)" 0
start --stats-period 0 --no-health
same "no health" "$(code /health) $(code /) $(code /api/ports) $(
	code /metrics)" "404 404 404 200"
stop
start --stats-period 0 --no-metrics
same "no metrics" "$(code /metrics) $(code /health)" "404 200"
stop

# Many slow clients

start --stats-period 0
"$HM_BUILD/helper/http_load" "$port" /metrics 1000 10 4 >"$work/load" &
load=$!
pids+=("$load")
sleep 1.5
slowest=0
for _ in 1 2 3 4 5 6 7 8; do
	ms=$(get /livez -o /dev/null -w '%{time_total}' | tr -d .)
	[ "$((10#$ms))" -le "$slowest" ] || slowest=$((10#$ms))
	sleep 0.1
done
check "with 1,000 slow connections a request is fast ($slowest us)" \
	[ "$slowest" -lt $((1000000 * $(patience))) ]
check "... there are at most 256 connections" [ "$(get /metrics |
	sed -n 's/^hoymiles_http_connections //p')" -le 256 ]
wait "$load"
same "... and no request fails" "$(grep -c 'failures 0,' "$work/load")" 1
stop

# Few file descriptors, and a fast stream

start_with_few() {
	ulimit -n 64
	start --stats-period 0
}
start_with_few
"$HM_BUILD/helper/http_load" "$port" /livez 40 10 2 >"$work/load" &
load=$!
pids+=("$load")
sleep 1
has_few_connections() {
	[ "$(get /metrics | sed -n 's/^hoymiles_http_connections //p')" -le 16 ]
}
# A request may be one of those that are closed.
check "with few descriptors there are few connections" \
	until_true 5 has_few_connections
wait "$load"
same "... and no request fails" "$(grep -c 'failures 0,' "$work/load")" 1
stop

port=$(free_port)
yes '{"type":"port","dtu":"roof","serial":"1164","port":1,"pv_power":5}' |
	hm-metrics --stats-period 0 --port "$port" >/dev/null 2>&1 &
flooded=$!
pids+=("$flooded")
until_true 5 listening "$port"
sleep 0.5
check "it answers during a fast stream" shows \
	'hoymiles_pv_power_watts{dtu="roof",inverter="1164",port="1"} 5'
ms=$(get /health -o /dev/null -w '%{time_total}' | tr -d .)
check "... soon ($((10#$ms)) us)" [ "$((10#$ms))" -lt 500000 ]
finish
