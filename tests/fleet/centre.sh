#!/bin/bash
# docs/fleet/centre.sql in a real PostgreSQL: its tables beside those of hm.db,
# what hm.put does with good, bad, late and repeated lines, and who may do what.
# shellcheck source=tests/lib/lib.sh
. "$(dirname "$0")/../lib/lib.sh"
root=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tests/lib/engines.sh
. "$root/tests/lib/engines.sh"
needs postgres initdb pg_dump psql

port=$(free_port)
make_postgres a "timezone = 'America/New_York'" 'fsync = off'
check "PostgreSQL starts" start_postgres a "$port"
check "centre.sql makes a centre" make_centre
same "... and prints nothing" "$(cat "$work/check.out")" ""

dump() {
	pg_dump -h 127.0.0.1 -p "$port" -U hm -s fleet | grep -v restrict
}
centre() {
	psql -h 127.0.0.1 -p "$port" -U hm -d fleet -Xq \
		-f "$root/docs/fleet/centre.sql" 2>&1
}
dump >"$work/before"
same "once more it prints nothing" "$(centre)" ""
dump >"$work/after"
check "... and changes nothing" cmp "$work/before" "$work/after"

# put SITE KEY FILE [ROLE]: "NEW|REFUSED" of hm.put, or the error, as a site.
# shellcheck disable=SC2016 # psql runs cat
put() {
	PGOPTIONS='-c client_min_messages=error' psql -h 127.0.0.1 -p "$port" \
		-U "${4-hm_edge}" -d fleet -XqAt -v site="$1" -v key="$2" \
		<<<'\set lines `cat '"$3"'`
		SELECT * FROM hm.put(:'\''site'\'', :'\''key'\'', :'\''lines'\'')' 2>&1
}
# put_line LINE: "NEW|REFUSED" of a line of the site one.
put_line() {
	printf '%s\n' "$@" >"$work/line"
	put one "$key" "$work/line"
}

key=$(sql "SELECT hm.add_site('one', 'Europe/Berlin')")
other=$(sql "SELECT hm.add_site('two')")

# The tables of hm.db

jq -nc -f "$root/tests/lib/sample.jq" >"$work/sample"
hm-store -d "$work/hm.db" --timezone Europe/Berlin --retention 0 \
	--stats-period 0 <"$work/sample" >/dev/null
hm-store -d "$work/hm.db" --export >"$work/lines"

kinds="'dtu', 'inverter', 'port', 'meter', 'repeater', 'shutdown'"
same "a kind for each of these types" "$(sql 'SELECT name FROM hm.kind
	WHERE place < 6 ORDER BY place')" "$(tr -d " '" <<<"$kinds" | tr , '\n')"
# "TABLE COLUMN" of the tables of readings
of_readings="'^($(tr -d " '" <<<"$kinds" | tr , '|'))(_latest|_hourly|_daily)?\$'"
same "the tables of readings have the columns of hm.db" "$(sql "SELECT table_name,
	column_name FROM information_schema.columns WHERE table_schema = 'hm'
	AND table_name ~ $of_readings AND column_name <> 'site'" | sort)" \
	"$(edge "SELECT t.name, c.name FROM sqlite_schema AS t,
	pragma_table_info(t.name) AS c WHERE t.type = 'table'
	AND c.name <> 'first_seen'" | grep -E \
	"^(dtu|inverter|port|meter|repeater|shutdown)(_latest|_hourly|_daily)?\|" | sort)"
same "the key of port" "$(sql "SELECT pg_get_constraintdef(oid)
	FROM pg_constraint WHERE conrelid = 'hm.port'::regclass
	AND contype = 'p'")" \
	"PRIMARY KEY (site, dtu, serial, port, \"time\")"

# The records of a plant

count=$(grep -vc '"type":"stats"' "$work/lines")
same "all records of a plant are new" "$(put one "$key" "$work/lines")" \
	"$count|0"
same "... and no longer when they come again" \
	"$(put one "$key" "$work/lines")" "0|0"
head -n 1000 "$work/lines" | cat - "$work/lines" >"$work/twice"
same "... nor a batch that holds lines twice" \
	"$(put one "$key" "$work/twice")" "0|0"
same "another site has the same names" "$(put two "$other" "$work/lines")" \
	"$count|0"

# contents TABLE COLUMNS ORDER: of the site one, and of hm.db, with moments as
# numbers, and with numbers as jq writes them.
moment="extract(epoch FROM %s)::bigint"
contents() {
	local table=$1 columns=$2 order=$3
	sql -F '|' "SELECT $columns FROM hm.$table WHERE site = 'one'
		ORDER BY $order" >"$work/found"
	edge "SELECT $4 FROM $table ${5-} ORDER BY $order" >"$work/expected"
}
normal() {
	sed -E 's/([0-9])\.0\|/\1|/g; s/([0-9])\.0$/\1/; s/([0-9])\.0\|/\1|/g' "$@"
}
same_contents() {
	contents "$@"
	check "$1 is not empty" test -s "$work/expected"
	normal "$work/found" >"$work/found.normal"
	normal "$work/expected" >"$work/expected.normal"
	check "$1 is that of hm.db" diff "$work/found.normal" \
		"$work/expected.normal"
}
# reading KIND KEYS: every column of its table
# shellcheck disable=SC2059 # the format is a constant
reading() {
	local names
	names=$(sql "SELECT string_agg(CASE form WHEN 'flag' THEN name || '::int'
		WHEN 'moment' THEN format('$moment', name) ELSE name END, ', '
		ORDER BY place) FROM hm.field WHERE kind = '$1'")
	same_contents "$1" "$(printf "$moment" time), $2, $names" "time, $2" \
		"time, $2, $(sql "SELECT string_agg(name, ', ' ORDER BY place)
		FROM hm.field WHERE kind = '$1'")"
}
# shellcheck disable=SC2059 # the format is a constant
{
	reading dtu dtu
	reading inverter 'dtu, serial'
	reading port 'dtu, serial, port'
	reading meter 'dtu, serial'
	same_contents status "$(printf "$moment" time), dtu, state, breaker,
		failures, error, text, hint" 'time, dtu' \
		'time, dtu, state, breaker, failures, error, text, hint'
	same_contents alarm "$(printf "$moment" time), dtu, serial, port, code,
		alert, text, count, $(printf "$moment" start),
		$(printf "$moment" '"end"')" 'start, dtu, serial' \
		'time, dtu, serial, port, code, alert, text, count, start, "end"'
	same_contents port_latest "$(printf "$moment" time), dtu, serial, port,
		pv_power, total_production" 'dtu, serial, port' \
		'time, dtu, serial, port, pv_power, total_production'
}

# Hours and days

hm-store -d "$work/noon.db" --timezone Europe/Berlin --reset-hour 13 \
	--retention 0 --stats-period 0 <"$work/sample" >/dev/null
sql "UPDATE hm.site SET timezone = 'Europe/Berlin', reset_hour = 13
	WHERE site = 'two'"
sql 'CALL hm.roll_up()'
of_two="day, dtu, serial, port, samples, pv_power_max FROM %s WHERE NOT filled
	AND %s ORDER BY day, dtu, serial, port"
# shellcheck disable=SC2059 # the format is a constant
same "days of another reset_hour are those of its hm.db" \
	"$(sql "SELECT $(printf "$of_two" hm.port_daily "site = 'two'")" | normal)" \
	"$(sqlite3 "$work/noon.db" "SELECT $(printf "$of_two" port_daily true)" |
		normal)"
same "a day has noon in it, and begins at reset_hour" "$(sql "SELECT count(*)
	FROM generate_series(0, 23) AS r, (VALUES ('2026-11-05'::timestamp)) AS v(d)
	WHERE hm.day_of((d + interval '12 hours') AT TIME ZONE 'Asia/Kolkata',
		'Asia/Kolkata', r) = d::date
	AND hm.day_of((d + r * interval '1 hour') AT TIME ZONE 'Asia/Kolkata',
		'Asia/Kolkata', r) = d::date + (r > 12)::integer
	AND hm.day_of((d + r * interval '1 hour') AT TIME ZONE 'Asia/Kolkata'
		- interval '1 second', 'Asia/Kolkata', r)
		= d::date - 1 + (r > 12)::integer")" 24
same "roll_up leaves nothing due" "$(sql 'SELECT count(*) FROM hm.rollup_due')" 0
# shellcheck disable=SC2059
same_contents port_hourly "$(printf "$moment" hour), dtu, serial, port, samples,
	pv_power_count, pv_power_avg, pv_power_max,
	total_production" 'hour, dtu, serial, port' 'hour, dtu, serial, port,
	samples, pv_power_count, pv_power_avg, pv_power_max,
	total_production' 'WHERE NOT filled'
same_contents port_daily 'day, dtu, serial, port, samples, pv_power_count,
	pv_power_avg, pv_power_max,
	today_production' 'day, dtu, serial, port' 'day, dtu, serial, port,
	samples, pv_power_count, pv_power_avg, pv_power_max,
	today_production' 'WHERE NOT filled'
same "plant_days is that of hm.db" "$(sql "SELECT day, kwh::float8,
	given_kwh::float8, taken_kwh::float8, own_kwh::float8 FROM hm.plant_days
	WHERE site = 'one' ORDER BY day")" "$(edge 'SELECT * FROM plant_days
	WHERE day NOT IN (SELECT day FROM port_daily WHERE filled)' |
	sed 's/\.0\b//g')"
same "outages is that of hm.db" "$(sql "SELECT dtu, seconds, errors
	FROM hm.outages WHERE site = 'one' ORDER BY start")" \
	"$(edge 'SELECT dtu, seconds, errors FROM outages ORDER BY start')"
for view in latest inverters daily_production months years alarms orders fleet; do
	check "hm.$view can be read" sql "SELECT * FROM hm.$view"
done
put_line '{"type":"port","time":"2026-10-20T10:05:00Z","dtu":"roof","serial":"114182000001","port":1,"pv_power":999}' >"$work/put"
sql 'CALL hm.roll_up()'
same "a late reading makes its hour and its day again" "$(sql "SELECT
	h.samples, h.pv_power_max, d.pv_power_max FROM hm.port_hourly AS h
	JOIN hm.port_daily AS d USING (site, dtu, serial, port)
	WHERE site = 'one' AND serial = '114182000001' AND port = 1
	AND hour = '2026-10-20T10:00:00Z' AND day = '2026-10-20'")" '7|999|999'

big=$(sql "SELECT hm.add_site('big')")
for second in 1 2; do
	echo '{"type":"port","time":"2026-11-05T10:00:0'$second'Z","dtu":"roof","serial":"a","port":1,"pv_power":'$second'e200}'
done >"$work/line"
same "values that no sum can hold are stored" "$(put big "$big" "$work/line")" '2|0'
put_line '{"type":"port","time":"2026-10-20T10:05:10Z","dtu":"roof","serial":"114182000001","port":1,"pv_power":998}' >"$work/put"
same "... their site is left out by roll_up, with a WARNING" \
	"$(sql 'CALL hm.roll_up()' 2>&1)" \
	'WARNING:  hm.roll_up: the site big is left out: value out of range: overflow'
same "... and no other" "$(sql 'SELECT site FROM hm.rollup_due') $(sql "SELECT
	samples FROM hm.port_hourly WHERE site = 'one' AND port = 1 AND
	serial = '114182000001' AND hour = '2026-10-20T10:00:00Z'")" 'big 8'
sql "SELECT hm.remove_site('big')" >"$work/out"

# Lines that are no records, among good ones

poison=(
	'no JSON'
	'{"type":"port","time":"2026-11-05T10:00:00Z"'
	'7'
	'null'
	'["port"]'
	'{"time":"2026-11-05T10:00:00Z","dtu":"roof"}'
	'{"type":"port","dtu":"roof","serial":"a","port":1}'
	'{"type":"port","time":"infinity","dtu":"roof","serial":"a","port":1}'
	'{"type":"port","time":"2026-13-05T10:00:00Z","dtu":"roof","serial":"a","port":1}'
	'{"type":"port","time":"2026-11-05T10:00:00Z","dtu":"roof","port":1}'
	'{"type":"port","time":"2026-11-05T10:00:00Z","dtu":"roof","serial":"a","port":"one"}'
	'{"type":"port","time":"2026-11-05T10:00:00Z","dtu":"roof","serial":"a","port":1,"total_production":99999999999999999999}'
	'{"type":"port","time":"2026-11-05T10:00:00Z","dtu":"roof","serial":"\ud800","port":1}'
	'{"type":"status","time":"2026-11-05T10:00:00Z","state":"online"}'
	"{\"type\":\"x\",\"time\":\"2026-11-05T10:00:00Z\",\"deep\":$(printf '[%.0s' {1..20000})}"
	"{\"type\":\"status\",\"time\":\"2026-11-05T10:00:00Z\",\"dtu\":\"$(openssl rand -base64 9000 | tr -d '\n')\"}"
)
good() {
	echo '{"type":"port","time":"2026-11-05T10:00:'"$1"'Z","dtu":"roof","serial":"114182000001","port":1,"pv_power":1.5}'
}
for i in "${!poison[@]}"; do
	good "$((i + 10))"
	printf '%s\n' "${poison[i]}"
done >"$work/poison"
same "poison lines are refused, and the good ones stored" \
	"$(put one "$key" "$work/poison")" "${#poison[@]}|${#poison[@]}"
same "... each with a reason, once" "$(put one "$key" "$work/poison")
$(sql "SELECT count(*), count(nullif(reason, '')) FROM hm.refused")" \
	"0|${#poison[@]}
${#poison[@]}|${#poison[@]}"
sql "INSERT INTO hm.refused VALUES ('one', 'h', now(), 'by mistake', '$(good 58)')"
sql "INSERT INTO hm.refused VALUES ('ghost', 'h', now(), 'no site', '$(good 59)')"
same "retry_refused tries them again" "$(sql 'SELECT hm.retry_refused()') $(sql \
	"SELECT count(*) FROM hm.refused WHERE site = 'one'")" "1 ${#poison[@]}"
same "... but not those of a site that is not there" "$(sql "SELECT
	(SELECT count(*) FROM hm.port WHERE site = 'ghost'), count(*)
	FROM hm.refused WHERE site = 'ghost'")" '0|1'
sql "DELETE FROM hm.refused WHERE site = 'ghost'"
same "a NUL is left out, and a backslash is not" "$(put_line \
	'{"type":"info","time":"2026-11-05T10:00:00Z","dtu":"roof","serial":"n","a":"x\u0000\u0000y","b":"\\u0000"}')
$(sql "SELECT data->>'a', data->>'b' FROM hm.info WHERE serial = 'n'")" \
	"1|0
xy|\\u0000"
same "keys that are known are kept in no other place" \
	"$(sql 'SELECT type, data FROM hm.more')" ""
same "an unknown key stops nothing" "$(put_line \
	'{"type":"port","time":"2026-11-05T11:01:00Z","dtu":"roof","serial":"114182000001","port":1}' \
	'{"type":"port","time":"2026-11-05T11:00:00Z","dtu":"roof","serial":"114182000001","port":1,"of_2030":7,"of_2031":{"a":1},"of_2032":9}' \
	'{"type":"port_daily","time":"2026-11-05T00:00:00Z","day":"2026-11-05","dtu":"roof","serial":"x","port":1,"samples":1,"of_2030":8}')" '3|0'
same "... and is kept" "$(sql 'SELECT type, dtu, serial, port, time, data
	FROM hm.more ORDER BY 1')" \
	'port|roof|114182000001|1|2026-11-05 06:00:00-05|{"of_2030": 7, "of_2031": {"a": 1}, "of_2032": 9}
port_daily|roof|x|1|2026-11-04 19:00:00-05|{"of_2030": 8}'
same "... so is a key that another type has, in a line that is not the longest" "$(put_line \
	"{\"type\":\"port\",\"time\":\"2026-11-05T11:02:00Z\",\"dtu\":\"roof\",\"serial\":\"114182000001$(
		printf '%0100d' 0)\",\"port\":1}" \
	'{"type":"port","time":"2026-11-05T11:03:00Z","dtu":"roof","serial":"m","port":1,"firmware":"x"}')
$(sql "SELECT data FROM hm.more WHERE serial = 'm'")" '2|0
{"firmware": "x"}'
same "... and one in a line that has fewer keys than another, with spaces, or beside one
that was there" "$(put_line \
	'{"type":"port","time":"2026-11-05T11:04:00Z","dtu":"roof","serial":"m","port":1,"of_2030":1}' \
	'{"type":"port","time":"2026-11-05T11:05:00Z","dtu":"roof","serial":"m","port":1,"pv_power":1,"pv_voltage":2}') $(
	put_line '{"type":"port","time":"2026-11-05T11:06:00Z","dtu":"roof","serial":"m" ,"port" : 1, "of_2030" : 2}') $(
	put_line '{"type":"port","time":"2026-11-05T11:06:00Z","dtu":"roof","serial":"m","port":1}' \
	'{"type":"port","time":"2026-11-05T11:07:00Z","dtu":"roof","serial":"m","port":1,"of_2030":3}') $(
	sql "SELECT string_agg(data->>'of_2030', ',' ORDER BY time) FROM hm.more WHERE serial = 'm'")" \
	'2|0 1|0 1|0 1,2,3'
same "... but not the energies of an inverter" "$(put_line \
	'{"type":"inverter","time":"2026-11-05T11:03:00Z","dtu":"roof","serial":"m","today_production":1,"total_production":2}')
$(sql "SELECT count(*) FROM hm.more WHERE type = 'inverter'")" '1|0
0'
sql "DELETE FROM hm.more WHERE serial = 'm'"
same "the counters of tools are not" "$(put_line \
	'{"type":"stats","time":"2026-11-05T11:00:00Z","tool":"hm-store","lines":1}')
$(sql "SELECT count(*) FROM hm.other")" '0|0
0'
same "an unknown type is kept" "$(put_line \
	'{"type":"of_2031","time":"2026-11-05T11:00:00Z","dtu":"roof","soc":51}' \
	'{"type":"Robert''); DROP TABLE hm.port; --","time":"2026-11-05T11:00:00Z"}')
$(sql "SELECT record->>'soc' FROM hm.other WHERE type = 'of_2031'")" '2|0
51'
same "1970 and 2099 are stored, and are not the last reading" "$(put_line \
	'{"type":"port","time":"1970-01-01T00:01:00Z","dtu":"roof","serial":"114182000001","port":1,"pv_power":7}' \
	'{"type":"port","time":"2099-01-01T00:01:00Z","dtu":"roof","serial":"114182000001","port":1,"pv_power":7}')
$(sql "SELECT count(*) FROM hm.port_default WHERE pv_power = 7
	AND site = 'one'")
$(sql "SELECT to_char(time, 'YYYY') FROM hm.latest WHERE site = 'one'
	AND serial = '114182000001' AND port = 1")" '2|0
2
2026'

# Partitions

same "months of old readings get a partition" "$(sql 'SELECT hm.upkeep()')$(
	sql "SELECT count(*) FROM hm.port_2026_10")" "$(edge "SELECT count(*) * 2 + 2
	FROM port WHERE time < unixepoch('2026-11-01')")"
same "... and the default one has the rest" "$(sql "SELECT count(*)
	FROM hm.port_default")" 2
all=$(sql 'SELECT count(*) FROM hm.port')
same "drop_before removes whole months" "$(sql \
	"SELECT hm.drop_before('2026-11-15Z')" | grep port)
$(sql "SELECT $all - count(*) > 5000, min(time) FILTER (WHERE time > '1971-01-01')
	>= '2026-11-01Z' FROM hm.port")" 'port_2026_10
t|t'

# Records that change a row

alarm='"type":"alarm","dtu":"roof","serial":"a","code":209,"start":"2026-11-05T09:00:00Z"'
lasting() {
	sql "SELECT count, \"end\" AT TIME ZONE 'UTC' FROM hm.alarm
		WHERE site = 'one' AND serial = 'a'"
}
same "an alarm ends" "$(put_line "{$alarm,\"time\":\"2026-11-05T09:00:00Z\"}")
$(lasting)
$(put_line "{$alarm,\"time\":\"2026-11-05T09:30:00Z\",\"end\":\"2026-11-05T09:29:00Z\",\"count\":2}")
$(lasting)" '1|0
|
1|0
2|2026-11-05 09:29:00'
same "... and does not begin again with an older record" "$(put_line \
	"{$alarm,\"time\":\"2026-11-05T09:10:00Z\"}")
$(lasting)" '0|0
2|2026-11-05 09:29:00'
same "both in one batch are one row" "$(put_line \
	"{${alarm/\"a\"/\"b\"},\"time\":\"2026-11-05T09:30:00Z\",\"end\":\"2026-11-05T09:29:00Z\"}" \
	"{${alarm/\"a\"/\"b\"},\"time\":\"2026-11-05T09:00:00Z\"}")
$(sql "SELECT count(*), count(\"end\") FROM hm.alarm WHERE site = 'one'
	AND serial = 'b'")" '1|0
1|1'
same "a list ends an alarm that it lacks" "$(put_line \
	"{${alarm/\"a\"/\"c\"},\"time\":\"2026-11-05T09:00:00Z\"}" \
	"{${alarm/\"a\"/\"d\"},\"time\":\"2026-11-05T09:00:00Z\"}" \
	'{"type":"alarms","time":"2026-11-05T10:00:00Z","dtu":"roof","lasting":[{"serial":"d","code":209,"start":"2026-11-05T09:00:00Z"}]}')
$(sql "SELECT serial, \"end\" AT TIME ZONE 'UTC' FROM hm.alarm
	WHERE site = 'one' AND serial IN ('c', 'd') ORDER BY 1")" '3|0
c|2026-11-05 10:00:00
d|'
result='{"type":"result","time":"2026-11-05T10:00:06Z","id":"7f","dtu":"roof","action":"limit"'
same "a refused result gives way to the one of the order" "$(put_line \
	'{"type":"command","time":"2026-11-05T10:00:00Z","id":"7f","dtu":"roof","action":"limit","percent":60,"from":"stdin"}' \
	"$result,\"state\":\"refused\"}")
$(put_line "$result,\"state\":\"accepted\"}" "$result,\"state\":\"done\",\"on\":true}")
$(put_line "$result,\"state\":\"refused\"}")
$(sql "SELECT state, source, seconds FROM hm.orders WHERE id = '7f'")" '2|0
2|0
0|0
done|stdin|6'
curve='{"type":"history","time":"2026-11-05T10:%s:00Z","dtu":"roof","serial":"h","start":"2026-11-05T08:00:00Z","package":0,"curve":[%s]}'
# shellcheck disable=SC2059
same "a longer power curve replaces a shorter one" \
	"$(put_line "$(printf "$curve" 10 '1,2')")
$(put_line "$(printf "$curve" 05 '1')")
$(sql "SELECT data FROM hm.history WHERE serial = 'h'")" '1|0
0|0
{"curve": [1, 2]}'
same "what a DTU says of past days" "$(put_line \
	'{"type":"energies","time":"2026-11-05T10:00:00Z","dtu":"roof","serial":"h","days":[{"time":"2026-11-03T23:30:00Z","energy":49600}]}')
$(sql "SELECT day, energy FROM hm.past_days WHERE serial = 'h'")" '1|0
2026-11-04|49600'
hour='{"type":"port_hourly","time":"2026-11-06T11:00:00Z","hour":"2026-11-06T10:00:00Z","dtu":"roof","serial":"114182000001","port":1,"samples":%s,"filled":false}'
# shellcheck disable=SC2059
same "an hour that a site has made replaces an older one" \
	"$(put_line "$(printf "$hour" 30)") $(put_line "$(printf "$hour" 60)") $(
	put_line "$(printf "$hour" 60)") $(sql "SELECT samples FROM hm.port_hourly
	WHERE hour = '2026-11-06T10:00:00Z'")" '1|0 1|0 0|0 60'

# The fleet

sql "UPDATE hm.site SET seen = now() - interval '2 hours' WHERE site = 'two'"
put_line '{"type":"status","time":"2026-11-06T11:00:00Z","dtu":"shed","state":"offline","error":"refused"}' >"$work/put"
same "hm.fleet says who is late, what is offline, and which alarms last" \
	"$(sql "SELECT site, late, dtus, offline, alarms, refused FROM hm.fleet
	ORDER BY site" | sed -E 's/\{"[^{]*(roof d 209)[^{]*\}/\1/')" \
	"one|f|2|{shed}|$(sql "SELECT array_agg(concat_ws(' ', dtu, serial,
	coalesce(text, alert, code::text)) ORDER BY start) FROM hm.alarm
	WHERE site = 'one' AND \"end\" IS NULL" | sed -E 's/\{"[^{]*(roof d 209)[^{]*\}/\1/')|${#poison[@]}
two|t|2|$(sql "SELECT offline FROM hm.fleet WHERE site = 'two'")|$(sql \
	"SELECT alarms FROM hm.fleet WHERE site = 'two'")|0"
same "a lasting alarm is in it" "$(sql "SELECT 'roof d 209' = ANY (alarms)
	FROM hm.fleet WHERE site = 'one'")" t

# Who may do what

echo '{"type":"port","time":"2026-11-07T10:00:00Z","site":"two","dtu":"roof","serial":"114182000001","port":1}' >"$work/line"
before=$(sql 'SELECT count(*) FROM hm.port')
for try in "one $other" "two $key" "one wrong" "three $key" "one " "  "; do
	same "the key of site \"${try%% *}\" must be right" \
		"$(put "${try%% *}" "${try#* }" "$work/line" | head -n 1)" \
		'ERROR:  hm.put: there is no such site, or this is not its key'
done
same "... and stores nothing otherwise" "$(sql 'SELECT count(*) FROM hm.port')" \
	"$before"
same "the site of a line is not the line's to say" \
	"$(put one "$key" "$work/line") $(sql "SELECT site FROM hm.port
	WHERE time = '2026-11-07T10:00:00Z'")" '1|0 one'

# as ROLE STATEMENT: what becomes of it
as() {
	psql -h 127.0.0.1 -p "$port" -U "$1" -d fleet -XqAt -c "$2" 2>&1 |
		sed -n 's/^ERROR:  //p'
}
writes() {
	echo "INSERT INTO hm.port (site, dtu, serial, port, time) VALUES ('one', 'a', 'b', 1, now())
UPDATE hm.site SET seen = now()
DELETE FROM hm.port
TRUNCATE hm.port_latest
DROP TABLE hm.port
CREATE TABLE hm.x (a int)
CREATE TABLE public.x (a int)
CREATE TEMP TABLE x (a int)
SELECT hm.take('one', '{}')
SELECT hm.take_port('one', '{}')
SELECT hm.add_key('one')
SELECT hm.remove_site('one')
SELECT hm.upkeep()
CALL hm.roll_up()
SELECT * FROM hm.site_key"
}
while read -r statement; do
	check "hm_edge may not: ${statement:0:40}" grep -q '^permission denied\|^must be owner' \
		<<<"$(as hm_edge "$statement")"
	check "hm_reader may not: ${statement:0:40}" grep -q '^permission denied\|^must be owner' \
		<<<"$(PGOPTIONS='-c default_transaction_read_only=off' \
			as hm_reader "$statement")"
done < <(writes)
same "hm_reader writes nothing by default" "$(as hm_reader 'DELETE FROM hm.port')" \
	'cannot execute DELETE in a read-only transaction'
check "hm_reader may not call hm.put" grep -q '^ERROR:  permission denied' \
	<<<"$(put one none "$work/line" hm_reader)"
while read -r name; do
	check "hm_edge may not read $name" grep -q '^permission denied' \
		<<<"$(as hm_edge "SELECT * FROM hm.$name")"
	[ "$name" = site_key ] ||
		same "hm_reader may read $name" "$(as hm_reader \
			"SELECT * FROM hm.$name LIMIT 1")" ""
done < <(sql "SELECT relname FROM pg_class WHERE relnamespace = 'hm'::regnamespace
	AND relkind IN ('r', 'p', 'v') AND NOT relispartition ORDER BY 1")
same "keys are kept as hashes only" "$(pg_dump -h 127.0.0.1 -p "$port" -U hm \
	fleet | grep -c "$key")" 0

# Statements hold keys, and all sites have one role.

# hold STATEMENT: a session of the owner runs it, and release commits it.
hold() {
	rm -f "$work/statements" && mkfifo "$work/statements" || return
	PGAPPNAME=holder psql -h 127.0.0.1 -p "$port" -U hm -d fleet -Xq \
		<"$work/statements" >"$work/held" 2>&1 &
	holder=$!
	pids+=("$holder")
	exec 5>"$work/statements"
	echo "BEGIN; $1;" >&5
	until_true 20 is 1 "SELECT count(*) FROM pg_stat_activity WHERE
		application_name = 'holder' AND state = 'idle in transaction'"
}
release() {
	echo 'COMMIT;' >&5
	exec 5>&-
	wait "$holder"
}
is() {
	[ "$(sql "$2")" = "$1" ]
}
waits="SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
check "a batch waits for another of its site" hold "SELECT hm.lock_site('one')"
put one "$key" "$work/line" >"$work/put" &
waiting=$!
check "... as it does here" until_true 20 is 1 "$waits"
for role in hm_edge hm_kafka hm; do
	psql -h 127.0.0.1 -p "$port" -U "$role" -d fleet -XqAt \
		-c 'SELECT * FROM pg_stat_activity'
done >"$work/seen" 2>&1
same "no session sees its key" "$(grep -cF -e "$key" -e 'hm.put(' "$work/seen")" 0
same "... but that it is there" "$(sql "SELECT count(*) FROM pg_stat_activity
	WHERE usename = 'hm_edge' AND query = ''")" 1
sql "SELECT pg_cancel_backend(pid) FROM pg_stat_activity
	WHERE usename = 'hm_edge'" >"$work/out"
wait "$waiting"
release
same "the log says that it was cancelled" "$(grep -c 'canceling statement due to' \
	"$work/a.log")" 1
same "... and names no key" "$(grep -cF -e "$key" -e "$other" -e "'wrong'" \
	"$work/a.log")" 0
for role in hm_edge hm_kafka; do
	for try in 'SET track_activities = on' \
		'SET log_min_error_statement = error' \
		"ALTER ROLE $role SET track_activities = on" \
		"ALTER ROLE $role RESET log_min_error_statement"; do
		check "$role may not: $try" grep -q '^permission denied' \
			<<<"$(as "$role" "$try")"
	done
	as "$role" "ALTER ROLE $role RESET ALL" >"$work/out"
	same "... and RESET ALL leaves them" "$(psql -h 127.0.0.1 -p "$port" \
		-U "$role" -d fleet -XqAt -c 'SHOW track_activities' \
		-c 'SHOW log_min_error_statement' 2>&1)" 'off
panic'
done
# What RESET ALL has removed
centre >"$work/out"

# Keys

new=$(sql "SELECT hm.add_key('one')")
same "two keys are good while one replaces the other" \
	"$(put one "$key" "$work/line") $(put one "$new" "$work/line")" '0|0 0|0'
same "the older one can be dropped" "$(sql "SELECT hm.drop_old_keys('one')") $(
	put one "$key" "$work/line" | grep -c 'not its key') $(
	put one "$new" "$work/line")" '1 1 0|0'
key=$new
same "a site's name cannot be anything" "$(sql "SELECT hm.add_site('a|b')" 2>&1 |
	grep -c 'violates check constraint')" 1
same "nor its time zone" "$(sql "SELECT hm.add_site('x', 'Mars/Base')" 2>&1 |
	grep -c 'not recognized')" 1

# Upgrades

sql "INSERT INTO hm.other SELECT 'two', 'stats', '2026-11-08T10:00:00Z', 'h', NULL,
	'{\"type\":\"stats\",\"time\":\"2026-11-08T10:00:00Z\"}'"
printf '{"type":"port","time":"2026-11-08T10:00:00Z","dtu":"roof","serial":"odd","port":1,"of_2030":"x","........pg.dropped.%d........":1}\n' \
	"$(sql "SELECT attnum FROM pg_attribute WHERE attname = 'pv_voltage'
	AND attrelid = 'hm.port'::regclass")" >"$work/odd"
same "a site sends a value of another type, and the name of a dropped column" \
	"$(put two "$other" "$work/odd")" '1|0'
sql 'CALL hm.roll_up()'
samples=$(sql "SELECT samples FROM hm.port_hourly WHERE site = 'one' AND port = 1 AND
	serial = '114182000001' AND hour = '2026-11-05T11:00:00Z'")
sql 'ALTER TABLE hm.port DROP COLUMN pv_voltage'
sql "INSERT INTO hm.other SELECT 'two', 'port', '2026-11-08T10:00:00Z', 'h',
	'roof', '{\"type\":\"port\",\"time\":\"2026-11-08T10:00:00Z\",
	\"dtu\":\"roof\",\"serial\":\"x\",\"port\":3,\"pv_voltage\":31.5}'"
sql "INSERT INTO hm.field VALUES ('port', 'of_2030', 999, 'counter', NULL, 'h'),
	('port', 'of_2032', 1000, 'gauge', NULL, 'h')"
same "an upgrade leaves out such a value" "$(centre | sed 's/.*WARNING/WARNING/')" \
	'WARNING:  hm.sort_more: port of the site two is left out: invalid input syntax for type bigint: "x"'
same "... and keeps it" "$(sql "SELECT data->>'of_2030' FROM hm.more
	WHERE site = 'two' AND serial = 'odd'")" x
sql "DELETE FROM hm.more WHERE site = 'two'"
same "... and prints nothing when it is gone" "$(centre)" ""
same "... moves keys that had no column yet into theirs" "$(sql "SELECT
	(SELECT of_2030 FROM hm.port WHERE time = '2026-11-05T11:00:00Z'
	AND serial = '114182000001' AND port = 1 AND site = 'one'), (SELECT of_2030
	FROM hm.port_daily WHERE day = '2026-11-05' AND serial = 'x')")
$(sql 'SELECT type, data FROM hm.more')" '7|8
port|{"of_2031": {"a": 1}}'
same "... and into the hours and days by roll_up" "$(sql 'CALL hm.roll_up()')$(
	sql "SELECT h.of_2030, d.of_2030, h.of_2032_count, d.of_2032_max, h.samples
	FROM hm.port_hourly AS h JOIN hm.port_daily AS d USING (site, dtu, serial,
	port) WHERE site = 'one' AND serial = '114182000001' AND port = 1
	AND hour = '2026-11-05T11:00:00Z' AND day = '2026-11-05'")" "7|7|1|9|$samples"
same "... adds columns, and sorts records that waited for them" "$(sql \
	"SELECT pv_voltage FROM hm.port WHERE site = 'two' AND serial = 'x'")$(
	sql "SELECT count(*) FROM hm.other WHERE type IN ('port', 'stats')")" 31.50
same "... and the roles still have what they had" "$(put_line \
	'{"type":"port","time":"2026-11-08T11:00:00Z","dtu":"roof","serial":"x","port":3,"pv_voltage":3}') $(
	as hm_reader 'SELECT * FROM hm.fleet')" '1|0 '
sql 'INSERT INTO hm.version VALUES (99)'
same "a newer centre is left alone" "$(centre | grep -c 'newer version of hm: 99')" 1
sql 'DELETE FROM hm.version WHERE version = 99'

# GDPR

gone=$(sql "SELECT hm.add_site('gone')")
rows_of_gone="SELECT (SELECT count(*) FROM hm.port WHERE site = 'gone') +
	(SELECT count(*) FROM hm.rollup_due WHERE site = 'gone')"
same "a site that is about to go" "$(put gone "$gone" "$work/line")" '1|0'
check "... is being removed" hold "SELECT hm.remove_site('gone')"
sed -i 's/T10:/T11:/' "$work/line"
put gone "$gone" "$work/line" >"$work/put" &
waiting=$!
check "... and its batch waits for that" until_true 20 is 1 "$waits"
release
wait "$waiting"
same "... and is refused" "$(grep -c 'not its key' "$work/put") $(
	sql "$rows_of_gone")" '1 0'
gone=$(sql "SELECT hm.add_site('gone')")
check "a batch is being stored" hold \
	"SELECT hm.put('gone', '$gone', '$(cat "$work/line")')"
sql "SELECT hm.remove_site('gone')" >"$work/out" &
waiting=$!
check "... and remove_site waits for it" until_true 20 is 1 "$waits"
release
wait "$waiting"
same "... and removes its rows" "$(sql "$rows_of_gone")" 0
check "remove_site removes a site" sql "SELECT hm.remove_site('one')"
same "... with every row, and nothing of another" "$(pg_dump -h 127.0.0.1 \
	-p "$port" -U hm --data-only fleet | grep -cP '(^|\t)one(\t|$)') $(sql \
	"SELECT count(*) > 500 FROM hm.port WHERE site = 'two'")" '0 t'
finish
