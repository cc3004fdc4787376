#!/bin/bash
# DTUs that flood hm-poll do not make it late for others. Three hm-poll run at
# the same time, each with healthy DTUs of its own. One of them has hostile DTUs,
# too: some flood instead of a reply, some before they are asked, some with
# urgent bytes, and some send a reply byte by byte. One has names whose name
# server floods. HOSTILE is the number of each kind of flood and transport,
# HEALTHY that of healthy DTUs for each transport.

# A name server needs port 53 and resolv.conf, so a network and mounts of its own.
alone=(unshare --mount --net --propagation private)
[ "$(id -u)" -eq 0 ] || alone+=(--map-root-user)
if [ $# -eq 0 ] && [ -e /etc/resolv.conf ] &&
	"${alone[@]}" mount --bind /dev/null /etc/resolv.conf 2>/dev/null; then
	exec "${alone[@]}" "$0" alone
fi

# shellcheck source=tests/lib/lib.sh
. "$(dirname "$0")/../lib/lib.sh"

if [ $# -gt 0 ]; then
	echo "nameserver 127.0.0.1" >"$work/resolv.conf"
	mount --bind "$work/resolv.conf" /etc/resolv.conf
	"$(dirname "$0")/../lib/name_flood.pl" >"$work/names.up" &
	pids+=($!)
	until_true 10 test -s "$work/names.up" ||
		{ echo "not ok - the name server starts"; exit 1; }
fi

hostile=${HOSTILE:-10}
healthy=${HEALTHY:-20}
seconds=${FLOOD_SECONDS:-21}
ulimit -n "$(ulimit -Hn)"

# named NAME URI ...: URIs with names that begin with NAME.
named() {
	local name=$1 i=0
	while [ $# -gt 1 ]; do
		echo "$2#$name$i"
		i=$((i + 1))
		shift
	done
}

# start_poll NAME URI ...: the stamped records go to $work/NAME.
start_poll() {
	hm-poll --period 5 --breaker-threshold 1000 --lock-dir "$work" \
		--log-level CRITICAL "${@:2}" \
		> >("$HM_BUILD/helper/stamp" >"$work/$1") &
	poll=$!
	pids+=("$poll")
}

# p99 NAME: 99 % of the frames of healthy DTUs are not later than this, in ms.
# The earliest frame of a DTU is its grid; the first takes 2 s longer over hm.
p99() {
	jq -s 'map(select(.[1].type == "frame" and (.[1].dtu | test("^well"))))
		| group_by(.[1].dtu) | map(map(.[0])[1:] |
			[range(length) as $i | .[$i] - $i * 5000] |
			min as $min | map(. - $min)[]) | flatten | sort |
		.[(length * 99 / 100 | ceil) - 1]' "$work/$1"
}

# frames NAME: how many healthy DTUs have sent.
frames() {
	jq -s 'map(.[1] | select(.type == "frame" and
		(.dtu | test("^well")))) | length' "$work/$1"
}

# told NAME: the errors of the DTUs whose names begin with NAME, or "partial".
told() {
	cat "$work/flooded" "$work/names" | jq -rs --arg name "$1" 'map(.[1] | select(.dtu // "" |
		startswith($name)) | .error // (select(.partial) | "partial")) |
		unique | join(" ")'
}

# is_told NAME PATTERN
is_told() {
	echo "$1: $(told "$1")"
	grep -qxE "$2" <<<"$(told "$1")"
}

cpu_ms() {
	jq -s 'map(.[1] | select(.type == "stats")) | last | .cpu_ms' \
		"$work/$1"
}

# Poll for a while, and see how hm-poll stops.
poll_all() {
	local start calm_poll names_poll
	start_poll calm "${calm[@]}"
	calm_poll=$poll
	start_poll names "${names[@]}"
	names_poll=$poll
	start_poll flooded "${flooded[@]}"
	sleep "$seconds"
	start=$(milliseconds)
	kill -TERM "$poll"
	wait "$poll"
	status=$?
	stopped=$(($(milliseconds) - start))
	start=$(milliseconds)
	kill -TERM "$names_poll"
	wait "$names_poll"
	stopped_names=$(($(milliseconds) - start))
	kill -TERM "$calm_poll"
	wait "$calm_poll"
}

# is_fair NAME
is_fair() {
	local calm late limit
	calm=$(p99 calm)
	late=$(p99 "$1")
	limit=$((3 * calm + 20))
	echo "$1: late by $late ms of $limit, and by $calm ms without floods"
	[ "$late" -le "$limit" ]
}

all_is_well() {
	is_fair flooded && is_fair names &&
		[ "$stopped" -le 500 ] && [ "$stopped_names" -le 500 ]
}

start_sim calm --transport hm,modbus --inverters 1 --dtus "$healthy"
mapfile -t calm < <(named well "${uris[@]}")
start_sim well --transport hm,modbus --inverters 1 --dtus "$healthy"
mapfile -t flooded < <(named well "${uris[@]}")
start_sim names --transport hm,modbus --inverters 1 --dtus "$healthy"
mapfile -t names < <(named well "${uris[@]}")
for i in 1 2 3 4 5 6; do
	[ $# -eq 0 ] || names+=("modbus://roof$i.example#nameless$i")
done
start_sim flood --transport hm,modbus --inverters 1 --inputs 4 \
	--dtus "$hostile" --fault flood
mapfile -t -O "${#flooded[@]}" flooded < <(named flood "${uris[@]}")
start_sim drip --transport hm,modbus --inverters 1 --dtus "$hostile" \
	--fault slow
mapfile -t -O "${#flooded[@]}" flooded < <(named drip "${uris[@]}")
mapfile -t modes < <(yes $'hm\nmodbus\nurgent' | head -n $((3 * hostile)))
"$(dirname "$0")/../lib/shout.pl" "${modes[@]}" >"$work/ports" &
pids+=($!)
until_true 10 test -s "$work/ports"
read -r -a ports <"$work/ports"
for i in "${!ports[@]}"; do
	case ${modes[i]} in
	modbus) scheme=modbus ;;
	*) scheme=hm ;;
	esac
	flooded+=("$scheme://127.0.0.1:${ports[i]}#shout.${modes[i]}.$i")
done

# The system may hold up one process and not the other, on a loaded machine.
for _ in 1 2 3; do
	poll_all
	all_is_well >"$work/well" && break
done
same "hm-poll ends with 0" "$status" 0
check "... at once, while it is flooded" [ "$stopped" -le 500 ]
check "healthy DTUs are read" [ "$(frames calm)" -ge $((4 * healthy)) ]
check "... as often with floods" \
	[ "$(frames flooded)" -ge $(($(frames calm) * 97 / 100)) ]
check "... and in time" is_fair flooded
check "floods cost less than a fifth of a core" \
	[ "$(cpu_ms flooded)" -lt $((200 * seconds)) ]
# Of very many that flood some do not get all their turns in time.
check "DTUs that flood are reported, or read in part" \
	is_told flood 'partial protocol( timeout_read)?'
check "... those that send byte by byte are reported" \
	is_told drip timeout_read
check "... and those that send frames before they are asked" \
	is_told shout.hm 'protocol( timeout_read)?'
check "... or replies" is_told shout.modbus length
check "... or urgent bytes" is_told shout.urgent 'protocol( timeout_read)?'
if [ $# -gt 0 ]; then
	check "names that nobody answers are reported" \
		is_told nameless resolve
	check "... and the others are read in time" is_fair names
	check "... hm-poll ends at once" [ "$stopped_names" -le 500 ]
else
	skip "a name server that floods" "the kernel gives us no namespace"
fi
echo "# $(p99 flooded) ms late, $(p99 calm) ms without floods;" \
	"$(cpu_ms flooded) ms of CPU, $(cpu_ms calm) ms without; stopped in" \
	"$stopped ms"
finish
