#!/bin/bash
# Times after 2038-01-19T03:14:07Z, the last second that 32 bits hold: of
# readings that a stream brings, and of a chain whose clock is that far.
# shellcheck source=tests/lib/lib.sh
. "$(dirname "$0")/../lib/lib.sh"
unset TIMEZONE TZ DATABASE_PATH METRICS_TEXTFILE HM_CONFIG

db=$work/hm.db

sql() {
	sqlite3 -cmd '.timeout 2000' "$@" 2>&1
}

# reading TIME
reading() {
	printf '{"type":"port","time":"%s","dtu":"roof",' "$1"
	printf '"serial":"116400000001","port":1,"pv_power":230.1}\n'
}

for time in 2038-01-19T03:14:07Z 2038-01-19T03:14:08Z 2038-01-19T04:00:00Z \
	2040-07-01T22:30:00Z 2106-02-07T06:28:16Z 2999-12-31T23:59:59Z; do
	reading "$time"
done | hm-store --stats-period 0 --timezone Europe/Berlin -d "$db" \
	--retention 0 >/dev/null 2>"$work/err"
same "readings are in the right hours" "$(sql "$db" "SELECT
	strftime('%Y-%m-%dT%H:%M', hour, 'unixepoch'), samples FROM port_hourly
	ORDER BY hour")" "2038-01-19T03:00|2
2038-01-19T04:00|1
2040-07-01T22:00|1
2106-02-07T06:00|1
2999-12-31T23:00|1"
same "... and local days" "$(sql "$db" "SELECT day, samples FROM port_daily
	ORDER BY day")" "2038-01-19|3
2040-07-02|1
2106-02-07|1
3000-01-01|1"
check "... and it is said that they are in the future" grep -q \
	'a reading is dated 2038-01-19T03:14:07Z, which is in the future' \
	"$work/err"
same "they are exported as they came" "$(hm-store -d "$db" --export |
	jq -r .time | tail -n 1)" 2999-12-31T23:59:59Z

# The clock of every tool says 2040-07-01T12:00:00Z and more.
start=2224756800
export HM_CLOCK_SHIFT=$((start - EPOCHSECONDS))
export ASAN_OPTIONS=${ASAN_OPTIONS-}:verify_asan_link_order=0
# LD_PRELOAD cannot have a space.
cp "$HM_BUILD/helper/preload/clock.so" "$work"
clock=$work/clock.so

# later COMMAND ...: with that clock.
later() {
	LD_PRELOAD=$clock "$@"
}

# start_sim of lib.sh calls it, in the background.
hm-sim() {
	LD_PRELOAD=$clock exec "$HM_BIN/hm-sim" "$@"
}

same "the clock is that of 2040" "$(later hm-decode </dev/null |
	jq -r '.time[0:13]')" 2040-07-01T12
start_sim plant --transport hm,modbus --inverters 1 --inputs 2 --start 12:00
later hm-poll -1 "${uris[@]}" 2>"$work/err" >"$work/frames"
same "hm-poll polls" "$? $(cat "$work/err")" "0 "
{
	later hm-decode --stats-period 0 <"$work/frames" |
		later hm-filter --stats-period 0 -d "$db" |
		later hm-alert --stats-period 0
} >"$work/readings" 2>"$work/err"
same "every reading has a time of 2040" "$(jq -r '.time[0:13]' \
	"$work/readings" | sort -u)" 2040-07-01T12
same "... and so has the DTU's own clock" \
	"$(jq -r '.device_time // empty | .[0:13]' "$work/readings" | sort -u)" \
	2040-07-01T12

# Rows that came just now are not too old, whatever the clock says.
reading 2026-06-09T10:00:00Z | hm-store --stats-period 0 --timezone UTC \
	-d "$work/old.db" --retention 0 >/dev/null
later hm-store --stats-period 0 --timezone UTC -d "$work/old.db" \
	--retention 30 <"$work/readings" >/dev/null 2>"$work/ahead"
check "hm-store says that the clock has jumped" grep -q \
	'the clock has jumped .* days ahead' "$work/ahead"
same "... and keeps all readings" "$(sql "$work/old.db" \
	"SELECT strftime('%Y-%m-%dT%H', time, 'unixepoch'), count(*) FROM port
	GROUP BY 1")" "2026-06-09T10|1
2040-07-01T12|4"
same "... in their hour" "$(sql "$work/old.db" "SELECT
	strftime('%Y-%m-%dT%H:%M', hour, 'unixepoch') FROM port_hourly
	ORDER BY hour DESC LIMIT 1")" "2040-07-01T12:00"
later hm-metrics --stats-period 0 -d "$work/old.db" --textfile "$work/hm.prom" \
	<"$work/readings" >/dev/null 2>>"$work/err"
same "hm-metrics shows them" \
	"$(grep -c '^hoymiles_pv_power_watts' "$work/hm.prom")" 4
same "... and that both DTUs answered in 2040" \
	"$(grep -c '^hoymiles_poll_success_timestamp_seconds.* 222475' \
		"$work/hm.prom")" 2
same "no tool says anything" "$(cat "$work/err")" ""

finish
