#!/bin/bash
# hm-poll and hm-decode read hm-sim: over both transports, encrypted, with
# readings in several packages, and with faults that a poll must tolerate or
# report.
# shellcheck source=tests/lib/lib.sh
. "$(dirname "$0")/../lib/lib.sh"

# ports OPTION ...: how many ports one poll reads.
ports() {
	hm-poll -1 --stats-period 0 "$@" 2>"$work/poll.err" |
		tee "$work/frames" | hm-decode --stats-period 0 |
		tee "$work/readings" |
		jq -r 'select(.type == "port") | "\(.serial) \(.port)"' |
		sort -u | wc -l
}

error_of() {
	hm-poll -1 --retries 0 --stats-period 0 --connect-timeout 1 \
		--read-timeout 1 "$@" 2>"$work/poll.err" |
		jq -r 'select(.type == "status") | .error'
}

for transport in hm modbus; do
	start_sim "plain-$transport" --transport "$transport" --inverters 4 \
		--inputs 4
	same "$transport: 4 inverters of 4 inputs" "$(ports "${uris[0]}")" 16
	check "$transport: a capture replays to the same readings" sh -c \
		"hm-decode --stats-period 0 <'$work/frames' |
		cmp - '$work/readings'"
	same "$transport: nothing on stderr" "$(cat "$work/poll.err")" ""
	same "$transport: a good poll ends with 0" \
		"$(hm-poll -1 "${uris[0]}" >/dev/null 2>&1; echo $?)" 0
	same "$transport: jq reads every record and its time" "$(
		hm-poll -1 "${uris[0]}" | hm-decode | jq -s '
			map(select(.time | fromdate > 1600000000)) | length ==
			length and (map(.type) | index("dtu") != null)'
	)" true
done

start_sim paged --transport hm --inverters 10 --inputs 4
same "hm: 40 inputs come in packages" "$(ports "${uris[0]}")" 40
check "hm: more than one package was needed" \
	jq -e '.frames | length > 2' "$work/frames"

start_sim encrypted --transport hm --encrypt --inverters 2 --inputs 2
same "hm: an encrypted DTU is read" "$(ports "${uris[0]}")" 4
check "hm: a record says that the DTU encrypts" sh -c \
	"hm-decode <'$work/frames' | grep -q '\"encrypted\":true'"
same "hm: the key's random number is in no record" "$(
	hm-decode <"$work/frames" | jq -r 'select(.type == "info" and
		.kind == "dtu") | .encrypted' | sort -u)" true

start_sim three --transport hm --phases 3 --meter --inverters 1 --inputs 6
hm-poll -1 "${uris[0]}" | hm-decode >"$work/three"
check "hm: three phases" jq -se 'map(select(.type == "inverter")) |
	.[0] | .grid_voltage_a > 200 and .grid_voltage_bc > 300' "$work/three"
check "hm: a meter" jq -se 'map(select(.type == "meter")) | length == 1' \
	"$work/three"

start_sim extras --transport hm --unasked --inverters 1
hm-poll -1 --ask info,network,alarms,history,config "${uris[0]}" |
	hm-decode >"$work/extras"
for type in info alarm history energies; do
	check "hm: $type records on request" \
		jq -se "map(select(.type == \"$type\")) | length > 0" \
		"$work/extras"
done

same "hm: the configuration on request" "$(jq -c 'select(.upload_period) |
	[.kind, .power_limit_all, .upload_period]' "$work/extras")" \
	'["dtu",100,900]'

for fault in seq pieces joined; do
	start_sim "hm-$fault" --transport hm --inverters 2 --inputs 2 \
		--fault "$fault"
	same "hm: $fault is tolerated" "$(ports "${uris[0]}")" 4
done
for fault in count pieces; do
	start_sim "modbus-$fault" --transport modbus --inverters 2 --inputs 2 \
		--fault "$fault"
	same "modbus: $fault is tolerated" "$(ports "${uris[0]}")" 4
done

start_sim many --transport modbus --inverters 25 --inputs 4
same "modbus: 25 inverters of 4 inputs" "$(ports "${uris[0]}")" 100
start_sim unit --transport modbus --unit-id 0 --inverters 1 --inputs 2
same "modbus: hm-sim names the unit id 0" "${uris[0]##*/}" 0
same "modbus: unit id 0 is read" "$(ports "${uris[0]}")" 2
same "modbus: ... as a setting" "$(
	ports --modbus-unit-id 0 "${uris[0]%/0}")" 2
same "modbus: ... of one DTU" "$(
	DTU_CONFIGS="[{uri: '${uris[0]%/0}', unit_id: 0}]" ports)" 2

# The DTU's sums, as one poll reads them.
sums() {
	hm-poll -1 --stats-period 0 "$1" 2>/dev/null |
		hm-decode --stats-period 0 | jq -c 'select(.type == "dtu") |
		[.pv_power, .today_production, .inverters]'
}
start_sim whole --transport modbus --inverters 2 --inputs 4 --speed 0
whole=$(sums "${uris[0]}")
for fault in transaction twice; do
	start_sim "$fault" --transport modbus --inverters 2 --inputs 4 \
		--speed 0 --fault "$fault"
	same "modbus: $fault is tolerated" "$(sums "${uris[0]}")" \
		"$whole"
done

# expect_part NAME PORTS MISSING ERROR OPTION ...: a part of the readings is
# read, in one attempt.
expect_part() {
	start_sim "part-$1" --inverters 2 --inputs 4 "${@:5}"
	same "$1: the other inputs are read" "$(
		ports --retries 0 --read-timeout 1 "${uris[0]}")" "$2"
	same "... the frame says which part is missing" \
		"$(jq -c 'select(.type == "frame") | [.partial, .missing]' \
			"$work/frames")" "[true,$3]"
	same "... the DTU has no sums" "$(jq -c 'select(.type == "dtu") |
		[.pv_power, .total_production, .inverters]' \
		"$work/readings")" "[null,null,null]"
	check "... one line says why" test "$(wc -l <"$work/poll.err")" = 1
	check "... with the error $4" grep -q ": $4: .*cannot be read" \
		"$work/poll.err"
	same "... and the DTU is online" "$(
		jq -r 'select(.type == "status") | .state' "$work/frames")" \
		online
}
expect_part gap 7 '[2]' exception --transport modbus --fault gap
expect_part mute 7 '[2]' timeout_read --transport modbus --fault mute
expect_part endless 8 '[9]' exception --transport modbus --fault endless
expect_part close 7 '[3]' closed --transport modbus --fault close:at=4
expect_part silence 2 '[3]' timeout_read --transport modbus \
	--fault hang:after=4
expect_part package 2 '[1,2]' timeout_read --transport hm --page-size 4 \
	--fault hang:after=3

start_sim debug --transport hm,modbus --fault joined,gap --inverters 1
hm-poll -1 --log-level DEBUG "${uris[@]}" 2>"$work/debug" |
	hm-decode --log-level DEBUG >/dev/null
check "hm: a frame that is dropped is in the log at DEBUG" \
	grep -q 'hm-poll: debug: .*: dropped: frame 22.* requested was a2' \
	"$work/debug"
check "modbus: so is a reply" \
	grep -q 'dropped: reply about input 2 .*exception 2' "$work/debug"

expect_error() {
	start_sim "$1-$2" --transport "$1" --fault "$2"
	same "$1: $2 is reported as $3" "$(error_of "${uris[0]}")" "$3"
}
expect_error hm hang timeout_read
expect_error hm close closed
expect_error hm crc crc
expect_error hm garbage protocol
expect_error hm unmapped not_mapped
expect_error modbus hang timeout_read
expect_error modbus close closed
expect_error modbus unmapped not_mapped
expect_error modbus exception exception
expect_error modbus unit unit

port=$(free_port)
start=$(milliseconds)
same "a closed port is reported as refused" \
	"$(error_of "modbus://127.0.0.1:$port")" refused
check "... at once" soon "$start" 1000
same "... in one line on stderr" "$(wc -l <"$work/poll.err")" 1
same "... with status 69" \
	"$(hm-poll -1 --retries 0 "modbus://127.0.0.1:$port" >/dev/null 2>&1
	echo $?)" 69

start_sim two --transport hm,modbus --fault crc --fault-dtu 1
hm-poll -1 --retries 0 --stats-period 0 "${uris[@]}" 2>/dev/null >"$work/two"
same "a DTU without a fault is read beside one with a fault" \
	"$(jq -r 'select(.type == "frame") | .transport' "$work/two" | wc -l)" 1
finish
