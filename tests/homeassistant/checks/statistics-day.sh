#!/bin/bash
# The statistics over a change of day, a night and the next morning.
# shellcheck source=tests/homeassistant/stage.sh
. "$(dirname "$0")/../stage.sh"

# The states of an energy of the DTU's that were sent since a line of $work/out.
sent_since() {
	tail -n "+$(($1 + 1))" "$work/out" | jq -c --arg key "$2" 'select(
	    .type == "mqtt" and (.topic | endswith("/'"$dtu"'/state"))) |
	    .payload[$key] | select(. != null)'
}

# The sum that Home Assistant must make of them: a fall is a new day's energy.
summed() {
	jq -n 'reduce inputs as $now ({sum: 0, last: null};
	    if .last == null then . elif $now < .last then .sum += $now
	    else .sum += $now - .last end | .last = $now) | .sum'
}

# run_clock SPEED SECONDS: keep the clock with a plant of this speed.
run_clock() {
	local from began took=0
	resume_polls
	from=$(<"$work/clock.all")
	began=$(milliseconds)
	while [ "$took" -lt $(($2 * 1000)) ]; do
		sleep 0.2
		took=$(($(milliseconds) - began))
		shift_clock all $((from + took * ($1 - 1) / 1000))
	done
}

# Midnight comes at noon of the plant, so that the DTU resets nothing.
set_clock all "$day 23:40"
start_stage
start_plant 12:00 --speed 60 --inverters 2 --inputs 2 --meter
settings
start_chain
wait_polls 3
who_is_there
mark start
save_dashboard "solar grid"
began=$(wc -l <"$work/out")
last=$(sent_energies | jq ".hoymiles_mqtt_DTU_${dtu}_today_production")
wait_polls 3
set_clock all "$day tomorrow 00:00:01"
wait_polls 4
mark tomorrow
same "the total goes on" "$(counted start tomorrow total_production)" \
	"$(made start tomorrow)"
check "... as do those of the inputs" inputs_are_counted start tomorrow
{
	echo "$last"
	sent_since "$began" today_production
} >"$work/today"
same "the energy of the day goes on" "$(counted start tomorrow \
	today_production)" "$(summed <"$work/today")"
same "... and has begun at 0" "$(sort -n "$work/today" | head -n 1)" 0
echo "# today: $(counted start tomorrow today_production) Wh of $(made start \
	tomorrow)"

# A night: the DTU hears no inverter.
stop_plant
set_clock all "$day tomorrow 20:20"
start_plant 20:20 --speed 60 --inverters 2 --inputs 2 --meter
wait_polls 3
mark night
same "the evening counts" "$(counted tomorrow night total_production)" \
	"$(made tomorrow night)"
stop_home
set_clock all "$day 2 days 03:00"
wait_polls 2
start_home
check "it runs again, at night" until_true 60 is_running
mark three
same "nothing is made at night" "$(counted night three total_production)" 0
check "... by any input" inputs_are_counted night three
same "... and the energy dashboard finds no fault at 3 a.m." \
	"$(dashboard_faults)" "[]"

# The next night takes half a minute, and then there is sun until ten o'clock. A
# poll is every 75 minutes of it.
stop_plant
set_clock all "$day 2 days 23:59"
start_plant 23:59 --speed 900 --inverters 2 --inputs 2 --meter
run_clock 900 40
wait_polls 1
mark morning
same "the morning counts" "$(counted three morning total_production)" \
	"$(made three morning)"
check "... for each input" inputs_are_counted three morning
echo "# the morning: $(made three morning) Wh"
end_stage
