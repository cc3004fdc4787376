#!/bin/bash
# docs/history.md: its tables against the tables and views that hm-store makes.
# shellcheck source=tests/lib/lib.sh
. "$(dirname "$0")/../lib/lib.sh"
root=$(cd "$(dirname "$0")/../.." && pwd)
page=$root/docs/history.md
db=$work/hm.db

ask() {
	sqlite3 -separator ' ' "$db" "$1"
}

# The rows below the table heads that begin with these cells, two cells each.
rows() {
	awk -F' *[|] *' -v head="| $1 | $2 |" '
		index($0, head) == 1 { on = 1; next }
		!/^\|/ { on = 0 }
		on && !/^\| ---/ { gsub(/`/, ""); print $2, $3 }' "$page" | sort
}

objects() {
	ask "SELECT name FROM sqlite_schema WHERE type = '$1'
		AND name NOT LIKE 'sqlite_%'" | sort
}

names() {
	cut -d' ' -f1 | sort
}

# "TABLE KEY, KEY" of all tables. The key of alarm is an index on expressions.
keys() {
	ask "SELECT name, (SELECT group_concat(key, ', ') FROM
		(SELECT name AS key FROM pragma_table_info(s.name)
		WHERE pk > 0 ORDER BY pk))
		FROM sqlite_schema AS s WHERE type = 'table' AND name <> 'alarm'
		AND name NOT LIKE 'sqlite_%'"
	ask "SELECT 'alarm', sql FROM sqlite_schema WHERE name = 'alarm_key'" |
		sed 's/CREATE.*ON alarm (//; s/coalesce(\([a-z]*\), [^)]*)/\1/g
			s/)$//'
}

# "TABLE COLUMN" of the tables without readings.
columns() {
	ask "SELECT s.name, c.name FROM sqlite_schema AS s
		JOIN pragma_table_info(s.name) AS c WHERE s.name
		IN ('status', 'alarm', 'info', 'history', 'stats', 'config',
		'production_cache', 'dtu_cache', 'inverter_parts', 'energy_cache',
		'rollup_due', 'day_totals',
		'past_days', 'plant_sums', 'plant_due', 'commands', 'results',
		'rated_power', 'running_time', 'outbox', 'outbox_due', 'ship_to',
		'outbox_hours',
		'reading_hours') AND c.name NOT GLOB 'e_*'"
}

# The columns of tables of readings that do not come from a field.
fixed() {
	sed -n 's/.*FIELD([A-Z_]*, "\([a-z_]*\)".*/\1/p' \
		"$root/lib/record/fields.def" >"$work/fields"
	sed -E 's/$/(_(count|avg|min|max))?/' "$work/fields" >"$work/made"
	ask "SELECT DISTINCT c.name FROM sqlite_schema AS s
		JOIN pragma_table_info(s.name) AS c WHERE s.type = 'table'
		AND s.name IN (SELECT r.name || f.suffix
		FROM (SELECT DISTINCT substr(name, 1, length(name) - 7) AS name
		FROM sqlite_schema WHERE name LIKE '%\_latest' ESCAPE '\') AS r,
		(SELECT '' AS suffix UNION VALUES ('_latest'), ('_hourly'),
		('_daily')) AS f)" |
		grep -vxEf "$work/made" | sort
}

# Fields that have one column in the hourly tables; the others have four.
counters() {
	hourly "NOT GLOB" | grep -xFf "$work/fields" | sort -u
}

hourly() {
	ask "SELECT DISTINCT c.name FROM sqlite_schema AS s
		JOIN pragma_table_info(s.name) AS c
		WHERE s.name GLOB '*_hourly' AND c.name $1 '*_avg'"
}

# Names in the paragraph on counters.
named_counters() {
	sed -n '/^- \*\*a counter/,/^- \*\*any/p' "$page" |
		grep -oE '\b(today|total|energy)_[a-z_]*' | sort -u
}

# "NAME HELP" of the views.
views() {
	tr -d '\n' <"$root/lib/db/views.def" | grep -oP \
		'VIEW\(([a-z_]+),\s*"[^"]*"' | sed -E 's/VIEW\((.*), *"(.*)"/\1 \2/'
}

# Figures of the page that are wrong: rows a day, or bytes a row by more than a
# sixth. Tables with few rows do not fill the pages of the file: their bytes are
# not compared.
wrong_sizes() {
	local table rows bytes
	awk -F' *[|] *' '$3 ~ /^[0-9]+$/ { gsub(/`/, ""); print $2, $3, $4 }' \
		"$page" | while read -r table rows bytes; do
		sqlite3 "$work/week.db" "SELECT '$table', n / 7, size / n
			FROM (SELECT count(*) * 1.0 AS n FROM $table),
			(SELECT sum(pgsize) AS size FROM dbstat WHERE name = '$table')
			WHERE n <> 7 * $rows OR
			(n > 300 AND abs(size / n - $bytes) > $bytes / 6.0)"
	done
}

# A reading of each type: the tables of some types come with their first row.
types() {
	grep -oP '^TYPE\([A-Z_]+, "\K[a-z_]+' "$root/lib/record/types.def"
}
for type in $(types); do
	echo "{\"type\":\"$type\",\"time\":\"2026-11-23T10:15:00Z\",\"dtu\":\"a\",\"serial\":\"1\",\"port\":1}"
done | hm-store -d "$db" --outbox >/dev/null
check "a new database has tables" test -n "$(objects table)"
same "every table has its line" \
	"$(rows table key | names)" "$(objects table)"
same "... with its key" "$(rows table key)" "$(keys | sort)"
same "every view has its line" "$(rows view shows | names)" "$(objects view)"
same "... with the text of views.def" "$(rows view shows)" "$(views | sort)"
same "every column of other tables has its line" \
	"$(rows table column)" "$(columns | sort)"
same "every column that is not a field has its line" \
	"$(rows column in | names)" "$(fixed)"
same "every counter is named" "$(named_counters)" "$(counters)"
check "other fields have four columns" test -n "$(hourly GLOB)"

# Seven days of the plant that the figures of the page are for.
"$HM_BUILD/helper/hm-decode/week" 1 4 4 7 |
	hm-store -d "$work/week.db" --timezone UTC --retention 0 >/dev/null
same "the page has figures of these tables" \
	"$(rows table 'rows a day' | names)" \
	"$(objects table | grep -E '^(dtu|inverter|port)(_hourly|_daily)?$')"
same "the figures are right" "$(wrong_sizes)" ""
finish
