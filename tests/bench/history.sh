#!/bin/bash
# history.sh DAYS INVERTERS LIMIT: the CPU time that hm-metrics takes for each
# answer of the history, in a database of DAYS of a plant with INVERTERS of four
# inputs. Each of 20 requests is another query, so that no answer comes from the
# cache. Fails if one takes more than LIMIT ms of CPU time on average.
# shellcheck source=tests/lib/lib.sh
. "$(dirname "$0")/../lib/lib.sh"
lib=$(cd "$(dirname "$0")/../lib" && pwd)
export TZ=Europe/Berlin
db=$work/hm.db
port=$(free_port)
requests=20
limit=$3

"$lib/plant-years" "$db" 2026-11-28 "$1" "$2" 1
get() {
	curl -sSf "http://127.0.0.1:$port$1"
}

mkfifo "$work/in"
exec 7<>"$work/in"
hm-metrics --port "$port" --stats-period 0 -d "$db" --timezone $TZ \
	<"$work/in" >/dev/null 7>&- &
pids+=($!)
metrics=$!
until_true 10 get /livez >/dev/null

cpu() {
	awk '{ print ($14 + $15) * 10 }' "/proc/$metrics/stat"
}

# tell PATH: PATH has @ where the day stands.
tell() {
	local i before size most
	before=$(cpu)
	for ((i = 1; i <= requests; i++)); do
		size=$(get "${1//@/$(date -d "2026-11-28 - $i days" +%F)}" | wc -c)
	done
	most=$((($(cpu) - before) / requests))
	printf '  %-44s %3d ms CPU, %6d bytes\n' "$1" "$most" "$size"
	[ "$most" -le "$limit" ] || slow=1
}

slow=0
echo "$1 days, $(($2 * 4)) inputs, $(stat -c %s "$db") bytes"
for path in '/api/days?to=@' '/api/days?to=@&serial=116100000001&port=1' \
	'/api/months?to=@' '/api/years?to=@' \
	'/api/months?to=@&serial=116100000001' '/api/panels?to=@' \
	'/api/panels?to=@&days=366' \
	'/api/curve?day=@' '/api/events?to=@' '/api/gaps?to=@'; do
	tell "$path"
done
# A query without parameters is the same each time: it is asked for once.
requests=1
tell /api/records
exit "$slow"
