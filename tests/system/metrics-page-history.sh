#!/bin/bash
# History and panels on the page of hm-metrics, in a real browser: the numbers are
# those of SQL on the same database, which tests/lib/plant-years makes. Plant,
# browser and machine are in different time zones.
# shellcheck source=tests/lib/lib.sh
. "$(dirname "$0")/../lib/lib.sh"
# shellcheck source=tests/lib/browser.sh
. "$(dirname "$0")/../lib/browser.sh"
lib=$(cd "$(dirname "$0")/../lib" && pwd)
unset HM_CONFIG DTU_HOST DATABASE_PATH TIMEZONE
export LC_ALL=C TZ=Asia/Tokyo

# chromedriver connects to the browser by the name localhost.
if ! getent hosts localhost >/dev/null; then
	skip "the history in a browser" "no address has the name localhost"
	finish
fi
plant=Europe/Berlin
# Where the test will not see a new day begin.
[ "$(TZ=$plant date +%H%M)" -lt 2340 ] || plant=Europe/Athens
today=$(TZ=$plant date +%F)
zone=America/Los_Angeles
db=$work/hm.db
port=$(free_port)
TZ=$plant "$lib/plant-years" "$db" "$today" 440 3 1
# An input gives less than before, another one nothing.
sqlite3 "$db" "UPDATE port_daily SET today_production = today_production * 7 / 10
		WHERE serial = '116100000003' AND port = 2 AND
		day BETWEEN date('$today', '-10 days') AND '$today';
	UPDATE port_daily SET today_production = 0 WHERE serial = '116100000003'
		AND port = 4 AND day BETWEEN date('$today', '-5 days') AND '$today'"

mkfifo "$work/in"
exec 7<>"$work/in"
hm-metrics --port "$port" --stats-period 0 -d "$db" --timezone $plant \
	--names 'garage=Garage <b>' --names '116100000002=South' \
	--names '116100000002/2=South, left' --currency EUR --price-own 0.3 \
	--names '116100000002/3=The third from the chimney, behind the old tree' \
	--price-given 0.08 --co2-g-kwh 380 <"$work/in" >/dev/null 2>&1 7>&- &
pids+=($!)
until_true 10 listening "$port"
for serial in 116100000001 116100000002 116100000003; do
	for input in 1 2 3 4; do
		dtu=roof
		[ $serial != 116100000003 ] || dtu=garage
		printf '{"type":"port","time":"%s","dtu":"%s","serial":"%s","port":%d,"pv_power":%d,"pv_voltage":31.4,"pv_current":2.5,"today_production":%d}\n' \
			"$(date -u +%FT%TZ)" "$dtu" $serial "$input" $((100 + input)) \
			$((500 + input))
	done
	printf '{"type":"inverter","time":"%s","dtu":"%s","serial":"%s"}\n' \
		"$(date -u +%FT%TZ)" "$dtu" $serial
done >&7
until_true 10 [ "$(curl -s "http://127.0.0.1:$port/api/plant" |
	jq '[.units[].ports[]] | length')" = 12 ]

start_browser
check "a browser starts" [ -n "$session" ]

# SQL in the zone of the plant
query() {
	TZ=$plant sqlite3 -readonly -separator ' ' -nullvalue – "$db" "$1"
}

# The energy of each day, and what the meter counted, in Wh
days="SELECT day, sum(today_production) AS made,
	min(given) AS given, min(taken) AS taken
	FROM port_daily LEFT JOIN (SELECT a.day,
		a.energy_export - b.energy_export AS given,
		a.energy_import - b.energy_import AS taken
		FROM meter_daily AS a JOIN meter_daily AS b
		ON b.day = date(a.day, '-1 day')) USING (day)
	WHERE day <= '$today' GROUP BY day"

# sums CHARS: of each day, month or year in kWh, as the table has them
sums() {
	local n
	printf "SELECT substr(day, 1, %s) AS name" "$1"
	for n in made 'made - given' given taken; do
		printf ", printf('%%.3f', sum(%s) / 1000.0)" "$n"
	done
	printf " FROM (%s) GROUP BY 1" "$days"
}

# with_before CHARS NAMES: the same, with the energy a year before
with_before() {
	query "WITH s (name, made, own, given, taken) AS ($(sums "$1")),
		b (name, before) AS (SELECT (substr(name, 1, 4) + 1) ||
			substr(name, 5), made FROM s)
		SELECT name, made, own, given, taken, before
		FROM (SELECT name FROM s UNION SELECT name FROM b)
		LEFT JOIN s USING (name) LEFT JOIN b USING (name)
		WHERE name GLOB '$2' ORDER BY name"
}

# go HASH: the page shows it.
go() {
	js "void (location.hash = '$1')" >/dev/null
}

# The table, a line each
table='[...document.querySelectorAll("#r-history tbody tr")].map(r =>
	[r.dataset.key.replace(/[a-z].*/, ""), ...[...r.querySelectorAll("td")]
	.map(c => c.textContent.replace(/,/g, ""))].join(" ")).join("\n")'

# shows NAME EXPECTED: the table does, soon.
shows() {
	until_true 10 is "$table" "$2"
	same "$1" "$(js "$table")" "$2"
}
text_of() {
	js "document.querySelector('$1').textContent"
}

month=$(date -d "${today%-*}-01 - 10 days" +%Y-%m)
year=${today%%-*}
ask /url "{\"url\": \"http://127.0.0.1:$port/#/history/$month\"}" >/dev/null
shows "the days of a month, the grid and the year before" \
	"$(with_before 10 "$month-*")"
# rounded WH: as a tile has it, with three digits.
rounded() {
	awk -v n="$1" 'BEGIN {
		step = n < 999.5 ? 0 : n < 999500 ? 1 : 2
		part = n / 1000 ^ step
		digits = step == 0 ? 0 : part < 9.995 ? 2 : part < 99.95 ? 1 : 0
		part = int(part * 10 ^ digits + 0.5 + 1e-9) / 10 ^ digits
		printf "%." digits "f %sWh", part, substr("kM", step, step > 0)
	}'
}
same "the sum of the month" "$(text_of '#r-history .sums dd')" \
	"$(rounded "$(query "SELECT sum(made) FROM ($days)
		WHERE day GLOB '$month-*'")")"
same "what it is worth" "$(js "[...document.querySelectorAll(
	'#r-history .sums .card')].at(-2).textContent")" "Worth$(query "SELECT
	printf('€%.2f', sum(made - coalesce(given, 0)) * 0.0003 +
	sum(given) * 0.00008) FROM ($days) WHERE day GLOB '$month-*'")"
check "... and how much CO₂ it saved" grep -q "Not emitted$(query "SELECT CAST(round(
	sum(made) / 1000000.0 * 380) AS INTEGER) FROM ($days)
	WHERE day GLOB '$month-*'") kg of CO₂" <(text_of '#r-history .sums')
same "its days as CSV" "$(curl -s "$(js \
	"document.querySelector('#r-history a[href*=csv]').href")" | tail -n +2 |
	cut -d, -f1 | tr -d '\r')" "$(query "SELECT day FROM ($days)
	WHERE day GLOB '$month-*'")"
go "#/history/$year"
shows "the months of the year" "$(with_before 7 "$year-*")"
same "it has no year after it" "$(js \
	"[...document.querySelectorAll('#r-history > .tools > a')].map(
	a => a.hidden).join()")" "false,true"
check "days on which a DTU was away" grep -q "^Garage <b> · .* · 3 days" \
	<(js "[...document.querySelectorAll('#r-history li')].map(
	n => n.textContent).join('\n')")
go '#/history/all'
shows "all years" "$(query "$(sums 4)")"
same "the best day, and a link to its curve" \
	"$(js "[...document.querySelectorAll('#r-history .list a')].map(
	a => a.hash).slice(0, 3).join()")" \
	"#/now/$(query "SELECT day FROM ($days) ORDER BY made DESC LIMIT 1"),#/history/$(
	query "SELECT substr(day, 1, 7) FROM ($days) GROUP BY 1 ORDER BY sum(made) DESC LIMIT 1"),#/history/$(
	query "SELECT substr(day, 1, 4) FROM ($days) GROUP BY 1 ORDER BY sum(made) DESC LIMIT 1")"
go '#/history/all/none'
shows "a device without a history" ""
same "... is said to have none" "$(text_of '#r-history .read')" "no reading"

# The choice of an input
go "#/history/$month"
shows "back at the month" "$(with_before 10 "$month-*")"
js "(() => { const s = document.querySelector('#r-history select');
	s.value = [...s.options].find(o => o.text === 'South · South, left').value;
	s.dispatchEvent(new Event('change')); })()" >/dev/null
shows "the days of an input" "$(query "SELECT a.day,
	printf('%.3f', a.today_production / 1000.0),
	printf('%.3f', b.today_production / 1000.0)
	FROM port_daily AS a LEFT JOIN port_daily AS b ON b.day =
	(substr(a.day, 1, 4) - 1) || substr(a.day, 5) AND b.serial = a.serial
	AND b.port = a.port WHERE a.serial = '116100000002' AND a.port = 2
	AND a.day GLOB '$month-*'" | sed 's/ $//')"
same "... which has an address" "$(js location.hash)" \
	"#/history/$month/116100000002/2"

# By keyboard
go "#/history/$month"
shows "the plant again" "$(with_before 10 "$month-*")"
js "document.querySelectorAll('#r-history svg')[1].focus()" >/dev/null
press "$home" "$down" "$right"
check "the calendar names the day under its cursor" grep -q "$(
	date -d "${month%-*}-02-02" '+%b %-d, %Y: .*')" <(text_of \
	'#r-history section .read')
press "$enter"
same "... and opens it" "$(js location.hash)" "#/now/${month%-*}-02-02"
go "#/history/$month"
until_true 10 is "$table" "$(with_before 10 "$month-*")"
js "document.querySelector('#r-history svg').focus()" >/dev/null
press "$home" "$right"
first=$(query "SELECT made FROM ($days)
	WHERE day = '$month-02'")
check "a bar names its energy" grep -qF ": $(rounded "$first") · " \
	<(text_of '#r-history .read')

# Panels
go '#/panels'
inputs='[...document.querySelectorAll(".inputs li")]'
until_true 10 is "$inputs.length" 12
curl -s "http://127.0.0.1:$port/api/panels?days=30" >"$work/panels"
same "the month, the year and the share of each input" "$(js "$inputs.map(
	n => [...n.querySelectorAll('dd')].slice(4, 7).map(d => d.textContent)
	.join(' ')).join('\n')")" "$(
	query "SELECT serial, port, sum(iif(day >= '${today%-*}', today_production, 0)),
	sum(today_production) FROM port_daily
	WHERE day BETWEEN '$year' AND '$today' GROUP BY dtu, serial, port" |
	while read -r serial input in_month in_year; do
		echo "$(rounded "$in_month") $(rounded "$in_year") $(jq -r --arg s \
			"$serial" --argjson p "$input" '.panels[] | select(.serial ==
			$s and .port == $p) | .share * 100 | round' "$work/panels") %"
	done)"
same "what it gives now" "$(js "$inputs.slice(4, 6).map(
	n => [...n.querySelectorAll('dd')].slice(0, 4).map(d => d.textContent)
	.join(' ')).join('; ')")" "101 W 31.4 V 2.50 A 501 Wh; 102 W 31.4 V 2.50 A 502 Wh"
# ago DAYS: that day, as a verdict has it
ago() {
	date -d "$today - $1 days" '+%B %-d'
}
same "what gives less is named, worst first" "$(js "
	[...document.querySelectorAll('#r-panels > ul li')].map(n =>
	n.textContent.replace(/\d+ % below its/, 'N % below its')
	.replace(/(29|30|31) %/, '30 %')).join('\n')")" \
	"116100000003 · Input 4 gives nothing since $(ago 5)
116100000003 · Input 2 30 % below since $(ago 10)
South · South, left N % below its neighbours"
check "the shade is in its verdict" grep -q 'loses from [5-9]:00 to 11:00' <(js \
	"$inputs.map(n => n.querySelector('.verdict').textContent).join('\n')")
js "document.querySelector('#r-panels button').click()" >/dev/null
same "worst first" "$(js "document.querySelector(
	'#r-panels details h3').textContent")" "$(jq -r '.panels | min_by(.share) |
	.serial | if . == "116100000002" then "South" else . end' "$work/panels")"
for hash in panels "history/$month" "history/$year" history/all; do
	width_of 320
	go "#/$hash"
	until_true 5 is "document.querySelector('main > section:not([hidden]) svg rect')
		!== null" true
	same "$hash fits on a phone" "$(js "[document.documentElement.scrollWidth,
		...[...document.querySelectorAll('main :is(dd, strong, p, svg, a)')]
		.filter(n => n.getBoundingClientRect().right > 320)].join()")" 320
done
same "the browser logs no error" "$(browser_errors)" ""
end_browser
finish
