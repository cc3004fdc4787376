#!/bin/bash
# hm-subscribe --from msa: states of an MS-A2 at a real broker as readings, through
# hm-filter to rows of hm-store.
# shellcheck source=tests/lib/lib.sh
. "$(dirname "$0")/../lib/lib.sh"
unset HM_CONFIG DTU_HOST MQTT_BROKER DATABASE_PATH
port=$(free_port)
root=homeassistant/sensor
device=$root/MSA-28002434ABCD
db=$work/hm.db

send() {
	mosquitto_pub -h 127.0.0.1 -p "$port" "$@"
}

ask() {
	sqlite3 -separator ' ' "$db" "$1" 2>/dev/null
}

wrote() {
	grep -q -- "$1" "$work/out"
}

said() {
	grep -q -- "$1" "$work/err"
}

start_broker "$port" "allow_anonymous true" "log_dest file $work/broker.log" \
	"log_type all" "user root"
send -r -t "$device/quick/state" -m '{"soc":1}'

mkfifo "$work/states" "$work/readings"
hm-subscribe --stats-period 0 --log-level INFO --mqtt-broker 127.0.0.1 \
	--mqtt-port "$port" --from msa --from-period 1 --topic other </dev/null \
	>"$work/states" 2>"$work/err" &
pids+=($!)
tee "$work/out" <"$work/states" >"$work/readings" &
pids+=($!)
hm-filter --stats-period 0 -d "$db" <"$work/readings" 2>"$work/filter.err" |
	hm-store --stats-period 0 -d "$db" --store-delay 0 >/dev/null \
		2>"$work/store.err" &
pids+=($!)
check "hm-subscribe subscribes to the states" until_true 10 grep -q \
	"$root/+/system/state (QoS 0)" "$work/broker.log"
check "a retained state is no reading" until_true 10 said \
	"$device/quick/state: a retained state is no reading"

# What is no state of such a device, and what a device would not send.
send -t "$device/quick/state" -m 'offline'
send -t "$device/quick/state" -m '[1]'
send -t "$device/quick/state" -n
send -t "$device/quick/state" -m '{"soc":"full","bat_p":1e99}'
head -c 17000 /dev/zero | tr '\0' ' ' | send -t "$device/quick/state" -s
send -t "$root/kitchen/quick/state" -m '{"soc":5}'
send -t "$device/attributes" -m '{"soc":5}'
send -t other -m '{"soc":7}'
check "a message of --topic is one" until_true 10 wrote '"topic":"other"'
same "... and the only record so far" "$(wc -l <"$work/out")" 1
for why in 'a JSON object' 'none of the values that are known' 'longer than 16 KiB' \
	'does not name a device'; do
	check "a bad state is dropped: $why" said "a state is dropped: .*$why"
done
same "... each with a warning" "$(grep -c 'a state is dropped' "$work/err")" 5

# The three states of a device.
grid='{"type":"grid_on","v":230.1,"i":1.66,"f":49.98,"p":380.5,"q":-12.1,"ein":1900,"eout":1500,"etin":190000,"etout":150000}'
off='{"type":"grid_off","v":229.9,"i":0.45,"f":50.01,"p":101.5,"q":3.2,"ein":0,"eout":210,"etin":4,"etout":5120}'
inverter='{"type":"inv","v":230,"i":2.1,"p":482,"q":-8.9,"ein":1,"eout":2,"etin":3,"etout":4}'
send -t "$device/device/state" -m '{"grid":['"$grid,$off,$inverter"'],
	"pvs":[{"id":1,"p":12.5}],"bat_sts":"discharge","bat_v":51.23,
	"bat_i":9.8,"bat_p":499.9,"bat_temp":24.5,"soc":56.25,"rssi":-58}'
send -t "$device/system/state" -m \
	'{"pv_p":0,"pv_e":443,"chg_e":1250,"dchg_e":980,"ems_mode":"general"}'
quick() {
	send -t "$device/quick/state" -m '{"grid_on_p":-379.5,"grid_off_p":100,
		"bat_sts":"charge","bat_p":-401.2,"soc":'"$1"',"sys_grid_p":1}'
}
quick_until_stored() {
	quick 57.5
	[ "$(ask "SELECT count(*) FROM battery WHERE soc = 57.5")" -ge 2 ]
}
check "states become rows" until_true 30 quick_until_stored
same "battery: all that is known is one row, discharging is positive" \
	"$(ask "SELECT dtu, serial, power, soc, voltage, current, today_charged,
	today_discharged FROM battery WHERE soc = 57.5 ORDER BY time DESC LIMIT 1")" \
	"MSA-28002434ABCD 28002434abcd -401.2 57.5 51.23 9.8 1250 980"
same "grid: export is positive" "$(ask "SELECT power, voltage_a, current_a,
	frequency, reactive_power_a, today_export, today_import, total_export,
	total_import FROM grid ORDER BY time DESC LIMIT 1")" \
	"-379.5 230.1 1.66 49.98 -12.1 1500 1900 150000 190000"
same "load" "$(ask "SELECT power, frequency, backup_power_a, today_energy,
	total_energy FROM load ORDER BY time DESC LIMIT 1")" "100.0 50.01 101.5 210 5120"
same "inverter" "$(ask "SELECT grid_voltage, active_power, reactive_power,
	ac_current FROM inverter ORDER BY time DESC LIMIT 1")" "230.0 482.0 -8.9 2.1"
same "port" "$(ask "SELECT port, pv_power FROM port ORDER BY time DESC LIMIT 1")" \
	"1 12.5"
same "external_pv" "$(ask "SELECT power, today_energy FROM external_pv
	ORDER BY time DESC LIMIT 1")" "0.0 443"
same "the last row of a device has them, too" "$(ask "SELECT power, voltage
	FROM battery_latest")" "-401.2 51.23"
same "every record is of a device, or the message" "$(jq -r \
	'select(.serial != "28002434abcd") | .type' "$work/out")" message

# A sign that the state refutes.
send -t "$device/quick/state" -m '{"bat_sts":"charge","bat_p":5,"soc":33}'
check "a power that the state refutes is a warning" until_true 10 said \
	'warning: .*bat_p has the sign of charging and bat_sts says discharge'
refuted() {
	send -t "$device/quick/state" -m '{"bat_sts":"charge","bat_p":5,"soc":33}'
	ask "SELECT ifnull(power, 'none') FROM battery WHERE soc = 33" | grep -q .
}
until_true 20 refuted
same "... and left out" "$(ask "SELECT DISTINCT ifnull(power, 'none')
	FROM battery WHERE soc = 33")" none
same "... which is logged once" "$(grep -c 'bat_sts says' "$work/err")" 1
same "no tool behind it complains" "$(cat "$work/filter.err" "$work/store.err")" ""

# Without --from such a message is only a message.
hm-subscribe --stats-period 0 --mqtt-broker 127.0.0.1 --mqtt-port "$port" \
	--topic "$root/+/quick/state" </dev/null >"$work/plain" 2>"$work/plain.err" &
pids+=($!)
subscriber=$!
# It gets the retained one.
plain() {
	grep -q '"payload":"{\\"soc\\":1}"' "$work/plain"
}
check "without --from a state is a message" until_true 10 plain
kill -TERM "$subscriber"
wait "$subscriber"
same "... and it ends with 0" $? 0

# Settings
hm-subscribe --from msb --check >/dev/null 2>"$work/bad"
same "other devices are not known" "$? $(cat "$work/bad")" \
	'78 hm-subscribe: error: --from: found "msb", allowed are none msa'
hm-subscribe --from msa --check >/dev/null 2>"$work/bad"
same "--from needs a broker" "$? $(cat "$work/bad")" "78 hm-subscribe: error: no \
broker: set mqtt_broker, MQTT_BROKER or --mqtt-broker to its address"
finish
