#!/bin/bash
# docs/from-hoymiles-mqtt.md: it names everything that hoymiles-mqtt and hoymiles-smiles
# had, and hm has what the page says.
# shellcheck source=tests/lib/lib.sh
. "$(dirname "$0")/../lib/lib.sh"
unset HM_CONFIG DTU_HOST MQTT_BROKER DATABASE_PATH METRICS_ENABLED
root=$(cd "$(dirname "$0")/../.." && pwd)
page=$root/docs/from-hoymiles-mqtt.md

# Everything that they had.
metrics="hoymiles_queries_total hoymiles_query_duration_seconds
	hoymiles_query_errors_total hoymiles_mqtt_messages_total
	hoymiles_mqtt_errors_total hoymiles_dtu_available
	hoymiles_inverter_power_watts hoymiles_inverter_temperature_celsius
	hoymiles_inverter_status hoymiles_dtu_power_watts
	hoymiles_today_production_wh hoymiles_total_production_wh
	hoymiles_mqtt_uptime_seconds hoymiles_smiles_uptime_seconds
	hoymiles_circuit_breaker_state python_info
	python_gc_objects_collected_total process_cpu_seconds_total"
entities="DTU:pv_power DTU:today_production DTU:total_production DTU:alarm_flag
	inverter:grid_voltage inverter:grid_frequency inverter:temperature
	inverter:operating_status inverter:alarm_code inverter:alarm_count
	inverter:link_status input:pv_voltage input:pv_current input:pv_power
	input:today_production input:total_production"
of_components="healthy uptime messages_published mqtt_errors dtu_query_count
	dtu_error_count dtu_last_query database_size cached_records
	inverter_count last_query_time query_count error_count
	communication_status total_power total_today_production
	total_lifetime_production"
topics="P/sensor/S/E_F/config P/binary_sensor/S/DTU_alarm_flag/config
	P/hoymiles_mqtt/S/state P/hoymiles_mqtt/S/N/state"
endpoints="GET:/health GET:/ready GET:/metrics GET:/stats GET:/api/inverters
	GET:/api/inverters/SERIAL GET:/api/inverters/SERIAL/history
	GET:/api/inverters/SERIAL/ports GET:/api/ports
	GET:/api/production/current POST:/api/websocket/register"
tables="production_cache config_cache metrics inverters inverter_data port_data
	system_metrics dtu inverter port"
stats_keys="database_path database_size_bytes production_cache_entries
	config_cache_entries metrics_entries"

section() {
	awk -v head="## $1" '/^## / { on = $0 == head } on' "$page"
}

# The rows of the tables below a heading, without backticks.
rows() {
	section "$1" | grep '^|' | sed 's/^| *//; s/ *| */|/g' | tr -d '`'
}

# Names in one cell, one a line.
names() {
	tr -d ' ' | tr ',' '\n' | sort
}

listed() {
	xargs -n 1 <<<"$1" | sort
}

# Settings

settings=$(sed 's/=.*//' "$root/tests/data/bridge.env")
same "every setting is named" "$(for name in $settings; do
	grep -qE "\`($name|${name,,})\`" <(section Settings) || echo "$name"
done)" ""

# Topics and entities

same "every topic has its row" "$(rows Topics | cut -d '|' -f 1 |
	grep '^P/' | sort)" "$(listed "$topics")"
same "every entity has its row" "$(rows Entities |
	sed -n 's/^\(DTU\|inverter\|input\)|\([a-z_, ]*\)|the same.*/\1 \2/p' |
	while read -r device list; do
		names <<<"$list" | sed "s/^/$device:/"
	done | sort)" "$(listed "$entities")"
same "... and those of the components" "$(rows Entities |
	sed -n '/^healthy/,$p' | cut -d '|' -f 1 | names)" \
	"$(listed "$of_components")"

# A plant over Modbus, as the old programs read it.
start_sim plant --transport modbus --inverters 1 --inputs 1 --start 12:00
uri=${uris[0]}#roof
hm-poll -n 2 --period 5 --stats-period 0 "$uri" | hm-decode --stats-period 0 |
	hm-filter --stats-period 0 -d "$work/hm.db" |
	hm-store --stats-period 0 -d "$work/hm.db" >"$work/read" 2>/dev/null
jq -r 'select(.type == "inverter") | .serial' "$work/read" >"$work/serials"
serial=$(head -n 1 "$work/serials")
hm-ha-discovery --stats-period 0 <"$work/read" |
	jq -r 'select(.type == "mqtt") | .topic' | sort -u >"$work/topics"

# entity_topic DEVICE FIELD
entity_topic() {
	local kind=sensor
	[ "$2" != alarm_flag ] || kind=binary_sensor
	case $1 in
	DTU) echo "^homeassistant/$kind/[0-9a-f]*/DTU_$2/config$" ;;
	inverter) echo "^homeassistant/$kind/$serial/inv_$2/config$" ;;
	input) echo "^homeassistant/$kind/$serial/port_1_$2/config$" ;;
	esac
}
same "every entity has its old topic" "$(for entity in $entities; do
	grep -q "$(entity_topic "${entity%:*}" "${entity#*:}")" "$work/topics" ||
		echo "$entity"
done)" ""
check "states of inverters and inputs have their old topics" \
	test "$(grep -cx "homeassistant/hoymiles_mqtt/$serial\(/1\)\?/state" \
	"$work/topics")" -eq 2
fields=$(sed -n 's/.*FIELD([A-Z_]*, "\([a-z_]*\)".*/\1/p' \
	"$root/lib/record/fields.def")
same "fields that replace old entities exist" "$(
	for field in device_time inverters pv_power active_power \
		today_production total_production alarm_text; do
		grep -qx "$field" <<<"$fields" ||
			grep -q "_$field/config" "$work/topics" || echo "$field"
	done)" ""

# Metrics

port=$(free_port)
mkfifo "$work/in"
exec 7<>"$work/in"
hm-metrics --legacy --stats-period 0 --port "$port" -d "$work/hm.db" \
	<"$work/in" >/dev/null 7>&- &
pids+=($!)
cat "$root/tests/data/metrics.ndjson" "$work/read" >&7
has_read() {
	get /metrics >"$work/metrics"
	grep -q "inverter=\"$serial\"" "$work/metrics" &&
		grep -q '^hoymiles_inverter_status' "$work/metrics" &&
		grep -q '^hoymiles_dtu_power_watts' "$work/metrics"
}
check "hm-metrics has read all" until_true 5 has_read

rows Metrics | grep -E '^(hoymiles|python|process)_' | awk -F '|' '{
	gsub(/ (and others|of).*/, "", $1); count = split($1, name, ", ")
	for (i = 1; i <= count; i++) print name[i] "|" $2
}' >"$work/rows"
same "every metric has its row" "$(cut -d '|' -f 1 "$work/rows" | sort)" \
	"$(listed "$metrics")"
# is_so METRIC TEXT: whether the text of the row is true of hm-metrics.
is_so() {
	case $2 in
	gone:*) ! grep -q "^# TYPE $1 " "$work/metrics" ;;
	"with metrics_legacy") grep -q "^# TYPE $1 " "$work/metrics" &&
		grep -q "^| .$1. | .* | .[a-z]*" "$root/docs/metrics.md" ;;
	kept) grep -q "^# TYPE $1 " "$work/metrics" ;;
	*) false ;;
	esac
}
same "... which is true" "$(while IFS='|' read -r name now; do
	is_so "$name" "$now" || echo "$name: $now"
done <"$work/rows")" ""
# The backticks are the page's.
# shellcheck disable=SC2016
same "metrics that replace others exist" "$(section Entities |
	grep -o '`\(hoymiles\|process\)_[a-z_]*`' | tr -d '`' | sort -u |
	while read -r name; do
		[ "$name" = hoymiles_mqtt ] ||
			grep -q "^# TYPE $name " "$work/metrics" ||
			grep -q "^| .$name. |" "$root/docs/metrics.md" ||
			echo "$name"
	done)" ""

# Endpoints

rows Endpoints | grep -E '^(GET|POST) ' | sed 's/ /:/' >"$work/endpoints"
same "every endpoint has its row" "$(cut -d '|' -f 1 "$work/endpoints" | sort)" \
	"$(listed "$endpoints")"
answers() {
	curl -s -o /dev/null -w '%{http_code}' --max-time 5 -X "$1" \
		"http://127.0.0.1:$port${2/SERIAL/$serial}"
}
same "... and answers, or is gone" "$(while IFS='|' read -r row _ now; do
	code=$(answers "${row%%:*}" "${row#*:}")
	case $now:$code in
	gone*:40[45] | [^g]*:200 | [^g]*:503) ;;
	*) echo "$row: $code" ;;
	esac
done <"$work/endpoints")" ""
same "/stats has all old keys" "$(get /stats | jq -r 'keys[]' |
	grep -xF "$(listed "$stats_keys")" | sort)" "$(listed "$stats_keys")"

# Tables

rows Tables | grep -v '^table\|^---' >"$work/tables"
same "every table has its row" "$(cut -d '|' -f 1 "$work/tables" | sort)" \
	"$(listed "$tables")"
objects=$(sqlite3 "$work/hm.db" 'SELECT name FROM sqlite_schema')
# shellcheck disable=SC2016
same "... and the tables that replace old ones exist" "$(section Tables |
	grep '^|' | cut -d '|' -f 4 | grep -o '`[a-z_]*`' | tr -d '`' | sort -u |
	while read -r name; do
		grep -qx "$name" <<<"$objects" || echo "$name"
	done)" ""
same "... also the same names" "$(grep 'of the same name' "$work/tables" |
	cut -d '|' -f 1 | while read -r name; do
		grep -qx "$name" <<<"$objects" || echo "$name"
	done)" ""
finish
