#!/bin/bash
# The files of s6/container against each other, the settings and the pages. The
# image itself is built and run by make check-container.
# shellcheck source=tests/lib/lib.sh
. "$(dirname "$0")/../lib/lib.sh"
root=$(cd "$(dirname "$0")/../.." && pwd)
here=$root/s6/container
compose=$here/compose.yaml
unset HM_CONFIG DTU_HOST MQTT_BROKER DATABASE_PATH

# The command of the compose client of this machine; empty if there is none.
client() {
	if docker compose version >/dev/null 2>&1; then
		echo docker compose
	elif command -v docker-compose >/dev/null; then
		echo docker-compose
	fi
}

compose_with() {
	# Two words are a command and its first argument.
	# shellcheck disable=SC2046
	$(client) -f "$compose" --env-file "$1" "${@:2}" config
}

# NAME of the environment that the service gets.
forwarded() {
	sed -n '/^    ports:/q; s/^      - \([A-Z_]*\)\(=.*\)*$/\1/p' \
		"$compose" | sort
}

# The variables that compose.yaml itself reads.
interpolated() {
	grep -o "\${[A-Z_]*" "$compose" | cut -c 3- | sort -u
}

# NAMEs of env.example, whether commented or not.
examples() {
	sed -n 's/^#*\([A-Z_][A-Z_]*\)=.*/\1/p' "$here/env.example" | sort
}

# The variables of all settings, from docs/configuration.md.
settings() {
	# The backquotes are the page's.
	# shellcheck disable=SC2016
	sed -n '/settings begin/,/settings end/s/^|[^|]*| `\([A-Z_]*\)` |.*/\1/p' \
		"$root/docs/configuration.md" | sort
}

image_environment() {
	sed -n '/^ENV /,/[^\\]$/s/^\(ENV\)* *\([A-Z_]*\)=.*/\2/p' \
		"$here/Dockerfile" | grep -v SQLITE
}

# Variables that users do not set here: those that the image sets, and those for
# cron and supervisors.
ours() {
	image_environment
	printf '%s\n' HM_METRICS_TEXTFILE HM_DURABLE HM_NOTIFY_FD MAX_BYTES \
		BACKUP_COUNT
	# hm-limit is not in the chain, and messages are for it.
	settings | grep '^HM_LIMIT_'
	echo HM_SUBSCRIBE_TOPICS
}

# Environment

check "settings are passed on" test "$(forwarded | wc -l)" -gt 50
same "compose.yaml passes on every setting, except ours()" \
	"$(comm -13 <({ forwarded; ours; } | sort -u) <(settings))" ""
same "nothing else is passed on" \
	"$(forwarded | comm -23 - <(settings))" ""
same "nothing is passed on twice" "$(forwarded | uniq -d)" ""
same "variables that the image sets are not passed on" \
	"$(forwarded | comm -12 - <(ours | sort))" ""
same "every name in env.example is used" \
	"$(examples | comm -23 - <({ forwarded; interpolated; } | sort -u))" ""
same "no name is there twice" "$(examples | uniq -d)" ""
same "every name that only compose.yaml reads is in env.example" \
	"$(interpolated | comm -23 - <(examples))" ""

# The variables of hoymiles-mqtt that are settings of hm, without ours().
sed -n 's/^\([A-Z_]*\)=.*/\1/p' "$root/tests/data/bridge.env" | sort |
	comm -12 - <(settings) | comm -23 - <(ours | sort) >"$work/bridge"
check "there are variables of hoymiles-mqtt" test -s "$work/bridge"
same "env.example has them all" "$(comm -23 "$work/bridge" <(examples))" ""
same "HEALTH_HOST and HEALTH_PORT are of the host" \
	"$(grep -c "\${HEALTH_HOST:-.*}:\${HEALTH_PORT:-.*}:8080\"" "$compose")" 1

chain() {
	sed -n 's/^hm-//p' "$root/s6/chain"
}

# check_tools NAME VARIABLE=VALUE ...: every tool accepts these settings.
check_tools() {
	local name=$1 tool status
	shift
	for tool in $(chain); do
		env -i PATH="$PATH" DATABASE_PATH="$work/hm.db" "$@" \
			"hm-$tool" --check >"$work/out" 2>"$work/err"
		status=$?
		same "$name: hm-$tool" "$status $(cat "$work/err")" "0 "
	done
}

# The lines of an environment file that the service gets.
values() {
	sed -n "s/^\([A-Z_]*\)='\(.*\)'\$/\1=\2/; /^[A-Z_]*=./p" "$@" |
		grep -E "^($(forwarded | paste -sd '|'))="
}

# The active lines, and the commented ones. Paths in those are replaced by a
# file that exists.
mapfile -t plain < <(values "$here/env.example")
mapfile -t commented < <(sed -n 's/^#\([A-Z_]*=\)/\1/p' "$here/env.example" |
	values - | grep -v '^DTU_CONFIGS=\|^HM_CONFIG=' |
	sed "s,/config/.*,$work/file,")
touch "$work/file"
check "env.example sets something" test "${#plain[@]}" -ge 4
check_tools "env.example" "${plain[@]}"
check "... and has commented lines" test "${#commented[@]}" -ge 30
check_tools "env.example, all lines" DTU_HOST=127.0.0.1 \
	MQTT_BROKER=127.0.0.1 "${commented[@]}"
configs=$(sed -n "s/^#DTU_CONFIGS='\(.*\)'/\1/p" "$here/env.example")
same "its DTU_CONFIGS are two DTUs" "$(env -i DTU_CONFIGS="$configs" \
	"$HM_BIN/hm-poll" --check | grep -c '^  - name')" 2
check_tools "config.yaml.example" HM_CONFIG="$here/config.yaml.example" \
	MQTT_BROKER=mosquitto
same "config.yaml.example sets nothing that compose.yaml overrides" \
	"$(sed -n 's/^\([a-z_]*\):.*/\1/p' "$here/config.yaml.example" |
		tr '[:lower:]' '[:upper:]' | grep -xE "MQTT_BROKER|$(ours | paste -sd '|')")" ""

# compose.yaml

# The paths of the host that are mounted.
mounted() {
	sed -n 's/^      - \(\.[^:]*\):.*/\1/p' "$compose"
}

cd "$here" || exit
check "files are mounted" test "$(mounted | wc -l)" -ge 6
same "they are there" "$(mounted | grep -v '^\./config$' |
	while read -r path; do [ -e "$path" ] || echo "$path"; done)" ""
if [ -z "$(client)" ]; then
	skip "docker compose config" "no compose client"
else
	touch "$work/empty"
	for profiles in "" "--profile with-ha" "--profile with-monitoring" \
		"--profile with-ha --profile with-monitoring"; do
		# Each is two words, or four.
		# shellcheck disable=SC2086
		check "compose config $profiles" \
			compose_with "$here/env.example" $profiles
	done
	check "compose config without .env" compose_with "$work/empty"
	check "compose config with the .env of the bridge" \
		compose_with "$root/tests/data/bridge.env"
fi

# service NAME KEY: the lines of this key of a service, without indentation.
service() {
	sed -n "/^  $1:/,/^  [a-z]/p" "$compose" |
		sed -n "/^    $2:/,/^    [a-z]/p" | sed '1!{/^    [a-z]/d}' |
		tr -s ' \n' ' '
}

same "the default services" "$(sed -n '/^services:/,/^[a-z]*works:/s/^  \([a-z-]*\):$/\1/p' "$compose" |
	while read -r name; do
		[ -n "$(service "$name" profiles)" ] || echo "$name"
	done | tr '\n' ' ')" "hoymiles-mqtt mosquitto "
same "with-ha" "$(service homeassistant profiles)" " profiles: - with-ha "
for name in prometheus grafana; do
	same "with-monitoring: $name" "$(service $name profiles)" \
		" profiles: - with-monitoring "
done
for name in hoymiles-mqtt mosquitto prometheus grafana; do
	same "$name has no capabilities" "$(service $name cap_drop)" \
		" cap_drop: - ALL "
	same "$name gets no privileges" "$(service $name security_opt)" \
		" security_opt: - no-new-privileges:true "
	same "$name cannot write its files" "$(service $name read_only)" \
		" read_only: true "
done
for name in mosquitto prometheus grafana; do
	# The dollar is compose's.
	# shellcheck disable=SC2016
	same "$name is published on loopback only by default" \
		"$(service "$name" ports | grep -o '"[^"]*"' |
			grep -vc '^"${[A-Z]*_HOST:-127\.0\.0\.1}:')" 0
done
same "Grafana's data source is the service prometheus" \
	"$(sed -n 's,.*url: http://\([^:]*\):.*,\1,p' \
		grafana/provisioning/datasources/*.yml)" prometheus
same "the dashboards are where the provider looks" \
	"$(sed -n 's/.*grafana-dashboard.json:\(.*\)\/[^/]*.json:ro/\1/p' "$compose")" \
	"$(sed -n 's/^ *path: //p' grafana/provisioning/dashboards/*.yml)"
same "the provisioning is where Grafana looks" "$(service grafana volumes |
	grep -c './grafana/provisioning:/etc/grafana/provisioning:ro')" 1

# The page

# Names of the entries of a top level section.
entries() {
	sed -n "/^$1:/,/^[a-z]*:\$/s/^  \([a-z-]*\):\$/\1/p" "$compose"
}

# unnamed WORD ...: the words that the page does not name as \`word\`.
unnamed() {
	local word
	for word; do
		grep -qF "\`$word\`" "$root/docs/containers.md" || echo "$word"
	done
}

named_volumes() {
	sed -n '/^volumes:/,$s/^    name: //p' "$compose"
}

# Each word is a name.
# shellcheck disable=SC2046
{
	same "services are five" "$(entries services | wc -l)" 5
	same "the page names the services" "$(unnamed $(entries services))" ""
	same "... the volumes" "$(unnamed $(named_volumes |
		grep -v 'prometheus\|grafana'))" ""
	same "... the addresses" \
		"$(unnamed $(interpolated | grep '_HOST$'))" ""
	same "... and the variables of the image" \
		"$(unnamed $(image_environment))" ""
}

# Prometheus

same "prometheus.yml is the same as in docs, except the address" \
	"$(sed 's/127\.0\.0\.1:8080/hoymiles-mqtt:8080/' \
		"$root/docs/prometheus/prometheus.yml" |
		diff - prometheus/prometheus.yml)" ""
mkdir "$work/prometheus"
service prometheus volumes | tr ' ' '\n' |
	sed -n 's,^\(\..*\):/etc/prometheus/\(.*\):ro,\1 \2,p' |
	while read -r from to; do cp "$from" "$work/prometheus/$to"; done
check "promtool accepts the mounted files" \
	promtool check config "$work/prometheus/prometheus.yml"
sed -i 's/# - recording/- recording/' "$work/prometheus/prometheus.yml"
check "... with the recording rules, too" \
	promtool check config "$work/prometheus/prometheus.yml"

# The broker: no password for the services, but one for everything else.
mkdir -m 755 "$work/data"
chmod 755 "$work"
inner=$(free_port)
outer=$((inner + 1))
while listening $outer; do outer=$((outer + 1)); done
sockets=$((outer + 1))
while listening $sockets; do sockets=$((sockets + 1)); done
sed "s,/mosquitto/data,$work/data,; s,^listener 1883,listener $inner 127.0.0.1,
	s,^listener 1884,listener $outer 127.0.0.1,
	s,^listener 9001,listener $sockets 127.0.0.1," \
	mosquitto/mosquitto.conf >"$work/mosquitto.conf"
(umask 077 && touch "$work/data/passwd")
[ "$(id -u)" -ne 0 ] || chown -R mosquitto "$work/data"
mosquitto -c "$work/mosquitto.conf" >"$work/mosquitto.log" 2>&1 &
broker=$!
pids+=("$broker")
check "mosquitto accepts mosquitto.conf" until_true 10 listening "$outer"
publish() {
	mosquitto_pub -h 127.0.0.1 -p "$@" -t t -m m
}
check "the other services need no password" publish "$inner"
check "other clients need one" eval "! publish $outer"
check "... which does not exist at first" \
	eval "! publish $outer -u solar -P secret"
check "mosquitto_passwd adds a user" \
	mosquitto_passwd -b "$work/data/passwd" solar secret
kill -HUP "$broker"
check "... who is accepted after a reload" until_true 10 \
	publish "$outer" -u solar -P secret
check "another password is refused" eval "! publish $outer -u solar -P secre"
kill "$broker"
wait "$broker"

# The image

fragment() {
	sed -n "s/^$1 //p" "$here/Dockerfile" | tail -n 1
}

same "the user of the image is not root" "$(fragment USER)" 10081:10081
same "... but hm" \
	"$(grep -c 'useradd .*--uid 10081 ' "$here/Dockerfile")" 1
same "it stops on SIGTERM" "$(fragment STOPSIGNAL)" SIGTERM
same "every file that it copies exists" \
	"$(sed -n 's/^COPY \([a-zM][^ ]*\) .*/\1/p' "$here/Dockerfile" |
		while read -r file; do [ -e "$root/$file" ] || echo "$file"; done)" ""
same "... and .dockerignore lets it through" "$(
	sed -n 's/^COPY \([a-zM][^ ]*\) .*/\1/p' "$here/Dockerfile" |
		while read -r file; do
			grep -qxF "!$file" "$root/.dockerignore" || echo "$file"
		done)" ""
same "... and no line chooses an architecture" \
	"$(sed '/^#/d' "$here/Dockerfile" |
		grep -E -e '--platform|amd64|x86|i386|arm|aarch64')" ""
same "the Makefile lists the packages of a build" \
	"$(env -u MAKEFLAGS -u MFLAGS make -s -C "$root" build-packages |
		tr ' ' '\n' | grep -c '^gcc$\|^libsqlite3-dev$')" 2
if command -v hadolint >/dev/null; then
	check "hadolint finds no problem" hadolint "$here/Dockerfile"
else
	skip "hadolint finds no problem" "hadolint is not installed"
fi

# The health check, as the image has it.
port=$(free_port)
HEALTH_PORT=$port "$here/healthcheck" >"$work/out" 2>&1
same "without hm-metrics the container is not healthy" $? 1
mkfifo "$work/stream"
DTU_HOST=127.0.0.1 hm-metrics --port "$port" <"$work/stream" >/dev/null &
pids+=($!)
exec 5>"$work/stream"
check "hm-metrics listens" until_true 10 listening "$port"
HEALTH_PORT=$port "$here/healthcheck" >"$work/out" 2>&1
same "... nor if no DTU has been read" $? 1
check "... and the check prints what is missing" grep -q 'failed$' "$work/out"
now=$(date -u +%Y-%m-%dT%H:%M:%SZ)
echo '{"type":"dtu","time":"'"$now"'","dtu":"DTU","serial":"1","pv_power":1}' >&5
echo '{"type":"stats","time":"'"$now"'","tool":"hm-poll"}' >&5
is_ready() {
	HEALTH_PORT=$port "$here/healthcheck" >"$work/out" 2>&1
}
check "with a reading it is healthy" until_true 10 is_ready
same "... and the check prints OK" "$(cat "$work/out")" OK
exec 5>&-
finish
