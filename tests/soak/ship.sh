#!/bin/bash
# ship.sh MINUTES KILLS LINKS CUTS SEED: hm-sim, the chain, hm-ship and to-postgres
# with pgbouncer and PostgreSQL, each part of which fails: the centre is away for so
# many minutes; hm-ship, its COMMAND, the chain, pgbouncer and PostgreSQL are killed
# KILLS times; the link is cut or silent LINKS times; the primary is killed and its
# standby promoted; the power of the site and of the centre fails CUTS times each,
# their file systems being on disks with a write cache. After each of these the
# centre must hold what hm.db holds: nothing lost, nothing twice, all contents equal.
# With LIES=1 the centre's disk ignores flushes, and the test must fail.
if [ "$(id -u)" -eq 0 ] && [ -z "${SHIP_SOAK-}" ]; then
	SHIP_SOAK=1 exec unshare -m --propagation private "$0" "$@"
fi
# shellcheck source=tests/lib/lib.sh
. "$(dirname "$0")/../lib/lib.sh"
root=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tests/lib/engines.sh
. "$root/tests/lib/engines.sh"
# shellcheck source=tests/lib/disks.sh
. "$root/tests/lib/disks.sh"
minutes=$1
kills=$2
links=$3
cuts=$4
RANDOM=$5
dtus=20
unset TIMEZONE TZ DATABASE_PATH DTU_HOST HM_CONFIG

disks_can_be_cut || {
	skip "a fleet under faults" "it needs root, /dev/fuse and loop devices"
	finish
}
needs postgres initdb pg_basebackup psql pgbouncer socat

# What has files on a disk ends first.
end_all() {
	[ "$BASHPID" -eq $$ ] || return
	local name
	touch "$work/over"
	freeze_nothing
	for name in ship chain bouncer link; do
		stop "$name" KILL
	done
	for name in "${!postgres_pid[@]}"; do
		stop_postgres "$name" KILL
	done 2>/dev/null
	drop_disk site
	drop_disk centre
	clean_up
}
trap end_all EXIT

# Processes. A process of a part, and its children, are known by PART=name.

declare -A part_pid
# start NAME COMMAND ...: as a process of its own, until stop.
start() {
	PART=$$-$1 "${@:2}" >>"$work/$1.out" 2>>"$work/$1.err" &
	part_pid[$1]=$!
	pids+=($!)
}
# stop NAME SIGNAL: the part and all that it has started.
stop() {
	local members
	[ -n "${part_pid[$1]-}" ] || return 0
	mapfile -t members < <(processes_with "PART=$$-$1")
	[ ${#members[@]} -eq 0 ] || kill -"$2" "${members[@]}"
	wait "${part_pid[$1]}"
	until_true 20 is_gone "$1"
	unset "part_pid[$1]"
} 2>/dev/null
is_gone() {
	[ -z "$(processes_with "PART=$$-$1")" ]
}

db=$work/site/hm.db
chain() {
	hm-poll --stats-period 0 --log-level CRITICAL --period 5 "${uris[@]}" |
		hm-decode --stats-period 0 |
		hm-store --stats-period 0 --outbox --timezone UTC --delay 0.2 -d "$db"
}
start_chain() {
	start chain chain
}
start_ship() {
	start ship env PGHOST=127.0.0.1 PGPORT="$link" PGUSER=hm_edge PGDATABASE=fleet \
		PGSSLMODE=disable PGCONNECT_TIMEOUT=3 HM_SITE=one HM_SITE_KEY="$key" \
		hm-ship -d "$db" --period 1 --polls 50 --timeout 5 --stats-period 0 \
		-- "$root/pipelines/to-postgres"
}
start_bouncer() {
	sed -E "s|^fleet = .*|fleet = host=127.0.0.1 port=$port|
		s|^(listen_addr =).*|\1 127.0.0.1|; s|^(listen_port =).*|\1 $bouncer|
		s|^auth_type = .*|auth_type = any|; /^auth_file|^client_tls/d" \
		"$root/docs/fleet/pgbouncer.ini" >"$work/pgbouncer.ini"
	sed -i "s|^fleet = .*|& user=hm_edge|" "$work/pgbouncer.ini"
	start bouncer "${as_nobody[@]}" pgbouncer -q "$work/pgbouncer.ini"
	until_true 10 listening "$bouncer"
}
# Between hm-ship and pgbouncer
start_link() {
	start link socat "TCP-LISTEN:$link,bind=127.0.0.1,reuseaddr,fork" \
		"TCP:127.0.0.1:$bouncer"
	until_true 10 listening "$link"
}
frozen=()
# freeze NAME: the part stands still.
freeze() {
	mapfile -t frozen < <(processes_with "PART=$$-$1")
	[ ${#frozen[@]} -eq 0 ] || kill -STOP "${frozen[@]}"
} 2>/dev/null
freeze_nothing() {
	[ ${#frozen[@]} -eq 0 ] || kill -CONT "${frozen[@]}"
	frozen=()
} 2>/dev/null
pause() {
	sleep "$1.$(printf %03d $((RANDOM % 1000)))"
}

# What the site has, and what the centre has

edge() {
	sqlite3 -readonly -cmd '.timeout 10000' -separator '|' "$db" "$1"
}
# normal: numbers as jq would write them, times as numbers.
normal() {
	sed -E 's/\.0(\||$)/\1/g; s/\.0(\||$)/\1/g' | LC_ALL=C sort
}
# compare KIND: the lines that only one of the two has
compare() {
	local names
	names=$(sql "SELECT string_agg(CASE form WHEN 'flag' THEN name || '::int'
		WHEN 'moment' THEN format('extract(epoch FROM %I)::bigint', name)
		ELSE name END, ', ' ORDER BY place) FROM hm.field WHERE kind = '$1'")
	sql -F '|' "SELECT extract(epoch FROM time)::bigint, dtu, $2$names
		FROM hm.$1" | normal >"$work/$1.centre"
	names=$(sql "SELECT string_agg(name, ', ' ORDER BY place) FROM hm.field
		WHERE kind = '$1'")
	edge "SELECT time, dtu, $2$names FROM $1" | normal >"$work/$1.site"
	LC_ALL=C comm -3 "$work/$1.site" "$work/$1.centre" >"$work/$1.differ"
	[ -s "$work/$1.site" ] || echo "nothing of $1 in hm.db"
	echo "$1 $(wc -l <"$work/$1.differ")"
}
nothing_waits() {
	[ "$(edge 'SELECT count(*) FROM outbox')" = 0 ]
}
# settle WHAT: end the chain, let all be shipped, and compare.
settle() {
	stop chain TERM
	check "$1: all is shipped" until_true 700 nothing_waits
	same "... and the centre holds what hm.db holds" "$(compare dtu '')
$(compare inverter 'serial, ')
$(compare port 'serial, port, ')
$(sql "SELECT count(*), count(DISTINCT (dtu, time)) FROM hm.status")
$(sql 'SELECT count(*) FROM hm.refused')" "dtu 0
inverter 0
port 0
$(edge "SELECT count(*), count(*) FROM status")
0"
	head -qn 2 "$work"/*.differ | sed 's/^/# differs: /'
	echo "# $1: $(wc -l <"$work/port.site") rows of inputs,$(sql "SELECT
		' ' || batches || ' batches, ' || rows || ' rows new' FROM hm.site"),\
 hm-ship said $(grep -c 'not shipped' "$work/ship.err") times why not"
	start_chain
}
has_more_than() {
	[ "$(edge 'SELECT count(*) FROM dtu')" -gt "$1" ]
}
# The chain stores, whatever the centre does.
stores_on() {
	until_true 30 has_more_than "$(edge 'SELECT count(*) FROM dtu')"
}

start_sim plant --dtus "$dtus" --inverters 1 --inputs 4 --start 11:00 --stats-period 0
port=$(free_port)
bouncer=$(free_port)
link=$(free_port)
make_disk site 64 || exit 1
make_disk centre 320 ${LIES:+lies} || exit 1
[ "$(id -u)" -ne 0 ] || chown 65534:65534 "$work/centre"
make_postgres centre/a 'min_wal_size = 32MB' 'wal_keep_size = 32MB'
sed -i 's/max_wal_size = 256MB/max_wal_size = 64MB/' "$work/centre/a/postgresql.conf"
start_postgres centre/a "$port" && make_centre || exit 1
sync
key=$(sql "SELECT hm.add_site('one')")
primary=centre/a
start_bouncer
start_link
start_chain
until_true 30 test -e "$db"
start_ship
check "the chain stores" until_true 60 has_more_than $((dtus * 2))
began=$(milliseconds)

# The centre is away

if [ "$minutes" -gt 0 ]; then
	stop_postgres "$primary" INT
	sleep $((minutes * 60))
	check "$minutes minutes without a centre: the chain stores" stores_on
	echo "# $(edge 'SELECT count(*) FROM outbox') polls wait"
	check "PostgreSQL starts" start_postgres "$primary" "$port"
	settle "$minutes minutes without a centre"
fi

# Everything is killed

kill_one() {
	case $1 in
	0)
		stop ship KILL
		start_ship
		;;
	1)
		local clients
		mapfile -t clients < <(processes_with "PART=$$-ship" |
			grep -v "^${part_pid[ship]}$")
		[ ${#clients[@]} -eq 0 ] || kill -KILL "${clients[@]}" 2>/dev/null
		;;
	2)
		stop chain KILL
		start_chain
		;;
	3)
		stop bouncer KILL
		start_bouncer
		;;
	4)
		stop_postgres "$primary" KILL
		start_postgres "$primary" "$port" || fail "PostgreSQL starts again"
		;;
	esac
}
for ((n = 0; n < kills; n++)); do
	pause 1
	kill_one $((n % 5))
done
[ "$kills" -eq 0 ] || settle "$kills kills"

# The link

for ((n = 0; n < links; n++)); do
	pause 1
	if [ $((n % 3)) = 2 ]; then
		freeze link
		pause 7
		freeze_nothing
	else
		stop link KILL
		pause 0
		start_link
	fi
done
[ "$links" -eq 0 ] || settle "$links cuts and silences of the link"

# The power of the site, and that of the centre. Whoever could acknowledge what is
# done after the cut stands still before.

for ((n = 0; n < cuts; n++)); do
	pause 2
	freeze ship
	cut_disk site $((RANDOM % 40)) || fail "the disk of the site answers"
	stop chain KILL
	stop ship KILL
	frozen=()
	power_on site || fail "the site's file system can be mounted"
	start_chain
	start_ship

	pause 2
	freeze bouncer
	cut_disk centre $((RANDOM % 40)) || fail "the disk of the centre answers"
	stop_postgres "$primary" KILL
	stop bouncer KILL
	frozen=()
	power_on centre ${LIES:+lies} || fail "the centre's file system can be mounted"
	start_postgres "$primary" "$port" || fail "PostgreSQL starts after a power cut"
	start_bouncer
done
if [ "$cuts" -gt 0 ]; then
	settle "$cuts power cuts of the site and $cuts of the centre"
	echo "# blocks that were lost: $(lost_blocks site) and $(lost_blocks centre)"
	check "... blocks were lost on both disks" test "$(lost_blocks site)" -gt 0 \
		-a "$(lost_blocks centre)" -gt 0
	check "... and hm.db is good" hm-store --verify "$db"
fi

# The standby is promoted

standby=$(free_port)
mkdir -m 700 "$work/b"
chown 65534:65534 "$work/b"
"${as_nobody[@]}" pg_basebackup -h 127.0.0.1 -p "$port" -U hm -D "$work/b" -c fast -R \
	--no-sync >"$work/b.log" 2>&1
check "a standby starts" start_postgres b "$standby"
is_synchronous() {
	[ "$(sql 'SELECT sync_state FROM pg_stat_replication')" = sync ]
}
sql "ALTER SYSTEM SET synchronous_standby_names = '*'"
kill -HUP "${postgres_pid[$primary]}"
check "... and the primary waits for it" until_true 60 is_synchronous
pause 3
stop_postgres "$primary" KILL
unset "postgres_pid[$primary]"
psql -h 127.0.0.1 -p "$standby" -U hm -d fleet -Xqc 'SELECT pg_promote()' >"$work/out"
primary=b
port=$standby
sql "ALTER SYSTEM RESET synchronous_standby_names"
kill -HUP "${postgres_pid[b]}"
stop bouncer KILL
start_bouncer
pause 2
settle "a standby in the place of the primary"
echo "# took $((($(milliseconds) - began) / 1000)) s"
finish
