#!/bin/bash
# Text of foreign files and devices with escape sequences, at the scripts that
# print to a terminal: they print no control character of it.
# shellcheck source=tests/lib/lib.sh
. "$(dirname "$0")/../lib/lib.sh"
unset HM_CONFIG DATABASE_PATH DRY_RUN PERSISTENCE_ENABLED EXCLUDE_INVERTERS
root=$(cd "$(dirname "$0")/../.." && pwd)
evil=$'\e[2J\e]0;x\a\r\u009b1m'

# controls FILE: the number of its control characters, except newlines.
controls() {
	jq -Rrs '[match("(?!\n)[[:cntrl:]]"; "g")] | length' "$1"
}

# A database of the old program

sqlite3 "$work/old.db" "CREATE TABLE production_cache (serial_number TEXT,
	port_number INTEGER, today_production INTEGER, total_production INTEGER,
	last_updated TIMESTAMP);
	INSERT INTO production_cache VALUES
	('ab${evil}cd', 1, 5, 5000, '2026-11-20 10:00:00'),
	('116100000001', 'p$evil', 5, 5000, '2026-11-20 10:00:00'),
	('116100000001', 1, 5, 't$evil', '2026-11-20 10:00:00')"
echo '{"type":"inverter","time":"2026-11-20T12:00:00Z","dtu":"roof","serial":"116100000001"}' |
	"$root/pipelines/import-bridge" "$work/old.db" "$work/new.db" \
	>"$work/out" 2>&1
same "import-bridge prints serial numbers without control characters" \
	"$(controls "$work/out")" 0
check "... but with the rest" \
	grep -qiF 'import-bridge: ab?[2J?]0;x??' "$work/out"
"$root/pipelines/import-bridge" "$work/no$evil.db" "$work/new.db" \
	</dev/null >"$work/out" 2>&1
same "... and names of files" "$? $(controls "$work/out")" "65 0"

# Settings of the old program

printf '%s\n' '[DEFAULT]' "mqtt-broker = a${evil}b" >"$work/bad.ini"
"$root/pipelines/import-settings" "$work/bad.ini" >"$work/out" 2>&1
same "import-settings refuses a value with control characters" $? 65
same "... and prints none" "$(controls "$work/out")" 0
check "... but the place" grep -qF "bad.ini:2: mqtt_broker: found \"a?[2J" \
	"$work/out"

# Readings

jq -cn --arg evil "$evil" '
	("dtu", "inverter", "port", "meter", "alarm", "status") |
	{type: ., time: "\($evil)12:00:00Z", dtu: "d\($evil)",
	serial: "s\($evil)", port: $evil, pv_power: $evil, active_power: $evil,
	power: $evil, alarm_text: $evil, code: $evil, text: "t\($evil)",
	state: "offline", error: "e\($evil)"}' >"$work/records"
for colour in 0 1; do
	jq -r --arg colour $colour -f "$root/pipelines/show.jq" \
		<"$work/records" >"$work/out"
	same "show.jq shows each record" "$(wc -l <"$work/out")" 6
	# The colours are its own.
	sed -i $'s/\e\\[[0-9;]*m//g' "$work/out"
	same "... without control characters" "$(controls "$work/out")" 0
done

# shown TIME: the time of a record as show.jq shows it in central Europe.
shown() {
	jq -cn --arg time "$1" '{type: "port", time: $time, port: 1}' |
		TZ=CET-1CEST,M3.5.0,M10.5.0/3 jq -r --arg colour 0 \
			-f "$root/pipelines/show.jq" | cut -d ' ' -f 1
}
same "show.jq shows local time in winter" "$(shown 2026-12-31T23:15:01Z)" \
	00:15:01
same "... and in summer" "$(shown 2026-07-01T10:15:02Z)" 12:15:02
same "... and the last hour of summer" "$(shown 2026-10-25T00:59:59Z)" 02:59:59
same "... and the first hour of winter" "$(shown 2026-10-25T01:00:00Z)" 02:00:00
same "... and the last hour before summer" "$(shown 2028-03-26T00:59:59Z)" \
	01:59:59
same "... and the first hour of summer" "$(shown 2028-03-26T01:00:00Z)" 03:00:00
finish
