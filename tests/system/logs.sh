#!/bin/bash
# Logs as JSON: for every failure of every tool stderr has one JSON object a
# line, with the facts as fields.
# shellcheck source=tests/lib/lib.sh
. "$(dirname "$0")/../lib/lib.sh"

# Every line is an object with time, level, tool and msg; there is at least one.
objects() {
	local lines
	lines=$(wc -l <"$work/err")
	[ "$lines" -gt 0 ] && [ -z "$(tail -c 1 "$work/err" | tr -d '\n')" ] &&
		[ "$(jq -c --arg tool "$tool" 'select((.time | fromdate > 0) and
		    .tool == $tool and (.level | test("^[a-z]+$")) and
		    (.msg | length > 0) and (has("text") | not))' \
			"$work/err" | wc -l)" -eq "$lines" ] &&
		! LC_ALL=C grep -q '[[:cntrl:]]' "$work/err"
}

# fails NAME STATUS KEYS COMMAND ...: the command ends with this status, and its
# last message, but for those about the end, has these keys beside those of all
# messages. It reads $input.
input=/dev/null
fails() {
	local name=$1 expected=$2 keys=$3 status
	shift 3
	tool=$1
	timeout 20 "$@" <"$input" >"$work/out" 2>"$work/err"
	status=$?
	same "$name: status" "$status" "$expected"
	check "$name: objects" objects
	same "$name: facts" "$(jq -r 'select(.msg |
	    test("^(the stream ends|shutdown complete)") | not) | del(.time, .level, .tool, .msg) |
	    keys_unsorted | join(" ")' "$work/err" | tail -n 1)" "$keys"
}

printf 'log_format: json\nlog_level: loud\nlog_lvel: DEBUG\n' >"$work/hm.yaml"
for path in "$HM_BIN"/hm-*; do
	tool=${path##*/}
	LOG_FORMAT=json fails "$tool, an unknown option" 64 "" "$tool" --bogus
	fails "$tool, an option after the format" 64 "" \
		"$tool" --log-format json --stats-period
	fails "$tool, an option before the format" 64 "" \
		"$tool" --bogus --log-format=json
	fails "$tool, settings in the file that asks for JSON" 78 \
		"where reason" "$tool" -c "$work/hm.yaml"
	LOG_FORMAT=json fails "$tool, a missing file" 78 \
		"where reason" "$tool" -c "$work/none.yaml"
	setting=HM_STATS_PERIOD
	[ "$tool" != hm-top ] || setting=QUERY_PERIOD # it writes no records
	export "$setting"=$'\xff\e[2J\n'
	LOG_FORMAT=json fails "$tool, a value with control bytes" 78 \
		"where reason" "$tool"
	unset "$setting"
	LOG_FORMAT=xml "$tool" >"$work/out" 2>"$work/err"
	same "$tool, an unknown format is reported as text" \
		"$(cat "$work/err")" "$tool: error: LOG_FORMAT: found \"xml\",\
 allowed are standard json"
done

export LOG_FORMAT=json
port=$(free_port)
dtu=modbus://127.0.0.1:$port#roof
fails "a DTU that refuses" 69 "dtu error uri reason hint failures" \
	hm-poll -1 --retries 0 --stats-period 0 "$dtu"
same "... with these facts" "$(jq -r \
	'"\(.dtu) \(.error) \(.uri) \(.failures)"' "$work/err")" \
	"roof refused modbus://127.0.0.1:$port 1"
fails "a DTU that refuses, tried again" 69 \
	"dtu error uri reason hint failures" hm-poll -1 --retries 1 \
	--log-level info --stats-period 0 "$dtu"
same "... logs the retry" "$(grep '"retry"' "$work/err" |
	jq -r '"\(.dtu) \(.error) \(.retry) \(.wait_ms >= 0)"')" \
	"roof refused 1 true"

printf '{"type":"x"\n{"\x1b\xff\n' >"$work/bad"
input=$work/bad
for tool in hm-decode hm-filter hm-ha-discovery; do
	fails "$tool, bad lines" 65 "line reason" "$tool" --strict
done
input=/dev/null

fails "an unknown time zone" 78 "setting where found allowed" \
	hm-filter --timezone Europe/Atlantis
fails "an unknown entity" 78 "setting where found allowed" \
	hm-ha-discovery --mi-entities grid_volts
fails "a wrong topic" 78 "setting where found allowed" \
	hm-publish -b localhost --mqtt-topic-prefix 'a/#'
fails "a missing certificate" 78 "setting where file reason" \
	hm-publish -b localhost --mqtt-tls-ca-cert "$work/none"
fails "a directory as the database" 0 "file reason" \
	hm-filter -d "$work" --stats-period 0

echo '{"type":"mqtt","topic":"a","payload":"b","retain":true}' >"$work/mqtt"
input=$work/mqtt
fails "a broker that does not listen" 75 "broker port messages" hm-publish \
	-b 127.0.0.1 --mqtt-port "$port" --flush-timeout 0.3 --stats-period 0
same "... with these facts" "$(head -n 1 "$work/err" |
	jq -r '"\(.broker) \(.port) \(.reason)"')" \
	"127.0.0.1 $port Connection refused"
fails "a dry run" 0 "topic qos retain payload" \
	hm-publish --dry-run --log-level CRITICAL
same "... with the message it would publish" "$(jq -r \
	'"\(.msg) \(.topic) \(.qos) \(.retain) \(.payload)"' "$work/err")" \
	"would publish a 1 true b"
input=/dev/null

start_sim first
# Levels of single tools.

# levels: the levels that hm-poll and hm-decode have logged, and what hm-poll
# has written at DEBUG.
levels() {
	hm-poll -1 -c "$work/levels.yaml" --stats-period 0 "$@" \
		"${uris[0]}#roof" 2>"$work/poll.err" |
		hm-decode -c "$work/levels.yaml" >/dev/null 2>"$work/err"
	jq -r '.tool + " " + .level' "$work/poll.err" "$work/err" | sort -u |
		xargs
}
echo 'log_levels: {hm-poll: DEBUG, hm-decode: ERROR}' >"$work/levels.yaml"
same "log_levels names the level of each tool" "$(levels)" \
	"hm-poll debug hm-poll info"
for text in 'version .* starts, with the settings of ' '^DTU roof: ' \
	'lock .*: taken' 'request of [0-9]* bytes: ' 'received [0-9]* bytes: ' \
	'the replies are complete' 'the stream ends: .* all is flushed' \
	'shutdown complete, with status 0'; do
	check "hm-poll logs: $text" grep -q "$text" \
		<(jq -r .msg "$work/poll.err")
done
same "... but of a reply no more than its header" "$(jq -r .msg \
	"$work/poll.err" | grep -cE 'received [0-9]+ bytes: .{24}')" 0
check "... which it has" grep -qE 'received [0-9]+ bytes: 484da2.{14}\.\.\.$' \
	<(jq -r .msg "$work/poll.err")
same "... and goes before the variable LOG_LEVEL" \
	"$(LOG_LEVEL=CRITICAL levels)" "hm-poll debug hm-poll info"
same "... but not before --log-level" "$(levels --log-level WARNING)" ""

hm-poll -1 --stats-period 0 "${uris[0]}#roof" 2>/dev/null | hm-decode \
	>"$work/readings"
input=$work/readings
fails "hm-filter and what it decides" 0 "" hm-filter --log-level DEBUG \
	-d "$work/levels.db"
check "... input by input" grep -q ', input 1: today .*: accepted; the guard has: ' \
	<(jq -r .msg "$work/err")
check "... and that it is committed" grep -q 'energies are committed' \
	<(jq -r .msg "$work/err")
fails "hm-store and its transactions" 0 "file backup" hm-store --log-level DEBUG \
	-d "$work/levels.db" --backup-after 0
check "... are logged" grep -q 'committed [0-9]* records' \
	<(jq -r .msg "$work/err")
check "... and that all is committed" grep -q 'all records are committed' \
	<(jq -r .msg "$work/err")
check "... and the backup" grep -q 'backup made: ' <(jq -r .msg "$work/err")
input=/dev/null

taken=${uris[0]##*:}
fails "an address that is taken" 71 "uri reason" hm-sim --port "${taken%#*}"
finish
