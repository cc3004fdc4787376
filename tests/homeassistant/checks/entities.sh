#!/bin/bash
# Every entity that the chain announces, of DTUs and of hybrid inverters with a
# battery, as Home Assistant knows it.
# The dollars are jq's.
# shellcheck disable=SC2016 source=tests/homeassistant/stage.sh
. "$(dirname "$0")/../stage.sh"
pipelines=$here/../../pipelines

start_stage
start_sim house --transport es,modbus-g3 --phases 3 --generator --extras \
	--start 12:00
house=("${uris[0]}#house" "${uris[1]}#stick")
houses=$sim
start_sim plant --transport hm,modbus --inverters 2 --inputs 4 --meter \
	--extras --start 12:00
mosquitto_sub -h 127.0.0.1 -p "$broker_port" -t 'homeassistant/#' \
	-F %j >"$work/raw" &
pids+=($!)
export MQTT_BROKER=127.0.0.1 MQTT_PORT=$broker_port DATABASE_PATH=$work/hm.db
HEALTH_PORT=$(free_port)
export HEALTH_PORT QUERY_PERIOD=5 ALERTS_ENABLED=true
with_clock all setsid "$pipelines/everything" "${uris[0]}#roof" "${uris[1]}#barn" \
	"${house[@]}" >/dev/null 2>"$work/err" &
chain=$!
pids+=("$chain")

messages() {
	jq -c '.payload as $text | .payload = (try ($text | fromjson)
	    catch $text)' "$work/raw" >"$work/messages"
}
configs() {
	messages
	jq -c 'select(.topic | endswith("/config")) | .payload' "$work/messages"
}
all_registered() {
	local announced known
	announced=$(configs | jq -r .unique_id | sort -u | wc -l)
	known=$(call config/entity_registry/list |
		jq '[.[] | select(.platform == "mqtt")] | length')
	[ "$announced" -gt 100 ] && [ "$announced" = "$known" ]
}
sleep 12
check "every entity is in its registry" until_true 20 all_registered
pkill -STOP -s "$chain" hm-poll
until_true 20 is_idle "$work/raw"
# Some come late, such as those that need several polls: both lists must be of
# one moment.
both_lists() {
	all_registered && entities >"$work/entities" && configs >"$work/configs" &&
		[ "$(jq -r .unique_id "$work/configs" | sort -u | wc -l)" = \
			"$(wc -l <"$work/entities")" ]
}
check "... and nothing else" until_true 20 both_lists

# differences JQ: lines that the program prints for a config and its entity.
differences() {
	jq -rn --slurpfile entities "$work/entities" \
	    --slurpfile messages "$work/messages" \
	    --slurpfile configs "$work/configs" '
	    ($entities | map({key: .unique_id, value: .}) | from_entries) as $known |
	    ($messages | map({key: .topic, value: .payload}) | from_entries) as $last |
	    $configs[] | . as $config | $known[.unique_id] as $entity |
	    ($entity.now.attributes // {}) as $shown | '"$1" | sort -u | head -n 8
}
same "units" "$(differences 'select($entity.disabled_by == null and
    $shown.unit_of_measurement != .unit_of_measurement) | .unique_id')" ""
same "device classes" "$(differences 'select($entity.disabled_by == null and
    $shown.device_class != .device_class) | .unique_id')" ""
same "state classes" "$(differences 'select($entity.disabled_by == null and
    $shown.state_class != .state_class) | .unique_id')" ""
same "categories" "$(differences 'select($entity.entity_category !=
    .entity_category) | .unique_id')" ""
same "states are those that were sent" "$(differences '
    select($entity.disabled_by == null) | (.value_template // "" |
    capture("value_json\\.(?<key>[a-z_0-9]+) *}}").key // null) as $key |
    select($key != null) | ($last[.state_topic][$key]) as $sent |
    select(($sent | tostring) != ($entity.now.state | tostring) and
    (($sent | tonumber?) != ($entity.now.state | tonumber?))) |
    "\(.unique_id): \($sent) sent, \($entity.now.state) shown"')" ""
echo "# $(jq -s length "$work/entities") entities"

# The energy dashboard, with the DTU away.
total_of() {
	jq -r --arg tail "_${1}_production" 'select(.unique_id |
	    startswith("hoymiles_mqtt_DTU_") and endswith($tail)) |
	    .entity_id' "$work/entities"
}
# A form of the grid in the dashboard; newer versions have another one.
prefer() {
	jq -nc --argjson solar "$(total_of total | jq -nR '[inputs]')" \
	    '[inputs | {key: .unique_id, value: .entity_id}] |
	    def id(part): map(select(.key | test(part)))[0].value;
	    id("_grid_.*_total_import$") as $in |
	    id("_grid_.*_total_export$") as $out |
	    {entity_energy_price: null, number_energy_price: null} as $price |
	    {energy_sources: [($solar[] | {type: "solar", stat_energy_from: .}),
	    {type: "battery", stat_energy_from: id("_total_discharged$"),
	    stat_energy_to: id("_total_charged$")},
	    {type: "grid", cost_adjustment_day: 0} + ('"$1"')]}' \
		"$work/entities" >"$work/dashboard"
	call energy/save_prefs "$(<"$work/dashboard")"
}
prefer_either() {
	prefer '{flow_from: [$price + {stat_energy_from: $in,
	    stat_cost: null}], flow_to: [$price + {stat_energy_to: $out,
	    stat_compensation: null}]}' ||
		prefer '{stat_energy_from: $in, stat_energy_to: $out}'
}
check "the energy dashboard is set up" prefer_either
same "... with the battery and the grid of a hybrid inverter" "$(jq -r \
	'[.energy_sources[] | select(.type != "solar") | .type, .stat_energy_to //
	.flow_to[0].stat_energy_to | strings] | length' "$work/dashboard")" 4
step_clock all 310
compile
same "the energy dashboard takes the energies" \
	"$(call energy/validate | jq -c '.energy_sources | flatten')" "[]"
energies() {
	local -a ids
	mapfile -t ids < <(total_of total; total_of today)
	call get_states | jq -c --args '[.[] | select(.entity_id as $id |
	    $ARGS.positional | index($id)) | {entity_id, state}] |
	    sort' "${ids[@]}"
}
before=$(energies)
same "... which are known" "$(jq '([.[] | select(.state | tonumber? >= 0)] |
    length) == length and length >= 5' <<<"$before")" true
kill "$sim" "$houses"
wait "$sim" "$houses" 2>/dev/null
pkill -CONT -s "$chain" hm-poll
sleep 3 # an answer may have been on its way
before=$(energies)
stop_home
start_home
they_are_back() {
	[ "$(energies)" = "$before" ]
}
check "... and they are there again when it has restarted without the DTUs" \
	until_true 30 they_are_back
end_stage
