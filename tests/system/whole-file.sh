#!/bin/bash
# After a clean stop hm.db is whole by itself: a copy of this one file has all
# that was stored, even if others have it open to read.
# shellcheck source=tests/lib/lib.sh
. "$(dirname "$0")/../lib/lib.sh"
unset HM_CONFIG DATABASE_PATH TIMEZONE
export TZ=UTC

data=$(cd "$(dirname "$0")/../data" && pwd)
db=$work/hm.db
port=$(free_port)
wanted=$(grep -c '"type":"port"' "$data/plants.ndjson")

rows() {
	sqlite3 "$1" 'SELECT count(*) FROM port'
}

# copy NAME: what a copy of hm.db without its log has.
copy() {
	mkdir "$work/$1"
	cp "$db" "$work/$1/hm.db"
	rows "$work/$1/hm.db" 2>&1
}

shows_rows() {
	[ "$(get /stats | jq .port_data_entries)" = "$wanted" ]
}

check "there are readings" test "$wanted" -gt 10

# A chain whose last tool reads the database, and ends last.
mkfifo "$work/in"
hm-filter -d "$db" <"$work/in" | hm-store -d "$db" --delay 0 |
	hm-metrics -d "$db" --port "$port" >/dev/null 2>"$work/err" &
chain=$!
pids+=("$chain")
exec 7>"$work/in"
cat "$data/plants.ndjson" >&7
check "/stats reads the database" until_true 10 shows_rows
exec 7>&-
wait "$chain"
same "the chain ends" $? 0
same "hm.db is whole without its log" "$(copy chain)" "$wanted"
same "... with the ledger" "$(sqlite3 "$work/chain/hm.db" \
	'SELECT count(*) > 0 FROM production_cache')" 1
check "... and the log is empty" test ! -s "$db-wal"

# One-shots, while a shell has the database open.
rm -f "$db" "$db-wal" "$db-shm"
hm-store -d "$db" </dev/null
coproc shell { exec sqlite3 -readonly "$db"; }
pids+=("$shell_PID")
echo 'SELECT count(*) FROM port;' >&"${shell[1]}"
read -r before <&"${shell[0]}"
same "a shell reads the empty database" "$before" 0
hm-store -d "$db" <"$data/plants.ndjson" >/dev/null
same "hm.db is whole while a shell has it open" "$(copy shell)" "$wanted"
hm-filter -d "$db" <"$data/plants.ndjson" >/dev/null
same "... also after hm-filter" "$(copy filter; sqlite3 "$work/filter/hm.db" \
	'SELECT count(*) > 0 FROM production_cache')" "$wanted
1"

# A shell in the middle of a query does not hold up the end.
echo 'BEGIN; SELECT count(*) FROM port;' >&"${shell[1]}"
read -r during <&"${shell[0]}"
same "a shell has begun to read" "$during" "$wanted"
sed 's/"dtu":"[^"]*"/"dtu":"more"/' "$data/plants.ndjson" |
	timeout 60 hm-store -d "$db" >/dev/null 2>"$work/err"
same "hm-store ends while a shell reads" "$? $(grep -v 'is known from' \
	"$work/err")" "0 "
same "... and loses nothing" "$(rows "$db")" $((2 * wanted))
finish
