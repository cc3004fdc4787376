#!/bin/bash
# The supervised chain: s6/start with a simulated DTU and a real broker.
# shellcheck source=tests/lib/lib.sh
. "$(dirname "$0")/../lib/lib.sh"
# shellcheck source=tests/lib/supervised.sh
. "$(dirname "$0")/../lib/supervised.sh"
unset HM_CONFIG DTU_HOST MQTT_BROKER DATABASE_PATH HM_LOG_DIR

s6=$(cd "$(dirname "$0")/../../s6" && pwd)
services=$(sed -n '/^hm-subscribe$/d; s/^hm-//p' "$s6/chain" | xargs)
logs=$work/log
broker_port=$(free_port)

# Debian mounts /run so that nothing in it can be executed.
mkdir "$live"
if [ "$(id -u)" -eq 0 ] &&
	mount -t tmpfs -o noexec,size=1m hm-test "$live" 2>/dev/null; then
	echo "# the scan directory is mounted noexec"
fi

end_all() {
	end_chain
	! mountpoint -q "$live" || umount -l "$live"
	clean_up
}

# start_chain LOGS: start s6/start in the background; its pid goes into $svscan.
# It runs in $work, where the relative names in the settings are.
start_chain() {
	(cd "$work" && HM_CHAIN=$$ HM_CONFIG=hm.yaml HM_LOG_DIR=$1 \
		exec "$s6/start" "$live" >"$work/svscan.log" 2>&1) &
	svscan=$!
}

is_down() {
	[ "$(stat_of "$1" up)" = false ]
}

log_of() {
	cat "$logs/$1"/@* "$logs/$1/current" 2>/dev/null
}

logged() {
	log_of "$1" | grep -q -- "$2"
}

shows() {
	metrics | grep -qxF "$1"
}

polls() {
	sqlite3 -cmd '.timeout 2000' "$work/hm.db" 'SELECT count(*) FROM dtu'
}

all_stored() {
	[ "$(sqlite3 -cmd '.timeout 2000' "$work/hm.db" \
		'SELECT count(*) FROM latest')" -eq 4 ]
}

settings() {
	cat <<-EOF
		dtu_configs: [{name: roof, uri: "$uri"}]
		query_period: 5
		store_delay: 0.2
		stats_period: 1
		mqtt_broker: 127.0.0.1
		mqtt_port: $broker_port
		database_path: hm.db
		health_port: $page
		max_bytes: 4096
		backup_count: 2
		log_level: ERROR
	EOF
}

# Wrong settings are reported before any tool runs.

start_broker "$broker_port"
start_sim plant --transport modbus --inverters 2 --inputs 2
uri=${uris[0]}
{
	settings
	echo "no_such_key: 1"
	echo "mqtt_qos: 3"
} >"$work/hm.yaml"
start_chain log
wait "$svscan"
same "wrong settings: nothing is started" "$? $(ls "$live")" "78 lock"
same "... each mistake is reported once" \
	"$(grep -c 'no_such_key\|mqtt_qos' "$work/svscan.log")" 2

# Up

settings >"$work/hm.yaml"
start_chain log
check "every service becomes ready" until_true 10 all_ready
check "readings are in the database" until_true 25 all_stored
check "... at the broker" timeout 10 mosquitto_sub -h 127.0.0.1 \
	-p "$broker_port" -C 3 -t 'homeassistant/+/+/state'
check "... and among the metrics" until_true 10 shows \
	'hoymiles_up{dtu="roof"} 1'
same "a second chain is not started in the same place" \
	"$(HM_CONFIG=$work/hm.yaml "$s6/start" "$live" 2>&1 |
		grep -c 'a chain runs in')" 1
same "no tool has logged anything" "$(log_of '*'; cat "$work/svscan.log")" ""

# Memory, of every process, in kB.

proportional() {
	local pid
	for pid in $(chain_processes); do
		cat "/proc/$pid/smaps_rollup" 2>/dev/null
	done | awk '/^Pss:/ { sum += $2 } END { print sum }'
}
memory=$(proportional)
echo "# the whole chain: $memory kB, $(chain_processes | wc -l) processes"
case $HM_BIN in
*sanitize*) skip "memory" "sanitizers need much more" ;;
*) check "the whole chain needs less than 25 MB" [ "$memory" -lt 25000 ] ;;
esac

# Deaths

# hm-metrics first, because it counts the deaths in memory.
for service in metrics pipes ${services% metrics}; do
	check "$service is restarted after kill -9" murder "$service"
done
before=$(polls)
check "... and polling continues" until_true 25 polled_since "$before"
for service in $services; do
	check "the death of $service is counted" until_true 5 shows \
		"hoymiles_tool_deaths_total{tool=\"hm-$service\"} 1"
	check "... and logged" logged "$service" "ended by signal 9"
done
murder decode
check "a second death is counted, too" until_true 5 shows \
	'hoymiles_tool_deaths_total{tool="hm-decode"} 2'
timeout 25 mosquitto_sub -R -h 127.0.0.1 -p "$broker_port" -C 1 \
	-t 'homeassistant/+/+/+/config' >"$work/announced" &
pids+=($!)
murder publish
check "after a death of hm-publish entities are announced again" until_true 20 \
	[ -s "$work/announced" ]
check "the pipes still exist after the death of their holder" \
	[ -p "$scan/pipes/poll" ]

# A setting that is wrong

echo "mqtt_qos: 3" >>"$work/hm.yaml"
s6-svc -r "$scan/publish"
check "status 78: the service ends" until_true 5 is_down publish
sleep 1.5
check "... and stays down" is_down publish
check "... the log says what is wrong" logged publish 'mqtt_qos: found "3"'
check "... and how to start it again" logged publish \
	"stays down; fix the setting, then: s6-svc -u $scan/publish"
settings >"$work/hm.yaml"
s6-svc -u "$scan/publish"
check "... with the setting fixed, it starts" until_true 5 is_ready publish
check "... and its death is counted" until_true 5 shows \
	'hoymiles_tool_deaths_total{tool="hm-publish"} 3'
before=$(polls)
check "... and polling continues" until_true 15 polled_since "$before"

# Settings read again

settings | sed 's/ERROR/CRITICAL/' >"$work/hm.yaml"
has_setting() {
	sqlite3 -cmd '.timeout 2000' "$work/hm.db" \
		"SELECT value FROM config WHERE key = 'log_level'" | grep -qx "$1"
}
for service in $services; do
	pid=$(stat_of "$service" pid)
	s6-svc -h "$scan/$service"
	echo "$pid" >"$work/$service.pid"
done
before=$(polls)
check "after SIGHUP polling continues" until_true 15 polled_since "$before"
check "... with the new settings" until_true 10 has_setting CRITICAL
same "... in the same processes" "$(for service in $services; do
	echo "$(stat_of "$service" pid) $(stat_of "$service" ready)"; done)" \
	"$(for service in $services; do
	echo "$(cat "$work/$service.pid") true"; done)"
echo "no_such_key: 1" >>"$work/hm.yaml"
s6-svc -h "$scan/decode"
check "... but wrong settings are refused" \
	until_true 5 logged decode no_such_key
same "... and the tool keeps running" \
	"$(stat_of decode pid) $(stat_of decode ready)" \
	"$(cat "$work/decode.pid") true"
settings >"$work/hm.yaml"

# hm-poll waits for the other tools.

waits() {
	[ "$(cat "/proc/$(stat_of poll pid)/comm")" = run ]
}
s6-svc -wd -T 10000 -d "$scan/metrics"
s6-svc -r "$scan/poll"
check "while a tool is down hm-poll does not start" until_true 5 waits
sleep 0.5
check "... and still waits" waits
s6-svc -u "$scan/metrics"
check "... until the tool is ready" until_true 5 is_ready poll

# A pipe that is missing, and a file in its place

s6-svc -wd -T 10000 -d "$scan/decode"
rm "$scan/pipes/decode"
s6-svc -u "$scan/decode"
check "a missing pipe is reported" until_true 5 logged decode \
	"pipes/decode is no pipe"
check "... and no file is made in its place" [ ! -e "$scan/pipes/decode" ]
: >"$scan/pipes/decode"
sleep 2
same "... and a file in its place is not written" \
	"$(stat -c %s "$scan/pipes/decode")" 0
rm "$scan/pipes/decode"
s6-svc -r "$scan/pipes"
s6-svc -r "$scan/filter"
check "a restart of the holder makes the pipe" until_true 5 \
	[ -p "$scan/pipes/decode" ]
before=$(polls)
check "... and polling continues" until_true 15 polled_since "$before"

# Logs

# Write lines to the logger of hm-alert, into the pipe that it reads.
pid=$(stat_of alert/log pid)
for _ in 1 2 3 4 5 6; do
	yes "a line that hm-alert could have said, and of some length" |
		head -n 100 >"/proc/$pid/fd/0"
	sleep 0.1
done
kept() {
	[ "$(find "$logs/alert" -name '@*' | wc -l)" -eq 2 ]
}
check "backup_count old logs are kept" until_true 5 kept
check "... of max_bytes at most, or a little more" \
	[ -z "$(find "$logs/alert" -size +16k)" ]
same "every line has its time" "$(log_of alert |
	grep -cvE '^[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9:.]{18}  ')" 0

# The end

timeout 20 mosquitto_sub -h 127.0.0.1 -p "$broker_port" -C 2 \
	-t 'homeassistant/hoymiles_mqtt/bridge/availability' >"$work/said" &
listener=$!
pids+=("$listener")
until_true 5 [ -s "$work/said" ]
start=$(milliseconds)
s6-svscanctl -t "$scan"
wait "$svscan"
same "s6-svscanctl -t ends the chain with 0" $? 0
check "... within 10 s" soon "$start" 11000
check "... and leaves no process" nobody_left
wait "$listener"
same "... and says offline" "$(tail -n 1 "$work/said")" offline
same "... with complete hourly rollups" "$(sqlite3 "$work/hm.db" \
	'SELECT (SELECT sum(samples) FROM port_hourly) -
	(SELECT count(*) FROM port), count(*) FROM rollup_due')" "0|0"

# Without a broker, with logs on stderr, and with one more tool, which needs
# only one more line in the list.

cp -R "$s6" "$work/s6"
s6=$work/s6
sed -i '/^hm-filter$/a hm-cat' "$s6/chain"
mkdir "$work/bin"
cat >"$work/bin/hm-cat" <<-'EOF'
	#!/bin/sh
	[ "${1:-}" != --check ] || exit 0
	echo >&"$HM_NOTIFY_FD"
	exec tee "$0.seen"
EOF
chmod +x "$work/bin/hm-cat"
PATH=$work/bin:$PATH
services=${services/filter/filter cat}
settings | grep -v mqtt_ >"$work/hm.yaml"
echo "mqtt_enabled: false" >>"$work/hm.yaml"
start_chain -
check "without MQTT every service becomes ready, too" until_true 10 all_ready
check "... and shows readings" until_true 25 shows 'hoymiles_up{dtu="roof"} 1'
check "... that have passed through the added tool" grep -q '"type":"dtu"' \
	"$work/bin/hm-cat.seen"
murder alert
check "... with its log on stderr" until_true 5 grep -q \
	"^hm-alert: error: ended by signal 9" "$work/svscan.log"
kill -TERM "$svscan"
wait "$svscan"
same "SIGTERM ends s6-svscan with 0" $? 0
check "... and leaves no process" nobody_left

# A stop during the start, while hm-poll waits for the other tools

start_chain log
check "a chain starts again" until_true 5 s6-svok "$scan/poll"
start=$(milliseconds)
s6-svscanctl -t "$scan"
wait "$svscan"
check "a chain that is starting stops at once" soon "$start" 3000
check "... and leaves no process" nobody_left
finish
