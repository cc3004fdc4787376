#!/bin/bash
# pipelines/anonymise: what hm-decode makes of masked frames is what it makes of
# the frames, masked; and nothing that was masked is left.
# shellcheck source=tests/lib/lib.sh
. "$(dirname "$0")/../lib/lib.sh"
golden=$(cd "$(dirname "$0")/../golden/hm-decode" && pwd)
mask=$(cd "$(dirname "$0")/../../pipelines" && pwd)/anonymise

decode() {
	hm-decode --stats-period 0 2>/dev/null
}

# Frames of each kind that are whole.
for name in alarms captured-info-and-unasked captured-readings energies \
	gateway-info gateway-registry history hybrid-plant hybrid-readings \
	info-of-everything meter-dtsu666-serial-10c0 modbus-alarms modbus-records \
	repeater-and-shutdown serial-of-herf; do
	cat "$golden/$name/in"
done | jq -c 'select(.type == "frame")' >"$work/frames"
"$mask" word <"$work/frames" >"$work/masked" 2>"$work/err"
same "every frame record is masked" "$(cat "$work/err"; wc -l <"$work/masked")" \
	"$(wc -l <"$work/frames")"
decode <"$work/frames" >"$work/readings"
check "there are readings of many frames" \
	[ "$(wc -l <"$work/readings")" -gt 100 ]
# A label is made from the serial number; masks have one of their own.
decode <"$work/masked" | jq -c 'del(.label)' >"$work/of-masked"
"$mask" word <"$work/readings" >"$work/masked-readings"
same "frames decode to the masked readings" \
	"$(diff "$work/of-masked" "$work/masked-readings" | head -n 4)" ""

# varint HEX: the bytes of a number in protobuf.
varint() {
	local n=$((16#$1))
	while [ "$n" -gt 127 ]; do
		printf %02x $((n & 127 | 128))
		n=$((n >> 7))
	done
	printf %02x "$n"
}

# "SERIAL|ITS TEXT|ITS VARINT" in hex, of devices; others are made up.
jq -r '.serial // empty | select(test("^1[0-9a-f]{11}$"))' "$work/readings" |
	sort -u >"$work/serials"
while read -r serial; do
	printf '%s|%s|%s\n' "$serial" \
		"$(printf %s "${serial^^}" | od -An -v -tx1 | tr -d ' \n')" \
		"$(varint "$serial")"
done <"$work/serials" >"$work/patterns"
check "there are many devices" [ "$(wc -l <"$work/serials")" -gt 10 ]
same "... of none is a serial number left" \
	"$(grep -cE -f "$work/patterns" "$work/masked")" 0
check "... all had been there" \
	[ "$(grep -cE -f "$work/patterns" "$work/frames")" -gt 10 ]
same "models stay" "$(jq -r '.model // empty' "$work/of-masked" | sort | uniq -c)" \
	"$(jq -r '.model // empty' "$work/readings" | sort | uniq -c)"

"$mask" <"$work/frames" >"$work/once"
"$mask" <"$work/frames" >"$work/again"
check "other masks without a word" \
	[ "$(cmp "$work/once" "$work/again" | wc -l)" -eq 1 ]
same "a wrong CRC stays wrong" "$(jq -cn '{type: "frame", dtu: "a",
	transport: "hm", frames: ["484da2010001ffff0010080110021803"]}' |
	"$mask" word | jq -r '.frames[0]')" 484da2010001ffff0010080110021803

echo '{"type":"status","dtu":"roof","host":"192.168.1.50","text":"192.168.1.50 says 116172207281, 02.03.04.05-x"}' | "$mask" word >"$work/status"
same "names, hosts and addresses are masked, also in texts" \
	"$(jq -r '.dtu, .host, .text' "$work/status" | sed -E 's/[0-9a-f]{8}\b/H/g')" \
	"dtu-H
host-H
host-H says 1161H, 02.03.04.05-x"
same "... alike" "$(jq -r '.host == (.text | split(" ")[0])' "$work/status")" \
	true
"$mask" word <<<'no record' >"$work/out" 2>/dev/null
same "what is no record is left out, and the exit status says so" \
	"$? $(cat "$work/out")" "5 "
finish
