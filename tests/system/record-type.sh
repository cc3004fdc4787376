#!/bin/bash
# A record type that is a row of types.def and lines of fields.def, and nothing
# else, reaches the database, Home Assistant and Prometheus. The sources are
# copied, get such a type, and the tools that know readings are built of them.
# shellcheck source=tests/lib/lib.sh
. "$(dirname "$0")/../lib/lib.sh"
unset HM_CONFIG DTU_HOST DATABASE_PATH MAKEFLAGS MAKELEVEL SANITIZE
root=$(cd "$(dirname "$0")/../.." && pwd)
tree=$work/tree
new=$tree/bin
db=$work/hm.db

mkdir "$tree"
cp -r "$root"/{Makefile,lib,tools,proto} "$tree"
fields=$tree/lib/record/fields.def
cat >>"$tree/lib/record/types.def" <<'ROW'
TYPE(CELLAR, "cellar", CELLAR, BY_SERIAL, NULL, "cellar", "cellar_", "cellar",
    "a cellar")
ROW
# Fields of its own, and some that others have.
sed -i -E 's/^(FIELD\((MODEL|TEMPERATURE|POWER), "[a-z]*", [A-Z |]*),/\1 | CELLAR,/' \
	"$fields"
cat >"$work/rows" <<'ROW'
FIELD(WINE, "wine", CELLAR, HM_GAUGE, 1, "%", NULL, NULL, 0, RATIO("wine"),
    "what is left of the wine")
FIELD(ENERGY_COOLED, "energy_cooled", CELLAR, HM_COUNTER, 0, "Wh", "energy",
    NULL, 0, ENERGY("cooled"), "energy that cooling has used")
FIELD(DOOR_VOLTAGE, "door_voltage", CELLAR, HM_GAUGE, 2, "V", "voltage", NULL,
    HM_DIAGNOSTIC, METRIC("door_voltage_volts"), "voltage of the door")
ROW
# Its macros end with the table.
{ grep -v '^#undef' "$fields"; cat "$work/rows"; grep '^#undef' "$fields"; } \
	>"$work/fields" && mv "$work/fields" "$fields"
check "the tools are built with one type more" make -s -C "$tree" -j2 \
	CFLAGS=-O0 \
	bin/hm-filter bin/hm-store bin/hm-ha-discovery bin/hm-metrics
[ -x "$new/hm-metrics" ] || finish

dtu='{"type":"dtu","time":"2026-11-23T10:15:00Z","dtu":"roof","serial":"10f8","pv_power":12.5}'
cellar='{"type":"cellar","time":"2026-11-23T10:15:01Z","dtu":"roof","serial":"ce11","model":"Deep","wine":62.5,"power":-410,"temperature":11.5,"energy_cooled":7200,"door_voltage":51.25}'
printf '%s\n' "$dtu" "$cellar" >"$work/records"

# Filtering

same "its readings pass the energy guard as they are" \
	"$("$new/hm-filter" --stats-period 0 -d "$work/guard.db" \
		<"$work/records" 2>/dev/null | tail -1)" "$cellar"
same "... and are filtered like others" \
	"$("$new/hm-filter" --stats-period 0 --drop model,wine \
		--multiply power=-1 <"$work/records" 2>/dev/null | tail -1 |
		jq -c '[.model, .wine, .power]')" '[null,null,410]'
same "tools that do not know it pass it on" \
	"$(hm-filter --stats-period 0 <"$work/records" 2>/dev/null |
		hm-store --stats-period 0 -d "$work/old.db" |
		hm-ha-discovery --stats-period 0 | grep cellar)" "$cellar"

# History

stored() {
	sqlite3 "$1" "SELECT time, dtu, serial, model, wine, power, temperature,
		energy_cooled, door_voltage FROM cellar"
	sqlite3 "$1" "SELECT serial, wine, first_seen = time FROM cellar_latest"
	sqlite3 "$1" "SELECT serial, wine_avg, energy_cooled, samples
		FROM cellar_hourly"
	sqlite3 "$1" "SELECT serial, power_max, energy_cooled FROM cellar_daily"
}
expected="1795428901|roof|ce11|Deep|62.5|-410.0|11.5|7200|51.25
ce11|62.5|1
ce11|62.5|7200|1
ce11|-410.0|7200"
cp "$root/tests/data/schema/1.db" "$work/kept.db"
for file in hm old kept; do
	check "hm-store stores it: $file.db" "$new/hm-store" --timezone UTC \
		--retention 0 --stats-period 0 -d "$work/$file.db" <"$work/records"
	same "... in tables of its own, with hours and days" \
		"$(stored "$work/$file.db")" "$expected"
done
same "it comes back from the database" "$("$new/hm-store" --export -d "$db" |
	jq -cS 'select(.type == "cellar")')" "$(jq -cS . <<<"$cellar")"
check "a version that does not know it goes on with the file" hm-store \
	--stats-period 0 -d "$db" <"$work/records"
sqlite3 "$db" "UPDATE reading_hours SET arrived = arrived - 2 * 86400"
check "old readings of it are pruned" "$new/hm-store" --timezone UTC \
	--retention 1 --stats-period 0 -d "$db" <<<"${dtu/2026/2036}"
same "... and their days stay" \
	"$(sqlite3 "$db" "SELECT (SELECT count(*) FROM cellar),
		(SELECT count(*) FROM cellar_daily)")" "0|1"

cp "$root/tests/data/schema/1.db" "$work/kept.db"
check "an older file is not read without its tables" grep -q \
	'it is of an older version of hm; hm-store brings it up to date' \
	<("$new/hm-store" --export -d "$work/kept.db" 2>&1)

# Home Assistant

"$new/hm-ha-discovery" --stats-period 0 <"$work/records" >"$work/mqtt"
config() {
	jq -c "select(.topic == \"homeassistant/sensor/ce11/cellar_$1/config\")
		| .payload | $2" "$work/mqtt"
}
same "its fields are entities" "$(jq -r 'select(.type == "mqtt") | .topic |
	match("/(cellar_.*)/config").captures[0].string' "$work/mqtt" | sort |
	tr '\n' ' ')" "cellar_door_voltage cellar_energy_cooled cellar_power \
cellar_temperature cellar_wine "
same "... with names, units and classes" \
	"$(config energy_cooled '[.unique_id, .unit_of_measurement,
		.device_class, .state_class]')" \
	'["hoymiles_mqtt_cellar_ce11_energy_cooled","Wh","energy","total_increasing"]'
same "... of a device behind the DTU" \
	"$(config wine '.device | [.name, .model, .via_device]')" \
	'["cellar_ce11","Deep","hoymiles_mqtt_10f8"]'
same "... and have a state" "$(jq -c 'select(.topic ==
	"homeassistant/hoymiles_mqtt/ce11/state") | .payload' "$work/mqtt")" \
	'{"temperature":11.5,"power":-410,"wine":62.5,"energy_cooled":7200,"door_voltage":51.25}'
same "the DTU in the same stream is a device of its own" \
	"$(grep "\"DTU_10f8\"" "$work/mqtt" | jq -r .payload.name | tr "\n" " ")" \
	"pv_power reachable "

# Prometheus

"$new/hm-metrics" --stats-period 0 --textfile "$work/metrics.prom" \
	<"$work/records" >/dev/null
same "its fields are metrics in base units" \
	"$(grep '^hoymiles_cellar' "$work/metrics.prom")" \
'hoymiles_cellar_info{dtu="roof",cellar="ce11",model="Deep",firmware="",hardware=""} 1
hoymiles_cellar_temperature_celsius{dtu="roof",cellar="ce11"} 11.5
hoymiles_cellar_power_watts{dtu="roof",cellar="ce11"} -410
hoymiles_cellar_wine_ratio{dtu="roof",cellar="ce11"} 0.625
hoymiles_cellar_cooled_watthours_total{dtu="roof",cellar="ce11"} 7200
hoymiles_cellar_cooled_joules_total{dtu="roof",cellar="ce11"} 25920000
hoymiles_cellar_door_voltage_volts{dtu="roof",cellar="ce11"} 51.25'
check "... that say what they are" grep -qx \
	'# HELP hoymiles_cellar_info model, firmware and hardware of a cellar' "$work/metrics.prom"
finish
