#!/bin/bash
# The files of s6/container against each other, the settings and the pages. The
# image itself is built and run by make check-container.
# shellcheck source=tests/lib/lib.sh
. "$(dirname "$0")/../lib/lib.sh"
root=$(cd "$(dirname "$0")/../.." && pwd)
here=$root/s6/container
compose=$here/compose.yaml
unset HM_CONFIG DTU_HOST MQTT_BROKER DATABASE_PATH

# The composed services as JSON, whichever client there is: "" without one.
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

# What compose.yaml itself reads.
interpolated() {
	grep -o "\${[A-Z_]*" "$compose" | cut -c 3- | sort -u
}

# NAMEs of env.example, whether commented or not.
examples() {
	sed -n 's/^#*\([A-Z_][A-Z_]*\)=.*/\1/p' "$here/env.example" | sort
}

# Those of the settings, from the page that is held against the code.
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

# What the image sets, for good reason, and what only cron or the loggers of
# another place can use.
ours() {
	image_environment
	printf '%s\n' HM_METRICS_TEXTFILE HM_DURABLE HM_NOTIFY_FD MAX_BYTES \
		BACKUP_COUNT
}

# Environment

check "settings are passed on" test "$(forwarded | wc -l)" -gt 50
same "every setting is passed on, or is the image's" \
	"$(comm -13 <({ forwarded; ours; } | sort -u) <(settings))" ""
same "nothing else is passed on" \
	"$(forwarded | comm -23 - <(settings))" ""
same "nothing is passed on twice" "$(forwarded | uniq -d)" ""
same "what the image sets is not passed on" \
	"$(forwarded | comm -12 - <(ours | sort))" ""
same "every name in env.example is used" \
	"$(examples | comm -23 - <({ forwarded; interpolated; } | sort -u))" ""
same "no name is there twice" "$(examples | uniq -d)" ""
same "every name that only compose.yaml reads is in env.example" \
	"$(interpolated | comm -23 - <(examples))" ""

# Of the program of before, its names that still mean something. Files that it
# named, and what the image sets, are for compose.yaml.
sed -n 's/^\([A-Z_]*\)=.*/\1/p' "$root/tests/data/bridge.env" | sort |
	comm -12 - <(settings) | comm -23 - <(ours | sort) >"$work/bridge"
check "the names of hoymiles-mqtt are known" test -s "$work/bridge"
same "env.example has them all" "$(comm -23 "$work/bridge" <(examples))" ""
same "the port and its address are those of the host" \
	"$(grep -c "\${HEALTH_HOST:-.*}:\${HEALTH_PORT:-.*}:8080\"" "$compose")" 1

chain() {
	sed -n 's/^hm-//p' "$root/s6/chain"
}

# check_tools NAME COMMAND ...: what all tools say of their settings.
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

# The lines as they are, and those that are commented out instead, in which
# files are named.
mapfile -t plain < <(values "$here/env.example")
mapfile -t commented < <(sed -n 's/^#\([A-Z_]*=\)/\1/p' "$here/env.example" |
	values - | grep -v '^DTU_CONFIGS=\|^HM_CONFIG=' |
	sed "s,/config/.*,$work/file,")
touch "$work/file"
check "env.example sets something" test "${#plain[@]}" -ge 4
check_tools "env.example" "${plain[@]}"
check "... and tells of more" test "${#commented[@]}" -ge 30
check_tools "env.example, all lines" DTU_HOST=127.0.0.1 \
	MQTT_BROKER=127.0.0.1 "${commented[@]}"
configs=$(sed -n "s/^#DTU_CONFIGS='\(.*\)'/\1/p" "$here/env.example")
same "its DTU_CONFIGS are two DTUs" "$(env -i DTU_CONFIGS="$configs" \
	"$HM_BIN/hm-poll" --check | grep -c '^  - name')" 2
check_tools "config.yaml.example" HM_CONFIG="$here/config.yaml.example" \
	MQTT_BROKER=mosquitto
same "config.yaml.example has nothing that compose.yaml would hide" \
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

# What a service says of a key: its lines, less indentation.
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
	same "$name is published on loopback only, unless told otherwise" \
		"$(service "$name" ports | grep -o '"[^"]*"' |
			grep -vc '^"${[A-Z]*_HOST:-127\.0\.0\.1}:')" 0
done
same "Grafana's network has the data source" \
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

# Words of which the page has no \`word\`.
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
	same "... and on the page" "$(unnamed $(entries services))" ""
	same "so are the volumes" "$(unnamed $(named_volumes |
		grep -v 'prometheus\|grafana'))" ""
	same "so are the addresses" \
		"$(unnamed $(interpolated | grep '_HOST$'))" ""
	same "so is what the image sets" "$(unnamed $(image_environment))" ""
}

# Prometheus

same "prometheus.yml is that of docs, but for the address" \
	"$(sed 's/127\.0\.0\.1:8080/hoymiles-mqtt:8080/' \
		"$root/docs/prometheus/prometheus.yml" |
		diff - prometheus/prometheus.yml)" ""
mkdir "$work/prometheus"
service prometheus volumes | tr ' ' '\n' |
	sed -n 's,^\(\..*\):/etc/prometheus/\(.*\):ro,\1 \2,p' |
	while read -r from to; do cp "$from" "$work/prometheus/$to"; done
check "promtool takes what is mounted" \
	promtool check config "$work/prometheus/prometheus.yml"
sed -i 's/# - recording/- recording/' "$work/prometheus/prometheus.yml"
check "... with the recording rules, too" \
	promtool check config "$work/prometheus/prometheus.yml"

# The broker: no password inside, no way in from outside without one.
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
touch "$work/data/passwd"
[ "$(id -u)" -ne 0 ] || chown -R mosquitto "$work/data"
mosquitto -c "$work/mosquitto.conf" >"$work/mosquitto.log" 2>&1 &
broker=$!
pids+=("$broker")
check "mosquitto takes mosquitto.conf" until_true 10 listening "$outer"
publish() {
	mosquitto_pub -h 127.0.0.1 -p "$@" -t t -m m
}
check "the services beside it need no password" publish "$inner"
check "others do" eval "! publish $outer"
check "... and have none at first" eval "! publish $outer -u solar -P secret"
mosquitto_passwd -b "$work/data/passwd" solar secret
kill -HUP "$broker"
check "until one is made" until_true 10 publish "$outer" -u solar -P secret
check "another does not do" eval "! publish $outer -u solar -P secre"
kill "$broker"
wait "$broker"

# The image

fragment() {
	sed -n "s/^$1 //p" "$here/Dockerfile" | tail -n 1
}

same "the image is not root's" "$(fragment USER)" 10081:10081
same "... by the number of hm" \
	"$(grep -c 'useradd .*--uid 10081 ' "$here/Dockerfile")" 1
same "it stops as s6-svscan does" "$(fragment STOPSIGNAL)" SIGTERM
same "what is copied from here is there" \
	"$(sed -n 's/^COPY \([a-zM][^ ]*\) .*/\1/p' "$here/Dockerfile" |
		while read -r file; do [ -e "$root/$file" ] || echo "$file"; done)" ""
same "what is copied gets past .dockerignore" "$(
	sed -n 's/^COPY \([a-zM][^ ]*\) .*/\1/p' "$here/Dockerfile" |
		while read -r file; do
			grep -qxF "!$file" "$root/.dockerignore" || echo "$file"
		done)" ""
same "the list of what a build needs is the Makefile's" \
	"$(env -u MAKEFLAGS -u MFLAGS make -s -C "$root" build-packages |
		tr ' ' '\n' | grep -c '^gcc$\|^libsqlite3-dev$')" 2
if command -v hadolint >/dev/null; then
	check "hadolint has nothing to say" hadolint "$here/Dockerfile"
else
	skip "hadolint has nothing to say" "there is none"
fi

# The health check, as the image has it.
port=$(free_port)
HEALTH_PORT=$port "$here/healthcheck" >"$work/out" 2>&1
same "nobody there is not healthy" $? 1
mkfifo "$work/stream"
DTU_HOST=127.0.0.1 hm-metrics --port "$port" <"$work/stream" >/dev/null &
pids+=($!)
exec 5>"$work/stream"
check "hm-metrics listens" until_true 10 listening "$port"
HEALTH_PORT=$port "$here/healthcheck" >"$work/out" 2>&1
same "nor is a chain that has read no DTU" $? 1
check "... and it says what is missing" grep -q 'failed$' "$work/out"
now=$(date -u +%Y-%m-%dT%H:%M:%SZ)
echo '{"type":"dtu","time":"'"$now"'","dtu":"DTU","serial":"1","pv_power":1}' >&5
echo '{"type":"stats","time":"'"$now"'","tool":"hm-poll"}' >&5
is_ready() {
	HEALTH_PORT=$port "$here/healthcheck" >"$work/out" 2>&1
}
check "one that has is" until_true 10 is_ready
same "... and says so" "$(cat "$work/out")" OK
exec 5>&-
finish
