#!/bin/bash
# The energies of houses with batteries: what hm-store keeps of each day is what
# hm-sim has counted, to 0.1 kWh for each counter, and balances with its losses.
# No counter of a day falls but at midnight.
#   HYBRID_DAYS  days (32); HYBRID_SEED  of the houses (1)
# shellcheck source=tests/lib/lib.sh
. "$(dirname "$0")/../lib/lib.sh"
unset HM_CONFIG DTU_HOST DATABASE_PATH
export HM_STATS_PERIOD=0

days=${HYBRID_DAYS:-32}
db=$work/hm.db
columns="pv external generator discharged imported load charged exported losses"

"$HM_BUILD/helper/hm-sim/hybrid_days" "$days" "${HYBRID_SEED:-1}" "$work/ledger" |
	hm-decode --strict 2>"$work/decode.err" |
	hm-store --timezone UTC --retention 0 -d "$db" \
		>/dev/null 2>"$work/err"
same "the chain takes $days days of houses" \
	"${PIPESTATUS[*]} $(cat "$work/decode.err" "$work/err")" "0 0 0 "
same "... of which each has a line in the ledger" "$(wc -l <"$work/ledger")" "$days"

# sql TEXT: with the tables ledger, in 0.1 Ws, and stored: a row for each day and
# energy, in Wh, and of how many counters it is the sum.
sql() {
	{
		printf 'ATTACH DATABASE "%s" AS hm;\n' "$db"
		echo "CREATE TABLE ledger (day, serial, ${columns// / INT, } INT);"
		printf '.mode tabs\n.import "%s" ledger\n' "$work/ledger"
		echo "CREATE TABLE stored (day, serial, name, wh, counters);"
		echo "INSERT INTO stored SELECT day, serial, 'pv', sum(wh), count(*)
			FROM (SELECT date(time, 'unixepoch') AS day, serial, port,
			max(today_production) AS wh FROM hm.port GROUP BY 1, 2, 3)
			GROUP BY 1, 2;"
		day_of external external_pv today_energy
		day_of generator generator today_energy
		day_of discharged battery today_discharged
		day_of charged battery today_charged
		day_of imported grid today_import
		day_of exported grid today_export
		day_of load load today_energy
		printf '.mode list\n%s\n' "$1"
	} | sqlite3
}

# day_of NAME TABLE COLUMN: a counter, of each phase if there are three.
day_of() {
	echo "INSERT INTO stored SELECT date(time, 'unixepoch') AS day, serial, '$1',
		max($3), (SELECT CASE WHEN max(voltage_c) IS NULL THEN 1 ELSE 3 END
		FROM hm.load AS l WHERE l.serial = t.serial)
		FROM hm.$2 AS t GROUP BY 1, 2;"
}

# Of each energy: what the ledger has and what is stored differ by less than
# 100 Wh for each counter, and the stored one is not more.
differ() {
	local column
	for column in $columns; do
		[ "$column" != losses ] || continue
		echo "SELECT '$column', l.day, l.serial, l.$column / 36000.0, s.wh
			FROM ledger AS l LEFT JOIN stored AS s ON s.day = l.day AND
			s.serial = l.serial AND s.name = '$column'
			WHERE (s.wh IS NULL AND l.$column > 0) OR
			l.$column / 36000.0 - s.wh NOT BETWEEN 0 AND 100 * s.counters;"
	done
}
same "what is stored of each day is what was counted" "$(sql "$(differ)" | head -n 5)" ""
same "... of all energies, more than 1 kWh of each" "$(sql "SELECT name FROM stored
	GROUP BY name HAVING sum(wh) > 1000 ORDER BY name" | paste -sd ' ')" \
	"charged discharged exported external generator imported load pv"
same "PV + discharge + import = load + charge + export + losses, each day" \
	"$(sql "SELECT s.day, s.serial, sum(CASE WHEN name IN
		('load', 'charged', 'exported') THEN -wh ELSE wh END) AS rest,
		l.losses / 36000.0 AS lost, sum(counters)
		FROM stored AS s JOIN ledger AS l USING (day, serial)
		GROUP BY 1, 2 HAVING abs(rest - lost) > 100 * sum(counters);" |
		head -n 5)" ""
falls() {
	local column
	for column in "$@"; do
		echo "SELECT '$column', serial, time FROM (SELECT *, lag(${column#*.})
			OVER (PARTITION BY serial, date(time, 'unixepoch')
			ORDER BY time) AS before FROM hm.${column%.*})
			WHERE ${column#*.} < before;"
	done
}
same "no counter of a day falls before midnight" "$(sql "$(falls battery.today_charged \
	battery.today_discharged grid.today_import grid.today_export grid.today_import_a \
	load.today_energy load.today_energy_c generator.today_energy_b \
	external_pv.today_energy flow.today_pv_to_load flow.today_grid_to_load)" |
	head -n 5)" ""
finish
