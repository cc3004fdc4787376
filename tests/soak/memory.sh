#!/bin/bash
# memory.sh MINUTES: print the memory of each tool of the chain once a minute.
# hm-poll reads a DTU for each transport, with four inverters of four inputs,
# every 5 s; hm-publish sends to a real broker.
# shellcheck source=tests/lib/lib.sh
. "$(dirname "$0")/../lib/lib.sh"

port=$(free_port)
start_broker "$port"
start_sim plant --transport hm,modbus --inverters 4 --inputs 4
mkfifo "$work/frames" "$work/readings" "$work/guarded" "$work/watched" \
	"$work/stored" "$work/messages" "$work/published"
hm-poll --period 5 --log-level CRITICAL "${uris[@]}" >"$work/frames" &
tools=($!)
hm-decode <"$work/frames" >"$work/readings" &
tools+=($!)
hm-filter -d "$work/hm.db" <"$work/readings" >"$work/guarded" &
tools+=($!)
hm-alert --alerts <"$work/guarded" >"$work/watched" &
tools+=($!)
hm-store -d "$work/hm.db" <"$work/watched" >"$work/stored" &
tools+=($!)
hm-ha-discovery <"$work/stored" >"$work/messages" &
tools+=($!)
hm-publish --mqtt-broker 127.0.0.1 --mqtt-port "$port" \
	<"$work/messages" >"$work/published" &
tools+=($!)
hm-metrics -d "$work/hm.db" --port "$(free_port)" <"$work/published" \
	>/dev/null &
tools+=($!)
pids+=("${tools[@]}")

# The PSS of each process in kB, and the sum.
proportional() {
	local pid sum=0 kb
	for pid in "${tools[@]}"; do
		kb=$(awk '/^Pss:/ { print $2 }' "/proc/$pid/smaps_rollup")
		printf '%s ' "$kb"
		sum=$((sum + kb))
	done
	echo "$sum"
}

echo "minute hm-poll hm-decode hm-filter hm-alert hm-store hm-ha-discovery" \
	"hm-publish hm-metrics all (PSS, kB)"
sleep 10
for minute in $(seq 0 "$1"); do
	echo "$minute $(proportional)"
	[ "$minute" = "$1" ] || sleep 60
done
