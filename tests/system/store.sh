#!/bin/bash
# hm-store: the rows it stores, export, batches, old files, retention, backups,
# and what it does when the database cannot be written.
# shellcheck source=tests/lib/lib.sh
. "$(dirname "$0")/../lib/lib.sh"
# shellcheck source=tests/lib/stored.sh
. "$(dirname "$0")/../lib/stored.sh"
unset TIMEZONE TZ DATABASE_PATH

data=$(cd "$(dirname "$0")/../data" && pwd)
db=$work/hm.db

# port SECOND TOTAL [SERIAL]: a reading of one day.
port() {
	local time
	time=$(date -u -d "@$((base + $1))" +%Y-%m-%dT%H:%M:%SZ)
	printf '{"type":"port","time":"%s","dtu":"roof","serial":"%s","port":1' \
		"$time" "${3:-116400000001}"
	printf ',"pv_power":%s,"total_production":%s,"link_status":1}\n' \
		"${4:-230.1}" "$2"
}

passed() {
	[ "$(wc -l <"$work/out")" -ge "$1" ]
}

# Rows

ports 1 500 >"$work/readings"
same "every line passes unchanged" \
	"$(store "$db" <"$work/readings" | sha256sum)" \
	"$(sha256sum <"$work/readings")"
same "every reading is a row" "$(rows)" 500
store "$db" <"$work/readings" >/dev/null
same "... and only one if it comes twice" "$(rows)" 500
same "numbers keep their values" "$(sql "$db" 'SELECT pv_power,
	total_production, typeof(total_production) FROM port LIMIT 1')" \
	"1.5|5001|integer"
same "latest has the newest reading" \
	"$(sql "$db" 'SELECT time, total_production FROM latest')" \
	"2026-06-09T10:21:40Z|5500"
same "hours and days are made at the end" "$(sql "$db" 'SELECT day, samples,
	pv_power_min, pv_power_max, total_production FROM port_daily;
	SELECT sum(samples) FROM port_hourly;
	SELECT count(*) FROM rollup_due')" "2026-06-09|500|0.5|399.5|5500
500
0"
same "a bad record is reported, and only it is not stored" "$({
	echo '{"type":"port","time":"2026-06-21T10:00:00Z","dtu":"a","port":1}'
	echo '{"type":"port","time":"yesterday","dtu":"a","serial":"1","port":1}'
	port 600 5600
} | store "$db" 2>&1 >/dev/null; rows)" \
	"hm-store: warning: line 1: not stored: no serial
hm-store: warning: line 2: not stored: no time like 2026-11-23T10:15:00Z
501"
same "... and with --strict it ends hm-store" \
	"$(echo '{"type":"port","time":"x"}' |
		store "$db" --strict >/dev/null 2>&1; echo $?)" 65
same "with persistence off it stores nothing and needs no database" \
	"$(port 601 5601 | hm-store --stats-period 0 --no-persistence |
		wc -l; rows)" "1
501"
same "--dry-run stores nothing, and reports how much it would" \
	"$(ports 602 610 | store "$work/dry.db" --dry-run 2>&1 >/dev/null
		[ ! -e "$work/dry.db" ] && echo none)" \
	"hm-store: warning: dry run: 9 records would have been stored
none"
same "without a database it does not start" \
	"$(hm-store </dev/null >/dev/null 2>"$work/err"; echo $?)" 78

same "a stale reading is stored, and not counted in its hour" "$({
	port 1 5001; port 2 5001 | sed 's/}/,"stale":true}/'
} | store "$work/stale.db" >/dev/null; sql "$work/stale.db" \
	'SELECT count(*) FROM port; SELECT samples FROM port_hourly')" "2
1"
for words in "--vacuum --stats" "--export --backup=$work/x" "--since=2026-01-01"; do
	# Split into words on purpose.
	# shellcheck disable=SC2086
	same "$words do not go together" \
		"$(hm-store -d "$db" $words >"$work/out" 2>&1; echo $?)" 64
done
same "--dry-run makes no backup" "$(hm-store -d "$db" --dry-run \
	--backup "$work/dry.db"; echo $?; [ ! -e "$work/dry.db" ] || echo made)" 0

# Readings with an alarm that come late: the reading that ends it is stored
# already.
inverter() {
	printf '{"type":"inverter","time":"2026-06-21T20:0%s:00Z","dtu":"roof","serial":"1","alarm_code":%s}\n' \
		"$1" "$2"
}
for lines in "1 0;4 0" "2 5;3 5"; do
	tr ';' '\n' <<<"$lines" | while read -r minute code; do
		inverter "$minute" "$code"
	done | store "$work/alarm.db" >/dev/null
done
same "an alarm that comes late ends at the stored reading" "$(sql \
	"$work/alarm.db" 'SELECT start, end FROM alarms')" \
	"2026-06-21T20:02:00Z|2026-06-21T20:04:00Z"

# Export of all types of records, and storing the export

start_sim plant --transport hm,modbus --meter --dtus 2 --inverters 2 \
	--start 11:00
hm-poll -1 --ask info,alarms "${uris[0]}" "${uris[2]}" >"$work/frames" &
first=$!
hm-poll -1 --ask history "${uris[1]}" "${uris[3]}" >"$work/more"
wait "$first"
cat "$work/more" >>"$work/frames"
hm-poll -1 --retries 0 "modbus://127.0.0.1:$(free_port)#gone" \
	>>"$work/frames" 2>/dev/null
{
	hm-decode <"$work/frames"
	echo '{"type":"alarm","time":"2026-11-23T10:15:00Z","dtu":"a","port":2,
"serial":"1","alert":"production_drop","text":"half of it",
"start":"2026-11-23T10:00:00Z"}' | tr -d '\n'
	echo
} >"$work/records"
store "$work/a.db" <"$work/records" >/dev/null
hm-store -d "$work/a.db" --export >"$work/export"
# The stored records of a file, with sorted keys and without duplicates. Of the
# time of a past day only the date is kept, and the host of a DTU is not.
essence() {
	jq -cS 'select(.type | IN("dtu", "inverter", "port", "meter", "alarm",
		"history", "energies", "info", "status", "stats")) | del(.host) |
		if .days then .days[].time |= .[:10] else . end' "$1" | sort -u
}
same "an export has the same records" \
	"$(diff <(essence "$work/records") <(essence "$work/export"))" ""
same "... of every type" "$(jq -r .type "$work/export" | sort -u | tr '\n' ' ')" \
	"alarm dtu energies history info inverter meter port stats status "
store "$work/b.db" <"$work/export" >/dev/null
tables() {
	sql "$1" .dump | grep '^INSERT' | sort |
		grep -v '^INSERT INTO \(running_time\|reading_hours\)' |
		grep -v '^INSERT INTO \(config\|production_cache\) '
}
same "storing an export makes the same database" \
	"$(diff <(tables "$work/a.db") <(tables "$work/b.db"))" ""
same "--since and --until limit the export" "$(hm-store -d "$db" --export \
	--since 2026-06-09T10:13:29Z --until 2026-06-09T10:13:31Z |
	jq -r .time)" "2026-06-09T10:13:29Z
2026-06-09T10:13:30Z"
same "... also with dates" "$(hm-store -d "$db" --export --since 2026-06-10 |
	wc -l; hm-store -d "$db" --export --until 2026-06-10 | wc -l)" "0
501"
same "... and wrong times are reported" \
	"$(hm-store -d "$db" --export --since 9.6.26 2>&1; echo $?)" \
	"hm-store: error: --since: found \"9.6.26\", allowed are times in\
 UTC, such as 2026-11-23 or 2026-11-23T10:15:00Z
78"
ports 1 5000 | store "$work/big.db" >/dev/null
same "| head -1 ends an export silently" "$(hm-store -d "$work/big.db" --export \
	2>"$work/err" | head -1 >/dev/null; echo "${PIPESTATUS[0]}" \
	"$(cat "$work/err")")" "141 "
same "--stats counts the rows" "$(hm-store -d "$db" --stats |
	jq -c '[.database_path, .port_data_entries, .total_records,
	.schema_version, .database_size_bytes > 0]')" \
	"[\"$db\",501,501,2,true]"

# Batches

start_store "$work/live.db" --delay 1
port 1 5001 >&7
check "a line passes at once" until_true 0.5 passed 1
until_true 2 holds "$work/live.db" 0
same "... and is not stored at once" "$(rows "$work/live.db")" 0
check "... but after store_delay" until_true 3 holds "$work/live.db" 1
ports 2 1101 >&7
check "a full batch is stored at once" until_true 0.8 holds "$work/live.db" 1000
kill -TERM "$store"
end_store
same "at SIGTERM every reading is stored" \
	"$ended $(rows "$work/live.db")" "0 1101"
same "... and has passed" "$(wc -l <"$work/out")" 1101

# With store_delay 0, once the stream waits.
start_store "$work/now.db" --delay 0 --stats-period 3600
began=$(milliseconds)
for ((n = 1; n <= 20; n++)); do
	ports "$((n * 15 - 14))" "$((n * 15))" >"$work/poll"
	cat "$work/poll" >&7
	until_true 5 holds "$work/now.db" $((n * 15)) || break
done
check "with store_delay 0 another process soon has the rows of a poll" \
	[ "$n" -eq 21 ]
check "... within 200 ms each, and what asking takes" soon "$began" 4000
kill -TERM "$store"
end_store
check "... in one transaction for each poll" [ "$(counter batches)" -le 21 ]
ports 1 20000 >"$work/many"
same "... and a replay has few of them" "$(store "$work/replay.db" --delay 0 \
	--stats-period 3600 <"$work/many" | jq -r 'select(.type == "stats") |
	"\(.rows) \(.batches < 200)"')" "20000 true"

# A signal while many records wait to be written
rm -f "$work/in"
mkfifo "$work/in"
hm-store --stats-period 0 -d "$work/term.db" --backlog 1 --batch 1 \
	<"$work/in" >"$work/out" 2>"$work/err" &
store=$!
pids+=("$store")
ports 1 200000 >"$work/in" 2>/dev/null &
until_true 5 passed 20000
kill -TERM "$store"
wait "$store"
status=$?
# On a slow machine the time limit may end it first, which it reports.
left=$(sed -n 's/.*: \([0-9]*\) records were not stored$/\1/p' "$work/err")
same "at SIGTERM during a replay every line that passed is stored, or counted" \
	"$status $(($(rows "$work/term.db") + ${left:-0} -
	$(wc -l <"$work/out")))" "$((${left:+75} + 0)) 0"

# Files of older and newer versions, and of other programs

for version in 0 1; do
	file=$data/schema/$version.db
	cp "$file" "$work/v$version.db"
	same "a file of version $version is upgraded" \
		"$(port 1 5001 | store "$work/v$version.db" >/dev/null \
			2>"$work/err"
		sql "$work/v$version.db" 'PRAGMA user_version;
			PRAGMA integrity_check;
			SELECT count(*) FROM production_cache')" "2
ok
1"
	while read -r view; do
		check "... and answers the view $view" \
			sqlite3 -bail "$work/v$version.db" "SELECT * FROM $view"
	done < <(sed -n 's/^VIEW(\([a-z_]*\),.*/\1/p' \
		"$data/../../lib/db/views.def")
	same "... and has the stored reading" "$(sql "$work/v$version.db" \
		"SELECT total_production FROM latest
		WHERE serial = '116400000001'")" 5001
done
file=$work/v1.db.v1
same "... and what it was is kept" "$(sql "$file" 'PRAGMA user_version')
$(sql "$file" 'SELECT count(*) FROM port')" "1
3"
check "... which is logged" grep -q "v1.db: is upgraded from version 1; as it\
 was, it is in $file" "$work/err"
cp "$data/schema/1-reset-23.db" "$work/days.db"
port 1 5001 | store "$work/days.db" >/dev/null 2>&1
same "days of version 1 that began at 23 have the date of the next day" \
	"$(sql "$work/days.db" "SELECT day, today_production FROM port_daily
		WHERE serial = '116400000009'")" "2026-06-10|500
2026-06-11|600
2026-06-12|200"
cp "$data/schema/1.db" "$work/full.db"
mkdir "$work/full.db.v1.part"
same "a file that cannot be copied before is not upgraded" \
	"$(port 1 5001 | store "$work/full.db" 2>/dev/null | wc -l
	echo "${PIPESTATUS[1]}"
	sql "$work/full.db" 'PRAGMA user_version')" "1
75
1"
same "... and without records that is a failure, too" \
	"$(store "$work/full.db" </dev/null 2>"$work/err"; echo $?)" 75
check "... which is logged" grep -q 'could not be opened or upgraded' \
	"$work/err"
rmdir "$work/full.db.v1.part"
same "... but not when it is upgraded" \
	"$(store "$work/full.db" </dev/null 2>/dev/null; echo $?
	sql "$work/full.db" 'PRAGMA user_version')" "0
2"
for file in newer foreign; do
	cp "$data/schema/0.db" "$work/$file.db"
done
sql "$work/newer.db" 'PRAGMA user_version = 99'
sql "$work/foreign.db" 'DROP TABLE production_cache;
	CREATE TABLE production_cache (serial_number TEXT, port_number INTEGER)'
sql "$work/somebody.db" 'CREATE TABLE states (state_id INTEGER)'
for file in newer foreign somebody; do
	before=$(sha256sum <"$work/$file.db")
	same "a $file file: the stream passes" \
		"$(port 1 5001 | store "$work/$file.db" 2>"$work/err" | wc -l
		echo "${PIPESTATUS[1]}")" "1
75"
	same "... and the file is not changed" \
		"$(sha256sum <"$work/$file.db")" "$before"
done
check "... which is logged" grep -q "$work/somebody.db: cannot store: it is\
 of another program; name a new file" "$work/err"
check "... with the number of lost records" \
	grep -q "$work/somebody.db: 1 records were not stored" "$work/err"

# Retention

ports 1 20 | store "$work/kept.db" >/dev/null
sql "$work/kept.db" "UPDATE reading_hours SET arrived = arrived - 31 * 86400"
{
	port $((40 * 86400)) 6000
	port $((40 * 86400 + 60)) 6001
} >"$work/new"
store "$work/kept.db" <"$work/new" >/dev/null
same "readings older than metrics_retention are deleted" \
	"$(sql "$work/kept.db" 'SELECT total_production FROM port')" "6000
6001"
same "... but not hours and days" "$(sql "$work/kept.db" \
	'SELECT samples FROM port_daily')" "20
2"
ports 1 20 | store "$work/ever.db" >/dev/null
sql "$work/ever.db" "UPDATE reading_hours SET arrived = arrived - 31 * 86400"
store "$work/ever.db" --retention 0 <"$work/new" >/dev/null
same "... and nothing with --retention 0" "$(rows "$work/ever.db")" 22

# Backups

port 700 5700 | store "$db" --backup-after 0 >/dev/null
copies() {
	find "$work" -name "$1_backup_*.db" | sort
}
same "a run leaves a backup" "$(rows "$(copies hm)")" 502
touch "$work"/hm_backup_2020010{1,2,3,4}_000000.db "$work/hm_backup_x.db"
port 701 5701 | store "$db" --backup-after 0 --backup-keep 2 >/dev/null
check "... and the newest are kept" [ "$(copies hm | grep -c 2026)" -ge 1 ]
same "... as many as backup_keep" "$(copies hm | grep -c 'hm_backup_[0-9]')" 2
check "... and other files are not deleted" [ -e "$work/hm_backup_x.db" ]
port 702 5702 | store "$db" >/dev/null
same "... a short run makes none" "$(copies hm | grep -c 'hm_backup_[0-9]')" 2
same "a backup that takes too long is reported" "$(port 703 5703 |
	store "$db" --backup-after 0 --backup-timeout 0 2>&1 >/dev/null |
	grep -c 'no backup to .*: it took too long')" 1
same "... and leaves no file" "$(find "$work" -name '*.part*')" ""

start_store "$work/busy.db" --delay 0
(
	exec 7>&-
	for ((i = 1; i <= 400; i++)); do
		port "$i" $((5000 + i))
		sleep 0.002
	done
) >&7 &
feeder=$!
pids+=("$feeder")
until_true 5 holds "$work/busy.db" 10
for i in 1 2 3 4 5; do
	hm-store -d "$work/busy.db" --backup "$work/copy$i.db" || echo "status $?"
	sql "$work/copy$i.db" 'PRAGMA integrity_check'
done >"$work/copies"
wait "$feeder"
end_store
same "backups made while the chain writes are not damaged" \
	"$(sort -u "$work/copies")" ok
same "... and the chain loses nothing" "$(rows "$work/busy.db")" 400
check "... and a backup can be exported" \
	[ "$(hm-store -d "$work/copy5.db" --export | wc -l)" -ge 10 ]
sql "$work/busy.db" 'DELETE FROM port'
before=$(stat -c %s "$work/ever.db")
ports 30000 50000 | store "$work/ever.db" --retention 0 >/dev/null
sql "$work/ever.db" 'DELETE FROM port'
hm-store -d "$work/ever.db" --vacuum
check "--vacuum makes the file small" \
	[ "$(stat -c %s "$work/ever.db")" -lt $((before + 100000)) ]
for action in --stats --export --vacuum "--backup=$work/x.db"; do
	same "$action of a missing file does not make it" \
		"$(hm-store -d "$work/none.db" "$action" >/dev/null 2>&1
		echo "$? $(find "$work" -name 'none.db*')")" "74 "
done

# Databases that cannot be written

# sick NAME: it was logged once that the database could not be written, and once
# that it could be written again.
sick() {
	same "$1: it is logged once" "$(grep -c 'cannot store' "$work/err")" 1
	same "$1: ... and the end, too" \
		"$(grep -c 'can be written again' "$work/err")" 1
}

start_store "$work/locked.db" --delay 0.1
port 1 5001 >&7
until_true 5 holds "$work/locked.db" 1
mkfifo "$work/sql"
sqlite3 "$work/locked.db" <"$work/sql" >"$work/locked" &
pids+=($!)
exec 8>"$work/sql"
echo 'BEGIN EXCLUSIVE; SELECT 1;' >&8
until_true 5 grep -q 1 "$work/locked"
lock=${LOCK_SECONDS:-4}
late=0
for ((i = 2; i <= lock * 10; i++)); do
	before=${EPOCHREALTIME/[.,]/}
	port "$i" $((5000 + i)) >&7
	until_true 2 passed "$i" || break
	took=$(((${EPOCHREALTIME/[.,]/} - before) / 1000))
	[ "$took" -le "$late" ] || late=$took
	sleep 0.09
done
check "locked for $lock s: every line passes within 200 ms ($late)" \
	[ "$late" -lt $((200 * $(patience))) ]
same "... all of them" "$(wc -l <"$work/out")" $((lock * 10))
echo 'ROLLBACK;' >&8
exec 8>&-
check "... and is stored when the lock is free" \
	until_true 35 holds "$work/locked.db" $((lock * 10))
end_store
sick "locked by another process"

start_store "$work/moved.db" --delay 0
port 1 5001 >&7
until_true 5 holds "$work/moved.db" 1
rm "$work"/moved.db*
port 2 5002 >&7
check "the file is removed: the next record makes a new file" \
	until_true 5 holds "$work/moved.db" 1
mv "$work/moved.db" "$work/aside.db"
rm -f "$work"/moved.db-*
port 3 5003 >&7
check "... also when it is moved" until_true 5 holds "$work/moved.db" 1
end_store
same "... which is logged" "$(grep -c 'has been removed or replaced' \
	"$work/err")" 2

start_store "$work/corrupt.db" --delay 0
ports 1 400 >&7
until_true 5 holds "$work/corrupt.db" 400
end_store
dd if=/dev/urandom of="$work/corrupt.db" bs=4096 seek=0 count=9 conv=notrunc \
	status=none
start_store "$work/corrupt.db" --delay 0
ports 401 405 >&7
check "corrupt: every line passes" until_true 5 passed 5
mv "$work/corrupt.db" "$work/aside.db"
rm -f "$work"/corrupt.db-*
check "... and is stored when the file is moved away" \
	until_true 35 holds "$work/corrupt.db" 5
end_store
sick corrupt

# Root can write every file, so a test as root needs a mount that is read-only.
if [ "$(id -u)" -eq 0 ] && mkdir "$work/small" &&
	mount -t tmpfs -o size=1m hm-test "$work/small" 2>/dev/null; then
	trap 'umount -l "$work/small"; clean_up' EXIT
	start_store "$work/small/hm.db" --delay 0 --backlog 1
	port 1 5001 >&7
	until_true 5 holds "$work/small/hm.db" 1
	head -c 2000000 /dev/zero >"$work/small/filler" 2>/dev/null
	ports 2 2000 >&7
	check "a full disk: every line passes" until_true 5 passed 2000
	check "... and it is logged" \
		until_true 5 grep -q 'cannot store: .*full' "$work/err"
	rm "$work/small/filler"
	check "... and all is stored when there is room again" \
		until_true 35 holds "$work/small/hm.db" 2000
	end_store
	same "... with status 0" "$ended" 0
	sick "a full disk"
	same "... and the database is not damaged" \
		"$(sql "$work/small/hm.db" 'PRAGMA integrity_check')" ok

	base=$(date +%s)
	start_store "$work/small/hm.db" --delay 0 --backlog 1 --retention 0
	port 3000 9000 >&7
	until_true 5 holds "$work/small/hm.db" 2001
	head -c 2000000 /dev/zero >"$work/small/filler" 2>/dev/null
	ports 3001 40000 >&7 &
	pids+=($!)
	check "a full backlog does not delay the stream" \
		until_true 20 passed 37001
	wait $!
	end_store
	same "... but records are lost, with status 75" "$ended $(grep -c \
		'records were not stored' "$work/err")" "75 1"
	check "... which is logged when it begins" grep -q \
		'no room for more records' "$work/err"
	rm "$work/small/filler"

	mount -o remount,ro "$work/small"
	start_store "$work/small/hm.db" --delay 0 --retention 0
	ports 50001 50010 >&7
	check "read-only: every line passes" until_true 5 passed 10
	check "... and it is logged" until_true 5 grep -q 'cannot store' \
		"$work/err"
	mount -o remount,rw "$work/small"
	check "... and all is stored when it can be written" \
		until_true 35 holds "$work/small/hm.db" 2011
	end_store
	sick read-only
	umount "$work/small"
	trap clean_up EXIT
else
	skip "a full disk" "no tmpfs can be mounted here"
fi

# At the end of its input hm-store waits for a lock.
store "$work/short.db" </dev/null >/dev/null
sqlite3 "$work/short.db" 'BEGIN IMMEDIATE' '.shell sleep 5' 2>"$work/err" &
pids+=($!)
sleep 0.2
port 1 5001 | store "$work/short.db" >/dev/null 2>"$work/err"
same "at the end of the input it waits for a lock" \
	"${PIPESTATUS[1]} $(rows "$work/short.db")" "0 1"

# A replay is not live, so it waits where a live stream would lose records.
base=1781000000
store "$work/replay.db" </dev/null >/dev/null
sqlite3 "$work/replay.db" 'BEGIN IMMEDIATE' '.shell sleep 4' 2>"$work/err" &
pids+=($!)
sleep 0.2
ports 1 60000 | store "$work/replay.db" --backlog 1 >/dev/null 2>"$work/err"
same "a replay waits for a lock, however long it is" \
	"$(rows "$work/replay.db") $(grep -c 'can be written' "$work/err")" \
	"60000 1"

mkdir "$work/notafile.db"
same "a database that is a directory does not stop the stream" \
	"$(ports 1 5 | store "$work/notafile.db" 2>/dev/null | wc -l)" 5

# SIGKILL at random times, at 1,000 records a second: a row that was once seen
# in the database stays there, and is there once.
kills=${KILLS:-15}
killed=$work/killed.db
store "$killed" </dev/null >/dev/null
mkfifo "$work/flow"
exec 9<>"$work/flow"
"$HM_BUILD/helper/hm-decode/flow" 1000 $((kills * 1000)) >&9 2>/dev/null &
pids+=($!)
flow=$!
started=("${pids[@]}")
lost=0
broken=0
seen="0 0"
for ((i = 0; i < kills; i++)); do
	hm-store --stats-period 0 --timezone UTC -d "$killed" --delay 0.05 \
		<&9 >/dev/null 2>>"$work/killed.err" 9>&- &
	store=$!
	pids[${#started[@]}]=$store
	sleep "0.$(printf %03d $((50 + RANDOM % 350)))"
	# Count the rows again that were seen before the last kill.
	read -r count last <<<"$seen"
	now=$(sql "$killed" "SELECT count(*) FROM port
		WHERE total_production <= $last")
	[ "$now" = "$count" ] || lost=$((lost + 1))
	seen=$(sql -separator ' ' "$killed" \
		'SELECT count(*), ifnull(max(total_production), 0) FROM port')
	kill -9 "$store"
	wait "$store" 2>/dev/null
	[ "$(sql "$killed" 'PRAGMA integrity_check')" = ok ] ||
		broken=$((broken + 1))
done
read -r count last <<<"$seen"
now=$(sql "$killed" "SELECT count(*) FROM port WHERE total_production <= $last")
[ "$now" = "$count" ] || lost=$((lost + 1))
kill "$flow"
wait "$flow" 2>/dev/null
exec 9>&-
store "$killed" </dev/null >/dev/null 2>>"$work/killed.err"
same "$kills kills: nothing that was committed is lost" "$lost" 0
same "... the database is not damaged" \
	"$broken $(sql "$killed" 'PRAGMA integrity_check')" "0 ok"
same "... no row is there twice" "$(sql "$killed" 'SELECT count(*) -
	count(DISTINCT total_production) FROM port')" 0
same "... and none is counted twice in the hours" "$(sql "$killed" 'SELECT
	(SELECT sum(samples) FROM port_hourly) - (SELECT count(*) FROM port)')" 0
check "... and many rows were stored: $(rows "$killed")" \
	[ "$(rows "$killed")" -gt $((kills * 50)) ]
same "... and nothing was logged" "$(cat "$work/killed.err")" ""
finish
