#!/bin/bash
# http.sh PATH SLOW RATE SECONDS: hm-metrics under load. It reads 1,000 records a
# second, of 32 ports, while SLOW connections send a byte a second each and RATE
# requests a second for PATH come in; for one in /api it has a history of 400 days.
# Prints how late each record leaves it. Fails if one is late by more than 50 ms.
# shellcheck source=tests/lib/lib.sh
. "$(dirname "$0")/../lib/lib.sh"

lib=$(cd "$(dirname "$0")/../lib" && pwd)
path=$1
slow=$2
rate=$3
seconds=$4
port=$(free_port)
export TZ=Europe/Berlin
options=()
if [[ $path == /api/* ]]; then
	"$lib/plant-years" "$work/hm.db" "$(date +%F)" 400 3 1
	options=(-d "$work/hm.db" --timezone "$TZ")
fi

"$HM_BUILD/helper/ticker" 1 $((seconds + 6)) 32 |
	hm-metrics --port "$port" --stats-period 0 "${options[@]}" |
	"$HM_BUILD/helper/stamp" >"$work/lines" &
pids+=($!)
until_true 5 listening "$port"
metrics=$(pgrep -n -f "hm-metrics --port $port ")
sleep 2

cpu() {
	awk '{ print ($14 + $15) * 10 }' "/proc/$metrics/stat"
}

pss() {
	awk '/^Pss:/ { print $2 }' "/proc/$metrics/smaps_rollup"
}

# Summary of the delays of the lines on stdin.
lateness() {
	jq -s -r 'map(.[0] - .[1].ms) | sort |
		"lines \(length), late by \(.[length / 2 | floor]) ms in the " +
		"middle, \(.[length * 0.99 | floor]) ms at 99 %, \(.[-1]) ms " +
		"at most"'
}

echo "$path"
echo "at rest: $(wc -l <"$work/lines") lines so far, PSS $(pss) kB"
before=$(wc -l <"$work/lines")
start=$(cpu)
"$HM_BUILD/helper/http_load" "$port" "$path" "$slow" "$rate" "$seconds" \
	>"$work/load"
echo "$slow slow connections, $rate requests/s for $seconds s"
echo "  $(cat "$work/load")"
echo "  hm-metrics: $(($(cpu) - start)) ms CPU, PSS $(pss) kB"
tail -n "+$((before + 1))" "$work/lines" | head -n $((seconds * 1000)) >"$work/under"
echo "  $(lateness <"$work/under")"
wait
most=$(jq -s 'map(.[0] - .[1].ms) | max' "$work/under")
[ "$most" -le 50 ]
