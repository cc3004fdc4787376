# Sourced after lib.sh by tests of the page: a real browser, which chromedriver
# drives at $driver. The test sets `zone`, the browser's time zone.
# shellcheck shell=bash disable=SC2034,SC2154

tab='"\ue004"' enter='"\ue007"' escape='"\ue00c"' # as JSON has them
home='"\ue011"' left='"\ue012"' right='"\ue014"' down='"\ue015"'

# start_browser: sets `session`, which stays empty if there is no browser.
start_browser() {
	local driver_port
	driver_port=$(free_port)
	driver=http://127.0.0.1:$driver_port
	mkdir "$work/tmp"
	TZ=$zone LC_ALL=C.UTF-8 LANGUAGE=en HOME=$work TMPDIR=$work/tmp \
		chromedriver --port="$driver_port" >"$work/driver.log" 2>&1 &
	pids+=($!)
	until_true 10 listening "$driver_port"
	session=$(curl -s --max-time 60 "$driver/session" -d '{"capabilities":
		{"alwaysMatch": {"goog:loggingPrefs": {"browser": "ALL"},
		"goog:chromeOptions": {"args": ["--headless=new", "--no-sandbox",
		"--disable-gpu", "--disable-dev-shm-usage",
		"--window-size=1280,1000"]}}}}' |
		jq -r '.value.sessionId // empty')
}

# end_browser: the browser ends, and chromedriver is left to the test's end.
end_browser() {
	curl -s -X DELETE "$driver/session/$session" >/dev/null
}

# ask PATH [JSON]: what the driver answers.
ask() {
	curl -s --max-time 30 "$driver/session/$session$1" \
		-H 'Content-Type: application/json' ${2:+-d "$2"} |
		jq -r 'if .value | type == "object" and has("error") then
			"failed: " + .value.message else .value end'
}

# js EXPRESSION
js() {
	ask /execute/sync "$(jq -n --arg script "return ($1)" \
		'{script: $script, args: []}')"
}

# is EXPRESSION VALUE
is() {
	[ "$(js "$1")" = "$2" ]
}

cdp() {
	ask /goog/cdp/execute "$(jq -n --arg cmd "$1" --argjson params "$2" \
		'{cmd: $cmd, params: $params}')" >/dev/null
}

# press KEY ...
press() {
	local key
	for key in "$@"; do
		ask /actions "$(jq -n --argjson key "$key" '{actions: [{type: "key",
			id: "keys", actions: [{type: "keyDown", value: $key},
			{type: "keyUp", value: $key}]}]}')" >/dev/null
	done
}

# width_of PIXELS: the browser is a screen of this width.
width_of() {
	cdp Emulation.setDeviceMetricsOverride "{\"width\": $1, \"height\": 740,
		\"deviceScaleFactor\": 2, \"mobile\": true}"
}

# What the browser logged as an error.
browser_errors() {
	ask /se/log '{"type": "browser"}' | jq -r '.[].message'
}
