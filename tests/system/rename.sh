#!/bin/bash
# hm-store --rename-dtu and --replace-inverter: two histories become one, and
# the ledger of hm-filter goes on.
# shellcheck source=tests/lib/lib.sh
. "$(dirname "$0")/../lib/lib.sh"
unset HM_CONFIG DATABASE_PATH DRY_RUN TIMEZONE RESET_HOUR
export TZ=UTC

db=$work/hm.db
a=116400000001
b=116400000002

# day DTU SERIAL DATE FROM TO TOTAL: a reading each minute, from FROM to TO in
# minutes of the day; 5 Wh a minute. TOTAL is the counter at midnight.
day() {
	awk -v dtu="$1" -v serial="$2" -v date="$3" -v from="$4" -v to="$5" \
		-v total="$6" 'BEGIN {
		for (m = from; m <= to; m++) {
			head = sprintf("\"time\":\"%sT%02d:%02d:00Z\"," \
			    "\"dtu\":\"%s\"", date, m / 60, m % 60, dtu)
			printf "{\"type\":\"inverter\",%s,\"serial\":\"%s\"," \
			    "\"model\":\"HM-300\",\"active_power\":290}\n",
			    head, serial
			printf "{\"type\":\"port\",%s,\"serial\":\"%s\"," \
			    "\"port\":1,\"pv_power\":300," \
			    "\"today_production\":%d," \
			    "\"total_production\":%d,\"link_status\":1}\n",
			    head, serial, (m - from + 1) * 5,
			    total + (m - from + 1) * 5
			printf "{\"type\":\"dtu\",%s,\"pv_power\":300}\n", head
		}
	}'
}

# The chain, on stdin; its output is kept.
chain() {
	hm-filter --stats-period 0 -d "$db" 2>>"$work/err" |
		hm-store --stats-period 0 -d "$db" 2>>"$work/err" >>"$work/out"
}

store() {
	hm-store -d "$db" "$@" 2>"$work/said"
}

sql() {
	sqlite3 -cmd '.timeout 5000' "$db" "$@"
}

start_anew() {
	rm -f "$db"*
	: >"$work/out"
	: >"$work/err"
}

days() {
	sql 'SELECT day, dtu, serial, energy FROM daily_production ORDER BY 1, 2, 3'
}

# falls: how often the lifetime counter of an input is less than before.
falls() {
	sql 'SELECT count(*) FROM (SELECT total_production < lag(
		total_production) OVER (PARTITION BY dtu, serial, port
		ORDER BY time) AS fell FROM port) WHERE fell'
}

# On a slow machine hm-filter may wait in vain for the other tool's transaction.
complaints() {
	grep -v ': database is locked$\|: can be written again$' "$work/err"
}

tables_with() {
	sql "SELECT m.name FROM sqlite_schema AS m JOIN pragma_table_info(
		m.name) AS c WHERE m.type = 'table' AND c.name = '$1'" |
	while read -r table; do
		[ "$(sql "SELECT count(*) FROM $table WHERE $1 = '$2'")" = 0 ] ||
			echo "$table"
	done
}

# A DTU that got another name at noon, and was noticed a day later.
start_anew
day DTU $a 2026-11-20 360 700 100000 | chain
same "a known DTU is no news" "$(cat "$work/err")" ""
{
	day House $a 2026-11-20 701 1000 101705 |
		jq -c '.today_production |= if . then . + 1705 else empty end'
	day House $a 2026-11-21 360 1000 103205
} | chain
check "a known serial number under a new name is reported" grep -q \
	"House: reports $a, which is known from the DTU \"DTU\"" "$work/err"
same "... once" "$(grep -c 'is known from' "$work/err")" 1
before=$(sql .dump | sha256sum)
store --rename-dtu DTU=House --dry-run >"$work/plan"
same "--dry-run ends well" "$? $(jq -c '[.type, .dtu, .old, .dry_run,
	.rows_of_old > 900, .rows_of_new > 900]' "$work/plan")" \
	'0 ["rename","House","DTU",true,true,true]'
same "... and changes nothing" "$(sql .dump | sha256sum)" "$before"

# It must be alone: hm-filter has the names in memory.
mkfifo "$work/in"
hm-filter -d "$db" --stats-period 0 <"$work/in" >/dev/null &
pids+=($!)
exec 7>"$work/in"
store --rename-dtu DTU=House >"$work/result"
same "while hm-filter runs it is refused" "$?" 75
check "... with the reason" grep -q 'another program has the database open' \
	"$work/said"
store --rename-dtu DTU=House --dry-run >/dev/null
same "... but not --dry-run" $? 0
exec 7>&-
wait "${pids[-1]}"
same "nothing has changed" "$(sql .dump | sha256sum)" "$before"

coproc shell { exec sqlite3 -readonly "$db"; }
pids+=("$shell_PID")
shell_pid=${pids[-1]}
echo 'SELECT 1 FROM port LIMIT 1;' >&"${shell[1]}"
read -r _ <&"${shell[0]}"
store --rename-dtu DTU=House >"$work/result"
same "so it is while a shell has read the database" "$?" 75
kill "$shell_pid"
wait "$shell_pid" 2>/dev/null

# All tables, or none.
sql "CREATE TRIGGER full BEFORE UPDATE ON production_cache BEGIN
	SELECT RAISE(ABORT, 'no room'); END"
before_failure=$(sql .dump | sha256sum)
store --rename-dtu DTU=House >"$work/result"
same "a change that fails is reported" "$? $(cat "$work/said")" \
	"74 hm-store: error: $db: --rename-dtu: no room"
same "... and nothing has changed" "$(sql .dump | sha256sum)" "$before_failure"
sql 'DROP TRIGGER full'
rm -f "$db".before-*

store --rename-dtu DTU=House >"$work/result"
same "then the DTU gets its name" "$? $(cat "$work/said")" "0 "
same "no row has the old one" "$(tables_with dtu DTU)" ""
same "... and the days of the plant are added up again" \
	"$(sql 'SELECT count(*) FROM plant_due; SELECT count(*) FROM plant_sums
	JOIN (SELECT day, sum(today_production) AS made FROM port_daily
	GROUP BY day) USING (day, made)')" "$(printf '0\n%d' \
	"$(sql 'SELECT count(DISTINCT day) FROM port_daily')")"
backup=$(jq -r .backup "$work/result")
same "the copy is as the database was" \
	"$(sqlite3 "$backup" .dump | sha256sum)" "$before"
store </dev/null >/dev/null
same "each day has its energy once" "$(days)" "2026-11-20|House|$a|3205
2026-11-21|House|$a|3200"
same "the last reading is there once" "$(sql "SELECT dtu, total_production,
	datetime(first_seen, 'unixepoch') FROM port_latest")" \
	"House|106405|2026-11-20 06:00:00"
same "no total falls" "$(falls)" 0
same "hours in which both had readings are whole" "$(sql 'SELECT max(samples),
	sum(pv_power_count) FROM port_hourly')" "60|1282"
same "the database is sound" "$(sql 'PRAGMA integrity_check')" ok
: >"$work/out"
day House $a 2026-11-22 360 365 106410 | chain
same "hm-filter goes on under the new name" "$(jq -c 'select(.type == "port") |
	[.today_production, .total_production]' "$work/out" | tail -n 1)" \
	"[25,106435]"
same "... without a warning" "$(complaints | grep -v 'is known from')" ""

# A DTU whose name was changed while hm was stopped.
start_anew
day 'a=b' $a 2026-11-20 360 700 100000 | chain
sql "CREATE TABLE mine (dtu TEXT); INSERT INTO mine VALUES ('a=b')"
store --rename-dtu 'a=b=c=d' >"$work/result"
same "names may have a =" "$? $(jq -c '[.old, .dtu, .merged]' \
	"$work/result")" '0 ["a=b","c=d",0]'
same "tables of the user are renamed, too" "$(sql 'SELECT * FROM mine')" c=d
day 'c=d' $a 2026-11-20 701 800 101705 |
	jq -c '.today_production |= if . then . + 1705 else empty end' | chain
same "the day goes on" "$(days)" "2026-11-20|c=d|$a|2200"
same "... and nothing is reported" "$(cat "$work/err")" ""

# A DTU whose inverter's counter was reset under the old name.
start_anew
day DTU $a 2026-11-20 360 700 100000 | chain
sql "UPDATE production_cache SET e_shift = 40000, e_total = e_total + 40000,
	e_pending = e_pending + 40000"
sql 'UPDATE port SET total_production = total_production + 40000' \
	'UPDATE port_latest SET total_production = total_production + 40000'
day House $a 2026-11-21 360 700 101705 | chain
store --rename-dtu DTU=House >/dev/null
same "what hm-filter adds after a reset is kept" "$(sql 'SELECT
	total_production, (SELECT total_production FROM port_latest)
	FROM production_cache')" "143405|143405"
same "... and no total falls" "$(falls)" 0

# An inverter that died at 11:40, and its successor from 12:00 on. Nothing has
# confirmed the last 5 Wh of the old one.
start_anew
{
	day roof $a 2026-11-19 360 1000 96795
	day roof $a 2026-11-20 360 700 100000
	day roof $b 2026-11-20 720 1000 0
	day roof $b 2026-11-21 360 1000 1405
} | chain
before=$(sql .dump | sha256sum)
store --replace-inverter $a=$b --dry-run >"$work/plan"
same "--dry-run of a replacement ends well" "$? $(jq -c '[.serial, .old,
	.dry_run]' "$work/plan")" "0 [\"$b\",\"$a\",true]"
same "... and changes nothing" "$(sql .dump | sha256sum)" "$before"
sum=$(sql 'SELECT sum(total_production) FROM production_cache')
store --replace-inverter $a=$b >"$work/result"
same "the inverter is replaced" "$? $(cat "$work/said")" "0 "
same "no row has the old serial number" "$(tables_with serial $a)" ""
store </dev/null >/dev/null
same "each day has the energy of both" "$(days)" "2026-11-19|roof|$b|3205
2026-11-20|roof|$b|3105
2026-11-21|roof|$b|3200"
same "totals go on from the old ones" "$(sql 'SELECT min(total_production),
	max(total_production) FROM port') $(falls)" "96800|106305 0"
same "the sum of the DTU stays" "$(sql 'SELECT sum(total_production)
	FROM production_cache')" "$sum"
same "today does not fall on the day of the replacement" "$(sql "SELECT count(*)
	FROM (SELECT today_production < lag(today_production) OVER
	(ORDER BY time) AS fell FROM port WHERE date(time, 'unixepoch') =
	'2026-11-20') WHERE fell")" 0
: >"$work/out"
day roof $b 2026-11-22 360 365 4610 | chain
# What the new inverter had produced before its first reading, 5 Wh, is not the
# DTU's.
same "hm-filter goes on from there" "$(jq -c 'select(.type == "port" or
	.type == "dtu") | [.type, .total_production]' "$work/out" |
	tail -n 2)" "[\"port\",106335]
[\"dtu\",106330]"
same "... and refuses nothing" "$(complaints)" ""

# The DTU goes on listing the old inverter, with its last values.
listed() {
	day roof $a "$1" "$2" "$3" 0 | jq -c 'if .type == "dtu" then empty
		elif .type == "port" then .link_status = 0 | del(.pv_power) |
		.total_production = 101705 | .today_production = 1705
		else .link_status = 0 | del(.active_power) end'
}
start_anew
{
	day roof $a 2026-11-19 360 1000 96795
	day roof $a 2026-11-20 360 700 100000
	{
		listed 2026-11-20 720 1000
		day roof $b 2026-11-20 720 1000 0
		listed 2026-11-21 360 1000
		day roof $b 2026-11-21 360 1000 1405
	} | jq -c --slurp 'sort_by(.time)[]'
} | chain
store --replace-inverter $a=$b >/dev/null
store </dev/null >/dev/null
same "... also if the DTU still listed the old one" "$(days) $(falls)" \
	"2026-11-19|roof|$b|3205
2026-11-20|roof|$b|3110
2026-11-21|roof|$b|3200 0"
same "... with samples of both" "$(sql "SELECT hour, samples FROM port_hourly
	WHERE hour = strftime('%s', '2026-11-20 12:00') + 0")" \
	"$(date -u -d '2026-11-20 12:00' +%s)|120"

# In the middle of the day, and before the successor's first reading.
for first in 720 721; do
	start_anew
	day roof $a 2026-11-20 360 700 100000 | chain
	[ $first = 721 ] || day roof $b 2026-11-20 720 720 0 | chain
	store --replace-inverter $a=$b >/dev/null
	day roof $b 2026-11-20 721 800 0 | chain
	same "a replacement on the same day goes on, $first" "$(days) $(falls)" \
		"2026-11-20|roof|$b|2095 0"
	same "... without a warning" "$(complaints)" ""
done

# After hm-filter --forget the history has the totals.
start_anew
{
	day roof $a 2026-11-20 360 700 100000
	day roof $b 2026-11-21 360 700 0
} | chain
hm-filter -d "$db" --forget $a
store --replace-inverter $a=$b >/dev/null
same "a forgotten inverter can be replaced, too" "$(sql 'SELECT
	total_production FROM production_cache') $(falls)" "103400 0"

# An input that its inverter has known later: the rest of its total stays out.
start_anew
day roof $a 2026-11-20 360 700 100000 | chain
sql 'UPDATE inverter_parts SET left_out = 100000'
store --replace-inverter $a=$b >/dev/null
: >"$work/out"
day roof $b 2026-11-21 360 365 0 | chain
same "the total of an inverter goes on, too" "$(jq -c 'select(.type ==
	"inverter") | .total_production' "$work/out" | sed -n '1p; $p')" \
	"1700
1720"
store --rename-dtu roof=House >/dev/null
same "... also under a new name" "$(sql 'SELECT dtu, serial, left_out
	FROM inverter_parts')" "House|$b|100000"

# Without hm-filter later readings would fall back.
start_anew
{
	day roof $a 2026-11-20 360 700 100000
	day roof $b 2026-11-21 360 700 0
} | hm-store --stats-period 0 -d "$db" >/dev/null
store --replace-inverter $a=$b >/dev/null
same "without a ledger totals stay as they are" "$? $(sql 'SELECT
	total_production FROM port_latest')" "0 1705"
check "... which is said" grep -q 'totals do not go on' "$work/said"

# Mistakes
mistake() {
	store "${@:3}" >/dev/null
	same "refused: $2" "$? $(cat "$work/said")" "$1 hm-store: error: $2"
}
start_anew
{
	day roof $a 2026-11-20 360 365 100000
	day barn $b 2026-11-20 360 365 100000
} | chain
# SQLite makes such a path short, hm-store does not.
long=$(printf './%.0s' {1..2000})
cp "$db" "$work/long.db"
hm_path=$db
db=$work/${long}long.db
store --rename-dtu roof=Long >"$work/result"
same "two paths of nearly 4 KiB fit into the result" \
	"$? $(jq -r '(.database_path | length), .dtu' "$work/result")" "0 ${#db}
Long"
db=$hm_path
rm -f "$work"/long.db*

mistake 64 '--rename-dtu: found "rof=House"; the database has no DTU of that old name; it has barn, roof' \
	--rename-dtu rof=House
mistake 64 '--rename-dtu: found "roof"; it must be OLD=NEW' --rename-dtu roof
mistake 64 '--rename-dtu: found "roof="; the new name must have 1 to 120 bytes' \
	--rename-dtu roof=
mistake 78 '--rename-dtu: must be UTF-8 without control characters' \
	--rename-dtu $'roof=a\tb'
mistake 64 '--rename-dtu: found "roof=roof"; the two must differ' \
	--rename-dtu roof=roof
mistake 64 "--replace-inverter: found \"$a=$b\"; both inverters must be of the same DTU" \
	--replace-inverter $a=$b
mistake 64 "--replace-inverter: found \"$a=new\"; the new serial number must be of digits and a to f" \
	--replace-inverter $a=new
mistake 64 'one of --backup, --export, --rename-dtu, --replace-inverter, --restore, --stats, --vacuum and --verify at a time' \
	--replace-inverter $a=$b --rename-dtu a=b
rm -f "$db"*
mistake 74 "$db: No such file or directory" --rename-dtu a=b
check "... and no file is made" test ! -e "$db"
cp "$(dirname "$0")/../data/schema/1.db" "$db"
mistake 74 "$db: --rename-dtu: it is of an older version of hm; bring it up to date with hm-store -d FILE </dev/null" \
	--rename-dtu a=b
finish
