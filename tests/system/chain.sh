#!/bin/bash
# The whole chain, from simulated DTUs over both transports to a real broker,
# which is killed and started again. mosquitto_sub shows what arrives.
# shellcheck source=tests/lib/lib.sh
. "$(dirname "$0")/../lib/lib.sh"

port=$(free_port)
start_broker "$port"
start_sim plant --transport hm,modbus --inverters 2 --inputs 2

listen() {
	mosquitto_sub -h 127.0.0.1 -p "$port" -t 'homeassistant/#' \
		-F '%r %t %p' >"$work/$1" &
	listener=$!
	pids+=("$listener")
}

states() {
	grep -c '/state ' "$work/$1" || :
}

has_states() {
	[ "$(states "$1")" -ge "$2" ]
}

has_line() {
	grep -q "$2" "$work/$1"
}

listen before
hm-poll --period 5 --log-level ERROR "${uris[@]}" | hm-decode |
	hm-filter -d "$work/hm.db" | hm-ha-discovery |
	hm-publish --mqtt-broker 127.0.0.1 --mqtt-port "$port" \
		--reconnect-delay 0.2 --reconnect-delay-max 0.5 \
		>"$work/stream" 2>"$work/publish.err" &
chain=$!
pids+=("$chain")

# Each DTU: itself, 2 inverters, 4 inputs.
check "states of every device arrive" until_true 15 has_states before 14
check "the bridge says that it is online" until_true 5 \
	has_line before '^[01] homeassistant/hoymiles_mqtt/bridge/availability online'

listen retained
check "discovery is retained for later subscribers" until_true 5 \
	has_line retained '^1 homeassistant/sensor/.*/config '
sleep 0.3
kill "$listener"
serials=$(jq -r 'select(.type | IN("dtu", "inverter", "port")) | .serial' \
	"$work/stream" | sort -u)
announced=$(grep '^1 homeassistant/.*/config ' "$work/retained" |
	cut -d' ' -f2 | cut -d/ -f3 | sort -u)
same "every device is announced" "$announced" "$serials"
same "no state is retained" \
	"$(grep -c '^1 .*/state ' "$work/retained")" 0
check "every announcement is JSON" sh -c \
	"grep '/config ' '$work/retained' | cut -d' ' -f3- | jq -e . >/dev/null"

kill -9 "$broker"
wait "$broker" 2>/dev/null
# Records keep flowing while the broker is away.
seen=$(grep -c '"type":"frame"\|"type":"dtu"' "$work/stream")
flows() {
	[ "$(grep -c '"type":"dtu"' "$work/stream")" -gt "$seen" ]
}
check "the stream goes on without the broker" until_true 12 flows
start_broker "$port"
listen after
check "publishing goes on after the broker has come back" \
	until_true 12 has_states after 7
check "announcements are repeated to a broker that forgot them" \
	until_true 5 has_line after '/config {'

# The subshell of a background pipeline ends with its last command.
pkill -TERM -P $$ -x hm-poll
check "when hm-poll ends, the chain ends" until_true 10 \
	sh -c "! kill -0 $chain 2>/dev/null"
check "a clean end says offline" until_true 5 \
	has_line after 'bridge/availability offline'
finish
