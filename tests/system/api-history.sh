#!/bin/bash
# The history that hm-metrics answers with, against SQL on the same database: 400
# days of a plant in Europe, across both changes of the clocks, while the
# machine is in another zone. tests/lib/plant-years makes the database.
# shellcheck source=tests/lib/lib.sh
. "$(dirname "$0")/../lib/lib.sh"
lib=$(cd "$(dirname "$0")/../lib" && pwd)
unset HM_CONFIG DTU_HOST DATABASE_PATH TIMEZONE
export LC_ALL=C TZ=America/Los_Angeles
plant=Europe/Berlin
# Where the test will not see a new day begin.
[ "$(TZ=$plant date +%H%M)" -lt 2340 ] || plant=Europe/Athens
today=$(TZ=$plant date +%F)
db=$work/hm.db
port=$(free_port)
api=http://127.0.0.1:$port/api

check "a plant of 400 days" env TZ=$plant "$lib/plant-years" "$db" "$today" 400 3 1

# get PATH CURL-OPTION ...
get() {
	curl -sSf "http://127.0.0.1:$port$1" "${@:2}"
}

mkfifo "$work/in"
exec 7<>"$work/in"
hm-metrics --port "$port" --stats-period 0 -d "$db" --timezone $plant \
	<"$work/in" >/dev/null 2>"$work/log" 7>&- &
pids+=($!)
until_true 10 get /livez >/dev/null

# SQL by the base tables, in the zone of the plant.
ask() {
	TZ=$plant sqlite3 -readonly -separator ' ' -nullvalue null "$db" "$1"
}

# Numbers in a line each; newer versions of jq print 0.0 as they read it.
numbers() {
	jq -r "$1" "${@:2}" | sed 's/\.0$//'
}

# columns PATH: the rows of an answer that has arrays.
columns() {
	get "/api/$1" | jq -r '[.[] | arrays] | transpose[] |
		map(if type == "number" then . * 10 | round / 10 else . end) |
		map(tostring) | join(" ")'
}

# days FROM: SQL of each day's energy, and of what the meter counted, in Wh.
days="SELECT day, sum(today_production) AS made,
	min(given) AS given, min(taken) AS taken
	FROM port_daily LEFT JOIN (SELECT a.day,
		a.energy_export - b.energy_export AS given,
		a.energy_import - b.energy_import AS taken
		FROM meter_daily AS a JOIN meter_daily AS b
		ON b.day = date(a.day, '-1 day')) USING (day)
	WHERE day <= '$today' GROUP BY day"
sums="count(made), sum(made), sum(given), sum(taken), sum(made - given)"

from=$(date -d "$today - 399 days" +%F)
same "each day" "$(columns "days?from=$from")" \
	"$(ask "SELECT day, $sums FROM ($days) GROUP BY 1")"
same "... 400 of them" "$(columns "days?from=$from" | wc -l)" 400
same "the days of a year by default" "$(columns days | wc -l)" 366
same "each month" "$(columns months)" \
	"$(ask "SELECT substr(day, 1, 7), $sums FROM ($days) GROUP BY 1")"
same "... the same as days by month" "$(get /api/months | md5sum)" \
	"$(get "/api/days?by=month" | md5sum)"
same "each year" "$(columns years)" \
	"$(ask "SELECT substr(day, 1, 4), $sums FROM ($days) GROUP BY 1")"
same "the view of months has them, too" "$(columns months | cut -d' ' -f1-4)" \
	"$(ask "SELECT month, days, CAST(round(kwh * 1000) AS INTEGER),
	CAST(round(given_kwh * 1000) AS INTEGER) FROM months")"
same "one inverter" "$(columns "days?serial=116100000002")" \
	"$(ask "SELECT day, count(made), sum(made) FROM (SELECT day,
	sum(today_production) AS made FROM port_daily WHERE serial = '116100000002'
	AND day BETWEEN date('$today', '-365 days') AND '$today' GROUP BY day)
	GROUP BY 1")"
csv='text/csv; charset=utf-8; header=present'
type_of() {
	get "/api/years?format=csv" -o /dev/null -w '%{content_type}'
}
same "CSV has its type, when it is made and when it is cached" \
	"$(type_of; echo; type_of)" "$(printf '%s\n%s' "$csv" "$csv")"
same "one input, as CSV" \
	"$(get "/api/months?serial=116100000001&port=3&format=csv" | tr -d '\r')" \
	"at,days,made
$(ask "SELECT substr(day, 1, 7), count(*), sum(today_production)
	FROM port_daily WHERE serial = '116100000001' AND port = 3
	AND day <= '$today' GROUP BY 1" | tr ' ' ,)"
same "an unknown inverter has no days" \
	"$(get "/api/days?serial=abc" | jq -c .made)" "[]"

# Records, gaps and events.
same "the best day, month and year" \
	"$(get /api/records | jq -r '.records[:3][] | "\(.at) \(.value)"')" \
	"$(for n in 10 7 4; do ask "SELECT substr(day, 1, $n),
		round(sum(made) / 1000.0, 3) FROM ($days) GROUP BY 1
		ORDER BY 2 DESC LIMIT 1"; done | sed 's/\.0$//')"
same "the highest power" \
	"$(get /api/records | jq -r '.records[3] | "\(.at) \(.value)"')" \
	"$(ask "SELECT strftime('%Y-%m-%dT%H:%M:%SZ', hour, 'unixepoch'),
	round(sum(pv_power_max), 1) FROM dtu_hourly GROUP BY hour
	ORDER BY 2 DESC LIMIT 1" | sed 's/\.0$//')"
same "the days on which a DTU was away" "$(get /api/gaps | jq -c .gaps)" \
	"[{\"dtu\":\"garage\",\"start\":\"$(date -d "$today - 52 days" +%F)\",\"end\":\"$(date -d "$today - 50 days" +%F)\",\"days\":3,\"energy\":null}]"
same "outages and alarms" \
	"$(get "/api/events?limit=1000" | jq -r '.events[] | .start' | sort)" \
	"$(ask "SELECT start FROM outages UNION ALL SELECT start FROM alarms" | sort)"
same "an outage has its length, its reason and a hint" \
	"$(get "/api/events?limit=1000" | jq -c '[.events[] |
	select(.kind == "outage") | [.seconds, .what, .text, .hint]] | unique')" \
	'[[1200,"timeout_read","no whole reply within 3 s","see the radio"]]'
same "an alarm that lasts has no end" \
	"$(get "/api/events?from=$today" | jq -c '[.events[] |
	select(.end == null) | .what]')" "[209]"

columns_of_orders="id, time, dtu, serial, action, percent, source, state, error,
	text, seconds"
same "commands, with their last result" \
	"$(get /api/orders?limit=1000 | jq -r '.orders[] | [.id, .time, .dtu,
	.serial, .action, .percent, .source, .state, .error, .text, .seconds] |
	map(tostring) | join(" ")')" \
	"$(ask "SELECT $columns_of_orders FROM orders ORDER BY time DESC")"
same "... the last one without a result, and 45 before it" \
	"$(get /api/orders?limit=1000 | jq -c '[.orders[].state] |
	[.[0], length]')" '[null,46]'

# Panels: the median is computed by jq.
get "/api/panels?days=40" >"$work/panels"
since=$(date -d "$today - 39 days" +%F)
same "the energy of each input" \
	"$(jq -r '.panels[] | "\(.serial) \(.port) \(.energy) \(.month) \(.year)"' "$work/panels")" \
	"$(ask "SELECT serial, port, sum(iif(day >= '$since', today_production, 0)),
	sum(iif(day >= substr('$today', 1, 7), today_production, 0)),
	sum(iif(day >= substr('$today', 1, 4), today_production, 0))
	FROM port_daily WHERE day <= '$today' GROUP BY dtu, serial, port")"
ask "SELECT json_group_array(json_object('day', day, 'dtu', dtu, 'serial', serial,
	'port', port, 'energy', today_production)) FROM port_daily
	WHERE day BETWEEN '$since' AND '$today'" >"$work/energies"
jq -c 'def median: sort | if length == 0 then null else
	(.[(length - 1) / 2 | floor] + .[length / 2 | floor]) / 2 end;
	. as $all | group_by([.dtu, .serial, .port]) | map(map(. as $p |
	($all | map(select(.day == $p.day and .dtu == $p.dtu and .energy > 0 and
	[.serial, .port] != [$p.serial, $p.port]) | .energy) | median) as $m |
	if $m == null then null else .energy / $m end))' \
	"$work/energies" >"$work/ratios"
same "the energy of each day in the median of the others" \
	"$(jq -c --slurpfile expected "$work/ratios" '[[.panels[].ratios[]],
	[$expected[0][][]]] | transpose | map(select(map(type) != ["null", "null"]
	and (map(type) != ["number", "number"] or
	(.[0] - .[1] | fabs) > 0.000501)))' "$work/panels")" "[]"
same "the power of each hour of the plant's clock" \
	"$(numbers '.panels[] | select(.serial == "116100000001" and .port == 3) |
	.watts[]' "$work/panels")" \
	"$(ask "SELECT CAST(10 * avg(coalesce(pv_power_avg, 0)) + 0.5 AS INTEGER)
	/ 10.0 FROM port_hourly WHERE serial = '116100000001' AND port = 3 AND hour >= unixepoch('$today',
	'+1 day', 'utc') - 2592000 GROUP BY strftime('%H', hour, 'unixepoch',
	'localtime')" | sed 's/\.0$//')"
same "the rated power of an input" \
	"$(jq -c '[.panels[].rated] | unique' "$work/panels")" "[375]"

# The days on which the clocks change have 23 and 25 hours.
spring=$(get "/api/days?from=$from" | jq -r '.at[]' | while read -r day; do
	[ "$(TZ=$plant date -d "$day 00:30" +%z)" = "$(TZ=$plant date -d "$day 23:30" +%z)" ] ||
		echo "$day"
done)
for day in $spring; do
	answer=$(get "/api/curve?day=$day")
	start=$(TZ=$plant date -d "$day" +%s)
	end=$(TZ=$plant date -d "$day + 1 day" +%s)
	same "the hours of $day" \
		"$(TZ=UTC jq -c '[.step, (.start | fromdate), (.end | fromdate), (.at | length)]' \
		<<<"$answer")" "[3600,$start,$end,$(((end - start) / 3600))]"
	same "... and their power" "$(numbers '.watts[]' <<<"$answer")" \
		"$(ask "SELECT round(sum(pv_power_avg), 1) FROM dtu_hourly
		WHERE hour >= $start AND hour < $end GROUP BY hour" | sed 's/\.0$//')"
done
check "the clocks change within these days" test -n "$spring"
start=$(TZ=$plant date -d "$today" +%s)
same "the readings of a day" \
	"$(get /api/curve | numbers '.watts[]')" \
	"$(ask "SELECT round(sum(pv_power), 1) FROM dtu WHERE time >= $start
	GROUP BY time" | sed 's/\.0$//')"
same "the readings of an input" \
	"$(get "/api/curve?serial=116100000001&port=2" | numbers '.watts[]')" \
	"$(ask "SELECT pv_power FROM port WHERE time >= $start
	AND serial = '116100000001' AND port = 2" | sed 's/\.0$//')"

# Bounds
refused() {
	curl -s -o "$work/body" -w '%{http_code}' "$api/$1"
	jq -r .error "$work/body"
}
same "a range that is too long is refused" "$(refused "days?from=1999-01-01&to=$today")" \
	"400from is \"1999-01-01\", but must be to, or up to 3699 days before it"
same "any bytes are refused as JSON" "$(refused 'days?serial=%22%ff%01')" \
	"400serial is \"\"$(printf '\xef\xbf\xbd\x01')\", but must be 1 to 32 letters and digits"
same "a parameter that is not known is refused" "$(refused 'records?x=1')" \
	'400there is no parameter "x" here, only: format'

# New rows are seen after the cache's 10 s; other queries are answered at once.
before=$(get /api/days | jq '.made[-1]')
sqlite3 "$db" "UPDATE port_daily SET today_production = today_production + 1000
	WHERE day = '$today' AND serial = '116100000001' AND port = 1"
same "an answer is cached" "$(get /api/days | jq '.made[-1]')" "$before"
same "another query is not" "$(get "/api/days?to=$today&from=$today" | jq '.made[-1]')" \
	$((before + 1000))

# Time, each with a query of its own.
slowest() {
	local day most=0 took
	for day in 01 02 03 04 05; do
		took=$(get "/api/$1&to=$(date -d "$today - $day days" +%F)" \
			-o /dev/null -w '%{time_total}')
		took=$(awk -v s="$took" 'BEGIN { print int(s * 1000) }')
		[ "$most" -gt "$took" ] || most=$took
	done
	echo "# $1 took at most $most ms"
	[ "$most" -lt $((500 * $(patience))) ]
}
for path in days? months? years? panels? events? gaps? orders?; do
	check "/api/${path%[?]} is quick" slowest "$path"
done

# Why there is no history. `slow` is a view without an end.
hm-store --stats-period 0 -d "$work/empty.db" </dev/null >/dev/null
for name in older failed slow; do
	cp "$work/empty.db" "$work/$name.db"
done
echo "no database at all, but a text of some length" >"$work/unusable.db"
sqlite3 "$work/older.db" 'DROP TABLE repeater'
sqlite3 "$work/failed.db" 'DROP VIEW records'
sqlite3 "$work/slow.db" "DROP VIEW records; CREATE VIEW records AS
	WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)
	SELECT 'best day' AS what, '2026-01-01' AS at, max(i) AS value, 'kWh' AS unit
	FROM n"
mkfifo "$work/in2"
exec 8<>"$work/in2"
# refusal [-d DATABASE]: "STATUS REASON ERROR" into $work/refusal
refusal() {
	port=$(free_port)
	hm-metrics --port "$port" --stats-period 0 "$@" <"$work/in2" \
		>/dev/null 2>&1 8>&- 7>&- &
	pids+=($!)
	until_true 10 get /livez >/dev/null
	curl -s -o "$work/body" -w '%{http_code} ' \
		"http://127.0.0.1:$port/api/records" >"$work/refusal"
	jq -r '.reason + " " + .error' "$work/body" >>"$work/refusal"
}
for name in none:'there is no database with a history; see database_path and hm-store' \
	missing:"$work/missing.db: hm-store has not made the database yet" \
	older:"$work/older.db: it is of an older version of hm; hm-store brings it up to date when it opens it" \
	unusable:"$work/unusable.db: file is not a database" \
	failed:"$work/failed.db: cannot read the history" \
	slow:"$work/slow.db: the answer takes too long; ask for less"; do
	database=(-d "$work/${name%%:*}.db")
	[ "${name%%:*}" != none ] || database=()
	refusal "${database[@]}"
	same "no history, because of the database: ${name%%:*}" \
		"$(cat "$work/refusal")" "503 ${name/:/ }"
done
same "no error is logged" "$(grep -c . "$work/log")" 0
finish
