#!/bin/bash
# Home Assistant sends commands, and shows what the DTU confirms: numbers, a
# switch, buttons and events, in both schemes, over restarts, and until
# control_enabled is off. The DTU's name has what JSON and templates could stumble
# over.
# The dollars are jq's.
# shellcheck disable=SC2016 source=tests/homeassistant/stage.sh
. "$(dirname "$0")/../stage.sh"

dtu_name='"ro\"of \\ {{ value }} {% if %} {# x #} é"'
on=("control_enabled: true" "control_journal: $work/journal"
	"control_min_interval: 10")
mkfifo "$work/commands"

# hm-poll has hm-subscribe before it.
poll() {
	exec_with_clock all hm-subscribe 2>>"$work/err" >"$work/commands" &
	echo $! >"$work/subscribe.pid"
	exec_with_clock all hm-poll <"$work/commands" 2>>"$work/err" &
	echo $! >"$work/poll.pid"
	wait $!
	kill "$(<"$work/subscribe.pid")"
	wait
}

# of UNIQUE-ID JQ: what it says of the entity. Those of the DTU are named
# DTU_NAME, that of the inverter inv_NAME.
of() {
	local id=$dtu
	[ "${1%%_*}" = DTU ] || id=${inverters[0]}
	entities | jq -r --arg id "hoymiles_mqtt_${1%%_*}_${id}_${1#*_}" \
		"select(.unique_id == \$id) | $2"
}

is() {
	[ "$(of "$1" "$2")" = "$3" ]
}

not() {
	! "$@"
}

# shows NAME STATE: it comes to that within the time of an order.
shows() {
	until_true 30 is "$1" '.now.state | (tonumber + 0)? // .' "$2" && return
	echo "# $1 is $(of "$1" .now.state)"
	return 1
}

# ends ACTION EVENT: the last command that ended had this action, and this end.
ends() {
	until_true 30 is DTU_command_result \
		'.now.attributes | "\(.action) \(.event_type)"' "$1 $2"
}

# use NAME SERVICE [MEMBERS]: call a service of the entity.
use() {
	service "$2" "{\"entity_id\": \"$(of "$1" .entity_id)\"${3:+, $3}}"
}

# Entities of control in the registry.
of_control() {
	entities | jq -r 'select(.entity_id | test("^(number|switch|button)\\.|command_result$")) |
	    .unique_id' | sort
}

has_of_control() {
	[ "$(of_control | grep -c .)" = "$1" ]
}

start_stage
start_plant 12:00 --series hms-w --encrypt --inverters 1 --inputs 2
settings "${on[@]}"
start_chain
wait_polls 3
who_is_there
check "all entities are known" until_true 60 all_known "$work/out"
same "... six of them send commands, or say what came of them" \
	"$(of_control | wc -l)" 6
check "the number shows the limit of the DTU" shows DTU_power_limit 100
check "the switch is on, since there is power" shows DTU_feed_in on
same "... neither assumes anything" "$(for name in DTU_power_limit DTU_feed_in; do
	of $name .now.attributes.assumed_state; done | sort -u)" null
same "the temporary limit is not known" \
	"$(of DTU_temporary_limit .now.state)" unknown
same "restarts are disabled" \
	"$(of DTU_restart .disabled_by) $(of inv_restart .disabled_by)" \
	"integration integration"

# Commands
check "a limit is set" use DTU_power_limit number/set_value '"value": 60.5'
check "... the number shows it" shows DTU_power_limit 60.5
check "... and an event says so" ends limit "done"
same "... but not before the DTU has shown it" "$(jq -rn 'first(inputs |
    if .type == "result" then select(.state == "done").state
    else select(.payload.percent? == 60.5) | .topic end)' "$work/out")" "done"
check "less than the minimum is not sent" \
	not use DTU_power_limit number/set_value '"value": 1'
check "a temporary limit is set" \
	use DTU_temporary_limit number/set_value '"value": 300'
check "... an event says so" ends limit_temporary "done"
check "... and the number shows it" shows DTU_temporary_limit 300
check "the inverter is switched off" use DTU_feed_in switch/turn_off
check "... the switch shows it" shows DTU_feed_in off
check "the inverter is switched on" use DTU_feed_in switch/turn_on
check "... the switch shows it" shows DTU_feed_in on

# Buttons: Home Assistant loads what was enabled after half a minute.
for name in DTU_restart inv_restart; do
	call config/entity_registry/update "{\"entity_id\":
	    \"$(of $name .entity_id)\", \"disabled_by\": null}" >/dev/null
done
check "the buttons can be pressed" until_true 60 is DTU_restart \
	'.now.state // "none" | IN("unknown", "unavailable")' true
check "... once the DTU is there" until_true 60 is DTU_restart .now.state \
	unknown
check "the DTU is restarted" use DTU_restart button/press
check "... an event says so" ends restart_dtu "done"
check "the inverter is restarted" use inv_restart button/press
check "... an event says that nobody can know" ends restart_inverter unknown

# A command that is refused
change_settings "${on[@]}" "control_max_per_day: 1"
wait_polls 2
check "a kept limit beyond those of the day" \
	use DTU_power_limit number/set_value '"value": 80'
check "... is refused" ends limit refused
check "... with the reason" is DTU_command_result \
	'.now.attributes | "\(.error) \(.text | test("control_max_per_day"))"' \
	"too_often true"
same "... the number stays" "$(of DTU_power_limit .now.state)" 60.5

# Restarts
stop_home
start_home
check "Home Assistant has restarted" until_true 60 is_running
check "... and shows what was confirmed" shows DTU_power_limit 60.5
check "... of the switch, too" shows DTU_feed_in on
kill "$(<"$work/subscribe.pid")"
check "without hm-subscribe they are unavailable" shows DTU_power_limit \
	unavailable
check "... but for the event" not is DTU_command_result .now.state unavailable

# Both schemes, and the end
of_control >"$work/before"
change_settings "${on[@]}" "ha_discovery: device"
wait_polls 3
check "by device: the same entities" until_true 60 all_known "$work/out"
check "... with the limit" shows DTU_power_limit 60.5
check "... that is set" use DTU_power_limit number/set_value '"value": 70'
check "... and confirmed" shows DTU_power_limit 70
same "... with the same ids" "$(of_control)" "$(<"$work/before")"
change_settings "ha_discovery: device"
check "control_enabled is off: they are gone" until_true 60 has_of_control 0
change_settings "${on[@]}"
check "... and back" until_true 60 has_of_control 6
change_settings
check "by entity they go, too" until_true 60 has_of_control 0
wait_polls 2
check "... and the others are there" shows DTU_reachable on
stop_chain
# A message that empties a device's topic draws it, and it is harmless.
complaints_but() {
	complaints | grep -v 'No device components to cleanup'
}
same "no repair issue" "$(issues)" ""
same "no warning and no error" "$(complaints_but)" ""
finish
