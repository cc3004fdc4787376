#!/bin/bash
# The energies of houses with batteries: what hm-filter shows and hm-store keeps
# of each day is what hm-sim has counted, to 0.1 kWh for each counter, and
# balances with its losses. What hm-filter shows never falls but at midnight.
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
	hm-filter --strict --timezone UTC -d "$work/guard.db" 2>"$work/filter.err" |
	hm-store --timezone UTC --retention 0 -d "$db" \
		>/dev/null 2>"$work/err"
same "the chain takes $days days of houses" \
	"${PIPESTATUS[*]} $(cat "$work"/*err)" "0 0 0 0 "
same "... of which each has a line in the ledger" "$(wc -l <"$work/ledger")" "$days"

# The tables: ledger, in 0.1 Ws, a row for each day; ends, the last that was
# shown of each counter and day, in Wh; made, what was made of each energy and
# day, and of how many counters it is the sum. A day is over when the next one
# has begun: its energy is the growth from the total at its start to that at the
# start of the next day with energy.
make_tables() {
	printf 'ATTACH DATABASE "%s" AS hm;\n' "$db"
	echo "CREATE TABLE ledger (day, serial, ${columns// / INT, } INT);"
	printf '.mode tabs\n.import "%s" ledger\n' "$work/ledger"
	echo "CREATE TABLE ends (name, serial, i, day, today, total, counters,
			PRIMARY KEY (name, serial, i, day)) WITHOUT ROWID;
		CREATE TABLE phases AS SELECT serial, CASE WHEN max(voltage_c) IS NULL
			THEN 1 ELSE 3 END AS n FROM hm.load GROUP BY 1;"
	ends_of pv port production port 1
	ends_of external external_pv energy 0 n
	ends_of generator generator energy 0 n
	ends_of discharged battery discharged 0 1
	ends_of charged battery charged 0 1
	ends_of imported grid import 0 n
	ends_of exported grid export 0 n
	ends_of load load energy 0 n
	echo "CREATE TABLE made AS SELECT day, serial, name, sum(today) AS today,
		coalesce(sum(until - start), 0) AS wh, sum(counters) AS counters
		FROM (SELECT *, lead(start) OVER (PARTITION BY name, serial, i
		ORDER BY day) AS until FROM (SELECT *,
		coalesce(min(iif(today > 0, total - today, NULL)) OVER (
		PARTITION BY name, serial, i ORDER BY day ROWS BETWEEN
		CURRENT ROW AND UNBOUNDED FOLLOWING), max(total) OVER (
		PARTITION BY name, serial, i)) AS start FROM ends))
		GROUP BY 1, 2, 3;
		CREATE INDEX made_days ON made (name, day, serial);"
}

# ends_of NAME TABLE FIELD INPUT COUNTERS: the last reading of each day.
ends_of() {
	echo "INSERT INTO ends SELECT name, serial, i, day, today, total, counters
		FROM (SELECT '$1' AS name, serial, $4 AS i,
		date(time, 'unixepoch') AS day, today_$3 AS today,
		total_$3 AS total, $5 AS counters, max(time)
		FROM hm.$2 JOIN phases USING (serial) GROUP BY 1, 2, 3, 4);"
}

sql() {
	printf 'ATTACH DATABASE "%s" AS hm;\n%s\n' "$db" "$1" |
		sqlite3 "$work/energies.db"
}
make_tables | sqlite3 "$work/energies.db"

# differ COLUMN BEHIND: of each energy, where a column of `made` is more than
# what the ledger has, or less by more than BEHIND Wh for each counter.
differ() {
	local name
	for name in $columns; do
		[ "$name" != losses ] || continue
		echo "SELECT '$name', l.day, l.serial, l.$name / 36000.0, m.$1
			FROM ledger AS l LEFT JOIN made AS m ON m.day = l.day AND
			m.serial = l.serial AND m.name = '$name'
			WHERE (m.$1 IS NULL AND l.$name > 0) OR
			l.$name / 36000.0 - m.$1 NOT BETWEEN 0 AND $2 * m.counters;"
	done
}
same "what was made on each day is what was counted" \
	"$(sql "$(differ wh 100)" | head -n 5)" ""
same "... of all energies, more than 1 kWh of each" "$(sql "SELECT name FROM made
	GROUP BY name HAVING sum(wh) > 1000 ORDER BY name" | paste -sd ' ')" \
	"charged discharged exported external generator imported load pv"
same "what is shown of a day is at most a poll of 15 kW behind" \
	"$(sql "$(differ today 3850)" | head -n 5)" ""
same "PV + discharge + import = load + charge + export + losses, each day" \
	"$(sql "SELECT m.day, m.serial, sum(CASE WHEN name IN
		('load', 'charged', 'exported') THEN -wh ELSE wh END) AS rest,
		l.losses / 36000.0 AS lost, sum(counters)
		FROM made AS m JOIN ledger AS l USING (day, serial)
		GROUP BY 1, 2 HAVING abs(rest - lost) > 100 * sum(counters);" |
		head -n 5)" ""

# falls TABLE KEY: readings with an energy that is lower than in the reading
# before, on the same day if it is one of the day, or that is gone. Before there
# is a total, a 0 of the day is gone for the poll that waits to be confirmed.
falls() {
	local name total list="" fallen="false"
	for name in $(sqlite3 "$db" "SELECT name FROM pragma_table_info('$1')
		WHERE name GLOB 'today_*' OR name GLOB 'total_*'"); do
		total=total_${name#*_}
		list+=", $name, lag($name) OVER w AS before_$name"
		fallen+=" OR ($name IS NULL AND before_$total IS NOT NULL)
			OR $name < before_$name"
		[ "$name" = "$total" ] || fallen+=" AND day = before_day"
	done
	[ -n "$list" ] || echo "SELECT 'no energies in $1';"
	echo "SELECT '$1', * FROM (SELECT $2, time, time / 86400 AS day,
		lag(time / 86400) OVER w AS before_day $list FROM hm.$1
		WINDOW w AS (PARTITION BY $2 ORDER BY time)) WHERE $fallen;"
}
same "no energy that is shown falls, those of the day at midnight only" \
	"$(sql "$(falls port 'serial, port'; for table in battery grid load \
	generator external_pv flow; do falls "$table" serial; done
	falls dtu dtu)" | head -n 5)" ""
finish
