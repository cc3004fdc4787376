# Sourced after lib.sh: a real Home Assistant in the tree $HA_TREE, on the port
# $ha_port, with its configuration in $home, and a broker on $broker_port. There
# $work is /cfg. If home_clock is set, these are the variables of its clock.
# shellcheck shell=bash disable=SC2034,SC2154

home=$work/home
ha_port=$(free_port)
broker_port=$(free_port)
home_runs=0
home_clock=()

# Waits end with what they wait for. Their bounds are for any load, which may also
# come after they have begun.
patience() {
	echo 8
}

# ask VERB [WORD ...]: what Home Assistant answers; see ask.py.
ask() {
	local verb=$1
	shift
	chroot "$HA_TREE" /ha/bin/python /cfg/home/ask.py "$ha_port" \
		"$verb" /cfg/home/token "$@"
}

call() {
	ask call "$@"
}

# service DOMAIN/NAME [JSON]
service() {
	ask post "/api/services/$1" "${2:-{\}}" >/dev/null
}

# Make the statistics of all periods of five minutes that are over.
compile() {
	service hm_test/compile
}

configure_home() {
	mkdir -p "$home/custom_components"
	cp -r "$here/hm_test" "$home/custom_components/"
	cp "$here/ask.py" "$home/"
	mount --bind "$work" "$HA_TREE/cfg"
	cat >"$home/configuration.yaml" <<-END
		homeassistant:
		  name: Home
		  time_zone: Europe/Berlin
		  latitude: 52.5
		  longitude: 13.4
		  elevation: 30
		  unit_system: metric
		  currency: EUR
		  country: DE
		http:
		  server_host: 127.0.0.1
		  server_port: $ha_port
		api:
		recorder:
		  commit_interval: 0
		history:
		energy:
		hm_test:
		logger:
		  default: info
	END
}

# Start it; it is up when this returns.
start_home() {
	home_runs=$((home_runs + 1))
	chroot "$HA_TREE" env -i PATH=/ha/bin:/usr/bin:/bin HOME=/root \
		LANG=C.UTF-8 "${home_clock[@]}" /ha/bin/hass -c /cfg/home \
		--skip-pip --log-file "/cfg/home/run.$home_runs.log" >"$work/hass.out" 2>&1 &
	hass=$!
	pids+=("$hass")
	until_true 60 answers || {
		fail "Home Assistant starts"
		tail -n 20 "$work/hass.out" "$home/run.$home_runs.log" | sed 's/^/# /'
		finish
	}
}

answers() {
	kill -0 "$hass" && [ "$(curl -s -o /dev/null -w '%{http_code}' \
		"http://127.0.0.1:$ha_port/api/")" = 401 ]
}

is_running() {
	[ "$(call get_config | jq -r .state)" = RUNNING ]
}

stop_home() {
	kill "$hass"
	wait "$hass" 2>/dev/null
}

# entities: one line a unique id: the entity's registry entry and its state.
entities() {
	call config/entity_registry/list >"$work/registry"
	call get_states >"$work/states"
	jq -c --slurpfile states "$work/states" '
	    ($states[0] | map({key: .entity_id, value: .}) | from_entries) as $state |
	    .[] | select(.platform == "mqtt") | . + {now: $state[.entity_id]}' \
	    "$work/registry"
}

# Warnings and errors of the parts that deal with our messages. Others are about
# this small installation, and about its end long ago by a clock that was set.
complaints() {
	grep -E ' (WARNING|ERROR|CRITICAL) .*\[homeassistant\.(components\.(mqtt|sensor|binary_sensor|event|number|switch|button|recorder|energy|history)|helpers)' \
		-h "$home"/run.*.log | grep -vE 'custom integration hm_test|shutdown cleanly|'\
'(connect to|from) MQTT server' || :
}

# Issues but those about how it is installed.
issues() {
	call repairs/list_issues | jq -c '.issues[] | select(.domain != "http") |
	    select(.issue_id | startswith("deprecated_method") | not) |
	    [.domain, .issue_id]'
}
