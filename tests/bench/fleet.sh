#!/bin/bash
# fleet.sh SITES: batches of so many simulated sites into one PostgreSQL through
# pgbouncer, over TLS, each on a connection of its own, as hm-ship sends them every
# 1, 5 and 15 minutes, when it catches up, and when it sends hours (`ship: hours`);
# beside COPY of the same rows, in batches and on connections as these, and at once.
# Prints the CPU of both servers. Fails if hm.put takes fewer than a quarter of the
# rows a second and core that COPY takes.
# shellcheck source=tests/lib/lib.sh
. "$(dirname "$0")/../lib/lib.sh"
root=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tests/lib/engines.sh
. "$root/tests/lib/engines.sh"
needs postgres initdb psql pgbouncer openssl
sites=$1

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes \
	-days 30 -subj /CN=localhost -keyout "$work/tls.key" \
	-out "$work/tls.crt" 2>/dev/null
[ "$(id -u)" -ne 0 ] || chown 65534:65534 "$work"/tls.*
port=$(free_port)
make_postgres a 'synchronous_commit = on'
sed -i 's/shared_buffers = 32MB/shared_buffers = 256MB/
	s/max_wal_size = 256MB/max_wal_size = 1GB/' "$work/a/postgresql.conf"
start_postgres a "$port" && make_centre || exit
bouncer=$(free_port)
cat >"$work/pgbouncer.ini" <<END
[databases]
fleet = host=127.0.0.1 port=$port
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = $bouncer
unix_socket_dir =
auth_type = trust
auth_file = $work/users
pool_mode = transaction
client_tls_sslmode = require
client_tls_cert_file = $work/tls.crt
client_tls_key_file = $work/tls.key
END
echo '"hm_edge" ""' >"$work/users"
"${as_nobody[@]}" pgbouncer -q "$work/pgbouncer.ini" >"$work/pgbouncer.log" 2>&1 &
bouncer_pid=$!
pids+=($!)
until_true 10 listening "$bouncer"
sql "INSERT INTO hm.site (site) SELECT 's' || n FROM generate_series(1, $sites) n"
sql "INSERT INTO hm.site_key (site, sha256) SELECT site, sha256('key') FROM hm.site"
sql 'VACUUM ANALYZE hm.site, hm.site_key'

# polls FIRST LAST: the records of a DTU with 4 inverters of 4 inputs, a poll a
# minute
polls() {
	awk -v first="$1" -v last="$2" 'BEGIN {
		for (n = first; n <= last; n++) {
			time = strftime("%Y-%m-%dT%H:%M:%SZ", 1793000000 + n * 60, 1)
			head = "\"time\":\"" time "\",\"dtu\":\"roof\",\"serial\":\""
			for (i = 1; i <= 4; i++) {
				printf "{\"type\":\"inverter\",%s11418200000%d\",\"model\":\"HM-1500\",\"grid_voltage\":230.%d,\"grid_frequency\":50.01,\"active_power\":%d.%d,\"reactive_power\":1.2,\"ac_current\":1.31,\"power_factor\":0.998,\"temperature\":31.4,\"alarm_count\":2,\"link_status\":1}\n", head, i, n % 10, n % 1500, i
				for (p = 1; p <= 4; p++)
					printf "{\"type\":\"port\",%s11418200000%d\",\"port\":%d,\"pv_voltage\":36.%d,\"pv_current\":4.1%d,\"pv_power\":%d.%d,\"today_production\":%d,\"total_production\":%d,\"link_status\":1,\"error_code\":50331648}\n", head, i, p, p, i, n % 400, p, n, 400000 + n
			}
			printf "{\"type\":\"dtu\",%s10f872000001\",\"took_ms\":412,\"model\":\"DTU-Pro\",\"pv_power\":%d.5,\"active_power\":%d.4,\"today_production\":%d,\"total_production\":%d,\"inverters\":4,\"inverters_online\":4}\n", head, n % 6000, n % 5800, n * 16, 6400000 + n * 16
		}
	}'
}

# CPU time of both servers so far, in hundredths of a second: of ended children,
# too
cpu() {
	local pid
	for pid in $bouncer_pid ${postgres_pid[a]} $(pgrep -P "${postgres_pid[a]}"); do
		cat "/proc/$pid/stat" 2>/dev/null
	done | sed 's/.*) //' | awk -v first=2 '{
		t += $12 + $13; if (NR <= 2) t += $14 + $15 } END { print t }'
}
# As a site: what stdin says to psql
as_site() {
	PGSSLMODE=require PGHOST=127.0.0.1 PGUSER=hm_edge PGDATABASE=fleet PGPORT=$bouncer psql -qAtX \
		-v ON_ERROR_STOP=1 -f - || exit
}
# shellcheck disable=SC2016 # psql runs cat
# send BATCHES FILE: the batch from so many sites, each on its own connection
send() {
	local n
	for ((n = 1; n <= $1; n++)); do
		echo '\c'
		printf '\\set lines `cat %s`\n' "$2"
		echo "SELECT * FROM hm.put('s$n', 'key', :'lines');"
	done | as_site >"$work/new"
	awk -F '|' '{ n += $1 } END { print n }' "$work/new"
}
# copy BATCHES: the rows of the CSV files, which are of the site s1, in the same way
copy() {
	local n t
	for ((n = 1; n <= $1; n++)); do
		printf '%s\n' '\c' BEGIN\;
		for t in dtu inverter port; do
			echo "\\copy public.copy_of_$t FROM PROGRAM 'sed s/^s1,/s$n,/ $work/$t.csv' CSV"
		done
		echo 'COMMIT;'
	done | as_site
}
# write_rows SITES FIRST LAST: these polls of these sites as CSV files
write_rows() {
	local t
	for t in port inverter dtu; do
		sql "COPY (SELECT * FROM hm.$t WHERE site $1
			AND time >= to_timestamp(1793000000 + $2 * 60)
			AND time <= to_timestamp(1793000000 + $3 * 60)) TO STDOUT CSV" >"$work/$t.csv"
	done
}
for t in port inverter dtu; do
	sql "CREATE TABLE public.copy_of_$t (LIKE hm.$t INCLUDING ALL)"
	sql "GRANT INSERT ON public.copy_of_$t TO hm_edge"
done

ratios=()
printf '%-22s %8s %10s %10s %12s\n' 'a batch every' lines batches 'ms of CPU' 'rows/s core'
# measure NAME BATCHES: of the file batch
measure() {
	local before rows lines
	lines=$(wc -l <"$work/batch")
	before=$(cpu)
	rows=$(send "$2" "$work/batch")
	used=$(($(cpu) - before))
	[ "$rows" -eq $(($2 * lines)) ] ||
		{ echo "only $rows rows are new"; exit 1; }
	show "$1" "$2" "$lines"
}
# show NAME BATCHES LINES: what they have used. Its last column is $figure.
show() {
	figure=$(($2 * $3 * 100 / used))
	awk -v name="$1" -v lines="$3" -v batches="$2" -v used="$used" \
		-v figure="$figure" 'BEGIN {
		printf "%-22s %8d %10d %10.2f %12.0f\n", name, lines, batches,
		    used * 10 / batches, figure }'
}
# measure_polls NAME BATCHES FIRST LAST
measure_polls() {
	polls "$3" "$4" >"$work/batch"
	measure "$1" "$2"
}
# beside_copy NAME BATCHES FIRST LAST: the same, and COPY of it from a few sites
beside_copy() {
	local before ours few=$(($2 / 5))
	measure_polls "$@"
	ours=$figure
	write_rows "= 's1'" "$3" "$4"
	before=$(cpu)
	copy "$few"
	used=$(($(cpu) - before))
	show "  COPY of that" "$few" "$(wc -l <"$work/batch")"
	ratios+=("$1|$ours|$figure")
}
measure_polls warm-up $((sites / 20)) 0 0
beside_copy '1 minute' "$sites" 1 1
beside_copy '5 minutes' $((sites / 4)) 11 15
beside_copy '15 minutes' $((sites / 10)) 31 45
measure_polls '1000 polls, catching up' $((sites / 400)) 1001 2000
ours=$figure
size=$(sql "SELECT sum(pg_total_relation_size(c.oid))::bigint FROM pg_class AS c
	WHERE relnamespace = 'hm'::regnamespace AND relkind = 'r'
	AND relname ~ '^(port|inverter|dtu)_(2|default)'")
polls=$(sql 'SELECT count(*) FROM hm.dtu')
echo "$polls polls need $((size / 1000000)) MB: $((size / polls)) bytes each"

# The 60 polls of an hour, as hm-ship sends them then: 21 rows of the hour, 21 of the
# day so far, and 21 of the last poll.
polls 3027 3086 | hm-store -d "$work/hm.db" --timezone UTC --outbox --ship hours \
	--stats-period 0 >/dev/null
hm-ship -d "$work/hm.db" --once --stats-period 0 -- cat 2>"$work/batch" || exit
measure 'hour, as an hour' $((sites / 4))

# The rows of the catching up by COPY at once, into tables with the same keys
write_rows 'IS NOT NULL' 1001 2000
before=$(cpu)
for t in port inverter dtu; do
	sql "COPY public.copy_of_$t FROM STDIN CSV" <"$work/$t.csv"
done
used=$(($(cpu) - before))
show 'COPY of all these polls' 1 "$(cat "$work"/{port,inverter,dtu}.csv | wc -l)"
ratios+=("1000 polls|$ours|$figure")
stop_postgres a INT
printf '%s\n' "${ratios[@]}" | awk -F '|' '{
	printf "%s: hm.put takes %.2f of the rows/s a core of COPY\n", $1, $2 / $3
	if ($2 < $3 / 4)
		bad = 1
	} END { exit bad }' || { echo "that is under a quarter"; exit 1; }
