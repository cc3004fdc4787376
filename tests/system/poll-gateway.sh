#!/bin/bash
# A gateway of hybrid inverters, polled: named by es:// and found behind hm://,
# with inverters and requests that are not answered. The gateway is a script with
# the replies that hm-decode's golden case decodes. All polls are made at once,
# because they consist of waiting.
# shellcheck source=tests/lib/lib.sh
. "$(dirname "$0")/../lib/lib.sh"
unset HM_CONFIG DTU_HOST
lib=$(cd "$(dirname "$0")/../lib" && pwd)
case=$(cd "$(dirname "$0")/../golden/hm-decode/hybrid-plant" && pwd)
first=214322440207
second=214322440208

# start_gateway NAME FAULT ...: $address gets its address, $work/NAME.log its log.
start_gateway() {
	local name=$1
	shift
	address=127.0.0.1:$(free_port)
	"$lib/gateway.pl" "$address" "$case/in" "$@" >"$work/$name.log" \
		2>"$work/$name.log.err" &
	pids+=($!)
	until_true 10 grep -q listen "$work/$name.log"
}

# start_poll NAME OPTION ...: in the background.
declare -A polls
start_poll() {
	local name=$1
	shift
	HM_CONTROL_JOURNAL=$work/journal hm-poll --stats-period 0 \
		--read-timeout 1 "$@" <"$work/in" >"$work/$name" 2>"$work/$name.err" &
	polls[$name]=$!
	pids+=($!)
}


ends_closed() {
	[ "$(tail -n 1 "$work/$1.log" | cut -d' ' -f2)" = close ]
}

# heard NAME: what the gateway heard, one word each. It may hear the end after
# hm-poll has ended.
heard() {
	until_true 5 ends_closed "$1" >&2
	sed -n 's/^[0-9]* //p' "$work/$1.log" | tr '\n' ' '
}

frames() {
	jq -c 'select(.type == "frame") | .frames' "$work/$1"
}

decode() {
	hm-decode --stats-period 0 <"$work/$1"
}

echo '{"type":"command","action":"limit","percent":60,"dtu":"house","id":"a"}' >"$work/in"

start_gateway found
found=$address
start_poll found -n 2 --period 5 --log-level INFO "hm://$address#house"
start_gateway looked db01=silent
start_poll looked -1 --retries 1 --retry-delay-max 0.1 "hm://$address"
start_gateway plain
start_poll plain -1 "es://$address#house"
start_gateway kept
start_poll kept -1 --es-keep-connection "es://$address"
start_gateway ends {db01,c302,c303}=ends
start_poll ends -1 --es-keep-connection "es://$address"
start_gateway gone "$first=gone"
start_poll gone -1 --retries 0 "es://$address"
start_gateway silent "$first=silent"
start_poll silent -1 --retries 0 "es://$address#house"
for fault in crc length close; do
	start_gateway "$fault" "$second=$fault"
	start_poll "$fault" -1 --retries 0 "es://$address"
done
start_gateway other "$first=other"
start_poll other -1 "es://$address"
start_gateway mute db01=silent
start_poll mute -1 --retries 1 --retry-delay-max 0.1 "es://$address#house"
start_gateway order
start_poll order -1 --control "es://$address#house"
start_poll closed -1 --retries 0 "es://127.0.0.1:$(free_port)"
# A fault of hm-sim in all replies, and the error of the poll, or none.
faults() {
	cat <<-'END'
		hang timeout_read
		close closed
		slow timeout_read
		truncated timeout_read
		crc crc
		length length
		garbage protocol
		flood protocol
		unmapped not_mapped
		seq null
		pieces null
	END
}
while read -r fault _; do
	start_sim "$fault" --transport es --inverters 2 --fault "$fault"
	start_poll "sim-$fault" -1 --retries 0 "${uris[0]}"
done < <(faults)
start_sim dtus --dtus 2 --inverters 1
start_poll dtu -1 --retries 0 "es:${uris[0]#hm:}"
start_poll plant -1 --log-level DEBUG "${uris[1]}"

# es://

wait "${polls[plain]}"
same "a gateway is polled" $? 0
same "... without a message" "$(cat "$work/plain.err")" ""
same "... with one connection for each request" "$(heard plain)" \
	"open db01 close open c302 close open c303 close open c303 close "
same "... and a record with its replies as they came" "$(frames plain)" \
	"$(head -n 1 "$case/in" | jq -c .frames)"
same "... for hm-decode, which knows them" \
	"$(decode plain | jq -r .type | grep -v status | sort | uniq -c)" \
	"$(head -n 1 "$case/in" | hm-decode --stats-period 0 | jq -r .type | sort | uniq -c)"
check "... whole" sh -c "! grep -q partial '$work/plain'"
# shellcheck disable=SC2016 # the dollars are awk's
check "requests are 2 s apart, without a connection in between" awk '
	function early(ms) { return ms < 1900 }
	$2 == "open" && closed && early($1 - closed) { bad = bad " open " $1 - closed }
	$2 == "close" { closed = $1 }
	$2 ~ /^[cd][b3]/ && asked && early($1 - asked) { bad = bad " ask " $1 - asked }
	$2 ~ /^[cd][b3]/ { asked = $1; n++ }
	END { print n bad; exit n != 4 || bad != "" }' "$work/plain.log"

wait "${polls[kept]}"
same "one connection serves all requests if it shall" "$(heard kept)" \
	"open db01 c302 c303 c303 close "
same "... with the same replies" "$(frames kept)" "$(frames plain)"
wait "${polls[ends]}"
same "a gateway that ends it after each reply is asked on others, after the pause" \
	"$(heard ends)" "open db01 close open c302 close open c303 close open c303 close "
same "... and no request is lost" "$(frames ends)" "$(frames plain)"

# Faults

wait "${polls[silent]}"
same "the poll is good if an inverter does not answer" $? 0
same "... and says which one is missing" \
	"$(jq -c 'select(.type == "frame") | [.partial, .missing]' "$work/silent")" \
	"[true,[1]]"
same "... once" "$(grep -c "house: timeout_read: inverter 1 of the DTU's list\
 cannot be read" "$work/silent.err")" 1
same "... and has the readings of the other" \
	"$(decode silent | jq -r 'select(.type == "port") | .serial' | sort -u)" "$second"
same "... without sums of the gateway" "$(decode silent |
	jq -c 'select(.type == "dtu" and .missing_parts) | [.missing_parts, .pv_power]')" \
	"[1,null]"
for fault in crc length close; do
	wait "${polls[$fault]}"
	same "$fault: the other inverter is read" \
		"$(jq -c 'select(.type == "frame") | .missing' "$work/$fault")" "[2]"
done
wait "${polls[gone]}"
same "a connection that is refused: the readings of the others are kept" \
	"$? $(jq -c 'select(.type == "frame") | .missing' "$work/gone")" "0 [2]"
check "... and it says why" grep -q "refused: inverter 2 of the DTU's list" \
	"$work/gone.err"
wait "${polls[other]}"
same "readings of another inverter are not taken for those asked for" \
	"$(frames other)" "$(frames plain)"

wait "${polls[mute]}"
same "a poll without a reply fails" $? 69
same "... after the retries" "$(heard mute)" "open db01 close open db01 close "
same "... with an error" "$(jq -r 'select(.type == "status") | .error' \
	"$work/mute")" timeout_read
check "... and a hint" grep -q "is this the address of a gateway of hybrid\
 inverters? A DTU is read with hm://" "$work/mute.err"
wait "${polls[closed]}"
check "a closed port has a hint, too" grep -q "refused: .* read it with\
 modbus-g3://" "$work/closed.err"
wait "${polls[dtu]}"
check "a DTU is no gateway" grep -q "timeout_read: .*is this the address of a\
 gateway" "$work/dtu.err"

while read -r fault error; do
	wait "${polls[sim-$fault]}"
	same "hm-sim, $fault: $error" "$(jq -r 'select(.type == "status") | .error' \
		"$work/sim-$fault")" "$error"
done < <(faults)
for fault in seq pieces; do
	same "hm-sim, $fault: all replies are there" "$(jq -c 'select(.type == "frame") |
		[.partial, (.frames | length)]' "$work/sim-$fault")" "[null,4]"
done

# Orders

wait "${polls[order]}"
same "an order is refused" $? 65
same "... because hm-poll knows none" \
	"$(jq -r 'select(.type == "result") | [.state, .error] | join(" ")' \
		"$work/order")" "refused not_supported"
same "... and the gateway is polled" "$(frames order)" "$(frames plain)"

# hm://

# In 7 s there would be another poll, if the period were 5 s.
until_true 30 grep -q '"frame"' "$work/found"
sleep 7
kill -TERM "${polls[found]}"
wait "${polls[found]}"
same "a gateway is found where a DTU was named, and not polled before its time" \
	"$(heard found)" "open a301 a311 close open db01 close open c302 close open\
 c303 close open c303 close "
same "... with the same record" "$(frames found)" "$(frames plain)"
same "... which is said once" "$(grep -c "house: 127.0.0.1 is a gateway of hybrid\
 inverters: es://$found says so at once" "$work/found.err")" 1
same "a period that is too short is raised, and that is said once" \
	"$(grep -c "polled every 35 s, not every 5 s" "$work/found.err")" 1

wait "${polls[looked]}"
same "where none is found a retry does not look again" "$(heard looked)" \
	"open a301 a311 close open db01 close open a301 a311 close "
check "... and the error is that of a DTU" grep -q "timeout_read: hm://" \
	"$work/looked.err"
wait "${polls[plant]}"
check "a DTU that answers gets no request of a gateway" sh -c "
	grep -q 'request of .*484da301' '$work/plant.err' &&
	! grep -q 'request of .*484ddb01' '$work/plant.err'"
finish
