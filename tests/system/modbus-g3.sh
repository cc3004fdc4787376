#!/bin/bash
# hm-poll and the registers of a HIT-...-G3, which tests/lib/g3_stick.pl serves
# with the faults of a DTS-WL-G3.
# shellcheck source=tests/lib/lib.sh
. "$(dirname "$0")/../lib/lib.sh"
unset HM_CONFIG DTU_HOST DATABASE_PATH
root=$(cd "$(dirname "$0")/../.." && pwd)
registers=$root/tests/golden/hm-decode/modbus-g3-plant/registers
blocks='[0,123,1000,1800,2000,2123,30000]'

# start_stick NAME [FAULT]: sets `port` and `stick`.
start_stick() {
	port=$(free_port)
	"$root/tests/lib/g3_stick.pl" serve "$port" "${@:2}" <"$registers" \
		>"$work/$1.asked" 2>"$work/$1.serr" &
	stick=$!
	pids+=("$stick")
	until_true 10 listening "$port" ||
		{ echo "not ok - a stick starts: $(cat "$work/$1.serr")"; exit 1; }
}

# polls NAME [OPTION ...]: a poll of the stick at $port.
polls() {
	hm-poll -1 --stats-period 0 --read-timeout 1 --retries 0 "${@:2}" \
		"modbus-g3://127.0.0.1:$port#house" \
		>"$work/$1.out" 2>"$work/$1.err"
}

frame() {
	jq -c "select(.type == \"frame\") | $2" "$work/$1.out"
}

# Readings without times.
readings() {
	hm-decode --stats-period 0 | jq -c 'del(.time, .took_ms)'
}

# A good poll

start_stick good
polls good
same "a poll ends well" "$?" 0
same "... and says nothing" "$(cat "$work/good.err")" ""
same "... with the blocks of the plan" "$(frame good .blocks)" "$blocks"
same "... by function 4, on one connection" "$(cut -d' ' -f1,2 "$work/good.asked" |
	sort -u)" "1 4"
same "... and nothing is missing" "$(frame good .partial)" null
readings <"$root/tests/golden/hm-decode/modbus-g3-plant/in" >"$work/expected"
readings <"$work/good.out" | grep -v '"status"' >"$work/found"
check "... and gives what the registers hold" diff "$work/expected" "$work/found"

# Orders

echo '{"type":"command","id":"a","action":"limit","percent":60}' |
	hm-poll -1 --control --stats-period 0 --control-journal "$work/journal" \
		"modbus-g3://127.0.0.1:$port#house" >"$work/order.out" 2>"$work/order.err"
same "an order is refused" "$? $(jq -c 'select(.type == "result") |
	[.state, .error]' "$work/order.out")" '65 ["refused","not_supported"]'
same "... for what it is" "$(jq -r 'select(.type == "result").text' \
	"$work/order.out")" "over modbus-g3 only set_mode, set_soc_limits and set_export_limit are known"
same "... and nothing but a poll is sent" "$(sed 1,7d "$work/good.asked" |
	cut -d' ' -f2 | uniq -c | tr -s ' \n' ' ')" " 7 4 "

# A connection that is kept

# polls_twice NAME PORT: in the background, 5 s apart; sets `poller`.
polls_twice() {
	hm-poll -n 2 -p 5 --stats-period 0 "modbus-g3://127.0.0.1:$2#house" \
		>"$work/$1.out" 2>"$work/$1.err" &
	poller=$!
	pids+=("$poller")
}

# Without a lock, as if the system refused it: its file is a pipe.
good=$port
start_stick unlocked
unlocked=$port
mkdir "$work/locks"
lock=$work/locks/hm-poll-127.0.0.1-$unlocked.lock
mkfifo "$lock"
hm-poll -p 5 --stats-period 0 --lock-dir "$work/locks" \
	"modbus-g3://127.0.0.1:$unlocked#house" >"$work/unlocked.out" \
	2>"$work/unlocked.err" &
unlocked_poller=$!
pids+=("$unlocked_poller")

start_stick dead dead=30000
hm-poll -n 3 -p 5 --stats-period 0 --read-timeout 1 --retries 0 \
	"modbus-g3://127.0.0.1:$port#house" >"$work/idle.out" \
	2>"$work/idle.err" &
idle_poller=$!
pids+=("$idle_poller")

start_stick closes close=30000
polls_twice closed "$port"
closed=$poller
port=$good
polls_twice kept "$port"
has_frame() {
	[ -n "$(frame "$1" .dtu)" ]
}
check "a chain polls" until_true 10 has_frame kept
check "a chain polls without the lock" until_true 10 has_frame unlocked
rm "$lock"
exec 9>"$lock"
flock -n 9
polls locked
same "meanwhile no other process gets in" "$?" 69
check "... which says why" grep -q 'another hm-poll on this machine reads' \
	"$work/locked.err"
wait "$poller"
same "the chain ends well" "$? $(cat "$work/kept.err")" "0 "
same "... after two polls" "$(frame kept .blocks)" "$blocks"$'\n'"$blocks"
same "... on one connection" "$(sed 1,14d "$work/good.asked" | cut -d' ' -f1 |
	uniq -c | tr -s ' \n' ' ')" " 14 3 "
check "then the address is free again" polls again
wait "$closed"
same "a connection that is closed between two polls is no failure" \
	"$? $(cat "$work/closed.err")" "0 "
same "... and is opened again" "$(cut -d' ' -f1 "$work/closes.asked" |
	uniq -c | tr -s ' \n' ' ')" " 7 1 7 2 "
check "without the lock it gives way to the process that has it" until_true 20 \
	grep -q 'another hm-poll on this machine reads' "$work/unlocked.err"
port=$unlocked
polls holder --lock-dir "$work"
same "... with its connection closed" "$? $(frame holder .blocks)" "0 $blocks"
kill "$unlocked_poller"
exec 9>&-

# Faults

# good_with NAME FAULT REQUESTS: the poll is whole all the same.
good_with() {
	start_stick "$1" "$2"
	polls "$1"
	same "$1: the poll is good" "$? $(frame "$1" '.blocks, .partial' |
		tr '\n' ' ')" "0 $blocks null "
	same "... after so many requests" "$(wc -l <"$work/$1.asked")" "$3"
	readings <"$work/$1.out" | grep -v '"status"' >"$work/found"
	check "... with the same readings" diff "$work/expected" "$work/found"
}
good_with "a lost reply" lose=1800 8
good_with "a late reply" late=2000 8
good_with "a short block" short=2123 8
good_with "the registers of another block" foreign=2000 8

# missing NAME FAULT BLOCK TEXT: a block stays missing.
missing() {
	start_stick "$1" "$2"
	polls "$1"
	same "$1: the poll is partial" "$? $(frame "$1" .missing)" "0 [$3]"
	check "... and says why" grep -qF "$4" "$work/$1.err"
	same "... the DTU has no sums" "$(hm-decode --stats-period 0 \
		<"$work/$1.out" | jq -c 'select(.type == "dtu") |
		[.missing_parts, .pv_power]')" "[1,null]"
}
missing "a block without a reply" mute=30000 7 "no whole reply in time"
missing "a block that is too short" cut=1800 4 \
	"block 1800: 244 bytes of registers, asked were 246"
missing "a block that is another one" foreign!=2000 5 \
	"block 2000: its registers are those of another block"

missing "a connection that ends early" end=30000 7 "closed the connection"

start_stick "no such block" exception=1000:2
polls "no such block"
same "a block that the device does not have is not missing" \
	"$? $(frame "no such block" '.partial, (.blocks | length)' |
		tr '\n' ' ')" "0 null 6 "

# fails NAME FAULT ERROR HINT: the poll fails, and the hint helps.
fails() {
	[ -z "$2" ] || start_stick "$1" "$2"
	polls "$1"
	same "$1: the poll fails" "$? $(jq -r 'select(.type == "status").error' \
		"$work/$1.out")" "69 $3"
	check "... with a hint" grep -qF "$4" "$work/$1.err"
}
fails "a DTU-Pro" exception=0:2 exception "are read with modbus://"
fails "another unit" unit=9 unit "and its unit?"
fails "no reply at all" mute=0 timeout_read "are read with modbus://"
fails "a connection that ends" end=0 closed "serves one client at a time"
port=$(free_port)
fails "Wi-Fi or old firmware" "" refused \
	"at its Ethernet port only, not over Wi-Fi, and with firmware V03.00.13"

# A connection that went dead at the start

wait "$idle_poller"
same "a kept connection that has gone dead fails one poll" "$? $(jq -r \
	'select(.type == "status") | .error' "$work/idle.out" | tr '\n' ' ')" \
	"0 null timeout_read null "
same "... after two silences on it" "$(cut -d' ' -f1,3 "$work/dead.asked" |
	sed -n '8,10p' | tr '\n' ' ')" "1 0 1 0 2 0 "
same "... and 10 s without a connection" "$(jq -c 'select(.type == "frame") |
	.took_ms > 5000' "$work/idle.out" | tr '\n' ' ')" "false true "

# A household of hm-sim: load + grid is the inverter, within a watt for each
# number, and PV + battery is the inverter and its losses.

hm_sim_polls() {
	start_sim "$1" --transport modbus-g3 --start 10:00 --stats-period 0 "${@:2}"
	port=${uris[0]##*:}
	polls "$1"
}
of() {
	hm-decode --stats-period 0 <"$work/$1.out" | jq -cs "map({key: .type, value: .}) |
		from_entries | $2"
}
hm_sim_polls household
same "a household of hm-sim is read" "$? $(cat "$work/household.err")" "0 "
same "... its powers add up" "$(of household '
	[.load.power + .grid.power - .inverter.active_power,
	.dtu.pv_power + .battery.power - .inverter.active_power] |
	[.[0] >= -3 and .[0] <= 3, .[1] >= 0 and .[1] < 200]')" "[true,true]"
same "... it has energies since installation" "$(of household '
	[.battery.total_charged, .grid.total_import, .load.total_energy] |
	map(. > 0)')" "[true,true,true]"
hm_sim_polls slowly --fault late
same "hm-sim: each reply is late, and none is lost" \
	"$? $(frame slowly '.blocks, .partial' | tr '\n' ' ')" "0 $blocks null "
hm_sim_polls nothing --fault nodata
same "hm-sim: registers without data give no values" "$(of nothing '
	[.battery.soc, .grid.power, .inverter.active_power, .dtu.pv_power]')" \
	"[null,null,null,null]"

# The chain

db=$work/hm.db
for minute in 0 1 2; do
	sed "s/11:00:00/11:0$minute:00/" \
		"$root/tests/golden/hm-decode/modbus-g3-plant/in"
done | hm-decode --stats-period 0 | hm-filter --stats-period 0 -d "$db" |
	hm-alert --stats-period 0 |
	hm-store --stats-period 0 --timezone UTC -d "$db" |
	hm-ha-discovery --stats-period 0 |
	hm-metrics --stats-period 0 --textfile "$work/hm.prom" \
	>"$work/chain.out" 2>"$work/chain.err"
same "the chain takes its records" "$? $(cat "$work/chain.err")" "0 "
same "... the database has the battery" "$(sqlite3 "$db" "SELECT serial, soc,
	power, total_charged, total_discharged FROM battery_latest")" \
	"f37b4e55c31b|72.0|-3000.0|3050000|2800000"
same "... and the counters of the inputs" "$(sqlite3 "$db" "SELECT port,
	total_production FROM port_latest")" "1|6100000"$'\n'"2|6245600"
same "... the metrics, too" "$(grep -E '^hoymiles_(battery_charged|grid_export)_watthours_total' \
	"$work/hm.prom" | sed 's/.* //' | tr '\n' ' ')" "3050000 4300000 "
finish
