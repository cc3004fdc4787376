#!/bin/bash
# pipelines/to-mysql with a real MariaDB that is killed: what was acknowledged is
# there, once.
# shellcheck source=tests/lib/lib.sh
. "$(dirname "$0")/../lib/lib.sh"
root=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tests/lib/engines.sh
. "$root/tests/lib/engines.sh"
needs mariadbd mariadb-install-db mariadb

socket=$work/maria.sock
mariadb-install-db --no-defaults --datadir="$work/maria" --skip-test-db \
	--auth-root-authentication-method=normal --user="$(id -un)" \
	>"$work/maria.log" 2>&1
start_maria() {
	mariadbd --no-defaults --datadir="$work/maria" --user="$(id -un)" \
		--socket="$socket" --skip-networking --local-infile=1 \
		--pid-file="$work/maria.pid" >>"$work/maria.log" 2>&1 &
	maria=$!
	pids+=($!)
	until_true 60 query 'SELECT 1'
}
client=(--no-defaults --socket="$socket" --user=root)
query() {
	mariadb "${client[@]}" -N -e "$1" "${2-mysql}"
}
check "MariaDB starts" start_maria
query 'CREATE DATABASE hm'
check "mysql.sql makes the table" mariadb "${client[@]}" hm \
	<"$root/docs/fleet/mysql.sql"
check "... and does so again" mariadb "${client[@]}" hm <"$root/docs/fleet/mysql.sql"
export HM_SITE=roof
to_mysql() {
	"$root/pipelines/to-mysql" "${client[@]}" hm
}
query "CREATE USER edge IDENTIFIED BY 'x'; GRANT INSERT ON hm.hm_record TO edge"

cat >"$work/one" <<'END'
{"type":"port","time":"2026-11-08T11:00:00Z","dtu":"a\\b'\"\u0001;","serial":"x","port":1,"pv_power":230.1,"total_production":401234}
no JSON
{"type":"alarm","time":"2026-11-08T11:00:00Z","dtu":"roof","code":209}
{"type":"alarm","time":"2026-11-08T11:00:00Z","dtu":"roof","code":210}
END
check "a batch is stored" to_mysql <"$work/one"
check "... also when it comes again" to_mysql <"$work/one"
same "... once, without what is not JSON" "$(query 'SELECT count(*) FROM hm_record' hm)" 3
same "... with its text" "$(query "SELECT hex(dtu), serial, port, time, pv_power,
	total_production FROM hm_port" hm | tr '\t' ' ')" \
	"615C622722013B x 1 2026-11-08 11:00:00 230.1 401234"
same "a role that can only insert is enough" "$("$root/pipelines/to-mysql" \
	--no-defaults --socket="$socket" --user=edge --password=x hm <"$work/one"
	echo $?)" 0
same "a wrong password is no success" "$("$root/pipelines/to-mysql" --no-defaults \
	--socket="$socket" --user=edge --password=y hm <"$work/one" \
	2>"$work/err"; echo $?)" 1
echo '{"type":"port","time":"2026-11-08T11:00:00Z","dtu":"box01","serial":"x01","port":1}' \
	>"$work/one"
check "a name with x01 in it is stored" to_mysql <"$work/one"
same "... as it is" "$(query "SELECT count(*), max(record) FROM hm_record
	WHERE dtu = 'box01'" hm)" "1	$(cat "$work/one")"
query 'DELETE FROM hm_record' hm

jq -nc -f "$root/tests/lib/sample.jq" | head -n 6000 >"$work/lines"
split -l 200 -a 3 "$work/lines" "$work/batch."
has_failed() {
	[ -s "$work/ship.err" ]
}
: >"$work/shipped"
deliver to_mysql "$work"/batch.* &
pids+=($!)
for n in 3 9; do
	until_true 30 shipped "$n"
	: >"$work/ship.err"
	kill -KILL "$maria"
	wait "$maria" 2>/dev/null
	check "an attempt fails meanwhile" until_true 20 has_failed
	check "MariaDB starts after a kill" start_maria
done
check "all batches are acknowledged" until_true 60 shipped 30
same "no record is lost or stored twice" "$(query 'SELECT count(*) FROM hm_record' hm)" \
	6000
query 'SELECT record FROM hm_record' hm | LC_ALL=C sort >"$work/found"
LC_ALL=C sort "$work/lines" >"$work/expected"
check "... or changed" cmp "$work/found" "$work/expected"
finish
