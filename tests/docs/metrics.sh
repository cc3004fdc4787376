#!/bin/bash
# docs/metrics.md, the rules and the dashboard against the output of hm-metrics.
# shellcheck source=tests/lib/lib.sh
. "$(dirname "$0")/../lib/lib.sh"
unset HM_CONFIG DTU_HOST DATABASE_PATH
root=$(cd "$(dirname "$0")/../.." && pwd)
page=$root/docs/metrics.md
rules=$root/docs/prometheus
port=$(free_port)

# With a stream of every record, a database and HTTP there is every metric.
hm-store --stats-period 0 -d "$work/hm.db" </dev/null >/dev/null
mkfifo "$work/in"
exec 7<>"$work/in"
hm-metrics --legacy --stats-period 0 --port "$port" -d "$work/hm.db" \
	<"$work/in" >/dev/null 7>&- &
pids+=($!)
cat "$root/tests/data/metrics.ndjson" >&7
# Another DTU, with hybrid inverters.
sed 's/"time":"[^"]*"/"time":"2026-06-21T10:00:00Z"/' \
	"$root"/tests/golden/hm-decode/{hybrid-plant,hybrid-readings,modbus-g3-plant,modbus-g3-single-phase}/out >&7
cat "$root/tests/data/hybrids.ndjson" >&7
is_whole() {
	get /metrics | grep -q 'hoymiles_mqtt_messages_total{message_type="state"} 1'
}
until_true 5 is_whole
get /metrics >"$work/metrics"

# "METRIC TYPE LABELS" of the metrics that hm-metrics gives.
sed 's/\\"//g' "$work/metrics" | awk '
	function put() { if (name != "") print name, type, labels }
	/^# TYPE/ { put(); name = $3; type = $4; labels = "" }
	/^[^#].*{/ {
		text = $0
		while (match(text, /[{,][a-z_]+="/)) {
			label = substr(text, RSTART + 1, RLENGTH - 3)
			if (label != "le" && index(" " labels " ",
			    " " label " ") == 0)
				labels = labels (labels == "" ? "" : " ") label
			text = substr(text, RSTART + RLENGTH)
		}
	}
	END { put() }' | sort >"$work/said"

# The same from the page.
# The backticks are the page's.
# shellcheck disable=SC2016
sed -n 's/^| `\([a-z_]*\)` | \([a-z]*\) |\(.*\)$/\1 \2 \3/p' "$page" |
	awk '{ name = $1; type = $2; $1 = $2 = ""; sub(/^ +/, "")
		sub(/ *\|.*/, ""); print name, type, $0 }' | sort >"$work/written"

check "the page has every metric with its type and labels, and no other" \
	diff "$work/written" "$work/said"
check "... more than 100" [ "$(wc -l <"$work/said")" -gt 100 ]
same "the page has the help texts of the program" "$(
	sed -n 's/^# HELP \(hoymiles_[a-z_]*\) /\1 /p' "$work/metrics" |
	sed 's/, as of the last poll$//' | while read -r name help; do
		grep -q "^| .$name. | .* | $help |$" "$page" ||
			grep -q "^| .$name. .*| .hoymiles_\|^| .$name. .*process_" \
			"$page" || echo "$name: $help"
	done)" ""

# Metrics that the files name; for a part of a histogram, the histogram.
named() {
	grep -o '\(hoymiles\|process\)_[a-z_]*' "$@" | sed 's/.*://
		s/_\(bucket\|sum\|count\)$//' | sort -u
}
cut -d ' ' -f 1 "$work/said" | sort >"$work/known"
for file in alerts.yml recording-rules.yml; do
	same "$file names only metrics that exist" \
		"$(comm -23 <(named "$rules/$file") "$work/known")" ""
done
jq -r '.. | .expr? // empty' "$rules/grafana-dashboard.json" >"$work/exprs"
same "so does the dashboard" \
	"$(comm -23 <(named "$work/exprs") "$work/known")" ""
# The dollars are jq's.
# shellcheck disable=SC2016
check "... with panels that do not overlap" jq -e '
	[.panels[] | .gridPos | . as $p | range($p.y; $p.y + $p.h) as $y |
	range($p.x; $p.x + $p.w) | [$y, .]] | length == (unique | length)' \
	"$rules/grafana-dashboard.json"
check "... each with its own id, and queries" jq -e '
	([.panels[].id] | length == (unique | length)) and
	([.panels[] | select(.type != "row") | .targets | length] | min) > 0' \
	"$rules/grafana-dashboard.json"
check "the recording rules make all names of hoymiles-mqtt" diff \
	<(sed -n 's/^ *- record: //p' "$rules/recording-rules.yml" |
		sed 's/_\(sum\|count\)$//' | sort -u) \
	<(sed -n '/^## The names of/,/^## Other/p' "$page" |
		sed -n 's/^| .\(hoymiles_[a-z_]*\). | .*/\1/p' | sort)

# The checks of Prometheus itself.
check "promtool accepts the rules" promtool check rules "$rules/alerts.yml" \
	"$rules/recording-rules.yml"
check "... and the configuration" promtool check config \
	"$rules/prometheus.yml"
check "the rules do what they say" promtool test rules \
	"$root/tests/data/prometheus-rules.yml"
same "promtool has no complaint about the metrics" \
	"$(promtool check metrics <"$work/metrics" 2>&1; echo $?)" 0
finish
