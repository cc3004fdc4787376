#!/bin/bash
# Commands to DTUs whose replies have a fault, over both transports: before the
# order is sent, in the reply to the order, and after it. One hm-poll carries
# them all out. Each gets the right final result, and no order is sent twice. All
# wait most of the time, so their clocks run faster.
# shellcheck source=tests/lib/lib.sh
. "$(dirname "$0")/../lib/lib.sh"
# shellcheck source=tests/lib/clock.sh
. "$(dirname "$0")/../lib/clock.sh"
patience=$(patience)
times=$((patience > 2 ? 1 : 3))
# In seconds: a DTU that answers late on a loaded machine has no fault.
read_timeout=$((2 * (patience < 6 ? patience : 6)))

# Fault, and over hm and over modbus what becomes of an order to whose reply it
# happens: how often the DTU has taken the order, and the final result; "-" if
# the transport does not have the fault. A reply that is lost says nothing: only
# reading back does.
table() {
	cat <<-'END'
		hang          0:unknown 0:unknown
		close         1:done    1:done
		slow          1:done    1:done
		truncated     1:done    1:done
		crc           1:done    -
		length        1:done    1:done
		garbage       0:unknown 1:done
		exception     -         1:done
		unit          -         1:done
		tag           1:done    -
		flood         0:unknown 1:done
		seq           1:done    -
		pieces        1:done    1:done
		joined        1:done    -
		transaction   -         1:done
		order-refused 0:refused 0:refused
		order-lost    0:unknown 0:unknown
		order-slow    1:done    1:done
		order-lied    1:unknown 1:unknown
	END
}

# The requests at which a fault happens. Over hm they are device information,
# readings, configuration, the order, its progress twice, and all but the order
# again; over modbus the serial number, two inputs, the map of orders, the order,
# and all but the order again.
when() {
	case $1.$2 in
	*.before) echo at=2 ;;
	hm.order) echo at=4 ;;
	hm.progress) echo at=5 ;;
	hm.after) echo at=7 ;;
	modbus.order) echo at=5 ;;
	modbus.after) echo at=6-8 ;;
	*.always) echo always ;;
	esac
}

# start FAULT TRANSPORT PHASE RESULT: an hm-sim, whose order must end so.
names=()
declare -A expected
start() {
	local name=$1.$2.$3 options=()
	[ "$1" != tag ] || options=(--encrypt)
	faster $times hm-sim --port 0 --transport "$2" --inverters 1 --inputs 1 \
		--stats-period 0 --fault "$1:$(when "$2" "$3")" "${options[@]}" \
		>"$work/$name.sim" 2>/dev/null &
	pids+=($!)
	names+=("$name")
	expected[$name]=$4
}

# A fault before the order is retried; one after it is read over.
while read -r fault hm modbus; do
	for cell in "hm $hm" "modbus $modbus"; do
		read -r transport result <<<"$cell"
		[ "$result" != - ] || continue
		start "$fault" "$transport" order "$result"
		[[ $fault != order-* ]] || continue
		start "$fault" "$transport" before 1:done
		start "$fault" "$transport" after 1:done
		[ "$transport" != hm ] || start "$fault" hm progress 1:done
	done
done < <(table)
start hang hm always 0:failed
start hang modbus always 0:failed

has_started() {
	[ "$(cat "$work"/*.sim | grep -c '"type":"sim"')" -eq "${#names[@]}" ]
}
check "every DTU has started" until_true 30 has_started

# carry_out JOURNAL TIMEOUT NAME ...: one command for each of these DTUs.
carry_out() {
	local journal=$1 timeout=$2
	shift 2
	mapfile -t uris < <(cd "$work" && jq -r 'select(.type == "sim") |
		.uri + "#" + (input_filename | rtrimstr(".sim"))' "${@/%/.sim}")
	printf '{"type":"command","dtu":"%s","action":"limit","percent":70}\n' \
		"$@" >"$work/$journal.in"
	faster $times hm-poll -1 --control --control-journal "$work/$journal" \
		--control-timeout "$timeout" --retries 3 \
		--read-timeout "$read_timeout" \
		--breaker-threshold 100 --stats-period 0 "${uris[@]}" \
		<"$work/$journal.in" >"$work/$journal.out" 2>/dev/null &
	polls+=($!)
	pids+=($!)
}

# Those that nobody knows the end of take all of their time.
polls=()
known=()
unknown=()
for name in "${names[@]}"; do
	if [ "${expected[$name]#*:}" = unknown ]; then
		unknown+=("$name")
	else
		known+=("$name")
	fi
done
carry_out known $((60 * (patience < 4 ? patience : 4))) "${known[@]}"
carry_out unknown $((15 + 5 * read_timeout)) "${unknown[@]}"

# A disk that takes so long to write the journal that the order is too old then.
faster $times hm-sim --port 0 --transport modbus --stats-period 0 \
	>"$work/disk" &
pids+=($!)
until_true 20 test -s "$work/disk"
cp "$HM_BUILD/helper/preload/slow_sync.so" "$work"
echo '{"type":"command","action":"limit","percent":70}' |
	HM_SYNC_SECONDS=$((12 / times)) HM_CLOCK_SPEED=$times HM_CLOCK_SINCE=$clock_since \
		LD_PRELOAD=$work/slow_sync.so:$work/clock.so \
		hm-poll -1 --control --control-journal "$work/slow" \
		--control-max-age 10 --read-timeout 1 --stats-period 0 \
		"$(jq -r .uri "$work/disk")" >"$work/disk.out" 2>/dev/null &
slow=$!
pids+=("$slow")

finals() {
	jq -r 'select(.type == "result" and
		(.state | IN("refused", "done", "failed", "unknown"))) |
		"\(.dtu) \(.state)"' "$work"/{known,unknown}.out
}
all_final() {
	[ "$(finals | wc -l)" -ge "${#names[@]}" ]
}
check "every command ends" until_true 90 all_final
kill "${polls[@]}" 2>/dev/null
wait "${polls[@]}"

# How often each DTU has taken the order, and its final results.
declare -A taken=() ended=()
while read -r name; do
	taken[$name]=$((${taken[$name]:-0} + 1))
done < <(cd "$work" && jq -r 'select(.type == "order") |
	input_filename | rtrimstr(".sim")' ./*.sim | sed 's|^\./||')
while read -r name state; do
	ended[$name]+="${ended[$name]:+ }$state"
done < <(finals)
for name in "${names[@]}"; do
	same "$name" "${taken[$name]:-0}:${ended[$name]-}" "${expected[$name]}"
done
same "no order was sent twice" "$(jq -r 'select(.type == "sent").id' \
	"$work/known" "$work/unknown" | sort | uniq -d)" ""
wait "$slow"
same "an order that is too old when the journal is written is not sent" \
	"$(jq -r 'select(.type == "result") | .state, .error' "$work/disk.out" |
		xargs) $(grep -c '"type":"order"' "$work/disk")" "refused too_old 0"
same "... though the journal has it" "$(jq -r .type "$work/slow" | xargs)" \
	"command sent result delivered"
finish
