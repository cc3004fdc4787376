#!/bin/bash
# hoymiles-mqtt 0.11.0 itself reads the DTU, then hm takes over: every entity
# keeps its registry id, its entity id and the name that a user has given it.
# The dollars are jq's.
# shellcheck disable=SC2016 source=tests/homeassistant/stage.sh
. "$(dirname "$0")/../stage.sh"

start_old() {
	chroot "$HA_TREE" env -i PATH=/usr/bin:/bin LANG=C.UTF-8 \
		"${home_clock[@]}" /hoymiles-mqtt/bin/python -m hoymiles_mqtt \
		--mqtt-broker 127.0.0.1 --mqtt-port "$broker_port" \
		--dtu-host 127.0.0.1 --dtu-port "$plant_port" \
		--query-period 5 >"$work/old.log" 2>&1 &
	old=$!
	pids+=("$old")
}

old_is_known() {
	all_known "$work/old" && [ "$(wc -l <"$work/known")" -gt 50 ]
}

old_has_a_total() {
	total | grep -qx '[0-9.]*'
}

total() {
	entities | jq -r 'select(.unique_id | test("_DTU_.*_total_production$")) |
	    .now.state'
}

start_stage
start_plant 10:00 --transport modbus --speed 60 --inverters 2 --inputs 4
listen "$work/old"
start_old
check "the entities of hoymiles-mqtt are known" until_true 90 old_is_known
check "... with a total" until_true 60 old_has_a_total
kill "$old"
wait "$old" 2>/dev/null
own old
step_clock all 310
compile
entities >"$work/entities"
sums >"$work/sums.old"
before=$(total)

settings
start_chain
wait_polls 4
check "all that hm announces is known" until_true 60 all_known "$work/out"
check "what hoymiles-mqtt announced is kept" is_kept old
echo "# $(wc -l <"$work/old.entities") entities of hoymiles-mqtt," \
	"$(wc -l <"$work/known") of hm"
who_is_there
mark hm
save_dashboard "solar"
same "the DTU's energy goes on" "$(counted old hm total_production)" \
	$(($(total) - before))
wait_polls 3
mark last
same "... and on" "$(counted hm last total_production)" "$(made hm last)"
end_stage
