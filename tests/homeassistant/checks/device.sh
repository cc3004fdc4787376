#!/bin/bash
# From the discovery of entities to that of devices, and back: every entity keeps
# its registry id, its entity id and the name that a user has given it, and the
# statistics lose nothing.
# The dollars are jq's.
# shellcheck disable=SC2016 source=tests/homeassistant/stage.sh
. "$(dirname "$0")/../stage.sh"

# The discovery topics that the broker keeps: device, or the kinds of entities.
kept_topics() {
	mosquitto_sub -h 127.0.0.1 -p "$broker_port" --retained-only -W 2 -F %t \
		-t 'homeassistant/+/+/config' -t 'homeassistant/+/+/+/config' \
		2>/dev/null |
		cut -d/ -f2 | sort -u | xargs
}

# Entities that no message announces any more.
orphans() {
	entities | jq -r 'select(.now.attributes.restored) | .unique_id' | head
}

keeps() {
	[ "$(kept_topics)" = "$1" ]
}

# holds SCHEME TOPICS FROM: what must hold in this scheme, with a restart.
holds() {
	wait_polls 4
	check "$1: all that is announced is known" until_true 60 all_known \
		"$work/out"
	check "... and all that a user has is kept" is_kept entity
	# What is known after many polls, such as radio_quality, follows late.
	check "... and the broker keeps the announcements" until_true 150 \
		keeps "$2"
	mark "$1"
	same "... and the DTU's energy goes on" \
		"$(counted "$3" "$1" total_production)" "$(made "$3" "$1")"
	check "... as do those of the inputs" inputs_are_counted "$3" "$1"
	stop_home
	start_home
	check "Home Assistant has restarted" until_true 60 is_running
	wait_polls 3
	check "... and knows all" until_true 60 all_known "$work/out"
	check "... and all that a user has is kept" is_kept entity
	same "... and nothing else" "$(orphans)" ""
	mark "$1.again"
	same "... and the DTU's energy goes on" \
		"$(counted "$1" "$1.again" total_production)" \
		"$(made "$1" "$1.again")"
}

start_stage
start_plant 10:00 --speed 20 --inverters 2 --inputs 4 --meter --extras
settings
start_chain
wait_polls 4
who_is_there
check "all entities are known" until_true 60 all_known "$work/out"
own entity
mark entity
save_dashboard "solar grid"
change_settings "ha_discovery: device"
holds devices "device" entity
change_settings "ha_discovery: entity"
holds entities "binary_sensor event sensor" devices.again
# A message that empties a device's topic draws it, and it is harmless.
complaints_but() {
	complaints | grep -v 'No device components to cleanup'
}
same "the energy dashboard finds no fault" "$(dashboard_faults)" "[]"
same "no repair issue" "$(issues)" ""
same "no warning and no error" "$(complaints_but)" ""
finish
