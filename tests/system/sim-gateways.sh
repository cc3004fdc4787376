#!/bin/bash
# hm-sim's gateways of hybrid inverters, over both of their protocols: requests
# are bytes here, replies are read by hm-decode or compared as bytes.
# shellcheck source=tests/lib/lib.sh disable=SC2016
. "$(dirname "$0")/../lib/lib.sh"
# shellcheck source=tests/lib/wire.sh
. "$(dirname "$0")/../lib/wire.sh"
unset HM_CONFIG DTU_HOST
export HM_STATS_PERIOD=0

# A request that an owner's gateway answered.
info=484ddb010001faf30022000e0000000000000000000000ff10c2db90c3061880e101

# readings URI SERIAL: the reply about an inverter, in hex.
readings() {
	exchange "$1" "$(gateway_request c303 "$gateway" 1 \
		"28$(varint $((16#$2)))")" 4000 0.3
}

# decode FRAME ...: the records that hm-decode makes of replies.
decode() {
	printf '{"type":"frame","time":"2026-11-30T10:00:00Z","dtu":"house",' >"$work/frame"
	printf '"transport":"hm","took_ms":1,"frames":[%s]}\n' \
		"$(printf '"%s"\n' "$@" | paste -sd,)" >>"$work/frame"
	hm-decode --strict <"$work/frame"
}

# of TYPE JQ: a value of the records in $work/decoded.
of() {
	jq -s -c --arg type "$1" "map(select(.type == \$type)) | $2" "$work/decoded"
}

start_sim es --transport es --inverters 2 --phases 3 --generator --extras \
	--ledger --speed 0
es=${uris[0]}
gateway=$(jq -r 'select(.type == "sim").serial' "$work/es.sim")
same "a gateway has an es URI" "${es%%:*}" es
same "... and a serial number of its kind" "${gateway:0:4}" 4301
reply=$(exchange "$es" "$info" 400 0.3)
same "it answers a request of an owner" "${reply:0:12}" 484dda010001
check "... with the right CRC" [ "${reply:12:4}" = "$(crc16 "${reply:48}")" ]
same "... its length, and the header of a gateway" "${reply:16:8}" \
	"$(printf '%04x000e' $((${#reply} / 2)))"
same "... with its serial number and the number of the request" \
	"${reply:24:24}" "0000${gateway}000000ff"
same "a request to a DTU has no answer" "$(exchange "$es" \
	484da30100010f7900290a13323032322d30332d31302031363a31373a30361080e10128f2aca89106 \
	10 0.2)" ""
registry=$(exchange "$es" "$(gateway_request c302 "$gateway" 1 1880e101)" 2000 0.3)
decode "$reply" "$registry" >"$work/decoded"
mapfile -t serials < <(gateway_inverters "$es" "$gateway")
same "it lists its inverters" "${#serials[@]} ${serials[0]:0:4}" "2 2143"
same "... by model" "$(of info 'map(.model // empty) | unique')" \
	'["DTS-WIFI-G1","HYT-10.0HV-EUG1"]'

frames=("$reply" "$registry")
for serial in "${serials[@]}"; do
	frames+=("$(readings "$es" "$serial")")
done
decode "${frames[@]}" >"$work/decoded"
same "hm-decode reads all kinds of records" \
	"$(jq -r .type "$work/decoded" | sort | uniq -c | tr -s ' \n' ' ')" \
	" 2 battery 1 dtu 2 ev_charger 2 external_pv 2 flow 2 generator 2 grid 2 hybrid 6 info 2 inverter 2 load 4 port "
check "powers balance: the panels, the battery and the grid feed the load" jq -se '
	group_by(.serial)[] | select(map(.type) | contains(["battery", "grid"])) |
	(INDEX(.type)) as $r |
	(map(select(.type == "port").pv_power) | add) as $pv |
	($pv + $r.battery.power + $r.external_pv.power + $r.generator.power -
		$r.grid.power - $r.load.power) as $lost |
	$lost >= 10 and $lost <= 15 + ($pv + ($r.battery.power | fabs)) * 0.04' \
	"$work/decoded"
check "the current of the battery is its power, the phases add up" jq -se '
	all(.[]; if .type == "battery" then has("current") and .soc >= 5
	elif .type == "grid" then .power == .power_a + .power_b + .power_c and
		has("power_factor_a")
	else true end)' "$work/decoded"

# Energies of the ledger, of the first inverter, and what was read of them.
ledger() {
	jq -s -c --arg serial "${serials[0]}" \
		"map(select(.type == \"ledger\" and .serial == \$serial)) | last | $1" \
		"$work/es.sim"
}
check "the ledger balances" jq -se '
	map(select(.type == "ledger")) | length == 2 and all(.[];
	.pv + .external_pv + .generator + .discharged + .imported -
	(.load + .charged + .exported + .losses) | fabs < 0.01)' "$work/es.sim"
read_back() {
	jq -s -c --arg serial "${serials[0]}" 'map(select(.serial == $serial)) |
		INDEX(.type) as $r |
		[(map(select(.type == "port").today_production) | add),
		$r.battery.today_charged, $r.battery.today_discharged,
		$r.grid.today_import, $r.grid.today_export, $r.load.today_energy]' \
		"$work/decoded"
}
check "... and is what hm-decode reads, to 0.1 kWh for each counter" jq -ne \
	--argjson ledger "$(ledger '[.pv, .charged, .discharged, .imported,
		.exported, .load]')" --argjson read "$(read_back)" \
	'[[$ledger, $read, [2, 1, 1, 3, 3, 3]] | transpose[] |
	(.[0] - .[1]) | select(. < 0 or . > 300)] == [] and $ledger[0] > 1000'

# Working modes

# mode NUMBER RESERVE POWER SERIAL: the reply to the order, in hex.
mode() {
	local payload
	payload="0801107b18$(varint $((16#$4)))20$(varint "$1")28$(varint "$2")"
	payload+="30$(varint "$3")"
	exchange "$es" "$(gateway_request c308 "$gateway" 1 "$payload")" 200 0.3
}
battery_power() {
	decode "$(readings "$es" "${serials[1]}")" | jq 'select(.type == "battery").power'
}
gives() {
	local found
	found=$(battery_power)
	echo "found $found"
	[ "$found" = "$1" ]
}
reply=$(mode 6 20 300 "${serials[1]}")
same "a working mode is taken" "${reply:0:8}" 484dc208
check "... without an error" [ "${reply: -2}" != 01 ]
same "... and is an order" "$(jq -c 'select(.type == "order") |
	[.serial, .action, .mode, .reserve_soc, .max_power]' "$work/es.sim")" \
	"[\"${serials[1]}\",\"set_mode\",\"forced_discharge\",20,30]"
check "... which acts" until_true 10 gives 3000
reply=$(mode 12 20 300 "${serials[1]}")
same "a mode that does not exist is refused" "${reply: -4}" 2001

# Faults, and one client

start_sim faults --transport es --dtus 1 --fault "crc:at=1 truncated:at=2 length:at=3 hang:at=4 garbage:at=5"
es=${uris[0]}
reply=$(exchange "$es" "$info" 400 0.3)
check "crc: it is wrong" [ "${reply:12:4}" != "$(crc16 "${reply:48}")" ]
half=$((${#reply} / 4)) # bytes
same "truncated: half of it comes" \
	"$(exchange "$es" "$info" 400 0.3 | tr -d '\n' | wc -c)" $((2 * half))
same "length: it is impossible" "$(exchange "$es" "$info" 400 0.3 | cut -c 17-20)" 0017
same "hang: there is no reply" "$(exchange "$es" "$info" 400 0.2)" ""
check "garbage: it is no frame" [ "$(exchange "$es" "$info" 400 0.3 | cut -c 1-4)" != 484d ]
dial "$es"
exec 6<>"/dev/tcp/127.0.0.1/$(port_of "$es")"
check "a new connection ends the old one" hung_up
exec 5>&- 6>&-

# Modbus of newer sticks: one model

start_sim twins --transport es,modbus-g3 --phases 3 --speed 0
gateway=$(jq -r 'select(.serial).serial' "$work/twins.sim")
same "a stick with Modbus has a URI of its own" "${uris[1]%%:*}" modbus-g3
same "... and no serial number" "$(jq -c 'select(.uri | startswith("modbus")) |
	has("serial")' "$work/twins.sim")" false
g3=${uris[1]}

# words FIRST COUNT [FUNCTION]: the registers, as decimal numbers.
words() {
	exchange "$g3" "$(read_registers "${3:-4}" "$1" "$2")" $((9 + 2 * $2)) |
		cut -c 19- | fold -w 4 | while read -r word; do echo $((16#$word)); done
}
mapfile -t low < <(words 0 123)
mapfile -t bms < <(words 1800 123)
mapfile -t system < <(words 30000 30)
same "blocks of 123 registers are answered" "${#low[@]} ${#bms[@]} ${#system[@]}" \
	"123 123 30"
same "the charge of the battery is the same in both places" "${bms[109]}" "${system[20]}"
same "registers without a value read 5" "${low[26]} ${low[45]} ${low[112]}" "5 5 5"
same "the powers of the strings are their voltages times their currents" \
	"$(((low[27] * low[28] / 1000 - low[29]) ** 2 < 400))" 1
same "124 registers are refused" \
	"$(exchange "$g3" "$(read_registers 4 0 124)" 9)" 000900000003018403
same "the dead zone does not answer" \
	"$(exchange "$g3" "$(read_registers 4 1101 10)" 9 0.3)" ""
same "function 6 is not answered" \
	"$(exchange "$g3" 000900000006010610cc0001 12 0.3)" ""
same "function 16 is, with its address and number" "$(exchange "$g3" \
	000900000015011010cc00070e0005000a003c004d0118001e03e8 12)" \
	000900000006011010cc0007
same "... and can be read back" "$(words 4300 7 3 | paste -sd ' ')" \
	"5 10 60 77 280 30 1000"
same "... as an order" "$(jq -c 'select(.type == "order") |
	[.action, .mode, .reserve_soc, .max_power]' "$work/twins.sim")" \
	'["set_mode","forced_discharge",30,100]'

start_sim late --transport modbus-g3 --fault late:at=1
dial "${uris[0]}"
send "$(read_registers 4 0 1 1)"
same "late: no reply yet" "$(receive 11 0.2)" ""
send "$(read_registers 4 30000 1 2)"
both=$(receive 22)
same "... it comes with the next one" "${both:0:4} ${both:22:4}" "0001 0002"
exec 5>&-

refused() {
	local name=$1
	shift
	timeout 2 hm-sim --port 0 "$@" >"$work/out" 2>"$work/err"
	same "$name: 78" $? 78
	same "... and one line on stderr" "$(wc -l <"$work/err")" 1
}
refused "a battery without a gateway" --battery 5
refused "a ledger of DTUs" --ledger
refused "a mode that does not exist" --transport es --mode holiday
refused "two inverters over modbus-g3" --transport modbus-g3 --inverters 2
refused "six strings" --transport es --inputs 6
refused "a CRC over modbus-g3" --transport modbus-g3 --fault crc
refused "a wrong byte count over es" --transport es --fault count
finish
