#!/bin/bash
# hm-publish with a real mosquitto: order, QoS, the queue, reconnecting,
# repeated announcements, the last will, passwords and TLS.
# shellcheck source=tests/lib/lib.sh
. "$(dirname "$0")/../lib/lib.sh"

port=$(free_port)

message() {
	printf '{"type":"mqtt","topic":"%s","payload":%s,"qos":%s,"retain":%s}\n' \
		"$1" "$2" "${3:-1}" "${4:-false}"
}

# messages QOS: three on each of six topics.
messages() {
	local n t
	for n in 1 2 3; do
		for t in a b c d e f; do
			message "y/$t" "\"$t$n\"" "$1"
		done
	done
}

options=(--stats-period 0 --mqtt-broker 127.0.0.1 --mqtt-port "$port"
	--reconnect-delay 0.1 --reconnect-delay-max 0.3)

publish() {
	hm-publish "${options[@]}" "$@"
}

marked() {
	mosquitto_pub -h 127.0.0.1 -p "$port" -t "$2/ready" -m "$1" && sleep 0.02 &&
		grep -q "ready $1" "$work/$1"
}

# subscribe FILE TOPIC/#: append "RETAINED QOS TOPIC PAYLOAD" of each message to
# the file.
subscribe() {
	: >"$work/$1"
	mosquitto_sub -h 127.0.0.1 -p "$port" -q 2 -t "$2" -F '%r %q %t %p' \
		>"$work/$1" 2>/dev/null &
	listener=$!
	pids+=("$listener")
	# When a marker arrives, the subscription works.
	until_true 5 marked "$1" "${2%/#}"
}

seen() {
	grep -qF "$2" "$work/$1"
}

lines() {
	grep -c "$2" "$work/$1"
}

start_broker "$port"
subscribe basic 'x/#'
{
	message x/q0 '"zero"' 0
	message x/q1 '"one"' 1
	message x/q2 '"two"' 2
	message x/object '{"a":230.10,"b":"\u00e9"}'
	message x/number 5
	message x/text '"l\u00f6sch \"q\" \n"'
	message x/kept '"k"' 1 true
	echo '{"type":"port","serial":"1"}'
	message x/last '"end"' 0
} >"$work/in"
publish <"$work/in" >"$work/out" 2>"$work/err"
same "status 0 when all is delivered" $? 0
check "the last message arrives" until_true 5 seen basic 'x/last end'
check "every line is passed through" cmp "$work/in" "$work/out"
same "nothing on stderr" "$(cat "$work/err")" ""
check "QoS 2" until_true 5 seen basic '0 2 x/q2 two'
same "order, QoS and payloads" "$(grep -v 'ready\|q2' "$work/basic")" \
"0 0 x/q0 zero
0 1 x/q1 one
0 1 x/object {\"a\":230.10,\"b\":\"\u00e9\"}
0 1 x/number 5
0 1 x/text lösch \"q\" 

0 1 x/kept k
0 0 x/last end"
same "a retained message is retained" \
	"$(mosquitto_sub -h 127.0.0.1 -p "$port" -t x/kept -C 1 -W 2 -F '%r %p')" "1 k"
message x/kept '""' 1 true | publish >/dev/null
same "an empty payload deletes it" \
	"$(mosquitto_sub -h 127.0.0.1 -p "$port" -t x/kept -C 1 -W 1 -F '%r %p' 2>&1)" \
	"Timed out"

bad() {
	same "$1" "$(echo "$2" | publish 2>&1 >/dev/null)" \
		"hm-publish: warning: line 1: not published: $3"
}
bad "no topic" '{"type":"mqtt","payload":"x"}' "no topic"
bad "no payload" '{"type":"mqtt","topic":"a"}' "no payload"
bad "a wildcard" '{"type":"mqtt","topic":"a/#","payload":""}' \
	"a topic must not contain +, # or NUL"
bad "a wrong qos" '{"type":"mqtt","topic":"a","payload":"","qos":3}' \
	"the qos must be 0, 1 or 2"
bad "a wrong retain" '{"type":"mqtt","topic":"a","payload":"","retain":1}' \
	"retain must be true or false"
bad "a wrong once" '{"type":"mqtt","topic":"a","payload":"","once":"yes"}' \
	"once must be true or false"
bad "once and retained" \
	'{"type":"mqtt","topic":"a","payload":"","retain":true,"once":true}' \
	"a retained message is sent again: it must not have once"

# A long-running publisher, fed through a pipe that stays open.
bridge=homeassistant/hoymiles_mqtt/bridge/availability
me=homeassistant/hoymiles_mqtt/me/availability
mkfifo "$work/feed"
hm-publish "${options[@]}" --log-level INFO --mqtt-client-id me <"$work/feed" \
	>"$work/passed" 2>"$work/long.err" &
long=$!
pids+=("$long")
exec 4>"$work/feed"
subscribe will 'homeassistant/#'
check "when it connects it says online" until_true 5 seen will "$me online"
check "... also for older versions" seen will "$bridge online"
message homeassistant/sensor/1/a/config '{"n":1}' 1 true >&4
message homeassistant/sensor/1/b/config '{"n":2}' 1 true >&4
message homeassistant/s '{"v":1}' 1 >&4
for type in began ended; do
	echo '{"type":"mqtt","topic":"homeassistant/e","payload":"'$type'","once":true}'
done >&4
check "an announcement arrives" until_true 5 seen will '/b/config'
repeated() {
	[ "$(lines will 'homeassistant/s ')" -ge 2 ]
}
check "... and the state that may have come too early, again" until_true 5 \
	repeated
same "... once" "$(lines will 'homeassistant/s ')" 2
same "... and messages that are sent once are not" \
	"$(grep -o 'homeassistant/e .*' "$work/will")" "homeassistant/e began
homeassistant/e ended"

subscribe birth 'homeassistant/#'
mosquitto_pub -h 127.0.0.1 -p "$port" -r -t homeassistant/status -m online
kill "$listener"

kill -9 "$broker"
wait "$broker" 2>/dev/null
messages 0 >&4
message homeassistant/z '"late"' 1 true >&4
passed() {
	[ "$(wc -l <"$work/passed")" -ge 21 ]
}
check "lines pass while the broker is away" until_true 1 passed
check "the loss is logged" grep -q 'the connection to the broker .* is lost' \
	"$work/long.err"
start_broker "$port"
subscribe again 'homeassistant/#'
check "it publishes again when the broker is back" \
	until_true 5 seen again 'homeassistant/z late'
check "announcements are repeated" until_true 5 seen again '/b/config {"n":2}'
same "... in their order" "$(grep -o '/[ab]/config' "$work/again" | head -n 2 |
	tr '\n' ' ')" "/a/config /b/config "
before=$(lines again '/a/config')
# Births come all the time: none postpones what the first one started.
announced() {
	mosquitto_pub -h 127.0.0.1 -p "$port" -t homeassistant/status -m online
	[ "$(lines again '/a/config')" -gt "$before" ]
}
check "after Home Assistant's birth messages they are repeated, within 11 s" \
	until_true 12 announced
same "... once" $(($(lines again '/a/config') - before)) 1
state_again() {
	[ "$(lines again 'homeassistant/s ')" -gt "$states" ]
}
states=$(lines again 'homeassistant/s ')
check "... and the state" until_true 5 state_again
same "... but nothing that is sent once" "$(lines again 'homeassistant/e ')" 0

subscribe death "$me/#"
kill -9 $long
wait $long 2>/dev/null
exec 4>&-
check "the last will says offline" until_true 5 seen death "$me offline"

subscribe clean "$me/#"
message x/y '"1"' | publish --mqtt-client-id me >/dev/null
check "a clean end says offline" until_true 5 seen clean "0 1 $me offline"

# The bound of the queue: it keeps the newest message of each topic, in order.
kill -9 "$broker"
wait "$broker" 2>/dev/null
{
	messages 1
	sleep 2.5
} | publish --mqtt-queue-size 5 --reconnect-delay 2 \
	--reconnect-delay-max 2 >/dev/null 2>"$work/bound.err" &
pids+=($!)
until_true 5 grep -q 'no connection' "$work/bound.err"
start_broker "$port"
subscribe bound 'y/#'
same "a bounded queue keeps the newest" "$(
	until_true 3 seen bound f3
	grep -v ready "$work/bound" | cut -d' ' -f4 | tr '\n' ' ')" \
	"b3 c3 d3 e3 f3 "

# No broker.
closed=$(free_port)
start=$(milliseconds)
message x/y '"1"' | hm-publish --stats-period 0 --mqtt-broker 127.0.0.1 \
	--mqtt-port "$closed" --flush-timeout 0.5 >/dev/null 2>"$work/err"
same "status 75 when a message is not delivered" $? 75
check "... after the flush timeout" soon "$start" 1500
check "... with a count of the messages" \
	grep -q '1 messages were not delivered' "$work/err"
same "status 0 at once without a broker and messages" "$(
	echo '{"type":"x"}' | hm-publish --stats-period 0 \
		--mqtt-broker 127.0.0.1 --mqtt-port "$closed" 2>/dev/null
	echo $?)" '{"type":"x"}
0'

same "the address of the broker can hold its port" "$(
	message x/y '"1"' | hm-publish --flush-timeout 0 --stats-period 0 \
		--mqtt-broker "mqtt://127.0.0.1:$closed" 2>&1 >/dev/null |
		tail -n 1)" "hm-publish: error: 1 messages were not delivered to\
 the broker 127.0.0.1:$closed"

# A host that accepts the connection and never answers.
start_sim hole --transport hm --fault hang
hole=${uris[0]##*:}
start=$(milliseconds)
same "a silent host does not stall the stream" "$(
	{ message x/y '"1"'; sleep 0.5; } |
		hm-publish --stats-period 0 --mqtt-broker 127.0.0.1 \
		--mqtt-port "$hole" --flush-timeout 0.2 2>/dev/null | wc -l
	)" 1
check "... nor the end" soon "$start" 2000

# Passwords.
locked=$(free_port)
touch "$work/passwd"
chmod 600 "$work/passwd"
mosquitto_passwd -b "$work/passwd" owner sesame 2>/dev/null
chmod 644 "$work/passwd"
chmod 755 "$work"
start_broker "$locked" "allow_anonymous false" \
	"password_file $work/passwd"
echo sesame >"$work/secret"
echo wrong >"$work/not-secret"
chmod 600 "$work/secret" "$work/not-secret"
log_in() {
	message x/y '"1"' | hm-publish --stats-period 0 \
		--mqtt-broker 127.0.0.1 --mqtt-port "$locked" \
		--flush-timeout 1 --mqtt-user owner "$@" \
		>/dev/null 2>"$work/log_in.err"
	local status=${PIPESTATUS[1]}
	cat "$work/log_in.err"
	echo "status $status"
}
same "a password file is accepted" \
	"$(log_in --mqtt-password-file "$work/secret")" "status 0"
same "... and a password in the environment" \
	"$(MQTT_PASSWORD=sesame log_in)" "status 0"
chmod 644 "$work/secret"
same "... which all can read: a warning" \
	"$(log_in --mqtt-password-file "$work/secret" | sed "s|$work|DIR|")" \
	"hm-publish: warning: mqtt_password_file (--mqtt-password-file): all users of\
 this machine can read \"DIR/secret\"; chmod o-r takes that away
status 0"
cat >"$work/hm.yaml" <<END
mqtt_password: sesame
END
chmod 640 "$work/hm.yaml"
same "a password in the settings is accepted" "$(log_in -c "$work/hm.yaml")" \
	"status 0"
chmod 644 "$work/hm.yaml"
check "... if all can read them, with a warning" grep -q \
	'warning: mqtt_password (.*): all users .* can read ".*/hm.yaml"; chmod' \
	<(log_in -c "$work/hm.yaml")
plain() {
	MQTT_PASSWORD=sesame hm-publish --stats-period 0 --mqtt-broker "$@" \
		--mqtt-port 1 --mqtt-user owner </dev/null 2>&1 >/dev/null |
		grep -c 'goes over the network unencrypted: set mqtt_tls'
}
same "a password without TLS to another machine: a warning" "$(plain 192.0.2.1)" 1
same "... not with TLS" "$(plain 192.0.2.1 --mqtt-tls)" 0
same "... nor to this machine" "$(plain 127.0.0.2) $(plain localhost)" "0 0"
check "a wrong password is logged as not authorised" grep -q \
	'not authorised' \
	<(log_in --mqtt-password-file "$work/not-secret")
same "a missing password file is a wrong setting" \
	"$(log_in --mqtt-password-file "$work/none" | head -n 1 |
		sed "s|$work|DIR|")" \
	"hm-publish: error: mqtt_password_file (--mqtt-password-file): cannot read \"DIR/none\": No such file or directory"
same "... with status 78" \
	"$(log_in --mqtt-password-file "$work/none" | tail -n 1)" "status 78"

# TLS.
certificate() {
	openssl req -newkey rsa:2048 -nodes -subj "/CN=$2" \
		-keyout "$work/$1.key" -out "$work/$1.csr" 2>/dev/null
	echo "subjectAltName=${4:-IP:127.0.0.1}" >"$work/names"
	openssl x509 -req -in "$work/$1.csr" -CA "$work/$3.crt" \
		-CAkey "$work/$3.key" -CAcreateserial -days "${5:-2}" \
		-extfile "$work/names" -out "$work/$1.crt" 2>/dev/null
}
for ca in ca other; do
	openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj "/CN=$ca" \
		-keyout "$work/$ca.key" -out "$work/$ca.crt" 2>/dev/null
done
certificate server broker ca
certificate client hm ca
chmod 644 "$work"/*.key
tls=$(free_port)
start_broker "$tls" "cafile $work/ca.crt" "certfile $work/server.crt" \
	"keyfile $work/server.key" "require_certificate true" \
	"allow_anonymous true"
over_tls() {
	message x/y '"1"' | hm-publish --stats-period 0 "${address[@]}" \
		--flush-timeout 1.5 "$@" >/dev/null 2>"$work/tls.err"
	echo "${PIPESTATUS[1]}"
}
address=(--mqtt-broker 127.0.0.1 --mqtt-port "$tls" --mqtt-tls)
mine=(--mqtt-tls-cert "$work/client.crt" --mqtt-tls-key "$work/client.key")
same "TLS with a client certificate" \
	"$(over_tls --mqtt-tls-ca-cert "$work/ca.crt" "${mine[@]}")" 0
address=(--mqtt-broker "mqtts://127.0.0.1:$tls")
same "TLS by the address of the broker" \
	"$(over_tls --mqtt-tls-ca-cert "$work/ca.crt" "${mine[@]}")" 0
same "a broker of another CA is refused" \
	"$(over_tls --mqtt-tls-ca-cert "$work/other.crt" "${mine[@]}")" 75
check "... and the log says so" grep -q 'unknown CA: .*mqtt_tls_ca_cert' \
	"$work/tls.err"
same "... unless --mqtt-tls-insecure is given" \
	"$(over_tls --mqtt-tls-ca-cert "$work/other.crt" \
		--mqtt-tls-insecure "${mine[@]}")" 0
check "... which is logged" grep -q 'not checked' "$work/tls.err"
same "a client without a certificate is refused" \
	"$(over_tls --mqtt-tls-ca-cert "$work/ca.crt")" 75
asks_for_certificate() {
	cat "$work/tls.err"
	grep -q 'ask\(ed\)\? for a client certificate.*mqtt_tls_cert' \
		"$work/tls.err"
}
check "... and the log says so" asks_for_certificate
same "a certificate without its key is a wrong setting" \
	"$(over_tls --mqtt-tls-cert "$work/client.crt")" 78
same "a missing CA file is a wrong setting" \
	"$(over_tls --mqtt-tls-ca-cert "$work/none")" 78

# refused_tls NAME PATTERN: a broker whose certificate is NAME.crt is refused,
# with a line of the log that has the pattern.
refused_tls() {
	local at
	at=$(free_port)
	start_broker "$at" "cafile $work/ca.crt" "certfile $work/$1.crt" \
		"keyfile $work/$1.key" "allow_anonymous true"
	address=(--mqtt-broker "mqtts://127.0.0.1:$at")
	same "a certificate that is $1 is refused" \
		"$(over_tls --mqtt-tls-ca-cert "$work/ca.crt")" 75
	check "... and the log says so" grep -q "$2" "$work/tls.err"
}
certificate elsewhere broker ca DNS:broker.example
certificate expired broker ca IP:127.0.0.1 0
chmod 644 "$work"/*.key
refused_tls elsewhere 'wrong host name: .*"127.0.0.1"; mqtt_broker must be'
until_true 5 sh -c "! openssl x509 -checkend 0 -noout -in $work/expired.crt >/dev/null"
refused_tls expired 'expired: the broker.s certificate'
address=(--mqtt-broker 127.0.0.1 --mqtt-port "$port" --mqtt-tls)
same "a port without TLS is refused" \
	"$(over_tls --mqtt-tls-ca-cert "$work/ca.crt")" 75
check "... and the log says so" grep -q 'no connection .*\(TLS\|closed it\)' \
	"$work/tls.err"

# Another client with the same id.
mkfifo "$work/twin"
publish --mqtt-client-id twin --log-level INFO <"$work/twin" >/dev/null \
	2>"$work/twin.err" &
pids+=($!)
exec 7>"$work/twin"
check "a client connects" until_true 10 grep -q 'connected to the broker' \
	"$work/twin.err"
mosquitto_pub -h 127.0.0.1 -p "$port" -i twin -t x -m y
# MQTT 5 has a message that says so, which not every broker sends.
check "one closed connection may be a restart of the broker: INFO; or it says why" \
	until_true 10 grep -q -e \
	'info: .* the client id "twin", and is up: it was restarted' -e \
	'warning: .* is lost: another client with the same client id has taken over' \
	"$work/twin.err"
check "... no takeover is guessed" sh -c "! grep -q 'had closed it' $work/twin.err"
mosquitto_pub -h 127.0.0.1 -p "$port" -i twin -t x -m y
check "... a second one soon is a takeover: WARNING" until_true 10 grep -q \
	'warning: .*another client with the .*client id.* has taken over' \
	"$work/twin.err"
exec 7>&-

same "without a broker in the settings it does not start" \
	"$(env -u MQTT_BROKER hm-publish </dev/null >/dev/null 2>&1; echo $?)" 78
finish
