#!/bin/bash
# Databases that are damaged: hm-store --verify finds it, --backup and the copies
# at the end of runs do not replace good copies, every action says what is wrong,
# and --restore puts a good copy in the place of the database.
# shellcheck source=tests/lib/lib.sh
. "$(dirname "$0")/../lib/lib.sh"
# shellcheck source=tests/lib/stored.sh
. "$(dirname "$0")/../lib/stored.sh"
store_options+=(--retention 0)
apart=60
unset TIMEZONE TZ DATABASE_PATH

data=$(cd "$(dirname "$0")/../data" && pwd)
# Two whole days, free pages, alarms, a device and a ledger.
good=$work/good.db
{
	ports 1 3000
	for i in {1..50}; do
		printf '{"type":"alarm","time":"2026-06-09T10:15:00Z","dtu":"a","serial":"1","code":%d,"start":"2026-06-09T10:00:00Z"}\n' "$i"
	done
	echo '{"type":"info","time":"2026-06-09T10:15:00Z","dtu":"a","serial":"1","model":"HM-400"}'
} >"$work/records"
store "$good" <"$work/records" >/dev/null
hm-filter --stats-period 0 -d "$good" <"$work/records" >/dev/null
sql "$good" "DELETE FROM port WHERE time < $((base + 60000))"
count=$(rows "$good")

same "--verify finds nothing in a good file" \
	"$(hm-store --verify "$good" | jq -c '[.type, .good, .schema_version,
		.database_size_bytes > 100000, .problems]')" \
	'["verify",true,2,true,[]]'
hm-store -d "$good" --backup "$work/copy.db"
before=$(ls "$work")
same "... nor in a backup, and makes no file beside it" \
	"$(hm-store --verify "$work/copy.db" | jq .good; ls "$work")" \
	"true
$before"
cp "$data/schema/1.db" "$work/old.db"
same "... nor in a file of an older version, which it does not upgrade" \
	"$(hm-store --verify "$work/old.db" | jq -c '[.good, .schema_version]')" \
	'[true,1]'
same "... and not in one that a running hm-store writes" "$(
	start_store "$work/live.db" --delay 0
	ports 1 100 >&7
	until_true 10 holds "$work/live.db" 100
	hm-store --verify "$work/live.db" | jq .good
	end_store)" true
check "... also with a % and a ? in its name" sh -c "
	cp '$work/copy.db' '$work/100%?.db' &&
	hm-store --verify '$work/100%?.db' && rm '$work/100%?.db'"
same "a missing file is no damage" "$(hm-store --verify "$work/none.db" 2>&1
	echo $?)" "hm-store: error: $work/none.db: cannot read the database: No\
 such file or directory
74"

# Damage. page FILE NUMBER: overwrite a page with zeros.
page() {
	dd if=/dev/zero of="$1" bs=4096 seek=$(($2 - 1)) count=1 conv=notrunc \
		status=none
}

leaf() {
	sql "$good" "SELECT max(pageno) FROM dbstat WHERE name = '$1'
		AND pagetype = 'leaf'"
}

# schema FILE SQL: statements that change the schema itself.
schema() {
	sqlite3 "$1" '.dbconfig defensive off' "$2" >/dev/null
}

# first_free FILE: the first page of the list of free pages.
first_free() {
	echo $((16#$(od -An -tx1 -j 32 -N 4 "$1" | tr -d ' \n')))
}

damage() {
	local file=$work/$1.db
	cp "$good" "$file"
	case $1 in
	zeroed) page "$file" "$(leaf port)" ;;
	cut) truncate -s 200000 "$file" ;;
	header) head -c 100 /dev/urandom |
		dd of="$file" conv=notrunc status=none ;;
	index-page) page "$file" "$(leaf alarm_key)" ;;
	free) printf '\000\001\000\000' | dd of="$file" bs=1 conv=notrunc \
			seek=$((4096 * ($(first_free "$file") - 1) + 4)) \
			status=none ;;
	text) echo "This is not a database." >"$file" ;;
	empty) : >"$file" ;;
	newer) sql "$file" 'PRAGMA user_version = 99' ;;
	foreign) rm "$file"
		sql "$file" 'CREATE TABLE states (state_id INTEGER)' ;;
	index) schema "$file" "PRAGMA writable_schema = 1;
		CREATE TABLE keep AS SELECT sql FROM sqlite_schema
			WHERE name = 'alarm_key';
		UPDATE sqlite_schema SET sql = sql || ' WHERE 0'
			WHERE name = 'alarm_key'"
		schema "$file" "INSERT INTO alarm (time, dtu, start, code)
			VALUES (1, 'x', 2, 3); PRAGMA writable_schema = 1;
		UPDATE sqlite_schema SET sql = (SELECT sql FROM keep)
			WHERE name = 'alarm_key'"
		sql "$file" 'DROP TABLE keep' ;;
	ledger) sql "$file" 'UPDATE production_cache SET e_pending = 1,
		e_total = 5000' ;;
	json) sql "$file" "UPDATE info SET data = '{'" ;;
	esac
}

while IFS='|' read -r kind problem backup; do
	damage "$kind"
	file=$work/$kind.db
	before=$(sha256sum <"$file")
	found=$(hm-store --verify "$file" 2>"$work/err")
	status=$?
	same "--verify of $kind: 65, with what is wrong" \
		"$status $(jq .good <<<"$found")" "65 false"
	check "... which is: $problem" \
		grep -q "$problem" <<<"$(jq -r '.problems[]' <<<"$found")"
	check "... and in one line of the log" \
		grep -q "^hm-store: error: $file: no good database of hm: " \
		"$work/err"
	cp "$good" "$work/target.db"
	same "... and --restore of it changes nothing" \
		"$(hm-store -d "$work/target.db" --restore "$file" 2>/dev/null
		echo $?; find "$work" -name 'target.db*')
$(sha256sum <"$work/target.db")" "65
$work/target.db
$(sha256sum <"$good")"
	cp "$good" "$work/kept.db"
	if [ -n "$backup" ]; then
		same "... and --backup of it fails, and the copy stays" \
			"$(hm-store -d "$file" --backup "$work/kept.db" \
			2>"$work/err"; echo $?; sha256sum <"$work/kept.db")" \
			"74
$(sha256sum <"$good")"
		check "... with the reason: $backup" grep -Eq \
			"^hm-store: error: $file: no backup to $work/kept.db: $backup" \
			"$work/err"
	fi
	same "... and the file is not changed" "$(sha256sum <"$file")" "$before"
done <<-'E2'
	zeroed|[Pp]age [0-9]*: btreeInitPage|the copy is damaged, so look at the database with hm-store --verify: .*btreeInitPage
	cut|malformed|it is damaged; hm-store --verify shows where, and --restore puts a backup in its place
	header|file is not a database|file is not a database
	index-page|btreeInitPage|the copy is damaged, so look at the database with hm-store --verify: .*btreeInitPage
	free|[Ff]reelist|the copy is damaged, so look at the database with hm-store --verify: .*[Ff]reelist
	text|file is not a database|file is not a database
	empty|there is no history in it|there is no history in it
	newer|made by a newer version of hm|it was made by a newer version of hm; nothing in it has been touched
	foreign|it is of another program|it is of another program; name a new file
	index|alarm_key|
	ledger|1 inputs in hm-filter's ledger have impossible energies|
	json|1 rows of info hold no JSON|
E2

# What other actions say of a damaged file
damage zeroed
file=$work/zeroed.db
for action in --export --vacuum --rename-dtu=roof=House; do
	before=$(sha256sum <"$file")
	hm-store -d "$file" "$action" >"$work/out" 2>"$work/err"
	same "$action of a damaged file fails" "$?" 74
	check "... and one line says what is wrong" grep -Eq \
		"^hm-store: error: $file: .*(damaged|btreeInitPage)" "$work/err"
	same "... one line" "$(wc -l <"$work/err")" 1
	same "... and the file is not changed" "$(sha256sum <"$file")" "$before"
done
damage cut
for action in --stats --export; do
	hm-store -d "$work/cut.db" "$action" >"$work/out" 2>"$work/err"
	same "$action of half a file fails" "$?" 74
	check "... and says that it is damaged" grep -q "$work/cut.db: .*it is\
 damaged" "$work/err"
done
hm-filter -d "$work/cut.db" --forget 116400000001 >"$work/out" 2>"$work/err"
same "--forget of half a file fails" "$?" 74
check "... and says that it is damaged" grep -q 'it is damaged' "$work/err"

# Copies at the end of runs

# copies: how many there are, and how many of them are whole.
copies() {
	local copy n=0 whole=0
	for copy in "$work"/run_backup_[0-9]*.db; do
		n=$((n + 1))
		[ "$(sqlite3 "file:$copy?immutable=1" 'PRAGMA quick_check' \
			2>&1)" != ok ] || whole=$((whole + 1))
	done
	echo "$n $whole"
}
# A run leaves a copy. Give it an earlier time, in the order of the runs, so that
# the next one need not wait for another second.
runs=0
run() {
	local copy
	store "$work/run.db" --backup-after 0 --backup-keep 2 >/dev/null \
		2>"$work/err"
	runs=$((runs + 1))
	for copy in "$work"/run_backup_20[2-9][1-9]*.db; do
		[ ! -e "$copy" ] || mv "$copy" "$work/run_backup_20200101_0000$((10 + runs)).db"
	done
}
cp "$good" "$work/run.db"
run </dev/null
run </dev/null
same "two runs leave two copies" "$(copies)" "2 2"
page "$work/run.db" "$(leaf port)"
run </dev/null
same "a run with a damaged database leaves none, and removes none" \
	"$(copies) $(find "$work" -name '*.part*')" "2 2 "
check "... and the log says why" grep -q "^hm-store: error: $work/run.db: no\
 backup to .*: the copy is damaged, so look" "$work/err"
check "... and that the older ones stay" grep -q "^hm-store: warning:\
 $work: the older backups run_backup_\* stay until" "$work/err"
for i in 1 2 3; do
	run </dev/null
done
same "... and three more neither" "$(copies)" "2 2"
same "... which warn no more" "$(grep -c warning "$work/err")" 0
copy=$(printf '%s\n' "$work"/run_backup_[0-9]*.db | tail -n 1)
check "... so that one can be restored" \
	hm-store -d "$work/run.db" --restore "$copy"
run </dev/null
check "then there is a copy again, which the log says" grep -q "^hm-store:\
 warning: $work/run.db: the database is good again, and backups are made" \
	"$work/err"
same "... and the oldest is removed" "$(copies)" "2 2"
run </dev/null
same "... and nothing more is said" "$(cat "$work/err")" ""

# The database is lost, and a new one is made.
rm "$work/run.db"
for i in 1 2 3; do
	run < <(ports $((8000 + i)) $((8100 + i)))
done
same "a database that begins later does not replace all copies" \
	"$(sql "$work/run_backup_kept.db" 'SELECT count(*) FROM port')" "$count"
same "... of which one is kept" "$(copies)" "2 2"
rm "$work"/run_backup_*
run </dev/null
cp "$work"/run_backup_2*.db "$work/run_backup_20990101_000000.db"
mv "$work"/run_backup_2020*.db "$work/run_backup_20990102_000000.db"
store "$work/run.db" --backup-after 0 --backup-keep 2 </dev/null >/dev/null
same "a copy dated by a wrong clock does not make new ones the oldest" \
	"$(find "$work" -name 'run_backup_2*' | sed 's/.*backup_//' | sort |
		sed "s/^$(date -u +%Y)[0-9_]*/now/")" "now.db
20990102_000000.db"

# --restore

count_all=$(rows "$good")
ports 4000 4010 | store "$work/later.db" >/dev/null
chmod 640 "$work/later.db"
[ "$(id -u)" -ne 0 ] || chown 1:1 "$work/later.db"
owner=$(stat -c '%u %g %a' "$work/later.db")
same "--restore --dry-run changes nothing" "$(hm-store -d "$work/later.db" \
	--restore "$good" --dry-run | jq -c '[.type, .dry_run, .schema_version]'
	rows "$work/later.db")" '["restore",true,2]
11'
kept=$(hm-store -d "$work/later.db" --restore "$good" | jq -r .kept)
same "--restore puts the backup in place" "$(rows "$work/later.db")" \
	"$count_all"
same "... and keeps the old file" "$(rows "$kept")" 11
check "... under a clear name" [ "${kept%_*}" = \
	"$work/later.db.before-restore-$(date -u +%Y%m%d)" ]
same "... and the owner and the mode" "$(stat -c '%u %g %a' \
	"$work/later.db")" "$owner"
same "... and the backup" "$(rows "$good")" "$count_all"
same "the old readings come back by an export" "$(hm-store -d "$kept" --export |
	store "$work/later.db" >/dev/null; rows "$work/later.db")" \
	$((count_all + 11))
same "--restore of the database itself is refused" \
	"$(hm-store -d "$good" --restore "$good" 2>"$work/err"; echo $?)" 74
same "... and without a database file it makes one" \
	"$(hm-store -d "$work/new.db" --restore "$good" | jq .kept
	rows "$work/new.db")" "null
$count_all"
# The energies of hm-filter's ledger do not go back with the readings.
filtered() {
	ports "$1" "$2" | hm-filter --stats-period 0 --timezone UTC \
		-d "$work/energies.db" | store "$work/energies.db" >/dev/null
}
ledger() {
	sql "$1" 'SELECT total_production FROM production_cache'
}
filtered 1 5
store "$work/energies.db" --backup "$work/energies-copy.db" >/dev/null
filtered 6 9
sql "$work/energies.db" "INSERT INTO inverter_parts VALUES ('roof', 'a', 1,
	NULL, 700, NULL, 30, '')"
same "a restored database keeps the energies that are newer" \
	"$(ledger "$work/energies-copy.db") $(store "$work/energies.db" --restore \
		"$work/energies-copy.db" | jq .energies_kept) $(rows \
		"$work/energies.db") $(ledger "$work/energies.db")" \
	"5004 true 5 5008"
same "... also of inverters" "$(sql "$work/energies.db" 'SELECT total_production,
	left_out FROM inverter_parts')" "700|30"
filtered 10 11
store "$work/energies.db" --backup "$work/energies-new.db" >/dev/null
same "... and not those that are older" "$(store "$work/energies.db" \
	--restore "$work/energies-new.db" | jq .energies_kept)" false
printf 'damaged' | dd of="$work/energies.db" conv=notrunc 2>/dev/null
store "$work/energies.db" --restore "$work/energies-new.db" >/dev/null \
	2>"$work/err"
check "... and says if they cannot be read" grep -q \
	"its energies cannot be read, so those of the backup are shown" "$work/err"
ln -s later.db "$work/link.db"
hm-store -d "$work/link.db" --restore "$work/copy.db" >/dev/null
same "... and a link stays a link to the file" \
	"$(readlink "$work/link.db") $(rows "$work/later.db")" \
	"later.db $count_all"

start_store "$work/open.db" --delay 0
ports 1 5 >&7
until_true 10 holds "$work/open.db" 5
same "--restore while hm-store runs is refused" "$(hm-store -d "$work/open.db" \
	--restore "$good" 2>"$work/err2"; echo $?)" 75
check "... and says what to do" grep -q "another program has the database\
 open: stop hm, then try again" "$work/err2"
same "... and changes nothing" "$(rows "$work/open.db") $(find "$work" \
	-name 'open.db*before*' -o -name 'open.db.part*')" "5 "
{
	kill -9 "$store"
	wait "$store"
} 2>/dev/null
check "... and after kill -9 its rows are in the log" \
	[ -s "$work/open.db-wal" ]
kept=$(hm-store -d "$work/open.db" --restore "$good" | jq -r .kept)
same "... which a restore keeps, and does not use" \
	"$(rows "$kept") $(rows "$work/open.db")
$(sql "$work/open.db" 'PRAGMA integrity_check')" "5 $count_all
ok"
exec 7>&-

# A log that is damaged, too, and one of another kind
damage header
for log in wal journal; do
	cp "$work/header.db" "$work/log.db"
	head -c 50000 /dev/urandom >"$work/log.db-$log"
	cp "$work/log.db-$log" "$work/log"
	kept=$(hm-store -d "$work/log.db" --restore "$good" | jq -r .kept)
	check "a -$log of a damaged file is kept with it" \
		cmp "$kept-$log" "$work/log"
	same "... and is not beside the restored one" \
		"$(find "$work" -name "log.db-*") $(rows "$work/log.db")" \
		" $count_all"
done

# A running hm-store that cannot open its damaged file takes the restored one.
damage header
start_store "$work/header.db" --delay 0
ports 9001 9005 >&7
check "a damaged database is reported" until_true 10 grep -q 'cannot store' \
	"$work/err"
check "... can be restored while hm-store tries again" \
	hm-store -d "$work/header.db" --restore "$good"
check "... and gets what waited in memory" \
	until_true 35 holds "$work/header.db" $((count_all + 5))
end_store
same "... and is whole" "$(hm-store --verify "$work/header.db" | jq .good)" true

# Killed on the way: the old database or the new one, whole.
torn=0
kills=0
cp "$good" "$work/torn.db"
ports 5000 5010 | store "$work/torn.db" >/dev/null
cp "$work/torn.db" "$work/torn.old"
for i in {1..20}; do
	hm-store -d "$work/torn.db" --restore "$good" >/dev/null 2>&1 &
	victim=$!
	sleep "0.0$(printf %02d $((RANDOM % 60)))"
	kill -9 $victim 2>/dev/null && kills=$((kills + 1))
	wait $victim 2>/dev/null
	n=$(rows "$work/torn.db")
	[ "$n" = "$count_all" ] || [ "$n" = $((count_all + 11)) ] ||
		torn=$((torn + 1))
	[ "$(sql "$work/torn.db" 'PRAGMA integrity_check')" = ok ] ||
		torn=$((torn + 1))
	rm -f "$work"/torn.db*
	cp "$work/torn.old" "$work/torn.db"
done
same "killed in $kills restores of 20: the old or the new database, whole" \
	"$torn" 0
check "... some of them" [ "$kills" -ge 1 ]
finish
