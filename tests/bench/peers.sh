#!/bin/bash
# peers.sh SECONDS: hm and other programs that do the same job: read a DTU with two
# inverters of four inputs every 5 s, and send its readings to a real broker. All
# run at the same time, each with a DTU of its own. Prints the CPU time of a poll,
# and the memory (PSS). Then the time of one reading at a prompt, beside
# hoymiles-wifi. Fails if hoymiles-mqtt takes less than 6 times the CPU time of hm's
# poll, decode, filter, ha-discovery and publish, or less than 3 times that of all
# eight tools.
#   PYTHONS   where the programs of PyPI are installed (build/peers)
#   TELEGRAF  telegraf's program; skipped if there is none
# shellcheck source=tests/lib/lib.sh
. "$(dirname "$0")/../lib/lib.sh"
# shellcheck source=tests/lib/cost.sh
. "$(dirname "$0")/../lib/cost.sh"
unset TIMEZONE TZ DATABASE_PATH DTU_HOST HM_CONFIG MQTT_BROKER MQTT_PORT
seconds=$1
root=$(cd "$(dirname "$0")/../.." && pwd)
pythons=${PYTHONS:-$root/build/peers}
telegraf=${TELEGRAF:-$(command -v telegraf)}
readonly period=5 warm=12
readonly least_five=6 least_eight=3

# install PLACE PACKAGE ...
install() {
	python3 -m venv "$pythons/$1" && "$pythons/$1/bin/pip" install -q \
		--disable-pip-version-check "${@:2}" || exit 1
}

# address N: "HOST PORT" of a DTU.
address() {
	local uri=${uris[$1]#modbus://}
	echo "${uri%:*} ${uri##*:}"
}

hoymiles_mqtt() {
	local host port_of
	read -r host port_of < <(address 0)
	"$pythons/mqtt/bin/python" -m hoymiles_mqtt --mqtt-broker 127.0.0.1 \
		--mqtt-port "$port" --dtu-host "$host" --dtu-port "$port_of" \
		--query-period "$period" >"$work/mqtt.out" 2>&1 &
	peer=$!
	pids+=("$peer")
}

five() {
	hm-poll --period "$period" "${uris[1]}" 2>>"$work/err" |
		hm-decode 2>>"$work/err" | hm-filter 2>>"$work/err" |
		hm-ha-discovery 2>>"$work/err" |
		hm-publish >>"$work/five.out" 2>>"$work/err"
}

eight() {
	hm-poll --period "$period" "${uris[2]}" 2>>"$work/err" |
		hm-decode 2>>"$work/err" | hm-filter 2>>"$work/err" |
		hm-alert 2>>"$work/err" | hm-store 2>>"$work/err" |
		hm-ha-discovery 2>>"$work/err" | hm-publish 2>>"$work/err" |
		hm-metrics >>"$work/eight.out" 2>>"$work/err"
}

# Registers of the same readings as hoymiles-mqtt reads.
telegraf_settings() {
	local host port_of input
	read -r host port_of < <(address 3)
	cat <<-END
		[agent]
		  interval = "${period}s"
		  flush_interval = "${period}s"
		  quiet = true
		[[outputs.mqtt]]
		  servers = ["tcp://127.0.0.1:$port"]
		  topic = "telegraf/{{ .PluginName }}/{{ .Tag \"input\" }}"
		  data_format = "json"
	END
	for input in 0 1 2 3 4 5 6 7; do
		cat <<-END
			[[inputs.modbus]]
			  name = "input$input"
			  controller = "tcp://$host:$port_of"
			  configuration_type = "register"
			  slave_id = 1
			  holding_registers = [
			    { name = "voltage", byte_order = "AB", data_type = "UINT16",
			      scale = 0.1, address = [$((0x1000 + input * 40 + 4))] },
			    { name = "power", byte_order = "AB", data_type = "UINT16",
			      scale = 0.1, address = [$((0x1000 + input * 40 + 8))] },
			  ]
		END
	done
}

start_telegraf() {
	[ -n "$telegraf" ] || return
	telegraf_settings >"$work/telegraf.conf"
	"$telegraf" --config "$work/telegraf.conf" >"$work/telegraf.out" 2>&1 &
	telegraf_pid=$!
	pids+=("$telegraf_pid")
}

# has_messages SERIAL
has_messages() {
	grep -q "/$1/state" "$work/messages"
}

# row NAME CPU_US PSS_KB
row() {
	printf '  %-38s %6d us a poll %7d kB\n' "$1" "$(($2 / polls))" "$3"
}

# once COMMAND ...: the CPU time of a command, in ms.
once() {
	local n
	TIMEFORMAT='%U %S'
	for n in 1 2 3 4 5; do
		{ time "$@" >"$work/once" 2>&1; } 2>&1
		[ -s "$work/once" ] || echo "no output" >&2
	done | awk '{ print ($1 + $2) * 1000 }' | sort -n | sed -n 3p
}

read_once() {
	hm-poll -1 --stats-period 0 "$one" | hm-decode --stats-period 0
}

install mqtt hoymiles-mqtt==0.11.0 paho-mqtt==2.1.0
install wifi hoymiles-wifi
port=$(free_port)
start_broker "$port"
start_sim plant --transport modbus --dtus 4 --inverters 2 --inputs 4 \
	--start 12:00
: >"$work/messages"
subscribe "$port" 'homeassistant/#' "$work/messages"
export MQTT_BROKER=127.0.0.1 MQTT_PORT=$port LOG_LEVEL=ERROR
mapfile -t inverters < <(for n in 0 1 2; do
	hm-poll -1 --stats-period 0 "${uris[n]}" | hm-decode --stats-period 0 |
		jq -r 'select(.type == "inverter").serial' | head -n 1
done)
hoymiles_mqtt
PEER=five$$ five &
pids+=($!)
for n in 0 1; do
	until_true 30 has_messages "${inverters[n]}" ||
		{ echo "no messages"; exit 1; }
done
mapfile -t first < <(tools_with "PEER=five$$")
five_kb=$(pss_kb "${first[@]}")
export HEALTH_PORT
HEALTH_PORT=$(free_port)
PEER=eight$$ DATABASE_PATH=$work/hm.db eight &
pids+=($!)
start_telegraf
until_true 30 has_messages "${inverters[2]}" || { echo "no messages"; exit 1; }
mapfile -t second < <(tools_with "PEER=eight$$")
[ "${#first[@]} ${#second[@]}" = "5 8" ] ||
	{ echo "a tool has ended: $(head -n 1 "$work/err")"; exit 1; }
sleep "$warm"
look() {
	cpu_us "$peer"
	cpu_us "${first[@]}"
	cpu_us "${second[@]}"
	[ -z "${telegraf_pid-}" ] || cpu_us "$telegraf_pid"
}
mapfile -t before < <(look)
sleep "$seconds"
mapfile -t after < <(look)
polls=$((seconds / period))
for n in "${!after[@]}"; do
	cpu[n]=$((after[n] - before[n]))
done
peer_kb=$(pss_kb "$peer")
[ -z "${telegraf_pid-}" ] || telegraf_kb=$(pss_kb "$telegraf_pid")
kill "${first[@]}"
sleep 1
eight_kb=$(pss_kb "${second[@]}")
kill -9 "${second[@]}"

version() {
	"$pythons/$1/bin/pip" list --disable-pip-version-check 2>/dev/null |
		awk -v name="$2" '$1 == name { print $1, $2 }'
}
echo "a DTU with two inverters of four inputs every $period s, for $seconds s"
row "$(version mqtt hoymiles-mqtt), $(version mqtt paho-mqtt)" \
	"${cpu[0]}" "$peer_kb"
row "hm, five tools" "${cpu[1]}" "$five_kb"
row "hm, all eight, with a database" "${cpu[2]}" "$eight_kb"
if [ -n "${telegraf_pid-}" ]; then
	row "telegraf, of each input two values" "${cpu[3]}" "$telegraf_kb"
else
	echo "  telegraf is not installed: skipped (TELEGRAF=its program)"
fi
start_sim prompt --transport hm --inverters 2 --inputs 4 --start 12:00
one=${uris[0]}
start_sim wifi --transport hm --listen 127.77.0.1 --port 10081 --inverters 2 \
	--inputs 4 --start 12:00
echo "one reading at a prompt, CPU time"
printf '  %-38s %6.0f ms\n' "$(version wifi hoymiles-wifi)" \
	"$(once "$pythons/wifi/bin/hoymiles-wifi" --host 127.77.0.1 get-real-data-new)"
printf '  %-38s %6.0f ms\n' "hm-poll and hm-decode" "$(once read_once)"
awk -v peer="${cpu[0]}" -v five="${cpu[1]}" -v eight="${cpu[2]}" \
	-v least_five="$least_five" -v least_eight="$least_eight" 'BEGIN {
	printf "hoymiles-mqtt / five tools: %.1f; at least %s\n", peer / five,
	    least_five
	printf "hoymiles-mqtt / all eight: %.1f; at least %s\n", peer / eight,
	    least_eight
	exit peer / five < least_five || peer / eight < least_eight
}'
