#!/bin/sh
# What hoymiles-mqtt 0.11 tells Home Assistant, hm-ha-discovery tells it, too,
# and differs only where docs/home-assistant.md says so.
# shellcheck disable=SC2016  # the dollars are jq's

: "${HM_BIN:?names the directory of the binaries}"
data=$(dirname "$0")/../data/hoymiles-mqtt-0.11
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
failed=0

# Whatever the jq program prints is a difference.
check() {
	what=$1
	shift
	if ! found=$(jq -nrc --slurpfile old "$old" \
	    --slurpfile new "$work/new" "$@" 2>&1); then
		found="jq: $found"
	fi
	if [ -z "$found" ]; then
		echo "ok - $what"
	else
		echo "not ok - $what"
		echo "$found" | head -5 | sed 's/^/# /'
		failed=1
	fi
}

if ! "$HM_BIN/hm-ha-discovery" --stats-period 0 --expire-after 300 \
    <"$data/readings.ndjson" >"$work/all"; then
	echo "not ok - hm-ha-discovery ran"
	exit 1
fi

old=$data/configs.ndjson
jq -c 'select(.type == "mqtt" and (.topic | endswith("/config")))' \
    "$work/all" >"$work/new"

pairs='($new | map({key: .topic, value: .}) | from_entries) as $ours |
    $old[] | .topic as $topic | .payload as $theirs |
    ($ours[$topic].payload // {}) as $mine | '

check "every config topic is there" \
    '$old[].topic | select(. as $t | $new | any(.topic == $t) | not)'
check "each is announced once" \
    '$new | group_by(.topic)[] | select(length > 1)[0].topic'
check "configs are retained, with QoS 1" \
    '$new[] | select((.retain and .qos == 1) | not).topic'
for key in unique_id name state_topic value_template device_class \
    unit_of_measurement state_class; do
	check "the same $key" --arg key "$key" \
	    "$pairs"'select($mine[$key] != $theirs[$key]) | $topic'
done
for key in name identifiers manufacturer; do
	check "the same device.$key" --arg key "$key" \
	    "$pairs"'select($mine.device[$key] != $theirs.device[$key]) |
	    $topic'
done
check "expire_after is the same, as a number" \
    "$pairs"'select($mine.expire_after != ($theirs.expire_after |
    if . then tonumber else . end)) | $topic'
check "instant values: bridge, DTU, and the key as in 0.11" \
    "$pairs"'select($theirs.state_class != "total_increasing") |
    select($mine.availability != [
	{topic: "homeassistant/hoymiles_mqtt/bridge/availability"},
	{topic: "homeassistant/hoymiles_mqtt/roof/availability"},
	{topic: $theirs.availability_topic,
	    value_template: $theirs.availability_template}]) | $topic'
check "energy: the bridge alone" \
    "$pairs"'select($theirs.state_class == "total_increasing") |
    select($mine.availability != [
	{topic: "homeassistant/hoymiles_mqtt/bridge/availability"}]) | $topic'
check "nothing else is added to these entities" \
    "$pairs"'($mine | keys) - ($theirs | keys) - ["availability",
	"availability_mode", "origin", "suggested_display_precision"] |
    select(length > 0) | "\($topic) \(.)"'
check "nothing else is left out of them" \
    "$pairs"'($theirs | keys) - ($mine | keys) - ["availability_topic",
	"availability_template"] | select(length > 0) | "\($topic) \(.)"'
check "nothing else is added to their devices" \
    "$pairs"'($mine.device | keys) - ($theirs.device | keys) - ["model",
	"serial_number", "sw_version", "hw_version", "via_device"] |
    select(length > 0) | "\($topic) \(.)"'
check "the entities that 0.11 lacks" \
    '($new | map(.payload.name)) - ($old | map(.payload.name)) | unique |
    select(. != ["alarm_text", "inverters", "inverters_online"])'

old=$data/states.ndjson
jq -c 'select(.type == "mqtt" and (.topic | endswith("/state")))' \
    "$work/all" >"$work/new"

added='["alarm_text", "inverters", "inverters_online"]'

check "as many state messages" \
    'select(($old | length) != ($new | length)) | $new | length'
check "states are not retained" '$new[] | select(.retain).topic'
check "the same keys and values in each, but for a lifetime of 0" \
    '[$old, ($new | map({topic, payload}))] |
    map(group_by(.topic) | flatten) | transpose[] |
    .[0] as $theirs | .[1] as $mine |
    select($mine.topic != $theirs.topic or
    ($mine.payload | with_entries(select(.key as $k | '"$added"' |
	index($k) | not))) !=
    ($theirs.payload | with_entries(select(.key != "total_production" or
	.value != 0)))) | $theirs.topic'
check "the data has such a lifetime, so that this is tried" \
    '[$old[].payload | select(.total_production == 0)] |
    select(length == 0) | "no"'

exit $failed
