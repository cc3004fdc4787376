#!/bin/bash
# memory.sh MINUTES: the memory of each tool of the chain, once a minute, while
# a DTU of each kind, of four inverters with four inputs, is polled every 5 s
# and published to a real broker.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/../system/lib.sh"

port=$(free_port)
start_broker "$port"
start_sim plant --transport hm,modbus --inverters 4 --inputs 4
mkfifo "$work/frames" "$work/readings" "$work/guarded" "$work/messages"
hm-poll --period 5 --log-level CRITICAL "${uris[@]}" >"$work/frames" &
poll=$!
hm-decode <"$work/frames" >"$work/readings" &
decode=$!
hm-filter -d "$work/hm.db" <"$work/readings" >"$work/guarded" &
filter=$!
hm-ha-discovery <"$work/guarded" >"$work/messages" &
discovery=$!
hm-publish --mqtt-broker 127.0.0.1 --mqtt-port "$port" \
	<"$work/messages" >/dev/null &
publish=$!
pids+=("$poll" "$decode" "$filter" "$discovery" "$publish")

resident() {
	awk '/^VmRSS/ { print $2 }' "/proc/$1/status"
}

echo "minute hm-poll hm-decode hm-filter hm-ha-discovery hm-publish hm-sim (kB)"
sleep 10
for minute in $(seq 0 "$1"); do
	echo "$minute $(resident $poll) $(resident $decode)" \
		"$(resident $filter) $(resident $discovery) $(resident $publish)" \
		"$(resident "$sim")"
	[ "$minute" = "$1" ] || sleep 60
done
