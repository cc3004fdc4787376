#!/bin/bash
# hm-sim on the wire: requests and replies are bytes here, written and checked
# without the code of hm.
# shellcheck source=tests/lib/lib.sh
. "$(dirname "$0")/../lib/lib.sh"
# shellcheck source=tests/lib/wire.sh
. "$(dirname "$0")/../lib/wire.sh"
root=$(cd "$(dirname "$0")/../.." && pwd)

read_serial=000100000006010320000003
read_first=000200000006010310000014
read_second=000300000006010310280014
# Requests that an app sent to a DTU-Pro: information, real data.
info=484da30100010f7900290a13323032322d30332d31302031363a31373a3036
info=${info}1080e10128f2aca89106
real=484da311000118c500290a13323032322d30332d31302031363a31373a3038
real=${real}2080e10128f4aca89106

start_sim both --transport hm,modbus --inverters 1 --inputs 2 --speed 0
hm=${uris[0]} modbus=${uris[1]}
check "a record for each DTU has URI, serial number and encryption" \
	jq -se 'map(keys_unsorted == ["type", "time", "uri", "serial",
	"encrypted"] and (.time | fromdate) > 0 and .encrypted == false) |
	. == [true, true]' "$work/both.sim"
serial=$(jq -r 'select(.uri | startswith("modbus")) | .serial' \
	"$work/both.sim")
same "modbus: the serial number" "$(exchange "$modbus" $read_serial 15)" \
	"000100000009010306$serial"
first=$(exchange "$modbus" $read_first 49)
same "modbus: a record is 40 bytes of type 12" "${first:0:20}" \
	00020000002b0103280c
same "modbus: it is of input 1" "${first:32:2}" 01
same "modbus: with the sun at 12:00 it produces" "${first:70:4}" 0003
dial "$modbus"
send $read_first$read_second
same "modbus: two requests in one piece have two replies" \
	"$(receive 98 | cut -c 99-116)" 00030000002b010328
exec 5>&-
same "modbus: the list ends with an empty record" \
	"$(exchange "$modbus" 000100000006010310500014 49 | cut -c 19-)" \
	"0c$(printf '0%.0s' {1..64})07000000000000"
same "modbus: an unknown address has an exception" \
	"$(exchange "$modbus" 000100000006010310010014 9)" 000100000003018302
same "modbus: an unknown function has an exception" \
	"$(exchange "$modbus" 000100000006010410000014 9)" 000100000003018401
same "modbus: another unit is not answered" \
	"$(exchange "$modbus" 000100000006020310000014 9 0.2)" ""

reply=$(exchange "$hm" "$info" 500 0.3)
serial=$(jq -r 'select(.uri | startswith("hm")) | .serial' "$work/both.sim")
same "hm: information is answered" "${reply:0:8}" 484da201
same "hm: its length is right" $((16#${reply:16:4} * 2)) ${#reply}
check "hm: its CRC is right" crc_is_right "$reply"
same "hm: it begins with the serial number as on the label" \
	"${reply:20:28}" \
	"0a0c$(printf '%s' "${serial^^}" | od -An -v -tx1 | tr -d ' \n')"
reply=$(exchange "$hm" "$real" 2000 0.3)
same "hm: real data repeat the sequence number" "${reply:0:12}" 484da2110001
check "hm: their CRC is right" crc_is_right "$reply"
same "hm: a wrong CRC is not answered" \
	"$(exchange "$hm" "${info/0f79/0000}" 10 0.2)" ""
same "hm: an unknown command is not answered" \
	"$(exchange "$hm" "${info/a301/a307}" 10 0.2)" ""

dial "$hm"
exec 6<>"/dev/tcp/127.0.0.1/$(port_of "$hm")"
check "a new connection ends the old one" hung_up
exec 5<&6 6>&-
send "$info"
same "... and is served" "$(receive 4)" 484da201
exec 5>&-

begin=$(milliseconds)
kill -TERM "$sim"
wait "$sim"
same "SIGTERM ends it with 0" $? 0
check "... at once" soon "$begin" 500

start_sim hm-faults --transport hm --inverters 1 --inputs 1 --dtus 2 \
	--fault-dtu 1 --fault crc:every=2
dial "${uris[0]}"
send "$info"
check "crc:every=2: the first reply is good" crc_is_right "$(receive 500 0.2)"
send "$info"
check "... the second is not" crc_is_wrong "$(receive 500 0.2)"
exec 5>&-
dial "${uris[1]}"
send "$info$info"
whole=$(receive 1000 0.2)
length=$((16#${whole:16:4} * 2))
check "... and another DTU has no fault" crc_is_right "${whole:length}"
exec 5>&-

start_sim unasked --transport hm --unasked
reply=$(exchange "${uris[0]}" "$info" 2000 0.2)
same "--unasked: a heartbeat comes first" "${reply:0:8}" 484d2202
check "... with a good CRC" crc_is_right "$reply"
same "... and then the reply" \
	"$(cut -c $((16#${reply:16:4} * 2 + 1))- <<<"$reply" | cut -c 1-8)" \
	484da201

start_sim length --transport hm --fault length
same "length: the length is shorter than a header" \
	"$(exchange "${uris[0]}" "$info" 10 | cut -c 17-20)" 0009

start_sim close --transport hm --fault close
dial "${uris[0]}"
send "$info"
reply=$(receive 2000)
check "close: the connection closes in the middle of a frame" \
	[ $((16#${reply:16:4})) -gt $((${#reply} / 2)) ]
exec 5>&-

start_sim truncated --transport hm --fault truncated
dial "${uris[0]}"
send "$info"
reply=$(receive 2000 0.2)
same "truncated: half of the frame comes" $((${#reply} / 2)) \
	$((16#${reply:16:4} / 2))
send "$info"
same "... and the connection stays" "$(receive 4)" 484da201
exec 5>&-

start_sim hang --transport modbus --fault hang:first=1
dial "${uris[0]}"
send $read_serial
same "hang:first=1: the first request is not answered" "$(receive 1 0.2)" ""
send $read_serial
same "... the second is" "$(receive 9)" 000100000009010306
exec 5>&-

start_sim count --transport modbus --unit-id 7 --fault count
same "count: the byte count is wrong, and the unit id is 7" "$(
	exchange "${uris[0]}" "${read_serial/000601/000607}" 9)" \
	0001000000090703ff
same "... which the URI names" "${uris[0]##*/}" 7

start_sim unmapped --transport modbus --fault unmapped:after=2
dial "${uris[0]}"
send $read_first
same "unmapped:after=2: first there are records" \
	"$(receive 49 | cut -c 1-18)" \
	00020000002b010328
send $read_first
same "... later the map is empty" "$(receive 10 0.2)" 000200000003010300
exec 5>&-

start_sim slow --transport modbus --fault slow
dial "${uris[0]}"
send $read_serial
begin=$(milliseconds)
same "slow: the reply is complete" "$(receive 15 | cut -c 1-18)" \
	000100000009010306
check "... and not at once" \
	[ $(($(milliseconds) - begin)) -gt 500 ]
exec 5>&-

start_sim refuse --transport hm --fault refuse:first=1
port=$(port_of "${uris[0]}")
check "refuse:first=1: the port is closed" \
	bash -c "! (: <>/dev/tcp/127.0.0.1/$port)"
check "... and open later" until_true 3 listening "$port"

start_sim rekey --transport hm --encrypt --rekey 0.3
dial "${uris[0]}"
send "$info"
reply=$(receive 2000 "$((4 * $(patience)))e-1")
# random REPLY: field 27 of the DTU's part: the 16 random bytes for encryption.
random() {
	grep -o 'da0110................................' <<<"$1" | head -n 1
}
check "--encrypt: information gives the random bytes" [ -n "$(random "$reply")" ]
same "... a request that does not decrypt has no reply" \
	"$(send "${real}00000000000000000000000000000000"; receive 1 0.1)" ""
exec 5>&-
sleep 0.3
check "--rekey: they change" [ "$(random "$reply")" != \
	"$(random "$(exchange "${uris[0]}" "$info" 2000 0.1)")" ]

start_sim night --transport modbus --start 23:00
same "--start 23:00: a record has only serial number and input" \
	"$(exchange "${uris[0]}" $read_first 49 | cut -c 35-)" \
	"$(printf '0%.0s' {1..50})07000000000000"

start_sim fast --transport modbus --speed 10000 --refresh 0.1 --start 07:00
before=$(exchange "${uris[0]}" $read_first 49)
sleep 0.3
after=$(exchange "${uris[0]}" $read_first 49)
today=$((16#${after:54:4} - 16#${before:54:4}))
check "--speed: the counter of the day grows" [ $today -gt 100 ]
same "... and the lifetime counter by as much" \
	$((16#${after:58:8} - 16#${before:58:8})) $today

start_sim many --transport hm --dtus 1000 --inverters 1 --inputs 1
same "1000 DTUs have 1000 ports and serial numbers" "$(jq -rs \
	'[(map(.uri) | unique | length), (map(.serial) | unique | length)] |
	join(" ")' "$work/many.sim")" "1000 1000"
same "... the last one answers" \
	"$(exchange "${uris[999]}" "$info" 4)" 484da201

start_sim seeds --transport modbus --seed 5 --speed 0
again=$(exchange "${uris[0]}" $read_first 49)
start_sim seeds2 --transport modbus --seed 5 --speed 0
same "the same seed is the same plant" \
	"$(exchange "${uris[0]}" $read_first 49)" "$again"

# One poll of DTUs with glitches: the counters of their ports.
glitches=()
start_glitch() {
	local name=$1
	shift
	start_sim "$name" --transport hm,modbus --inverters 1 --inputs 1 \
		--speed 0 "$@"
	glitches+=("${uris[0]}#$name.hm" "${uris[1]}#$name.modbus")
}
start_glitch plain
start_glitch zeros --fault zeros:quarter
start_glitch later --fault zeros:quarter --start 12:01
start_glitch spike --fault spike
start_glitch dip --fault dip
start_glitch wrap --fault wrap
start_glitch early --reset 12:00
start_glitch mi --series mi
hm-poll -1 --stats-period 0 "${glitches[@]}" | hm-decode --stats-period 0 |
	jq -r 'select(.type == "port") | [.dtu, .serial[:4],
	.today_production, .total_production] | @tsv' >"$work/glitches"
# of NAME: "SERIAL TODAY TOTAL" of the port, over hm and over modbus.
of() {
	sort "$work/glitches" | awk -F '\t' -v name="$1" \
		'index($1, name ".") == 1 { print $2, $3, $4 }'
}
plain=$(of plain)
same "zeros:quarter: at 12:00 the counters are unknown" "$(of zeros)" \
	$'1121  \n1121  '
check "... and at 12:01 known" [ "$(of later | awk '$3 > 0' | wc -l)" -eq 2 ]
same "spike: counters have their largest values" "$(of spike)" \
	$'1121 2147483647 2147483647\n1121 65535 4294967295'
same "dip: the lifetime counter falls" "$(of dip)" \
	"$(awk '{ print $1, $2, $3 - 1000 }' <<<"$plain")"
same "wrap: the lifetime counter falls by 65536 Wh" "$(of wrap)" \
	"$(awk '{ print $1, $2, $3 - 65536 }' <<<"$plain")"
same "--reset 12:00: at noon the day begins" "$(of early)" \
	"$(awk '{ print $1, 0, $3 }' <<<"$plain")"
same "--series mi: serial numbers begin with 10" \
	"$(of mi | cut -d ' ' -f 1 | uniq)" 1021

start_sim odd --transport hm --inverters 1 --inputs 4 --phases 3 --meter \
	--half-wired --speed 0 --fault "factor idle"
hm-poll -1 --stats-period 0 "${uris[0]}" >"$work/odd.frame"
hm-decode --stats-period 0 <"$work/odd.frame" >"$work/odd"
same "--half-wired: every other input has all power" \
	"$(jq -r 'select(.type == "port") | "\(.pv_power > 600) " +
	"\(.today_production > 0) \(.total_production > 0)"' "$work/odd" |
	tr '\n' ';')" \
	"true true true;false false true;true true true;false false true;"
same "idle: the zeros of a meter's phase are values" "$(jq -c 'select(
	.type == "meter") | [.power_b, .current_b, .energy_import_b,
	(.power - .power_a - .power_c | fabs) <= 20]' "$work/odd")" "[0,0,0,true]"
same "factor: 1 is sent for 1.000" "$(jq -c 'select(.type == "inverter") |
	.power_factor' "$work/odd")" 1

# The port of a running hm-sim.
hm-sim --port "$(port_of "${uris[0]}")" >/dev/null 2>"$work/taken"
same "a port in use ends it with 71" $? 71
same "... and one message" "$(wc -l <"$work/taken")" 1

refused() {
	local name=$1
	shift
	timeout 2 hm-sim --port 0 "$@" >"$work/out" 2>"$work/err"
	same "$name: 78" $? 78
	same "... and one line on stderr, none on stdout" \
		"$(wc -l <"$work/err") $(wc -c <"$work/out")" "1 0"
}
refused "an unknown fault" --fault crash
refused "a wrong time for a fault" --fault crc:sometimes
refused "a fault of the other transport" --transport modbus --fault crc
refused "a wrong time of day" --start 24:00
refused "a wrong time of reset" --reset 24:00
refused "MI on three phases" --series mi --phases 3
refused "six inputs on one phase" --inputs 6
refused "an address outside 127/8" --spread address --listen 10.0.0.1
refused "no transport" --transport ,

# "NAME TRANSPORTS: TEXT" of each row of faults.def, and of each fault in
# hm-sim(1).
rows=$(tr '\n' ' ' <"$root/tools/hm-sim/faults.def" | sed 's/FAULT(/\n&/g' |
	sed -nE 's/^FAULT\([A-Z_]+, ([a-z-]+), ([A-Z3 |]+), *"([^"]*)".*/\1 \2: \3/p')
described=$(awk '/^\.Sh/ { on = 0 } /^\.Sh FAULTS/ { on = 1 }
	function show() { if (name) print name " " where ": " text }
	on && /^\.(It Cm|El)/ {
		show()
		name = /^\.El/ || /=/ ? "" : $3
		where = "HM | MODBUS | ES | G3"
		text = ""
		next
	}
	name && /^\.Pq/ {
		where = toupper(substr($0, 5))
		sub(/ [.,;:]$/, "", where)
		gsub(/ , /, " | ", where)
		sub(/MODBUS-G3/, "G3", where)
	}
	name && text == "" { text = $0 }' "$root/docs/man/hm-sim.1" |
	grep -v '^\(always\|quarter\) ')
same "hm-sim.1 describes the faults as faults.def does" "$described" "$rows"
same "the message about a wrong fault lists all faults" \
	"$(hm-sim --fault help 2>&1 | sed 's/.*allowed are //')" \
	"$(cut -d ' ' -f 1 <<<"$rows" | xargs)"

begin=$(milliseconds)
timeout 5 hm-sim --port 0 --stats-period 0 | head -n 1 >/dev/null
status=${PIPESTATUS[0]}
same "a closed pipe on stdout ends it" "$status" 141
check "... at once" soon "$begin" 1000
finish
