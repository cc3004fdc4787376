#!/bin/bash
# All messages of hm-ha-discovery keep Home Assistant's rules, and the validator
# of the rules finds mistakes.
# shellcheck source=tests/lib/lib.sh
. "$(dirname "$0")/../lib/lib.sh"
tests=$(dirname "$0")/..

# keeps NAME FILE: no rule is broken, and the file has discovery messages.
keeps() {
	count=$(jq -n '[inputs | select(.type == "mqtt" and
	    (.topic | endswith("/config")))] | length' "$2")
	broken=$(jq -nr -L "$tests/lib" 'include "ha-rules"; [inputs] | broken' \
	    "$2" 2>&1)
	same "$1: $count discovery messages keep the rules" \
		"$((count > 0)) $(head -n 5 <<<"$broken")" "1 "
}

discover() {
	hm-ha-discovery --stats-period 0 "$@"
}

plants=$tests/data/plants.ndjson
discover --expire-after 120 <"$plants" >"$work/all"
same "hm-ha-discovery ran" $? 0
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
	same "... in another unit" $? 1
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
discover <"$plants" >"$work/other"
same "... with the same topics and unique ids" \
	"$(keys "$work/one")" "$(keys "$work/other")"

discover --alerts <"$plants" >"$work/one"
keeps "all plants, with alerts" "$work/one"
grep -v '_\(alert\|alarm_event\)/config"\|/alert/' "$work/one" >"$work/others"
check "... and the other messages are the same as without" \
	cmp "$work/others" "$work/other"
check "... and inputs have alerts" grep -q '/alert/production_drop' "$work/one"

for scheme in entity device; do
	for events in alarm-events alert-events; do
		discover --alerts --ha-discovery "$scheme" \
			<"$tests/golden/hm-ha-discovery/$events/in" >"$work/events"
		keeps "$events, by $scheme" "$work/events"
		check "... with events" grep -q '"once":true' "$work/events"
	done
done

# said FILE WORDS: the messages without these, without their times.
of_control='/(number|switch|button)/|/control"|/results?[/"]|command_result'
said() {
	grep '"type":"mqtt"' "$1" | grep -vE "$2" | jq -c 'del(.time)' | sort -u
}
for case in hm modbus watts names; do
	input=$tests/golden/hm-ha-discovery/control-$case/in
	for scheme in entity device; do
		discover --control --ha-discovery "$scheme" <"$input" \
			>"$work/control-$case-$scheme"
		keeps "control-$case, by $scheme" "$work/control-$case-$scheme"
	done
	discover <"$input" >"$work/plain"
	check "... and without control_enabled all but the entities of control" \
		cmp <(said "$work/plain" nothing) \
		<(said "$work/control-$case-entity" "$of_control")
done

# Both schemes announce the same entities, of the same devices.
entities() {
	jq -nSc '[inputs | select(.type == "mqtt" and
	    (.topic | endswith("/config")))] | map(.topic as $topic |
	    .payload | .device as $device |
	    if .components
	    then .components[] | select(has("unique_id")) + {$device}
	    else . + {platform: ($topic | split("/")[-4])} | del(.origin)
	    end) | group_by(.unique_id) | map(last)[]' "$1"
}
discover --alerts --ha-discovery device <"$plants" >"$work/device"
keeps "all plants, by device" "$work/device"
entities "$work/one" >"$work/single"
entities "$work/device" >"$work/whole"
check "... with the same entities" cmp "$work/single" "$work/whole"
check "... and the same states" cmp \
	<(grep '"type":"mqtt"' "$work/one" | grep -v '/config"') \
	<(grep '"type":"mqtt"' "$work/device" | grep -v '/config"')
discover --ha-discovery device --mi-entities temperature --port-entities '' \
	<"$plants" >"$work/other"
keeps "some entities, by device" "$work/other"
same "... the others have nothing but their platform" \
	"$(jq -nr '[inputs | select(.payload.components?).payload.components |
	    to_entries[] | select(.key | test("^(inv|port)_")) |
	    select((.key == "inv_temperature") != (.value | has("unique_id")))
	    .key][]' "$work/other" | head -n 5)" ""
jq -c -n --slurpfile all "$plants" \
	'first($all[] | select(.type == "port")) | .port = range(1; 256)' \
	>"$work/ports"
discover --alerts --ha-discovery device <"$work/ports" >"$work/many" \
	2>"$work/many.err"
grep '/config"' "$work/many" >"$work/other"
keeps "a device with 255 inputs" "$work/other"
size=$(wc -c <"$work/other")
check "... in a line of at most 120 KiB" \
	test "$size" -gt 100000 -a "$size" -le 122880
same "... the log counts the entities that have no room" \
	"$(grep -c 'at most 122880 bytes: [0-9]* of its entities are left out' \
		"$work/many.err")" 1

discover <"$tests/golden/hm-ha-discovery/alarm-events/in" >"$work/events"
jq -nr -L "$tests/lib" -f "$tests/lib/ha-rules-cases.jq" "$work/all" \
	"$work/events" "$work/control-watts-entity" >"$work/cases"
same "the validator's own cases ran" $? 0
take_in "$work/cases"
finish
