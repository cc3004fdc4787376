#!/bin/bash
# A real Prometheus scrapes the running chain and answers a query for each of
# its metrics.
# shellcheck source=tests/lib/lib.sh
. "$(dirname "$0")/../lib/lib.sh"
unset HM_CONFIG DTU_HOST DATABASE_PATH
port=$(free_port)
prometheus_port=$(free_port)
while [ "$prometheus_port" = "$port" ]; do prometheus_port=$(free_port); done

start_sim plant --transport hm,modbus --inverters 2 --inputs 2 --meter
broker_port=$(free_port)
start_broker "$broker_port"
{
	hm-poll --period 5 --stats-period 1 --log-level CRITICAL \
		"${uris[0]}#roof" "${uris[1]}#barn" \
		"modbus://127.0.0.1:1#gone" &
	echo $! >"$work/poll.pid"
	wait
} | hm-decode --stats-period 1 |
	hm-filter -d "$work/hm.db" --stats-period 1 |
	hm-alert --alerts --stats-period 1 |
	hm-store -d "$work/hm.db" --stats-period 1 --store-delay 0.5 |
	hm-ha-discovery --stats-period 1 |
	hm-publish --mqtt-broker 127.0.0.1 --mqtt-port "$broker_port" \
		--stats-period 1 |
	hm-metrics --port "$port" -d "$work/hm.db" --stats-period 1 \
		>"$work/out" 2>"$work/err" &
chain=$!

cat >"$work/prometheus.yml" <<EOF
global:
  scrape_interval: 1s
scrape_configs:
  - job_name: hoymiles
    static_configs:
      - targets: ["127.0.0.1:$port"]
EOF
prometheus --config.file="$work/prometheus.yml" \
	--storage.tsdb.path="$work/tsdb" --log.level=error \
	--web.listen-address="127.0.0.1:$prometheus_port" \
	>"$work/prometheus.log" 2>&1 &
pids+=($!)

query() {
	curl -s --max-time 5 --get --data-urlencode "query=$1" \
		"http://127.0.0.1:$prometheus_port/api/v1/query"
}

value() {
	query "$1" | jq -r '.data.result[0].value[1] // empty'
}

is_up() {
	[ "$(value 'up{job="hoymiles"}')" = 1 ]
}

# Two DTUs are up, the third is known, and every tool has stats.
is_whole() {
	[ "$(value 'sum(hoymiles_up)')" = 2 ] &&
		[ "$(value 'count(hoymiles_up)')" = 3 ] &&
		[ "$(value 'count(hoymiles_tool_uptime_seconds)')" = 7 ] &&
		[ "$(value 'sum(hoymiles_mqtt_published_total) > bool 0')" = 1 ]
}

check "Prometheus scrapes the chain" until_true 20 is_up
check "... and sees both DTUs and all tools" until_true 20 is_whole
curl -s --max-time 5 "http://127.0.0.1:$port/metrics" >"$work/metrics"
same "promtool has no complaint about the metrics" \
	"$(promtool check metrics <"$work/metrics" 2>&1; echo $?)" 0

# The names of samples: a histogram has three.
sed -n 's/^\([a-z_]*\)[{ ].*/\1/p' "$work/metrics" | sort -u >"$work/names"
curl -s --max-time 5 \
	"http://127.0.0.1:$prometheus_port/api/v1/label/__name__/values" |
	jq -r '.data[]' | sort >"$work/stored"
same "it keeps every one" "$(comm -23 "$work/names" "$work/stored")" ""
same "it answers a query for each" "$(while read -r name; do
	[ -n "$(value "$name")" ] || echo "$name"
done <"$work/names")" ""
check "... more than 80" [ "$(wc -l <"$work/names")" -gt 80 ]
same "the DTU that does not answer is down" \
	"$(value 'hoymiles_up{dtu="gone"}')" 0
same "... because it refused" \
	"$(value 'hoymiles_poll_errors_total{dtu="gone",reason="refused"} > bool 0')" 1
same "a sum of inputs is the DTU's power" "$(value \
	'abs(sum by (dtu) (hoymiles_pv_power_watts{dtu="roof"}) - on (dtu) hoymiles_dtu_pv_power_watts) < bool 1')" 1
same "the metrics have types" "$(curl -s --max-time 5 \
	"http://127.0.0.1:$prometheus_port/api/v1/metadata" |
	jq -c '.data | [.hoymiles_polls_total, .hoymiles_polls,
	.hoymiles_up] | map(.[0]?.type // empty)')" '["counter","gauge"]'
kill -TERM "$(cat "$work/poll.pid")"
wait "$chain"
same "the chain ends with 0" $? 0
same "... and hm-metrics logs nothing" "$(cat "$work/err")" ""
finish
