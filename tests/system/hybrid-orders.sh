#!/bin/bash
# Commands to hybrid inverters: over modbus-g3 to a stick on its one connection,
# and over both transports to hm-sim, which obeys, or does not.
# shellcheck source=tests/lib/lib.sh
. "$(dirname "$0")/../lib/lib.sh"
# shellcheck source=tests/lib/orders.sh
. "$(dirname "$0")/../lib/orders.sh"
unset HM_CONFIG DTU_HOST DATABASE_PATH
root=$(cd "$(dirname "$0")/../.." && pwd)
# In seconds: an inverter that answers late on a loaded machine has no fault.
patience=$(patience)
read_timeout=$((patience < 4 ? patience : 4))

# A stick that a chain polls: orders have the connection of the polls.

port=$(free_port)
{
	cat "$root/tests/golden/hm-decode/modbus-g3-plant/registers"
	printf '%s\n' '258 0 1000' '303 3 0 0 1000 1000 100 5 1 100' \
		'4300 0 10 60 90 1000 20 500' '6048 0 1'
} | "$root/tests/lib/g3_stick.pl" serve "$port" >"$work/asked" 2>"$work/serr" &
pids+=($!)
until_true 10 listening "$port" ||
	{ echo "not ok - a stick starts: $(cat "$work/serr")"; exit 1; }
mkfifo "$work/in"
exec 7<>"$work/in"
hm-poll --control -p 5 --stats-period 0 --control-journal "$work/stick.journal" \
	"modbus-g3://127.0.0.1:$port#house" <"$work/in" >"$work/stick" \
	2>"$work/stick.err" &
chain=$!
pids+=("$chain")
frames() {
	[ "$(grep -c '"type":"frame"' "$work/stick")" -ge "$1" ]
}
until_true 20 frames 1
echo '{"type":"command","id":"a","action":"set_mode","mode":"forced_charge","reserve_soc":77,"max_power":28}' >&7

check "the order is taken" until_true 20 grep -q '"state":"accepted"' "$work/stick"
# Between the order and the look at what it has done
hm-poll -1 --stats-period 0 --retries 0 "modbus-g3://127.0.0.1:$port#house" \
	>"$work/second" 2>"$work/second.err" &
second=$!
pids+=("$second")

# The simulated ones, all at once.

device() {
	start_sim "$1" --transport "$2" --stats-period 0 "${@:3}"
	uri[$1]=${uris[0]}#house
}
# Long enough for the last look; a slow inverter takes 10 s.
declare -A fault_seconds=([refused]=10 [lost]=13 [lied]=11 [slow]=25)
order_options=(--read-timeout "$read_timeout"
	--control-timeout $((20 * read_timeout)))
told() {
	jq -c 'select(.type == "order") | del(.type, .time, .serial)' "$work/$1.sim"
}
result() {
	jq -c 'select(.state == "done") | del(.type, .time, .id, .dtu, .action,
		.state, .text)' "$work/$1"
}

for fault in refused lost lied slow; do
	device "g3-$fault" modbus-g3 --fault "order-$fault"
	order "g3-$fault" "g3-$fault" \
		'"action":"set_mode","mode":"forced_discharge","reserve_soc":30' \
		--control-timeout $((fault_seconds[$fault] + 4 * read_timeout))
done
for fault in refused lost lied; do
	device "es-$fault" es --fault "order-$fault"
	order "es-$fault" "es-$fault" \
		'"action":"set_mode","mode":"self_use","reserve_soc":30' \
		--control-unproven
done
device g3 modbus-g3
device late modbus-g3 --fault late,swapped
device inverters es --inverters 2
device spare modbus-g3
device other modbus-g3
device gateway es
device es es --inverters 2 --inputs 2
serial=$(hm-poll -1 --stats-period 0 "${uri[es]}" | hm-decode --stats-period 0 |
	jq -r 'select(.type == "hybrid").serial' | tail -n 1)
order soc g3 '"action":"set_soc_limits","soc_max":90'
order mode late '"action":"set_mode","mode":"self_use","reserve_soc":40' \
	--read-timeout 1 --control-timeout 60
order es es '"action":"set_mode","mode":"forced_charge","reserve_soc":80,"max_power":50.5,"serial":"'"$serial"'"' \
	--control-unproven
order several inverters '"action":"set_mode","mode":"backup","reserve_soc":80' \
	--control-unproven
order unproven spare '"action":"set_mode","mode":"off_grid"'
order typo spare '"action":"set_mode","mode":"self_use","reserve-soc":30'
uri[all]=${uri[spare]%#*}/0#house
order all all '"action":"set_mode","mode":"self_use"' --read-timeout 1 --retries 0
order export other '"action":"set_export_limit","percent":30' --control-unproven
order es-unproven gateway '"action":"set_mode","mode":"self_use","reserve_soc":30'
order dtu es-refused '"action":"limit","percent":30'
order tariff es-lied '"action":"set_soc_limits","soc_max":90' --control-unproven
order hours gateway '"action":"set_mode","mode":"time_of_use","hours":[{"charge":"01:00-05:00","charge_power":50,"discharge":"17:00-21:00","discharge_power":100,"soc_min":10,"soc_max":90}]' \
	--control-unproven
wait "${orders[@]}"

# The reply to the order is late, too: it is read back on another connection.
same "each reply of a stick is late" "$(states mode) $(told late)" \
	'done 0 {"action":"set_mode","mode":"self_use","reserve_soc":40}'
same "... and the result says what the inverter shows" "$(result mode)" \
	'{"mode":"self_use","reserve_soc":40}'
same "one limit of the charge is set" "$(states soc) $(told g3)" \
	'accepted done 0 {"action":"set_soc_limits","soc_min":5,"soc_max":90}'
same "an inverter that refuses" "$(states g3-refused)$(told g3-refused)" \
	"refused:refused_by_dtu 65"
same "an order that is lost" "$(states g3-lost)$(told g3-lost)" \
	"unknown:not_confirmed 75"
same "an inverter that lies" "$(states g3-lied)" \
	"accepted unknown:not_confirmed 75"
same "an inverter that is slow" "$(states g3-slow) $(result g3-slow)" \
	'accepted done 0 {"mode":"forced_discharge","reserve_soc":30,"max_power":100}'
same "a gateway says that it has done it, which shows nowhere" "$(states es)" \
	"accepted unknown:no_readback 75"
same "... it has done it" "$(jq -r 'select(.type == "order").serial' \
	"$work/es.sim") $(told es)" \
	"$serial "'{"action":"set_mode","mode":"forced_charge","reserve_soc":80,"max_power":50.5}'
same "hours are told, too" "$(states hours) $(told gateway | jq -r .mode)" \
	"accepted unknown:no_readback 75 time_of_use"
same "one of several inverters must be named" "$(states several)" \
	"refused:not_supported 65"
same "a gateway that refuses" "$(states es-refused)" "refused:refused_by_dtu 65"
same "a gateway that loses an order" "$(states es-lost)" \
	"unknown:no_reply 75"
same "a gateway that lies is not found out" "$(states es-lied)" \
	"accepted unknown:no_readback 75"

# What no device is known to have obeyed

same "what is unproven is refused" "$(states unproven) $(states es-unproven)" \
	"refused:unproven 65 refused:unproven 65"
check "... which says how it is allowed" \
	grep -qF 'allowed with control_unproven: true' "$work/unproven"
same "... and is sent with control_unproven" "$(states export) $(result export)" \
	'accepted done 0 {"percent":30}'
same "what nobody knows is refused" "$(states dtu) $(states tariff)" \
	"refused:not_supported 65 refused:not_supported 65"

same "a misspelt field is refused" "$(states typo)" "refused:invalid 65"
check "... and named" grep -qF \
	'it has the member \"reserve-soc\", which set_mode does not have' \
	"$work/typo"
check "orders to all units at once are refused" \
	grep -qF '"error":"not_supported","text":"unit 0 is all' "$work/all"
check "the log has all that was told" grep -qF \
	'set_mode forced_charge reserve_soc 80 % max_power 50.5 % from stdin' \
	"$work/es.err"

# The stick

wait "$second"
same "no other hm-poll gets in during an order" "$? $(grep -c \
	'another hm-poll on this machine reads' "$work/second.err")" "69 1"
until_true 20 frames 3
kill "$chain" && wait "$chain"
same "a chain carries an order out" "$(jq -r 'select(.type == "result").state' \
	"$work/stick" | xargs) $(result stick)" \
	'accepted done {"mode":"forced_charge","reserve_soc":77,"max_power":28}'
same "... on the connection of its polls" "$(cut -d' ' -f1 "$work/asked" |
	sort -u)" 1
same "... reading each block twice, writing one, reading it twice" \
	"$(sed -n '8,14p' "$work/asked" | cut -d' ' -f2-)" "3 6048 2
3 6048 2
3 4300 7
3 4300 7
16 4300 7
3 4300 7
3 4300 7"
same "... and polling on" "$(sed -n '15,21p' "$work/asked" | cut -d' ' -f2 |
	uniq -c | tr -s ' ')" " 7 4"
same "... without a warning" "$(cat "$work/stick.err")" ""
finish
