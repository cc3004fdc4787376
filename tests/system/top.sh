#!/bin/bash
# hm-top in a pseudo-terminal: what it shows, its keys, and what it leaves.
# shellcheck source=tests/lib/lib.sh
. "$(dirname "$0")/../lib/lib.sh"

unset HM_CONFIG NO_COLOR LC_ALL LC_CTYPE COLUMNS TZ
export LANG=C.UTF-8 TERM=xterm TIMEZONE=UTC
root=$(cd "$(dirname "$0")/../.." && pwd)
terminal=$HM_BUILD/helper/terminal

# plant TIME INVERTERS WATTS [JQ]: records of one poll of a plant, changed by JQ.
# The power of an inverter grows with its number.
plant() {
	jq -cn --arg time "$1" --argjson count "$2" --argjson watts "$3" '
		def head(type): {type: type, time: $time, dtu: "roof"};
		(range($count) | "1161000000\(10 + .)" as $serial |
		($watts + .) as $w |
		(head("inverter") + {serial: $serial, active_power: $w,
			grid_voltage: 231.4, temperature: (30 + .),
			link_status: 1}),
		(range(1; 3) as $port | head("port") + {serial: $serial,
			port: $port, pv_power: ($w / 2), pv_voltage: 36.6,
			pv_current: 4.02, today_production: 1500,
			total_production: 800000})),
		(head("dtu") + {serial: "10f714323186", pv_power:
			($count * $watts), today_production: ($count * 3000),
			total_production: ($count * 1600000)}) |
		'"${4:-.}"
}

# screen NAME ROWS COLS COMMAND: run a shell command in a terminal, by a script on
# stdin; what that prints is in $work/NAME.
screen() {
	"$terminal" "$2" "$3" bash -c "$4" >"$work/$1" 2>&1
}

# shows NAME TEXT: whether a screen that was printed has the text.
shows() {
	grep -qF -- "$2" "$work/$1"
}

# widest NAME: the columns of the longest row that was printed.
widest() {
	LC_ALL=C.UTF-8 wc -L <"$work/$1"
}

first=2026-11-23T12:00:00Z
names='--names roof=Dach --names 116100000010=Gärtnerhaus_Süd'
mkfifo "$work/in"
exec 5<>"$work/in"

# Two updates, a resize, sorting, scrolling, Ctrl-C

plant "$first" 60 100 >"$work/one"
plant 2026-11-23T12:01:00Z 60 200 >"$work/two"
screen keys 24 80 "hm-top $names <$work/in; echo status \$?" <<-END
	wait waiting for the first reading
	do cat $work/one >$work/in
	wait 6.00 kW
	wait 1-20 of 60
	row 3 INVERTER
	row 4 Gärtnerhaus_Süd
	show
	do cat $work/two >$work/in
	wait 12.0 kW
	gone 6.00 kW
	keys \e[B
	wait 2-21 of 60
	keys \e[6~
	wait 21-40 of 60
	keys G
	wait 41-60 of 60
	keys \e[A
	wait 40-59 of 60
	keys \eOH
	wait 1-20 of 60
	keys ss
	wait sort: power
	row 4 116100000069
	keys r
	wait (reversed)
	row 4 Gärtnerhaus_Süd
	keys i
	wait 1-20 of 120
	wait CURRENT
	size 16 60
	wait 1-12 of 120
	keys i
	wait 1-12 of 60
	show
	size 34 120
	wait 1-30 of 60
	show
	state
	keys \cC
	exit
	show
	state
END
check "the steps of a session are done" grep -q '^exit 0' "$work/keys"
check "umlauts in names" shows keys "Gärtnerhaus_Süd"
check "the name of a DTU" grep -q '^Dach  *online' "$work/keys"
check "at 60 columns there is the power of inputs" \
	grep -q '^INVERTER  *POWER  *TODAY  *TEMP INPUTS, W$' "$work/keys"
check "at 120 columns there are all columns" grep -q \
	'^INVERTER .*POWER .*TODAY .*TOTAL .*GRID .*TEMP INPUTS, W$' \
	"$work/keys"
check "no row is wider than the screen" [ "$(widest keys)" -le 120 ]
check "the other screen is used, without a cursor" shows keys \
	"screen other, cursor off"
check "... and nothing wraps, scrolls or is unknown" shows keys \
	"lines off, 0 wrapped, 0 scrolled, 0 unknown"
check "Ctrl-C ends it with 0" grep -qx 'status 0' "$work/keys"
same "... and leaves the terminal as it was" "$(tail -n 1 "$work/keys")" \
	"screen normal, cursor on, colour off, echo on, lines on, 0 wrapped, 0 scrolled, 0 unknown"
same "... with what it showed before" "$(tail -n 2 "$work/keys" | head -n 1)" \
	"status 0"

# q ends the pipeline, and Ctrl-Z stops it

screen quit 24 80 "(cat $work/one
	while echo '{\"type\":\"x\"}'; do sleep 0.1; done) | hm-top
	echo status \${PIPESTATUS[*]}" <<-END
	wait 60 of 60 inverters
	keys q
	wait status 141 0
	exit
END
same "q ends it with 0, and the pipeline" "$(grep -v '^exit' "$work/quit")" ""
screen quit 24 80 "set -m; hm-top <$work/in; echo stopped; read -r <$work/in
	fg; echo status \$?" <<-END
	do cat $work/one >$work/in
	wait 6.00 kW
	keys \cZ
	wait stopped
	do echo >$work/in
	wait 6.00 kW
	state
	keys q
	wait status 0
	state
END
same "Ctrl-Z gives the terminal back, and fg takes it again" \
	"$(cut -d, -f 1-2 "$work/quit")" "screen other, cursor off
screen normal, cursor on"

# The end of the input

screen end 24 80 "hm-top <$work/one; echo status \$?" <<-END
	exit
	show
	state
END
check "at the end of the input the last screen stays as text" \
	grep -q '^116100000011 .*101 W' "$work/end"
check "... below the prompt" grep -qx 'status 0' "$work/end"
check "... on the terminal's own screen" shows end \
	"screen normal, cursor on, colour off, echo on, lines on, 0 wrapped"

# Sizes, plants, names that never fit

plant "$first" 1 100 >"$work/small"
long=$(printf 'Überlänge%.0s' 1 2 3 4 5 6 7 8 9 10)
for size in "16 60" "24 80" "34 120"; do
	for records in one small; do
		# Split into two words on purpose.
		# shellcheck disable=SC2086
		screen size $size "hm-top --names roof=$long \
			--names 116100000010=$long <$work/in" <<-END
			do cat $work/$records >$work/in
			wait q quit
			row 3 INVERTER
			wait 100 W
			show
			state
			keys q
			exit
		END
		check "$size, $records: shown" grep -qx 'exit 0' "$work/size"
		check "... as wide as the screen at most" \
			[ "$(grep -v '^screen' "$work/size" >"$work/rows"
				widest rows)" -le "${size#* }" ]
		check "... and high" [ "$(wc -l <"$work/size")" -le \
			$((${size% *} + 2)) ]
		check "... with the long name cut" grep -q \
			'^Überlänge.*… .*100 W' "$work/size"
		check "... nothing wraps or scrolls" shows size \
			"0 wrapped, 0 scrolled, 0 unknown"
	done
done

# Wide characters keep the columns; another encoding shows '?'

hm-top -1 --names 116100000010=東の屋根 <"$work/one" >"$work/text"
# The columns up to the power of the first inverter.
before() {
	sed -n 's/ 100 W .*//p' "$work/text" | LC_ALL=C.UTF-8 wc -L
}
check "a wide name is shown" grep -q '^東の屋根 ' "$work/text"
columns=$(before)
hm-top -1 <"$work/one" >"$work/text"
same "... with two columns a character" "$columns" "$(before)"
LC_ALL=de_DE.ISO-8859-1 hm-top -1 --names 116100000010=東の屋根 \
	<"$work/one" >"$work/text"
same "without UTF-8 the screen is ASCII" \
	"$(LC_ALL=C grep -c '[^ -~]' "$work/text")" 0
same "... in the same columns" "$(before)" "$columns"

# What is old, offline or an alarm

{
	plant "$first" 2 100
	plant 2026-11-23T12:10:00Z 1 300 'select(.type != "dtu") |
		.dtu = "barn" | .serial = "116100000099"'
	jq -cn '{type: "status", time: "2026-11-23T12:10:00Z", dtu: "shed",
		state: "offline", breaker: "closed", failures: 1,
		error: "refused", text: "Connection refused",
		retry_at: "2026-11-23T12:11:00Z"},
		{type: "alarm", time: "2026-11-23T12:10:00Z", dtu: "barn",
		serial: "116100000099", code: 209, text: "PV1 no input",
		start: "2026-11-23T11:51:05Z"},
		{type: "alarm", time: "2026-11-23T12:10:00Z", dtu: "barn",
		serial: "116100000099", alert: "temperature",
		text: "80.2 °C", start: "2026-11-23T12:10:00Z"},
		{type: "alarm", time: "2026-11-23T12:10:00Z", dtu: "barn",
		serial: "116100000099", alert: "temperature",
		text: "80.2 °C", start: "2026-11-23T12:10:00Z",
		end: "2026-11-23T12:10:00Z"}'
} >"$work/states"
hm-top -1 <"$work/states" >"$work/text"
check "an offline DTU comes first, with its error" grep -q \
	'^shed  *offline  *Connection refused, next poll in 60 s$' \
	<(sed -n 2p "$work/text")
hint='port 10081 answers: is it hm://192.168.1.50? A DTU has one of two ports, and '
hint+='what is written on the device says which one'
jq -c --arg hint "$hint" 'if .type == "status" then .hint = $hint else . end' \
	"$work/states" | COLUMNS=60 hm-top -1 >"$work/hinted"
same "... and what to do, broken between words" \
	"$(sed -n 's/^  \([pA-Za-z]\)/\1/p' "$work/hinted" | tr '\n' ' ')" "$hint "
same "... which is gone when the DTU answers" "$(jq -cn --arg hint "$hint" '
	{type: "status", time: "2026-11-23T12:10:00Z", dtu: "shed"} |
	. + {state: "offline", breaker: "closed", failures: 1, hint: $hint,
		error: "refused"},
	. + {state: "online", breaker: "closed", failures: 0}' | hm-top -1 |
	grep -c 'is it hm')" 0
check "a DTU without new readings has no answer" grep -q \
	'^roof  *no answer .*10 min ago$' "$work/text"
same "an alarm that lasts is shown" "$(grep '^!' "$work/text")" \
	"! alarm 209 116100000099 since 11:51:05: PV1 no input"
check "one of three DTUs is up, at the time of the last record" grep -q \
	'1 of 3 DTUs up  2026-11-23 12:10:00$' "$work/text"
plant "$first" 1 100 'if .type == "inverter" then .link_status = 0 else . end |
	select(.type == "inverter")' | hm-top -1 >"$work/text"
check "an inverter that is not heard says so" grep -q \
	'^116100000010 .*not heard' "$work/text"
hm-top -1 --names 214322440207=House \
	<"$root/tests/golden/hm-decode/hybrid-readings/out" >"$work/text"
same "the battery and the grid of a hybrid inverter have a line each" \
	"$(sed -n 's/  */ /g; /^House [bg]/p' "$work/text")" \
	"House battery 439 W 55 % charged
House grid -861 W"
echo '{"type":"frame","dtu":"a"}' | hm-top -1 2>/dev/null >"$work/text"
check "frames without hm-decode are explained" \
	grep -q 'put hm-decode before hm-top' "$work/text"
plant "$first" 1 100 '.dtu = "r\u001b[2Jf"' | hm-top -1 >"$work/text"
same "control characters of a device never reach the terminal" \
	"$(LC_ALL=C grep -c '[[:cntrl:]]' "$work/text")" 0

# Without a terminal

hm-top <"$work/one" >"$work/text" 2>"$work/err"
same "without a terminal the status is 64" $? 64
check "... and --once is named" grep -q -- '--once prints' "$work/err"
hm-top ftp://h -1 </dev/null 2>"$work/err"
same "an address that is none ends with 64" $? 64

# Memory and time: 60 inverters, one poll a second, sorted

for second in 0 1 2 3 4 5 6 7 8 9; do
	plant "2026-11-23T12:00:0${second}Z" 60 100
done >"$work/ten"
lines=$(($(wc -l <"$work/ten") / 10))
cat >"$work/feed" <<-END
	for second in 0 1 2 3 4 5 6 7 8 9; do
		tail -n +\$((second * $lines + 1)) $work/ten | head -n $lines >$work/in
		sleep 1
	done
	# CPU time, and memory with all of the libraries.
	pid=\$(pgrep -x -P \$1 hm-top)
	awk '{ print "microseconds", int(\$1 / 1000) }' /proc/\$pid/schedstat
	awk '/^Rss/ { print "kilobytes", \$2 }' /proc/\$pid/smaps_rollup
END
screen cost 24 80 "echo \$\$ >$work/shell; hm-top <$work/in; exit" <<-END
	do cat $work/one >$work/in
	wait 6.00 kW
	keys ss
	wait sort: power
	do bash $work/feed \$(cat $work/shell) >$work/figures &
	wait 12:00:09
	do sleep 2
	keys q
	exit
END
sed 's/^/# /' "$work/figures"
if [ "${HM_BUILD%/sanitize}" = "$HM_BUILD" ]; then
	check "it takes less than 1 % of a core at one poll a second" \
		[ "$(sed -n 's/^microseconds //p' "$work/figures")" -lt 100000 ]
	check "... and less than 5 MB" \
		[ "$(sed -n 's/^kilobytes //p' "$work/figures")" -lt 5000 ]
fi

# A running chain

port=$(free_port)
hm-metrics --port "$port" --names 116100000011=Süd <"$work/in" >"$work/metrics" \
	2>&1 &
pids+=($!)
ready() {
	curl -sf "http://127.0.0.1:$port/livez"
}
check "hm-metrics listens" until_true 10 ready
at() {
	date -u -d "$1" +%Y-%m-%dT%H:%M:%SZ
}
plant "$(at now)" 60 100 >"$work/in"
plant "$(at '1 second')" 60 200 >"$work/later"
jq -c --arg time "$(at '1 second')" '.time = $time | .dtu = "roof" |
	select(.type | IN("hybrid", "battery", "grid"))' \
	"$root/tests/golden/hm-decode/hybrid-readings/out" >>"$work/later"
shown() {
	curl -s "http://127.0.0.1:$port/api/plant" | grep -q '"serial":"116100000069"'
}
check "... and has the plant" until_true 10 shown
screen events 24 80 "hm-top http://127.0.0.1:$port; echo status \$?" <<-END
	wait 6.00 kW
	wait Süd
	wait 60 of 60 inverters
	wait 1-20 of 60
	do cat $work/later >$work/in
	wait 12.0 kW
	wait 55 % charged
	do kill $!
	wait no readings from 127.0.0.1:$port
	keys q
	wait status 0
	state
END
check "hm-top shows a running chain, and says when it has gone" \
	grep -q '^screen normal, cursor on' "$work/events"
hm-top -1 "http://127.0.0.1:$port" >"$work/text" 2>"$work/err"
same "with nothing at the address the status is 69" $? 69
check "... and the log says why" grep -qx "hm-top: error: no readings from\
 127.0.0.1:$port: Connection refused" "$work/err"


finish
