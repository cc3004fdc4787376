#!/bin/bash
# A DTU that hangs: it answers every poll for an hour with one reading and one
# time. hm-poll reads hm-sim for the first two answers; then the second one,
# marked stale, goes on for an hour, and new readings come. Home Assistant is
# shown energies only, hm-alert raises one alarm, and the energies go on.
# shellcheck source=tests/lib/lib.sh
. "$(dirname "$0")/../lib/lib.sh"
unset HM_CONFIG ALERTS_ENABLED HM_NIGHT MQTT_BROKER QUERY_PERIOD
no_stats=(--stats-period 0)

start_sim sim --transport hm --inverters 1 --inputs 2 --start 12:00 \
	--fault stale
hm-poll -n 2 --period 5 "${no_stats[@]}" "${uris[0]}" 2>/dev/null |
	jq -c 'select(.type == "frame")' >"$work/two"
same "hm-poll marks the second answer" \
	"$(jq -c '.stale // false' "$work/two" | tr '\n' ' ')" "false true "

# A poll a minute: a new reading, an hour of repetitions, new readings.
jq -cs '. as [$new, $old] | 1757498340 as $start |
	range(64) as $i |
	(if $i == 0 or $i > 60 then $new else $old end) |
	.time = ($start + 60 * $i | todate)' "$work/two" >"$work/frames"

# chain OPTION ...: the messages and alarms, with an option of hm-filter.
chain() {
	hm-decode "${no_stats[@]}" <"$work/frames" |
		hm-filter --no-persistence "${no_stats[@]}" "$@" |
		hm-alert --alerts "${no_stats[@]}" |
		hm-ha-discovery "${no_stats[@]}"
}
chain >"$work/all"
chain --fresh >"$work/fresh"

# states KEY FILE: the times of the states of inputs that have this key.
states() {
	jq -r --arg key "$1" 'select(.type == "mqtt" and
		(.topic | endswith("/1/state")) and .payload[$key]) |
		.time[11:16]' "$2" | tr '\n' ' '
}

same "powers are shown until three polls have repeated them" \
	"$(states pv_power "$work/all")" \
	"09:59 10:00 10:01 11:00 11:01 11:02 "
same "... energies always" "$(states total_production "$work/all" | wc -w)" 64
same "... with --fresh from hm-filter, too" \
	"$(states pv_power "$work/fresh")" \
	"09:59 10:02 10:03 11:00 11:01 11:02 "
same "the DTU stays available" "$(jq -r 'select(.type == "mqtt" and
	(.topic | endswith("/availability"))) | .payload' "$work/all")" online
same "one alarm, from the last new reading on" \
	"$(jq -rs 'map(select(.type == "alarm")) | map(.alert, .start,
		.time[11:16], .end // "") | .[:4] + .[-4:] | join(" ")' \
		"$work/all")" \
	"stale 2025-09-10T09:59:00Z 10:02  stale 2025-09-10T09:59:00Z 11:00 2025-09-10T11:00:00Z"
same "... in Home Assistant, too" "$(jq -rs 'map(select(.type == "mqtt" and
	(.topic | endswith("/alert/stale"))) | .payload.state) | unique |
	join(" ")' "$work/all")" "OFF ON"

finish
