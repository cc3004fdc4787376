#!/bin/bash
# A chain that hm 0.1.0 has started keeps working, and changes to the new tools,
# when the new version is installed over it.
# shellcheck source=tests/lib/lib.sh
. "$(dirname "$0")/../lib/lib.sh"
# shellcheck source=tests/lib/supervised.sh
. "$(dirname "$0")/../lib/supervised.sh"
unset HM_CONFIG DTU_HOST MQTT_BROKER DATABASE_PATH HM_LOG_DIR
unset MAKEFLAGS MFLAGS MAKELEVEL

root=$(cd "$(dirname "$0")/../.." && pwd)
prefix=$work/root/opt/hm
share=$prefix/share/hm/s6
services="poll decode filter alert store ha-discovery publish metrics"

# tests/data/s6-0.1.0 has "== MODE PATH" before the lines of each file that
# 0.1.0 installed in share/hm/s6.
install_old() {
	local mode path line
	while IFS= read -r line; do
		case $line in
		"== "*)
			read -r _ mode path <<<"$line"
			install -D -m "$mode" /dev/null "$share/$path"
			;;
		*) printf '%s\n' "$line" >>"$share/$path" ;;
		esac
	done <"$root/tests/data/s6-0.1.0"
	install -D -t "$prefix/bin" "$HM_BIN"/hm-*
}

# Install as a package does: files that the new version lacks are removed.
install_new() {
	rm -r "$share"
	make -s -C "$root" -o all BIN="${HM_BIN#"$root"/}" DESTDIR="$work/root" \
		PREFIX=/opt/hm install
}

start_chain() {
	PATH=$prefix/bin:$PATH HM_CHAIN=$$ HM_CONFIG=$work/hm.yaml \
		HM_LOG_DIR=$work/log "$share/start" "$live" \
		>>"$work/svscan.log" 2>&1 &
	svscan=$!
}

stop_chain() {
	s6-svscanctl -t "$scan"
	wait "$svscan"
}

numbers() {
	local service
	for service in pipes $services; do
		stat_of "$service" pid
	done
}

# is_new SERVICE: whether it runs the installed program, not a replaced one.
is_new() {
	[ "$(readlink "/proc/$(stat_of "$1" pid)/exe")" = "$prefix/bin/hm-$1" ]
}

# The pipes that the tools read and write.
joined() {
	local service pid
	for service in $services; do
		pid=$(stat_of "$service" pid)
		readlink "/proc/$pid/fd/0" "/proc/$pid/fd/1"
	done
}

# The polls that have passed all tools, from the metrics.
polls() {
	metrics | awk '/^hoymiles_polls_total{/ { sum += $2 } END { print +sum }'
}

flows() {
	until_true 20 polled_since "$(polls)"
}

deaths() {
	metrics | sed -n 's/^hoymiles_tool_deaths_total{tool="hm-\(.*\)"} 1$/\1/p' |
		sort | xargs
}

all_deaths() {
	[ "$(deaths)" = "$(xargs -n 1 <<<"$services" | sort | xargs)" ]
}

start_sim plant --transport modbus --dtus 5
cat >"$work/hm.yaml" <<-EOF
	dtu_configs: [$(printf '{uri: "%s"}, ' "${uris[@]}" | sed 's/, $//')]
	query_period: 5
	mqtt_enabled: false
	database_path: $work/hm.db
	health_port: $page
	stats_period: 1
	log_level: ERROR
EOF

install_old
start_chain
check "the chain of 0.1.0 starts" until_true 10 all_ready
check "... and works" flows
before=$(numbers)
pipes=$(joined)
check "make install over it" install_new
same "... leaves no link without a file" "$(find -L "$scan" -type l)" ""
check "the chain keeps working" flows
same "... in the same processes" "$(numbers)" "$before"
for service in $services; do
	s6-svc -h "$scan/$service"
done
check "... after a reload, too" flows
same "... in the same processes" "$(numbers)" "$before"

# hm-metrics first, because it counts the deaths in memory.
for service in metrics pipes ${services% metrics}; do
	check "$service is restarted after kill -9" murder "$service"
	[ "$service" = pipes ] ||
		check "... with the new program" is_new "$service"
done
same "... between the same pipes" "$(joined)" "$pipes"
check "... and all deaths are counted" until_true 5 all_deaths
check "... and records pass all tools" flows
for service in $services; do
	check "the logger of $service is restarted" murder "$service/log"
	check "... and s6-svc -r restarts $service" s6-svc -wR -T 10000 -r \
		"$scan/$service"
done
check "... and records pass all tools" flows
stop_chain
same "the chain stops and leaves no process" \
	"$? $(chain_processes)" "0 "
same "... with polls in the database" "$(sqlite3 "$work/hm.db" \
	'SELECT count(*) > 0 FROM dtu; PRAGMA integrity_check' | xargs)" "1 ok"

start_chain
check "a new chain starts" until_true 10 all_ready
same "... without links to s6/scan, which is for chains of 0.1.0" \
	"$(find "$scan" -lname "$share/scan/*")" ""
check "... and works" flows
stop_chain
same "... and stops" "$? $(chain_processes)" "0 "
same "only the kills were logged" "$(cat "$work/svscan.log" \
	"$work"/log/*/* 2>/dev/null | grep -v 'ended by signal 9$')" ""
finish
