#!/bin/bash
# Every fault of hm-sim, over each transport, at the start, in the middle and
# for ever, all read by one hm-poll: it reports each DTU with a fault with the
# right error, reads it again when the fault is over, and reads the DTUs without
# a fault in time. Gateways (es), which are polled every 35 s at most, have a
# hm-poll of their own that probes them after the first failure, and no middle.
# shellcheck source=tests/lib/lib.sh
. "$(dirname "$0")/../lib/lib.sh"

run=31       # s

# Fault, and the result of a poll over hm, modbus, es and modbus-g3: an error
# kind, "good", "stale" or "partial", "slow" if it is good and not in time, or "-"
# if the transport does not have the fault.
table() {
	cat <<-'END'
		refuse         refused      refused      refused      refused
		hang           timeout_read timeout_read timeout_read timeout_read
		close          closed       closed       closed       closed
		slow           timeout_read timeout_read timeout_read timeout_read
		truncated      timeout_read timeout_read timeout_read timeout_read
		crc            crc          -            crc          -
		length         length       length       length       length
		count          -            good         -            good
		garbage        protocol     protocol     protocol     protocol
		unmapped       not_mapped   not_mapped   not_mapped   -
		stale          stale        good         good         good
		exception      -            exception    -            exception
		unit           -            unit         -            unit
		tag            decrypt      -            -            -
		gap            -            partial      -            -
		mute           -            partial      -            -
		late           -            -            -            slow
		endless        -            partial      -            -
		flood          protocol     partial      protocol     protocol
		packages       good         -            -            -
		zeros          good         good         good         good
		spike          good         good         good         good
		dip            good         good         -            good
		wrap           good         good         -            -
		factor         good         -            -            -
		idle           good         -            -            -
		flat           -            -            good         good
		nodata         -            -            -            good
		swapped        -            -            -            good
		noclock        good         -            good         -
		ahead          good         -            -            -
		cleared        good         -            -            -
		order-refused  good         good         good         good
		order-lost     good         good         good         good
		order-slow     good         good         good         good
		order-lied     good         good         good         good
		noinfo         good         -            timeout_read -
		unnumbered     slow         -            -            -
		transaction    -            good         -            -
		twice          -            good         -            -
		seq            good         -            good         -
		pieces         good         good         good         good
		joined         good         -            -            -
		plain          good         -            -            -
	END
}

# When a fault acts, in requests: a failed poll takes one or two. A port that is
# closed counts seconds; hm-poll starts a few seconds later than hm-sim.
when() {
	case $1.$2.$3 in
	refuse.*.start) echo first=9 ;;
	refuse.*.middle) echo at=15-21 ;;
	# The second poll.
	gap.*.middle | mute.*.middle | flood.modbus.middle) echo at=7-12 ;;
	# A block without a reply, or with an exception, is asked for twice. Others
	# end the poll, after which no connection is open for 10 s.
	hang.modbus-g3.start | exception.modbus-g3.start) echo first=2 ;;
	hang.modbus-g3.middle | exception.modbus-g3.middle) echo at=8-9 ;;
	*.modbus-g3.middle) echo at=8 ;;
	*.modbus-g3.start) echo first=1 ;;
	*.es.start) echo first=2 ;;
	*.start) echo first=4 ;;
	*.middle) echo at=4-6 ;;
	*.always) echo always ;;
	esac
}

# phases TRANSPORT: when its faults act.
phases() {
	echo start
	[ "$1" = es ] || echo middle
	echo always
}

# start NAME TRANSPORT OPTION ...: one hm-sim with a DTU.
start() {
	local name=$1 transport=$2
	shift 2
	hm-sim --port 0 --transport "$transport" --inverters 1 --inputs 1 \
		--stats-period 0 "$@" >"$work/$name.sim" &
	pids+=($!)
	names+=("$name")
}

# start_cell FAULT TRANSPORT KIND
start_cell() {
	local phase options=()
	[ "$3" != - ] || return
	case $1 in
	tag) options=(--encrypt) ;;
	idle) options=(--phases 3 --inputs 4 --meter) ;;
	gap | mute | flood) options=(--inputs 4) ;;
	unnumbered) options=(--inputs 4 --page-size 3) ;;
	esac
	for phase in $(phases "$2"); do
		start "$1.$2.$phase" "$2" --fault "$1:$(when "$1" "$2" "$phase")" \
			"${options[@]}"
	done
}

# The URI of each DTU, with its name.
list_uris() {
	local name
	for name in "${names[@]}"; do
		until_true 20 test -s "$work/$name.sim" || return
		jq -rs --arg name "$name" 'to_entries[] |
			"\(.value.uri)#\($name)" +
			(if $name | startswith("well") then ".\(.key)"
			else "" end)' "$work/$name.sim"
	done
}

same "the table has the faults and the transports of faults.def" \
	"$(table | awk '{ print $1, $2 != "-", $3 != "-", $4 != "-", $5 != "-" }')" \
	"$(sed -nE 's/^FAULT\([A-Z_]+, ([a-z-]+), ([A-Z3 |]+),.*/\1 \2 /p' \
		"$(dirname "$0")/../../tools/hm-sim/faults.def" |
		awk '{ print $1, / HM /, / MODBUS /, / ES /, / G3 / }')"

# It may be asked for device information again a minute after it has started.
start_sim late --transport hm --inverters 1 --inputs 1 --encrypt-after 8
hm-poll --period 5 --retries 0 --read-timeout 1 --breaker-threshold 100 \
	--ask network --stats-period 0 --lock-dir "$work" "${uris[0]}#late" \
	>"$work/late" 2>"$work/late.err" &
pids+=($!)

names=()
while read -r fault hm modbus es g3; do
	[ "$fault" != refuse ] || continue
	start_cell "$fault" hm "$hm"
	start_cell "$fault" modbus "$modbus"
	start_cell "$fault" es "$es"
	start_cell "$fault" modbus-g3 "$g3"
done < <(table)
start well.hm hm --dtus 10
start well.encrypted hm --dtus 10 --encrypt
start well.modbus modbus --dtus 10
mapfile -t uris < <(list_uris)
same "every DTU has started" "${#uris[@]}" $((${#names[@]} + 27))

# Last, because a port that refuses counts the seconds from here.
names=()
start_cell refuse hm refused
start_cell refuse modbus refused
start_cell refuse es refused
start_cell refuse modbus-g3 refused
mapfile -t -O "${#uris[@]}" uris < <(list_uris)
# hm-poll spreads the DTUs over the period in this order: mix those with a fault
# and those without.
mapfile -t uris < <(printf '%s\n' "${uris[@]}" | shuf)
mapfile -t gateways < <(printf '%s\n' "${uris[@]}" | grep ^es:)
mapfile -t uris < <(printf '%s\n' "${uris[@]}" | grep -v ^es:)

# poll NAME THRESHOLD URI ...: in the background.
poll() {
	hm-poll --period 5 --retries 0 --read-timeout 1 --connect-timeout 1 \
		--breaker-threshold "$2" --breaker-timeout 1 \
		--breaker-timeout-max 2 --lock-dir "$work" "${@:3}" \
		2>"$work/$1.err" > >("$HM_BUILD/helper/stamp" >"$work/$1") &
	polls+=($!)
	pids+=($!)
}
polls=()
poll stamped 2 "${uris[@]}" "hm://nowhere.invalid#nowhere"
poll stamped.es 1 "${gateways[@]}"
sleep "$run"
kill -TERM "${polls[@]}"
wait "${polls[0]}"
same "hm-poll ends with 0" $? 0
wait "${polls[1]}"
same "... and that of the gateways" $? 0
late_max=$((100 * $(patience))) # ms

# "NAME EVENTS ERRORS LATE" of each DTU. EVENTS has a letter for each record: u
# online, d offline, o offline with the breaker open, h half open, F frame, S
# stale frame, P partial frame. LATE is the difference between the earliest and the latest frame
# in the period, in ms, without the first frame, which takes 2 s longer over hm.
jq -rs 'map(select(.[1].dtu)) | group_by(.[1].dtu)[] |
	(map(select(.[1].type == "frame")[0])[1:]) as $at |
	[range($at | length) | $at[.] - . * 5000] as $grid |
	[.[0][1].dtu,
	(map(.[1] | if .stale then "S" elif .partial then "P"
	elif .type == "frame" then "F"
	elif .state == "online" then "u"
	else {closed: "d", open: "o", half_open: "h"}[.breaker] end) | add),
	(map(.[1].error // empty) | unique | join(",") |
	if . == "" then "-" else . end),
	(if $grid == [] then "-" else ($grid | max - min) end)] |
	join(" ")' "$work/stamped" "$work/stamped.es" >"$work/seen"

# told NAME PATTERN KIND: whether the events of a DTU match, and its only error
# is of this kind.
told() {
	local events kinds
	read -r _ events kinds _ < <(grep "^$1 " "$work/seen")
	echo "found $events $kinds, expected $2 $3"
	[[ $events =~ ^$2$ ]] && [ "$kinds" = "$3" ]
}

# in_time NAME PATTERN: whether the events match and every frame is in time.
in_time() {
	local events late
	read -r _ events _ late < <(grep "^$1 " "$work/seen")
	echo "found $events, off the grid by $late ms of $late_max," \
		"expected $2"
	[[ $events =~ ^$2$ && ${#events} -ge 7 ]] && [ "$late" -le "$late_max" ]
}

counts_none_late() {
	jq -se --argjson max "$late_max" 'map(.[1] | select(.type == "stats")) |
		last | .polls > 600 and .max_late_ms <= $max' "$work/stamped"
}

# If the port closes within a poll, that is partial, and the stick has no
# connection until the port is open again.
g3_recovers() {
	told "$1" 'uF+d(oh)*uF+' "$2" || told "$1" 'uF+PF+' -
}

# Sticks have no connection for 10 s after a poll that failed.
check_g3() {
	local name=$1.modbus-g3 kind=$2
	case $kind in
	-) ;;
	good)
		for phase in $(phases modbus-g3); do
			check "$name, $phase" told "$name.$phase" 'uF{5,}' -
		done
		;;
	slow)
		for phase in $(phases modbus-g3); do
			check "$name, $phase" told "$name.$phase" uF+ -
		done
		;;
	*)
		check "$name at the start: $kind, recovers" \
			told "$name.start" 'd(oh)*uF+' "$kind"
		check "$name in the middle: $kind, recovers" \
			g3_recovers "$name.middle" "$kind"
		check "$name for ever: $kind, probed" \
			told "$name.always" 'd(oh)+o?' "$kind"
		;;
	esac
}

check_es() {
	local name=$1.es kind=$2
	case $kind in
	-) ;;
	good)
		check "$name at the start" told "$name.start" uF -
		check "$name for ever" told "$name.always" uF -
		;;
	*)
		check "$name at the start: $kind, recovers" \
			told "$name.start" '(oh)+uF' "$kind"
		check "$name for ever: $kind, probed" \
			told "$name.always" '(oh){3,}o?' "$kind"
		;;
	esac
}

check_cell() {
	local probes=4 name=$1.$2 kind=$3
	case $kind in
	-) ;;
	good)
		check "$name at the start: in time" in_time "$name.start" uF+
		check "$name in the middle: in time" in_time "$name.middle" \
			uF+
		check "$name for ever: in time" in_time "$name.always" uF+
		;;
	stale)
		check "$name at the start: marked" in_time "$name.start" \
			uFS+F+
		check "$name in the middle: marked" in_time "$name.middle" \
			uF+S+F+
		check "$name for ever: marked" in_time "$name.always" uFS+
		;;
	slow)
		check "$name at the start" told "$name.start" uF+ -
		check "$name in the middle" told "$name.middle" uF+ -
		check "$name for ever" told "$name.always" uF+ -
		;;
	partial)
		check "$name at the start: marked" \
			told "$name.start" uP+F+ -
		check "$name in the middle: marked" \
			told "$name.middle" uF+P+F+ -
		check "$name for ever: marked" told "$name.always" uP+ -
		;;
	*)
		check "$name at the start: $kind, recovers" \
			told "$name.start" 'd(oh)*uF+' "$kind"
		check "$name in the middle: $kind, recovers" \
			told "$name.middle" 'uF+d(oh)*uF+' "$kind"
		# Whether it is a gateway takes one more request, which is silent, too.
		[ "$name" != hang.hm ] || probes=3
		check "$name for ever: $kind, probed" \
			told "$name.always" "d(oh){$probes,}o?" "$kind"
		;;
	esac
}

while read -r fault hm modbus es g3; do
	check_cell "$fault" hm "$hm"
	check_cell "$fault" modbus "$modbus"
	check_es "$fault" "$es"
	check_g3 "$fault" "$g3"
done < <(table)
check "a host that never resolves: resolve, probed" \
	told nowhere 'd(oh){4,}o?' resolve
for name in well.{hm,encrypted,modbus}.{0..9}; do
	check "$name, without a fault: in time" in_time "$name" uF+
done
check "the stats of hm-poll count no late poll" counts_none_late

# The DTU answered, then did not, then did again.
reads_late_again() {
	jq -rs 'map(if .type == "frame" then "F" elif .state == "online"
		then "u" else "d" end) | add' "$work/late" |
		grep -E '^uF+d+uF+$'
}
check "a DTU that begins to encrypt is read again" \
	until_true 90 reads_late_again
finish
