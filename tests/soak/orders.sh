#!/bin/bash
# orders.sh KILLS: commands from a broker to DTUs of both transports, without a
# fault and with each fault of orders, while hm-poll, hm-subscribe and the broker
# are killed with SIGKILL at random moments. Each command orders a limit of its
# own, so that the orders that hm-sim has taken can be told apart: none may be
# taken twice, or later than control_max_age, and each command that hm-subscribe
# has written must have one final result in the database, which agrees with what
# hm-sim has seen.
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

send_commands() {
	local name limit
	while [ ! -e "$work/enough" ]; do
		name=${names[SRANDOM % ${#names[@]}]}
		read -r limit "limits[$name]" <<<"${limits[$name]}"
		[ -z "$limit" ] || mosquitto_pub -h 127.0.0.1 -p "$port" -t "$topic" \
			-m "{\"action\":\"limit\",\"dtu\":\"$name\",\"percent\":$(
			)$((limit / 10)).$((limit % 10))}" 2>/dev/null
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
finals() {
	stored 'SELECT id FROM results WHERE stage = 3' | sort
}
all_final() {
	[ -z "$(comm -23 <(written) <(finals))" ]
}
check "every command that hm-subscribe has written gets a final result" \
	until_true 120 all_final
end_tools

# ID DTU LIMIT TIME, and DTU LIMIT TIME, of commands and orders.
jq -r 'select(.type == "command") |
	"\(.id) \(.dtu) \(.percent) \(.time | fromdate)"' "$work/written" \
	>"$work/sent"
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

same "no command is written twice" "$(written | uniq -d)" ""
same "every command is in the database" \
	"$(comm -3 <(written) <(stored 'SELECT id FROM commands' | sort))" ""
same "every command has one final result in the database" \
	"$(comm -23 <(written) <(finals | uniq -u))" ""
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
same "each DTU that takes orders has taken some" \
	"$(grep ' 0 taken' "$work/each" | grep -v 'lost\|refused')" ""
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
