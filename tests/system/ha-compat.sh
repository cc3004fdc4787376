#!/bin/bash
# hm-ha-discovery announces the same entities and sends the same states as
# hoymiles-mqtt 0.11, with the differences that docs/mqtt.md names.
# The dollars are jq's.
# shellcheck disable=SC2016 source=tests/lib/lib.sh
. "$(dirname "$0")/../lib/lib.sh"
data=$(dirname "$0")/../data/hoymiles-mqtt-0.11

# no_difference NAME JQ-ARGUMENT ...: the jq program prints nothing; everything
# that it prints is a difference.
no_difference() {
	local what=$1 found
	shift
	found=$(jq -nrc --slurpfile old "$old" --slurpfile new "$work/new" \
		"$@" 2>&1) || found="jq: $found"
	same "$what" "$(head -n 5 <<<"$found")" ""
}

hm-ha-discovery --stats-period 0 --expire-after 300 --mqtt-client-id me \
	<"$data/readings.ndjson" >"$work/all"
same "hm-ha-discovery ran" $? 0

old=$data/configs.ndjson
jq -c 'select(.type == "mqtt" and (.topic | endswith("/config")))' \
    "$work/all" >"$work/new"

pairs='($new | map({key: .topic, value: .}) | from_entries) as $ours |
    $old[] | .topic as $topic | .payload as $theirs |
    ($ours[$topic].payload // {}) as $mine | '

no_difference "every config topic is there" \
    '$old[].topic | select(. as $t | $new | any(.topic == $t) | not)'
no_difference "each is announced once" \
    '$new | group_by(.topic)[] | select(length > 1)[0].topic'
no_difference "configs are retained, with QoS 1" \
    '$new[] | select((.retain and .qos == 1) | not).topic'
for key in unique_id name state_topic value_template device_class \
    unit_of_measurement state_class; do
	no_difference "the same $key" --arg key "$key" \
	    "$pairs"'select($mine[$key] != $theirs[$key]) | $topic'
done
for key in name identifiers manufacturer; do
	no_difference "the same device.$key" --arg key "$key" \
	    "$pairs"'select($mine.device[$key] != $theirs.device[$key]) |
	    $topic'
done
no_difference "expire_after is the same, as a number" \
    "$pairs"'select($mine.expire_after != ($theirs.expire_after |
    if . then tonumber else . end)) | $topic'
no_difference "instant values: publisher, DTU, and the key as in 0.11" \
    "$pairs"'select($theirs.state_class != "total_increasing") |
    select($mine.availability != [
	{topic: "homeassistant/hoymiles_mqtt/me/availability"},
	{topic: "homeassistant/hoymiles_mqtt/roof/availability"},
	{topic: $theirs.availability_topic,
	    value_template: $theirs.availability_template}]) | $topic'
no_difference "energy: the publisher alone" \
    "$pairs"'select($theirs.state_class == "total_increasing") |
    select($mine.availability != [
	{topic: "homeassistant/hoymiles_mqtt/me/availability"}]) | $topic'
no_difference "nothing else is added to these entities" \
    "$pairs"'($mine | keys) - ($theirs | keys) - ["availability",
	"availability_mode", "origin", "suggested_display_precision"] |
    select(length > 0) | "\($topic) \(.)"'
no_difference "nothing else is left out of them" \
    "$pairs"'($theirs | keys) - ($mine | keys) - ["availability_topic",
	"availability_template"] | select(length > 0) | "\($topic) \(.)"'
no_difference "nothing else is added to their devices" \
    "$pairs"'($mine.device | keys) - ($theirs.device | keys) - ["model",
	"serial_number", "sw_version", "hw_version", "via_device"] |
    select(length > 0) | "\($topic) \(.)"'
no_difference "the entities that 0.11 lacks" \
    '($new | map(.payload.name)) - ($old | map(.payload.name)) | unique |
    select(. != ["alarm_text", "inverters", "inverters_online",
	"producing", "reachable"])'

old=$data/states.ndjson
jq -c 'select(.type == "mqtt" and (.topic | endswith("/state")))' \
    "$work/all" >"$work/new"

added='["alarm_text", "inverters", "inverters_online"]'

no_difference "as many state messages" \
    'select(($old | length) != ($new | length)) | $new | length'
no_difference "states are not retained" '$new[] | select(.retain).topic'
no_difference "the same keys and values in each, except a lifetime of 0" \
    '[$old, ($new | map({topic, payload}))] |
    map(group_by(.topic) | flatten) | transpose[] |
    .[0] as $theirs | .[1] as $mine |
    select($mine.topic != $theirs.topic or
    ($mine.payload | with_entries(select(.key as $k | '"$added"' |
	index($k) | not))) !=
    ($theirs.payload | with_entries(select(.key != "total_production" or
	.value != 0)))) | $theirs.topic'
no_difference "the data has a lifetime of 0, so that this is tested" \
    '[$old[].payload | select(.total_production == 0)] |
    select(length == 0) | "no"'

finish
