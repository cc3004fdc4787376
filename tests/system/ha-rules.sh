#!/bin/sh
# Home Assistant's rules hold for all that hm-ha-discovery says, and the
# validator that shows it does find what is wrong.
# shellcheck disable=SC2016  # the dollars are jq's

: "${HM_BIN:?names the directory of the binaries}"
: "${HM_BUILD:?names the directory of the test helpers}"
tests=$(dirname "$0")/..
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
failed=0

report() {
	if [ "$1" = 0 ]; then
		echo "ok - $2"
	else
		echo "not ok - $2"
		failed=1
	fi
}

# keeps WHAT FILE: no rule is broken, and there is something to look at.
keeps() {
	count=$(jq -n '[inputs | select(.type == "mqtt" and
	    (.topic | endswith("/config")))] | length' "$2")
	broken=$(jq -nr -L "$tests" 'include "ha-rules"; [inputs] | broken' \
	    "$2" 2>&1)
	[ "$count" -gt 0 ] && [ -z "$broken" ]
	report $? "$1: $count discovery messages keep the rules"
	[ -z "$broken" ] || echo "$broken" | head -5 | sed 's/^/# /'
}

discover() {
	"$HM_BIN/hm-ha-discovery" --stats-period 0 "$@"
}

plants=$tests/data/plants.ndjson
discover --expire-after 120 <"$plants" >"$work/all"
report $? "hm-ha-discovery ran"
keeps "all plants" "$work/all"

pick() {
	jq -c "select($2)" "$plants" | discover >"$work/one"
	keeps "$1" "$work/one"
}
pick "one input" '.serial == "103332416355"'
pick "two inputs" '.serial == "114172207281"'
pick "four inputs, with alarm records" '.serial == "116472207281"'
pick "six inputs, three phases" '.serial == "138290602905"'
pick "a meter" '.type == "meter"'
pick "a DTU with info" '.serial == "412172226797"'
discover --mqtt-topic-prefix ha/test --mqtt-qos 2 <"$plants" >"$work/one"
keeps "another prefix" "$work/one"
"$HM_BUILD/helper/hm-ha-discovery/every_entity" >"$work/every"
keeps "every entity of the field table" "$work/every"
for factor in 1e-9 1e-6 0.001 100 1000; do
	"$HM_BUILD/helper/hm-ha-discovery/every_entity" "$factor" >"$work/other"
	keeps "every entity, fields times $factor" "$work/other"
	cmp -s "$work/every" "$work/other"
	[ $? = 1 ]
	report $? "... in another unit"
done
discover --value-multipliers pv_power=0.001 \
	--value-multipliers total_production=0.001 \
	--value-multipliers pv_current=1000 \
	--entity-friendly-names pv_power=Power \
	--entity-friendly-names "inv_temperature=Heat" <"$plants" >"$work/one"
keeps "all plants, multiplied and named" "$work/one"
keys() {
	jq -r 'select(.type == "mqtt") | "\(.topic) \(.payload.unique_id? // "")
	    \(.payload.state_topic? // "")"' "$1"
}
[ "$(keys "$work/one")" = "$(discover <"$plants" >"$work/other" &&
	keys "$work/other")" ]
report $? "... with the same topics and unique ids"

discover --alerts <"$plants" >"$work/one"
keeps "all plants, with alerts" "$work/one"
grep -v '_alert/config"\|/alert/' "$work/one" | cmp -s - "$work/other"
report $? "... and nothing else is said than without"
grep -q '/alert/production_drop' "$work/one"
report $? "... of inputs"

jq -nr -L "$tests" -f "$tests/ha-rules-cases.jq" "$work/all" >"$work/cases"
report $? "the validator's own cases ran"
cat "$work/cases"
grep -q '^not ok' "$work/cases" && failed=1

exit $failed
