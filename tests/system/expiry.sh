#!/bin/bash
# Values do not freeze in Home Assistant: those of an inverter that is excluded end,
# and those of a poll by cron expire. Energies stay.
# shellcheck source=tests/lib/lib.sh
. "$(dirname "$0")/../lib/lib.sh"
pipelines=$(cd "$(dirname "$0")/../../pipelines" && pwd)

start_sim plant --transport modbus --inverters 2 --inputs 1 --start 12:00
hm-poll -1 --stats-period 0 "${uris[@]}" | hm-decode --stats-period 0 >"$work/poll"
gone=$(jq -rs 'map(select(.type == "inverter"))[0].serial' "$work/poll")
stays=$(jq -rs 'map(select(.type == "inverter"))[1].serial' "$work/poll")

# The inverter is excluded after the first of six polls, one a minute.
hm-filter --no-persistence --stats-period 0 <"$work/poll" >"$work/all" 2>/dev/null
hm-filter --no-persistence --stats-period 0 --exclude-inverters "$gone" \
	<"$work/poll" >"$work/rest" 2>/dev/null
{
	cat "$work/all"
	for minute in 1 2 3 4 5; do
		jq -c --argjson m "$minute" \
			'.time |= (fromdate + 60 * $m | todate)' "$work/rest"
	done
} | hm-ha-discovery --stats-period 0 >"$work/messages"
same "hm-ha-discovery ran" $? 0

# last SERIAL: the keys of the last states of an inverter and its input.
last() {
	jq -rs --arg s "$1" 'map(select(.type == "mqtt" and
	    (.topic | test("/\($s)/([0-9]+/)?state$")))) | group_by(.topic) |
	    map(last.payload | keys[]) | join(" ")' "$work/messages"
}
same "only the energies of an inverter that is excluded stay" \
	"$(last "$gone")" "today_production total_production"
has() {
	[[ " $(last "$stays") " == *" $1 "* ]]
}
check "... those of the other one go on" has pv_power
check "... with its inverter's" has grid_voltage

# expiry FILE: of an instant value, and of an energy.
expiry() {
	jq -rs 'map(select(.type == "mqtt") | select(.topic |
	    test("port_1_(pv_power|total_production)/config$"))) |
	    map("\(.topic | split("/")[-2]) \(.payload.expire_after)") |
	    unique | join(" ")' "$1"
}
same "values expire after three periods, at least 300 s; energies do not" \
	"$(expiry "$work/messages")" \
	"port_1_pv_power 300 port_1_total_production null"

# By cron: without a broker, hm-publish is a file.
mkdir "$work/bin"
# The shell of the script expands it.
# shellcheck disable=SC2016
printf '#!/bin/sh\nexec cat >"$PUBLISHED"\n' >"$work/bin/hm-publish"
chmod +x "$work/bin/hm-publish"
by_cron() {
	env PATH="$work/bin:$PATH" PUBLISHED="$work/published" \
		HM_LOCK="$work/cron.lock" PERSISTENCE_ENABLED=false "$@" \
		"$pipelines/cron-once" "${uris[@]}" 2>"$work/cron.err"
	expiry "$work/published"
}
same "by cron, after 15 minutes" "$(by_cron)" \
	"port_1_pv_power 900 port_1_total_production null"
same "... unless expire_after is set" "$(by_cron EXPIRE_AFTER=0)" \
	"port_1_pv_power null port_1_total_production null"
echo "query_period: 1200" >"$work/hm.yaml"
same "... or query_period" "$(by_cron HM_CONFIG="$work/hm.yaml")" \
	"port_1_pv_power 3600 port_1_total_production null"
finish
