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
passes hm-filter hm-filter --stats-period 0 -d "$db"
same "... and keeps the energy of the day of a string" \
	"$(jq -c 'select(.type == "port") | .today_production' "$work/out" |
		sort -u | tr '\n' ' ')" "0 2200 3100 7900 "
same "... and the sums of powers" \
	"$(jq -c 'select(.type == "dtu") | [.pv_power, .active_power]' \
		"$work/out" | uniq | tr '\n' ' ')" "[3850,2693] [439,861] "
passes "hm-filter without a database" hm-filter --stats-period 0 --no-energy-guard
passes hm-alert hm-alert --stats-period 0
same "... and sees no alert in them" "$(grep -c '"alarm"' "$work/out")" 0
passes hm-store hm-store --stats-period 0 --timezone UTC -d "$db"
passes hm-ha-discovery hm-ha-discovery --stats-period 0
cp "$work/out" "$work/mqtt"
passes hm-metrics hm-metrics --stats-period 0 --textfile "$work/hm.prom"
passes hm-publish hm-publish --stats-period 0 --dry-run

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
same "an inverter's topic holds only what is the inverter's" \
	"$(jq -c 'select(.topic == "homeassistant/hoymiles_mqtt/214322440208/state") |
		.payload | keys' "$work/mqtt" | sort -u)" \
	'["ac_current_a","ac_current_b","ac_current_c","active_power","grid_frequency","grid_voltage_a","grid_voltage_b","grid_voltage_c","reactive_power"]'
same "no entity has the name of another" "$(jq -r 'select(.topic |
	strings | endswith("/config")) | .topic' "$work/mqtt" | sort | uniq -d)" ""
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
