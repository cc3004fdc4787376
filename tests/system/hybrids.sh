#!/bin/bash
# Frames of a gateway of hybrid inverters through the whole chain: each tool does
# its work with what it knows, and none does harm to the rest.
# shellcheck source=tests/lib/lib.sh
. "$(dirname "$0")/../lib/lib.sh"
unset HM_CONFIG DTU_HOST DATABASE_PATH
root=$(cd "$(dirname "$0")/../.." && pwd)
db=$work/hm.db
cases=$root/tests/golden/hm-decode
new='"(hybrid|battery|grid|load|generator|external_pv|flow|ev_charger)"'

# Two polls of two inverters, a minute apart, and one of the first alone.
{
	sed -n 1p "$cases/hybrid-plant/in"
	sed -n '1s/18:49:40Z/18:50:40Z/p' "$cases/hybrid-plant/in"
	sed 's/18:49:40Z/18:51:40Z/' "$cases/hybrid-readings/in"
} | hm-decode --stats-period 0 >"$work/decoded"
grep -E "^\{\"type\":$new" "$work/decoded" >"$work/new"
same "there are records of each new type" \
	"$(jq -r .type "$work/new" | sort -u | tr '\n' ' ')" \
	"battery ev_charger external_pv flow generator grid hybrid load "

# Line by line

passes() {
	local name=$1
	shift
	"$@" <"$work/decoded" >"$work/out" 2>"$work/err"
	same "$name: ends well" $? 0
	same "... and hands them on as they came" \
		"$(grep -E "^\{\"type\":$new" "$work/out" | cmp - "$work/new" 2>&1)" ""
	same "... and says nothing about them" "$(cat "$work/err")" ""
}
hm-filter --stats-period 0 -d "$db" <"$work/decoded" >"$work/out" 2>"$work/err"
same "hm-filter: ends well" $? 0
without_energies() {
	grep -E "^\{\"type\":$new" "$1" |
		jq -c 'with_entries(select(.key | test("^(today|total)_") | not))'
}
same "... and changes energies only" "$(diff <(without_energies "$work/decoded") \
	<(without_energies "$work/out"))" ""
same "... which it shows once they are confirmed" "$(jq -c 'select(.type == "generator") |
	[.today_energy, .total_energy]' "$work/out" | uniq | tr '\n' ' ')" \
	"[null,null] [7800,7800] "
same "... those of strings, too" "$(jq -c 'select(.type == "port" and .port == 1 and
	.serial == "214322440208") | [.today_production, .total_production]' \
	"$work/out" | tr '\n' ' ')" "[null,null] [3100,3100] "
same "... and the sums of powers" \
	"$(jq -c 'select(.type == "dtu") | [.pv_power, .active_power]' \
		"$work/out" | uniq | tr '\n' ' ')" "[3850,2693] [439,861] "
same "an excluded inverter takes what is behind it with it" "$(hm-filter \
	--stats-period 0 --exclude-inverters 214322440207 -d "$work/excluded.db" \
	<"$work/decoded" 2>/dev/null | jq -r 'select(.serial == "214322440207") |
	.type' | sort -u)" ""
passes "hm-filter without a database" hm-filter --stats-period 0 --no-energy-guard
passes hm-alert hm-alert --stats-period 0
same "... and sees no alert in them" "$(grep -c '"alarm"' "$work/out")" 0
passes hm-store hm-store --stats-period 0 --timezone UTC -d "$db"
passes hm-ha-discovery hm-ha-discovery --stats-period 0
cp "$work/out" "$work/mqtt"
passes hm-metrics hm-metrics --stats-period 0 --textfile "$work/hm.prom"
passes hm-publish hm-publish --stats-period 0 --dry-run

# Sums of days

# A day and its end, with hm-filter killed in the middle again and again.
days=$root/tests/golden/hm-filter/hybrid-days
guard=(hm-filter --stats-period 0 --timezone UTC -d "$work/killed.db")
sums() {
	jq -c 'select(.type == "battery" or .type == "grid") | [.type,
		.total_charged, .total_discharged, .total_import, .total_export]' "$@"
}
total=$(wc -l <"$days/in")
mkfifo "$work/lines"
for ((done = 0; done < total; done += 23)); do
	"${guard[@]}" <"$work/lines" >"$work/part" 2>>"$work/err" &
	pid=$!
	exec 6>"$work/lines"
	sed -n "$((done + 1)),$((done + 23))p" "$days/in" >&6
	lines=$((total - done < 23 ? total - done : 23))
	until_true 10 eval "[ \$(wc -l <'$work/part') -ge $lines ]"
	kill -9 "$pid"
	wait "$pid" 2>/dev/null
	exec 6>&-
	cat "$work/part"
done >"$work/killed"
same "after 5 kills the sums of the days end as without" \
	"$(sums "$work/killed" | tail -2)" "$(sums "$days/out" | tail -2)"
same "... and have never fallen" "$(sums "$work/killed" | jq -sc '[.[] |
	select(.[0] == "grid") | .[3] // 0] | . == sort')" true
same "the ledger has a row for each" "$(sqlite3 "$work/killed.db" "SELECT type, field,
	total FROM energy_cache WHERE type = 'battery' ORDER BY field" | tr '\n' ' ')" \
	"battery|today_charged|5200 battery|today_discharged|500 "
check "... and is whole" hm-store --verify "$work/killed.db"
hm-store --timezone UTC --stats-period 0 -d "$work/killed.db" \
	<"$days/out" >"$work/out"
check "a DTU is renamed" hm-store --rename-dtu house=barn -d "$work/killed.db"
same "... in the ledger, too" "$(sqlite3 "$work/killed.db" \
	"SELECT DISTINCT dtu FROM energy_cache")" barn
sed -n '1,14p; s/2026-06-21T23:20/2026-06-21T23:21/p' "$days/in" |
	sed 's/2143224402\(0[0-9]\)/2143224403\1/; s/"house"/"barn"/' |
	"${guard[@]}" >"$work/out" 2>&1
check "an inverter is replaced" hm-store --replace-inverter \
	214322440207=214322440307 -d "$work/killed.db"
same "... and its sums go on" "$(sqlite3 "$work/killed.db" "SELECT serial, total
	FROM energy_cache WHERE field = 'today_charged'")" "214322440307|10200"
hm-filter --forget 214322440307 -d "$work/killed.db"
same "a forgotten inverter has no sums" "$(sqlite3 "$work/killed.db" \
	"SELECT count(*) FROM energy_cache")" 0

# An hour between two polls, each with an hm-filter of its own: strings make more
# than an input of a microinverter can.
for ((hour = 8; hour < 14; hour++)); do
	printf '{"time":"2026-06-21T%02d:00:00Z","dtu":"roof","serial":"2143","type":%s}\n' \
		"$hour" "\"port\",\"port\":1,\"today_production\":$((hour * 6000))" \
		"$hour" "\"battery\",\"today_charged\":$((hour * 6000))" |
		hm-filter --stats-period 0 --timezone UTC -d "$work/cron.db" 2>&1
done >"$work/cron"
same "strings of a hybrid inverter make what its battery gets" "$(jq -sc '.[-2:] |
	map(.total_production // .total_charged)' "$work/cron")" "[72000,72000]"
same "... from the first poll on" "$(grep -c refused "$work/cron")" 0

# A new name in hm.conf, and then --rename-dtu: both names have the sums.
renamed=$work/renamed.db
# polls DTU DAY HOUR ENERGY: half an hour.
polls() {
	for ((minute = 10; minute < 40; minute++)); do
		printf '{"time":"2026-06-%sT%s:%s:00Z","dtu":"%s","serial":"2143","type":%s}\n' \
			"$2" "$3" "$minute" "$1" \
			"\"port\",\"port\":1,\"today_production\":$4" \
			"$2" "$3" "$minute" "$1" "\"battery\",\"today_charged\":$4"
	done | hm-filter --stats-period 0 --timezone UTC -d "$renamed" 2>&1 |
		tail -2 | jq -sc 'map(.total_production // .total_charged)'
}
rename() {
	check "$1" hm-store --rename-dtu "$1" -d "$renamed"
	sqlite3 "$renamed" "SELECT e_total, total_production, today_production
		FROM production_cache UNION ALL
		SELECT e_total, total, today FROM energy_cache" >"$work/sums"
}
polls roof 21 10 5000 >"$work/out"
same "a DTU has the sum of two days" "$(polls roof 22 10 3000)" "[8000,8000]"
same "... and another name the counter of the day" \
	"$(polls house 22 12 3200)" "[3200,3200]"
rename roof=house
same "... which is in both sums" "$(sort -u "$work/sums")" "8200|8200|3200"
same "... and goes on" "$(polls house 22 13 3300)" "[8300,8300]"
same "a name after a midnight has another day" \
	"$(polls barn 23 12 1000)" "[1000,1000]"
same "... or two" "$(polls barn 24 12 900)" "[1900,1900]"
rename house=barn
same "... which are added" "$(sort -u "$work/sums")" "10200|10200|900"

# A microinverter whose first records lack the lifetime counter
for minute in {10..15}; do
	((minute < 12)) && total='' || total=,\"total_production\":500000
	printf '{"time":"2026-06-21T10:%s:00Z","dtu":"roof","serial":"1141","type":%s}\n' \
		"$minute" '"inverter","model":"HM-600/700/800"' \
		"$minute" "\"port\",\"port\":1,\"today_production\":700$total"
done | hm-filter --stats-period 0 --timezone UTC -d "$work/late.db" >"$work/out" 2>&1
same "an input of a microinverter has no sum of days" \
	"$(jq -sc '.[-1].total_production' "$work/out")" 500000

sqlite3 "$renamed" "DELETE FROM production_cache"
same "an inverter can be forgotten that has no strings" \
	"$(hm-filter --forget 2143 -d "$renamed" 2>&1)" ""
same "... and is known no more" "$(hm-filter --forget 2143 -d "$renamed" 2>&1)" \
	"hm-filter: warning: --forget: the database has no inverter 2143"

# What is made of them

same "the database has them" "$(sqlite3 "$db" "SELECT serial, soc, voltage, power,
	today_charged, cell_voltage_max FROM battery
	UNION ALL SELECT serial, count(*), power, today_energy, voltage_c, current_b
	FROM generator GROUP BY serial")" \
	"214322440207|55.0|238.6|439.0|3500|3.309
214322440207|2|6903.0|7800|230.3|10.01"
same "... with their hours" "$(sqlite3 "$db" "SELECT pv_to_load_max, today_grid_to_load
	FROM flow_hourly WHERE serial = '214322440207'")" "439.0|3400"
same "... and gives them back" "$(hm-store --export -d "$db" |
	grep -E "^\{\"type\":$new" | jq -cS . | sort)" "$(jq -cS . "$work/new" | sort)"
tables() {
	sqlite3 "$1" "SELECT name FROM sqlite_schema WHERE type = 'table'" |
		grep -E "^(${new//[\"()]/})"
}
schema() {
	sqlite3 "$1" "SELECT type, name, sql FROM sqlite_schema
		WHERE tbl_name NOT IN ($(tables "$1" | sed "s/.*/'&'/" |
			paste -sd,)) ORDER BY name"
}
same "... in four tables of each type" "$(tables "$db" | wc -l)" 32

# Renaming, pruning, upgrading

check "the database is whole" hm-store --verify "$db"
check "a copy of it can be restored" hm-store --restore "$db" -d "$work/back.db"
same "... with its batteries" "$(sqlite3 "$work/back.db" \
	"SELECT count(*) FROM battery, battery_daily")" \
	"$(sqlite3 "$db" "SELECT count(*) FROM battery, battery_daily")"
check "the DTU is renamed" hm-store --rename-dtu house=barn -d "$work/back.db"
same "... in the tables of batteries, too" "$(sqlite3 "$work/back.db" \
	"SELECT dtu FROM battery UNION SELECT dtu FROM battery_latest
	UNION SELECT dtu FROM battery_hourly UNION SELECT dtu FROM battery_daily")" \
	barn
sqlite3 "$work/back.db" "ALTER TABLE battery DROP COLUMN soc;
	UPDATE reading_hours SET arrived = arrived - 2 * 86400"
echo '{"type":"dtu","time":"2036-06-01T10:00:00Z","dtu":"barn"}' |
	hm-store --retention 1 --timezone UTC --stats-period 0 \
		-d "$work/back.db" >"$work/out" 2>"$work/err"
same "an older table gets its new column" "$(sqlite3 "$work/back.db" \
	"SELECT count(*) FROM pragma_table_info('battery') WHERE name = 'soc'")" 1
same "... and old readings are removed" "$(sqlite3 "$work/back.db" \
	"SELECT (SELECT count(*) FROM battery), (SELECT count(*) > 0 FROM battery_daily)")" \
	"0|1"

# A plant without hybrid inverters

plain=$work/plain.db
hm-store --timezone UTC --stats-period 0 -d "$plain" \
	<"$root/tests/data/metrics.ndjson" >"$work/out"
check "a plant without them is stored" [ "$(sqlite3 "$plain" \
	"SELECT count(*) FROM port_daily")" -gt 0 ]
same "... without their tables" "$(tables "$plain")" ""
same "... and with all others as they are" "$(schema "$plain")" "$(schema "$db")"
same "... and exports none" "$(hm-store --export -d "$plain" | grep -cE "$new")" 0
check "... and can be verified" hm-store --verify "$plain"
check "... and renamed" hm-store --rename-dtu roof=barn -d "$plain"
schema "$plain" >"$work/before"
hm-store --timezone UTC --stats-period 0 -d "$plain" <"$work/new" >"$work/out"
same "it gets them with its first hybrid inverter" "$(tables "$plain" | wc -l)" 32
same "... and keeps the others" "$(schema "$plain" | cmp - "$work/before" 2>&1)" ""
same "... with its readings" "$(hm-store --export -d "$plain" |
	grep -E "^\{\"type\":$new" | jq -cS . | sort)" "$(jq -cS . "$work/new" | sort)"

# Other outputs

same "an inverter's topic holds only what is the inverter's" \
	"$(jq -c 'select(.topic == "homeassistant/hoymiles_mqtt/214322440208/state") |
		.payload | keys' "$work/mqtt" | sort -u)" \
	'["ac_current_a","ac_current_b","ac_current_c","active_power","grid_frequency","grid_voltage_a","grid_voltage_b","grid_voltage_c","reactive_power"]'
same "no entity has the name of another" "$(jq -r 'select(.topic |
	strings | endswith("/config")) | .topic' "$work/mqtt" | sort | uniq -d)" ""
same "its flows are its own, its battery is a device behind it" "$(jq -r 'select(
	.payload.unique_id? | strings | test("today_pv_to_grid|_soc$")) | [.topic,
	.payload.unique_id, .payload.device.identifiers[0],
	.payload.device.via_device] | join(" ")' "$work/mqtt" | grep 0207)" \
"homeassistant/sensor/214322440207/flow_today_pv_to_grid/config \
hoymiles_mqtt_flow_214322440207_today_pv_to_grid hoymiles_mqtt_214322440207 \
hoymiles_mqtt_430122480861
homeassistant/sensor/214322440207_battery/battery_soc/config \
hoymiles_mqtt_battery_214322440207_soc hoymiles_mqtt_214322440207_battery \
hoymiles_mqtt_214322440207"
same "a charger has its own" "$(jq -r 'select(.topic | strings |
	endswith("/ev_charger_power/config")) | .topic' "$work/mqtt")" \
	"homeassistant/sensor/510100000001/ev_charger_power/config"
same "the metrics name the inverter" "$(grep -E '^hoymiles_(battery_charge_ratio|grid_phase_power_watts)' \
	"$work/hm.prom")" \
'hoymiles_battery_charge_ratio{dtu="house",inverter="214322440207"} 0.55
hoymiles_grid_phase_power_watts{dtu="house",inverter="214322440207",phase="A"} -115
hoymiles_grid_phase_power_watts{dtu="house",inverter="214322440207",phase="B"} -667
hoymiles_grid_phase_power_watts{dtu="house",inverter="214322440207",phase="C"} -79'
finish
