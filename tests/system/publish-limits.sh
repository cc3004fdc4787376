#!/bin/bash
# hm-publish and a broker with limits, which it says with MQTT 5: a message that
# exceeds them is sent with less or dropped, and what follows it arrives.
# shellcheck source=tests/lib/lib.sh
. "$(dirname "$0")/../lib/lib.sh"

# message TOPIC QOS BYTES [RETAIN]
message() {
	printf '{"type":"mqtt","topic":"%s","payload":"%s","qos":%s,"retain":%s}\n' \
		"$1" "$(head -c "$3" /dev/zero | tr '\0' x)" "$2" "${4:-false}"
}

marked() {
	mosquitto_pub -h 127.0.0.1 -p "$port" -t l/ready -m 1 && sleep 0.02 &&
		grep -q l/ready "$work/$1.got"
}

# QoS 2 takes longer than what follows it.
arrived_at() {
	grep -q l/last "$work/$1.got" && grep -q l/two "$work/$1.got"
}

# limited NAME [LINE ...]: publish to a broker with these lines of configuration.
# NAME.got has "QOS TOPIC BYTES" of what arrives, NAME.out the last statistics.
limited() {
	port=$(free_port)
	start_broker "$port" "allow_anonymous true" "${@:2}"
	mosquitto_sub -h 127.0.0.1 -p "$port" -q 2 -t 'l/#' -F '%q %t %l' \
		>"$work/$1.got" &
	pids+=($!)
	until_true 10 marked "$1"
	{
		message l/zero 0 1
		message l/one 1 2
		message l/two 2 3
		message l/large 1 3000
		message l/larger 0 4000
		message l/kept 1 4 true
		message l/next 1 5
		message l/last 1 6
	} | hm-publish --stats-period 3600 --mqtt-broker 127.0.0.1 --mqtt-port \
		"$port" 2>"$work/$1.err" | grep '"type":"stats"' | tail -n 1 \
		>"$work/$1.out"
	same "$1: status" "${PIPESTATUS[1]}" 0
	until_true 10 arrived_at "$1"
}

# What arrived, in the order of topics.
arrived() {
	grep -v l/ready "$work/$1.got" | sort -k 2,2 -k 3,3n
}

all="1 l/kept 4
1 l/large 3000
0 l/larger 4000
1 l/last 6
1 l/next 5
1 l/one 2
2 l/two 3
0 l/zero 1"

counted() {
	cat "$work/$1.out"
	grep -q "\"published\":$2,.*\"dropped\":$3[,}]" "$work/$1.out"
}

limited none
same "... all arrives" "$(arrived none)" "$all"
check "... and is counted" counted none 8 0

limited size "max_packet_size 2000"
same "... what is larger does not arrive" "$(arrived size)" \
	"$(grep -v large <<<"$all")"
check "... but is counted as dropped" counted size 6 2
same "... with one warning" "$(cat "$work/size.err")" "hm-publish: warning: not\
 published to l/large: a payload of 3000 bytes: the broker takes only smaller messages"

limited qos1 "max_qos 1"
same "... QoS 2 is lowered" "$(arrived qos1)" "${all/2 l/1 l}"
check "... and nothing is dropped" counted qos1 8 0

# The last will exceeds these limits as well.
limited qos0 "max_qos 0"
same "... QoS 1 and 2 are lowered" "$(arrived qos0)" "${all//[12] l/0 l}"
check "... and nothing is dropped" counted qos0 8 0

limited unretained "retain_available false"
same "... all arrives" "$(arrived unretained)" "$all"
check "... and is counted" counted unretained 8 0
for name in none qos1 qos0 unretained; do
	same "$name: no warning" "$(cat "$work/$name.err")" ""
done
finish
