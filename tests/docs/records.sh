#!/bin/bash
# docs/records.md: its tables against the field table, its examples against its
# tables, and both against the records that the tools write.
# shellcheck source=tests/lib/lib.sh
. "$(dirname "$0")/../lib/lib.sh"
# shellcheck source=tests/lib/wire.sh
. "$(dirname "$0")/../lib/wire.sh"
root=$(cd "$(dirname "$0")/../.." && pwd)
page=$root/docs/records.md
everywhere='type time dtu serial stale took_ms missing_parts'

# "ID,name" of the types that carry readings.
sed -n 's/^TYPE(\([A-Z_]*\), "\([a-z_]*\)".*/\1,\2/p' \
	"$root/lib/record/types.def" >"$work/readings"
readings=$(cut -d, -f2 "$work/readings" | paste -sd '|')

# "type key unit" of every field in the table, "-" for no unit.
table() {
	tr '\n' ' ' <"$root/lib/record/fields.def" | sed 's/FIELD(/\n&/g' |
		awk -F, '
		FILENAME != "-" { type[$1] = $2; next }
		/^FIELD\(/ && $2 ~ /"/ {
			gsub(/[ "]/, "", $2); gsub(/ /, "", $3)
			gsub(/[ "]/, "", $6); sub(/\\u00b0/, "°", $6)
			sub(/\\u03a9/, "Ω", $6)
			count = split($3, scope, "|")
			for (i = 1; i <= count; i++)
				print type[scope[i]], $2,
				    $6 == "NULL" ? "-" : $6
		}' "$work/readings" - | sort
}

# "type key unit" of every row whose first cell is a key in the page's tables.
documented() {
	awk -F'|' '
		/^## / { type = substr($0, 4); keys = 0; next }
		/^\| key \|/ { keys = 1; next }
		!/^\|/ { keys = 0 }
		keys && type ~ /^[a-z_]+$/ && $2 ~ /`/ {
			gsub(/[ `]/, "", $2); gsub(/ /, "", $3)
			print type, $2, $3 == "" ? "-" : $3
		}' "$page" | sort
}

types() {
	sed -n 's/^## \([a-z_]*\)$/\1/p' "$page"
}

# The example lines under a type's heading.
examples() {
	awk -v type="$1" '/^## / { on = $0 == "## " type }
		on && /^    / { print substr($0, 5) }' "$page"
}

# "TYPE KEY" of every key in the records on stdin, without the keys that many
# types have.
keys_of() {
	jq -r 'select(.type) | .type as $type | keys[] | "\($type) \(.)"' |
		grep -vE " (${everywhere// /|})$" | sort -u
}

# missing FIRST SECOND: the lines of the first file that the second lacks.
missing() {
	comm -23 <(sort -u "$1") <(sort -u "$2") | tr '\n' ';'
}

table >"$work/table"
documented >"$work/documented"
cut -d' ' -f1,2 "$work/documented" >"$work/keys"
grep -E "^($readings) " "$work/documented" |
	grep -v '^port port ' >"$work/fields"

same "the field table was read" "$(wc -l <"$work/table")" \
	"$(grep -v '^#define' "$root/lib/record/fields.def" | grep -c '^FIELD(' |
		awk -v extra="$(grep -oE "\b($(cut -d, -f1 "$work/readings" |
			paste -sd '|')) \|" "$root/lib/record/fields.def" | wc -l)" \
			'{ print $1 + extra }')"
same "every field of the table is documented, with its unit" \
	"$(missing "$work/table" "$work/fields")" ""
same "every documented field is in the table, with its unit" \
	"$(missing "$work/fields" "$work/table")" ""
# "type key" of fields whose meaning, scale or sign no device has confirmed.
tr '\n' ' ' <"$root/lib/record/fields.def" | sed 's/FIELD(/\n&/g' | awk -F, '
	FILENAME != "-" { type[$1] = $2; next }
	/HM_UNPROVEN/ {
		gsub(/[ "]/, "", $2); gsub(/ /, "", $3)
		count = split($3, scope, "|")
		for (i = 1; i <= count; i++)
			print type[scope[i]], $2
	}' "$work/readings" - | sort >"$work/unproven"
check "some fields are unproven" test -s "$work/unproven"
same "the page says which ones are" "$(awk -F'|' '
	/^## / { type = substr($0, 4) }
	/^\| `/ && /unproven/ { gsub(/[ `]/, "", $2); print type, $2 }' "$page" |
	sort)" "$(cat "$work/unproven")"
same "no key is documented twice" "$(uniq -d "$work/keys")" ""
same "every type has its heading" "$(types | sort | tr '\n' ' ')" \
	"alarm alarms answer battery command death dtu energies ev_charger external_pv flow frame generator grid history hybrid info inverter ledger load message meter mqtt order port repeater result shutdown sim stats status "

for type in $(types); do
	examples "$type" >"$work/examples"
	check "$type: has an example" test -s "$work/examples"
	same "$type: every example is a record of that type" "$(
		while IFS= read -r line; do
			jq -e --arg type "$type" '.type == $type and
				(keys_unsorted | .[0:2] == ["type", "time"])' \
				<<<"$line" 2>&1
		done <"$work/examples" | sort -u)" true
	keys_of <"$work/examples" >"$work/found"
	same "$type: every key of its examples is documented" \
		"$(missing "$work/found" "$work/keys")" ""
done

# Records of the tools, from plants with every kind of device. Several DTUs
# share the requests, because requests to one DTU are two seconds apart.
start_sim single --number --transport hm,modbus --dtus 3 --meter --extras --inverters 1 \
	--inputs 2 --start 06:15 --stats-period 1
plants=("${uris[@]}")
start_sim three --transport hm --meter --phases 3 --inverters 1 --inputs 6
hm-poll -1 --ask info,network "${plants[0]}" "${plants[3]}" >"$work/network" &
polls=($!)
hm-poll -1 --ask alarms "${plants[1]}" "${uris[0]}" >"$work/alarms" &
polls+=($!)
hm-poll -1 --ask history "${plants[2]}" >"$work/history" &
polls+=($!)
pids+=("${polls[@]}")
wait "${polls[@]}"
hm-poll -1 --retries 0 "hm://127.0.0.1:$(free_port)" >"$work/nobody" 2>/dev/null
until_true 5 grep -q '"type":"stats"' "$work/single.sim"
# A kept limit of 60 %.
printf '\0\1\0\0\0\6\1\6\xd0\2\0\x3c' >"/dev/tcp/127.0.0.1/${plants[3]##*:}"
until_true 5 grep -q '"type":"order"' "$work/single.sim"
# s6/service/finish writes a death record after a tool has ended.
mkdir -p "$work/scan/pipes" "$work/scan/decode"
mkfifo "$work/scan/pipes/decode"
printf '%s\n' decode filter >"$work/scan/pipes/chain"
exec 5<>"$work/scan/pipes/decode"
for end in "256 9" "71 0"; do
	# Two arguments.
	# shellcheck disable=SC2086
	(cd "$work/scan/decode" &&
		"$root/s6/service/finish" $end >/dev/null)
	head -n 2 <&5
done >"$work/deaths"
port=$(free_port)
start_broker "$port"
hm-subscribe --stats-period 0 --mqtt-broker 127.0.0.1 --mqtt-port "$port" \
	--topic x </dev/null >"$work/message" 2>/dev/null &
pids+=($!)
has_message() {
	mosquitto_pub -h 127.0.0.1 -p "$port" -t x -m 1 && [ -s "$work/message" ]
}
until_true 10 has_message
kill -USR1 $!
until_true 5 grep -q '"type":"stats"' "$work/message"
# A gateway, which is told a mode, and sends its readings.
start_sim gateway --transport es --ledger
gateway=$(jq -r 'select(.type == "sim").serial' "$work/gateway.sim")
serial=$(varint $((16#$(gateway_inverters "${uris[0]}" "$gateway"))))
exchange "${uris[0]}" "$(gateway_request c308 "$gateway" 1 "18${serial}20052814306e")" \
	100 0.3 >/dev/null
exchange "${uris[0]}" "$(gateway_request c303 "$gateway" 1 "28$serial")" 900 0.3 \
	>/dev/null
until_true 5 grep -q '"type":"ledger"' "$work/gateway.sim"
cat "$work"/{network,alarms,history,nobody,deaths} \
	"$root"/tests/golden/hm-decode/{gateway-registry,hybrid-readings,hybrid-plant,modbus-g3-plant,modbus-g3-single-phase}/in |
	hm-decode | hm-ha-discovery |
	cat - "$work"/{single.sim,gateway.sim,history,message} \
		"$root/tests/golden/hm-filter/commands/in" >"$work/records"
same "the tools write records of every documented type" \
	"$(jq -r .type "$work/records" | sort -u | tr '\n' ' ')" \
	"$(types | sort | tr '\n' ' ')"
keys_of <"$work/records" >"$work/found"
same "every key that the tools write is documented" \
	"$(missing "$work/found" "$work/keys")" ""
finish
