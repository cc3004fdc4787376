#!/bin/bash
# orders.sh KILLS: commands from a broker to DTUs of both transports, without a
# fault and with each fault of orders, while hm-poll, hm-subscribe and the broker
# are killed with SIGKILL at random moments. Each command orders a limit of its
# own, so that the orders that hm-sim has taken can be told apart: none may be
# taken twice, or later than control_max_age, and each command that hm-subscribe
# has written must have one final result in the database, which agrees with what
# hm-sim has seen. Every second command has the time of its sender, which may be
# long ago, and some of these are sent again.
# shellcheck source=tests/lib/lib.sh
. "$(dirname "$0")/../lib/lib.sh"

kills=$1
max_age=20 # s
port=$(free_port)
unset DTU_HOST HM_CONFIG MQTT_BROKER
topic=homeassistant/hoymiles_mqtt/command

# DTUs

names=()
for transport in hm modbus; do
	for fault in none refused lost slow lied; do
		name=$transport-$fault
		options=(--fault "order-$fault")
		[ "$fault" != none ] || options=()
		hm-sim --port 0 --transport $transport --inverters 1 --inputs 1 \
			--stats-period 0 "${options[@]}" >"$work/$name.sim" &
		pids+=($!)
		names+=("$name")
	done
done
has_started() {
	[ "$(cat "$work"/*.sim | grep -c '"type":"sim"')" -eq "${#names[@]}" ]
}
until_true 20 has_started
{
	cat <<-EOF
		mqtt_broker: 127.0.0.1
		mqtt_port: $port
		mqtt_reconnect_delay: 1
		query_period: 10
		comm_timeout: 1
		comm_retries: 1
		control_enabled: true
		control_max_age: $max_age
		control_timeout: 30
		control_min_interval: 10
		control_max_per_day: 1000
		control_journal: $work/control.ndjson
		database_path: $work/hm.db
		store_delay: 0.2
		stats_period: 0
		dtu_configs:
	EOF
	for name in "${names[@]}"; do
		jq -r --arg name "$name" 'select(.type == "sim") |
			"  - {name: \($name), uri: \"\(.uri)\"}"' "$work/$name.sim"
	done
} >"$work/hm.yaml"
export HM_CONFIG=$work/hm.yaml

# The chain: its pipes outlive the tools, and what hm-subscribe writes is kept.

mkfifo "$work/commands" "$work/input" "$work/frames"
exec 5<>"$work/commands" 6<>"$work/input" 7<>"$work/frames"
tee -a "$work/written" <"$work/commands" >"$work/input" &
pids+=($!)

tool() {
	case $1 in
	subscribe) HM_DURABLE=1 exec hm-subscribe </dev/null >"$work/commands" ;;
	poll) HM_DURABLE=1 exec hm-poll <"$work/input" >"$work/frames" ;;
	store) HM_DURABLE=1 exec hm-store <"$work/frames" >>"$work/stream" ;;
	esac
}

# keep TOOL: start it again whenever it has ended, until all is over.
keep() {
	while [ ! -e "$work/over" ]; do
		tool "$1" 2>>"$work/$1.err" &
		echo $! >"$work/$1.pid"
		wait $!
	done 2>/dev/null
}

# murder TOOL: kill the process that runs now.
murder() {
	local pid
	pid=$(<"$work/$1.pid")
	[ "$(cat "/proc/$pid/comm" 2>/dev/null)" = "hm-$1" ] && kill -9 "$pid"
}

end_tools() {
	touch "$work/over"
	kill "$(<"$work/subscribe.pid")" "$(<"$work/poll.pid")" 2>/dev/null
	until_true 15 no_tool subscribe && until_true 15 no_tool poll
	kill "$(<"$work/store.pid")"
	until_true 15 no_tool store
}

no_tool() {
	! kill -0 "$(<"$work/$1.pid")"
}

clean_all() {
	[ "$BASHPID" -eq $$ ] || return
	touch "$work/over"
	for tool in subscribe poll store; do
		kill -9 "$(<"$work/$tool.pid")" 2>/dev/null
	done
	clean_up
}
trap clean_all EXIT

kill_broker() {
	kill -9 "$broker"
	wait "$broker" 2>/dev/null
	sleep "0.$((SRANDOM % 10))"
	start_broker "$port"
}

start_broker "$port"
for tool in store poll subscribe; do
	keep $tool &
	pids+=($!)
done

# Commands: a limit that this DTU has not been sent yet.

declare -A limits
for name in "${names[@]}"; do
	case $name in
	hm-*) limits[$name]=$(seq 20 999 | shuf | xargs) ;;
	modbus-*) limits[$name]=$(seq 20 10 990 | shuf | xargs) ;;
	esac
done

send() {
	mosquitto_pub -h 127.0.0.1 -p "$port" -t "$topic" -m "$1" 2>/dev/null
}

# command_of NAME LIMIT [ID]: its payload; one with an ID has a time, up to the half
# of max_age in the past, and some are too old.
command_of() {
	local payload age
	payload="\"action\":\"limit\",\"dtu\":\"$1\",\"percent\":$(
		)$(($2 / 10)).$(($2 % 10))"
	if [ -n "${3-}" ]; then
		age=$((SRANDOM % (max_age / 2)))
		[ $((SRANDOM % 5)) -gt 0 ] || age=$((age + max_age))
		payload+=",\"id\":\"$3\",\"time\":\"$(
			date -u -d "-$age seconds" +%FT%TZ)\""
	fi
	echo "{$payload}"
}

# Every second command with an id is sent again, at once or with the next one.
send_commands() {
	local name limit payload again='' n=0
	while [ ! -e "$work/enough" ]; do
		name=${names[SRANDOM % ${#names[@]}]}
		read -r limit "limits[$name]" <<<"${limits[$name]}"
		if [ -n "$limit" ]; then
			n=$((n + 1))
			payload=$(command_of "$name" "$limit" \
				"$([ $((n % 2)) -gt 0 ] || echo "again-$n")")
			send "$payload"
			[ $((n % 8)) -gt 0 ] || send "$payload"
			[ -z "$again" ] || send "$again"
			again=''
			[ $((n % 8)) -ne 4 ] || again=$payload
		fi
		sleep "1.$((SRANDOM % 10))"
	done
}

has_orders() {
	grep -q '"type":"order"' "$work"/*.sim
}
send_commands &
sender=$!
pids+=("$sender")
check "orders arrive" until_true 60 has_orders

# Kills

declare -A drawn=()
killed=0
began=$SECONDS
while [ "$killed" -lt "$kills" ]; do
	sleep "$((SRANDOM % 10)).$((SRANDOM % 10))"
	# An order takes up to 20 s over hm, and some must end.
	case $((SRANDOM % 10)) in
	[0-2]) victim=poll ;;
	[3-6]) victim=subscribe ;;
	*) victim=broker ;;
	esac
	if [ $victim = broker ]; then
		kill_broker
	else
		murder $victim || continue
	fi
	drawn[$victim]=$((${drawn[$victim]:-0} + 1))
	killed=$((killed + 1))
done
touch "$work/enough"
wait "$sender"

# What came of it

stored() {
	sqlite3 -separator ' ' -cmd '.timeout 5000' "$work/hm.db" "$1"
}
written() {
	jq -r 'select(.type == "command").id' "$work/written" | sort
}
# Those that were sent again, too, once.
ids() {
	written | uniq
}
finals() {
	stored 'SELECT id FROM results WHERE stage = 3' | sort
}
all_final() {
	[ -z "$(comm -23 <(ids) <(finals))" ]
}
check "every command that hm-subscribe has written gets a final result" \
	until_true 120 all_final
end_tools

# ID DTU LIMIT TIME, and DTU LIMIT TIME, of commands and orders.
jq -r 'select(.type == "command") |
	"\(.id) \(.dtu) \(.percent) \(.time | fromdate)"' "$work/written" |
	sort -u >"$work/sent"
for name in "${names[@]}"; do
	jq -r --arg name "$name" 'select(.type == "order") |
		"\($name) \(.percent) \(.time | fromdate)"' "$work/$name.sim"
done >"$work/taken"
stored 'SELECT id, state FROM results WHERE stage = 3' >"$work/ends"

echo "# $killed kills in $((SECONDS - began)) s: hm-poll ${drawn[poll]}," \
	"hm-subscribe ${drawn[subscribe]}, the broker ${drawn[broker]}"
echo "# $(wc -l <"$work/sent") commands, $(wc -l <"$work/taken") orders taken;" \
	"final results: $(stored "SELECT count(*) || ' ' || state || ' ' ||
	coalesce(error, '') FROM results WHERE stage = 3 GROUP BY state, error
	ORDER BY count(*) DESC" | paste -sd ';')"

# A line of each DTU: its commands, orders and results.
each_dtu() {
	awk 'FILENAME ~ /sent$/ { dtu[$1] = $2; sent[$2]++ }
		FILENAME ~ /taken$/ { taken[$1]++ }
		FILENAME ~ /ends$/ { ends[dtu[$1]]++; state[dtu[$1] " " $2]++ }
		END { for (name in sent) printf "%s %d commands %d taken %d done " \
			"%d unknown %d refused\n", name, sent[name], taken[name],
			state[name " done"], state[name " unknown"],
			state[name " refused"] }' \
		"$work/sent" "$work/taken" "$work/ends" | sort
}
each_dtu >"$work/each"
sed 's/^/# /' "$work/each"

same "no command is written twice, unless it was sent twice" \
	"$(written | uniq -d | grep -v '^again-')" ""
same "... and comes back as it was" \
	"$(cut -d ' ' -f 1 "$work/sent" | uniq -d)" ""
same "every command is in the database" \
	"$(comm -3 <(ids) <(stored 'SELECT id FROM commands' | sort))" ""
same "every command has one final result in the database" \
	"$(comm -23 <(ids) <(finals | uniq -u))" ""
same "... and in the stream: what comes again is the same" \
	"$(jq -rR 'fromjson? | select(.type == "result" and
		(.state | IN("refused", "done", "failed", "unknown"))) |
		"\(.id) \(.state) \(.error) \(.time)"' "$work/stream" | sort -u |
		cut -d ' ' -f 1 | uniq -d)" ""
same "no order is carried out twice" \
	"$(cut -d ' ' -f 1,2 "$work/taken" | sort | uniq -d)" ""

# Lines of what is wrong: an order without a command, or too late; a result that
# hm-sim knows better.
judge() {
	awk -v age="$max_age" '
		FILENAME ~ /sent$/ { id[$2 " " $3] = $1; at[$1] = $4; dtu[$1] = $2 }
		FILENAME ~ /taken$/ {
			key = $1 " " $2
			if (!(key in id)) print "nobody ordered " $0
			else if ($3 - at[id[key]] > age) print "too late: " $0
			taken[id[key]]++
			print id[key] > "'"$work/ordered"'"
			if ($3 - at[id[key]] > latest) latest = $3 - at[id[key]]
		}
		FILENAME ~ /ends$/ {
			if (($2 == "refused" || $2 == "failed") && taken[$1])
				print $2 ", but taken: " $1 " " dtu[$1]
			if ($2 == "done" && (!taken[$1] || dtu[$1] !~ /none|slow/))
				print "done, but not: " $1 " " dtu[$1]
		}
		END { print latest > "'"$work/latest"'" }
	' "$work/sent" "$work/taken" "$work/ends"
}
same "every order is one that was commanded in time, and ends as hm-sim saw it" \
	"$(judge)" ""
echo "# the oldest command was $(<"$work/latest") s old when its order was taken"

# Otherwise it has proved nothing.
check "commands came twice" [ -n "$(written | uniq -d)" ]
check "... also some whose order was taken" [ -n "$(comm -12 <(written | uniq -d) \
	<(sort "$work/ordered"))" ]
check "commands with the time of their sender were carried out" \
	grep -q '^again-' "$work/ordered"
check "... and others were too old" [ "$(stored "SELECT count(*) FROM results
	WHERE stage = 3 AND error = 'too_old' AND id LIKE 'again-%'")" -gt 0 ]
takes_all='each DTU that takes orders has taken some'
if [ "$kills" -lt 100 ]; then
	skip "$takes_all" "there are too few kills: the run is short"
else
	same "$takes_all" "$(grep ' 0 taken' "$work/each" |
		grep -v '^[a-z]*-\(lost\|refused\) ')" ""
fi
same "... and each has got commands" "$(wc -l <"$work/each")" "${#names[@]}"
for state in refused unknown "done"; do
	check "there are results: $state" grep -q " $state\$" "$work/ends"
done
check "orders were under way when hm-poll was killed" [ "$(stored "SELECT count(*)
	FROM results WHERE stage = 3 AND error = 'interrupted'")" -gt 0 ]
check "there was load" [ "$(wc -l <"$work/taken")" -ge $((kills / 2)) ]
same "the database is not damaged" "$(stored 'PRAGMA integrity_check')" ok
same "hm-store has found no second result" \
	"$(grep -c 'is not stored: there is' "$work/store.err")" 0
finish
