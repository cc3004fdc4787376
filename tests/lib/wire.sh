# Sourced by the tests that speak to hm-sim in bytes.
# shellcheck shell=bash

port_of() {
	local rest=${1##*:}
	echo "${rest%%/*}"
}

dial() {
	exec 5<>"/dev/tcp/127.0.0.1/$(port_of "$1")"
}

send() {
	printf '%b' "$(fold -w 2 <<<"$1" | sed 's/^/\\x/' | tr -d '\n')" >&5
}

# receive BYTES [SECONDS]: print up to BYTES bytes as hex, until the time is
# over or the connection is closed.
receive() {
	timeout "${2:-2}" dd bs=1 count="$1" status=none <&5 |
		od -An -v -tx1 | tr -d ' \n'
}

# exchange URI REQUEST BYTES [SECONDS]: send a request over a new connection,
# and print the reply.
exchange() {
	dial "$1"
	send "$2"
	receive "$3" "${4:-2}"
	exec 5>&-
}

# Whether the DTU has closed the connection.
hung_up() {
	timeout 2 cat <&5 >/dev/null
}

# CRC-16/MODBUS of hex digits, bit by bit.
crc16() {
	local hex=$1 crc=$((0xffff)) i bit
	for ((i = 0; i < ${#hex}; i += 2)); do
		crc=$((crc ^ 16#${hex:i:2}))
		for ((bit = 0; bit < 8; bit++)); do
			crc=$((crc & 1 ? crc >> 1 ^ 0xa001 : crc >> 1))
		done
	done
	printf '%04x' "$crc"
}

# The first frame in hex digits, and whether its CRC is right.
first_frame() {
	echo "${1:0:2 * 16#${1:16:4}}"
}
crc_is_right() {
	local frame
	frame=$(first_frame "$1")
	[ "${1:12:4}" = "$(crc16 "${frame:20}")" ]
}
crc_is_wrong() {
	[ ${#1} -ge 20 ] && ! crc_is_right "$1"
}

# varint NUMBER: as protobuf has it, in hex.
varint() {
	local n=$1
	while ((n > 127)); do
		printf '%02x' $((n & 127 | 128))
		n=$((n >> 7))
	done
	printf '%02x' "$n"
}

# gateway_request COMMAND SERIAL NUMBER PAYLOAD: a frame with the header of a
# gateway, all in hex. The number of the frame is 7.
gateway_request() {
	printf '484d%s0007%s%04x000e%016x0000%04x%s' "$1" "$(crc16 "$4")" \
		$((24 + ${#4} / 2)) "$((16#$2))" "$3" "$4"
}

# gateway_inverters URI SERIAL: what hm-decode makes of a gateway's list.
gateway_inverters() {
	printf '{"type":"frame","time":"2026-11-30T10:00:00Z","dtu":"x","transport":"hm","frames":["%s"]}' \
		"$(exchange "$1" "$(gateway_request c302 "$2" 1 1880e101)" 9000 0.3)" |
		hm-decode --stats-period 0 | jq -r 'select(.kind == "inverter").serial'
}

# read_registers FUNCTION FIRST COUNT [TRANSACTION]: a Modbus request in hex.
read_registers() {
	printf '%04x00000006 01%02x%04x%04x' "${4:-9}" "$1" "$2" "$3" | tr -d ' '
}
