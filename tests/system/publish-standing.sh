#!/bin/bash
# hm-publish and the discovery messages that stand at the broker: a unit that
# changes, both discovery schemes and the way from one to the other, what other
# clients delete, and brokers that do not let it read.
# shellcheck source=tests/lib/lib.sh
. "$(dirname "$0")/../lib/lib.sh"

bridge=homeassistant/hoymiles_mqtt/bridge/availability
own=homeassistant/hoymiles_mqtt/chain/availability
export MQTT_CLIENT_ID=chain

# message TOPIC PAYLOAD RETAIN
message() {
	printf '{"type":"mqtt","topic":"homeassistant/%s","payload":%s,"qos":1,"retain":%s}\n' \
		"$1" "$2" "$3"
}

# entity FIELD UNIT: the members of an entity of device 1.
entity() {
	printf '"unique_id":"hoymiles_mqtt_inv_1_%s","state_topic":"homeassistant/s/1","unit_of_measurement":"%s"' \
		"$1" "$2"
}

# single FIELD UNIT
single() {
	message "sensor/1/inv_$1/config" "{$(entity "$1" "$2")}" true
}

# device COMPONENT ...: FIELD=UNIT, or FIELD to reduce it.
device() {
	local list='' c
	for c in "$@"; do
		list+=,\"inv_${c%=*}\":'{"platform":"sensor"'
		[ "$c" = "${c%=*}" ] || list+=,$(entity "${c%=*}" "${c#*=}")
		list+='}'
	done
	message device/hm_1/config \
		"{\"device\":{},\"origin\":{},\"components\":{${list#,}}}" true
}

state() {
	message s/1 "{\"v\":$1}" false
}

# follow FILE: append "RETAINED TOPIC PAYLOAD" of each message to the file.
follow() {
	: >"$work/$1"
	mosquitto_sub -h 127.0.0.1 -p "$port" -q 1 -t 'homeassistant/#' \
		-F '%r %t %p' >"$work/$1" 2>/dev/null 4>&- &
	pids+=($!)
	until_true 10 marked "$1"
}

marked() {
	mosquitto_pub -h 127.0.0.1 -p "$port" -t homeassistant/ready -m "$1" &&
		sleep 0.02 && grep -q "ready $1" "$work/$1"
}

# order FILE: what has come, a word each: the payload, or its kind.
order() {
	grep -v -e ready -e ' homeassistant/status ' -e "$bridge" "$work/$1" |
		sed -E -e "s|^. $own ||" \
		-e 's|^(.) homeassistant/([^ ]*) \{"migrate_discovery":true\}|\1migrate:\2|' \
		-e 's|^(.) homeassistant/([^ ]*) $|\1empty:\2|' \
		-e 's|^0 homeassistant/s/1 \{"total":null\}|null|' \
		-e 's|^. homeassistant/s/1 \{"v":(.*)\}|state\1|' \
		-e 's|^. homeassistant/([^ ]*) .*|\1|' \
		-e 's|(sensor/1/inv_)?([a-z]*)/config|\2|' | tr '\n' ' '
}

has() {
	echo "$1: $(order "$1")"
	order "$1" | grep -qE "$2"
}

# twice WORD: the state is sent again after 1 s, and after 10 s if that is over.
twice() {
	echo "$1 ($1 )?\$"
}

wait_for() {
	until_true "$@" >/dev/null
}

# feed NAME OPTION ...: start a publisher that reads file descriptor 4.
feed() {
	mkfifo "$work/$1.in"
	hm-publish --stats-period 0 --mqtt-broker 127.0.0.1 --mqtt-port "$port" \
		--log-level INFO --reconnect-delay 0.1 --reconnect-delay-max 0.3 \
		"${@:2}" <"$work/$1.in" >/dev/null 2>"$work/$1.err" &
	publisher=$!
	pids+=("$publisher")
	exec 4>"$work/$1.in"
}

end() {
	exec 4>&-
	wait "$publisher"
}

stands() {
	mosquitto_sub -h 127.0.0.1 -p "$port" -t 'homeassistant/+/1/+/config' \
		-t 'homeassistant/device/+/config' --retained-only -W 1 -F %t \
		2>/dev/null | sed 's|homeassistant/||; s|/config||' | sort |
		tr '\n' ' '
}

components() {
	mosquitto_sub -h 127.0.0.1 -p "$port" -t homeassistant/device/hm_1/config \
		--retained-only -C 1 -W 2 -F %p 2>/dev/null | jq -c '.components | map_values(length)'
}

publish() {
	hm-publish --stats-period 0 --flush-timeout 60 --mqtt-broker 127.0.0.1 \
		--mqtt-port "$port" "$@" >/dev/null
}

has_components() {
	[ "$(components)" = "$1" ]
}

# A state that Home Assistant may have missed twice: looked at in the end.
port=$(free_port)
start_broker "$port"
follow missed
feed missed
{ single power W; state 1; } >&4
exec 5>&4 4>&-

port=$(free_port)
start_broker "$port"

# A unit that changes.
follow first
feed first
{ single power W; single energy Wh; state 1; } >&4
check "without anything standing: online, announcements, state, state again" \
	wait_for 10 has first "^online power energy state1 $(twice state1)"
follow unit
{ single power W; single energy kWh; state 2; } >&4
check "a unit changes: offline, announcement, state, online, state again" \
	wait_for 10 has unit " power offline energy state2 online $(twice state2)"
follow same
{ single power W; single energy kWh; state 3; } >&4
check "the same again: no care" until_true 10 has same ' power energy state3 (state3 )?$'
follow late
single energy Wh >&4
check "until the state comes it stays offline" until_true 5 has late \
	' offline energy $'
sleep 1.2
same "... and the one in the old unit is not repeated" \
	"$(order late | grep -o 'offline.*state')" ""
state 4 >&4
check "... then it is online" until_true 5 has late ' offline energy state4 online '

# The state that comes has no value of the entity.
lacking() {
	message sensor/2/inv_total/config "{\"unique_id\":\"t\",\"state_topic\":\"homeassistant/s/1\",\"unit_of_measurement\":\"$1\",\"value_template\":\"{{ value_json.total }}\"}" true
}
follow first_total
{ lacking Wh; state 41; } >&4
wait_for 10 has first_total " sensor/2/inv_total state41 $(twice state41)"
follow lacking
{ lacking kWh; state 42; } >&4
check "a number in the old unit is removed before its unit changes" until_true 10 \
	has lacking ' offline null sensor/2/inv_total state42 online '
mosquitto_pub -h 127.0.0.1 -p "$port" -r -n -t homeassistant/sensor/2/inv_total/config

follow end
end
wait_for 5 has end 'offline $'
follow restart
feed restart
{ single power W; single energy Wh; state 5; } >&4
check "a restart: no care for what is the same" until_true 10 has restart \
	"online power energy state5 $(twice state5)"
end
follow cron
{ single power W; single energy MWh; state 6; } | hm-publish --stats-period 0 \
	--mqtt-broker 127.0.0.1 --mqtt-port "$port" >/dev/null
check "a one-shot after a change: offline, announcement, state" until_true 5 has \
	cron ' power offline energy state6 (online )?offline $'

# From single messages to a device message, and back.
feed there
follow there
{ device power=W energy=MWh; state 7; } >&4
check "migration: migrate, empty, device message, states" until_true 10 has there \
	' 0migrate:(power|energy) 0migrate:(power|energy) 0empty:(power|energy) 0empty:(power|energy) device/hm_1 state7 '"$(twice state7)"
same "... only the device message stands" "$(stands)" "device/hm_1 "
same "... without offline" "$(order there | grep -o 'online.*offline')" ""
follow again
{ device power=W energy=MWh; state 8; } >&4
check "again: nothing to migrate" until_true 10 has again ' device/hm_1 state8 (state8 )?$'
kill -9 "$publisher"
wait "$publisher" 2>/dev/null
exec 4>&-
wait_for 5 has again 'offline $'
follow new
feed new
{ device power=W energy=MWh; state 9; } >&4
check "after kill -9: nothing to migrate" until_true 10 has new \
	"online device/hm_1 state9 $(twice state9)"
follow unit2
{ device power=W energy=Wh; state 10; } >&4
check "a unit in a device message" until_true 10 has unit2 \
	" offline device/hm_1 state10 online $(twice state10)"

# Components that stand.
follow grow
{ device power=W; state 11; } >&4
check "a component that stands is carried over" until_true 10 has grow \
	'device/hm_1 state11 '
same "... as it was" "$(components)" '{"inv_power":4,"inv_energy":4}'
{ device power=W energy volts; state 12; } >&4
check "a reduced one is sent if it stands, another is left out" until_true 10 \
	has_components '{"inv_power":4,"inv_energy":1}'
start=$(milliseconds)

# Meanwhile: many devices at another broker, and all that it has for them.
before=("$port" "$broker")
port=$(free_port)
start_broker "$port" 4>&-
{
	for n in {1..60}; do
		for e in {1..40}; do
			printf '{"type":"mqtt","topic":"homeassistant/sensor/9%s/inv_%s/config","payload":{"unique_id":"%s_%s","state_topic":"homeassistant/s/9%s","unit_of_measurement":"W"},"qos":1,"retain":true}\n' \
				"$n" "$e" "$n" "$e" "$n"
		done
	done
} >"$work/many"
publish <"$work/many"
{
	for n in {1..60}; do
		printf '{"type":"mqtt","topic":"homeassistant/device/hm_9%s/config","payload":{"components":{' \
			"$n"
		for e in {1..40}; do
			printf '"inv_%s":{"unique_id":"%s_%s"},' "$e" "$n" "$e"
		done
		echo '"last":{"unique_id":"x"}}},"qos":1,"retain":true}'
	done
} >"$work/many.devices"
publish <"$work/many.devices"
same "60 devices with 2400 messages" "$(mosquitto_sub -h 127.0.0.1 -p "$port" \
	-t 'homeassistant/+/+/+/config' -t 'homeassistant/device/+/config' \
	--retained-only -W 2 -F %t 2>/dev/null | grep -c -e /9 -e hm_9)" 60
port=${before[0]}
broker=${before[1]}

if [ $(($(milliseconds) - start)) -lt 9000 ]; then
	same "a reduced component stays" "$(components)" \
		'{"inv_power":4,"inv_energy":1}'
else
	skip "a reduced component stays" "the machine is slow"
fi
check "... and is left out after 10 s" until_true 10 \
	has_components '{"inv_power":4}'
{ device power=W energy; state 13; } >&4
check "... it is not sent again" until_true 10 has grow 'state13 '
same "... but left out" "$(components)" '{"inv_power":4}'

# Back.
{ device power=W energy=Wh; state 14; } >&4
wait_for 10 has grow 'state14 '
follow back
{ single power W; single energy Wh; state 15; } >&4
check "back: migrate, empty, single messages, states" until_true 10 has back \
	' 0migrate:device/hm_1 0empty:device/hm_1 power energy state15 '"$(twice state15)"
same "... only single messages stand" "$(stands)" \
	"sensor/1/inv_energy sensor/1/inv_power "
follow half
{ device power=W; state 16; } >&4
check "a device message takes over only what it has" until_true 10 has half \
	' 0migrate:power 0empty:power device/hm_1 state16 '
same "... the other message stands" "$(stands)" \
	"device/hm_1 sensor/1/inv_energy "
{ device power=W energy; state 17; } >&4
check "a component that is deselected deletes its single message" until_true 10 \
	has half ' 0empty:energy device/hm_1 state17 '
same "... without a migration" "$(order half | grep -o migrate:energy)" ""

# What another client deletes.
mosquitto_pub -h 127.0.0.1 -p "$port" -r -n -t homeassistant/device/hm_1/config
check "a message that another client deletes is logged" until_true 10 grep -q \
	'another client has deleted homeassistant/device/hm_1/config' \
	"$work/new.err"
follow birth
single volts V >&4
wait_for 10 has birth ' volts '
born() {
	mosquitto_pub -h 127.0.0.1 -p "$port" -t homeassistant/status -m online
	has birth 'volts .*volts '
}
check "after a birth the others are announced" until_true 15 born
same "... and it is not" "$(order birth | grep -o hm_1)" ""
kill -9 "$broker"
wait "$broker" 2>/dev/null
start_broker "$port" 4>&-
follow reconnect
check "after a reconnect the others are announced" until_true 10 has reconnect \
	'volts '
same "... and it is not" "$(order reconnect | grep -o hm_1)" ""
{ device power=W; state 18; } >&4
check "... until it is announced anew" until_true 10 has reconnect \
	'device/hm_1 state18 '
end

# With QoS 0 only.
port=$(free_port)
start_broker "$port" "allow_anonymous true" "max_qos 0"
follow zero
feed zero
{ single power W; state 1; } >&4
wait_for 10 has zero "power state1 $(twice state1)"
{ device power=kW; state 2; } >&4
check "a broker with QoS 0: migration with a change of the unit" until_true 10 has \
	zero ' offline 0migrate:power 0empty:power device/hm_1 state2 (online state2|state2 online) (state2 )?$'
end

# Access lists: mosquitto takes the subscription and sends nothing.
port=$(free_port)
echo "topic write homeassistant/#" >"$work/acl"
chmod 644 "$work/acl"
chmod 755 "$work"
start_broker "$port" "allow_anonymous true" "acl_file $work/acl"
start=$(milliseconds)
{ single power W; state 1; } | publish 2>"$work/acl.err"
same "an access list without reading: it publishes" $? 0
check "... at once" soon "$start" 2000
same "... without a word" "$(cat "$work/acl.err")" ""

# start MODE: a broker of MQTT 3.1.1 that does not answer well.
start() {
	port=$(free_port)
	MQTT_BROKER_LOG=$work/$1.log "$(dirname "$0")/../lib/mqtt_broker.pl" \
		"$port" "$1" &
	pids+=($!)
	until_true 10 grep -q listen "$work/$1.log"
}
for mode in refuse mute shut; do
	start "$mode"
	{ single power W; state 1; single volts V; state 2; } | publish \
		--log-level INFO --reconnect-delay 0.1 --reconnect-delay-max 0.2 \
		2>"$work/$mode.err"
	same "a broker with $mode: all is delivered" $? 0
	check "... the state, too" grep -q 'publish homeassistant/s/1' "$work/$mode.log"
done
same "a refused subscription: one warning" "$(grep -c 'warning: the broker .* does not let us read discovery' \
	"$work/refuse.err")" 1
check "... and it is not asked twice" test "$(grep -c discovery "$work/refuse.log")" -eq 1
check "no answer: logged after 3 s" grep -q 'did not answer a subscription .* within 3000 ms' \
	"$work/mute.err"
same "a closed connection: it is asked twice" "$(grep -c discovery "$work/shut.log")" 2

# A device message that the broker does not take leaves the old ones.
port=$(free_port)
start_broker "$port" "allow_anonymous true" "max_packet_size 400"
{ single power W; single energy Wh; state 1; } | publish
{ device power=W energy=Wh volts=V; state 2; } | publish 2>"$work/large.err"
check "a message that the broker does not take: a warning" grep -q \
	'not published to homeassistant/device/hm_1/config: .* only smaller' \
	"$work/large.err"
same "... and the old ones stay" "$(stands)" \
	"sensor/1/inv_energy sensor/1/inv_power "

check "1 s and 10 s after an announcement the state is sent again" \
	until_true 20 has missed '^online power state1 state1 state1 $'
exec 5>&-
finish
