#!/bin/bash
# hm-publish with many messages: a burst leaves together and a lone message at
# once; after a restart of the broker all announcements come again, without those
# for which there is no room.
# shellcheck source=tests/lib/lib.sh
. "$(dirname "$0")/../lib/lib.sh"
unset HM_CONFIG

# messages PREFIX COUNT QOS RETAIN BYTES
messages() {
	awk -v prefix="$1" -v count="$2" -v qos="$3" -v retain="$4" \
		-v payload="$(printf '%0*d' "$5" 7)" 'BEGIN {
			for (i = 1; i <= count; i++)
				printf "{\"type\":\"mqtt\",\"topic\":\"%s/%d\"," \
				    "\"payload\":\"%s\",\"qos\":%d,\"retain\":%s}\n",
				    prefix, i, payload, qos, retain
		}'
}

# start OPTION ...: hm-publish, which reads what the test writes to descriptor 7.
start() {
	rm -f "$work/in"
	mkfifo "$work/in"
	exec 7<>"$work/in"
	hm-publish --mqtt-broker 127.0.0.1 --mqtt-port "$port" \
		--reconnect-delay 0.1 --stats-period 1 "$@" <"$work/in" \
		>"$work/out" 2>"$work/err" 7>&- &
	publisher=$!
	pids+=("$publisher")
	until_true 10 is_counted connected 1
}

# count NAME: in the last stats record; the output is long.
count() {
	grep '"type":"stats"' "$work/out" | tail -n 1 >"$work/stats"
	counter "$1" stats
}

is_counted() {
	[ "$(count "$1")" = "$2" ]
}

end_broker() {
	kill "$broker"
	wait "$broker"
}

stop() {
	kill -TERM "$publisher"
	wait "$publisher"
	status=$?
	exec 7>&-
}

# Packets

cp "$HM_BUILD/helper/preload/packets.so" "$work"
port=$(free_port)
start_broker "$port"
export HM_PACKETS_FILE=$work/packets
LD_PRELOAD=$work/packets.so start
for qos in 1 2; do
	: >"$HM_PACKETS_FILE"
	before=$(count published)
	messages lone 1 "$qos" false 3 >&7
	until_true 10 is_counted published $((before + 1))
	# QoS 2 answers the broker's answer.
	same "QoS $qos: a lone message leaves at once" \
		"$(uniq "$HM_PACKETS_FILE" | xargs)" write
	: >"$HM_PACKETS_FILE"
	messages burst 12 "$qos" false 3 >"$work/burst"
	cat "$work/burst" >&7
	until_true 10 is_counted published $((before + 13))
	same "... a burst together" "$(uniq "$HM_PACKETS_FILE" | head -n 3 |
		xargs)" "hold write release"
	same "... and nothing stays behind" "$(grep -v write \
		"$HM_PACKETS_FILE" | tail -n 1)" release
done
unset HM_PACKETS_FILE
stop
same "... status" "$status" 0
end_broker

# Acknowledgements

# The first message of 16 devices waits for the broker's answer.
announcements() {
	awk 'BEGIN {
		for (i = 1; i <= 480; i++)
			printf "{\"type\":\"mqtt\",\"topic\":" \
			    "\"homeassistant/sensor/%012x/power/config\"," \
			    "\"payload\":\"{}\",\"qos\":1,\"retain\":true}\n", i
	}'
}

# publishing_ms [LINE ...]: how long a broker with these settings takes.
publishing_ms() {
	local start
	start_broker "$port" "allow_anonymous true" "$@"
	start=$(date +%s%3N)
	announcements | hm-publish --mqtt-broker 127.0.0.1 \
		--mqtt-port "$port" 2>"$work/err" |
		tail -n 1 >"$work/stats"
	echo $(($(date +%s%3N) - start))
	end_broker
}

eager=$(publishing_ms "set_tcp_nodelay true")
slow=$(publishing_ms)
same "480 devices are announced" "$(counter published stats)" 480
check "a broker with Nagle's algorithm takes $slow ms, one without $eager ms" \
	[ "$slow" -lt $((3 * eager + 100)) ]

# retained COUNT: whether the broker keeps so many messages of many/#.
retained() {
	mosquitto_sub -h 127.0.0.1 -p "$port" -t 'many/#' -W 3 -C "$1" \
		>"$work/retained" 2>/dev/null
	[ "$(wc -l <"$work/retained")" -eq "$1" ]
}

# The broker keeps nothing. The connection is made again.
restart_broker() {
	local connections
	connections=$(count connections)
	end_broker
	start_broker "$port"
	until_true 20 is_counted connections $((connections + 1))
	until_true 20 is_counted queued 0
}

start_broker "$port"
start
messages many 2000 1 true 20 >&7
messages state 900 0 false 20 >&7
messages last 1 1 false 1 >&7
until_true 30 is_counted published 2901
restart_broker
check "all of 2,000 announcements come again" until_true 10 retained 2000
same "... and none is dropped" "$(count dropped)" 0
stop

# Without room

end_broker
start_broker "$port"
start --mqtt-memory 1
messages many 1200 1 true 1000 >&7
taken() {
	[ $(($(count published) + $(count dropped))) -ge 1200 ] &&
		[ "$(count queued)" -eq 0 ]
}
until_true 30 taken
dropped=$(count dropped)
check "what has no room is dropped: $dropped of 1,200" \
	[ "$dropped" -gt 200 -a "$dropped" -lt 500 ]
warning="hm-publish: warning: many/$((1201 - dropped)) is dropped, and others may be:\
 no room for more than 1 MB of messages to be sent, or sent again; raise mqtt_memory"
same "... with one warning, which names the first" \
	"$(grep -v 'the broker' "$work/err")" "$warning"
restart_broker
check "... and the others come again" until_true 10 retained \
	$((1200 - dropped))
stop
finish
