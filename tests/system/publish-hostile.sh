#!/bin/bash
# hm-publish and brokers that do harm: messages without bound, connections that
# are accepted and dropped, brokers without MQTT 5.
# shellcheck source=tests/lib/lib.sh
. "$(dirname "$0")/../lib/lib.sh"

bytes=20000000
bound=16000 # kB of memory that hm-publish may use

# hostile NAME MODE [BYTES]: start a broker on $port that logs to NAME.log.
hostile() {
	port=$(free_port)
	MQTT_BROKER_LOG=$work/$1.log "$(dirname "$0")/../lib/mqtt_broker.pl" \
		"$port" "${@:2}" &
	pids+=($!)
	until_true 10 grep -q listen "$work/$1.log"
}

# feed NAME OPTION ...: start hm-publish on $port, which reads file descriptor 4.
feed() {
	mkfifo "$work/$1.in"
	hm-publish --stats-period 0 --mqtt-broker 127.0.0.1 --mqtt-port "$port" \
		"${@:2}" <"$work/$1.in" >/dev/null 2>"$work/$1.err" &
	publisher=$!
	pids+=("$publisher")
	exec 4>"$work/$1.in"
}

# end: the status of hm-publish at the end of its input.
end() {
	exec 4>&-
	wait "$publisher"
}

message() {
	printf '{"type":"mqtt","topic":"%s","payload":"1","qos":1}\n' "$1"
}

peak() {
	awk '$1 == "VmHWM:" {print $2}' "/proc/$publisher/status"
}

small() {
	local found
	found=$(peak)
	echo "$found kB of $bound"
	[ "$found" -lt "$bound" ]
}

logged() {
	grep -q "$2" "$work/$1"
}

count() {
	grep -c "$2" "$work/$1"
}

# Without the sanitizers, whose memory is not that of the tool.
bounded() {
	if nm -D "$(command -v hm-publish)" 2>/dev/null | grep -q __asan; then
		skip "$1" "the sanitizer takes memory, too"
	else
		check "$1" small
	fi
}

# MQTT 5: the broker is asked for no retained birth, and for no large message.
port=$(free_port)
start_broker "$port"
head -c "$bytes" /dev/zero |
	mosquitto_pub -h 127.0.0.1 -p "$port" -r -t homeassistant/status -s
hear five.got 'x/#' 1
feed five --log-level INFO
check "a large retained message at the birth topic: it connects" \
	until_true 10 logged five.err 'connected to the broker'
head -c "$bytes" /dev/zero |
	mosquitto_pub -h 127.0.0.1 -p "$port" -q 1 -t homeassistant/status -s
message x/five >&4
check "... and publishes, also after one that is not retained" \
	until_true 10 logged five.got 'x/five 1'
bounded "... in little memory"
same "... on one connection" "$(count five.err 'connected to')" 1
end
same "... and ends well" $? 0

# MQTT 3.1.1 has neither: the message is refused by its length.
for mode in flood claim; do
	hostile "$mode" "$mode" "$bytes"
	feed "$mode" --reconnect-delay 0.1 --reconnect-delay-max 10
	message "x/$mode" >&4
	check "MQTT 3.1.1, $mode: the message is refused" until_true 20 logged \
		"$mode.err" "lost: it sent a message of $((bytes + 22)) bytes, at most"
	check "... the next connection does not subscribe, and works" \
		until_true 10 logged "$mode.log" "publish x/$mode"
	bounded "... in little memory"
	same "... there is one warning" "$(count "$mode.err" warning)" 1
	end
	same "... and all is delivered" $? 0
	same "... after one subscription" "$(count "$mode.log" subscribe)" 1
	same "... and one attempt with MQTT 5" \
		"$(count "$mode.log" 'connect 5')" 1
done

# The same below TLS.
openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=broker -addext \
	subjectAltName=IP:127.0.0.1 -keyout "$work/key" -out "$work/crt" 2>/dev/null
port=$(free_port)
mkfifo "$work/back"
# shellcheck disable=SC2094 # a circle of two pipes
MQTT_BROKER_LOG=$work/tls.log "$(dirname "$0")/../lib/mqtt_broker.pl" - flood \
	"$bytes" <"$work/back" | openssl s_server -quiet -accept "127.0.0.1:$port" \
	-cert "$work/crt" -key "$work/key" >"$work/back" 2>/dev/null &
pids+=($!)
until_true 10 listening "$port"
feed tls --mqtt-tls --mqtt-tls-ca-cert "$work/crt" --reconnect-delay 0.1 \
	--flush-timeout 0
check "TLS: the message is refused" until_true 20 logged tls.err \
	"it sent a message of $((bytes + 22)) bytes, at most"
bounded "... in little memory"
kill -9 "$publisher"
wait "$publisher" 2>/dev/null
exec 4>&-

# Accepted and dropped: the delay doubles from 0.1 to 10 s, as if refused, so
# that 5 connections take at least (0.1 + 0.2 + 0.4 + 0.8) / 2 s.
hostile drop drop
start=$(milliseconds)
feed drop --reconnect-delay 0.1 --reconnect-delay-max 10
five_dropped() {
	[ "$(count drop.log 'connect 4')" -ge 5 ]
}
check "a broker that drops each connection is asked again" \
	until_true 20 five_dropped
check "... after delays that grow" test $(($(milliseconds) - start)) -ge 750
same "... and logged once" "$(count drop.err 'is lost')" 1
kill -9 "$publisher"
wait "$publisher" 2>/dev/null
exec 4>&-

# ... with the count at the tenth, and when a connection lasts.
feed tenth --reconnect-delay 0.1 --reconnect-delay-max 0.1
check "the tenth lost connection is logged with the count" until_true 20 logged \
	tenth.err 'is lost, 10 times in [0-9]* s: the broker closed it'
same "... and none between" "$(count tenth.err 'is lost')" 2
kill -9 "$publisher"
wait "$publisher" 2>/dev/null
exec 4>&-

finish
