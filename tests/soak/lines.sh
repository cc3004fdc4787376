#!/bin/bash
# lines.sh LINES: send LINES mutated lines through hm-decode, hm-filter and
# hm-ha-discovery, which should be built with SANITIZE=1. Prints figures; fails
# if a tool ends with a status other than 0.
# shellcheck source=tests/lib/lib.sh
. "$(dirname "$0")/../lib/lib.sh"

lines=$1
data=$(cd "$(dirname "$0")/../data" && pwd)

# Seeds: frames of both transports, the records made from them, and the inputs
# of other tests.
start_sim seeds --transport hm,modbus --inverters 3 --inputs 4 --meter \
	--phases 3
hm-poll -1 --ask info,network,alarms,history,config "${uris[@]}" >"$work/frames"
{
	cat "$work/frames" "$data"/*.ndjson
	hm-decode <"$work/frames"
	hm-decode <"$work/frames" | hm-ha-discovery | grep '"mqtt"' | head -n 50
	cat "$(dirname "$0")"/../golden/hm-{decode,filter}/*/in
} 2>/dev/null >"$work/seeds"

start=$SECONDS
status=0
"$HM_BUILD/helper/mutate" "$lines" 1 <"$work/seeds" |
	command time -f 'hm-decode: %M kB, %U s' -o "$work/decode" \
		hm-decode --stats-period 3600 2>"$work/decode.err" |
	command time -f 'hm-filter: %M kB, %U s' -o "$work/filter" \
		hm-filter -d "$work/hm.db" --exclude 1 --multiply pv_power=0.001 \
		--stats-period 3600 2>"$work/filter.err" |
	command time -f 'hm-ha-discovery: %M kB, %U s' -o "$work/ha" \
		hm-ha-discovery --stats-period 3600 2>"$work/ha.err" |
	grep -a '^{"type":"stats","time":"[^"]*","tool":"hm-' >"$work/stats"
for code in "${PIPESTATUS[@]:0:4}"; do
	[ "$code" -eq 0 ] || status=1
done
echo "$lines lines in $((SECONDS - start)) s, from $(wc -l <"$work/seeds") seeds"
tail -q -n 1 "$work/decode" "$work/filter" "$work/ha"
tail -n 3 "$work/stats"
if grep -h 'ERROR: \|runtime error' "$work"/*.err; then
	status=1
else
	echo "no finding"
fi
exit $status
