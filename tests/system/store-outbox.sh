#!/bin/bash
# hm-store's outbox: what it lists for hm-ship, and that nothing changes without.
# shellcheck source=tests/lib/lib.sh
. "$(dirname "$0")/../lib/lib.sh"
unset HM_CONFIG DATABASE_PATH HM_OUTBOX METRICS_RETENTION
export TZ=UTC
db=$work/hm.db

store() {
	hm-store -d "$db" --stats-period 0 "$@" 2>"$work/err"
}

sql() {
	sqlite3 -cmd '.timeout 5000' "$db" "$@"
}

# polls DTU HOUR COUNT: a poll of two inputs each minute.
polls() {
	awk -v dtu="$1" -v hour="$2" -v count="$3" 'BEGIN {
		for (m = 0; m < count; m++)
			for (port = 1; port <= 2; port++)
				printf "{\"type\":\"port\",\"time\":" \
				    "\"2026-11-23T%02d:%02d:00Z\",\"dtu\":\"%s\"," \
				    "\"serial\":\"116400000001\",\"port\":%d," \
				    "\"pv_power\":%d}\n", hour, m, dtu, port, m
	}'
}

waiting() {
	sql "SELECT dtu, count(*) FROM outbox WHERE line IS NULL GROUP BY dtu"
}

schema() {
	sql "SELECT sql FROM sqlite_schema WHERE sql NOT NULL ORDER BY name"
}

polls roof 10 5 | store >/dev/null
same "without the setting there is no table" \
	"$(schema | grep -cE 'outbox|ship_to')" 0
same "... and nothing about it in the stats" \
	"$(polls roof 10 1 | hm-store -d "$db" | grep -c unshipped)" 0
schema >"$work/before"

polls roof 10 8 | store --outbox >"$work/out"
same "each line passes" "$(wc -l <"$work/out")" 16
same "a poll that is stored is listed, one that was known is not" \
	"$(waiting)" "roof|3"
schema | grep -vE 'outbox|ship_to|sqlite_' >"$work/after"
check "... and no other table changes" cmp -s "$work/before" "$work/after"
same "the stats have what was removed unshipped" \
	"$(hm-store -d "$db" --outbox </dev/null | jq .unshipped)" 0

# A DTU with a new name

polls barn 10 7 | store --outbox >/dev/null
store --rename-dtu roof=barn >/dev/null
same "a poll that waits under two names waits once, under the new one" \
	"$(waiting)" "barn|8"
same "... and the readings of both are there" \
	"$(sql "SELECT count(*) FROM outbox JOIN port USING (dtu, time)")" 16
same "... as numbers that were not used before" \
	"$(sql "SELECT count(*) FROM outbox WHERE seq > 10")" 3

# Retention

sql "UPDATE reading_hours SET arrived = arrived - 31 * 86400;
	INSERT INTO ship_to VALUES ('centre', 11); DELETE FROM outbox WHERE seq < 12"
polls barn 12 1 | hm-store -d "$db" --outbox 2>"$work/err" >"$work/out"
same "retention drops polls from the outbox" "$(waiting)" "barn|1"
check "... and warns of it" grep -qF "readings older than\
 metrics_retention were removed before hm-ship had shipped them" "$work/err"
check "... and counts them" [ "$(tail -n 1 "$work/out" | jq .unshipped)" -gt 0 ]
finish
