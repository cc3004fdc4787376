#!/bin/bash
# Every name that users rely on, against the lists in tests/data/frozen, which
# were made with version 0.1.0. A line of a list that the tools no longer give
# fails as "# gone:". A line that only the tools give is printed as "# new:";
# HM_FROZEN_UPDATE=1 adds it, unless a line of the same list is gone. Nothing
# removes a line.
#
# The tools read records.ndjson in that directory, and hybrids.ndjson. They have
# every field of every type of record; add a new field, too. hm-ha-discovery reads control.ndjson
# besides, with control_enabled.
# shellcheck source=tests/lib/lib.sh
. "$(dirname "$0")/../lib/lib.sh"
export LC_ALL=C
unset HM_CONFIG

root=$(cd "$(dirname "$0")/../.." && pwd)
frozen=$root/tests/data/frozen
records=$work/records.ndjson
cat "$frozen/records.ndjson" "$root/tests/data/hybrids.ndjson" >"$records"
inverter=116154403054 # in the records
found=$work/found
mkdir "$found"

# A tool reads only the settings of its command line. To start one in the
# background, use the array: $! of the function would be a shell.
alone=(env -i PATH="$PATH" HM_LOCK_DIR="$work" HM_TEST_RUN="${HM_TEST_RUN:-}")
run() {
	"${alone[@]}" "$@"
}

# compare LIST: the lines found against the kept ones.
compare() {
	local kept=$frozen/$1.txt mark=new
	touch "$kept"
	sort -u "$found/$1" >"$work/now"
	comm -13 "$kept" "$work/now" >"$work/new"
	{
		sort -c "$kept" 2>&1
		comm -23 "$kept" "$work/now"
	} >"$work/gone"
	if [ -n "${HM_FROZEN_UPDATE:-}" ] && [ ! -s "$work/gone" ]; then
		mark=added
		cp "$work/now" "$kept"
	fi
	if [ -s "$kept" ] && [ ! -s "$work/gone" ]; then
		pass "$1: all $(wc -l <"$kept") lines are as they were"
	else
		fail "$1: kept lines are gone or changed"
	fi
	sed "s/^/# gone: $1: /" "$work/gone"
	sed "s/^/# $mark: $1: /" "$work/new"
}

# Settings: "TOOL KEY VARIABLE OPTIONS", with "-" for what a setting does not
# have. --check of the tool proves that they belong together: it says that the
# value of the key came from the variable, or from the option.

mkdir "$work/etc"
touch "$work/etc/"{mqtt-password,ca.crt,client.crt,client.key}
# Every key with a good value. Prose has one space after its "#". dtu_host is a
# plain host, so that dtu_port is allowed.
sed "s,/etc/hm,$work/etc,; s/^#\([^ ]\|  \)/\1/; s,^\(dtu_host: \)hm://,\1," \
	"$root/docs/hoymiles.yaml" >"$work/all.yaml"

# rows PAGE TABLE: "KEY VARIABLE", with "-" for a setting without a key.
rows() {
	sed -n "/^<!-- $2 begin/,/^<!-- $2 end/p" "$root/docs/$1" |
		awk -F '|' '$3 ~ /`/ {
			gsub(/[ `]/, "")
			print $2 == "" ? "-" : $2, $3
		}'
}
rows configuration.md settings >"$work/variables"
rows from-hoymiles-mqtt.md retired >"$work/retired"

# values TOOL: "KEY<tab>VALUE<tab>VALUE-OF-OPTION" for each key in the file that
# the tool reads.
values() {
	run "$1" --check -c "$work/all.yaml" | sed 's/  # .*//; s/"//g' | awk '
		function tell(value, option) {
			print key "\t" value "\t" option
			key = ""
		}
		/^# [a-z0-9_]+: / { key = $2; tell("x", "x") }
		/^[a-z0-9_]+:/ {
			key = $1
			if (NF > 1)
				tell(substr($0, length(key) + 2),
				    substr($0, length(key) + 2))
		}
		key == "" { next }
		/^  - / { tell("[{\"host\": \"127.0.0.1\"}]", "x") }
		/^  [a-z]/ {
			name = $1
			sub(/^ *[^ ]* /, "")
			sub(/:$/, "", name)
			tell("{\"" name "\": \"" $0 "\"}", name "=" $0)
		}' | sed 's/:\t/\t/'
}

# origins COMMAND ...: "KEY ORIGIN" of each key: where its value came from.
origins() {
	run "$@" --check -c "$work/all.yaml" 2>/dev/null |
		sed -n 's/^\(# \)\?\([a-z0-9_]*\):.*  # \(.*\)/\2 \3/p'
}

# from_variables TOOL: the same with every variable set.
from_variables() {
	local key value _
	local -a set=()
	while IFS=$'\t' read -r key value _; do
		set+=("${variables[$key]:-NONE}=$value")
	done <"$work/values"
	origins "${set[@]}" "$1"
}

# The options of a tool, "-p --period" in a line.
options() {
	run "$1" --help all |
		sed -n 's/^ *\(-[^-]\), \(--[a-z0-9-]*\).*/\1 \2/p
			s/^ *\(--[a-z0-9-]*[a-z]\)\([ []\|$\).*/\1/p'
}

# setting TOOL KEY VALUE-OF-OPTION: print the line of the setting. --KEY with
# dashes is always an option; --help may have another name for it.
setting() {
	local variable=${variables[$2]:--} long=--${2//_/-} option other=
	[ "${origin[$2]:-}" = "$variable" ] || variable=-
	option=$long
	if [ -z "${options[$long]:-}" ]; then
		other=" $long"
		option=$(origins "$1" "$long=$3" | sed -n "s/^$2 --/--/p")
	fi
	if [ -n "$option" ]; then
		echo "$1 $2 $variable ${options[$option]:--}$other"
		unset "options[$option]"
	else
		echo "$1 $2 $variable -"
	fi
}

# Variables and options of settings that have no key in the file.
settings_without_key() {
	local variable value
	while read -r variable; do
		value=5
		[ "$variable" != HM_CONFIG ] || value=$work/all.yaml
		run HM_CONFIG="$work/all.yaml" "$variable=$value" "$1" \
			--check 2>/dev/null |
			grep -q "^#.*  # $variable$" && echo "$1 - $variable -"
	done < <(sed -n 's/^- //p' "$work/variables")
	printf '%s\n' "${options[@]/#/$1 - - }"
}

settings() {
	local tool key value option
	local -A variables
	while read -r key value; do
		variables[$key]=$value
	done <"$work/variables"
	for tool in "$HM_BIN"/hm-*; do
		tool=${tool##*/}
		local -A options=() origin=()
		while read -r option; do
			options[${option#-? }]=$option
		done < <(options "$tool")
		values "$tool" >"$work/values"
		while read -r key value; do
			origin[$key]=$value
		done < <(from_variables "$tool")
		while IFS=$'\t' read -r key value option; do
			setting "$tool" "$key" "$option"
		done <"$work/values"
		settings_without_key "$tool"
	done
	entries
	retired
}

# The keys of an entry of dtu_configs.
entries() {
	local entry
	for entry in uri=hm://a host=a host=a,name=b host=a,port=502 \
		host=a,unit_id=1; do
		run DTU_CONFIGS="[{${entry//[=]/: }}]" hm-poll --check \
			>/dev/null && echo "hm-poll dtu_configs $entry"
	done
}

# "retired KEY VARIABLE": the tool accepts both, and warns about each.
retired() {
	local key variable
	while read -r key variable; do
		echo "$key: 1" >"$work/retired.yaml"
		[ "$key" != - ] || : >"$work/retired.yaml"
		run "$variable=1" hm-decode --check -c "$work/retired.yaml" \
			2>"$work/err" >/dev/null || continue
		[ "$key" = - ] || grep -q "$key: " "$work/err" || key="no key"
		grep -q "$variable: " "$work/err" || variable="no variable"
		echo "retired $key $variable"
	done <"$work/retired"
}

# Tables and views of a new database, with their columns. Without the types of
# columns of views, which depend on the version of SQLite.

tables() {
	local database=$work/new.db
	run hm-store -d "$database" --outbox </dev/null >/dev/null
	run hm-filter -d "$database" </dev/null >/dev/null
	sqlite3 -separator ' ' "$database" "
		SELECT type, name FROM sqlite_master
		WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite_%';
		SELECT o.type, o.name || '.' || c.name,
		CASE o.type WHEN 'table' THEN c.type ELSE '' END,
		CASE c.pk WHEN 0 THEN '' ELSE 'key ' || c.pk END
		FROM sqlite_master AS o, pragma_table_xinfo(o.name) AS c
		WHERE o.type IN ('table', 'view')
		AND o.name NOT LIKE 'sqlite_%'" | sed 's/ *$//'
}

# Topics: the parts of an announcement that Home Assistant identifies an entity
# by, and the keys of states.

topics() {
	{
		grep -v '"type":"mqtt"' "$records" |
			run hm-ha-discovery --alerts --stats-period 0 \
			--mqtt-client-id publisher
		run hm-ha-discovery --control --stats-period 0 \
			--mqtt-client-id publisher <"$frozen/control.ndjson"
	} | jq -r '
		select(.type == "mqtt") | .topic as $topic | .payload |
		if type != "object" then "payload \(.)"
		elif $topic | endswith("/config") then
			(to_entries[] | select(.key | IN("unique_id", "name",
				"object_id", "default_entity_id", "state_topic",
				"command_topic", "payload_on", "payload_off",
				"payload_press", "command_template",
				"json_attributes_topic", "value_template",
				"unit_of_measurement", "device_class",
				"state_class")) | "\(.key) \(.value)"),
			(.availability[] |
				"availability \(.topic) \(.value_template // "")"),
			(.device | "device \(.identifiers[]) \(.name)",
				"via_device \(.via_device // empty)")
		else "key \(keys[])" end | "\($topic) \(.)"' | sed 's/ *$//'
}

# Metrics, with all records, a database and HTTP.

start_metrics() {
	port=$(free_port)
	run hm-store --retention 0 --stats-period 0 -d "$work/hm.db" \
		<"$records" >/dev/null
	mkfifo "$work/in"
	exec 7<>"$work/in"
	"${alone[@]}" hm-metrics --legacy --stats-period 0 --port "$port" \
		-d "$work/hm.db" <"$work/in" >/dev/null 7>&- &
	pids+=($!)
	{
		cat "$records"
		echo '{"type":"mqtt","topic":"last/config","retain":true}'
	} >&7
	check "hm-metrics has read all records" until_true 5 is_read
}

is_read() {
	get /metrics >"$work/metrics" &&
		grep -q 'hoymiles_mqtt_messages_total{message_type="config"} 2' \
		"$work/metrics"
}

# "NAME TYPE LABELS" of each metric, and "NAME LABEL=VALUE" for labels whose
# values hm chooses.
metrics() {
	sed 's/\\\\//g; s/\\"//g' "$work/metrics" | awk '
		BEGIN {
			ours = "^(le|phase|result|reason|state|status|alert" \
			    "|error_type|message_type)$"
		}
		function tell() {
			if (name != "")
				print name, type labels
			labels = ""
		}
		/^# TYPE/ { tell(); name = $3; type = $4 }
		/^[^#].*{/ {
			text = $0
			while (match(text, /[{,][a-z_]+="[^"]*"/)) {
				pair = substr(text, RSTART + 1, RLENGTH - 1)
				text = substr(text, RSTART + RLENGTH)
				label = pair
				sub(/=.*/, "", label)
				if (label ~ ours)
					print name, pair
				if (label != "le" && index(labels " ",
				    " " label " ") == 0)
					labels = labels " " label
			}
		}
		END { tell() }'
}

# "STATUS PATH TYPE" of each address, "PATH .KEY" of each key in its JSON.
api() {
	local path
	for path in / /metrics /health /ready /livez /stats /api/plant \
		/api/inverters "/api/inverters/$inverter" \
		"/api/inverters/$inverter/ports" \
		"/api/inverters/$inverter/history?limit=1" /api/ports \
		/api/production/current /api/days /api/months /api/years \
		/api/panels /api/curve /api/events /api/gaps /api/records \
		/api/orders "/api/orders?from=2026-06-01&to=2026-06-30" \
		"/api/days?format=csv" "/api/days?serial=$inverter&port=1" \
		"/api/curve?day=2026-11-23"; do
		get "$path" -o "$work/body" -w "%{http_code} $path %{content_type}\n"
		keys "$path" <"$work/body"
	done
	get /metrics -o /dev/null -H 'Accept: application/openmetrics-text' \
		-w '%{http_code} /metrics %{content_type}\n'
	for path in /ready /livez; do
		get "$path?verbose" | sed "s|^|$path |; s/: .*//"
	done
	timeout 5 curl -sN -D "$work/head" "http://127.0.0.1:$port/events" \
		>"$work/events" &
	pids+=($!)
	until_true 4 grep -q '^data: .*}$' "$work/events"
	kill $!
	wait $! 2>/dev/null
	tr -d '\r' <"$work/head" | awk '/^HTTP/ { status = $2 }
		/^Content-Type/ { sub(/[^ ]* /, ""); print status, "/events", $0 }'
	sed -n 's/^data: //p' "$work/events" | keys /events
}

keys() {
	jq -r --arg path "$1" 'paths | map(if type == "number" then "[]"
		else "." + . end) | select(last != "[]") |
		"\($path) \(join(""))"' 2>/dev/null
}

# Keys of records: "TYPE KEY", and "TOOL KEY" of the stats of each tool.

fails() {
	grep -q '"offline"' "$work/failed"
}

# Print the records of hm-poll and hm-sim.
poll() {
	start_sim plant --transport modbus --number --inverters 1 --inputs 1
	"${alone[@]}" hm-poll --breaker-threshold 1 --retries 0 \
		modbus://127.0.0.1:1 >"$work/failed" 2>/dev/null &
	pids+=($!)
	until_true 5 fails
	kill -TERM $!
	wait $!
	run hm-poll -1 "${uris[0]}"
	kill -TERM "$sim"
	wait "$sim"
	cat "$work/failed" "$work/plant.sim"
}

# only TYPE: its records, without those that a tool has passed on.
only() {
	grep "\"type\":\"$1\""
}

records() {
	{
		cat "$work/polled"
		cat "$root"/tests/golden/hm-decode/*/in | only frame |
			run hm-decode 2>/dev/null | grep -v '"frame"'
		run hm-alert --alerts \
			<"$root/tests/golden/hm-alert/temperature/in" | only alarm
		only status <"$records" | run hm-ha-discovery | only mqtt
		run hm-store --export -d "$work/hm.db"
	} | jq -r 'select(.type != "stats") | "\(.type) \(keys[])"'
}

stats() {
	local tool seconds
	local -a args
	for tool in "$HM_BIN"/hm-*; do
		tool=${tool##*/}
		args=()
		seconds=10
		case $tool in
		hm-poll) args=(-1 --retries 0 modbus://127.0.0.1:1) ;;
		hm-alert) args=(--alerts) ;;
		hm-subscribe)
			# The end of its input does not end it.
			seconds=1
			args=(--control --mqtt-broker 127.0.0.1 --mqtt-port 1) ;;
		hm-filter) args=(-d "$work/stats.db") ;;
		hm-store) args=(-d "$work/stats.db" --dry-run --outbox) ;;
		hm-publish) args=(--mqtt-broker 127.0.0.1 --mqtt-port 1
			--flush-timeout 0) ;;
		hm-metrics) args=(--port "$(free_port)") ;;
		hm-ship) args=(--once -d "$work/stats.db" -- true) ;;
		hm-sim) continue ;; # does not end by itself
		esac
		: | run HM_DURABLE=1 timeout "$seconds" "$tool" "${args[@]}" \
			2>/dev/null
	done >"$work/stats"
	cat "$work/stats" "$work/plant.sim" | jq -r '
		select(.type == "stats") | "\(.tool) \(keys[])"'
}

# Fields of readings that records.ndjson lacks. A type of reading has a table of
# latest readings.
lacking() {
	comm -23 <(sqlite3 -separator ' ' "$work/new.db" "
		SELECT o.name, c.name
		FROM sqlite_master AS o, pragma_table_info(o.name) AS c
		WHERE EXISTS (SELECT 1 FROM sqlite_master
		WHERE name = o.name || '_latest')" | sort) \
		<(jq -r '"\(.type) \(keys[])"' "$records" | sort -u) |
		grep -v ' stale$' | sed 's/^/# new: records.ndjson has no /'
}

start_metrics
poll >"$work/polled"
for list in settings tables topics metrics api records stats; do
	"$list" >"$found/$list"
	compare "$list"
done
lacking
finish
