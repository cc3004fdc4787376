#!/bin/bash
# An alert of a DTU that is offline survives a restart of the chain: hm-alert finds in
# the database which DTU it is, and whether it may sleep.
# shellcheck source=tests/lib/lib.sh
. "$(dirname "$0")/../lib/lib.sh"

db=$work/hm.db
hm-store -d "$db" --stats-period 0 >/dev/null <<'EOT'
{"type":"dtu","time":"2026-11-23T16:00:00Z","dtu":"roof","serial":"10f712345678","pv_power":400}
{"type":"dtu","time":"2026-11-23T16:00:00Z","dtu":"dusk","serial":"114312345679","pv_power":50}
{"type":"dtu","time":"2026-11-23T16:00:00Z","dtu":"noon","serial":"114312345680","pv_power":50.1}
{"type":"dtu","time":"2026-11-23T16:00:00Z","dtu":"nameless","pv_power":10}
EOT

# away NAME TIME ...: the status records of failed polls.
away() {
	local name=$1
	shift
	printf '{"type":"status","time":"2026-11-%sZ","dtu":"'"$name"'","state":"offline","breaker":"closed","failures":1,"error":"unreachable","text":"No route to host"}\n' "$@"
}

# raised [OPTION ...]: the alarms for the input: begin, and of which DTU.
raised() {
	hm-alert --alerts --stats-period 0 "$@" 2>"$work/err" | jq -rs 'map(
	    select(.type == "alarm") | "\(.dtu) \(.serial) \(.start)") |
	    unique | join(", ")'
}

night=(23T20:00:00 23T20:05:00 23T20:10:00)
same "a DTU that has not answered since the start has its serial" \
	"$(away roof "${night[@]}" | raised -d "$db")" \
	"roof 10f712345678 2026-11-23T20:00:00Z"
same "... not without the database" "$(away roof "${night[@]}" | raised)" \
	"roof null 2026-11-23T20:00:00Z"
same "... nor with --no-persistence" \
	"$(away roof "${night[@]}" | raised -d "$db" --no-persistence)" \
	"roof null 2026-11-23T20:00:00Z"
same "a DTU that is not in it has none" \
	"$(away shed "${night[@]}" | raised -d "$db")" \
	"shed null 2026-11-23T20:00:00Z"
same "... nor one whose serial hm-store never saw" \
	"$(away nameless "${night[@]}" | raised -d "$db")" \
	"nameless null 2026-11-23T20:00:00Z"
same "one in an inverter that was dark may sleep" \
	"$(away dusk "${night[@]}" | raised -d "$db")" ""
same "... for 20 hours from its last readings" \
	"$(away dusk "${night[@]}" 24T11:59:00 24T12:06:00 24T12:12:00 |
		raised -d "$db")" "dusk 114312345679 2026-11-23T16:00:00Z"
same "... not if they are older" \
	"$(away dusk 24T12:01:00 24T12:06:00 24T12:10:00 | raised -d "$db")" \
	"dusk 114312345679 2026-11-24T12:01:00Z"
same "... nor if it had power" \
	"$(away noon "${night[@]}" | raised -d "$db")" \
	"noon 114312345680 2026-11-23T20:00:00Z"

away roof "${night[@]}" | raised -d "$work/none.db" >"$work/alarm"
same "a database that is not there yet is no mistake" \
	"$(cat "$work/alarm" "$work/err")" "roof null 2026-11-23T20:00:00Z"
echo "no database at all, but a text of some length" >"$work/bad.db"
away roof "${night[@]}" | raised -d "$work/bad.db" >"$work/alarm"
same "one that cannot be read is named, and alarms go on" \
	"$(cat "$work/alarm"; grep -c "bad.db.*the serial number of a DTU" "$work/err")" \
	"roof null 2026-11-23T20:00:00Z
1"

# In Home Assistant: the sensor is there and ON, and OFF when the DTU is back.
{
	away roof "${night[@]}"
	cat <<'EOT'
{"type":"dtu","time":"2026-11-23T20:20:00Z","dtu":"roof","serial":"10f712345678","pv_power":0}
EOT
} | hm-alert --alerts -d "$db" | hm-ha-discovery --alerts >"$work/messages"
topics=homeassistant/hoymiles_mqtt/10f712345678/alert/dtu_offline
same "Home Assistant has the sensor while the DTU is away" \
	"$(jq -r 'select(.topic? | tostring |
		endswith("dtu_offline_alert/config")) | .time' \
		"$work/messages" | head -n 1)" "2026-11-23T20:05:00Z"
same "... ON, and OFF when it answers" \
	"$(jq -r --arg t "$topics" 'select(.topic? == $t).payload.state' \
		"$work/messages" | uniq | tr '\n' ' ')" "ON OFF "
finish
