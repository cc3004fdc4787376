#!/bin/bash
# Run every command of README.md and docs/*.md as printed, and compare its
# output with the page. Each page has its own namespaces (network, mounts,
# processes). In them the addresses of the pages belong to simulated DTUs and a
# broker, and /etc, /var/lib, /usr/local and the checkout are overlays that no
# other process sees. The table left_out has the commands that are not run.
# commands.sh --list PAGE shows the commands of a page.
# shellcheck source=tests/lib/lib.sh
. "$(dirname "$0")/../lib/lib.sh"
root=$(cd "$(dirname "$0")/../.." && pwd)

# The tables: a page may be a pattern, too.

# left_out PAGE COMMAND: print why the command is not run, and which test covers
# it; fails if it is run.
left_out() {
	case "$1: $2" in
	"docs/page.md: curl "*) echo "asks a running hm-metrics; api-history.sh" ;;
	"docs/fleet.md: "*to-postgres | "docs/fleet.md: echo "* | \
	"docs/fleet.md: export "* | "docs/fleet.md: pg_"*)
		echo "needs PostgreSQL; tests/fleet/page.sh" ;;
	"docs/queries.md: "*) echo "tests/docs/queries.sh runs this page" ;;
	"docs/containers.md: "*)
		echo "no container engine; container.sh, make check-container" ;;
	*": sudo "* | *": apt "* | *": systemctl "* | *": journalctl "* | \
	*": systemd-analyze "* | *": make deb")
		echo "needs a machine of its own; make check-package" ;;
	*": dpkg --add-arch"* | *": make deb ARCH="* | *": make CC="* | \
	*": scp "* | *": make clean")
		echo "builds for other machines; make check-debian" ;;
	"docs/performance.md: apt-get source "* | \
	"docs/performance.md: ./configure "* | \
	"docs/performance.md: LD_LIBRARY_PATH="*)
		echo "builds another libmicrohttpd, for the memory of its table" ;;
	"docs/hybrids.md: hm-sim --transport "*)
		echo "simulates gateways until it is ended; sim-gateways.sh" ;;
	*": hm-poll "*" es://"*) echo "needs a gateway; poll-gateway.sh" ;;
	"docs/hybrids.md: hm-subscribe "* | "docs/hybrids.md: mosquitto_sub "*)
		echo "needs a battery that publishes; subscribe-msa.sh" ;;
	*": hm-poll "*" modbus-g3://"*)
		echo "needs a DTS-WL-G3; modbus-g3.sh" ;;
	*": pipelines/order "*" modbus-g3://"*)
		echo "needs a DTS-WL-G3; hybrid-orders.sh" ;;
	*": nmap "* | *": nc "*) echo "scans a network; it is only printed" ;;
	*": git clone "* | *": git pull") echo "needs a repository elsewhere" ;;
	*" | hm-top" | *": hm-top http://"*)
		echo "needs a terminal with keys; top.sh" ;;
	*": man "*) echo "a pager; tests/docs/settings.sh and make lint" ;;
	*": make bench"* | *": chrt "*" make bench"* | *": make soak-"* | \
	*": make property"* | \
	*": make fuzz"* | *": make mutants" | *": make check-package" | \
	*": make check-container" | *": make check-homeassistant" | \
	*": make check-page" | *": make pictures")
		echo "takes minutes; a target of its own that no test needs" ;;
	*": hm-subscribe "*" | hm-limit "* | *": hm-subscribe "*" | jq "* | \
	"docs/control.md: mosquitto_sub "*)
		echo "waits for messages; subscribe.sh, limit.sh" ;;
	*": mosquitto_pub -r")
		echo "names an option; subscribe.sh" ;;
	"docs/contributing.md: "*) echo "builds and tests; .ci/run does that" ;;
	*": make check"* | *": make SANITIZE=1 check")
		echo "make check runs this test" ;;
	*": make tests && "*) echo "a test in a test; faults.sh" ;;
	*": build/property/hm-alert/drop "*) echo "takes minutes; make check runs it" ;;
	*": s6-svc -"[a-z] | *": s6-svscanctl -t" | *": s6-svstat -o pid")
		echo "names an option; s6.sh" ;;
	*": docker "*) echo "no container engine here; of the old program" ;;
	*": import-bridge "*"...") echo "names an option; import-bridge.sh" ;;
	*": hm-ship --since" | *": hm-ship --to centre"*)
		echo "names an option; ship.sh" ;;
	*"/scan/ship-centre") echo "of a chain with ship_to; ship-s6.sh" ;;
	*": hm-store --"[a-z]*)
		case ${2#hm-store --} in
		*" "*) return 1 ;;
		*) echo "names an option; damage.sh and rename.sh" ;;
		esac ;;
	*": hm-store "*"--restore hm_backup_2026"*)
		echo "names a backup of that day; damage.sh" ;;
	*": sha256sum -c "* | *": diff build/dist/"* | *": make dist" | \
	*": git checkout")
		echo "of a release; tests/package/dist" ;;
	*"/proc/PID/"* | *": kill -SEGV PID"*)
		echo "of a process; secrets.sh" ;;
	*": import-settings "*) echo "names an argument; import-settings.sh" ;;
	*": htpasswd "* | *": nginx "* | *":8443/"*)
		! type -P nginx >/dev/null || ! type -P htpasswd >/dev/null ||
			return 1
		echo "needs nginx, which is not installed for a test: it" \
			"would listen on this machine" ;;
	*) return 1 ;;
	esac
}

# for_ever PAGE COMMAND: for a command that does not end by itself, print the
# function that succeeds when the command has shown what the page says.
for_ever() {
	case "$1: $2" in
	*": make run VIEW=lines") echo shows_page ;;
	*": make run") echo shows_readings ;;
	*": make run "* | *": DTU_HOST="*" make run") echo shows_readings ;;
	*": hm-poll "*"hm-alert --alerts"*logger*) echo has_logged ;;
	*": hm-poll "*"hm-publish | hm-metrics >/dev/null")
		echo has_everything ;;
	*": hm-poll "*" hm-metrics >/dev/null") echo has_metrics ;;
	*": hm-poll "*" hm-publish >/dev/null" | \
	*": hm-subscribe "*" hm-publish >/dev/null") echo has_published ;;
	*": hm-poll "*" hm-store -d hm.db >/dev/null" | \
	*": hm-poll "*" hm-store --outbox -d hm.db >/dev/null")
		echo has_stored ;;
	*": hm-poll -n 10 "*) echo has_captured ;;
	*"/pipelines/everything") echo has_everything ;;
	*": tail -F /var/log/hm/"*) echo shows_logs ;;
	*"/s6/start ~/hm/run") echo is_up ;;
	*) return 1 ;;
	esac
}

# is_kept PAGE COMMAND: whether it keeps running for the next commands.
is_kept() {
	case "$1: $2" in
	*": hm-poll "*" hm-metrics >/dev/null") ;;
	*"/pipelines/everything" | *"/s6/start ~/hm/run") ;;
	*) return 1 ;;
	esac
}

# status_of PAGE COMMAND: the exit status that the command must have.
status_of() {
	case "$1: $2" in
	"README.md: hm-poll -1 --stats-period 0 modbus:"*) echo 69 ;;
	"docs/configuration.md: hm-poll -c hm.yaml") echo 78 ;;
	"docs/security.md: "*"grep -c /light/ topics") echo 1 ;;
	"docs/security.md: mosquitto_sub "*" -t '#' -C 1") echo 5 ;;
	*) echo 0 ;;
	esac
}

# Make what the page needs before its first command.
prepare() {
	case $page in
	docs/alerts.md)
		export TEMPERATURE_THRESHOLD=30 MQTT_BROKER=192.168.1.2
		export DATABASE_PATH=hm.db ALERTS_ENABLED=true
		stand_in logger ;;
	docs/configuration.md) make_file hm.yaml ;;
	docs/energy.md) make_ledger ;;
	docs/history.md) make_history ;;
	docs/home-assistant.md) make_retained ;;
	docs/security.md)
		make_file /etc/mosquitto/hm.conf
		make_file /etc/mosquitto/hm.acl
		make_file hm.yaml
		mkdir -p /etc/nginx/conf.d
		make_file /etc/nginx/conf.d/hm.conf
		export ALERTS_ENABLED=true
		mkfifo /mnt/in
		hm-metrics --stats-period 0 <>/mnt/in >/dev/null &
		disown ;;
	docs/troubleshooting.md | docs/supervision.md | docs/installing.md | \
	docs/upgrading.md)
		start_chain ;;
	docs/from-hoymiles-mqtt.md)
		make_file .env
		make_file hoymiles-mqtt.service
		make_file /etc/hoymiles-mqtt.ini
		start_modbus
		make_old data/hoymiles-mqtt.db ;;
	esac
}

# before PAGE COMMAND: make what this command needs.
before() {
	case "$1: $2" in
	*": make run"*) unset MQTT_BROKER DTU_HOST HM_CONFIG DATABASE_PATH ;;
	*": DTU_HOST=modbus:"*) start_modbus ;;
	*"modbus://192.168.1.51 | hm-decode"*) start_modbus ;;
	*": hm-poll -1 --stats-period 0 modbus:"*)
		stop_modbus
		export COMM_RETRIES=0 ;;
	*'"origin"'*) stop ;;
	"docs/supervision.md: for log in "*) start_chain ;;
	"docs/supervision.md: tail -n 3 "*) make_publish_fail ;;
	*"/s6/start ~/hm/run")
		stop_chain
		sed /mqtt_qos/d /etc/hm/hoymiles.yaml >~/hm/hoymiles.yaml ;;
	"docs/configuration.md: hm-poll -c hm.yaml")
		printf '%s\n' '# hm.yaml' 'query_period: 2' \
			'mqtt_brokr: 192.168.1.2' 'dtu_host: 192.168.1.50' \
			>hm.yaml ;;
	esac
}

# after PAGE COMMAND: checks after a command, beyond its status and output.
after() {
	case "$1: $2" in
	"docs/pipelines.md: */5 "*)
		check "$1: ... has published and stored" cron_once_has_run ;;
	"docs/metrics.md: */5 "*)
		check "$1: ... has written the metrics" grep -q \
			'^hoymiles_pv_power_watts' \
			/var/lib/prometheus/node-exporter/hm.prom ;;
	*"--backup /mnt/usb/hm.db")
		check "$1: ... the copy is whole" is_whole /mnt/usb/hm.db ;;
	*"-d new.db <all.ndjson"*)
		same "$1: ... has as many readings" "$(readings_in new.db)" \
			"$(readings_in hm.db)" ;;
	*": s6-svscanctl -t "*)
		check "$1: ... the chain ends in time" \
			until_true 10 has_ended "${2##* }" ;;
	*"-t 'homeassistant/#' --retained-only"*)
		check "$1: ... the allowed topics arrived" has_allowed ;;
	*import-settings*)
		same "$1: ... makes a file of them" "$(cat hoymiles.yaml)" \
			'query_period: 30
mi_entities: ["grid_voltage", "temperature"]
mqtt_password: "secret"
dtu_host: "192.168.1.51"
mqtt_broker: "192.168.1.2"' ;;
	*import-bridge*)
		same "$1: ... copies the old counters" "$(known hm.db)" \
			"$(known data/hoymiles-mqtt.db)" ;;
	*'"origin"'*)
		same "$1: ... nothing is retained" "$(retained '#')" "" ;;
	*"--retained-only"*"mosquitto_pub -r -n"*)
		same "$1: ... nothing is retained of it" \
			"$(retained 'homeassistant/+/SERIAL/#')" "" ;;
	*"select(.alert)'")
		check "$1: ... shows the temperature alarm" \
			grep -q '"alert":"temperature"' "$out" ;;
	*"--forget "*)
		same "$1: ... its row is gone" "$(sqlite3 hm.db "SELECT count(*)
			FROM production_cache WHERE serial = '${2##* }'")" 0 ;;
	esac
}

# Functions that for_ever names

shows_page() {
	[ -s "$out" ] && [ -z "$(missing)" ]
}
shows_readings() {
	grep -q '"type":"inverter"\|inverter  1' "$out"
}
has_logged() {
	grep -q '^-t hm .*°C, the threshold is' logger.said
}
has_metrics() {
	curl -sf http://127.0.0.1:8080/metrics |
		grep -q '^hoymiles_pv_energy_watthours_total'
}
has_published() {
	local count
	count=$(mosquitto_sub -h 192.168.1.2 -t 'homeassistant/+/+/+/config' \
		-F %t -C 30 -W 2 | cut -d/ -f3 | sort -u | wc -l)
	[ "$count" -ge 2 ]
}
has_stored() {
	[ "$(sqlite3 hm.db 'SELECT count(*) FROM port
		WHERE total_production > 0')" -ge 4 ]
}
has_captured() {
	[ "$(grep -c '"type":"frame"' roof.ndjson)" -ge 2 ]
}
shows_logs() {
	grep -q '^==> ' "$out"
}
# All services and loggers: Ctrl-C while s6-supervise of Debian 12 starts makes
# it run in a loop for ever.
is_up() {
	local service
	for service in ~/hm/run/scan/* ~/hm/run/scan/*/log; do
		[ "$(s6-svstat -o ready "$service")" = true ] || return 1
	done
	has_published
}
has_everything() {
	has_metrics && has_published
}

# For after()

cron_once_has_run() {
	has_published && [ "$(sqlite3 /var/lib/hm/hm.db \
		'SELECT count(*) FROM production_cache')" -ge 4 ]
}
has_allowed() {
	grep -qx 'homeassistant/sensor/[0-9a-f]*/port_1_pv_power/config' topics &&
		grep -q '^homeassistant/binary_sensor/.*_alert/config$' topics
}
is_whole() {
	[ "$(sqlite3 "$1" 'PRAGMA integrity_check')" = ok ]
}
readings_in() {
	sqlite3 "$1" 'SELECT count(*) FROM port'
}
retained() {
	mosquitto_sub -t "$1" --retained-only -F %t -W 1
}

# For prepare() and before()

# make_file PATH: write the file that the page shows after a line "# PATH".
make_file() {
	awk -v first="    # $1" '$0 == first { on = 1 } !/^    / { on = 0 }
		on { print substr($0, 5) }' "$root/$page" >"$1"
}

# stand_in NAME: replace a command by a script that logs its arguments.
stand_in() {
	mkdir -p stand-in
	printf '%s\n' '#!/bin/sh' "echo \"\$@\" >>'$PWD/$1.said'" >"stand-in/$1"
	chmod +x "stand-in/$1"
	PATH=$PWD/stand-in:$PATH
}

make_ledger() {
	local time
	for time in 10:00:00 10:01:00; do
		echo '{"type":"port","time":"2026-11-20T'$time'Z","dtu":"roof","serial":"116412345678","port":1,"today_production":503,"total_production":10503}'
	done | hm-filter -d hm.db >/dev/null
}

make_history() {
	jq -nc -f tests/lib/sample.jq | head -n 5000 |
		hm-store -d hm.db --timezone Europe/Berlin >/dev/null
}

make_retained() {
	local topic
	for topic in sensor/SERIAL/inv_temperature/config \
		hoymiles_mqtt/SERIAL/info; do
		mosquitto_pub -r -t "homeassistant/$topic" -m x
	done
}

# The database that hoymiles-mqtt 0.12 would have for the DTU over Modbus.
make_old() {
	mkdir -p "${1%/*}"
	hm-poll -1 modbus://192.168.1.51 | hm-decode | jq -r '
		select(.type == "port") | [.serial, .port, .today_production,
		.total_production] | @csv' >old.csv
	sqlite3 "$1" "CREATE TABLE production_cache (serial_number TEXT,
		port_number INTEGER, today_production INTEGER,
		total_production INTEGER)" ".import --csv old.csv production_cache" \
		"ALTER TABLE production_cache ADD last_updated TIMESTAMP" \
		"UPDATE production_cache SET last_updated =
			datetime('now', 'localtime')"
}

known() {
	sqlite3 "$1" 'SELECT total_production FROM production_cache
		ORDER BY total_production'
}

# The supervised chain, in the background.
start_chain() {
	printf '%s\n' 'dtu_host: hm://192.168.1.50' \
		'mqtt_broker: 192.168.1.2' >/etc/hm/hoymiles.yaml
	export DATABASE_PATH=hm.db QUERY_PERIOD=8 HM_STATS_PERIOD=1
	/usr/local/share/hm/s6/start >chain.log 2>&1 &
	disown
	until_true 40 has_everything || cat chain.log
}

stop_chain() {
	s6-svscanctl -t /run/hm/scan
	until_true 10 has_ended /run/hm/scan
}

has_ended() {
	local service
	for service in "$1"/*; do
		! s6-svok "$service" && ! s6-svok "$service/log" || return 1
	done
}

# Restart hm-publish with a wrong setting.
make_publish_fail() {
	echo 'mqtt_qos: 3' >>/etc/hm/hoymiles.yaml
	s6-svc -r /run/hm/scan/publish
	until_true 10 grep -q 'it stays down' /var/log/hm/publish/current
}

start_modbus() {
	[ -z "$modbus" ] || return 0
	hm-sim --transport modbus --listen 192.168.1.51 --port 502 \
		--inverters 1 --seed 2 >/dev/null 2>&1 &
	modbus=$!
	disown
	until_true 10 eval '(: <>/dev/tcp/192.168.1.51/502)'
}

is_over() {
	! kill -0 "$1" 2>/dev/null
}

stop_modbus() {
	[ -n "$modbus" ] || return 0
	kill "$modbus"
	until_true 20 is_over "$modbus"
	modbus=
}

# Commands of a page

# First words of commands that the machine may lack.
named=" apt apt-get crontab docker git journalctl nc nginx nmap s6-svc"
named+=" s6-svscan s6-svscanctl s6-svstat sudo systemctl "
assignment='^([A-Za-z_][A-Za-z_0-9]*=("[^"]*"|[^ "]*) +)+'

first_word() {
	local text=$1
	[[ ! $text =~ $assignment ]] || text=${text#"${BASH_REMATCH[0]}"}
	echo "${text%%[ ;]*}"
}

is_command() {
	local word
	word=$(first_word "$1")
	case $word in
	'' | [A-Z-]* | *[!A-Za-z0-9_./-]*) return 1 ;;
	hm-* | */*) ;;
	*)
		[ "${named/ $word /}" != "$named" ] ||
			[ "$(type -t "$word")" = keyword ] ||
			[ "$(type -t "$word")" = builtin ] ||
			type -P "$word" >"$work/type" ;;
	esac
}

is_cron() {
	[[ $1 =~ ^([0-9*/,-]+\ ){5}[A-Z/] ]]
}

is_complete() {
	[ "${1%\\}" = "$1" ] && [ "${1%|}" = "$1" ] &&
		bash -n <<<"$1" 2>"$work/syntax"
}

# A block that is not commands must look like data: JSON, settings, a table.
is_data() {
	case $1 in
	[\{\[\<\#\"-]* | *": "* | *: | *"──"* | *"  <  "* | *" = "*) ;;
	*) return 1 ;;
	esac
}

# add LINE TEXT: one more command into $list.
add() {
	count=$((count + 1))
	printf -v entry '%s/%03d' "$list" "$count"
	echo "$1" >"$entry.at"
	printf '%s' "$2" >"$entry.command"
	: >"$entry.shown"
}

# A block with commands after a prompt, and their output.
read_session() {
	local at=$1 open='' line
	shift
	for line; do
		if [ -n "$open" ]; then
			open+=$'\n'$line
		elif [ "${line#\$ }" != "$line" ]; then
			open=${line#\$ }
		elif [ -n "$entry" ]; then
			echo "$line" >>"$entry.shown"
		fi
		if [ -n "$open" ] && is_complete "$open"; then
			add "$at" "$open"
			open=
		fi
		at=$((at + 1))
	done
	[ -z "$open" ] || add "$at" "$open"
}

# A block with only commands or lines of a crontab.
read_commands() {
	local at=$1 open='' line
	shift
	for line; do
		open+=${open:+$'\n'}$line
		if [[ $open == \#* ]]; then
			open=
		elif is_cron "$open" || is_complete "$open"; then
			add "$at" "$open"
			open=
		fi
		at=$((at + 1))
	done
	[ -z "$open" ] || add "$at" "$open"
}

read_block() {
	local at=$1 line first=
	entry=
	shift
	# A file, with its name in the first line.
	[[ ! $1 =~ ^#\ [^\ ]*\.[a-z]+$ ]] || return 0
	for line; do
		if [ "${line#\$ }" != "$line" ]; then
			read_session "$at" "$@"
			return
		fi
		[ -n "$first" ] || [[ $line == \#* ]] || first=$line
	done
	if [[ $* == *─* || $* == *■* ]]; then
		return
	elif is_cron "$first" || is_command "$first"; then
		read_commands "$at" "$@"
	elif ! is_data "$first"; then
		echo "$page:$at: $first" >>"$list/strange"
	fi
}

# is_prose TEXT: whether its first word is also an English word.
is_prose() {
	local word
	word=$(first_word "$1")
	[ "$(type -t "$word")" = keyword ] ||
		[ "$(type -t "$word")" = builtin ] || [ "$word" = more ]
}

# Commands within a line of text: more than one word in backticks.
read_text() {
	local rest=$2 text
	while [[ $rest =~ \`([^\`]*)\`(.*) ]]; do
		text=${BASH_REMATCH[1]}
		rest=${BASH_REMATCH[2]}
		case $text in
		*' '*) ! is_command "$text" || is_prose "$text" ||
			add "$1" "$text" ;;
		esac
	done
}

read_page() {
	local number=0 line fence='' block=() first=0 indent
	list=$work/list
	count=0
	mkdir "$list"
	: >"$list/strange"
	while IFS= read -r line; do
		number=$((number + 1))
		case $line in
		'```'*)
			[ -n "$fence" ] && fence='' || fence=yes
			line= ;;
		'') ;;
		*) line=${fence:+    }$line ;;
		esac
		if [ "${line#    }" != "$line" ]; then
			if [ ${#block[@]} -eq 0 ]; then
				first=$number
				indent=${line%%[! ]*}
			fi
			block+=("${line#"$indent"}")
			continue
		fi
		[ ${#block[@]} -eq 0 ] || read_block "$first" "${block[@]}"
		block=()
		read_text "$number" "$line"
	done <"$root/$page"
	[ ${#block[@]} -eq 0 ] || read_block "$first" "${block[@]}"
}

show_list() {
	local entry
	page=$1
	read_page
	for entry in "$list"/*.command; do
		[ -f "$entry" ] || continue
		echo "== $page:$(cat "${entry%.command}.at"): $(cat "$entry")"
		sed 's/^/   /' "${entry%.command}.shown"
	done
	cat "$list/strange"
}

if [ "${1:-}" = --list ]; then
	show_list "$2"
	exit
fi

# Replace what differs between runs: numbers, the width of columns, colours. New
# versions of s6-svstat also print the process group.
plain() {
	sed -E 's/\x1b\[[0-9;]*m//g; s/\r//g; s/ pgid [0-9]+//
		s/[0-9]+(\.[0-9]+)?/#/g
		s/-{3,}/---/g; s/[[:space:]]+/ /g; s/ $//' "$@"
}

# Lines that the page shows and the command did not print.
missing() {
	plain "$out" >"$work/found"
	grep -vx '\.\.\.' "$shown" | plain | grep -vxFf "$work/found" || :
}

# Running them

# cron sets only these variables.
run_cron() {
	env -i HOME="$HOME" PATH=/usr/bin:/bin SHELL=/bin/sh LOGNAME=root \
		/bin/sh -c "$(cut -d ' ' -f 6- <<<"$1")"
}

run_to_the_end() {
	local wanted
	wanted=$(status_of "$page" "$command")
	if is_cron "$command"; then
		run_cron "$command"
	else
		(exit "$last")
		eval "$command"
	fi >"$out" 2>&1 </dev/null
	last=$?
	same "$name" "$last" "$wanted"
	[ "$last" -eq "$wanted" ] || sed 's/^/# /' "$out"
}

# Start a command that runs for ever; on a terminal if the page shows output.
start() {
	if [ -s "$shown" ]; then
		script -qfec "$command" /dev/null >"$out" 2>&1 </dev/null &
	else
		(eval "$command") >"$out" 2>&1 </dev/null &
	fi
	running=$!
}

stop() {
	[ -n "$running" ] || return 0
	kill -INT -- "-$running" 2>/dev/null
	until_true 15 sh -c "! kill -0 -$running 2>/dev/null"
	same "$page: ... ends with Ctrl-C" \
		"$(pgrep -a -g "$running")" ""
	kill -KILL -- "-$running" 2>/dev/null
	wait "$running" 2>/dev/null
	running=
}

run_for_ever() {
	local shows
	shows=$(for_ever "$page" "$command")
	stop
	start
	if until_true 40 "$shows"; then
		pass "$name: $shows"
	else
		fail "$name: $shows"
		missing | sed 's/^/# missing: /'
		sed 's/^/# /' "$out"
	fi
	is_kept "$page" "$command" || stop
	last=0
}

# Run a command in this shell, so that variables it exports and jobs it starts
# are there for the next command.
run_one() {
	local entry=$1 why
	command=$(cat "$entry.command")
	shown=$entry.shown
	out=$entry.out
	name="$page:$(cat "$entry.at"): ${command%%$'\n'*}"
	name=${name:0:76}
	if why=$(left_out "$page" "$command"); then
		pass "$name # left out: $why"
		return
	fi
	if [ ! -s "$shown" ] && grep -qxF -- "${command%%  *}" "$list/done"; then
		pass "$name: has been run"
		return
	fi
	echo "${command%%  *}" >>"$list/done"
	before "$page" "$command"
	if for_ever "$page" "$command" >/dev/null; then
		run_for_ever
	else
		run_to_the_end
	fi
	[ ! -s "$shown" ] || same "$name shows what the page shows" \
		"$(missing)" ""
	after "$page" "$command"
}

# The namespaces of a page

# lay_over DIRECTORY [PLACE]: mount an overlay in memory over the directory, so
# that only this namespace sees what is written there.
lay_over() {
	local above=/mnt/above$1
	mkdir -p "$above/upper" "$above/work"
	mount -t overlay overlay -o \
		"lowerdir=$1,upperdir=$above/upper,workdir=$above/work" \
		"${2:-$1}"
}

make_place() {
	local address place
	ip link set lo up
	for address in 192.168.1.50 192.168.1.51 192.168.1.60 192.168.1.2; do
		ip addr add "$address/32" dev lo
	done
	mount -t tmpfs -o mode=755 tmpfs /mnt
	mount -t tmpfs -o mode=755 tmpfs /run
	mkdir -p /mnt/here /mnt/home /mnt/usb
	install -d -m 1777 /run/lock
	lay_over "$root" /mnt/here
	for place in /tmp /etc /var/lib /var/log /usr/local; do
		lay_over "$place" || exit
	done
	mkdir -p /etc/hm /var/lib/hm /var/lib/prometheus/node-exporter
	echo secret >/etc/hm/mqtt-password
	cd /mnt/here || exit
	mkdir -p bin
	[ "$HM_BIN" -ef "$root/bin" ] || cp "$HM_BIN"/* bin
	make -s -o all BIN=bin PREFIX=/usr/local install || exit
	export HOME=/mnt/home
	PATH=/mnt/here/bin:/mnt/here/pipelines:$PATH
}

start_servers() {
	hm-sim --listen 192.168.1.50 --inverters 1 >/dev/null 2>&1 &
	hm-sim --listen 192.168.1.60 --transport es >/dev/null 2>&1 &
	printf '%s\n' 'listener 1883 0.0.0.0' 'allow_anonymous true' \
		'log_dest none' >/mnt/mosquitto.conf
	mosquitto -c /mnt/mosquitto.conf >/dev/null 2>&1 &
	until_true 10 listening 1883
	until_true 10 eval '(: <>/dev/tcp/192.168.1.50/10081)'
	disown -a
}

# Whether the page has a command that is run.
runs_any() {
	local entry
	for entry in "$list"/*.command; do
		[ ! -f "$entry" ] ||
			left_out "$page" "$(cat "$entry")" >"$list/why" ||
			return 0
	done
	return 1
}

run_page() {
	local entry
	page=$1
	unset HM_CONFIG DTU_HOST MQTT_BROKER DATABASE_PATH LOG_LEVEL HM_LOCK_DIR
	unset MAKEFLAGS MFLAGS MAKELEVEL TMPDIR
	[ "${HM_BIN%/sanitize/bin}" = "$HM_BIN" ] || export SANITIZE=1
	# Otherwise the test would wait a minute for the second poll.
	export QUERY_PERIOD=5 HM_STORE_DELAY=0.2
	read_page
	: >"$list/done"
	same "$page: every block is either commands or data" \
		"$(cat "$list/strange")" ""
	modbus=
	if runs_any; then
		make_place
		start_servers
		prepare
	fi
	set -m
	running=
	last=0
	for entry in "$list"/*.command; do
		[ ! -f "$entry" ] || run_one "${entry%.command}"
	done
	stop
	cd /
	finish
}

# Every page has its own process; all processes that it starts end with it.
spaces=(unshare --net --mount --propagation private --pid --fork --kill-child
	--mount-proc)

can_run() {
	"${spaces[@]}" sh -c 'mount -t tmpfs tmpfs /mnt && cd /mnt &&
		mkdir u w && mount -t overlay overlay \
		-o lowerdir=/etc,upperdir=/mnt/u,workdir=/mnt/w /etc'
}

if [ "${1:-}" = --page ]; then
	# Elsewhere it would mount over the directories of the machine.
	[ $$ -eq 1 ] || { echo "--page needs namespaces of its own" >&2; exit 1; }
	run_page "$2"
fi
if [ "$(id -u)" -ne 0 ] || ! can_run 2>/dev/null; then
	skip "the commands of the pages" "needs root, and namespaces with overlays"
	finish
fi
pages=()
for page in "$root"/README.md "$root"/docs/*.md; do
	page=${page#"$root"/}
	pages+=("$page")
	# Jobs in the background of a script ignore SIGINT unless it is reset.
	TMPDIR=$work env --default-signal=INT "${spaces[@]}" "$0" \
		--page "$page" >"$work/${page//\//-}.tap" 2>&1 &
	pids+=($!)
done
for i in "${!pages[@]}"; do
	page=${pages[i]}
	wait "${pids[i]}"
	take_in "$work/${page//\//-}.tap"
	check "$page is run to its end" grep -q '^1\.\.' \
		"$work/${page//\//-}.tap"
done
check "commands are found" test \
	"$(cat "$work"/*.tap | grep -c '^ok - [^ ]*:[0-9]')" -ge 40
finish
