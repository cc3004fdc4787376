#!/bin/bash
# Alarms of DTUs whose clock was not set, is 8 hours ahead, or that send the
# other layout of the list, from hm-sim to the database, Home Assistant and the
# metrics; and an alarm that leaves the list.
# shellcheck source=tests/lib/lib.sh
. "$(dirname "$0")/../lib/lib.sh"
unset HM_CONFIG DTU_HOST DATABASE_PATH
db=$work/hm.db

# The name of each DTU is its fault.
dtus=()
for fault in plain ahead noclock; do
	start_sim "$fault" --transport hm --inverters 1 --inputs 2 --seed ${#dtus[@]} \
		--fault "$fault"
	dtus+=("${uris[0]}#$fault")
done
start_sim extras --transport hm --encrypt --extras --inverters 1 --inputs 2 \
	--seed 9
dtus+=("${uris[0]}#extras")
hm-poll -1 --ask info,alarms --stats-period 0 "${dtus[@]}" |
	hm-decode --stats-period 0 >"$work/records"

# of DTU: what the alarm records of a DTU say.
of() {
	jq -c --arg dtu "$1" 'select(.type == "alarm" and .dtu == $dtu) |
		[.code, has("start"), has("end")]' "$work/records" |
		tr '\n' ' '
}

same "the other layout has the same alarms" "$(of plain)" \
	"[209,true,true] [141,true,false] "
same "... that do not end in the future" "$(jq -r 'select(.type == "alarm" and .end) |
	(.time | fromdate) - (.end | fromdate) >= 0' "$work/records" |
	sort -u)" true
same "alarms 8 hours ahead are corrected" "$(of ahead)" \
	"[209,true,true] [141,true,false] "
same "... and begin before the poll" "$(jq -r 'select(.type == "alarm" and
	.dtu == "ahead") | (.time | fromdate) >= (.start | fromdate)' \
	"$work/records" | sort -u)" true
same "without a clock an alarm has no start" "$(of noclock)" \
	"[209,false,true] [141,false,false] "
same "... and the DTU no time" "$(jq -r 'select(.dtu == "noclock" and
	.type == "dtu") | has("device_time")' "$work/records")" false
same "each list has its end" "$(jq -r 'select(.type == "alarms") |
	"\(.dtu) \(.listed) \(.lasting | length)"' "$work/records" | sort |
	tr '\n' ';')" "ahead 2 1;extras 2 1;noclock 2 1;plain 2 1;"
same "newer firmware tells the power limit" "$(jq -r 'select(.dtu == "extras" and
	.kind == "dtu") | "\(.power_limit_all) \(has("boot_time"))"' \
	"$work/records")" "100 true"
same "repeaters and rapid shutdown devices have readings" "$(jq -r 'select(
	.type == "repeater" or .type == "shutdown") | .reachable' \
	"$work/records" | tr '\n' ' ')" "1 1 "

start_sim cleared --transport hm --inverters 1 --inputs 2 --fault cleared
hm-poll -1 --ask alarms --stats-period 0 "${uris[0]}" |
	hm-decode --stats-period 0 >"$work/cleared"
same "a list that was cleared is a list" "$(jq -c 'select(.type == "alarms" or
	.type == "alarm") | [.listed, .lasting]' "$work/cleared")" "[0,[]]"

# An hour later the lists are empty.
jq -c 'select(.type == "alarms") | .time = (.time | fromdate + 3600 | todate) |
	.listed = 0 | .lasting = []' "$work/records" >"$work/later"
hm-store --stats-period 0 -d "$db" --log-level DEBUG <"$work/records" \
	2>"$work/err" >/dev/null
same "the database has the alarms with a start" "$(sqlite3 "$db" "SELECT
	count(*), count(end) FROM alarm")" "6|3"
same "... and says why the others are not there" \
	"$(grep -c 'no start, because' "$work/err")" 2
hm-store --stats-period 0 -d "$db" <"$work/later" >/dev/null
same "alarms that left the list have ended" "$(sqlite3 "$db" "SELECT
	count(*) FROM alarm WHERE end IS NULL")" 0
cat "$work"/{records,later} | hm-ha-discovery --stats-period 0 >"$work/ha"
same "... in Home Assistant, too" "$(jq -r 'select(.type == "mqtt" and
	(.topic | endswith("/alarm"))) | "\(.topic) \(.payload.alarm_code)"' \
	"$work/ha" | awk '{ last[$1] = $2 } END { for (i in last) print last[i] }' |
	sort | uniq -c | tr -s ' ')" " 4 0"
(cat "$work/records" && sleep 1) | hm-metrics --stats-period 0 \
	-t "$work/hm.prom" >/dev/null
same "the metrics have an alarm of each DTU" \
	"$(grep -c '^hoymiles_alarm_active' "$work/hm.prom")" 4
cat "$work"/{records,later} | hm-metrics --stats-period 0 -t "$work/hm.prom" \
	>/dev/null
same "... until it leaves the list" \
	"$(grep -c '^hoymiles_alarm_active' "$work/hm.prom")" 0
finish
