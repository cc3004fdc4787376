#!/bin/bash
# `ship: hours`: hm-ship hands on hours, days and the last poll of each hour, and
# they are what hm.db holds.
# shellcheck source=tests/lib/lib.sh
. "$(dirname "$0")/../lib/lib.sh"
unset HM_CONFIG DATABASE_PATH HM_OUTBOX HM_SHIP HM_SHIP_TO METRICS_RETENTION
export TZ=UTC LC_ALL=C
db=$work/hm.db

# polls DAY HOUR COUNT: a poll of two inputs and their DTU, each minute.
polls() {
	awk -v day="$1" -v hour="$2" -v count="$3" 'BEGIN {
		for (m = 0; m < count; m++) {
			head = sprintf("\"time\":\"2026-11-%02dT%02d:%02d:00Z\"," \
			    "\"dtu\":\"roof\"", day, hour + m / 60, m % 60)
			for (port = 1; port <= 2; port++)
				printf "{\"type\":\"port\",%s,\"serial\":" \
				    "\"116400000001\",\"port\":%d,\"pv_power\":%d.5," \
				    "\"total_production\":%d}\n", head, port,
				    m % 400, 5000 + m
			printf "{\"type\":\"dtu\",%s,\"pv_power\":%d}\n", head, m
		}
	}'
}

store() {
	hm-store -d "$db" --stats-period 0 --timezone Europe/Berlin \
		--outbox --ship hours >/dev/null
}
ship() {
	hm-ship -d "$db" --stats-period 0 --once "$@" -- cat 2>&1
}
sql() {
	sqlite3 -cmd '.timeout 5000' "$db" "$@"
}
# types FILE: how many lines of each type
types() {
	jq -r .type "$1" | sort | uniq -c | awk '{ printf "%s%s %d", sep, $2, $1; sep = ", " }'
}

polls 20 9 150 | store
ship >"$work/lines"
same "hours, days and the last poll of each hour are shipped" \
	"$(types "$work/lines")" "dtu 3, dtu_daily 1, dtu_hourly 3, port 6, port_daily 2, port_hourly 6"
same "... an hour before its poll" "$(jq -r '.type + " " + .time[11:13]' \
	"$work/lines" | awk '$1 == "dtu_hourly" { made[$2] = 1 }
	$1 == "dtu" && !made[$2]')" ""
same "... the poll is the last one" \
	"$(jq -r 'select(.type == "dtu").time' "$work/lines" | xargs)" \
	"2026-11-20T09:59:00Z 2026-11-20T10:59:00Z 2026-11-20T11:29:00Z"
jq -r 'select(.type == "port_hourly") | [.hour, .dtu, .serial, .port, .samples,
	.filled, .pv_power_count, .pv_power_avg, .pv_power_min, .pv_power_max,
	.total_production] | map(tostring) | join("|")' "$work/lines" >"$work/found"
sql "SELECT strftime('%Y-%m-%dT%H:%M:%SZ', hour, 'unixepoch'), dtu, serial, port,
	samples, iif(filled, 'true', 'false'), pv_power_count, pv_power_avg,
	pv_power_min, pv_power_max, total_production FROM port_hourly" |
	sed 's/\.0|/|/g' >"$work/expected"
check "... and an hour is that of hm.db" diff "$work/expected" "$work/found"
same "... and the day" "$(jq -c 'select(.type == "port_daily") |
	[.time, .day, .port, .samples, .total_production]' "$work/lines" | xargs)" \
	"[2026-11-20T00:00:00Z,2026-11-20,1,150,5149] [2026-11-20T00:00:00Z,2026-11-20,2,150,5149]"
same "nothing waits" "$(sql 'SELECT count(*) FROM outbox')" 0

polls 20 9 150 | store
same "a replay ships nothing" "$(ship)" ""
echo '{"type":"port","time":"2026-11-20T10:30:30Z","dtu":"roof","serial":"116400000001","port":1,"pv_power":900}' |
	store
ship >"$work/lines"
same "a late reading ships its hour, its day and its last poll again" \
	"$(types "$work/lines") $(jq -c 'select(.pv_power_max == 900) | [.type, .samples]' \
	"$work/lines" | xargs)" \
	"dtu 1, dtu_daily 1, dtu_hourly 1, port 2, port_daily 2, port_hourly 2 [port_hourly,61] [port_daily,151]"

# The hour that lasts waits until it is over: nothing but the setting says so.
now=$(date -u +%Y-%m-%dT%H:00:00Z)
echo '{"type":"port","time":"'"$now"'","dtu":"roof","serial":"116400000001","port":1,"pv_power":1}' |
	store
same "the hour that lasts is not shipped" "$(ship | grep -c "$now")" 0

# From the history, and of a database that had no outbox

db=$work/plain.db
polls 18 8 70 | hm-store -d "$db" --stats-period 0 --timezone Europe/Berlin >/dev/null
echo '{"type":"status","time":"2026-11-18T08:00:00Z","dtu":"roof","state":"online"}' |
	hm-store -d "$db" --stats-period 0 >/dev/null
ship --ship hours --since 2015-01-01 >"$work/lines"
same "--since ships the hours of the history" "$(types "$work/lines")" \
	"dtu 1, dtu_daily 1, dtu_hourly 2, port 2, port_daily 2, port_hourly 4, status 1"
ship --ship readings --since 2015-01-01 >"$work/lines"
same "... or its readings, if they are wanted" "$(types "$work/lines")" \
	"dtu 70, port 140, status 1"
same "what else would be wanted is refused" "$(hm-ship -d "$db" --ship days -- cat 2>&1
	echo $?)" "hm-ship: error: --ship: found \"days\", allowed are readings hours
78"
finish
