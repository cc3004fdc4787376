#!/bin/bash
# hm-ship, pipelines/to-kafka, three real brokers, pipelines/from-kafka and a real
# PostgreSQL. Each broker is killed while polls are shipped, one at a time, and the
# sink is killed 12 times: what hm.db holds is in the centre, once. The brokers are
# Apache Kafka's, whose jars are in $HM_BUILD/kafka.
# shellcheck source=tests/lib/lib.sh
. "$(dirname "$0")/../lib/lib.sh"
root=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tests/lib/engines.sh
. "$root/tests/lib/engines.sh"
needs postgres initdb psql kcat java
unset HM_CONFIG DATABASE_PATH HM_SHIP_TO KAFKA_TOPIC

# kafka CLASS [ARGUMENT ...]
kafka() {
	java -Xmx512m -XX:+UseSerialGC -Dorg.slf4j.simpleLogger.defaultLogLevel=warn \
		-cp "$HM_BUILD/kafka/*" "$@"
}

# Brokers

client=() # ports
controller=()
for n in 1 2 3; do
	client[n]=$(free_port)
	controller[n]=$(free_port)
done
brokers=127.0.0.1:${client[1]},127.0.0.1:${client[2]},127.0.0.1:${client[3]}
id=$(kafka kafka.tools.StorageTool random-uuid 2>"$work/kafka.err")
for n in 1 2 3; do
	cat >"$work/$n.properties" <<END
process.roles=broker,controller
node.id=$n
controller.quorum.voters=1@127.0.0.1:${controller[1]},2@127.0.0.1:${controller[2]},3@127.0.0.1:${controller[3]}
listeners=PLAINTEXT://127.0.0.1:${client[n]},CONTROLLER://127.0.0.1:${controller[n]}
advertised.listeners=PLAINTEXT://127.0.0.1:${client[n]}
controller.listener.names=CONTROLLER
log.dirs=$work/broker$n
num.partitions=4
default.replication.factor=3
min.insync.replicas=2
offsets.topic.replication.factor=3
END
	kafka kafka.tools.StorageTool format -t "$id" -c "$work/$n.properties" \
		>>"$work/kafka.err" 2>&1
done
broker=()
start_broker_of_kafka() {
	kafka kafka.Kafka "$work/$1.properties" >>"$work/broker$1.log" 2>&1 &
	broker[$1]=$!
	pids+=($!)
}
metadata() {
	timeout 10 kcat -L -b "$brokers" -J 2>/dev/null
}
has_brokers() {
	[ "$(metadata | jq '.brokers | length')" = 3 ]
}
# Every partition has three replicas in sync.
is_in_sync() {
	[ "$(metadata | jq '[.topics[] | select(.topic == "hm").partitions[] |
		select(.isrs | length == 3)] | length')" = 4 ]
}
for n in 1 2 3; do
	start_broker_of_kafka $n
done
check "three brokers start" until_true 90 has_brokers
makes_topic() {
	timeout 10 kcat -L -b "$brokers" -t hm -X allow.auto.create.topics=true \
		>"$work/topic" 2>&1
	is_in_sync
}
check "a topic with three replicas is made" until_true 60 makes_topic

# The centre, and a site

port=$(free_port)
make_postgres a
check "PostgreSQL starts" start_postgres a "$port"
check "centre.sql makes a centre" make_centre
sql "SELECT hm.add_site('one', 'Europe/Berlin')" >"$work/key"
jq -nc -f "$root/tests/lib/sample.jq" | head -n 10000 >"$work/lines"
hm-store --outbox -d "$work/hm.db" --timezone Europe/Berlin --retention 0 \
	--stats-period 0 <"$work/lines" >/dev/null

# A batch is acknowledged as often as this has a line.
cat >"$work/send" <<END
#!/bin/bash
"$root/pipelines/to-kafka" || exit
echo "\$HM_BATCH_FIRST-\$HM_BATCH_LAST" >>"$work/sent"
END
chmod +x "$work/send"
: >"$work/sent"
HM_SITE=one KAFKA_BROKERS=$brokers hm-ship -d "$work/hm.db" --period 1 --polls 10 \
	--stats-period 0 -- "$work/send" >"$work/ship.out" 2>"$work/ship.err" &
pids+=($!)
sent() {
	[ "$(wc -l <"$work/sent")" -ge "$1" ]
}
# more_are_sent COUNT
more_are_sent() {
	until_true 120 sent $(($(wc -l <"$work/sent") + $1))
}
nothing_waits() {
	[ "$(sqlite3 -cmd '.timeout 5000' "$work/hm.db" \
		'SELECT count(*) FROM outbox')" = 0 ]
}

# The sink runs all the time, in the processes with this PGPORT.
from_kafka() {
	TMPDIR=$work PGHOST=127.0.0.1 PGPORT=$port PGUSER=hm_kafka PGDATABASE=fleet \
		KAFKA_BROKERS=$brokers timeout 60 "$root/pipelines/from-kafka" 0 1 2 3
}
sink() {
	until [ -e "$work/over" ]; do
		from_kafka 2>>"$work/sink.err" || echo ended >>"$work/sink.ended"
	done
}
kill_sink() {
	local clients
	mapfile -t clients < <(processes_with PGPORT="$port")
	[ ${#clients[@]} -gt 0 ] && kill -KILL "${clients[@]}"
}
: >"$work/sink.ended"
sink &
sink=$!
pids+=("$sink")

killed=0
for n in 1 2 3; do
	check "polls are sent" more_are_sent 10
	kill -KILL "${broker[n]}"
	wait "${broker[n]}" 2>/dev/null
	check "without broker $n, too" more_are_sent 10
	for _ in 1 2 3 4; do
		sleep "0.$(printf %03d $((RANDOM % 900)))"
		until_true 20 kill_sink && killed=$((killed + 1))
	done
	start_broker_of_kafka $n
	check "... which starts again" until_true 120 is_in_sync
done
same "the sink was killed 12 times" "$killed" 12
check "... or more" test "$(wc -l <"$work/sink.ended")" -ge 10
check "all polls are sent" until_true 300 nothing_waits
touch "$work/over"
wait "$sink"
check "the sink comes to the end" from_kafka
echo "# $(wc -l <"$work/sent") batches acknowledged, the log of hm-ship has" \
	"$(wc -l <"$work/ship.err") lines, the sink ended early" \
	"$(wc -l <"$work/sink.ended") times"

same_as_edge
same "nothing was refused" "$(sql 'SELECT reason, line FROM hm.refused')" ""
stop_postgres a INT
finish
