#!/bin/bash
# latency.sh RUNS SECONDS: how long it takes from the last byte of a DTU's answer
# to an MQTT subscriber, to a row that another process can read, and to an event
# of the page. The chain has eight tools, in plain pipes and under s6; it reads 1
# and 25 DTUs with two inverters of four inputs every 5 s. Prints the medians of
# the runs, in ms. Fails if half of the events of one DTU take more than 50 ms,
# or if more than 1 % of the messages of 25 DTUs take more than 5 ms.
# shellcheck source=tests/lib/lib.sh
. "$(dirname "$0")/../lib/lib.sh"
# shellcheck source=tests/lib/supervised.sh
. "$(dirname "$0")/../lib/supervised.sh"
unset TIMEZONE TZ DATABASE_PATH DTU_HOST HM_CONFIG
runs=$1
seconds=$2
s6=$(cd "$(dirname "$0")/../../s6" && pwd)
readonly warm=30 rest=6 # s: all is announced; the last rows are written

# settings DTUS DELAY
settings() {
	cat <<-END
		mqtt_broker: 127.0.0.1
		mqtt_port: $port
		health_port: $page
		query_period: 5
		store_delay: $2
		database_path: $run/hm.db
		dtu_configs:
	END
	jq -r 'select(.type == "sim") | "  - uri: \(.uri)"' "$work/run.sim"
}

plain() {
	hm-poll 2>>"$run/err" | hm-decode 2>>"$run/err" |
		hm-filter 2>>"$run/err" | hm-alert 2>>"$run/err" |
		hm-store 2>>"$run/err" | hm-ha-discovery 2>>"$run/err" |
		hm-publish 2>>"$run/err" | hm-metrics 2>>"$run/err" >/dev/null
}

supervised() {
	"$s6/start" "$live"
}

has_rows() {
	[ "$(sqlite3 -cmd '.timeout 2000' "$run/hm.db" \
		'SELECT count(DISTINCT dtu) FROM inverter')" -ge "$1" ]
}

# Watchers: the moment when each thing was there, in us since 1970.
watch() {
	mosquitto_sub -h 127.0.0.1 -p "$port" -t 'homeassistant/+/+/state' \
		-F '%U %t %p' >"$run/messages" 2>/dev/null &
	pids+=($!)
	"$HM_BUILD/helper/new_rows" "$run/hm.db" >"$run/rows" &
	pids+=($!)
	curl -sN "http://127.0.0.1:$page/events" >"$run/events.pipe" &
	pids+=($!)
	"$HM_BUILD/helper/moments" <"$run/events.pipe" >"$run/events" &
	pids+=($!)
}

# answers: "DTU NUMBER MOMENT" of each answer between the first and the last
# seconds.
answers() {
	jq -r --argjson from "$((began + warm * 1000000))" \
		--argjson to "$((ended - rest * 1000000))" \
		'select(.type == "answer" and .sent_us > $from and .sent_us < $to) |
		"\(.serial) \(.number) \(.sent_us)"' "$work/run.sim"
}

# delays FILE: ms from each answer to the last of its inverters in a file of
# "MOMENT INVERTER NUMBER". An answer without one takes for ever.
delays() {
	awk 'FILENAME == ARGV[1] { dtu[$1] = $2; next }
		FILENAME == ARGV[2] { sent[$1, $2] = $3; next }
		{
			answer = dtu[$2] SUBSEP $3
			if (!(answer in sent) || (answer, $2) in there)
				next
			there[answer, $2]
			found[answer]++
			last[answer] = $1
		}
		END {
			for (answer in sent) {
				ms = (last[answer] - sent[answer]) / 1000
				print (found[answer] == 2 ? ms : 1e9)
			}
		}' "$run/inverters" "$run/answers" "$1"
}

# The same of events, which show the second of the latest answer of each DTU.
event_delays() {
	sed -n 's/ data: / /p' "$run/events" | jq -rR 'capture(
		"^(?<moment>[0-9]+) (?<data>.*)$") | .moment as $moment |
		.data | fromjson.dtus[] | "\($moment) \(.name) \(.answered)"' |
		awk 'FILENAME == ARGV[1] { name[$1] = $2; next }
			FILENAME == ARGV[2] {
				sent[name[$1], ++answers[name[$1]]] = $3
				next
			}
			shown[$2] == $3 { next }
			{
				shown[$2] = $3
				n = next_of[$2] + 1
				while (sent[$2, n] != "" && sent[$2, n + 1] != "" &&
				    sent[$2, n + 1] < $1)
					n++
				if (sent[$2, n] == "" || sent[$2, n] > $1)
					next
				next_of[$2] = n
				print ($1 - sent[$2, n]) / 1000
			}' "$run/names" "$run/answers" -
}

# quantiles: p50, p99 and the maximum of numbers.
quantiles() {
	sort -g | awk '{ x[NR] = $1 }
		END {
			if (NR == 0) { print "1e9 1e9 1e9"; exit }
			print x[int((NR + 1) / 2)], x[int(NR * 0.99 + 0.999)], x[NR]
		}'
}

# measure HOW DTUS DELAY: one run; "WHAT P50 P99 MAX" of each thing.
measure() {
	local chain
	run=$work/run
	"$remove" "$run"
	mkdir "$run"
	mkfifo "$run/events.pipe"
	page=$(free_port)
	port=$(free_port)
	start_broker "$port"
	start_sim run --number --dtus "$2" --inverters 2 --inputs 4 \
		--start 12:00 --stats-period 0
	settings "$2" "$3" >"$run/hm.yaml"
	HM_CONFIG=$run/hm.yaml HM_LOG_DIR=$run/log HM_CHAIN=$$ "$1" \
		>"$run/out" 2>>"$run/err" &
	chain=$!
	pids+=("$chain")
	if ! until_true 20 has_rows "$2"; then
		echo "nothing is stored: $(head -n 1 "$run/err")" >&2
		exit 1
	fi
	watch
	began=${EPOCHREALTIME/[.,]/}
	sleep $((seconds + warm + rest))
	ended=${EPOCHREALTIME/[.,]/}
	end_chain
	kill "${pids[@]}" 2>/dev/null
	wait "${pids[@]}" 2>/dev/null
	pids=()
	answers >"$run/answers"
	sqlite3 "$run/hm.db" -separator ' ' 'SELECT DISTINCT inverter.serial,
		dtu.serial FROM inverter JOIN dtu USING (dtu)' >"$run/inverters"
	sqlite3 "$run/hm.db" -separator ' ' \
		'SELECT DISTINCT serial, dtu FROM dtu' >"$run/names"
	sed -n 's|^\([0-9]*\)\.\([0-9]\{6\}\)[0-9]* .*/\([^/]*\)/state .*"alarm_count":\([0-9]*\).*|\1\2 \3 \4|p' \
		"$run/messages" >"$run/subscriber"
	echo "message $(delays "$run/subscriber" | quantiles)"
	echo "row $(delays "$run/rows" | quantiles)"
	echo "event $(event_delays | quantiles)"
}

echo "from the last byte of an answer, $runs runs of $seconds s, in ms"
printf '  %-10s %4s %-18s %9s %9s %9s\n' chain DTUs to p50 p99 max
for how in plain supervised; do
	for dtus in 1 25; do
		for delay in 0 5; do
			[ "$how $delay" != "plain 5" ] || continue
			for ((n = 0; n < runs; n++)); do
				measure "$how" "$dtus" "$delay" >"$work/figure"
				sed "s/^/$how $dtus $delay /" "$work/figure" \
					>>"$work/figures"
			done
		done
	done
done

# Rows depend on store_delay; messages and events are those of store_delay 0.
sort "$work/figures" | awk -v runs="$runs" '
	function median(column,    i, j, n, x, t) {
		n = 0
		for (i = 1; i <= count; i++) {
			x[++n] = value[i, column]
			for (j = n; j > 1 && x[j] < x[j - 1]; j--) {
				t = x[j]; x[j] = x[j - 1]; x[j - 1] = t
			}
		}
		return x[int((n + 1) / 2)]
	}
	function end(    name) {
		if (count == 0 || (what != "row" && delay != 0))
			return
		name = what == "row" ? "row, store_delay " delay : what
		printf "  %-10s %4d %-18s %9.1f %9.1f %9.1f\n", how, dtus, name,
		    median(1), median(2), median(3)
		if (what == "event" && dtus == 1 && median(1) > 50)
			bad = bad "\n" how ": events of one DTU: p50 above 50 ms"
		if (what == "message" && dtus == 25 && median(2) > 5)
			bad = bad "\n" how ": messages of 25 DTUs: p99 above 5 ms"
	}
	$1 != how || $2 != dtus || $3 != delay || $4 != what {
		end()
		how = $1; dtus = $2; delay = $3; what = $4
		count = 0
	}
	{
		count++
		for (i = 1; i <= 3; i++)
			value[count, i] = $(4 + i)
	}
	END {
		end()
		if (bad != "")
			print "above a limit:" bad
		exit bad != ""
	}'
