#!/bin/bash
# Run the commands of docs/fleet.md as printed, in namespaces of their own: a
# centre, with a real PostgreSQL and pgbouncer, and a site.
# shellcheck source=tests/lib/lib.sh
. "$(dirname "$0")/../lib/lib.sh"
root=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tests/lib/engines.sh
. "$root/tests/lib/engines.sh"
spaces=(unshare --net --mount --propagation private --pid --fork --kill-child
	--mount-proc)

if [ "${1-}" != --inside ]; then
	if [ "$(id -u)" -ne 0 ] || ! "${spaces[@]}" true; then
		skip "the commands of docs/fleet.md" "needs root and namespaces"
		finish
	fi
	"${spaces[@]}" "$0" --inside >"$work/tap" 2>&1
	take_in "$work/tap"
	check "the page is run to its end" grep -q '^1\.\.' "$work/tap"
	finish
fi
# Elsewhere it would mount over the directories of the machine.
[ $$ -eq 1 ] || { echo "--inside needs namespaces of its own" >&2; exit 1; }
needs postgres initdb psql pgbouncer openssl make

lay_over() {
	local above=/mnt/above$1
	mkdir -p "$above/upper" "$above/work"
	mount -t overlay overlay -o \
		"lowerdir=$1,upperdir=$above/upper,workdir=$above/work" "$1"
}
ip link set lo up
mount -t tmpfs -o mode=755 tmpfs /mnt
for place in /etc /usr/local; do
	lay_over "$place" || exit
done
# make takes a space in the path of the project for the end of a word.
make -s -C "$root" -o all BIN="${HM_BIN#"$root"/}" DESTDIR=/mnt/dest install \
	>/mnt/log 2>&1 &&
	cp -R /mnt/dest/usr/local/. /usr/local
check "hm is installed" test -x /usr/local/bin/hm-store
echo '127.0.0.1 centre.example' >>/etc/hosts
mkdir -p /etc/pgbouncer /etc/cron.d /etc/hm /mnt/here
chmod 755 /etc/pgbouncer
cd /mnt/here || exit

# As Debian installs it: the role postgres over the socket, others by password
mkdir /mnt/pg /mnt/socket
chown 65534:65534 /mnt/pg /mnt/socket
"${as_nobody[@]}" initdb -D /mnt/pg -U postgres --auth-local=trust --no-sync \
	--auth-host=scram-sha-256 -E UTF8 --locale=C >/mnt/log 2>&1
"${as_nobody[@]}" postgres -D /mnt/pg -c unix_socket_directories=/mnt/socket \
	-c listen_addresses=127.0.0.1 >/mnt/postgres.log 2>&1 &
pids+=($!)
check "PostgreSQL starts" until_true 30 pg_isready -q -h /mnt/socket

sudo() {
	case "$1 $2" in
	"-u postgres") env -u PGPASSWORD -u PGSSLROOTCERT PGHOST=/mnt/socket \
		PGPORT=5432 PGUSER=postgres "${@:3}" ;;
	"systemctl restart")
		"${as_nobody[@]}" "$3" "/etc/$3/$3.ini" >"/mnt/$3.log" 2>&1 &
		pids+=($!) ;;
	"chown postgres") command chown 65534 "${@:3}" ;;
	*) "$@" ;;
	esac
}
ask() {
	sudo -u postgres psql -XqAtd fleet -c "$1"
}

hm-store -d hm.db --timezone Europe/Berlin --retention 0 --stats-period 0 \
	>/mnt/log < <(jq -nc -f "$root/tests/lib/sample.jq" | head -n 3000)

is_left_out() {
	case $1 in
	"sudo make install" | "sudo apt "* | "pg_basebackup "* | \
	"export PGHOST=centre.example,"*) ;;
	# Of the section about hm-ship, which tests/docs/commands.sh runs
	"hm-poll "* | "hm-ship "*"--to copy "* | "hm-ship --to "* | s6-* | \
	"make "*) ;;
	*) return 1 ;;
	esac
}
# after COMMAND: what a person does with its output, and what must hold then
after() {
	case $1 in
	*"hm.add_site("*)
		cp out /etc/hm/site-key
		cp /etc/pgbouncer/tls.crt /etc/hm/centre.crt ;;
	*"systemctl restart pgbouncer")
		check "... it listens" until_true 10 listening 6432 ;;
	"hm-ship "*"/to-postgres")
		same "... all readings are there" "$(ask "SELECT count(*)
			FROM hm.port WHERE site = 'roof'")" \
			"$(sqlite3 hm.db 'SELECT count(*) FROM port')" ;;
	*"hm.add_key("*)
		cp out /etc/hm/new-key
		check "... the old key is good" send
		export HM_SITE_KEY_FILE=/etc/hm/new-key
		check "... and the new one" send ;;
	*"hm.drop_old_keys("*)
		check "... the new key is good" send
		same "... the old one is not" "$(HM_SITE_KEY_FILE=/etc/hm/site-key \
			send 2>out; echo $?)" 3 ;;
	*"hm.remove_site("*)
		same "... the site is gone" "$(ask "SELECT count(*) FROM hm.port")
$(send 2>out; echo $?)" "0
3" ;;
	esac
}
send() {
	tail -n 1 lines | /usr/local/share/hm/pipelines/to-postgres
}
hm-store -d hm.db --export >lines

ran=0
while IFS= read -r line; do
	command=${line#*: }
	is_left_out "$command" && continue
	ran=$((ran + 1))
	eval "$command" >out 2>&1 </dev/null
	same "${command:0:70}" $? 0
	after "$command"
	case $command in *"/to-postgres")
		# The job of the last of the ten commands, by hand
		eval "sudo -u postgres $(sed 's/^.* postgres //' /etc/cron.d/hm-centre)"
		check "the cron job makes days" test "$(ask 'SELECT count(*)
			FROM hm.plant_days')" -gt 1
		while IFS= read -r statement; do
			check "Grafana: ${statement:0:40}" ask "$statement"
		done < <(awk '/^    # .*\.sql$/ { on = 1; text = ""; next }
			on && /^    / { text = text " " $0; next }
			on { gsub(/\$site/, "roof", text)
			gsub(/\$__timeFilter\(time\)/, "time > now() - interval \047100 days\047", text)
			print text; on = 0 }' "$root/docs/fleet.md") ;;
	esac
done < <("$root/tests/docs/commands.sh" --list docs/fleet.md | grep '^== ' |
	sed 's/^== //')
check "all commands are found: $ran" test "$ran" -ge 16
finish
