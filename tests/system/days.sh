#!/bin/bash
# The energy of days through hm-filter and hm-store: whatever lies between two
# readings, each day gets its own, and all days the growth of the counter.
# shellcheck source=tests/lib/lib.sh
. "$(dirname "$0")/../lib/lib.sh"
db=$work/hm.db
options=(--stats-period 0 --timezone UTC -d "$db")

# readings WATTS FROM TO STEP: an input that makes WATTS all day, read every STEP
# minutes from minute FROM to minute TO after 2026-06-10T00:00:00Z. The device
# resets its day at midnight.
readings() {
	awk -v w="$1" -v from="$2" -v to="$3" -v step="$4" 'BEGIN {
		for (m = from; m <= to; m += step) {
			made = int(w * m / 60)
			midnight = int(w * (m - m % 1440) / 60)
			printf "{\"type\":\"port\",\"time\":\"2026-06-%02dT" \
			    "%02d:%02d:00Z\",\"dtu\":\"roof\",\"serial\":" \
			    "\"116412345678\",\"port\":1,\"today_production\"" \
			    ":%d,\"total_production\":%d,\"link_status\":1}\n",
			    10 + m / 1440, m % 1440 / 60, m % 60,
			    made - midnight, 10000 + made
		}
	}'
}

chain() {
	hm-filter "${options[@]}" "$@" | hm-store "${options[@]}" "$@" \
		>/dev/null
}

# "DATE ENERGY" of each day
days() {
	sqlite3 -separator ' ' "$db" \
		'SELECT day, energy FROM daily_production ORDER BY day'
}

# The sum of all days, and what the counter that was shown grew by.
sums() {
	sqlite3 "$db" "SELECT (SELECT sum(energy) FROM daily_production),
		(SELECT max(total_production) FROM port) -
		(SELECT start FROM day_totals ORDER BY day LIMIT 1)"
}

begin() {
	rm -f "$db"*
}

begin
readings 60 0 4500 1 | chain
same "a poll a minute: every day has all of its energy" "$(days)" \
	"2026-06-10 1440
2026-06-11 1440
2026-06-12 1440
2026-06-13 179"
same "... and all days together what the counter grew by" "$(sums)" "4499|4499"

begin
for ((hour = 0; hour < 60; hour++)); do
	readings 25 "$((hour * 60 + 7))" "$((hour * 60 + 7))" 1 | chain
done
same "an hourly cron job: every day has all of its energy" "$(days)" \
	"2026-06-10 600
2026-06-11 600
2026-06-12 252"
same "... and all days together what the counter grew by" "$(sums)" "1452|1452"

begin
{
	readings 83.75 10 20 5
	readings 83.75 2000 2010 5
} | chain
same "a DTU that is away from morning to the next day" "$(days)" \
	"2026-06-10 2010
2026-06-11 788"
same "... and all days together what the counter grew by" "$(sums)" "2798|2798"

begin
readings 60 0 4500 10 | chain --reset-hour 23
same "days that begin at 23 have the date in which they lie" "$(days)" \
	"2026-06-10 1370
2026-06-11 1440
2026-06-12 1440
2026-06-13 240"
same "... and all days together what the counter grew by" "$(sums)" "4490|4490"

begin
readings 60 0 4500 7 | chain --reset-hour 4
same "days that begin at 4 have the date on which they begin" \
	"$(days | cut -d' ' -f1 | tr '\n' ' ')" \
	"2026-06-09 2026-06-10 2026-06-11 2026-06-12 "
same "... and all days together what the counter grew by" "$(sums)" "4487|4487"
finish
