#!/bin/bash
# pipelines/import-settings: the settings of hoymiles-mqtt become a
# hoymiles.yaml that hm accepts, and reads as the old program did.
# shellcheck source=tests/lib/lib.sh
. "$(dirname "$0")/../lib/lib.sh"
unset HM_CONFIG DTU_HOST MQTT_BROKER DATABASE_PATH
root=$(cd "$(dirname "$0")/../.." && pwd)

import() {
	"$root/pipelines/import-settings" "$@" 2>"$work/said"
}

# settings OF TOOL: what the tool makes of the file, with values that were set.
settings() {
	env -i PATH="$PATH" "$1" -c "$work/hoymiles.yaml" --check \
		2>/dev/null | sed -n 's/  # .*hoymiles.yaml:.*//p'
}

# Every setting of 0.11 and 0.12, as in the kept .env. An INI file may have
# them with a =, a colon or a space, and flags alone.
settings=$root/tests/data/bridge.env
of_successor='^\(DB_\|INFLUXDB_\|POSTGRES_\|GRAFANA_\)'
{
	echo '# made by hand'
	echo '[hoymiles]'
	echo
	grep -v "$of_successor" "$settings" | awk -F= '{
		key = tolower($1)
		gsub(/_/, "-", key)
		value = substr($0, length($1) + 2)
		separator = NR % 3 == 0 ? " = " : NR % 3 == 1 ? ": " : "="
		print value == "true" ? key : key separator value
	}'
	echo '; the end'
} >"$work/old.ini"
import "$work/old.ini" >"$work/hoymiles.yaml"
same "an INI file with all settings is imported" $? 0
same "... with each line" "$(grep -v "$of_successor" "$settings" |
	sed 's/=.*//; s/.*/\L&/' | while read -r key; do
		grep -q "^#\? \?$key: " "$work/hoymiles.yaml" ||
			grep -q "import-settings: $key: has no effect" \
				"$work/said" || echo "$key"
	done)" ""
same "... and hm needs another database" \
	"$(grep database_path "$work/hoymiles.yaml")" \
	"# database_path: /var/lib/hm/hoymiles.db"
sed -n 's/^RETIRED("\([a-z_]*\)".*/\1/p' "$root/lib/config/retired.def" |
	grep -v '^db_\|^influxdb_' | sort >"$work/retired"
same "what has no effect is left out" "$(sed -n \
	's/.* \([a-z_]*\): has no effect in hm.*/\1/p' "$work/said" | sort)" \
	"$(cat "$work/retired")"

# The same values as from the .env.
# shellcheck disable=SC2016 # the inner shell is to expand it
for tool in hm-poll hm-filter hm-alert hm-store hm-ha-discovery hm-publish \
	hm-metrics; do
	same "$tool reads what it reads in the .env" "$(settings $tool)" \
		"$(grep -v "$of_successor\|^DATABASE_PATH" "$settings" |
			tr '\n' '\0' | (cd "$work" && xargs -0 sh -c \
			'tool=$1; shift; exec env -i PATH="$PATH" "$@" \
			"$tool" --check' - $tool) 2>/dev/null |
			sed -n 's/  # [A-Z_]*$//p')"
done

# A unit, with a file of settings, an environment and options.
cat >"$work/file.ini" <<'EOF'
dtu-host = 192.168.1.51
query-period = 30
mqtt-broker = file
mqtt-user = "solar power"
EOF
echo 'MQTT_USER="from the file"' >"$work/env"
cat >"$work/old.service" <<EOF
[Unit]
Description=Hoymiles
[Service]
Environment="MQTT_PASSWORD=pa \\"ss #1" BROKER=192.168.1.2 PYTHONUNBUFFERED=1
Environment=MQTT_PORT=8883
EnvironmentFile=-$work/env
ExecStart=/usr/bin/python3 -m hoymiles_mqtt -c $work/file.ini \\
    --mqtt-broker \${BROKER} --mqtt-port=1884 --mqtt-tls \\
    --mi-entities grid_voltage alarm_code --exclude-inverters 116180215546 \\
    --mqtt-topic-prefix 'a\$\$b %% c' --log-to-console
Restart=always
EOF
import "$work/old.service" >"$work/hoymiles.yaml"
same "a unit is imported" "$? $(sort "$work/hoymiles.yaml")" \
	"0 $(sort <<'EOF'
dtu_host: "192.168.1.51"
query_period: 30
mqtt_broker: "192.168.1.2"
mqtt_user: "from the file"
mqtt_password: "pa \"ss #1"
mqtt_port: 1884
mqtt_tls: true
mi_entities: ["grid_voltage", "alarm_code"]
exclude_inverters: [116180215546]
mqtt_topic_prefix: "a$b % c"
EOF
)"

# A command line, of docker run or a shell.
import -- hoymiles-mqtt --dtu-host 192.168.1.51 --mqtt-broker=b \
	--port-entities pv_power today_production >"$work/hoymiles.yaml"
same "a command line is imported" "$? $(cat "$work/hoymiles.yaml")" \
	'0 dtu_host: "192.168.1.51"
mqtt_broker: "b"
port_entities: ["pv_power", "today_production"]'
same "... and hm-ha-discovery reads the list" "$(settings hm-ha-discovery |
	grep entities)" 'port_entities: [pv_power, today_production]'

# Empty values, comments, and values that look like YAML
cat >"$work/comments.ini" <<'END'
dtu-host = 192.168.1.51  # on the roof
mqtt-broker = "b" ; the broker
mqtt-user =
mqtt-client-id: ""
mqtt-password = 'pa #1'
mqtt-topic-prefix = [home] {a}
mqtt-tls-ca-cert = /a#b;c
mqtt-tls # on
mi-entities = [grid_voltage, alarm_code] # two
entity-friendly-names = {"pv_power": "now # W"} ; one
END
import "$work/comments.ini" >"$work/hoymiles.yaml"
same "comments and empty values are left out, brackets are text" \
	"$? $(cat "$work/hoymiles.yaml")" '0 dtu_host: "192.168.1.51"
mqtt_broker: "b"
mqtt_password: "pa #1"
mqtt_topic_prefix: "[home] {a}"
mqtt_tls_ca_cert: "/a#b;c"
mqtt_tls: true
mi_entities: ["grid_voltage", "alarm_code"]
entity_friendly_names: {"pv_power": "now # W"}'

# Mistakes
echo 'dtu-host: a
dtu-hots: b' >"$work/typo.ini"
import "$work/typo.ini" >"$work/hoymiles.yaml"
same "a misspelt name is reported and left out" \
	"$? $(cat "$work/hoymiles.yaml" "$work/said")" "0 dtu_host: \"a\"
import-settings: $work/typo.ini:2: \"dtu-hots\" is no setting of hoymiles-mqtt; it is left out"
import -- --dtu-host a --query-period 1 >"$work/hoymiles.yaml"
same "a value that hm refuses is reported" $? 78
check "... with its line" grep -q '^hm-poll: error: hoymiles.yaml:2:.*"1"' \
	"$work/said"
import "$work/none" >/dev/null
same "a file that is missing is an error" "$? $(cat "$work/said")" \
	"65 import-settings: error: $work/none: cannot be read"
echo 'x {' >"$work/other"
echo '}' >>"$work/other"
import "$work/other" >/dev/null
same "another file is an error, too" "$? $(tail -n 1 "$work/said")" \
	"65 import-settings: error: $work/other:2: found \"}\", which is no setting"
same "no temporary directory is left" \
	"$(find "${TMPDIR:-/tmp}" -maxdepth 1 -newer "$work/old.ini" \
		-name 'import-settings.*')" ""
finish
