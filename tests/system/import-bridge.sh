#!/bin/bash
# pipelines/import-bridge: hm continues the counters of hoymiles-mqtt 0.12.
# shellcheck source=tests/lib/lib.sh
. "$(dirname "$0")/../lib/lib.sh"
unset HM_CONFIG DATABASE_PATH DRY_RUN PERSISTENCE_ENABLED EXCLUDE_INVERTERS
export TZ=UTC
root=$(cd "$(dirname "$0")/../.." && pwd)
import=$root/pipelines/import-bridge

# The tables that 0.12 makes when it starts.
old_schema="
CREATE TABLE production_cache (serial_number TEXT NOT NULL,
	port_number INTEGER NOT NULL, today_production INTEGER NOT NULL,
	total_production INTEGER NOT NULL, last_updated TIMESTAMP NOT NULL,
	PRIMARY KEY (serial_number, port_number));
CREATE TABLE config_cache (key TEXT PRIMARY KEY, value TEXT NOT NULL,
	last_updated TIMESTAMP NOT NULL);
CREATE TABLE metrics (timestamp TIMESTAMP NOT NULL,
	metric_name TEXT NOT NULL, metric_value REAL NOT NULL, tags TEXT);
CREATE INDEX idx_metrics_timestamp ON metrics(timestamp);
CREATE INDEX idx_metrics_name ON metrics(metric_name);"

# make_old FILE ROW ...: SERIAL|PORT|TODAY|TOTAL|TIME each.
make_old() {
	local file=$1 row
	shift
	sqlite3 "$file" "$old_schema"
	for row; do
		sqlite3 "$file" "INSERT INTO production_cache VALUES
			('${row//|/\', \'}')"
	done
}

# told SERIAL DTU ...: the records of a poll with these inverters.
told() {
	while [ $# -gt 0 ]; do
		echo '{"type":"inverter","time":"2026-11-20T12:00:00Z","dtu":"'"$2"'","serial":"'"$1"'"}'
		shift 2
	done
}

rows() {
	sqlite3 "$1" "SELECT dtu, serial, port, today_production,
		total_production FROM production_cache ORDER BY 1, 2, 3"
}

prints() {
	(cd "$1" && sha256sum -- * && ls -lA --time-style=full-iso)
}

# A plant, and the file of a bridge that stopped a moment ago. It had not
# seen the last 3 Wh of each input.
start_sim plant --transport modbus --inverters 2 --inputs 2 --start 12:00 \
	--seed 7
plant=${uris[0]}#roof
hm-poll -1 --stats-period 0 "$plant" | hm-decode --stats-period 0 \
	>"$work/poll"
same "the plant has inputs" "$(grep -c '"type":"port"' "$work/poll")" 4
now=$(date '+%Y-%m-%d %H:%M:%S.123456')
mapfile -t cached < <(jq -r --arg now "$now" 'select(.type == "port") |
	"\(.serial)|\(.port)|\(.today_production - 3)|\(.total_production - 3
	)|\($now)"' "$work/poll")
mkdir "$work/old"
make_old "$work/old/hoymiles-mqtt.db" "${cached[@]}"
printf '%s\n' "${cached[@]%|*}" | sed 's/^/roof|/' | sort >"$work/expected"
before=$(prints "$work/old")

"$import" "$work/old/hoymiles-mqtt.db" "$work/hm.db" <"$work/poll" \
	>"$work/out" 2>"$work/err"
same "the import ends well" $? 0
same "... writes nothing to stdout" "$(cat "$work/out")" ""
same "... and says what it did" "$(cat "$work/err")" \
	"import-bridge: 4 inputs imported, 0 known before, 0 not imported"
same "hm has the counters of the bridge" "$(rows "$work/hm.db")" \
	"$(cat "$work/expected")"
same "the old directory is as it was" "$(prints "$work/old")" "$before"

sqlite3 "$work/hm.db" .dump >"$work/dump"
"$import" "$work/old/hoymiles-mqtt.db" "$work/hm.db" <"$work/poll" \
	2>"$work/err"
same "a second import ends well" $? 0
same "... finds all counters there" "$(cat "$work/err")" \
	"import-bridge: 0 inputs imported, 4 known before, 0 not imported"
check "... and changes nothing" diff "$work/dump" \
	<(sqlite3 "$work/hm.db" .dump)

# The switch, as Home Assistant sees it: no counter falls, none is missing.
switch() {
	hm-poll -n 2 --period 5 --stats-period 0 "$plant" |
		hm-decode --stats-period 0 |
		hm-filter --stats-period 0 -d "$1" >"$2"
}
switch "$work/fresh.db" "$work/fresh" &
other=$!
pids+=("$other")
# Two hm-polls take turns at a DTU.
switch "$work/hm.db" "$work/seen"
wait "$other"
of_cached() {
	jq -cRn '[inputs | split("|") | {dtu: .[0], serial: .[1],
		port: (.[2] | tonumber), today: (.[3] | tonumber),
		total: (.[4] | tonumber)}]' "$work/expected"
}
of_cached >"$work/cached.json"
# The dollars are jq's.
# shellcheck disable=SC2016
follows='def entry: . as $r | $cached[0][] |
	select(.serial == $r.serial and .port == $r.port);
	[.[] | select(.type == "port") | . as $r | entry |
		($r.total_production - .total), ($r.today_production - .today)]
	| length == 16 and all(. >= 0 and . <= 10)'
check "each input continues its counters, from the first poll on" \
	jq -es --slurpfile cached "$work/cached.json" "$follows" "$work/seen"
# shellcheck disable=SC2016
check "... and so do the DTU's sums" jq -es --slurpfile cached \
	"$work/cached.json" '[.[] | select(.type == "dtu") |
	(.total_production - ($cached[0] | map(.total) | add)),
	(.today_production - ($cached[0] | map(.today) | add))] |
	length == 4 and all(. >= 0 and . <= 40)' "$work/seen"
# shellcheck disable=SC2016
check "without an import the first poll shows no energy" jq -es '
	[.[] | select(.type == "dtu" or .type == "port") | .time] as $times |
	[.[] | select(.time == ($times | min)) | .total_production // empty]
	== []' "$work/fresh"

# Inverters that no DTU, or more than one, reports.
a=116100000001 b=116100000002 c=1161ABCDEF03
make_old "$work/places.db" "$a|1|10|1000|$now" "$b|1|20|2000|$now" \
	"$c|1|30|3000|$now"
told $a roof | "$import" "$work/places.db" "$work/one.db" 2>"$work/err"
same "an inverter that the only DTU does not report belongs to it" \
	"$(rows "$work/one.db")" "roof|$a|1|10|1000
roof|$b|1|20|2000
roof|${c,,}|1|30|3000"
check "... and is named" grep -q \
	"^import-bridge: $b: the DTU does not report it" "$work/err"
told $a roof $b barn | "$import" "$work/places.db" "$work/two.db" 2>"$work/err"
same "with two DTUs such an inverter is left out" "$(rows "$work/two.db")" \
	"barn|$b|1|20|2000
roof|$a|1|10|1000"
check "... and a message says how to import it" grep -qx "import-bridge: ${c,,}: not imported: no DTU reports it; to import it, add ${c,,}=DTU" "$work/err"
told $a roof $b barn |
	"$import" "$work/places.db" "$work/two.db" "$c=the barn's" 2>"$work/err"
same "with SERIAL=DTU it is imported" "$(rows "$work/two.db")" "barn|$b|1|20|2000
roof|$a|1|10|1000
the barn's|${c,,}|1|30|3000"
told $a roof $a barn $b roof $c roof |
	"$import" "$work/places.db" "$work/both.db" 2>"$work/err"
check "an inverter that two DTUs report is not imported" grep -qx "import-bridge: $a: not imported: several DTUs report it; add $a=DTU" "$work/err"

# Counters that are not plausible.
make_old "$work/spike.db" "$a|1|10|4294967295|$now" "$a|2|0|0|$now" \
	"$a|3|9|900|2026-01-01 10:00:00" "$a|4|9|900|never"
told $a roof | "$import" "$work/spike.db" "$work/spiked.db" 2>"$work/err"
same "an import with a spike in the old file ends well" $? 0
same "... without the spike and the port that never had a total" \
	"$(rows "$work/spiked.db" |
	grep -v '||$')" "roof|$a|3|9|900
roof|$a|4|9|900"
check "... and the spike is named" grep -q \
	"^import-bridge: $a, port 1: not imported" "$work/err"
same "... but not the port that never had a total" \
	"$(grep -c 'port 2' "$work/err")" 0

# Times in the old file are local; -z names their zone. A time in the future
# counts as now.
make_old "$work/zone.db" "$a|1|10|1000|2026-07-01 23:30:00" \
	"$a|2|10|1000|2036-07-01 23:30:00"
told $a roof | "$import" -z America/New_York "$work/zone.db" "$work/zoned.db" \
	2>"$work/err"
same "a local time is converted" "$(sqlite3 "$work/zoned.db" \
	"SELECT datetime(e_total_time, 'unixepoch') FROM production_cache
	WHERE port = 1")" "2026-07-02 03:30:00"
check "a time in the future becomes now" test "$(sqlite3 "$work/zoned.db" \
	"SELECT e_total_time FROM production_cache WHERE port = 2")" \
	-le "$(date +%s)"

# A bridge that was killed in the middle of a write.
make_old "$work/old/killed.db" "$a|1|10|1000|$now"
sqlite3 "$work/old/killed.db" 'PRAGMA cache_size = 1' 'BEGIN' \
	'UPDATE production_cache SET total_production = 7777' \
	"INSERT INTO metrics SELECT '$now', hex(randomblob(500)), 1, NULL
	FROM json_each('[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1]')" \
	".shell kill -9 \$PPID" 2>/dev/null || :
check "the killed bridge left a journal" test -s "$work/old/killed.db-journal"
before=$(prints "$work/old")
told $a roof |
	"$import" "$work/old/killed.db" "$work/killed.db" 2>"$work/err"
same "the committed counters are imported" "$(rows "$work/killed.db")" \
	"roof|$a|1|10|1000"
same "... and the file and its journal are as they were" \
	"$(prints "$work/old")" "$before"

# without PROGRAM ...: an import whose PATH lacks these programs.
without() {
	local program
	mkdir -p "$work/bin"
	rm -f "$work/bin"/*
	for program in bash mktemp rm cp chmod cat jq sqlite3 hm-filter; do
		[[ " $* " == *" $program "* ]] ||
			ln -s "$(type -P "$program")" "$work/bin/$program"
	done
	# The script adds /usr/local/bin, where a program may be, too.
	sed 's|^PATH=.*||' "$import" >"$work/import-bridge"
	told $a roof | PATH=$work/bin bash "$work/import-bridge" \
		"$work/zone.db" "$work/new.db" 2>"$work/err"
	echo "$? $(cat "$work/err")"
}
same "a missing sqlite3 is named" "$(without sqlite3)" \
	"71 import-bridge: error: not installed, or not in PATH: sqlite3"
same "so are a missing jq and hm-filter" "$(without jq hm-filter)" \
	"71 import-bridge: error: not installed, or not in PATH: jq hm-filter"
for program in jq sqlite3; do
	check "the package depends on $program" grep -qE \
		"^(Depends:| ).* $program(,|\$)" \
		<(sed -n '/^Depends:/,/^[A-Z]/{/^Recommends/d;p}' \
			"$root/s6/debian/control")
	check "the image has $program" grep -qE "^ +$program \\\\\$" \
		"$root/s6/container/Dockerfile"
done

# refused STATUS TEXT OLD NEW
refused() {
	told $a roof | "$import" "$3" "$4" "${@:5}" 2>"$work/err"
	same "refused: $2" "$? $(tail -n 1 "$work/err")" \
		"$1 import-bridge: error: $2"
}
echo "no database" >"$work/text"
sqlite3 "$work/other.db" 'CREATE TABLE t (a)'
: >"$work/empty"
refused 65 "$work/text: is no database of hoymiles-mqtt 0.12" \
	"$work/text" "$work/new.db"
refused 65 "$work/other.db: is no database of hoymiles-mqtt 0.12" \
	"$work/other.db" "$work/new.db"
refused 65 "$work/empty: is no database of hoymiles-mqtt 0.12" \
	"$work/empty" "$work/new.db"
refused 65 "$work/none: there is no such file" "$work/none" "$work/new.db"
refused 65 "$work/hm.db: is a database of hm" "$work/hm.db" "$work/new.db"
refused 64 "$work/zone.db: the new database must be another file" \
	"$work/zone.db" "$work/zone.db"
refused 65 "$work/places.db: is no database of hm; name a new file" \
	"$work/zone.db" "$work/places.db"
refused 65 "$work/other.db: is no database of hm; name a new file" \
	"$work/zone.db" "$work/other.db"
check "no new file is made" test ! -e "$work/new.db"
same "... nor is the database of another program changed" \
	"$(sqlite3 "$work/other.db" .schema)" "CREATE TABLE t (a);"
"$import" "$work/zone.db" "$work/new.db" </dev/null 2>"$work/err"
same "refused: nothing on stdin" "$? $(cat "$work/err")" \
	"65 import-bridge: error: stdin has no inverter; is it the output of hm-decode?"
told $a roof | DRY_RUN=true "$import" "$work/zone.db" "$work/dry.db" \
	2>"$work/err"
same "with DRY_RUN nothing is imported, and the status says so" $? 75
same "no temporary directory is left" \
	"$(find "$TMPDIR" -name 'import-bridge.*')" ""
finish
