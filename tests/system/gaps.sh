#!/bin/bash
# Hours in which the chain was away, filled from the power curve that the DTU
# keeps. hm-sim stands still at three times of a day: before the gap, after it,
# and within it, which says what is right. Its clock is that of the machine, so
# the records are moved to the day of the simulated time.
# shellcheck source=tests/lib/lib.sh
. "$(dirname "$0")/../lib/lib.sh"
root=$(cd "$(dirname "$0")/../.." && pwd)
db=$work/hm.db
options=(--stats-period 0 --timezone UTC -d "$db")

# poll TIME URI: two polls of a DTU at this time of its day go into the file TIME.
poll() {
	hm-poll -n 2 -p 5 --stats-period 0 --ask history "$2" \
		2>/dev/null | hm-decode --stats-period 0 |
		jq -c --slurp --arg to "2026-06-10T$1:00Z" '
		def move($by): fromdateiso8601 + $by | todateiso8601;
		(($to | fromdateiso8601) - (map(select(.type == "dtu"))[0].time |
			fromdateiso8601)) as $by | .[] |
		select(.type | . == "dtu" or . == "port" or . == "history") |
		.dtu = "roof" | .time |= move($by) |
		if .start then .start |= move($by) else . end |
		if .device_time then .device_time |= move($by) else . end' \
		>"$work/$1"
}

chain() {
	hm-filter "${options[@]}" | hm-store "${options[@]}" >/dev/null
}

ask() {
	sqlite3 "$db" "$1"
}

hours() {
	ask "SELECT group_concat(strftime('%H', hour, 'unixepoch') ||
		iif(filled, '*', '')  || iif(samples, '', '-'), ' ')
		FROM dtu_hourly"
}

rows() {
	ask "SELECT * FROM port_hourly; SELECT * FROM dtu_hourly;
		SELECT * FROM port_daily; SELECT * FROM dtu_daily"
}

# The differences between the hours of each input, and between the hours of the
# DTU and those of its inputs. Before its first reading a DTU has no total.
wrong() {
	ask "SELECT count(*) FROM (SELECT total_production - lag(
		total_production) OVER (PARTITION BY serial, port ORDER BY hour)
		AS made FROM port_hourly) WHERE made < 0"
	ask "SELECT count(*) FROM dtu_hourly AS d JOIN (SELECT hour,
		sum(total_production) AS total, sum(today_production) AS today
		FROM port_hourly GROUP BY hour) AS p USING (hour) WHERE filled
		AND (total_production <> p.total OR today_production IS NOT p.today)"
	ask "SELECT count(*) FROM port_daily AS d WHERE today_production <>
		(SELECT max(total_production) - min(total_production -
		today_production) FROM port_hourly AS p WHERE p.serial = d.serial
		AND p.port = d.port)"
}

# How far the filled hour before TIME is from the poll at TIME, in Wh.
off() {
	local hour=$((${1%:*} - 1))
	jq -r 'select(.type == "port") | [.serial, .port, .total_production] |
		@csv' "$work/$1" | sort -u >"$work/real.csv"
	sqlite3 "$db" "CREATE TEMP TABLE real (serial, port, total)" \
		".import --csv $work/real.csv real" \
		"SELECT count(*) || ' ' || (max(abs(total_production - total)) <= 1)
		FROM port_hourly JOIN temp.real USING (serial, port)
		WHERE strftime('%H', hour, 'unixepoch') + 0 = $hour AND filled"
}

polls=()
for time in 08:30 11:00 13:05; do
	start_sim "$time" --start "$time" --speed 0 --refresh 0.2
	poll "$time" "${uris[0]}" &
	polls+=($!)
done
wait "${polls[@]}"

grep -v '"type":"history"' "$work/08:30" | chain
same "before the gap there are the hours of readings" "$(hours)" "08"
chain <"$work/13:05"
same "after it, the hours of the day that have a curve" "$(hours)" \
	"06*- 07*- 08 09*- 10*- 11*- 12*- 13"
same "... that add up to what the inputs made, and so does the DTU" \
	"$(wrong)" "0
0
0"
same "... each to the watt-hour or so what hm-sim made" "$(off 11:00)" "16 1"
same "... with a mean power between those around it" "$(ask "SELECT
	min(pv_power_min <= pv_power_avg AND pv_power_avg <= pv_power_max
	AND pv_power_max > pv_power_min) FROM dtu_hourly WHERE filled")" 1
same "... and a day that says so" "$(ask "SELECT DISTINCT filled, samples
	FROM dtu_daily UNION ALL SELECT DISTINCT filled, samples
	FROM port_daily")" "1|4
1|4"

rows >"$work/rows"
chain <"$work/13:05"
hm-store "${options[@]}" <"$work/13:05" >/dev/null
check "another time nothing changes" cmp "$work/rows" <(rows)

hm-store "${options[@]}" <"$work/11:00" >/dev/null
same "readings of a filled hour replace it" "$(hours)" \
	"06*- 07*- 08 09*- 10*- 11 12*- 13"

hm-store -d "$db" --export >"$work/export"
hm-store -d "$work/copy.db" --stats-period 0 --timezone UTC \
	<"$work/export" >/dev/null
rows >"$work/rows"
db=$work/copy.db
check "an export has what fills the same rows" cmp "$work/rows" <(rows)

db=$work/old.db
cp "$root/tests/data/schema/1.db" "$db"
hm-store --stats-period 0 -d "$db" </dev/null >/dev/null 2>&1
same "a file of 0.1.0 gets the column" "$(ask "SELECT count(*) > 0, sum(filled)
	FROM port_hourly")" "1|0"
finish
