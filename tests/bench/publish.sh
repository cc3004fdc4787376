#!/bin/bash
# publish.sh ROUNDS [OLD]: the CPU time that hm-publish takes for a message, with
# plants of 10, 400 and 2,000 inverters of four inputs, and one broker for each.
# Beside it version 0.1.0 publishes, and hm-publish in the directory OLD, those of
# 10 and 400: in each round each of them in turn, so that the load of the machine is
# the same for all. Fails above the limits at the end of this script.
# shellcheck source=tests/lib/lib.sh
. "$(dirname "$0")/../lib/lib.sh"
# shellcheck source=tests/bench/release.sh
. "$(dirname "$0")/release.sh"
unset HM_CONFIG DATABASE_PATH
rounds=$1
names=(now)
declare -A program=([now]=$HM_BIN/hm-publish) port pid fifo spent
if git cat-file -e "$release^{commit}" 2>/dev/null; then
	build_release
	names+=(0.1.0)
	program[0.1.0]=$PWD/$old/hm-publish
else
	echo "without version 0.1.0: the history here does not have $release"
fi
if [ -n "${2:-}" ]; then
	names+=(before)
	program[before]=$2/hm-publish
fi
plants=(10 400 2000)
# Polls of a plant in a round, and seconds between them.
declare -A polls=([10]=10 [400]=1 [2000]=1) pause=([10]=0.05 [400]=0.3 [2000]=1)
here=$(cd "$(dirname "$0")" && pwd)

# What hm-publish reads, a file for each poll.
make_polls() {
	mkdir "$work/$1"
	awk -v INVERTERS="$1" -v POLLS="$((2 + rounds * polls[$1]))" \
		-f "$here/publish-polls.awk" |
		hm-ha-discovery --stats-period 0 2>"$work/discovery.err" |
		awk -v path="$work/$1" '
			/"type":"end"/ { close(name); print n + 0 >name ".count"
				close(name ".count"); n = 0; poll++; next }
			{ name = path "/" poll + 0; print >name }
			/"type":"mqtt"/ { n++ }'
}

# The tool shows so that it is set up, because another signal would end it.
takes_signals() {
	grep -qE '^SigBlk:.*[2367abef]..$' "/proc/$1/status"
}

# start NAME PLANT: with an input that stays open.
start() {
	local key=$1.$2
	port[$key]=$(free_port)
	start_broker "${port[$key]}"
	mkfifo "$work/$key.in"
	HM_DURABLE=1 "${program[$1]}" --stats-period 3600 --mqtt-broker 127.0.0.1 \
		--mqtt-port "${port[$key]}" <"$work/$key.in" >"$work/$key.out" \
		2>"$work/$key.err" &
	pid[$key]=$!
	pids+=($!)
	exec {fd}>"$work/$key.in"
	fifo[$key]=$fd
	until_true 10 takes_signals "${pid[$key]}"
}

# The CPU time of a process in us.
cpu() {
	awk '{ ns += $1 } END { printf "%.0f", ns / 1000 }' \
		"/proc/${pid[$1]}"/task/*/schedstat
}

rests() {
	local before
	before=$(cpu "$1")
	sleep 0.2
	[ $(($(cpu "$1") - before)) -lt 100 ]
}

# publish NAME PLANT FIRST LAST: polls; sets $us, the CPU time of a message.
publish() {
	local key=$1.$2 before messages=0 poll
	before=$(cpu "$key")
	for poll in $(seq "$3" "$4"); do
		cat "$work/$2/$poll" >&"${fifo[$key]}"
		sleep "${pause[$2]}"
	done
	until_true 120 rests "$key" || fail "$key comes to rest"
	for poll in $(seq "$3" "$4"); do
		messages=$((messages + $(cat "$work/$2/$poll.count")))
	done
	us=$(awk -v us="$(($(cpu "$key") - before))" -v n="$messages" \
		'BEGIN { printf "%.2f", us / n }')
}

each() {
	local name plant
	for plant in "${plants[@]}"; do
		for name in "${names[@]}"; do
			if [ "$plant" -le 400 ] || [ "$name" = "${names[0]}" ]; then
				"$@" "$name" "$plant"
			fi
		done
	done
}

announce() {
	publish "$1" "$2" 0 1
	spent[$1.$2]=$us
}

round() {
	local n=${polls[$3]}
	publish "$2" "$3" $((2 + ($1 - 1) * n)) $((1 + $1 * n))
	echo "$2 $3 $us" >>"$work/figures"
}

median() {
	awk -v name="$1" -v plant="$2" '$1 == name && $2 == plant { print $3 }' \
		"$work/figures" | sort -n | awk '{ v[NR] = $1 }
			END { print v[int((NR + 1) / 2)] }'
}

# "PSS DROPPED" of a process, which ends.
finish_one() {
	local key=$1.$2
	awk '/^Pss:/ { print $2 }' "/proc/${pid[$key]}/smaps_rollup" \
		>"$work/$key.pss"
	# Others have inherited its input, so that closing it would not end it.
	kill "${pid[$key]}"
	wait "${pid[$key]}"
}

show() {
	printf '%-10s %9d %12.1f %12.1f %9d %8d\n' "$1" "$2" "$(median "$1" "$2")" \
		"${spent[$1.$2]}" "$(cat "$work/$1.$2.pss")" \
		"$(counter dropped "$1.$2.out")"
}

# at_most WHAT NUMBER LIMIT
at_most() {
	if [ -n "$2" ] && awk -v a="$2" -v b="$3" 'BEGIN { exit !(a + 0 <= b + 0) }'; then
		pass "$1: $2, at most $3"
	else
		fail "$1: $2, at most $3"
	fi
}

for plant in "${plants[@]}"; do make_polls "$plant"; done
each start
each announce
# States come again 1 and 10 s after an announcement.
sleep 12
for i in $(seq "$rounds"); do each round "$i"; done
each finish_one
echo "program    inverters us a message us announced       kB  dropped"
each show
at_most "2,000 inverters, in us a message" "$(median now 2000)" \
	"$(awk -v us="$(median now 10)" 'BEGIN { print 1.3 * us }')"
at_most "2,000 inverters, in kB" "$(cat "$work/now.2000.pss")" 90000
for plant in "${plants[@]}"; do
	same "$plant inverters: none dropped" \
		"$(counter dropped "now.$plant.out")" 0
done
# The resolution of two medians.
for name in "${names[@]:1}"; do
	at_most "10 inverters, beside $name, in us a message" \
		"$(median now 10)" \
		"$(awk -v us="$(median "$name" 10)" 'BEGIN { print 1.03 * us }')"
done
finish
