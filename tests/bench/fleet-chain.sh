#!/bin/bash
# fleet-chain.sh DTUS SECONDS: all eight tools with many DTUs, each with two
# inverters of four inputs, every 5 s, a database and a real broker. Prints the
# CPU time and the memory (PSS) of each tool. Fails above 0.9 ms of CPU a poll on a
# machine on which version 0.1.0 takes 9.3 s for a tenth of a year of replay.sh, and
# as much above it as this machine is slower; also if a poll begins more than 200 ms
# late or fails, or if a message is dropped.
# shellcheck source=tests/lib/lib.sh
. "$(dirname "$0")/../lib/lib.sh"
# shellcheck source=tests/lib/cost.sh
. "$(dirname "$0")/../lib/cost.sh"
# shellcheck source=tests/bench/release.sh
. "$(dirname "$0")/release.sh"
unset TIMEZONE TZ DATABASE_PATH DTU_HOST HM_CONFIG
dtus=$1
seconds=$2
readonly warm=30 us=900 most_late=200
readonly rounds=3 replayed=5256 replay_s=0.93

# The CPU time of a poll on this machine that is the limit.
scaled_limit() {
	"$HM_BUILD/helper/hm-sim/polls" "$replayed" >"$work/frames"
	for _ in $(seq "$rounds"); do
		seconds replay "$old" "$work/frames"
	done | middle | awk -v us="$us" -v s="$replay_s" '{
		printf "%.0f\n", us * ($1 > s ? $1 / s : 1)
	}'
}

most_us=$us
if git cat-file -e "$release^{commit}" 2>/dev/null; then
	build_release
	most_us=$(scaled_limit)
fi
port=$(free_port)
ulimit -n "$(ulimit -Hn)"
start_broker "$port"
start_sim fleet --transport hm --dtus "$dtus" --inverters 2 --inputs 4 \
	--spread address --listen 127.18.0.1 --start 12:00
{
	printf '%s: %s\n' mqtt_broker 127.0.0.1 mqtt_port "$port" query_period 5 \
		mqtt_queue_size 100000 health_port "$(free_port)" \
		database_path "$work/hm.db" log_level CRITICAL stats_period 5 dtu_configs ''
	printf '  - uri: %s\n' "${uris[@]}"
} >"$work/hm.yaml"

chain() {
	hm-poll | hm-decode | hm-filter | hm-alert | hm-store | hm-ha-discovery |
		hm-publish | hm-metrics |
		grep --line-buffered '^{"type":"stats"' >"$work/stats"
}

# last TOOL COUNTER
last() {
	jq -r "select(.tool == \"$1\") | .$2 // 0" "$work/stats" | tail -n 1
}

HM_CONFIG=$work/hm.yaml FLEET=$$ chain 2>"$work/err" &
pids+=($!)
all_answer() {
	[ "$(last hm-poll polls)" -ge $((dtus * 2)) ]
}
until_true 120 all_answer ||
	{ echo "no stats of hm-poll come through the chain"; exit 1; }
sleep "$warm"
mapfile -t tools < <(tools_with "FLEET=$$")
[ "${#tools[@]}" -eq 8 ] || { echo "a tool has ended"; exit 1; }

look() {
	local pid
	for pid in "${tools[@]}"; do
		echo "$(cat "/proc/$pid/comm") $(cpu_us "$pid") $(pss_kb "$pid")"
	done
}
look >"$work/before"
polls=$(last hm-poll polls)
sleep "$seconds"
look >"$work/after"
sleep 6 # for stats of this moment
# Their files go with the directory.
kill -9 "${tools[@]}"
wait "${pids[-1]}"
polls=$((($(last hm-poll polls) - polls) * seconds / (seconds + 6)))
echo "$dtus DTUs every 5 s for $seconds s: $polls polls"
awk -v polls="$polls" -v late="$(last hm-poll max_late_ms)" \
	-v failed="$(last hm-poll failed_polls)" \
	-v skipped="$(last hm-poll skipped_polls)" \
	-v dropped="$(last hm-publish dropped)" -v most="$most_us" \
	-v most_late="$most_late" '
	NR == FNR { before[$1] = $2; next }
	{
		us = ($2 - before[$1]) / polls
		all += us
		kb += $3
		printf "  %-16s %6.0f us a poll %8d kB\n", $1, us, $3
	}
	END {
		printf "  %-16s %6.0f us a poll %8d kB\n", "all", all, kb
		printf "  failed %d, skipped %d, latest by %d ms; messages " \
		    "dropped: %d\n", failed, skipped, late, dropped
		bad = all > most || late > most_late || dropped > 0 || failed > 0
		if (bad)
			printf "above a limit: %d us, %d ms, none dropped or " \
			    "failed\n", most, most_late
		exit bad
	}' "$work/before" "$work/after"
