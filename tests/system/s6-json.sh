#!/bin/bash
# The supervised chain with log_format: json: every line of its log files is an
# object.
# shellcheck source=tests/lib/lib.sh
. "$(dirname "$0")/../lib/lib.sh"
# shellcheck source=tests/lib/supervised.sh
. "$(dirname "$0")/../lib/supervised.sh"
unset HM_CONFIG DTU_HOST MQTT_BROKER DATABASE_PATH HM_LOG_DIR LOG_FORMAT

s6=$(cd "$(dirname "$0")/../../s6" && pwd)
services=$(sed -n '/^hm-subscribe$/d; s/^hm-//p' "$s6/chain" | xargs)
logs=$work/log

lines() {
	cat "$logs"/*/@* "$logs"/*/current 2>/dev/null
}

# logged TOOL TEXT
logged() {
	lines | jq -r --arg tool "$1" 'select(.tool == $tool) | .msg' |
		grep -q -- "$2"
}

settings() {
	cat <<-EOF
		dtu_configs: [{name: roof, uri: "${uris[0]}"}]
		query_period: 5
		database_path: $work/hm.db
		mqtt_enabled: false
		health_port: $page
		log_level: DEBUG
		log_format: json
	EOF
}

start_sim plant --transport modbus
{
	settings
	echo "no_such_key: 1"
} >"$work/hm.yaml"
export HM_CHAIN=$$ HM_CONFIG=$work/hm.yaml
HM_LOG_DIR=$logs "$s6/start" "$live" 2>"$work/svscan.log"
same "wrong settings are reported once, as JSON" "$? $(jq -r .tool \
	"$work/svscan.log" | xargs)" "78 hm-poll start"

settings >"$work/hm.yaml"
HM_LOG_DIR=$logs "$s6/start" "$live" 2>"$work/svscan.log" &
svscan=$!
check "every service becomes ready" until_true 20 all_ready
check "decode is restarted after kill -9" murder decode
check "... and logged" until_true 5 logged hm-decode "ended by signal 9"
(settings; echo "mqtt_qos: 3") >"$work/hm.yaml"
s6-svc -r "$scan/publish"
check "a wrong setting is logged" until_true 10 logged hm-publish \
	"a setting is wrong, see above.*s6-svc -u"
settings >"$work/hm.yaml"
s6-svc -u "$scan/publish"
rm "$scan/pipes/filter"
s6-svc -r "$scan/alert"
check "a missing pipe is logged" until_true 10 logged hm-alert "is no pipe"
s6-svc -r "$scan/pipes"
check "... and comes back" until_true 20 all_ready
s6-svscanctl -t "$scan"
wait "$svscan"

same "every line is an object" "$(lines | jq -R '[fromjson? // "none"] | .[0] |
	select((type != "object") or (.time | fromdate < 1) or
	    (.level | test("^[a-z]+$") | not) or (.tool | length == 0) or
	    (.msg | length == 0))')" ""
same "... of every tool" "$(lines | jq -r .tool | sort -u | xargs)" \
	"$(xargs -n 1 <<<"$services" | sed s/^/hm-/ | sort | xargs)"
finish
