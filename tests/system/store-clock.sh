#!/bin/bash
# hm-store with a clock that is wrong: it removes no reading that it would keep
# with a right one, and the latest reading is the one that was read last. Two
# answers of a DTU in one second are both stored, and a repetition never is.
# shellcheck source=tests/lib/lib.sh
. "$(dirname "$0")/../lib/lib.sh"
unset TIMEZONE TZ DATABASE_PATH METRICS_RETENTION HM_CONFIG

db=$work/hm.db
day=86400

sql() {
	sqlite3 -cmd '.timeout 5000' "$db" "$1" 2>&1
}

store() {
	hm-store --stats-period 0 --timezone UTC --delay 0 -d "$db" "$@" \
		2>"$work/err"
}

# readings FIRST STEP COUNT POWER: of two inputs, at moments in s since 1970. On a
# machine of 32 bits jq knows no time after 2038.
readings() {
	perl -MPOSIX=strftime -e '
		my ($first, $step, $count, $power) = @ARGV;
		for my $i (0 .. $count - 1) {
			my $time = strftime("%Y-%m-%dT%H:%M:%SZ",
				gmtime $first + $i * $step);
			print "{\"type\":\"port\",\"time\":\"$time\",",
				"\"dtu\":\"roof\",\"serial\":\"116400000001\",",
				"\"port\":$_,\"pv_power\":", $power + $_,
				",\"today_production\":$i,",
				"\"total_production\":", 10000 + $i, "}\n" for 1, 2;
		}' "$@"
}

rows() {
	sql 'SELECT count(*) FROM port'
}

gives_1() {
	[ "$(sql "$until")" = 1 ]
}

power_is() {
	[ "$(sql "SELECT count(*) FROM port WHERE pv_power = $1")" -ge 1 ]
}

# The clock of hm-store. LD_PRELOAD cannot have a space.
cp "$HM_BUILD/helper/preload/clock.so" "$work"
export ASAN_OPTIONS=${ASAN_OPTIONS-}:verify_asan_link_order=0
power=1000 # of the last run; each run has its own seconds, too

# live SHIFT [OPTION ...]: a run that stores two readings, one after the other,
# and has looked for old rows in between, by a clock that goes wrong by SHIFT. It
# ends when the query $until gives 1.
until=
live() {
	local shift=$1 time=$((EPOCHSECONDS + $1 - 4000 + power / 10))
	shift
	power=$((power + 20))
	{
		readings $((time)) 1 1 $((power))
		until_true 20 power_is $((power + 1)) || echo late >&2
		readings $((time + 1)) 1 1 $((power + 10))
		until_true 20 power_is $((power + 11)) || echo late >&2
		[ -z "$until" ] || until_true 20 gives_1 || echo late >&2
	} | HM_CLOCK_SHIFT=$shift LD_PRELOAD=$work/clock.so store "$@" >/dev/null
}

# What was read last, of both inputs, and the number of rows.
last() {
	sql "SELECT group_concat(pv_power, ' '), (SELECT count(*) FROM port),
		(SELECT count(*) FROM port_latest) FROM latest"
}

expected_last() {
	echo "$((power + 11)).0 $((power + 12)).0|$1|2"
}

# Thirty days, the first of which is almost too old.
readings $((EPOCHSECONDS / 3600 * 3600 - 30 * day + 7200)) 3600 718 1 |
	store >/dev/null
same "thirty days are stored" "$(rows)" 1436
same "... and nothing is said" "$(cat "$work/err")" ""
expected=1436

# attack NAME SHIFT STARTS WARNING: starts with a clock that is wrong.
attack() {
	local try
	: >"$work/said"
	for ((try = 1; try <= $3; try++)); do
		live "$2"
		cat "$work/err" >>"$work/said"
		expected=$((expected + 4))
		same "a clock $1, start $try: no reading is removed, and the \
last is the latest" "$(last)" "$(expected_last $expected)"
	done
	same "... which is said once" "$(grep -c "$4" "$work/said") of $(
		grep -c . "$work/said")" "1 of 1"
	live 0
	expected=$((expected + 4))
	same "... no more is it with the clock set right" "$(last)" \
		"$(expected_last $expected)"
}

ahead='clock has jumped .* ahead; no reading is removed'
attack "40 days ahead" $((40 * day)) 3 "$ahead"
check "... rows in the future are named" grep -q \
	'readings, up to 20.*, are dated later than the clock' "$work/err"
live 0
expected=$((expected + 4))
same "... once" "$(cat "$work/err")" ""
same "today is not in the future" "$(sql "SELECT day >
	date('now'), count(*) FROM today GROUP BY 1")" "0|2"
attack "10 years ahead" $((3652 * day)) 3 "$ahead"
attack "after 2038" $((12 * 365 * day)) 2 "$ahead"
attack "a day behind" $((-day)) 2 'dated later than the clock'
attack "10 years behind" $((-3652 * day)) 2 'dated later than the clock'
same "the view inverters and today have what is read now" "$(sql "SELECT
	count(*) FROM today WHERE day BETWEEN date('now', '-1 day') AND
	date('now', '+1 day')")" 2

# Replays

hm-store -d "$db" --export >"$work/all"
live 0
expected=$((expected + 4))
store <"$work/all" >/dev/null
same "an export that is replayed changes nothing" "$(last)" \
	"$(expected_last $expected)"
readings $((EPOCHSECONDS - 4000 * day)) 3600 5 1 | store >/dev/null
expected=$((expected + 10))
same "nor does one of long ago remove or replace anything" "$(last)" \
	"$(expected_last $expected)"
readings $((EPOCHSECONDS + 4000 * day)) 3600 5 1 | store >/dev/null
expected=$((expected + 10))
same "nor does one of the future" "$(last)" "$(expected_last $expected)"
check "... which is named" grep -q 'a reading is dated 20.*in the future' \
	"$work/err"
same "... and counted" "$(readings $((EPOCHSECONDS + 5000 * day)) 1 3 1 |
	hm-store -d "$db" --timezone UTC --stats-period 60 2>/dev/null |
	jq 'select(.type == "stats" and .tool == "hm-store") | .future' |
	tail -n 1)" 6
expected=$((expected + 6))

# What is removed. Running time passes by changing where it is kept.

# passed DAYS: so many have passed since everything was stored.
passed() {
	sql "UPDATE reading_hours SET arrived = arrived - $1 * $day"
}

passed 30
live 0
expected=$((expected + 4))
same "after thirty days of running time all is there" "$(rows)" $expected
sql "UPDATE reading_hours SET arrived = arrived - 7200 WHERE hour <
	(SELECT min(time) FROM port) + 5 * 3600"
live 0 --retention 0
expected=$((expected + 4))
same "... and later, too, with --retention 0" "$(rows)" $expected
live 0
same "... and with it only what came before" "$(rows)" $((expected + 4 - 10))
passed 31
until="SELECT min(time) > unixepoch() - 10000 AND
	max(time) < unixepoch() + 60 FROM port"
live 0
same "a day later only what came since is there" "$(sql "$until")" 1
same "... and the hours and days of all" "$(sql "SELECT
	(SELECT sum(samples) FROM port_hourly) > $expected,
	(SELECT sum(samples) FROM port_daily) > $expected")" "1|1"
same "... and the file is whole" "$(sql 'PRAGMA integrity_check')" ok

until=

# A year in which the machine was off, or hm-store was not started.
rm -f "$db"*
readings $((EPOCHSECONDS - 395 * day)) 3600 720 1 | store >/dev/null
sql "UPDATE running_time SET boot = 'another', clock = clock - 365 * $day"
live 0
same "a year later nothing is removed at once" "$(rows)" 1444
check "... which is explained" grep -q \
	'last ran 365 days ago: either the machine was off, or the clock is' \
	"$work/err"
sql "UPDATE running_time SET clock = clock - 365 * $day,
	uptime = uptime - 365 * $day"
before=$(sql 'SELECT seconds FROM running_time')
live 0
same "... nor if only hm-store did not run: that counts as a day" \
	"$(rows) $(($(sql 'SELECT seconds FROM running_time') - before))" \
	"1448 $day"
same "... and nothing is said" "$(cat "$work/err")" ""
passed 30
until="SELECT count(*) < 20 AND min(time) > unixepoch() - $day FROM port"
live 0
same "... thirty days later it is removed" "$(sql "$until")" 1

# A database of an older version

rm -f "$db"*
readings $((EPOCHSECONDS - 59 * day)) 3600 $((59 * 24)) 1 |
	store --retention 0 >/dev/null
sql "DROP TABLE running_time; DROP TABLE reading_hours"
until="SELECT count(DISTINCT time / $day) <= 32 FROM port"
live $((40 * day))
same "an upgraded one keeps thirty days with readings" "$(sql "SELECT
	count(DISTINCT time / $day) BETWEEN 30 AND 32 FROM port")" 1
until=

# Two answers in a second

rm -f "$db"*
now=$EPOCHSECONDS
{
	readings "$now" 1 1 10
	readings "$now" 1 1 20
	readings $((now + 1)) 1 1 30
} >"$work/both"
store <"$work/both" >/dev/null
both="$now|11.0
$((now + 1))|21.0
$((now + 2))|31.0"
stored() {
	sql 'SELECT time, pv_power FROM port WHERE port = 1'
}
same "two answers in a second are stored" "$(stored)" "$both"
for ((again = 1; again <= 2; again++)); do
	store <"$work/both" >/dev/null
	tail -n 4 "$work/both" | store >/dev/null
done
same "... and no repetition of them" "$(stored)" "$both"
hm-store -d "$db" --export >"$work/all"
store <"$work/all" >/dev/null
same "... nor an export" "$(stored)" "$both"
readings "$now" 1 1 40 | store >/dev/null
same "a second answer that comes with another start is stored, too" \
	"$(stored)" "$both
$((now + 3))|41.0"

finish
