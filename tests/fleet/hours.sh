#!/bin/bash
# `ship: hours` with a real PostgreSQL: the hours and days of the centre are those
# of hm.db, filled and corrected ones, too, and stay so when readings come as well.
# HOURS_ZONE: the time zone of the site.
# shellcheck source=tests/lib/lib.sh
. "$(dirname "$0")/../lib/lib.sh"
root=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tests/lib/engines.sh
. "$root/tests/lib/engines.sh"
needs postgres initdb psql
zone=${HOURS_ZONE:-Europe/Berlin}

port=$(free_port)
make_postgres a 'fsync = off'
check "PostgreSQL starts" start_postgres a "$port"
check "centre.sql makes a centre" make_centre
key=$(sql "SELECT hm.add_site('one', '$zone')")
export HM_SITE=one HM_SITE_KEY=$key PGHOST=127.0.0.1 PGPORT=$port PGUSER=hm_edge \
	PGDATABASE=fleet PGSSLMODE=disable

# The plant stands still for two days, which hm-store fills.
jq -nc -f "$root/tests/lib/sample.jq" | head -n 9000 |
	grep -v '"time":"2026-10-2[12]T' >"$work/lines"
# store [hours|readings]: what is shipped of it
store() {
	hm-store --outbox --ship "${1-hours}" -d "$work/hm.db" --timezone "$zone" \
		--retention 0 --stats-period 0 >/dev/null
}
ship() {
	hm-ship -d "$work/hm.db" --once --stats-period 0 "$@" -- \
		"$root/pipelines/to-postgres" >"$work/out" 2>"$work/ship.err"
}

# same_sums WHEN: the tables of hours and days, and what is not empty in them
same_sums() {
	local kind keys
	for kind in dtu inverter port meter; do
		case $kind in
		dtu) keys=dtu ;;
		port) keys='dtu, serial, port' ;;
		*) keys='dtu, serial' ;;
		esac
		sums "$kind" hourly hour "extract(epoch FROM hour)::bigint" "$1"
		sums "$kind" daily day day "$1"
	done
}
# sums KIND FORM MOMENT MOMENT-OF-THE-CENTRE WHEN
sums() {
	local columns
	columns=$(edge "SELECT group_concat(name, ', ') FROM
		pragma_table_info('$1_$2') WHERE name NOT IN ('$3', 'filled')")
	sql -F '|' "SELECT $4, filled::int, $columns FROM hm.$1_$2
		ORDER BY $3, $keys" >"$work/found"
	edge "SELECT $3, filled, $columns FROM $1_$2 ORDER BY $3, $keys" |
		sed -E 's/\.0(\||$)/\1/g; s/\.0(\||$)/\1/g' >"$work/expected"
	check "$1_$2 is not empty $5" test -s "$work/expected"
	check "$1_$2 is that of hm.db $5" diff "$work/expected" "$work/found"
}

head -n 3000 "$work/lines" | store
check "hours are shipped" ship
tail -n +3001 "$work/lines" | store
check "... and those that come later" ship
check "hm.db has days that were filled" test "$(edge "SELECT count(*)
	FROM port_daily WHERE filled")" -gt 0
check "... and an hour" test -n "$(edge 'SELECT hour FROM port_hourly LIMIT 1')"
same_sums "after hm-ship"
same "one reading an hour is there" "$(sql "SELECT count(DISTINCT
	(dtu, date_trunc('hour', time, '$zone'))) FROM hm.dtu")" \
	"$(edge 'SELECT count(*) FROM dtu_hourly WHERE NOT filled')"
same "... and the last one of each device" "$(sql "SELECT dtu, serial, port,
	pv_power FROM hm.latest ORDER BY 1, 2, 3")" "$(edge "SELECT dtu, serial,
	port, pv_power FROM latest ORDER BY 1, 2, 3" | sed 's/\.0$//')"
same "hm.fleet knows the site" "$(sql "SELECT dtus, last_reading =
	(SELECT max(time) FROM hm.dtu) FROM hm.fleet")" '2|t'
sql 'CALL hm.roll_up()'
same_sums "after hm.roll_up"

# A reading that comes late shows that a day had made more than the filled ones
# after it can have had: hm-store removes these.
filled="SELECT count(*) FROM port_daily WHERE filled"
before=$(edge "$filled")
start=$(edge "SELECT start FROM day_totals WHERE serial = '114182000001'
	AND port = 1 AND day = '2026-10-21'")
echo '{"type":"port","time":"2026-10-20T23:59:00Z","dtu":"roof","serial":"114182000001","port":1,"today_production":'$((407900 - start))',"total_production":407900}' |
	store
check "filled days are removed from hm.db" test "$(edge "$filled")" -lt "$before"
check "... and shipped" ship
same_sums "without them"

# With `ship: readings` the centre gets one reading of an hour of which it has the
# sums, and no other.
echo '{"type":"port","time":"2026-10-19T10:05:30Z","dtu":"roof","serial":"114182000001","port":1,"pv_power":987}' |
	store readings
check "a late reading is shipped after ship: hours" ship
sql 'CALL hm.roll_up()'
same "... as such" "$(sql 'SELECT count(*) FROM hm.port WHERE pv_power = 987')" 1
same_sums "with it"

check "readings can be fetched later" ship --ship readings --since 2026-10-18
sql 'CALL hm.roll_up()'
same_sums "when the readings are there, too"
check "all of them" test "$(sql 'SELECT count(*) FROM hm.port')" = "$(edge \
	'SELECT count(*) FROM port')"
same "the energy of the days is that of hm.db" "$(sql "SELECT day, dtu, serial,
	port, energy FROM hm.daily_production ORDER BY 1, 2, 3, 4")" "$(edge "SELECT
	day, dtu, serial, port, energy FROM daily_production ORDER BY 1, 2, 3, 4" |
	sed 's/\.0$//')"

# An older copy of hm.db knows less of an hour.
hour=$(edge 'SELECT hour FROM port_hourly ORDER BY samples DESC LIMIT 1')
edge "UPDATE port_hourly SET samples = 1, pv_power_max = 1 WHERE hour = $hour;
	INSERT INTO outbox (time, span) VALUES ($hour, 'hour')"
check "an hour of fewer readings is shipped" ship
check "... and replaces nothing" test "$(sql "SELECT min(samples) FROM hm.port_hourly
	WHERE hour = to_timestamp($hour)")" -gt 1
same "nothing was refused" "$(sql 'SELECT reason, line FROM hm.refused')" ""
stop_postgres a INT
finish
