#!/bin/bash
# The statistics of a DTU whose inverters change: one is excluded and comes back,
# one leaves and is forgotten, one is replaced. The DTU's sum is what its members
# have made while they were that.
# shellcheck source=tests/homeassistant/stage.sh
. "$(dirname "$0")/../stage.sh"

# read_after NAME SERIAL PLACE: the total of the inverter, over all inputs, in
# a reading after the mark: the first is 0, the last is -1.
read_after() {
	tail -n "+$(($(<"$work/lines.$1") + 1))" "$work/decoded" |
		jq -n --arg serial "$2" --argjson place "$3" '[inputs |
		    select(.type == "port" and .serial == $serial)] |
		    group_by(.port) | map(.[$place].total_production) | add'
}

# last_shown NAME SERIAL: the total of the inverter at the mark.
last_shown() {
	jq --arg serial "$2" '[to_entries[] |
	    select(.key | startswith($serial + "/")) | .value] | add' \
		"$work/inputs.$1"
}

# between NAME LOW FOUND HIGH
between() {
	if [ "$2" -le "$3" ] && [ "$3" -le "$4" ]; then
		pass "$1"
	else
		fail "$1"
		echo "# found: $3, between $2 and $4 expected"
	fi
}

start_stage
start_plant 10:00 --speed 60 --inverters 2 --inputs 4
settings
start_chain
wait_polls 3
who_is_there
mark start
save_dashboard "solar"
wait_polls 3
mark two
same "two inverters" "$(counted start two total_production)" "$(made start two)"
check "... and each input" inputs_are_counted start two
same "... and today" "$(counted start two today_production)" "$(made start two)"

change_settings "exclude_inverters: [\"${inverters[1]}\"]"
wait_polls 4
mark excluded
same "one is excluded" "$(counted two excluded total_production)" \
	"$(made two excluded "${inverters[0]}")"
same "... today, too" "$(counted two excluded today_production)" \
	"$(counted two excluded total_production)"

# What it has made since its first reading counts, or since the second one, which
# confirms it.
change_settings
wait_polls 4
mark back
rest=$(($(counted excluded back total_production) - $(made excluded back \
	"${inverters[0]}")))
shown=$(last_shown back "${inverters[1]}")
between "it is back" \
	$((shown - $(read_after excluded "${inverters[1]}" 1))) "$rest" \
	$((shown - $(read_after excluded "${inverters[1]}" 0)))
check "... and its inputs have lost nothing" inputs_are_counted two back

stop_plant
step_clock all 3600
start_plant 12:00 --speed 60 --inverters 1 --inputs 4
wait_polls 3
mark alone
same "one has left, whose energy is complete" \
	"$(counted back alone total_production)" "$(made back alone)"
with_clock all hm-filter -d "$work/hm.db" --forget "${inverters[1]}" \
	2>>"$work/err"
wait_polls 3
mark forgotten
same "it is forgotten" "$(counted alone forgotten total_production)" \
	"$(made alone forgotten "${inverters[0]}")"

# A three-phase inverter has another serial number in the same place. Its counter
# is not near 0, so that hm-filter waits for a day.
stop_chain
stop_plant
step_clock all 3600
start_plant 13:30 --speed 60 --inverters 1 --phases 3 --inputs 4
successor=$(with_clock all hm-poll -1 "${uris[0]}" 2>/dev/null | hm-decode |
	jq -r 'select(.type == "inverter").serial')
with_clock all hm-store -d "$work/hm.db" --timezone "$TZ" \
	--replace-inverter "${inverters[0]}=$successor" >/dev/null \
	2>>"$work/err"
start_chain
wait_polls 11
mark replaced
same "one is replaced by a used one" \
	"$(counted forgotten replaced total_production)" 0
step_clock all 90000
wait_polls 4
mark known
same "... whose energy counts after a day" \
	"$(counted replaced known total_production)" $(($(last_shown known \
	"$successor") - $(last_shown forgotten "${inverters[0]}")))
wait_polls 3
mark last
same "... and goes on" "$(counted known last total_production)" \
	"$(made known last "$successor")"
check "... for each input" inputs_are_counted known last
check "... in full" [ "$(counted replaced last total_production)" -gt 0 ]
end_stage
