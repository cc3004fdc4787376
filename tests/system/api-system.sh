#!/bin/bash
# /api/system: DTUs, the broker, the database, tools, and settings, none of which
# is a secret.
# shellcheck source=tests/lib/lib.sh
. "$(dirname "$0")/../lib/lib.sh"
# shellcheck source=tests/lib/api.sh
. "$(dirname "$0")/../lib/api.sh"
unset HM_CONFIG DTU_HOST DATABASE_PATH TIMEZONE TZ MQTT_PASSWORD

cat >"$work/hm.yaml" <<-END
	dtu_configs:
	  - name: roof
	    uri: hm://192.0.2.7
	  - name: barn
	    host: barn.example.org
	    port: 503
	    unit_id: 7
	names:
	  barn: Cow shed
	night: 52.5163,13.3777
	mqtt_broker: 192.0.2.9
	mqtt_user: solar
	mqtt_password: letmein1
	page_url: https://me:letmein2@example.org/?token=letmein3
END
database=$work/hm.db
now=$(date -u +%FT%TZ)
for day in 2026-11-20 2026-11-21 2026-11-23; do
	echo "{\"type\":\"dtu\",\"time\":\"${day}T10:00:00Z\",\"dtu\":\"roof\",\"pv_power\":5}"
done | hm-store --stats-period 0 --timezone UTC -d "$database" >/dev/null

api=/api/system

# tell TYPE MEMBERS: write a record with the time $now.
tell() {
	echo "{\"type\":\"$1\",\"time\":\"$now\",$2}" >&7
}

# report TOOL LINES MEMBERS: write a stats record.
report() {
	tell stats "\"tool\":\"$1\",\"version\":\"0.7.1\",\"uptime\":70,\"cpu_ms\":9,\"memory\":1048576,\"records_in\":$2,\"records_out\":$2,\"bad_lines\":0$3"
}

MQTT_PASSWORD=letmein4 serve --stats-period 60 -c "$work/hm.yaml" -d "$database" --allowed-hosts solar
check "what is known at the start" is \
	'[.version, .mqtt, .tools, (.dtus | map(.status))]' \
	"[\"$(hm-metrics --version | cut -d' ' -f2)\",null,[],[\"unknown\",\"unknown\"]]"
check "the time is now" is "(.time | fromdate) - $(date +%s) | fabs < 60" true
check "DTUs have their address" is \
	'[.dtus[] | .name, .title, .host, .port, .transport]' \
	'["roof",null,"192.0.2.7",10081,"hm","barn","Cow shed","barn.example.org",503,"modbus"]'
check "the database has its days" is '.database | [.path, .bytes > 9999,
	.schema, .first_day, .last_day, .writing]' \
	"[\"$database\",true,2,\"2026-11-20\",\"2026-11-23\",null]"

tell info '"dtu":"roof","serial":"10f714323186","kind":"dtu","model":"DTU-Pro","firmware":"V00.02.08","signal":62'
tell dtu '"dtu":"roof","serial":"10f714323186","pv_power":100'
tell status '"dtu":"barn","state":"offline","breaker":"open","failures":3,"error":"refused","text":"Connection refused","hint":"close the app","retry_at":"2026-11-23T15:59:40Z"'
check "a DTU that answers" until_true 10 is '.dtus[0] | [.serial, .model,
	.firmware, .signal, .status, .answered, .polls, .failed, .breaker,
	.retry_at, .reason, .hint]' \
	"[\"10f714323186\",\"DTU-Pro\",\"V00.02.08\",62,\"online\",\"$now\",1,0,null,null,null,null]"
check "... and one that does not" until_true 10 is '.dtus[1] | [.serial,
	.signal, .status, .answered, .polls, .failed, .breaker, .retry_at, .reason,
	.hint]' \
	'[null,null,"error",null,1,1,"open","2026-11-23T15:59:40Z","Connection refused","close the app"]'

report hm-publish 5 ',"connected":1,"connections":2,"queued":3,"published":40,"replaced":6,"dropped":7'
check "the broker" until_true 10 is .mqtt \
	'{"connected":true,"connections":2,"sent":40,"queued":3,"replaced":6,"dropped":7}'
report hm-store 0 ',"rows":9,"queued":1,"lost":0,"failing":1'
check "a database that cannot be written" until_true 10 is \
	'.database | [.writing, .rows, .queued, .lost]' '[false,9,1,0]'
report hm-store 0 ',"rows":9,"queued":0,"lost":0,"failing":0'
check "... and one that can" until_true 10 is .database.writing true
check "a tool" is '.tools[0]' "{\"name\":\"hm-publish\",\"version\":\"0.7.1\",\"time\":\"$now\",\"silent\":false,\"moving\":true,\"uptime\":70,\"memory\":1048576,\"cpu_ms\":9,\"records_in\":5,\"records_out\":5,\"bad_lines\":0,\"deaths\":0}"
report hm-publish 5 ''
tell death '"tool":"hm-publish","pid":7,"exit":75'
check "one through which nothing passes, and that has ended once" \
	until_true 10 is '.tools[0] | [.moving, .deaths]' '[false,1]'
report hm-publish 6 ''
check "... and something again" until_true 10 is '.tools[0].moving' true
check "what it no longer reports is not known" is .mqtt.connected null

# value NAME
value() {
	get /api/system | jq -c --arg name "$1" \
		'.settings[] | select(.name == $name) | [.value, .source]'
}
same "a setting of the file" "$(value names | sed 's/:[0-9]*"]/"]/')" \
	"[\"barn: Cow shed\",\"$work/hm.yaml\"]"
same "one of the command line" "$(value health_allowed_hosts)" \
	'["solar","--allowed-hosts"]'
same "one by default" "$(value query_period)" '["60","default"]'
same "one of another tool" "$(value mqtt_broker | cut -d, -f1)" '["192.0.2.9"'
same "a password is set" "$(value mqtt_password)" '["set","MQTT_PASSWORD"]'
get /api/system >"$work/system"
same "no secret is in it" "$(grep -c letmein "$work/system")" 0
hm-metrics -c "$work/hm.yaml" -d "$database" --allowed-hosts solar --check |
	sed -n 's/^\([a-z_0-9]*\):.*/\1/p' | sort >"$work/checked"
same "... nor where the plant is" "$(value night | cut -d, -f1) $(
	grep -c 5163 "$work/system")" '["sunset to sunrise" 0'
same "every setting that --check prints is there" \
	"$(comm -23 "$work/checked" <(jq -r '.settings[].name' "$work/system" |
	sort))" ""
same "nothing was logged" "$(cat "$work/err")" ""

# A DTU of the stream alone, and no database.
serve --stats-period 60
tell dtu '"dtu":"shed","pv_power":100'
check "a DTU that no setting names has no address" until_true 10 is \
	'.dtus[0] | [.name, .host, .port, .transport]' '["shed",null,null,null]'
check "without a database there is none" is .database null
finish
