#!/bin/bash
# chain.sh SECONDS LIMIT: the cost of the chain under s6. It polls a DTU with
# four inverters of four inputs once a minute and publishes to a real broker.
# Prints the memory (PSS) of every process after SECONDS, and the CPU time that
# they took in this time. Fails if all of them take more than LIMIT kB.
# shellcheck source=tests/lib/lib.sh
. "$(dirname "$0")/../lib/lib.sh"
# shellcheck source=tests/lib/supervised.sh
. "$(dirname "$0")/../lib/supervised.sh"
unset HM_CONFIG DATABASE_PATH

s6=$(cd "$(dirname "$0")/../../s6" && pwd)
port=$(free_port)
export MQTT_BROKER=127.0.0.1 MQTT_PORT=$port DATABASE_PATH=$work/hm.db
export HEALTH_PORT=$page HM_LOG_DIR=$work/log

is_stored() {
	[ "$(sqlite3 -cmd '.timeout 2000' "$DATABASE_PATH" \
		'SELECT count(*) FROM latest')" -eq 16 ]
}

kind_of() {
	case $1 in
	hm-*) echo tools ;;
	s6-log) echo loggers ;;
	s6-*) echo supervisors ;;
	*) echo holder ;;
	esac
}

# "KIND NAME KB CPU_MS" of every process.
look() {
	local pid name kb ms
	for pid in $(chain_processes); do
		name=$(cat "/proc/$pid/comm" 2>/dev/null) || continue
		kb=$(awk '/^Pss:/ { print $2 }' "/proc/$pid/smaps_rollup")
		ms=$(awk '{ ns += $1 } END { printf "%.0f", ns / 1e6 }' \
			"/proc/$pid"/task/*/schedstat)
		echo "$(kind_of "$name") $name $kb $ms"
	done
}

start_broker "$port"
start_sim plant --inverters 4 --inputs 4
HM_CHAIN=$$ DTU_HOST=${uris[0]} "$s6/start" "$live" &
pids+=($!)
until_true 60 is_stored || { echo "nothing is stored"; exit 1; }
look >"$work/before"
sleep "$1"
look >"$work/after"

echo "the chain under s6 with one DTU, after $1 s"
awk -v seconds="$1" -v limit="$2" '
	FNR == NR { before += $4; next }
	{ count[$1]++; kb[$1] += $3; all += $3; after += $4 }
	$1 == "tools" { printf "  %-16s %6d kB\n", $2, $3 }
	END {
		for (kind in count)
			printf "  %-12s %3d %6d kB\n", kind, count[kind],
			    kb[kind]
		printf "  %-12s %3d %6d kB (PSS)\n", "all", NR - FNR, all
		cpu = (after - before) / seconds / 10
		printf "  CPU %.3f %% of a core\n", cpu
		bad = all > limit || cpu >= 0.5
		if (bad)
			print "above a limit: all " limit " kB, CPU 0.5 %"
		exit bad
	}' "$work/before" "$work/after"
