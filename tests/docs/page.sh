#!/bin/bash
# docs/page.md: the addresses, their parameters and members against hm-metrics.
# shellcheck source=tests/lib/lib.sh disable=SC2016
. "$(dirname "$0")/../lib/lib.sh"
root=$(cd "$(dirname "$0")/../.." && pwd)
page=$root/docs/page.md
port=$(free_port)
hm-store -d "$work/hm.db" </dev/null >/dev/null
mkfifo "$work/in"
exec 7<>"$work/in"
hm-metrics --stats-period 0 --port "$port" -d "$work/hm.db" <"$work/in" \
	>/dev/null 7>&- &
pids+=($!)

get() {
	curl -s "http://127.0.0.1:$port$1"
}
until_true 10 get /livez >/dev/null

# "PATH PARAMETER ..." of the table, sorted.
rows() {
	sed -n 's/^| `\(\/api\/[a-z]*\)` | \([^|]*\) |.*/\1 \2/p' "$page" |
		tr -d '`' | sed 's/ *$//'
}

sorted() {
	tr ' ' '\n' | sort | xargs
}

same "every address has its row" "$(rows | cut -d' ' -f1 | sort)" \
	"$(sed -n 's/.*\[HM_HISTORY_.*"\(\/api\/.*\)".*/\1/p' \
		"$root/tools/hm-metrics/http/url.c" | sort)"
while read -r path parameters; do
	same "$path has these parameters" "$(sorted <<<"$parameters")" \
		"$(get "$path?no=1" | jq -r .error | sed 's/.*only: //' | sorted)"
	for member in $(get "$path" | jq -r 'keys[]'); do
		check "... $member is on the page" grep -q "\`$member\`" "$page"
	done
done < <(rows)
# The members of the plant and the system, also of the objects in their arrays:
# the inputs of an inverter and a setting have theirs in a row of text.
for path in plant system; do
	for member in $(get /api/$path | jq -r '[paths | map(strings) | .[]] |
		unique[]'); do
		check "/api/$path: $member is on the page" grep -q "\`$member\`" "$page"
	done
done
same "every parameter has its row" \
	"$(rows | cut -d' ' -f2- | tr ' ' '\n' | sort -u)" \
	"$(sed -n '/^| parameter/,/^$/s/^| `\([a-z]*\)` .*/\1/p' "$page" | sort -u)"
finish
