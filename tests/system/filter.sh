#!/bin/bash
# The counters that hm-filter keeps: over restarts and kills, and when other
# processes change its database.
# shellcheck source=tests/lib/lib.sh
. "$(dirname "$0")/../lib/lib.sh"
unset TIMEZONE TZ

db=$work/hm.db

# port MINUTE TOTAL TODAY [SERIAL [DTU [MORE]]]: a reading on one day.
port() {
	local time
	time=$(date -u -d "2026-06-21T10:00:00Z + $1 minutes" \
		+%Y-%m-%dT%H:%M:%SZ)
	printf '{"type":"port","time":"%s","dtu":"%s","serial":"%s","port":1' \
		"$time" "${5:-roof}" "${4:-116400000001}"
	printf ',"today_production":%s,"total_production":%s%s}\n' \
		"$3" "$2" "${6:-,\"link_status\":1}"
}

# dtu MINUTE [DTU]
dtu() {
	port "$1" 1 1 10f800000001 "${2:-roof}" ',"inverters_online":1' |
		sed 's/"port"/"dtu"/; s/"port":1,//'
}

filter() {
	hm-filter --stats-period 0 --timezone UTC "$@"
}

energies() {
	jq -c '[.total_production, .today_production]' | tr '\n' ' '
}

same "a restart changes nothing" "$({
	port 0 10500 500 | filter -d "$db"
	port 1 10503 503 | filter -d "$db"
	port 2 10506 506 | filter -d "$db"
} | energies)" "[null,null] [10500,500] [10503,503] "
same "... nor at night, when the DTU shows zeros" \
	"$(port 3 0 0 116400000001 roof ',"link_status":0' |
	filter -d "$db" | energies)" "[10503,503] "
same "... nor the next morning" "$({
	port $((21 * 60)) 10507 1 | filter -d "$db"
	port $((21 * 60 + 1)) 10508 2 | filter -d "$db"
	port $((21 * 60 + 2)) 10509 3 | filter -d "$db"
} | energies)" "[10506,0] [10507,1] [10508,2] "
same "people can read the table" "$(sqlite3 "$db" \
	'SELECT dtu, serial, port, today_production, total_production
	FROM production_cache')" "roof|116400000001|1|2|10508"

same "after a start at night the counters are unknown, not 0" \
	"$({ port 0 0 0; dtu 0; port 1 0 0; dtu 1; } |
	filter -d "$work/night.db" | energies)" \
	"[null,null] [null,null] [null,null] [null,null] "
same "without a database the first reading is shown" \
	"$(port 0 10500 500 | filter 2>"$work/err" | energies)" "[10500,500] "
same "... and one warning says that nothing is kept" \
	"$(cat "$work/err")" "hm-filter: warning: without a database the\
 accepted energies are lost when hm-filter ends; see --database"

# Sums

plant() {
	port "$1" 20000 200 116400000002
	port "$1" 10600 600
	dtu "$1"
}
rm -f "$db"
same "a DTU has sums when all its inputs are known" "$({
	port 0 10600 600; dtu 0; port 1 10600 600; dtu 1; plant 2; plant 3
} | filter -d "$db" | jq -c 'select(.type == "dtu") |
	[.total_production, .today_production]' | tr '\n' ' ')" \
	"[null,null] [10600,600] [null,null] [30600,800] "
same "... without the inputs of other DTUs" "$({
	port 4 70000 700 116400000003 barn; dtu 4 barn
	port 5 70000 700 116400000003 barn; dtu 5 barn
} | filter -d "$db" | jq -c 'select(.type == "dtu") | .total_production' |
	tr '\n' ' ')" "null 70000 "
same "... also when an inverter is not reported" \
	"$({ port 6 10600 600; dtu 6; } | filter -d "$db" | tail -1 | energies)" \
	"[30600,800] "
same "... without the growth of excluded inverters" "$({ plant 7
	port 8 10605 605; port 8 20050 250 116400000002; dtu 8
	port 9 10605 605; port 9 20050 250 116400000002; dtu 9; } |
	filter -d "$db" --exclude 116400000002 | jq -c .total_production |
	tr '\n' ' ')" "10600 30600 10600 30600 10605 30605 "
same "... and what they made meanwhile is not added when they are back" "$({
	port 10 10605 605; dtu 10
	port 11 10605 605; port 11 20060 260 116400000002; dtu 11
	port 12 10605 605; port 12 20070 270 116400000002; dtu 12
	port 13 10605 605; port 13 20070 270 116400000002; dtu 13
} | filter -d "$db" | jq -c 'select(.type == "dtu") |
	[.total_production, .today_production]' | tr '\n' ' ')" \
	"[30605,805] [30605,805] [30605,805] [30615,815] "

# Polls every few seconds

fast=$work/fast.db
# seconds SECOND ...: a reading at each, whose total grows by 1 Wh a second.
seconds() {
	local second
	for second in "$@"; do
		port $((second / 60)) $((10500 + second)) $((500 + second)) |
			sed "s/:00Z/:$(printf %02d $((second % 60)))Z/"
	done
}
# totals: each total, and in how many records in a row.
totals() {
	jq .total_production | uniq -c | xargs
}
mapfile -t polls < <(seq 0 5 135)
same "of polls every few seconds one a minute raises the totals" \
	"$(seconds "${polls[@]}" | filter -d "$fast" | totals)" \
	"1 null 11 10500 12 10555 4 10615"
same "... to the last reading, which an end keeps" \
	"$(sqlite3 "$fast" 'SELECT e_pending FROM production_cache')" 10635
same "... and so does a restart" \
	"$(seconds 140 145 | filter -d "$fast" | totals)" "2 10635"
same "... and a fall is still refused, and a dip not shown" "$({
	seconds 150 | sed 's/:10650/:10700/'; seconds 155
	port 3 10600 600; seconds 185 215 220
} | filter -d "$fast" 2>"$work/err" | totals)" "1 10645 3 10655 2 10685"
check "... with a warning" grep -q '10600 Wh is refused' "$work/err"
same "... and after a gap the second poll raises them" "$({
	port 20 10730 730; port 20 10731 731 | sed 's/:00Z/:05Z/'
	port 20 10732 732 | sed 's/:00Z/:10Z/'
} | filter -d "$fast" | totals)" "1 10720 2 10730"

runs=()
# Inputs with nothing connected, serial numbers in capitals, a removed file

same "sums do not wait for an input that never has a total" "$(for i in 0 1; do
	port $i 10500 500
	port $i 0 0 | sed 's/"port":1/"port":2/'
	dtu $i
done | filter -d "$work/unused.db" | tail -1 | energies)" "[10500,500] "
same "a serial number in capitals is the same inverter" "$({
	port 0 10500 500 1164abcdef01; port 1 10503 503 1164ABCDEF01; dtu 1
} | filter -d "$work/capitals.db" | tail -1 | energies)" "[10500,500] "
same "an impossible total is not taken as a first reading" "$({
	for i in 0 1; do port $i 4294967295 5; done
	for i in 2 3; do port $i 10500 500; done
} | filter -d "$work/huge.db" 2>/dev/null | tail -1 | energies)" "[10500,500] "
same "records that --only leaves out still count" "$({
	port 0 10500 500; port 1 10503 503; dtu 1
} | filter -d "$work/only.db" --only dtu | energies)" "[10500,500] "
mkfifo "$work/late" "$work/gone"
hm-filter --stats-period 0 --timezone UTC -d "$work/disk/late.db" \
	<"$work/late" >"$work/late.out" 2>"$work/late.err" &
late=$!
pids+=("$late")
exec 5>"$work/late"
port 0 10500 500 >&5
check "without its directory a filter runs" until_true 5 \
	grep -q '"port"' "$work/late.out"
mkdir "$work/disk"
port 0 10400 400 | filter -d "$work/disk/late.db" >/dev/null
port 0 20500 500 116400000002 >&5
hm-filter --stats-period 0 --timezone UTC -d "$work/gone.db" <"$work/gone" \
	>"$work/out" 2>"$work/err" &
pids+=($!)
exec 6>"$work/gone"
port 0 10500 500 >&6
has_lines() {
	[ "$(wc -l <"$work/out")" -ge "$1" ]
}
check "a filter runs" until_true 5 has_lines 1
rm -f "$work"/gone.db*
port 1 10503 503 >&6
check "... and continues when its file is removed" until_true 5 has_lines 2
exec 6>&-
wait "${pids[-1]}"
same "... with a new file" "$(sqlite3 "$work/gone.db" \
	'SELECT total_production FROM production_cache')" 10500
check "... and says so" grep -q "has been removed" "$work/err"
for i in 1 2 3 4 5 6; do
	rm -f "$work"/together.db*
	for n in 1 2 3 4; do
		port 0 10500 500 11640000000$n |
			{ filter -d "$work/together.db" >/dev/null; } 2>&1 &
		runs+=($!)
	done
	wait "${runs[@]}"
done >"$work/together"
same "four processes can make a new database at once" \
	"$(cat "$work/together")" ""
same "--forget makes no database" "$(filter -d "$work/typo.db" --forget 1 \
	2>/dev/null; echo $?; [ ! -e "$work/typo.db" ] || echo made)" 74

# Forgetting

same "--forget ends with 0" \
	"$(filter -d "$db" --forget 116400000002; echo $?)" 0
same "... and the sums stay" "$(dtu 14 | filter -d "$db" | energies)" \
	"[30615,815] "
same "... and do not jump when the inverter is back" "$({
	port 15 20071 271 116400000002; port 16 20072 272 116400000002
	port 16 10605 605; dtu 16
	port 17 20073 273 116400000002; port 17 10606 606; dtu 17
	port 18 20073 273 116400000002; port 18 10606 606; dtu 18
} | filter -d "$db" | jq -c 'select(.type == "dtu") |
	[.total_production, .today_production]' | tr '\n' ' ')" \
	"[30615,815] [30616,816] [30618,818] "
same "... until the day is over" "$(
	dtu $((24 * 60)) | filter -d "$db" | energies)" "[30618,0] "
same "... and says when there is none" \
	"$(filter -d "$db" --forget 116400000009 2>&1; echo $?)" \
	"hm-filter: warning: --forget: the database has no inverter\
 116400000009
0"
same "... and needs a database" \
	"$(filter --forget 116400000009 2>"$work/err"; echo $?)" 64

# An inverter whose second input reads 0 until the DTU's energies are known.
both() {
	port "$1" 1 1 | sed 's/"port",/"inverter",/; s/"port":1,.*/"link_status":1}/'
	port "$1" "$2" 50
	port "$1" "$3" 60 | sed 's/"port":1/"port":2/'
	dtu "$1"
}
# inverters OPTION ...: the total of each record of an inverter.
inverters() {
	filter "$@" | jq -c 'select(.type == "inverter") | .total_production' |
		tr '\n' ' '
}
behind=$work/behind.db
same "an input that is known later does not add its lifetime" "$({
	both 0 1000 0; both 1 1000 0; both 2 1001 0; both 3 1001 2000
	both 4 1001 2000; both 5 1001 2003; both 6 1001 2003
} | inverters -d "$behind")" "null null 1000 1000 1001 1001 1001 "
same "... nor after a restart" "$({ both 7 1001 2004; both 8 1001 2004; } |
	inverters -d "$behind")" "1004 1004 "
same "... nor when it is excluded for a time" "$({
	both 9 1001 2004 | inverters -d "$behind" --exclude 116400000001
	both 10 1001 2005 | inverters -d "$behind"
})" "1005 "
filter -d "$behind" --forget 116400000001
same "... nor when it was forgotten" "$({ both 11 1001 2005
	both 12 1001 2006; both 13 1001 2006; both 14 1001 2006; } |
	inverters -d "$behind")" "1005 1005 1006 1007 "
filter -d "$behind" --forget 116400000001
same "... and its second input is back later" "$({ both 15 1001 0
	both 16 1002 0; both 17 1003 0; both 18 1003 2008; both 19 1003 2009
	both 20 1003 2009; } | inverters -d "$behind")" \
	"1007 1007 1007 1008 1009 1011 "
same "... with a table for it" "$(sqlite3 "$behind" 'SELECT port, left_out
	FROM inverter_parts')" "1|0
2|2000"

# A running filter sees that an inverter was forgotten.
mkfifo "$work/in"
hm-filter --stats-period 0 --timezone UTC -d "$db" <"$work/in" \
	>"$work/out" 2>"$work/err" &
pids+=($!)
exec 7>"$work/in"
answered() {
	[ "$(wc -l <"$work/out")" -ge "$1" ]
}
day=$((24 * 60))
grown() {
	port "$1" $((20073 + $2)) "$2" 116400000002
	port "$1" $((10606 + $2)) "$2"
	dtu "$1"
}
{ grown $((day + 1)) 5; grown $((day + 2)) 5; } >&7
check "a running filter makes sums" until_true 5 answered 6
filter -d "$db" --forget 116400000002
dtu $((day + 3)) >&7
check "... continues when another process forgets an inverter" \
	until_true 5 answered 7
dtu $((day + 4)) >&7
check "... reads the next record" until_true 5 answered 8
exec 7>&-
wait "${pids[-1]}"
same "... and the sums stay" "$(tail -1 "$work/out" | energies)" \
	"[30628,10] "
same "... with a warning" "$(cat "$work/err")" \
	"hm-filter: warning: roof: inverter 116400000002, input 1 is forgotten"

# Databases that cannot be used

mkdir "$work/dir"
same "a database that cannot be opened does not stop the stream" \
	"$({ port 0 10500 500; port 1 10503 503; } |
	filter -d "$work/dir" 2>"$work/err" | energies)" \
	"[null,null] [10500,500] "
check "... and is named" grep -q "error: $work/dir: cannot open" "$work/err"
sqlite3 "$work/old.db" 'CREATE TABLE production_cache (serial_number TEXT,
	port_number INTEGER, today_production INTEGER, total_production INTEGER)'
port 0 10500 500 | filter -d "$work/old.db" >"$work/out" 2>"$work/err"
check "another program's table is not touched" grep -q \
	"it is of another program" "$work/err"
same "... not even its columns" \
	"$(sqlite3 "$work/old.db" .schema | grep -c e_total)" 0
head -c 20000 /dev/urandom >"$work/junk.db"
same "junk is no database, and the stream goes on" \
	"$({ port 0 10500 500; port 1 10503 503; } |
	filter -d "$work/junk.db" 2>/dev/null | energies)" \
	"[null,null] [10500,500] "
cp "$db" "$work/bad.db"
sqlite3 "$work/bad.db" 'UPDATE production_cache SET e_pending = 9e18'
same "a damaged row is ignored, and the DTU's total stays" \
	"$(dtu $((day + 5)) | filter -d "$work/bad.db" 2>"$work/err" |
	energies)" "[30628,null] "
check "... and named" grep -q "row of inverter 116400000001 .* damaged" \
	"$work/err"
before=$(sqlite3 "$db" .dump)
port 15 10700 700 | filter -d "$db" --dry-run >"$work/out"
same "--dry-run stores nothing" "$(sqlite3 "$db" .dump)" "$before"
port 0 10500 500 | filter -d "$work/none.db" --dry-run >"$work/out" 2>&1
check "... and makes no file" [ ! -e "$work/none.db" ]

# Another process locks the database for longer than hm-filter waits.
mkfifo "$work/sql"
sqlite3 "$db" <"$work/sql" >"$work/locked" &
pids+=($!)
exec 8>"$work/sql"
echo 'BEGIN EXCLUSIVE; SELECT 1;' >&8
until_true 5 grep -q 1 "$work/locked"
same "a lock by another process only delays the stream" \
	"$({ port $((day + 6)) 10612 6; port $((day + 7)) 10613 7; } |
	timeout 10 hm-filter --stats-period 0 --timezone UTC -d "$db" \
	2>"$work/err" | tail -1 | energies)" "[10612,6] "
check "... with a warning" grep -q "cannot save the accepted" "$work/err"
echo 'ROLLBACK;' >&8
exec 8>&-
wait "${pids[-1]}"

# The filter that began without its database finds it within 10 s.
minute=0
found() {
	port $((++minute)) 10503 503 >&5
	grep -q 'late.db: the database is there now' "$work/late.err" &&
		tail -n 1 "$work/late.out" | grep -q '"total_production":10503,'
}
check "a database that is there later is found" until_true 20 found
exec 5>&-
wait "$late"
same "... and has all inputs then" "$(sqlite3 "$work/disk/late.db" \
	'SELECT count(*) FROM production_cache')" 2
same "... after one error" "$(grep -c error "$work/late.err")" 1

# A database that is locked while it is opened
mkfifo "$work/lock"
sqlite3 "$work/locked.db" <"$work/lock" >"$work/lock.out" &
pids+=($!)
exec 8>"$work/lock"
echo 'PRAGMA journal_mode = WAL; BEGIN IMMEDIATE; SELECT 1;' >&8
until_true 5 grep -q 1 "$work/lock.out"
port 0 10500 500 | filter -d "$work/locked.db" >/dev/null 2>"$work/err" &
pids+=($!)
sleep 1
echo 'ROLLBACK;' >&8
exec 8>&-
wait "${pids[-1]}"
same "a database that is locked at the start is waited for" \
	"$(cat "$work/err"; sqlite3 "$work/locked.db" \
	'SELECT count(*) FROM production_cache')" 1

# Time zones

for zone in Mars/Olympus ../../etc/passwd ""; do
	same "refused: the time zone \"$zone\"" \
		"$(hm-filter --timezone "$zone" --check >/dev/null 2>&1 \
			</dev/null; echo $?)" 78
done
same "the zone decides where a day begins" "$(for zone in UTC Asia/Tokyo; do
	{ port 0 10500 500; port 1 10503 503; port 300 10503 503; } |
		hm-filter --stats-period 0 --timezone $zone 2>/dev/null |
		tail -1 | energies
done)" "[10503,503] [10503,0] "

# SIGKILL at any time, while hm-filter reads a stream with zeros and spikes. The
# counters in the output of all its processes together must not fall.
kills=${KILLS:-20}
awk -v lines="$((kills * 15000))" 'BEGIN {
	srand(1)
	for (n = 0; n < lines; n++) {
		serial = n % 7
		step = int(n / 7)
		total = 100000 + step
		r = rand()
		if (r < 0.05) total = 0
		else if (r < 0.1) total = int(exp(rand() * 22))
		today = total < 100000 ? 0 : total - 100000
		day = 20 + int(step / 8640)
		time = sprintf("2026-%02d-%02dT%02d:%02d:%02dZ",
			6 + int(day / 30), day % 30 + 1, step % 8640 / 360,
			step % 360 / 6, step % 6 * 10)
		printf "{\"type\":\"port\",\"time\":\"%s\",\"dtu\":\"d%d\"," \
			"\"serial\":\"11640000000%d\",\"port\":1," \
			"\"total_production\":%d,\"today_production\":%d," \
			"\"link_status\":1,\"n\":%d}\n",
			time, serial % 2, serial, total,
			today, n
	}
}' >"$work/stream"
rm -f "$db" "$work/shown"
mkfifo "$work/pipe"
exec 9<>"$work/pipe"
cat "$work/stream" >&9 &
writer=$!
pids+=("$writer")
for ((i = 0; i < kills; i++)); do
	hm-filter --stats-period 0 -d "$db" <&9 >>"$work/shown" 2>/dev/null &
	pid=$!
	sleep "0.0$((RANDOM % 30 + 10))"
	kill -9 "$pid" 2>/dev/null
	wait "$pid" 2>/dev/null
done
hm-filter --stats-period 0 -d "$db" <&9 >>"$work/shown" 2>/dev/null &
pids+=($!)
wait "$writer"
echo '{"type":"end"}' >&9
check "the stream ends" until_true 30 grep -q '"type":"end"' "$work/shown"
same "$kills kills: the database is not damaged" \
	"$(sqlite3 "$db" 'PRAGMA integrity_check')" ok
same "... no counter falls, and none is above the true value" \
	"$(jq -nRr 'reduce (inputs | fromjson? |
	select(.total_production)) as $r ({};
	.n += 1 | .[$r.serial] as $last |
	if $r.total_production < ($last // 0) or
	    $r.total_production > 100000 + ($r.n / 7 | floor)
	then .bad += 1 else . end | .[$r.serial] = $r.total_production) |
	"\(.n > 1000) \(.bad // 0)"' "$work/shown")" "true 0"
finish
