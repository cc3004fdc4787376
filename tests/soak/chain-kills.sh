#!/bin/bash
# chain-kills.sh KILLS BROKER_KILLS STOPS DTUS: the supervised chain under load.
# Tools, loggers, the supervisors of both, and the holder of the pipes and its
# supervisor are killed with SIGKILL at random, the broker in between; then the
# whole chain is stopped and started at random times, each time with its clock at
# another day, sometimes just after a supervisor was killed or a logger hangs.
# Every answer that hm-sim served must be in the database and have reached the
# broker.
# shellcheck source=tests/lib/lib.sh
. "$(dirname "$0")/../lib/lib.sh"

kills=$1
broker_kills=$2
stops=$3
dtus=$4
root=$(cd "$(dirname "$0")/../.." && pwd)
all=$(sed -n '/^hm-subscribe$/d; s/^hm-//p' "$root/s6/chain" | xargs)
victims=${SERVICES:-$all}
scan=$work/live/scan
port=$(free_port)
http=$(free_port)
unset DTU_HOST HM_CONFIG MQTT_BROKER

uptime_ms() {
	local up
	read -r up _ </proc/uptime
	echo "${up/./}0"
}

# The pid of a service, or nothing if it is down: its pid is then -1, which
# kill takes for every process.
pid_of() {
	local pid
	pid=$(s6-svstat -o pid "$scan/$1" 2>/dev/null) || return
	[ "$pid" -le 1 ] || echo "$pid"
}

# start_chain DAYS: with a clock that is ahead by so many days.
start_chain() {
	HM_CLOCK_SHIFT=$((86400 * $1)) LD_PRELOAD=$work/clock.so \
		PATH=$work/bin:$PATH HM_CONFIG=$work/hm.yaml HM_LOG_DIR=$work/log \
		"$root/s6/start" "$work/live" >>"$work/start" 2>&1 &
	chain=$!
	pids+=("$chain")
	until_true 20 s6-svok "$scan/pipes"
}

murder() {
	local pid
	pid=$(pid_of "$1")
	[ -n "$pid" ] && kill -9 "$pid" 2>/dev/null || return
	[ "$1" != poll ] || uptime_ms >>"$work/deaths"
}

# The process id of the supervisor of a service that is up.
supervisor_of() {
	local pid
	pid=$(pid_of "$1")
	[ -n "$pid" ] && pid=$(awk '{ print $4 }' "/proc/$pid/stat") &&
		[ "$(cat "/proc/$pid/comm")" = s6-supervise ] && echo "$pid"
} 2>/dev/null

murder_supervisor() {
	local pid
	pid=$(supervisor_of "$1") && kill -9 "$pid" 2>/dev/null
}

# lottery SERVICE: kill something of it, or the holder. What was killed is
# counted in the array drawn.
lottery() {
	local kind command=murder victim=$1 old
	case $((RANDOM % 20)) in
	[0-9] | 10 | 11) kind=tools ;;
	12 | 13 | 14) kind="their supervisors" command=murder_supervisor ;;
	15 | 16) kind=loggers victim=$1/log ;;
	17) kind="their supervisors" command=murder_supervisor victim=$1/log ;;
	18) kind="the holder" victim=pipes ;;
	19) kind="its supervisor" command=murder_supervisor victim=pipes ;;
	esac
	# The lines of a pipe are lost if the holder and both its tools are dead at
	# once, or end: wait for those that were told to.
	if [ "$kind" = "the holder" ]; then
		sleep 2.5
		until_true 20 chain_is_up
	fi
	old=$(pid_of "$victim")
	"$command" "$victim" || return
	echo "$(uptime_ms) $command $victim" >>"$work/kills"
	drawn[$kind]=$((${drawn[$kind]:-0} + 1))
	[ "$victim" != pipes ] || until_true 20 is_replaced pipes "$old"
}

is_replaced() {
	local pid
	pid=$(pid_of "$1") && [ -n "$pid" ] && [ "$pid" != "$2" ] && is_up "$1"
}

# As an upgrade does: replace the file of the tool, and restart it once.
restart() {
	echo "$(uptime_ms) restart $1" >>"$work/kills"
	install -m 755 "$HM_BIN/hm-$1" "$work/bin/hm-$1"
	s6-svc -r "$scan/$1" 2>/dev/null
}

# A moment before a stop: kill a supervisor or let a logger hang.
disturb() {
	local service=${names[RANDOM % ${#names[@]}]} pid
	case $((RANDOM % 4)) in
	0) murder_supervisor "$service" ;;
	1)
		pid=$(pid_of "$service/log")
		[ -n "$pid" ] && kill -STOP "$pid"
		;;
	*) return ;;
	esac && disturbed=$((disturbed + 1))
}

# Stop the chain; stop_ms is how long that takes, longest the maximum so far.
stop_chain() {
	local start
	start=$(uptime_ms)
	s6-svscanctl -t "$scan"
	wait "$chain"
	stop_ms=$(($(uptime_ms) - start))
	echo "$start $stop_ms" >>"$work/stops"
	[ "$stop_ms" -le "$longest" ] || longest=$stop_ms
}

is_up() {
	[ "$(s6-svstat -o ready "$scan/$1")" = true ]
}

chain_is_up() {
	local service
	for service in $all; do
		is_up "$service" || return
	done
}

# Start a broker; the states that it receives go into the file seen.
broker() {
	start_broker "$port"
	subscribe "$port" 'homeassistant/hoymiles_mqtt/+/state' "$work/seen"
}

kill_broker() {
	kill -9 "$broker" "$subscriber"
	wait "$broker" "$subscriber" 2>/dev/null
	broker
}

answers_in() {
	jq -r 'select(.[1].type == "answer") |
		"\(.[1].serial) \(.[1].number) \(.[0])"' "$1"
}

# "DTU-SERIAL NUMBER" of each answer in the database, or at the broker.
stored() {
	sqlite3 -separator ' ' "$work/hm.db" 'SELECT DISTINCT d.serial,
		i.alarm_count FROM inverter i JOIN dtu_latest d USING (dtu)'
}

seen() {
	sqlite3 -separator ' ' "$work/hm.db" 'SELECT i.serial, d.serial
		FROM inverter_latest i JOIN dtu_latest d USING (dtu)' \
		>"$work/owners"
	# Bytes are enough, and much faster.
	LC_ALL=C sed -n 's|^.*/\([0-9a-f]*\)/state .*"alarm_count":\([0-9]*\).*|\1 \2|p' \
		"$work/seen" |
		awk 'NR == FNR { owner[$1] = $2; next }
			$1 in owner { print owner[$1], $2 }' "$work/owners" -
}

# missing HAVE: the served answers that are not in the file HAVE. An answer that
# came just before hm-poll was killed may be lost: it is in the file died
# instead.
missing() {
	sort -u "$1" | awk -v deaths="$work/deaths" -v died="$work/died" '
		BEGIN { while ((getline t <deaths) > 0) death[++n] = t }
		NR == FNR { have[$1 " " $2] = 1; next }
		!($1 " " $2 in have) {
			for (i = 1; i <= n; i++)
				if (death[i] > $3 - 20 && death[i] < $3 + 100) {
					print >died
					next
				}
			print
		}' - "$work/served"
}

all_arrived() {
	stored >"$work/stored"
	seen >"$work/broker"
	[ -z "$(missing "$work/stored")$(missing "$work/broker")" ]
}

hm-sim --number --transport modbus --dtus "$dtus" --inverters 1 --inputs 1 \
	--port 0 --stats-period 0 2>"$work/sim.err" |
	"$HM_BUILD/helper/stamp" >"$work/sim" &
pids+=($!)
has_all_dtus() {
	[ "$(grep -c '"type":"sim"' "$work/sim")" = "$dtus" ]
}
until_true 20 has_all_dtus
{
	echo "mqtt_broker: 127.0.0.1"
	echo "mqtt_port: $port"
	echo "mqtt_reconnect_delay: 3" # later than the subscriber
	echo "health_port: $http"
	echo "query_period: 5"
	echo "store_delay: 1"
	echo "database_path: $work/hm.db"
	echo "log_level: ERROR"
	echo "metrics_retention: 0" # whatever the clock says
	echo "dtu_configs:"
	jq -r '.[1] | select(.type == "sim") |
		"  - uri: \(.uri)"' "$work/sim"
} >"$work/hm.yaml"
broker
mkdir "$work/bin"
install -m 755 "$HM_BIN"/hm-* "$work/bin"
: >"$work/deaths"
: >"$work/died"
longest=0
disturbed=0
declare -A drawn=()
cp "$HM_BUILD/helper/preload/clock.so" "$work"

start_chain 0
check "the chain comes up" until_true 20 chain_is_up
killed=0
broker_killed=0
restarts=0
reloads=0
read -r -a names <<<"$victims"
began=$(uptime_ms)
while [ "$killed" -lt "$kills" ]; do
	service=${names[RANDOM % ${#names[@]}]}
	case $((RANDOM % 10)) in
	0) restart "$service" && restarts=$((restarts + 1)) ;;
	1) echo "$(uptime_ms) reload $service" >>"$work/kills"
		s6-svc -h "$scan/$service" 2>/dev/null && reloads=$((reloads + 1)) ;;
	*) lottery "$service" && killed=$((killed + 1)) ;;
	esac
	if [ $((killed * broker_kills)) -ge $(((broker_killed + 1) * kills)) ]; then
		kill_broker
		broker_killed=$((broker_killed + 1))
	fi
	sleep "0.$((RANDOM % 4))$((RANDOM % 10))"
done
echo "# $killed kills in $((($(uptime_ms) - began) / 1000)) s," \
	"the broker $broker_killed times; $restarts restarts of a tool whose" \
	"file was replaced, $reloads reloads"
for kind in "${!drawn[@]}"; do
	echo "# ... ${drawn[$kind]} of $kind"
done

stopped=0
while [ "$stopped" -lt "$stops" ]; do
	sleep "$((RANDOM % 4)).$((RANDOM % 10))"
	disturb
	stop_chain
	stopped=$((stopped + 1))
	# Ahead and back in turn, and never twice the same second.
	start_chain $(((stopped % 2 * 2 - 1) * stopped))
done
echo "# $stopped stops, the longest $longest ms; before $disturbed of them a" \
	"supervisor was killed or a logger hung; after each another day"
check "every stop is done within 10 s" [ "$longest" -lt 10000 ]

# Stop hm-poll, so that no more answers are served, and let the rest arrive.
until_true 20 chain_is_up
s6-svc -d "$scan/poll"
s6-svwait -d -t 10000 "$scan/poll"
sleep 1
answers_in "$work/sim" >"$work/served"
until_true 60 all_arrived
served=$(wc -l <"$work/served")
echo "# $served answers served, $(sort -u "$work/stored" | wc -l) stored," \
	"$(sort -u "$work/broker" | wc -l) at the broker," \
	"$(wc -l <"$work/deaths") deaths of hm-poll, with" \
	"$(wc -l <"$work/died") answers"
check "a kill of hm-poll lost one answer at most" \
	[ "$(wc -l <"$work/died")" -le "$(wc -l <"$work/deaths")" ]
check "there was load" [ "$served" -gt $((killed / 2)) ]
same "every answer is in the database" "$(missing "$work/stored" | head)" ""
same "every answer reached the broker" "$(missing "$work/broker" | head)" ""
same "no answer is in the database twice" "$(sqlite3 "$work/hm.db" 'SELECT
	dtu, alarm_count, count(*) FROM inverter GROUP BY dtu, alarm_count
	HAVING count(*) > 1 LIMIT 5')" ""
same "the database is not damaged" \
	"$(sqlite3 "$work/hm.db" 'PRAGMA integrity_check')" ok
same "every payload at the broker is complete JSON" \
	"$(sed -n 's|^homeassistant/[^ ]* ||p' "$work/seen" |
		jq -e . 2>&1 >/dev/null | head -n 3)" ""
stop_chain
check "the last stop took $stop_ms ms" [ "$stop_ms" -lt 10000 ]
same "no process is left" "$(processes_with "HM_CONFIG=$work/hm.yaml")" ""
finish
