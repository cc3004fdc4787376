#!/bin/bash
# The statistics when the unit of an energy changes, and changes back.
# shellcheck source=tests/homeassistant/stage.sh
. "$(dirname "$0")/../stage.sh"

start_stage
start_plant 10:00 --speed 60 --inverters 2 --inputs 2 --meter
settings
start_chain
wait_polls 3
who_is_there
mark Wh
save_dashboard "solar grid"

unit_of() {
	call get_states | jq -r --arg id "$(entities | jq -r --arg id "$1" \
	    'select(.unique_id == $id).entity_id')" \
		'.[] | select(.entity_id == $id).attributes.unit_of_measurement'
}

change_settings 'value_multipliers: {total_production: 0.001,
  today_production: 0.001}'
wait_polls 3
mark kWh
same "the unit is kWh" "$(unit_of "hoymiles_mqtt_DTU_${dtu}_total_production")" \
	kWh
same "the DTU's energy in kWh" "$(counted Wh kWh total_production)" \
	"$(made Wh kWh)"
same "... of today" "$(counted Wh kWh today_production)" "$(made Wh kWh)"
check "... and each input's" inputs_are_counted Wh kWh

change_settings
wait_polls 3
mark back
same "the unit is Wh again" \
	"$(unit_of "hoymiles_mqtt_DTU_${dtu}_total_production")" Wh
same "the DTU's energy in Wh" "$(counted kWh back total_production)" \
	"$(made kWh back)"
same "... of today" "$(counted kWh back today_production)" "$(made kWh back)"
check "... and each input's" inputs_are_counted kWh back
end_stage
