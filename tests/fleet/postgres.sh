#!/bin/bash
# pipelines/to-postgres through pgbouncer, over TLS, with servers that are killed
# and a standby that is promoted: what it has acknowledged is in the database, once.
# shellcheck source=tests/lib/lib.sh
. "$(dirname "$0")/../lib/lib.sh"
root=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tests/lib/engines.sh
. "$root/tests/lib/engines.sh"
needs postgres initdb pg_basebackup psql pgbouncer openssl

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes \
	-days 30 -subj /CN=localhost -addext subjectAltName=IP:127.0.0.1 \
	-keyout "$work/server.key" -out "$work/server.crt" 2>/dev/null
[ "$(id -u)" -ne 0 ] || chown 65534:65534 "$work"/server.*
chmod 600 "$work/server.key"
tls=("ssl = on" "ssl_cert_file = '$work/server.crt'"
	"ssl_key_file = '$work/server.key'")

port=$(free_port)
make_postgres a "${tls[@]}"
check "PostgreSQL starts" start_postgres a "$port"
check "centre.sql makes a centre" make_centre
sql "ALTER ROLE hm_edge PASSWORD 'of-all-sites'"
key=$(sql "SELECT hm.add_site('one', 'Europe/Berlin')")
sed -i 's/^host .*trust$/#&/' "$work/a/pg_hba.conf"
printf '%s\n' 'host all hm 127.0.0.1/32 trust' \
	'host replication hm 127.0.0.1/32 trust' \
	'hostssl fleet hm_edge 127.0.0.1/32 scram-sha-256' >>"$work/a/pg_hba.conf"
kill -HUP "${postgres_pid[a]}"

bouncer=$(free_port)
sed -E "s|^(fleet = .*port=).*|\1$port|; s|^(listen_addr =).*|\1 127.0.0.1|
	s|^(listen_port =).*|\1 $bouncer|; s|/etc/pgbouncer/userlist.txt|$work/users|
	s|/etc/pgbouncer/tls|$work/server|" "$root/docs/fleet/pgbouncer.ini" \
	>"$work/pgbouncer.ini"
echo 'server_tls_sslmode = require' >>"$work/pgbouncer.ini"
echo '"hm_edge" "of-all-sites"' >"$work/users"
"${as_nobody[@]}" pgbouncer -q "$work/pgbouncer.ini" >"$work/pgbouncer.log" 2>&1 &
pids+=($!)
check "pgbouncer starts" until_true 10 listening "$bouncer"

# As at a site: to-postgres and its variables, and nothing of this test's.
echo "$key" >"$work/site-key"
site_one=(env PGUSER=hm_edge PGDATABASE=fleet PGPASSWORD=of-all-sites HM_SITE=one
	PGSSLROOTCERT="$work/server.crt" HM_SITE_KEY_FILE="$work/site-key")
to_postgres() {
	"${site_one[@]}" PGHOST=127.0.0.1 PGPORT="$bouncer" "$@" \
		timeout 20 "$root/pipelines/to-postgres"
}

jq -nc -f "$root/tests/lib/sample.jq" | head -n 6000 >"$work/sample"
hm-store -d "$work/hm.db" --timezone Europe/Berlin --retention 0 \
	--stats-period 0 <"$work/sample" >/dev/null
hm-store -d "$work/hm.db" --export >"$work/lines"
split -l 100 -a 3 "$work/lines" "$work/batch."
batches=("$work"/batch.*)

check "a batch is stored" to_postgres <"${batches[0]}"
same "... without a word" "$(cat "$work/check.out")" ""
rows=$(grep -vc '"type":"stats"' "${batches[0]}")
same "... whole" "$(sql "SELECT rows FROM hm.site WHERE site = 'one'")" "$rows"
# shellcheck disable=SC2016 # nothing may expand
printf 'x\0y\n{"type":"x","time":"2026-11-05T10:00:00Z","a":"\xff\xfe'"'"'\\\\ :key $(id)"}\n' >"$work/odd"
check "bytes that are no UTF-8, quotes and a NUL hold up nothing" \
	to_postgres <"$work/odd"
same "... of which the log says" "$(cat "$work/check.out")" \
	'to-postgres: 1 lines are refused: their reasons are in hm.refused'
same "... and text stays text" "$(sql "SELECT record->>'a' FROM hm.other WHERE type = 'x'")" \
	"'\\ :key \$(id)"

# As a site that is taken over
session() {
	"${site_one[@]}" PGHOST=127.0.0.1 PGPORT="$bouncer" PGSSLMODE=verify-full \
		psql -XqAt -c "$1"
}
session "SET statement_timeout = '1ms'"
same "what a site sets is not there for the next one" \
	"$(session 'SHOW statement_timeout')" 1min

# status NAME VARIABLE ...: that of to-postgres with these
status() {
	to_postgres "$@" <"${batches[1]}" >"$work/out" 2>&1
	echo $?
}
same "a wrong key is refused" "$(status HM_SITE_KEY=wrong)" 3
same "... by name" "$(grep -c 'hm.put: there is no such site, or this is not its key' "$work/out")" 1
same "a wrong password is refused" "$(status PGPASSWORD=wrong)" 2
same "a site without TLS is refused" "$(status PGSSLMODE=disable)" 2
same "a server with another certificate is refused" \
	"$(status PGSSLROOTCERT=/etc/ssl/certs/ca-certificates.crt)" 2
same "a server that is not there is an error" "$(status PGPORT=1)" 2
same "no key is an error" "$(status HM_SITE_KEY_FILE=/nonexistent | grep -c 0)" 0
# bad_tool NAME SCRIPT: a directory before PATH in which this program is another
bad_tool() {
	mkdir -p "$work/bad-$1"
	printf '#!/bin/sh\n%s\n' "$2" >"$work/bad-$1/$1"
	chmod +x "$work/bad-$1/$1"
	echo "PATH=$work/bad-$1:$PATH"
}
# shellcheck disable=SC2016 # the tool expands it
for tool in tr iconv; do
	for script in 'head -c 9000; kill -KILL $$' \
		'head -c 9000; exit 1' 'exit 127'; do
		same "a batch that $tool cuts off is refused: $script" \
			"$(status "$(bad_tool "$tool" "$script")")" 3
		same "... by name" "$(grep -c 'the batch is cut off' "$work/out")" 1
	done
done
mkdir "$work/few"
for tool in psql bash tr timeout dirname readlink; do
	ln -s "$(type -P $tool)" "$work/few"
done
same "a batch without iconv, too" "$(status PATH="$work/few")" 3
same "nothing of it was stored" "$(sql "SELECT rows FROM hm.site
	WHERE site = 'one'")" $((rows + 1))

# Every batch again until it is acknowledged, while things are killed

kill_client() {
	local pids
	mapfile -t pids < <(processes_with "HM_SITE_KEY_FILE=$work/site-key")
	[ ${#pids[@]} -gt 0 ] && kill -KILL "${pids[@]}"
}
: >"$work/shipped"
deliver to_postgres "${batches[@]}" &
pids+=($!)
for n in 1 2 3; do
	until_true 60 shipped $((n * 5))
	stop_postgres a KILL
	sleep 0.3
	check "PostgreSQL starts after a kill" start_postgres a "$port"
done
for n in 1 2 3 4 5 6 7 8; do
	until_true 60 shipped $((15 + n * 2))
	until_true 20 kill_client
done
check "all batches are acknowledged" until_true 120 shipped "${#batches[@]}"
check "some attempts had failed" test -s "$work/ship.err"

same "no reading is lost or stored twice" "$(sql "SELECT
	(SELECT count(*) FROM hm.port), (SELECT count(*) FROM hm.inverter),
	(SELECT count(*) FROM hm.dtu), (SELECT count(*) FROM hm.meter)")" \
	"$(edge "SELECT (SELECT count(*) FROM port), (SELECT count(*)
	FROM inverter), (SELECT count(*) FROM dtu), (SELECT count(*) FROM meter)")"
sql -F '|' "SELECT dtu, serial, port, extract(epoch FROM time)::bigint, pv_power,
	total_production FROM hm.port ORDER BY 1, 2, 3, 4" >"$work/found"
edge "SELECT dtu, serial, port, time, pv_power, total_production FROM port
	ORDER BY 1, 2, 3, 4" | sed 's/\.0|/|/g; s/|$/|/' >"$work/expected"
check "... and their contents are equal" cmp "$work/found" "$work/expected"

# A synchronous standby, promoted when the primary is killed

standby=$(free_port)
mkdir -m 700 "$work/b"
[ "$(id -u)" -ne 0 ] || chown 65534:65534 "$work/b"
"${as_nobody[@]}" pg_basebackup -h 127.0.0.1 -p "$port" -U hm -D "$work/b" \
	-c fast -R --no-sync >"$work/b.log" 2>&1
echo "primary_conninfo = 'host=127.0.0.1 port=$port user=hm application_name=b'" \
	>>"$work/b/postgresql.auto.conf"
check "a standby starts" start_postgres b "$standby"
synced() {
	[ "$(sql "SELECT sync_state FROM pg_stat_replication")" = sync ]
}
sql "ALTER SYSTEM SET synchronous_standby_names = '*'"
kill -HUP "${postgres_pid[a]}"
check "... and the primary waits for it" until_true 20 synced
both=("PGHOST=127.0.0.1,127.0.0.1" "PGPORT=$standby,$port")
echo '{"type":"port","time":"2026-11-08T11:00:00Z","dtu":"roof","serial":"x","port":1}' >"$work/one"
check "of two hosts the one is used that can write" to_postgres "${both[@]}" \
	<"$work/one"
stop_postgres a KILL
sed -i s/11:00/12:00/ "$work/one"
same "a standby alone takes nothing" "$(to_postgres "${both[@]}" <"$work/one" \
	>"$work/out" 2>&1; echo $?)" 2
psql -h 127.0.0.1 -p "$standby" -U hm -d fleet -Xqc 'SELECT pg_promote()' >"$work/out"
check "after its promotion it does" to_postgres "${both[@]}" <"$work/one"
port=$standby
same "... and has all that was acknowledged" "$(sql "SELECT count(*)
	FROM hm.port WHERE serial = 'x'") $(sql "SELECT count(*) FROM hm.port")" \
	"2 $(($(edge 'SELECT count(*) FROM port') + 2))"
stop_postgres b INT
finish
