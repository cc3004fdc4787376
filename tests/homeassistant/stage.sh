# Sourced by the scripts in checks/: a plant, a broker, Home Assistant and hm's
# chain. hm-sim, the tools and Home Assistant share the clock "all", so that a
# script sets it for all of them. What the chain says is in $work/out, what
# hm-decode makes of the DTU's replies in $work/decoded.
# The dollars are jq's.
# shellcheck shell=bash disable=SC2016,SC2034,SC2154

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tests/lib/lib.sh
. "$here/../lib/lib.sh"
# shellcheck source=tests/lib/clock.sh
. "$here/../lib/clock.sh"
# shellcheck source=tests/homeassistant/home.sh
. "$here/home.sh"

unset HM_CONFIG DTU_HOST DATABASE_PATH TIMEZONE RESET_HOUR
export TZ=Europe/Berlin
day=2027-06-15
set_clock all "$day 12:02"
home_clock=(HM_CLOCK_FILE=/cfg/clock.all LD_PRELOAD=/cfg/clock.so)
plant_port=$(free_port)
page=$(free_port)
plants=0
sim=
dtu_name=roof # in YAML
touch "$work/out" "$work/decoded"

# Start the broker and Home Assistant with a user and the MQTT integration.
start_stage() {
	echo "# Home Assistant $(chroot "$HA_TREE" /ha/bin/hass --version)," \
		"$(chroot "$HA_TREE" /ha/bin/python --version)"
	start_broker "$broker_port"
	configure_home
	start_home
	check "the first user" ask onboard
	check "it runs" until_true 60 is_running
	check "the MQTT integration" ask mqtt "$broker_port"
}

# The plant

hm-sim() {
	exec_with_clock all hm-sim "$@"
}

# start_plant HH:MM OPTION ...: one DTU, always on the same port. A later time of
# the same day is as if it had been running since.
start_plant() {
	local at=$1
	shift
	plants=$((plants + 1))
	start_sim "plant$plants" --port "$plant_port" --stats-period 0 \
		--start "$at" "$@"
}

stop_plant() {
	kill "$sim"
	wait "$sim" 2>/dev/null
}

# The chain

# settings [LINE ...]: the settings of the chain, with these lines besides.
settings() {
	export HM_CONFIG=$work/hm.yaml
	cat >"$HM_CONFIG" <<-END
		dtu_configs: [{name: $dtu_name, uri: "${uris[0]}"}]
		query_period: 5
		timezone: $TZ
		store_delay: 0.2
		backup_on_shutdown: false
		stats_period: 0
		alerts_enabled: true
		mqtt_broker: 127.0.0.1
		mqtt_port: $broker_port
		database_path: $work/hm.db
		health_port: $page
	END
	printf '%s\n' "$@" >>"$HM_CONFIG"
}

poll() {
	exec_with_clock all hm-poll 2>>"$work/err" &
	echo $! >"$work/poll.pid"
	wait
}

poll_pid() {
	cat "$work/poll.pid"
}

run_chain() {
	local -a with=(with_clock all)
	poll | "${with[@]}" hm-decode | tee -a "$work/decoded" |
		"${with[@]}" hm-filter | "${with[@]}" hm-alert |
		"${with[@]}" hm-store | "${with[@]}" hm-ha-discovery |
		"${with[@]}" hm-publish | "${with[@]}" hm-metrics >>"$work/out"
}

start_chain() {
	rm -f "$work/poll.pid"
	run_chain 2>>"$work/err" &
	chain=$!
	pids+=("$chain")
	until_true 10 test -s "$work/poll.pid"
	wait_polls 1
}

stop_chain() {
	kill "$(poll_pid)"
	resume_polls
	wait "$chain"
}

# change_settings [LINE ...]: restart the chain with them.
change_settings() {
	stop_chain
	settings "$@"
	start_chain
}

polls() {
	grep -c '"type":"dtu"' "$work/out"
}

# polls and inputs_shown, below, are others for a chain of which the script has
# only the database.
has_polls() {
	[ "$(polls)" -ge "$1" ]
}

# wait_polls COUNT: until the end of the chain has seen so many more of them.
wait_polls() {
	resume_polls
	until_true 60 has_polls $(($(polls) + $1)) ||
		fail "the chain has seen $1 more polls"
}

# Nothing more comes to the end of the chain, or to another file.
is_idle() {
	local file=${1:-$work/out} before
	before=$(wc -l <"$file")
	sleep 1
	[ "$(wc -l <"$file")" = "$before" ]
}

hold_polls() {
	kill -STOP "$(poll_pid)"
	until_true 20 is_idle
}

resume_polls() {
	kill -CONT "$(poll_pid)" 2>/dev/null
}

# What was sent, and what Home Assistant made of it

# listen FILE: append what the broker gets to it, as records.
listen() {
	mosquitto_sub -h 127.0.0.1 -p "$broker_port" -F %j -t 'homeassistant/#' \
		> >(jq --unbuffered -c '{type: "mqtt", topic,
		    payload: (.payload | . as $text | try fromjson
		    catch $text)}' >>"$1") &
	pids+=($!)
}

# announced FILE: the unique ids in the announcements among its records.
announced() {
	grep '"type":"mqtt"' "$1" | jq -rn '[inputs | select(.topic |
	    endswith("/config")) | .payload | objects | (.components // [.])[] |
	    .unique_id | select(.)] | unique[]'
}

# all_known FILE: whether Home Assistant knows what is announced there, and has
# the entities of nothing else.
all_known() {
	announced "$1" >"$work/announced"
	entities | jq -sr 'map(.unique_id) | unique[]' >"$work/known"
	[ -s "$work/announced" ] && diff "$work/announced" "$work/known"
}

# What is a user's, and must not change: of entities, and of devices.
owned_entities() {
	entities | jq -c '[.unique_id, .id, .entity_id, .name]' | sort
}

owned_devices() {
	call config/device_registry/list | jq -c '.[] |
	    select(.identifiers | tostring | test("hoymiles_mqtt")) |
	    [.identifiers, .id, .name_by_user]' | sort
}

# own NAME: a user names two entities and a device; $work/NAME.entities and
# NAME.devices list all.
own() {
	local id
	entities | jq -r .entity_id | sort | sed -n '3p;7p' |
		while read -r id; do
			call config/entity_registry/update "$(jq -nc \
			    --arg id "$id" '{entity_id: $id, name: "My \($id)",
			    new_entity_id: "\($id)_mine"}')" >/dev/null
		done
	id=$(owned_devices | head -n 1 | jq -r '.[1]')
	call config/device_registry/update "$(jq -nc --arg id "$id" \
		'{device_id: $id, name_by_user: "Mine"}')" >/dev/null
	owned_entities >"$work/$1.entities"
	owned_devices >"$work/$1.devices"
	same "a user names two entities" "$(grep -c '"My ' \
		"$work/$1.entities")" 2
	same "... and a device" "$(grep -c '"Mine"' "$work/$1.devices")" 1
}

# is_kept NAME: all that own has listed is as it was.
is_kept() {
	owned_entities >"$work/entities.now"
	owned_devices >"$work/devices.now"
	! grep -vxFf "$work/entities.now" "$work/$1.entities" &&
		! grep -vxFf "$work/devices.now" "$work/$1.devices"
}

# The entities of energies, and the last state sent to each: unique_id and value.
sent_energies() {
	grep '"type":"mqtt"' "$work/out" | jq -n '
	    def energies: if type == "object" then (.components // [.])[] |
	        select(.state_class? == "total_increasing") else empty end;
	    reduce inputs as $m ({known: {}, state: {}};
	        if $m.topic | endswith("/config") then
	            reduce ($m.payload | energies) as $e (.;
	                .known[$e.unique_id] = [$e.state_topic,
	                ($e.value_template | capture("value_json\\.(?<key>[a-z_0-9]+)").key)])
	        elif $m.topic | endswith("/state") then .state[$m.topic] = $m.payload
	        else . end) | .state as $state |
	    .known | map_values($state[.[0]][.[1]]) | map_values(select(. != null))'
}

# differences: energies that are shown otherwise than they were sent.
differences() {
	entities >"$work/entities"
	sent_energies | jq -r --slurpfile entities "$work/entities" '
	    ($entities | map({key: .unique_id, value: .now.state}) | from_entries)
	    as $shown | to_entries[] | select(.value !=
	    ($shown[.key] | try tonumber catch .)) |
	    "\(.key): \(.value) sent, \($shown[.key]) shown"'
}

shows_what_was_sent() {
	differences >"$work/differences" && [ ! -s "$work/differences" ]
}

# The sums of the statistics, in Wh, by unique_id.
sums() {
	jq -nc '{start_time: "2020-01-01T00:00:00Z", period: "5minute",
	    types: ["sum"], units: {energy: "Wh"}, statistic_ids: [inputs |
	    .entity_id]}' "$work/entities" >"$work/asked"
	call recorder/statistics_during_period "$(<"$work/asked")" |
		jq --slurpfile entities "$work/entities" '. as $sums | $entities |
		    map(select($sums[.entity_id] | last.sum?) | {key: .unique_id,
		    value: ($sums[.entity_id] | last.sum | . * 1000 | round / 1000)}) |
		    from_entries'
}

# The last total of each input that the chain has shown: SERIAL/PORT and Wh.
inputs_shown() {
	jq -n 'reduce (inputs | select(.type == "port" and
	    .total_production != null)) as $r ({};
	    .["\($r.serial)/\($r.port)"] = $r.total_production)' "$work/out"
}

# mark NAME: note the sums of the statistics, and what the inputs have made. There
# are no polls from here until the next wait_polls.
mark() {
	hold_polls
	check "$1: what was sent is shown" until_true 20 shows_what_was_sent
	[ ! -s "$work/differences" ] || sed 's/^/# /' "$work/differences"
	step_clock all $((310 - $(clock_now all) % 300))
	compile
	sums >"$work/sums.$1"
	inputs_shown >"$work/inputs.$1"
	wc -l <"$work/decoded" >"$work/lines.$1"
}

# made FROM TO [SERIAL ...]: the energy that all inputs, or those of the
# inverters, have made between two marks.
made() {
	jq -n --slurpfile from "$work/inputs.$1" --slurpfile to "$work/inputs.$2" \
	    '[$to[0] | to_entries[] | select((.key | split("/")[0]) as $serial |
	    $ARGS.positional | length == 0 or index($serial)) |
	    .value - $from[0][.key]] | add' --args "${@:3}"
}

# counted FROM TO KEY: the energy in the DTU's statistics.
counted() {
	jq -n --slurpfile from "$work/sums.$1" --slurpfile to "$work/sums.$2" \
	    --arg id "hoymiles_mqtt_DTU_${dtu}_$3" '$to[0][$id] - $from[0][$id]'
}

# inputs_are_counted FROM TO: each input's sum has grown by what it made.
inputs_are_counted() {
	jq -rn --slurpfile from "$work/sums.$1" --slurpfile to "$work/sums.$2" \
	    --slurpfile before "$work/inputs.$1" --slurpfile now "$work/inputs.$2" '
	    $now[0] | to_entries[] | select($before[0][.key]) |
	    (.key | split("/")) as [$serial, $port] |
	    "hoymiles_mqtt_port_\($port)_\($serial)_total_production" as $id |
	    (($to[0][$id] - $from[0][$id])? // "nothing") as $counted |
	    (.value - $before[0][.key]) as $made | select($counted != $made) |
	    "\($id): \($made) made, \($counted) counted"' >"$work/uncounted"
	cat "$work/uncounted"
	[ ! -s "$work/uncounted" ]
}

# who_is_there: the serial numbers of the DTU and of its inverters, into $dtu and
# the array inverters.
who_is_there() {
	dtu=$(jq -r 'select(.type == "dtu").serial' "$work/out" | head -n 1)
	mapfile -t inverters < <(jq -r 'select(.type == "inverter").serial' \
		"$work/out" | sort -u)
}

# save_dashboard SOURCES: the energy dashboard with the DTU's total, "solar", and
# the meter's energies if there is one, "solar grid". Newer versions have another
# form of the grid.
save_dashboard() {
	check "the energy dashboard is set up" prefer_energies
	same "... for $1" "$(jq -r '[.energy_sources[].type] | join(" ")' \
		"$work/dashboard")" "$1"
}

prefer_energies() {
	entities >"$work/entities"
	local form
	for form in '{flow_from: [$price + {stat_energy_from: $in,
	    stat_cost: null}], flow_to: [$price + {stat_energy_to: $out,
	    stat_compensation: null}]}' \
	    '{stat_energy_from: $in, stat_energy_to: $out}'; do
		jq -nc '[inputs] as $all | def id(tail): [$all[] |
		    select(.unique_id | test(tail)) | .entity_id][0];
		    id("_meter_.*_energy_import$") as $in |
		    id("_meter_.*_energy_export$") as $out |
		    {entity_energy_price: null, number_energy_price: null} as
		    $price | {energy_sources: [
		    {type: "solar", stat_energy_from:
		    id("_DTU_.*_total_production$")}, if $in then {type: "grid",
		    cost_adjustment_day: 0} + ('"$form"') else empty end]}' \
			"$work/entities" >"$work/dashboard"
		! call energy/save_prefs "$(<"$work/dashboard")" >/dev/null ||
			return 0
	done
	return 1
}

dashboard_faults() {
	call energy/validate | jq -c '.energy_sources | flatten'
}

# The checks at the end of each script.
end_stage() {
	same "the energy dashboard finds no fault" "$(dashboard_faults)" "[]"
	same "no repair issue" "$(issues)" ""
	same "no warning and no error" "$(complaints)" ""
	finish
}
