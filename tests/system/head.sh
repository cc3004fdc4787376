#!/bin/bash
# A reader that leaves, as `head -n 1` does, ends the whole chain before it at
# once: not one tool each period. Every prefix of the chain, while lines flow and
# while none do.
# shellcheck source=tests/lib/lib.sh
. "$(dirname "$0")/../lib/lib.sh"
unset HM_CONFIG DTU_HOST MQTT_BROKER DATABASE_PATH

copy=$HM_BUILD/helper/copy
mapfile -t tools < <(grep -v '^#\|^hm-subscribe$' "$(dirname "$0")/../../s6/chain")
count=${#tools[@]}
port=$(free_port)
start_broker "$port"
start_sim plants --transport hm --dtus $((2 * count)) --inverters 1 --inputs 1

# Readers, each with the last commands of the pipeline. They note when they
# leave, in ms.
first_line() {
	head -n 1 >"$work/$1.out"
	milliseconds >"$work/$1.left"
}

until_killed() {
	cat >"$work/$1.out" &
	echo $! >"$work/$1.reader"
	wait $!
	milliseconds >"$work/$1.left"
}

# run_prefix NUMBER READER: the first NUMBER tools, with a DTU, a database, an
# id and a port of their own. No tool writes anything after the first poll.
run_prefix() {
	local name=$2.$1 number=$1 found
	[ "$2" = first_line ] || number=$((count + number))
	export DTU_HOST=${uris[number - 1]} QUERY_PERIOD=600 HM_STATS_PERIOD=0 \
		DATABASE_PATH=$work/$name.db MQTT_BROKER=127.0.0.1 \
		MQTT_PORT=$port MQTT_CLIENT_ID=head$number HM_HEAD=$$ \
		HEALTH_PORT=$((page + number))
	eval "$(printf '%s | ' "${tools[@]:0:$1}") $2 $name
		found=\${PIPESTATUS[*]}" 2>"$work/$name.err"
	echo "$(milliseconds) $found" >"$work/$name.new"
	mv "$work/$name.new" "$work/$name.end"
}

idle() {
	local last=port number
	for number in $(seq "$count"); do
		[ "$number" -gt 1 ] || last=frame
		grep -q "^{\"type\":\"$last\"" \
			"$work/until_killed.$number.out" || return
		last=port
	done
}

all_ended() {
	[ "$(find "$work" -name '*.end' | wc -l)" -eq $((2 * count)) ]
}

# statuses NUMBER: what a pipeline of this many tools ends with.
statuses() {
	printf '141 %.0s' $(seq "$1")
	echo 0
}

page=$(free_port)
for number in $(seq "$count"); do
	run_prefix "$number" first_line &
	pids+=($!)
	run_prefix "$number" until_killed &
	pids+=($!)
done
check "every prefix of the chain reads its DTU" until_true 20 idle
sleep 0.5
for number in $(seq "$count"); do
	kill "$(cat "$work/until_killed.$number.reader")"
done
until_true 8 all_ended
slowest=0
for number in $(seq "$count"); do
	for reader in first_line until_killed; do
		name=$reader.$number
		found=
		read -r end found 2>/dev/null <"$work/$name.end" ||
			end=$(milliseconds)
		same "$reader: hm-poll to ${tools[number - 1]}: ends by SIGPIPE" \
			"$found" "$(statuses "$number")"
		same "... silently" "$(cat "$work/$name.err")" ""
		took=$((end - $(cat "$work/$name.left")))
		[ "$took" -le "$slowest" ] || slowest=$took
	done
	[ "$number" -lt 5 ] || same "... and stores what it has read" \
		"$(sqlite3 "$work/until_killed.$number.db" \
			'SELECT count(*) FROM port')" 1
done
check "all within 8 s after their reader: $slowest ms" \
	[ "$slowest" -lt $((8000 * $(patience))) ]
for pid in $(processes_with "HM_HEAD=$$"); do
	kill -9 "$pid"
done

# A tool that still has messages to deliver does not hold up those before it.
mkfifo "$work/in" "$work/out"
exec 5<>"$work/in"
{
	"$copy" <"$work/in"
	touch "$work/copy.end"
} 2>"$work/err" | HM_HEAD=late hm-publish --mqtt-broker 127.0.0.1 \
	--mqtt-port "$(free_port)" --flush-timeout 60 --log-level CRITICAL |
	head -n 1 >"$work/first" &
pids+=($!)
printf '{"type":"mqtt","topic":"t","payload":"1"}\n{"type":"x"}\n' >&5
check "the tool before one that waits for a broker ends at once" \
	until_true 8 [ -e "$work/copy.end" ]
late=$(processes_with HM_HEAD=late)
check "... while that one still waits" [ -n "$late" ]
kill -9 "$late"

# A FIFO can get another reader.
"$copy" <"$work/in" >"$work/out" &
pid=$!
pids+=("$pid")
echo one >&5
same "the first reader of a FIFO" "$(head -n 1 "$work/out")" one
sleep 0.3
exec 6<"$work/out"
echo two >&5
read -r -t 20 line <&6
same "... and the next one, from the same tool" "$line" two
check "... which goes on" kill -0 "$pid"
exec 6<&-
echo three >&5
wait "$pid"
same "... until it writes to none" $? 141
finish
