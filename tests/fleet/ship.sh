#!/bin/bash
# hm-store, hm-ship and to-postgres together, while hm-ship is killed 20 times and
# PostgreSQL 3 times: hm.db and the centre hold the same in the end.
# shellcheck source=tests/lib/lib.sh
. "$(dirname "$0")/../lib/lib.sh"
root=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tests/lib/engines.sh
. "$root/tests/lib/engines.sh"
needs postgres initdb psql

port=$(free_port)
make_postgres a
check "PostgreSQL starts" start_postgres a "$port"
check "centre.sql makes a centre" make_centre
key=$(sql "SELECT hm.add_site('one', 'Europe/Berlin')")
export HM_SITE=one HM_SITE_KEY=$key PGHOST=127.0.0.1 PGPORT=$port PGUSER=hm_edge \
	PGDATABASE=fleet PGSSLMODE=disable

# Live readings, some of them late: the lines of each block are stored at once.
jq -nc -f "$root/tests/lib/sample.jq" | head -n 8000 >"$work/lines"
awk 'NR % 97 == 0 { late = late $0 "\n"; next } { print }
	NR % 400 == 0 { printf "%s", late; late = "" }
	END { printf "%s", late }' "$work/lines" >"$work/shuffled"
slowly() {
	while mapfile -n 100 block && [ ${#block[@]} -gt 0 ]; do
		printf '%s' "${block[@]}"
		sleep 0.1
	done <"$work/shuffled"
}
slowly | HM_STORE_DELAY=0.2 hm-store --outbox -d "$work/hm.db" \
	--timezone Europe/Berlin --retention 0 --stats-period 0 >"$work/out" \
	2>"$work/store.err" &
store=$!
pids+=("$store")
until_true 10 test -s "$work/hm.db"

start_ship() {
	hm-ship -d "$work/hm.db" --period 1 --polls 20 --timeout 10 \
		--stats-period 0 -- "$root/pipelines/to-postgres" \
		>>"$work/shipped" 2>>"$work/ship.err" &
	ship=$!
	pids+=("$ship")
}
# Batches that the centre has had so far
batches() {
	sql "SELECT batches FROM hm.site" 2>/dev/null
}
has_more() {
	[ "$(batches)" -gt "$1" ]
}
for kill in {1..20}; do
	before=$(batches)
	start_ship
	[ -z "$before" ] || until_true 5 has_more "$before"
	sleep "0.0$((RANDOM % 10))"
	kill -KILL "$ship"
	wait "$ship" 2>/dev/null
	case $kill in
	5 | 10 | 15)
		start_ship
		sleep 0.0$((RANDOM % 10))
		stop_postgres a KILL
		sleep 0.3
		kill -KILL "$ship"
		wait "$ship" 2>/dev/null
		check "PostgreSQL starts after a kill" start_postgres a "$port" ;;
	esac
done
wait "$store"
same "hm-store has stored all" $? 0
all_shipped() {
	hm-ship -d "$work/hm.db" --once --polls 200 --stats-period 0 -- \
		"$root/pipelines/to-postgres" >"$work/out" 2>>"$work/ship.err"
}
check "hm-ship comes to the end" until_true 60 all_shipped
same "nothing waits" "$(sqlite3 "$work/hm.db" 'SELECT count(*) FROM outbox')" 0

same_as_edge
same "an alarm that ended has its end" "$(sql "SELECT count(\"end\") FROM hm.alarm")" \
	"$(edge 'SELECT count("end") FROM alarm')"
same "nothing was refused" "$(sql 'SELECT reason, line FROM hm.refused')" ""
stop_postgres a INT
finish
