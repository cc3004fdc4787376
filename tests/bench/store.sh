#!/bin/bash
# store.sh DAYS: store DAYS days of 100 DTUs, each with two inverters of two
# inputs and polled once a minute, in a new database with hm-store. Then import
# the same rows from CSV into another database with .import of sqlite3. Prints
# figures; fails if hm-store is slower.
# shellcheck source=tests/lib/lib.sh
. "$(dirname "$0")/../lib/lib.sh"

days=$1
db=$work/hm.db

# duration_of COMMAND ...: how long the command takes.
duration_of() {
	local start=${EPOCHREALTIME/[.,]/}
	"$@" || exit
	echo $(((${EPOCHREALTIME/[.,]/} - start) / 1000))
}

store() {
	command time -f '%U s user, %S s system, %M kB' -o "$work/time" \
		hm-store --stats-period 0 -d "$db" --retention 0 \
		<"$work/stream" >/dev/null
}

# Only the tables of readings, without rollups and latest readings.
import() {
	local table
	for table in dtu inverter port; do
		sqlite3 "$work/import.db" 'PRAGMA synchronous = FULL' \
			".import --csv $work/$table.csv $table" || return
	done
}

"$HM_BUILD/helper/hm-decode/week" 100 2 2 "$days" >"$work/stream"
ours=$(duration_of store)
for table in dtu inverter port; do
	sqlite3 -csv "$db" "SELECT * FROM $table" >"$work/$table.csv"
done
{
	echo 'PRAGMA journal_mode = WAL;'
	sqlite3 "$db" "SELECT sql || ';' FROM sqlite_schema
		WHERE name IN ('dtu', 'inverter', 'port')"
} | sqlite3 "$work/import.db" >/dev/null
theirs=$(duration_of import)

rows=$(sqlite3 "$db" 'SELECT (SELECT count(*) FROM dtu) +
	(SELECT count(*) FROM inverter) + (SELECT count(*) FROM port)')
awk -v rows="$rows" -v days="$days" -v ours="$ours" -v theirs="$theirs" \
	-v stream="$(stat -c %s "$work/stream")" -v bytes="$(stat -c %s "$db")" \
	-v raw="$(stat -c %s "$work/import.db")" \
	-v used="$(cat "$work/time")" 'BEGIN {
	printf "%d days of 100 DTUs: %d records, %.0f MB\n", days, rows,
	    stream / 1e6
	printf "  hm-store:         %6.1f s, %7.0f rows/s, %.0f MB, %.1f bytes a row\n",
	    ours / 1000, rows * 1000 / ours, bytes / 1e6, bytes / rows
	printf "                    %s\n", used
	printf "  sqlite3 .import:  %6.1f s, %7.0f rows/s, %.0f MB\n",
	    theirs / 1000, rows * 1000 / theirs, raw / 1e6
}'
[ "$ours" -le "$theirs" ] || { echo "hm-store is slower"; exit 1; }
