#!/bin/bash
# pipelines/to-kafka and from-kafka: librdkafka's simulated brokers, and a real
# PostgreSQL. What was acknowledged is in the centre, once, although the sink is
# killed. Real brokers: tests/kafka/brokers.sh.
# shellcheck source=tests/lib/lib.sh
. "$(dirname "$0")/../lib/lib.sh"
root=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tests/lib/engines.sh
. "$root/tests/lib/engines.sh"
needs postgres initdb psql kcat

# A client that waits holds the brokers. They keep 5 MB of a partition. It must
# make its topic: newer ones end without one.
kcat -C -X test.mock.num.brokers=3 -X allow.auto.create.topics=true \
	-b simulated -t hold >"$work/kafka" 2>&1 &
pids+=($!)
has_brokers() {
	brokers=$(grep -oE '127\.0\.0\.1:[0-9:,.]+' "$work/kafka" | head -n 1)
	[ -n "$brokers" ]
}
check "brokers start" until_true 20 has_brokers
export KAFKA_BROKERS=$brokers
port=$(free_port)
make_postgres a
check "PostgreSQL starts" start_postgres a "$port"
check "centre.sql makes a centre" make_centre
sql "SELECT hm.add_site('one')" >"$work/key"
sql "SELECT hm.add_site('two')" >"$work/key"

to_kafka() {
	HM_SITE=$1 "$root/pipelines/to-kafka" 2>&1
}
# A sink that is killed leaves its temporary file, which goes with the test.
from_kafka() {
	TMPDIR=$work PGHOST=127.0.0.1 PGPORT=$port PGUSER=hm_kafka PGDATABASE=fleet \
		"$root/pipelines/from-kafka" 0 1 2 3
}
cat >"$work/one" <<'END'
{"type":"port","time":"2026-11-08T11:00:00Z","dtu":"a\"b\\","serial":"x","port":1,"pv_power":1}
{"type":"command","time":"2026-11-08T11:00:00Z","id":"7f","action":"limit"}
no JSON
END
check "a batch is sent" to_kafka one <"$work/one"
check "... of a site that the centre does not know, too" to_kafka three <"$work/one"
mkdir "$work/bad"
for tool in cat iconv; do
	printf '#!/bin/sh\nhead -c 200\nkill -KILL $$\n' >"$work/bad/$tool"
	chmod +x "$work/bad/$tool"
	same "messages that $tool cuts off are no success" \
		"$(PATH=$work/bad:$PATH from_kafka >"$work/out" 2>&1; echo $?)" 75
	same "... by name" "$(grep -c 'the batch is cut off' "$work/out")" 1
	rm "$work/bad/$tool"
done
same "... and none is stored" "$(sql 'SELECT count(*) FROM hm.kafka_offset')" 0
month=hm.port$(sql "SELECT to_char(now() AT TIME ZONE 'UTC' + interval '20 days',
	'_YYYY_MM')")
sql "DROP TABLE $month"
check "and is stored" from_kafka
same "... and the month that was lacking is made" \
	"$(sql "SELECT to_regclass('$month')")" "${month#hm.}"
same "... under its site" "$(sql "SELECT site, dtu FROM hm.port") $(sql "SELECT site
	FROM hm.commands") $(sql "SELECT site, reason LIKE '%such site',
	count(*) FROM hm.refused GROUP BY 1, 2 ORDER BY 1")" 'one|a"b\ one one|f|1
three|t|3'
check "what is stored is not read again" from_kafka
same "... at all" "$(sql 'SELECT sum(rows), sum(batches) < 4 FROM hm.site')" '2|t'
same "a broker that is not there is no success" "$(KAFKA_BROKERS=127.0.0.1:1 \
	HM_SITE=one "$root/pipelines/to-kafka" -X message.timeout.ms=1000 \
	<"$work/one" >"$work/out" 2>&1; echo $?)" 1
same "nor is a database" "$(PGHOST=127.0.0.1 PGPORT=1 PGUSER=hm_kafka \
	"$root/pipelines/from-kafka" 0 >"$work/out" 2>&1; echo $?)" 75
same "hm_kafka may do nothing else" "$(psql -h 127.0.0.1 -p "$port" -U hm_kafka \
	-d fleet -XqAt -c 'SELECT * FROM hm.port' 2>&1)
$(psql -h 127.0.0.1 -p "$port" -U hm_kafka -d fleet -XqAt \
	-c "SELECT hm.add_site('x')" 2>&1)" \
	'ERROR:  permission denied for table port
ERROR:  permission denied for function add_site'

jq -nc -f "$root/tests/lib/sample.jq" | head -n 4000 >"$work/lines"
split -l 500 -a 3 "$work/lines" "$work/batch."
ship() {
	local batch
	for batch; do
		until to_kafka two <"$batch"; do sleep 0.1; done
		until to_kafka two <"$batch"; do sleep 0.1; done
		echo "$batch" >>"$work/shipped"
	done >>"$work/ship.log"
}
: >"$work/shipped"
ship "$work"/batch.* &
pids+=($!)
all_shipped() {
	[ "$(wc -l <"$work/shipped")" -ge 8 ]
}
killed=0
until all_shipped && [ "$killed" -gt 2 ]; do
	from_kafka 2>"$work/err" &
	sink=$!
	sleep 0.0$((RANDOM % 10))
	mapfile -t clients < <(processes_with PGPORT="$port")
	[ ${#clients[@]} -eq 0 ] || kill -KILL "${clients[@]}" 2>/dev/null
	wait "$sink" 2>/dev/null
	killed=$((killed + 1))
done
check "the sink was killed $killed times" test "$killed" -gt 2
check "then it comes to the end" from_kafka
same "no reading is lost or stored twice, although each was sent twice" \
	"$(sql "SELECT count(*) FROM hm.port WHERE site = 'two'") $(sql \
	"SELECT count(*) FROM hm.inverter WHERE site = 'two'")" \
	"$(grep -c '"type":"port"' "$work/lines") $(grep -c '"type":"inverter"' \
	"$work/lines")"

# The topic is full, and has lost its first messages.

filler=$(head -c 600000 /dev/zero | tr '\0' x)
for n in {10..29}; do
	printf '{"type":"x","time":"2026-11-08T12:00:%s","dtu":"a","fill":"%s"}\n' \
		"${n}Z" "$filler"
done >"$work/full"
check "a topic is filled" to_kafka one <"$work/full"
sql 'UPDATE hm.kafka_offset SET next = 1' >"$work/out"
check "from-kafka goes on with the first message that is there" from_kafka
check "... and stores it" test "$(sql "SELECT count(*) FROM hm.other
	WHERE type = 'x'")" -gt 0
sql 'UPDATE hm.kafka_offset SET next = 1000000' >"$work/out"
same "a topic that was made again is an error" \
	"$(from_kafka >"$work/out" 2>&1; echo $?)" 75
same "... that says so" "$(grep -c 'begins again at .*, not at 1000000' \
	"$work/out")" 1
stop_postgres a INT
finish
