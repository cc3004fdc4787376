# Sourced after lib.sh by the tests of a fleet: start real database servers, each
# with its own directory and port. None of them is a service of this machine.
# shellcheck shell=bash disable=SC2154

# Servers that refuse to run as root run as nobody.
chmod 755 "$work"
as_nobody=()
[ "$(id -u)" -ne 0 ] || as_nobody=(setpriv --reuid=65534 --regid=65534
	--clear-groups env HOME=/nonexistent)
engines=$HM_BUILD/engines
for bin in {,"$engines"}/usr/lib/postgresql/*/bin; do
	[ ! -x "$bin/initdb" ] || PATH=$bin:$PATH
done
PATH=$PATH:$engines/usr/sbin:$engines/usr/bin:/usr/sbin

# needs PROGRAM ...: end the test if one of them is missing.
needs() {
	local program
	for program; do
		type -P "$program" >/dev/null || {
			fail "$program is there: make check-fleet installs it"
			finish
		}
	done
}

# make_postgres NAME [LINE ...]: a database cluster in $work/NAME, whose owner is
# the role hm, with these lines of settings.
make_postgres() {
	local name=$1
	shift
	mkdir "$work/$name"
	[ "$(id -u)" -ne 0 ] || chown 65534:65534 "$work/$name"
	"${as_nobody[@]}" initdb -D "$work/$name" -A trust -U hm -E UTF8 \
		--locale=C --no-sync >"$work/$name.log" 2>&1 || return
	printf '%s\n' "listen_addresses = '127.0.0.1'" \
		"unix_socket_directories = ''" 'shared_buffers = 32MB' \
		'max_wal_size = 256MB' "$@" >>"$work/$name/postgresql.conf"
}

# start_postgres NAME PORT: its process is postgres_pid[NAME].
declare -A postgres_pid
start_postgres() {
	"${as_nobody[@]}" postgres -D "$work/$1" -p "$2" \
		>>"$work/$1.log" 2>&1 &
	postgres_pid[$1]=$!
	pids+=($!)
	until_true 30 pg_isready -q -h 127.0.0.1 -p "$2" -U hm
}

# stop_postgres NAME SIGNAL: INT is its fast shutdown. After a KILL its children
# end by themselves, and a new server cannot start before.
stop_postgres() {
	kill -"$2" "${postgres_pid[$1]}"
	wait "${postgres_pid[$1]}" 2>/dev/null
	until_true 20 nobody_has "$work/$1"
}

nobody_has() {
	! grep -lzs "^PGDATA=$1\$" /proc/[0-9]*/environ >/dev/null &&
		[ -z "$(find /proc/[0-9]*/cwd -maxdepth 0 -lname "$1" \
			2>/dev/null)" ]
}

# sql [OPTION ...] STATEMENT: the rows, a line each, of the database fleet as the
# owner of the server on $port.
sql() {
	psql -h 127.0.0.1 -p "$port" -U hm -d fleet -XqAt \
		-v ON_ERROR_STOP=1 "${@:1:$#-1}" -c "${!#}"
}

# make_centre: the database fleet with centre.sql on the server on $port.
make_centre() {
	psql -h 127.0.0.1 -p "$port" -U hm -d postgres -Xq \
		-c 'CREATE DATABASE fleet' &&
		psql -h 127.0.0.1 -p "$port" -U hm -d fleet -Xq \
			-f "$root/docs/fleet/centre.sql"
}

# deliver COMMAND BATCH ...: give the command each batch again until it
# acknowledges it. $work/shipped names those that it has acknowledged.
deliver() {
	local batch
	for batch in "${@:2}"; do
		until "$1" <"$batch"; do
			sleep 0.1
		done
		echo "$batch" >>"$work/shipped"
	done 2>>"$work/ship.err"
}
shipped() {
	[ "$(wc -l <"$work/shipped")" -ge "$1" ]
}

# edge STATEMENT: the rows of hm.db.
edge() {
	sqlite3 -separator '|' "$work/hm.db" "$1"
}

# same_as_edge: the readings, statuses and alarms at the centre are those of hm.db.
same_as_edge() {
	local table
	for table in port inverter dtu meter status alarm; do
		same "$table has as many rows as in hm.db" \
			"$(sql "SELECT count(*) FROM hm.$table")" \
			"$(edge "SELECT count(*) FROM $table")"
	done
	sql -F '|' "SELECT extract(epoch FROM time)::bigint, dtu, serial, port,
		pv_power, pv_voltage, total_production FROM hm.port
		ORDER BY 1, 2, 3, 4" >"$work/found"
	edge "SELECT time, dtu, serial, port, pv_power, pv_voltage, total_production
		FROM port ORDER BY 1, 2, 3, 4" | sed -E 's/\.0(\||$)/\1/g' \
		>"$work/expected"
	check "... and the same in them" cmp "$work/found" "$work/expected"
}
