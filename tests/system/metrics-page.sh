#!/bin/bash
# The page of hm-metrics in a real browser: it shows the plant, follows the
# stream, and works on a phone, with dark colours and by keyboard.
# shellcheck source=tests/lib/lib.sh
. "$(dirname "$0")/../lib/lib.sh"
# shellcheck source=tests/lib/browser.sh
. "$(dirname "$0")/../lib/browser.sh"
unset HM_CONFIG DTU_HOST DATABASE_PATH TIMEZONE

# chromedriver connects to the browser by the name localhost.
if ! getent hosts localhost >/dev/null; then
	skip "the page in a browser" "no address has the name localhost"
	finish
fi
port=$(free_port)

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
# start_metrics OPTION ...
start_metrics() {
	hm-metrics --port "$port" --stats-period 0 "$@" <"$work/in" \
		>/dev/null 7>&- &
	pids+=($!)
	until_true 10 listening "$port"
}
start_metrics -d "$work/hm.db" --timezone "$zone" --names 'roof=House <b>' \
	--names '116154403054/1=East' --names '37ff23709968=Grid' \
	--plant-name 'Hof <b>' --currency EUR --price-own 0.3 \
	--price-given 0.08 --co2-g-kwh 400

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

# text ID
text() {
	js "document.getElementById('$1').textContent"
}

is_text() {
	[ "$(text "$1")" = "$2" ]
}

is_shown() {
	[ "$(js "[...document.querySelectorAll('main > section')].filter(
		n => n.clientHeight).map(n => n.id).join()")" = "$1" ]
}
has_cards() {
	[ "$(js "document.getElementById('$1').children.length")" = "$2" ]
}
says() {
	text "$1" | grep -q "$2"
}

start_browser
check "a browser starts" [ -n "$session" ]
ask /url "{\"url\": \"http://127.0.0.1:$port/\"}" >/dev/null

check "it shows the power of the plant" until_true 10 is_text watts 758W
same "... the energies" "$(text today) $(text total)" "2.39kWh 8.04MWh"
same "... what today's is worth, and the CO2 of all" \
	"$(text worth) $(text total-note)" "€0.72 3.2 t of CO₂ saved"
check "... its part of the rated power" grep -q "^51 % of 1.50 kW rated" \
	<(text highest)
same "... the plant's name" "$(text plant)" "Hof <b>"
same "... instead of the table for a page without scripts" \
	"$(js "document.querySelectorAll('.plain').length")" 0
check "it is live, and a DTU does not answer" until_true 10 is_text link \
	"live · 1 DTU does not answer"
same "each input with its power" "$(js \
	"[...document.querySelectorAll('#units tbody tr')].map(
	r => [...r.children].map(c => c.textContent).join(' ').replace(/ +/g, ' ')
	).join('; ')")" "East 396 W 1.49 kWh; Input 2 362 W 900 Wh"
same "the inverter" "$(js "document.querySelector('#units li .row').textContent +
	' ' + document.querySelector('#units li p').textContent")" \
	"116154403054758 W HM-1500 · House <b> · 37.5 °C"
same "the meter, and what the house uses" \
	"$(text f-grid-name) $(text f-grid) $(text f-house)" "to the grid 510W 248W"
check "a DTU that does not answer, with the time of the next poll" grep -q \
	'not answer: Connection refused.*left alone until .*[0-9]:[0-9]' \
	<(js "document.getElementById('alarms').lastChild.textContent")
check "today's curve is drawn from the database" [ "$(js \
	"document.querySelector('#curve .line').getAttribute('d').split('L')
	.length")" -gt 30 ]
check "... and a single reading as a dot" [ "$(js \
	"document.querySelectorAll('#curve .dot').length")" -gt 0 ]
same "alarms have a text" "$(js \
	"[...document.querySelectorAll('#alarms h3')].slice(1, 3).map(
	n => n.textContent).join('; ')")" \
	"Too hot: 85 °C, the threshold is 80 °C; DTU does not answer: refused"
same "... and their start, with the date if it is not today" "$(js \
	"[...document.querySelectorAll('#alarms p.soft')].slice(1, 3).map(
	n => n.textContent.replace(/.*since /, '').replace(/[0-9]/g, '0')
	.replace(', 0000', '')).join('; ')")" "00:00; Jan 0, 00:00"
check "... and what to do" grep -q '^What to do: give the inverter shade' \
	<(js "document.querySelectorAll('#alarms .hint')[1].textContent")
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
	document.title")" "1 1.59 kW – Hof <b>"
same "it loads nothing from another server" "$(js \
	"performance.getEntriesByType('resource').map(r => r.name).filter(
	n => !n.startsWith(location.origin)).join()")" ""

# A hybrid inverter

tell hybrid '"serial":"214322440207"'
tell battery '"serial":"214322440207","soc":55,"power":-300'
tell grid '"serial":"214322440207","power":-277'
tell flow '"serial":"214322440207","pv_to_load":439,"pv_to_battery":300,"pv_to_grid":0,"battery_to_load":0,"grid_to_load":277'
battery() {
	[ "$(js "[...document.querySelectorAll('#batteries li')].map(
		n => n.innerText.replace(/\\s+/g, ' ')).join()")" = "$1" ]
}
check "a battery with its charge" until_true 5 battery \
	"214322440207 55 % charges with 300 W"
same "... and a bar of it" "$(js \
	"document.querySelector('#batteries i').style.backgroundSize")" "55% 100%"
same "where the power goes, in arrows" "$(js \
	"[...document.querySelectorAll('#paths .row')].map(
	n => n.textContent).join('; ')")" \
	"Solar → House439 W; Solar → Battery300 W; Grid → House277 W"
same "... and in words for screen readers" "$(js \
	"[...document.querySelectorAll('#paths .sr')].map(
	n => n.textContent).join('; ')")" \
	"From Solar to House: 439 W; From Solar to Battery: 300 W; From Grid to House: 277 W"
same "... in place of the flow at the meter" "$(js \
	"String(document.getElementById('flow').hidden)")" true
same "the API has it, too" "$(curl -s "http://127.0.0.1:$port/api/plant" |
	jq -c .hybrids)" '[{"dtu":"roof","serial":"214322440207","soc":55,"battery":-300,"grid":-277,"pv_to_load":439,"pv_to_battery":300,"pv_to_grid":0,"battery_to_load":0,"grid_to_load":277}]'
tell battery '"serial":"214322440207","soc":54,"power":-3100'
tell flow '"serial":"214322440207","pv_to_load":0,"pv_to_battery":100,"battery_to_load":0,"grid_to_load":0'
check "the grid charges it, too" until_true 5 battery \
	"214322440207 54 % charges with 3.10 kW"
tell battery '"serial":"214322440207","soc":54,"power":500'
tell flow '"serial":"214322440207","pv_to_load":0,"pv_to_battery":0,"battery_to_load":500,"grid_to_load":0'
check "it discharges" until_true 5 battery \
	"214322440207 54 % gives 500 W"
tell battery '"serial":"214322440207","soc":54,"power":0'
tell flow '"serial":"214322440207","pv_to_load":0,"pv_to_battery":0,"battery_to_load":0,"grid_to_load":0'
check "it rests" until_true 5 battery "214322440207 54 % rests"
same "... and nothing flows" "$(js "document.querySelectorAll('#paths li').length +
	' ' + document.getElementById('no-path').hidden")" "0 false"

# By keyboard

focused() {
	js "document.activeElement.id || document.activeElement.textContent"
}

# What has the focus after each Tab, up to the first link of the footer
visited=
for _ in $(seq 20); do
	press "$tab"
	visited+="$(focused) "
	[ "$(focused)" != curve ] || break
done
check "Tab goes through the routes to the curve" grep -q \
	'^Now History Panels Events.* System day-before against curve ' <<<"$visited"
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
width_of 360
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
	"2.39kWh 8.04MWh 1.49 kWh; 900 Wh"
curl -s "http://127.0.0.1:$port/" >"$work/asleep"
same "the browser logs no error" "$(browser_errors)" ""

# A storm of alarms

for code in $(seq 300 310); do
	tell alarm "\"serial\":\"116154403054\",\"code\":$code,\"text\":\"storm\""
done
check "of many alarms Now has the first ones, and a link to the others" \
	until_true 10 says more "^and 7 more$"
same "... and what stands below is not pushed away" "$(js \
	"document.querySelectorAll('#alarms li').length")" 8

# Routes

go() {
	js "location.hash = '$1'" >/dev/null
}
go '#/system'
check "another route is shown" until_true 5 is_shown r-system
same "... and marked, and its heading has the focus" "$(js \
	"document.querySelector('[aria-current]').textContent + ' ' +
	document.activeElement.id + ' ' + document.title")" \
	"System h-system System – Hof <b>"
same "the state of each DTU" "$(js \
	"[...document.querySelectorAll('#dtus .state')].map(
	n => n.textContent.replace(/, last.*/, '')).join()")" \
	"does not answer,does not answer"
check "... and the settings in effect" until_true 10 says parts \
	"health_port$port"
check "... the database" says parts "Filehm.*/hm.db\|File$work/hm.db"
go '#/events'
check "the alarms stand on the route of events, too" until_true 5 has_cards \
	troubles 15
go "#/now/$(TZ=$zone date -d yesterday +%F)"
check "a day of the past says that it has no readings" until_true 5 is_text \
	read "No readings of this day."
go '#/no-such-route'
check "an unknown address shows Now" until_true 5 is_shown r-now

# In German, and in another time zone than the plant

cdp Emulation.setTimezoneOverride '{"timezoneId": "Asia/Kathmandu"}'
cdp Network.setUserAgentOverride '{"userAgent": "test", "acceptLanguage":
	"de-DE"}'
power 1230
ask /refresh '{}' >/dev/null
check "in German, with its decimal marks" until_true 5 is_text watts 1,59kW
same "... in each word" "$(js "document.documentElement.lang + ' ' +
	[...document.querySelectorAll('#routes a')].map(
	n => n.firstChild.data).join(' ')")" \
	"de Jetzt Verlauf Module Ereignisse System"
check "the page says that its clock is the plant's" grep -q \
	"^Zeiten sind die der Anlage" <(text zone)

# When the server is away

kill "${pids[0]}"
wait "${pids[0]}" 2>/dev/null
check "it says that the connection is lost" until_true 10 says link \
	"^keine Verbindung seit [0-2][0-9]:[0-5][0-9]"
check "... and greys what is old" [ "$(js "document.body.className")" = old ]
start_metrics -d "$work/hm.db" --timezone "$zone"
check "... until the server is there again" until_true 20 says link \
	"^live"
same "the browser logs no error of the page" "$(browser_errors |
	grep -v ERR_)" ""

# Without a database and a DTU

kill "${pids[-1]}"
wait "${pids[-1]}" 2>/dev/null
start_metrics
ask /refresh '{}' >/dev/null
check "without a DTU it says so" until_true 10 says wait \
	"^Keine DTU eingerichtet"
go "#/now/2026-01-01"
check "... and without a database" until_true 5 is_text read \
	"Kein Verlauf: keine Datenbank. database_path setzen und hm-store starten."

# A plant of many inverters, and its night

for n in $(seq 10 22); do
	tell inverter "\"serial\":\"1161000000$n\",\"link_status\":1"
	for input in 1 2; do
		power=200
		[ "$n-$input" != 15-2 ] || power=50
		tell port "\"serial\":\"1161000000$n\",\"port\":$input,\"pv_power\":$power"
	done
done
go '#/now'
check "of many inverters it names the input that stands out" until_true 10 \
	is_text outliers "116100000015 · Eingang 2: 50 W, die anderen etwa 200 W"
same "... and draws all, that one with a frame" "$(js \
	"document.querySelectorAll('#map li').length + ' ' +
	[...document.querySelectorAll('#map i')].findIndex(
	n => n.className === 'weak')")" "13 11"
kill "${pids[-1]}"
wait "${pids[-1]}" 2>/dev/null
start_metrics --night 00:00-23:59
ask /refresh '{}' >/dev/null
tell inverter '"serial":"116100000010","link_status":0'
check "at night it says how many sleep" until_true 10 is_text wait \
	"Nacht: 1 Wechselrichter schläft."
end_browser

# Without scripts

check "without scripts the page has the numbers" grep -q \
	'Power now</th><td>1592 W</td>.*Today</th><td>2385 Wh</td>' \
	"$work/awake"
check "... also those of a DTU that sleeps" grep -q \
	'Power now</th><td>[^0-9]*</td>.*Today</th><td>2385 Wh</td>' \
	"$work/asleep"
check "... and the plant's name" grep -q '<caption>Hof &lt;b&gt;</caption>' \
	"$work/awake"
same "... and no script from a name" "$(grep -c '<script>' "$work/awake")" 1

# On a slow link

curl -s --compressed -D "$work/head" "http://127.0.0.1:$port/" >"$work/unpacked"
curl -s -H 'Accept-Encoding: gzip' "http://127.0.0.1:$port/" >"$work/packed"
check "the page comes as gzip to who takes it" grep -qi \
	'^content-encoding: gzip' "$work/head"
check "... the same page" cmp -s <(sed 's/"time":"[^"]*"//' "$work/unpacked") \
	<(curl -s "http://127.0.0.1:$port/" | sed 's/"time":"[^"]*"//')
check "... as a cache must know" grep -qi '^vary:.*accept-encoding' "$work/head"
check "... of at most 25 kB" [ "$(wc -c <"$work/packed")" -le 25000 ]
same "others get it as it is" "$(curl -s -o /dev/null -D - \
	-H 'Accept-Encoding: gzip;q=0, br' "http://127.0.0.1:$port/" |
	grep -ci '^content-encoding')" 0
finish
