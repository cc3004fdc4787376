#!/bin/bash
# hm-subscribe and a real broker: commands, messages, floods, and brokers that
# go away.
# shellcheck source=tests/lib/lib.sh
. "$(dirname "$0")/../lib/lib.sh"
unset HM_CONFIG DTU_HOST MQTT_BROKER DATABASE_PATH
export MQTT_CLIENT_ID=test
base=homeassistant/hoymiles_mqtt
port=$(free_port)

# Start a broker on $port that logs to $work/broker.log.
broker() {
	start_broker "$port" "allow_anonymous true" "log_dest file $work/broker.log" \
		"log_type all" "user root"
}

# start NAME OPTION ...: hm-subscribe on $port, which reads the descriptor 7.
start() {
	mkfifo "$work/$1.in"
	exec 7<>"$work/$1.in"
	hm-subscribe --stats-period 0 --mqtt-broker 127.0.0.1 \
		--mqtt-port "$port" --log-level INFO --reconnect-delay 0.1 \
		--reconnect-delay-max 0.2 "${@:2}" <"$work/$1.in" \
		>"$work/$1" 2>"$work/$1.err" 7>&- &
	subscriber=$!
	pids+=("$subscriber")
}

send() {
	mosquitto_pub -h 127.0.0.1 -p "$port" "$@"
}

said() {
	grep -q -- "$2" "$work/$1.err"
}

wrote() {
	grep -q -- "$2" "$work/$1"
}

# What stands at the topic of control.
control() {
	mosquitto_sub -h 127.0.0.1 -p "$port" -t "$base/test/control" -C 1 -W 2 \
		2>/dev/null
}

is_control() {
	[ "$(control)" = "$1" ]
}

# end NAME: stop it; its status.
end() {
	kill -TERM "$subscriber"
	wait "$subscriber"
}

# The broker is away at the start.
start first --control --topic 'a/#' --topic b --dtu-host hm://192.168.1.50 \
	--control-max-age 5
check "a broker that is away is retried" until_true 10 said first \
	'no connection to the broker'
broker
check "... and found" until_true 10 is_control online
same "... one with MQTT 5" "$(grep -c 'MQTT 5' "$work/first.err")" 0
check "it has a client id of its own" until_true 5 grep -q \
	'as test-in ' "$work/broker.log"

# What comes at the topics of commands.
send -t $base/command -m '{"action":"limit","percent":60}'
send -t $base/test/command -m \
	'{"id":"a1","action":"turn_off","dtu":"192.168.1.50","from":"me","why":[
{"type":"command","action":"turn_on"}
]}'
send -t $base/command -m '{"action":"turn_off","dtu":"garage"}'
send -t $base/test/command -m '{"id":"a2","action":"turn_off","dtu":"garage"}'
send -t $base/test/command -m '{"id":"a3","action":"turn"}'
send -t $base/test/command -m 'off'
head -c 5000 /dev/zero | tr '\0' ' ' | send -t $base/test/command -s
send -r -t $base/test/command -m '{"id":"a4","action":"turn_off"}'
send -t a/b -m 'first "word"'
send -t b -m ''
send -r -t $base/test/command -n
printf '\xff' | send -t a/b -s
send -t a/end -m end
check "messages are written" until_true 10 wrote first '"payload":"end"'
jq -c 'select(.type == "command")' "$work/first" >"$work/commands"
same "a command gets what it lacks" \
	"$(jq -c 'select(.percent == 60) | [(.time | fromdate) > 0, .dtu, .from]' \
		"$work/commands")" "[true,null,\"$base/command\"]"
check "... with an id of its own" jq -es '.[0].id | test("^mqtt-[0-9a-f]+-")' \
	"$work/commands"
same "... and keeps what it has, on one line" \
	"$(jq -c 'select(.id == "a1") | [.action, .from, .why[].action]' \
		"$work/commands")" "[\"turn_off\",\"$base/test/command\",\"turn_on\"]"
same "of the shared topic only commands for this chain are taken" \
	"$(jq -r 'select(.dtu == "garage") | .id' "$work/commands")" a2
check "... which is logged" said first 'garage, which is not of this chain'
same "no other command is there" "$(wc -l <"$work/commands")" 3
same "each invalid one has a result" "$(jq -r 'select(.type == "result") |
	"\(.id | sub("mqtt-.*"; "new")) \(.state) \(.error): \(.text)"' \
	"$work/first")" "a3 refused invalid: its action is none of limit, \
limit_temporary, turn_on, turn_off, restart_inverter, restart_dtu, clear_alarms, \
set_mode, set_soc_limits, set_export_limit
new refused invalid: its payload cannot be read: not a JSON object at byte 1
new refused invalid: its payload has 5000 bytes, allowed are 4096"
check "... and a warning" said first 'warning: .*a command is refused: its action'
check "a retained command is not carried out" said first \
	'a retained command is not carried out'
same "... and its deletion is none" \
	"$(grep -c 'a retained command\|a command is refused' "$work/first.err")" 4
same "messages are records" "$(jq -c 'select(.type == "message") |
	[.topic, .payload, .qos, .retained, (.time | fromdate) > 0]' \
	"$work/first")" '["a/b","first \"word\"",0,false,true]
["b","",0,false,true]
["a/end","end",0,false,true]'
check "... unless they are not UTF-8" said first 'its payload is not UTF-8'

# Lines of stdin, and its end.
echo '{"type":"x","n":1}' >&7
check "lines of stdin pass" until_true 5 wrote first '{"type":"x","n":1}'
exec 7>&-
send -t b -m later
check "... and their end ends nothing" until_true 5 wrote first \
	'"payload":"later"'
kill -USR1 "$subscriber"
check "a stats record has the counts" until_true 5 wrote first '"tool":"hm-sub'
same "... all of them" "$(jq -c 'select(.type == "stats") | [.connected,
	.connections, .commands, .refused, .retained, .foreign, .messages,
	.unreadable, .dropped, .expired, .queued]' "$work/first")" \
	'[1,1,3,3,1,1,4,1,0,0,0]'

# The broker restarts: what is retained comes again, and is a command no more.
kill "$broker"
wait "$broker" 2>/dev/null
check "a broker that goes away is noticed" until_true 5 said first 'is lost'
broker
send -r -t $base/test/command -m '{"id":"a5","action":"turn_off"}'
check "... and found again" until_true 10 is_control online
send -t $base/test/command -m '{"id":"a6","action":"turn_off"}'
check "... with both subscriptions" until_true 5 wrote first '"id":"a6"'
same "... but not with what was retained" "$(grep -c '"id":"a5"' "$work/first")" 0

# The last will, and the farewell.
kill -9 "$subscriber"
wait "$subscriber" 2>/dev/null
check "killed: its last will says offline" until_true 5 is_control offline
start second --control
check "another one says online" until_true 10 is_control online
end
same "... and ends with 0" $? 0
same "... and says offline" "$(control)" offline
same "no session outlives a connection: each is a clean one" \
	"$(grep 'as test-in (' "$work/broker.log" | grep -vc '(p5, c1, ')" 0

# In a supervised chain that stops, hm-poll may end first.
mkfifo "$work/gone"
cat "$work/gone" >/dev/null &
reader=$!
HM_DURABLE=1 hm-subscribe --mqtt-broker 127.0.0.1 --mqtt-port "$port" --control \
	</dev/null >"$work/gone" 2>"$work/gone.err" &
subscriber=$!
pids+=("$reader" "$subscriber")
until_true 10 is_control online
kill -9 "$reader"
wait "$reader" 2>/dev/null
end
same "a stop without a reader is no error in a chain" "$? $(cat "$work/gone.err")" "0 "

# A reader that does not read, and a flood: memory is bounded.
mkfifo "$work/stalled"
exec 8<>"$work/stalled"
hm-subscribe --stats-period 0 --mqtt-broker 127.0.0.1 --mqtt-port "$port" \
	--control --control-max-age 5 --topic 'flood/#' </dev/null >"$work/stalled" \
	2>"$work/flood.err" 8>&- &
subscriber=$!
pids+=("$subscriber")
until_true 10 is_control online
bulk=$(head -c 20000 /dev/zero | tr '\0' x)
for _ in $(seq 500); do echo "$bulk"; done | send -t flood/x -l
seq -f '{"id":"f%g","action":"turn_on"}' 60 | send -t $base/test/command -l
check "a flood is logged" until_true 20 said flood 'the oldest commands'
same "... once" "$(grep -c 'the oldest commands' "$work/flood.err")" 1
peak=$(awk '$1 == "VmHWM:" { print $2 }' "/proc/$subscriber/status")
echo "# memory at its peak: $peak kB"
if nm -D "$(command -v hm-subscribe)" 2>/dev/null | grep -q __asan; then
	skip "... and takes little memory" "the sanitizer takes memory, too"
else
	check "... and takes little memory" [ "$peak" -lt 20000 ]
fi
# The commands are too old when the reader reads again.
sleep 5.2
timeout 30 cat <&8 >"$work/flood" &
reader=$!
pids+=("$reader")
flood_ended() {
	[ "$(grep -c '"error":"too_old"' "$work/flood")" -eq 60 ]
}
check "commands that waited too long are refused" until_true 30 flood_ended
same "... and none is left" "$(jq -r 'select(.type == "command") | .id' \
	"$work/flood" | wc -l)" 0
end
same "... and it ends with 0" $? 0
kill "$reader"
exec 8>&-

# Without control, nothing is subscribed to, and nothing is said.
check "with control the broker has heard from it" grep -q \
	'Received PUBLISH from test-in' "$work/broker.log"
: >"$work/broker.log"
hm-subscribe --stats-period 0 --mqtt-broker 127.0.0.1 --mqtt-port "$port" \
	</dev/null >"$work/off" 2>"$work/off.err"
same "without control and topics the end of stdin ends it" $? 0
same "... and it says what to set" "$(cat "$work/off.err")" \
	"hm-subscribe: warning: no commands are taken: set control_enabled \
(--control) to take them, or subscribe_topics (--topic) for messages; lines only pass"
start third --topic c
check "with topics it subscribes to these" until_true 10 grep -q \
	'c (QoS 0)' "$work/broker.log"
check "... and says why no commands come" said third 'no commands are taken'
same "... to nothing else" "$(grep -c '(QoS ' "$work/broker.log")" 1
send -t $base/test/command -m '{"id":"c1","action":"turn_off"}'
send -t c -m end
check "... so no command comes" until_true 5 wrote third '"payload":"end"'
same "... at all" "$(wc -l <"$work/third")" 1
began=$(milliseconds)
end
same "... and it ends with 0" $? 0
check "... at once" soon "$began" 1000
same "... without a word about control" \
	"$(grep -c 'Received PUBLISH from test-in' "$work/broker.log")" 0

# A broker without MQTT 5 that sends too much to a subscription.
port=$(free_port)
MQTT_BROKER_LOG=$work/hostile.log "$(dirname "$0")/../lib/mqtt_broker.pl" \
	"$port" flood 20000000 &
pids+=($!)
until_true 10 grep -q listen "$work/hostile.log"
start hostile --topic homeassistant/status
check "a message that is too large is refused" until_true 20 said hostile \
	'it sent a message of [0-9]* bytes, at most 131072 are taken; subscribe_topics'
connected_again() {
	[ "$(grep -c 'connected to' "$work/hostile.err")" -ge 2 ]
}
check "... and the next connection lasts" until_true 10 connected_again
same "... without that subscription" "$(grep -c subscribe "$work/hostile.log")" 1
end
same "... and it ends with 0" $? 0

# One that answers the subscription to commands while hm-subscribe ends.
port=$(free_port)
MQTT_BROKER_LOG=$work/late.log "$(dirname "$0")/../lib/mqtt_broker.pl" \
	"$port" late &
pids+=($!)
until_true 10 grep -q listen "$work/late.log"
start late --control --log-level DEBUG
check "a broker without MQTT 5 is logged" until_true 10 said late \
	'does not speak MQTT 5'
until_true 10 grep -q subscribe "$work/late.log"
end
same "a SUBACK that comes late: it ends with 0" $? 0
check "... when that has come" said late 'received SUBACK'
same "... after one message, which says offline" "$(grep -c 'sending PUBLISH' \
	"$work/late.err") $(grep publish "$work/late.log")" "1 publish $base/test/control"

# The access list of docs/security.md.
acl_block() {
	sed -n "\\,^    # /etc/mosquitto/$1\$,,/^\$/s/^    //p" \
		"$(dirname "$0")/../../docs/security.md"
}
{ acl_block hm.acl && acl_block control.acl; } >"$work/hm.acl"
: >"$work/hm.passwd"
for user in hm homeassistant me guest; do
	mosquitto_passwd -b "$work/hm.passwd" $user "$user's" 2>/dev/null
done
port=$(free_port)
start_broker "$port" "allow_anonymous false" "password_file $work/hm.passwd" \
	"acl_file $work/hm.acl" "user root"
MQTT_PASSWORD="hm's" start listed --control --mqtt-user hm
as() {
	mosquitto_pub -h 127.0.0.1 -p "$port" -u "$1" -P "$1's" -t "$2" -m "$3"
}
ask_control() {
	mosquitto_sub -h 127.0.0.1 -p "$port" -u homeassistant -P "homeassistant's" \
		-t "$base/test/control" -C 1 -W 1 | grep -qx online
}
check "with the access list it says online" until_true 10 ask_control
for user in guest me homeassistant; do
	as $user $base/test/command '{"id":"own-'$user'","action":"turn_on"}'
	as $user $base/command '{"id":"all-'$user'","action":"turn_on"}'
done
as me $base/command '{"id":"end","action":"turn_on"}'
check "commands come" until_true 10 wrote listed '"id":"end"'
same "... from those who may send them" "$(jq -r .id "$work/listed" | xargs)" \
	"all-me own-homeassistant end"
mosquitto_sub -h 127.0.0.1 -p "$port" -u me -P "me's" -t $base/result -C 1 -W 10 \
	>"$work/result" &
reader=$!
pids+=("$reader")
gets_result() {
	as hm "$base/result" '{"state":"done"}' && sleep 0.1 && [ -s "$work/result" ]
}
check "... and the results can be read" until_true 10 gets_result
end
same "... and it ends with 0" $? 0

# Settings
hm-subscribe --control --topic 'homeassistant/#' --topic x --topic 'x#' \
	--topic "\$share/g/homeassistant/#" --topic "\$queue/y" --mqtt-broker x --check >/dev/null 2>"$work/err"
same "topics that include commands are wrong" $? 78
same "... and so are bad ones" "$(cat "$work/err")" \
	"hm-subscribe: error: subscribe_topics (--topic): found \
\"homeassistant/#\", allowed are topics that do not include those of commands, \
which would then come twice
hm-subscribe: error: subscribe_topics (--topic): found \"x#\", allowed are \
topics, also with + and #
hm-subscribe: error: subscribe_topics (--topic): found \
\"\$share/g/homeassistant/#\", allowed are topics without \$share/, \$queue/ \
and \$exclusive/, behind which commands could come twice
hm-subscribe: error: subscribe_topics (--topic): found \"\$queue/y\", allowed \
are topics without \$share/, \$queue/ and \$exclusive/, behind which commands \
could come twice"
hm-subscribe --control --check >/dev/null 2>"$work/err"
same "without a broker" "$(cat "$work/err")" "hm-subscribe: error: no broker: \
set mqtt_broker, MQTT_BROKER or --mqtt-broker to its address"
finish
