#!/bin/bash
# The statistics when the DTU, hm-publish or the broker, which keeps nothing, is
# away, and Home Assistant restarts meanwhile. The chain is the supervised one.
# The dollars are jq's.
# shellcheck disable=SC2016 source=tests/homeassistant/stage.sh
. "$(dirname "$0")/../stage.sh"
# shellcheck source=tests/lib/supervised.sh
. "$here/../lib/supervised.sh"
s6=$(cd "$here/../../s6" && pwd)
services=$(sed -n '/^hm-subscribe$/d; s/^hm-//p' "$s6/chain" | xargs)

start_chain() {
	with_clock all env HM_CHAIN=$$ HM_LOG_DIR="$work/log" \
		"$s6/start" "$live" >"$work/svscan.log" 2>&1 &
	check "the chain runs" until_true 20 all_ready
}

poll_pid() {
	stat_of poll pid
}

stored() {
	sqlite3 -cmd '.timeout 5000' "$work/hm.db" "$1"
}

polls() {
	stored 'SELECT count(*) FROM dtu'
}

inputs_shown() {
	stored "SELECT json_object('key', serial || '/' || port, 'value',
	    max(total_production)) FROM port WHERE total_production
	    GROUP BY serial, port" | jq -n '[inputs] | from_entries'
}

# The DTU's power is not known.
is_away() {
	entities | jq -se 'map(select(.unique_id ==
	    "hoymiles_mqtt_DTU_'"$dtu"'_pv_power").now.state) ==
	    ["unavailable"]'
}

energies_are_away() {
	entities | jq -se 'map(select(.unique_id ==
	    "hoymiles_mqtt_DTU_'"$dtu"'_total_production").now.state) ==
	    ["unavailable"]'
}

restart_home() {
	stop_home
	start_home
	check "$1: Home Assistant has restarted" until_true 60 is_running
}

# counts FROM TO WHAT
counts() {
	same "$3: the DTU's energy" "$(counted "$1" "$2" total_production)" \
		"$(made "$1" "$2")"
	check "... and each input's" inputs_are_counted "$1" "$2"
	same "... and today's" "$(counted "$1" "$2" today_production)" \
		"$(made "$1" "$2")"
}

start_stage
listen "$work/out"
start_plant 10:00 --speed 10 --inverters 2 --inputs 2 --meter
settings
start_chain
wait_polls 4
dtu=$(stored 'SELECT serial FROM dtu LIMIT 1')
mark start
save_dashboard "solar grid"
restart_home "all are there"
wait_polls 3
mark restarted
counts start restarted "all are there"

stop_plant
resume_polls
check "the DTU is away" until_true 90 is_away
restart_home "the DTU is away"
check "... energies are shown" until_true 60 shows_what_was_sent
same "... the energy dashboard finds no fault" "$(dashboard_faults)" "[]"
step_clock all 5400
start_plant 11:30 --speed 10 --inverters 2 --inputs 2 --meter
wait_polls 4
mark dtu
counts restarted dtu "the DTU was away"
check "... which has made much" [ "$(made restarted dtu)" -gt 500 ]

publish=$(stat_of publish pid)
kill -9 "$publish"
check "hm-publish is killed, and runs again" until_true 20 succeeded publish \
	"$publish"
wait_polls 3
mark killed
counts dtu killed "hm-publish was killed"

s6-svc -o "$scan/publish"
kill -9 "$(stat_of publish pid)"
check "hm-publish is away" until_true 30 energies_are_away
restart_home "hm-publish is away"
s6-svc -u "$scan/publish"
wait_polls 3
mark publish
counts killed publish "hm-publish was away"

kill -9 "$broker"
wait "$broker" 2>/dev/null
start_broker "$broker_port"
wait_polls 3
mark forgetful
counts publish forgetful "the broker has restarted"

kill -9 "$broker"
wait "$broker" 2>/dev/null
restart_home "the broker is away"
start_broker "$broker_port"
wait_polls 3
mark broker
counts forgetful broker "the broker was away"

end_stage
