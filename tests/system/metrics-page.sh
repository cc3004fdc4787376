#!/bin/bash
# The page of hm-metrics in a real browser: it shows the plant, follows the
# stream, and works on a phone, with dark colours and by keyboard.
# shellcheck source=tests/lib/lib.sh
. "$(dirname "$0")/../lib/lib.sh"
unset HM_CONFIG DTU_HOST DATABASE_PATH TIMEZONE

# chromedriver connects to the browser by the name localhost.
if ! getent hosts localhost >/dev/null; then
	skip "the page in a browser" "no address has the name localhost"
	finish
fi
port=$(free_port)
driver_port=$(free_port)
while [ "$driver_port" = "$port" ]; do driver_port=$(free_port); done
driver=http://127.0.0.1:$driver_port

# A time zone where it is about noon now, so that today has a morning.
hour=$((10#$(date -u +%H)))
zone=Etc/GMT$(printf '%+d' $((hour - 12)))

now() {
	date -u -d "${1-now}" +%Y-%m-%dT%H:%M:%SZ
}

# A morning of readings in the database, one every five minutes, then one alone.
for minute in $(seq 240 -5 60) 30; do
	printf '{"type":"dtu","time":"%s","dtu":"roof","pv_power":%d}\n' \
		"$(now "now - $minute minutes")" $((2000 - 5 * minute))
done | hm-store --stats-period 0 -d "$work/hm.db" >/dev/null

mkfifo "$work/in"
exec 7<>"$work/in"
hm-metrics --port "$port" --stats-period 0 -d "$work/hm.db" \
	--timezone "$zone" --names 'roof=House <b>' --names '116154403054/1=East' \
	--names '37ff23709968=Grid' <"$work/in" >/dev/null 7>&- &
pids+=($!)

# The plant, with names that try to inject HTML.
tell() {
	printf '{"type":"%s","time":"%s","dtu":"roof",%s}\n' "$1" "$(now)" \
		"$2" >&7
}
power() {
	tell inverter '"serial":"116154403054","model":"HM-1500","temperature":37.5,"link_status":1'
	tell port "\"serial\":\"116154403054\",\"port\":1,\"pv_power\":$1,\"today_production\":1485"
	tell port '"serial":"116154403054","port":2,"pv_power":362,"today_production":900'
	tell dtu "\"pv_power\":$(($1 + 362)),\"today_production\":2385,\"total_production\":8037800"
}
power 396
tell meter '"serial":"37ff23709968","power":-510'
tell alarm '"serial":"116154403054","code":209,"text":"<img src=x onerror=hacked=1></script><script>hacked=1</script>"'
tell alarm "\"serial\":\"116154403054\",\"alert\":\"temperature\",\"text\":\"85 °C, the threshold is 80 °C\",\"start\":\"$(now)\""
tell alarm '"alert":"dtu_offline","text":"no answer: refused","start":"2026-01-02T10:15:00Z"'
printf '{"type":"status","time":"%s","dtu":"%s","state":"offline","breaker":"open","failures":3,"error":"refused","text":"Connection refused","retry_at":"2026-01-02T10:20:00Z"}\n' \
	"$(now)" '</script><script>hacked=1</script>' >&7

mkdir "$work/tmp"
TZ=$zone LC_ALL=C.UTF-8 LANGUAGE=en HOME=$work TMPDIR=$work/tmp chromedriver \
	--port="$driver_port" >"$work/driver.log" 2>&1 &
pids+=($!)
until_true 10 listening "$driver_port"

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
tab='"\ue004"' left='"\ue012"' escape='"\ue00c"' # as JSON has them

# text ID
text() {
	js "document.getElementById('$1').textContent"
}

is_text() {
	[ "$(text "$1")" = "$2" ]
}

session=
session=$(curl -s --max-time 60 "$driver/session" -d '{"capabilities":
	{"alwaysMatch": {"goog:loggingPrefs": {"browser": "ALL"},
	"goog:chromeOptions": {"args": ["--headless=new", "--no-sandbox",
	"--disable-gpu", "--disable-dev-shm-usage",
	"--window-size=1280,1000"]}}}}' |
	jq -r '.value.sessionId // empty')
check "a browser starts" [ -n "$session" ]
ask /url "{\"url\": \"http://127.0.0.1:$port/\"}" >/dev/null

check "it shows the power of the plant" until_true 10 is_text watts 758W
same "... the energies" "$(text today) $(text total)" "2.38kWh 8.04MWh"
check "it is live, and a DTU does not answer" until_true 10 is_text link \
	"live · 1 DTU does not answer"
same "each input with its power" "$(js \
	"[...document.querySelectorAll('#units tbody tr')].map(
	r => [...r.children].map(c => c.textContent).join(' ').replace(/ +/g, ' ')
	).join('; ')")" "East 396 W 1.49 kWh; Input 2 362 W 900 Wh"
same "the inverter" "$(js "document.querySelector('#units li .row').textContent +
	' ' + document.querySelector('#units li p').textContent")" \
	"116154403054758 W HM-1500 · House <b> · 37.5 °C"
same "the meter" "$(js "document.getElementById('meters').textContent")" \
	"Grid-510 Wto the grid"
same "the state of each DTU" "$(js \
	"[...document.querySelectorAll('#dtus .state')].map(
	n => n.textContent).join()")" "online,does not answer"
check "an open circuit breaker, with the time of the next poll" grep -q \
	'Connection refused, left alone until .*[0-9]:[0-9]' \
	<(js "document.getElementById('dtus').textContent")
check "today's curve is drawn from the database" [ "$(js \
	"document.querySelector('#curve .line').getAttribute('d').split('L')
	.length")" -gt 30 ]
check "... and a single reading as a dot" [ "$(js \
	"document.querySelectorAll('#curve .dot').length")" -gt 0 ]
same "alarms have a text" "$(js \
	"[...document.querySelectorAll('#alarms h3')].slice(1).map(
	n => n.textContent).join('; ')")" \
	"Too hot: 85 °C, the threshold is 80 °C; DTU does not answer: refused"
same "... and their start, with the date if it is not today" "$(js \
	"[...document.querySelectorAll('#alarms p')].slice(1).map(
	n => n.textContent.replace(/.*since /, '').replace(/[0-9]/g, '0'))
	.join('; ')")" "00:00; Jan 0, 00:00"
same "the API names a code or an alert" "$(
	curl -s "http://127.0.0.1:$port/api/plant" |
	jq -c '[.alarms[] | [has("code"), has("alert")]]')" \
	"[[true,false],[false,true],[false,true]]"
same "HTML in names is shown as text" "$(js "String(window.hacked) + ' ' +
	document.querySelector('#alarms h3').textContent")" \
	"undefined <img src=x onerror=hacked=1></script><script>hacked=1</script>"

power 1230
check "it follows the stream" until_true 5 is_text watts 1.59kW
same "... without a reload" "$(js \
	"performance.getEntriesByType('navigation').length + ' ' +
	document.title")" "1 1.59 kW – Solar plant"
same "it loads nothing from another server" "$(js \
	"performance.getEntriesByType('resource').map(r => r.name).filter(
	n => !n.startsWith(location.origin)).join()")" ""

# By keyboard

press "$tab"
same "Tab goes to the curve first" \
	"$(js document.activeElement.id)" curve
press "$left"
check "... which shows a time on an arrow key" \
	grep -q '^[0-2][0-9]:[0-5][0-9]: ' <(text read)
first=$(text read)
press "$left" "$left"
check "... and other times on further ones" [ "$(text read)" != "$first" ]
press "$escape"
check "... until Escape" grep -q '^Best five minutes: ' <(text read)
press "$tab"
same "Tab then goes to the links" "$(js document.activeElement.textContent)" \
	metrics
check "the focus is visible" [ "$(js \
	"getComputedStyle(document.activeElement).outlineStyle")" = solid ]

# With a screen reader

same "every part has a name" "$(js "
	[...document.querySelectorAll('section, nav, svg, table, dl')].filter(
	n => !n.closest('[hidden]') && !(n.getAttribute('aria-label') ||
	n.querySelector('caption') || (n.getAttribute('aria-labelledby') &&
	document.getElementById(n.getAttribute('aria-labelledby'))
	.textContent))).map(n => n.tagName).join()")" ""
same "there is one h1" \
	"$(js "document.querySelectorAll('h1').length")" 1
same "the language is given" "$(js document.documentElement.lang)" en

# On a phone, and with dark colours

background() {
	js "getComputedStyle(document.body).backgroundColor"
}
light=$(background)
cdp Emulation.setDeviceMetricsOverride '{"width": 360, "height": 740,
	"deviceScaleFactor": 2, "mobile": true}'
same "on a phone nothing is wider than the screen" "$(js \
	"innerWidth + ' ' + (document.documentElement.scrollWidth <= 360)")" \
	"360 true"
same "... and nothing is cut" "$(js \
	"[...document.querySelectorAll('dd, td, h3, strong, p')].filter(
	n => n.getBoundingClientRect().right > 360).length")" 0
cdp Emulation.setEmulatedMedia \
	'{"features": [{"name": "prefers-color-scheme", "value": "dark"}]}'
check "it has dark colours" [ "$(background)" != "$light" ]
contrast="(() => {
	const of = c => c.match(/[0-9.]+/g).slice(0, 3).map(v => v / 255).map(
		v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4
		).reduce((s, v, i) => s + v * [0.2126, 0.7152, 0.0722][i], 0);
	const card = of(getComputedStyle(document.querySelector('.card'))
		.backgroundColor);
	return Math.min(...[...document.querySelectorAll(
		'.card dt, .card dd, .card p, .card th, .card td, .state')].map(
		n => of(getComputedStyle(n).color)).map(t =>
		(Math.max(t, card) + 0.05) / (Math.min(t, card) + 0.05))) >= 4.5;
})()"
same "... with enough contrast" "$(js "$contrast")" true
cdp Emulation.setEmulatedMedia \
	'{"features": [{"name": "prefers-color-scheme", "value": "light"}]}'
same "light colours have enough contrast, too" "$(js "$contrast")" true
curl -s "http://127.0.0.1:$port/" >"$work/awake"
tell status '"state":"offline","breaker":"closed","failures":1,"error":"refused"'
check "when the DTU goes to sleep, there is no power" until_true 10 is_text \
	watts –
same "... and the energies stay" "$(text today) $(text total) $(js \
	"[...document.querySelectorAll('#units td:last-child')].map(
	n => n.textContent).join('; ')")" \
	"2.38kWh 8.04MWh 1.49 kWh; 900 Wh"
same "the browser logs no error" "$(ask /se/log \
	'{"type": "browser"}' | jq -r '.[].message')" ""
curl -s -X DELETE "$driver/session/$session" >/dev/null

# Without scripts

check "without scripts the page has the numbers" grep -q \
	'Power now</th><td>1592 W</td>.*Today</th><td>2385 Wh</td>' \
	"$work/awake"
check "... also those of a DTU that sleeps" grep -q \
	'Power now</th><td>[^0-9]*</td>.*Today</th><td>2385 Wh</td>' \
	<(curl -s "http://127.0.0.1:$port/")
same "... and no script from a name" "$(curl -s "http://127.0.0.1:$port/" |
	grep -c '<script>')" 1
finish
