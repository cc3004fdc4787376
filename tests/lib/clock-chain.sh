# Sourced after lib.sh and clock.sh: a chain of all tools, whose clock somebody
# sets while it runs, or which starts with a wrong clock, and what each tool must
# have done. tests/system/clocks.sh and tests/soak/clocks.sh use it.
# shellcheck shell=bash disable=SC2154

export TZ=Europe/Berlin
base=2026-06-10T10:00:00Z # noon

# The seconds from `base` to a wrong clock. 2038 and DST are passed by the chain
# while it runs.
declare -A wrong=(
	[back-10y]=$((-3652 * 86400)) [back-1d]=-86400 [ahead-1d]=86400
	[ahead-40d]=$((40 * 86400)) [ahead-10y]=$((3653 * 86400))
	[2038]=$(($(date -d 2038-01-19T03:14:00Z +%s) - $(date -d "$base" +%s)))
	[DST]=$(($(date -d 2026-10-25T00:59:53Z +%s) - $(date -d "$base" +%s)))
)
tools=(hm-poll hm-decode hm-filter hm-alert hm-store hm-ha-discovery
	hm-publish hm-metrics)

# The chain of a case, in its directory $dir, with the clock $case. The DTU "away"
# never answers: a clock must not make minutes of its absence.
chain() {
	exec_with_clock "$case" hm-poll --stats-period 0 --period 5 \
		--lock-dir "$dir" "${uri%#*}#$case" hm://127.0.0.1:1#away 2>>"$dir/hm-poll.err" &
	echo $! >"$dir/pid"
	wait
}

# run_chain: until hm-poll ends. The clocks of all tools are the same.
run_chain() {
	local -a with=(with_clock "$case")
	chain | tee -a "$dir/frames" |
		"${with[@]}" hm-decode --stats-period 0 2>>"$dir/hm-decode.err" |
		tee -a "$dir/decoded" |
		"${with[@]}" hm-filter --stats-period 0 -d "$dir/hm.db" \
			2>>"$dir/hm-filter.err" |
		"${with[@]}" hm-alert --stats-period 0 --alerts --period 5 \
			--temperature-threshold 20 2>>"$dir/hm-alert.err" |
		"${with[@]}" hm-store --stats-period 0 -d "$dir/hm.db" \
			--retention 30 2>>"$dir/hm-store.err" |
		"${with[@]}" hm-ha-discovery --stats-period 0 --period 5 \
			--mqtt-topic-prefix "clock/$case" \
			--mqtt-client-id "clock-$case" \
			2>>"$dir/hm-ha-discovery.err" |
		"${with[@]}" hm-publish --stats-period 0 \
			--mqtt-broker 127.0.0.1 --mqtt-port "$broker_port" \
			--mqtt-topic-prefix "clock/$case" \
			--mqtt-client-id "clock-$case" \
			2>>"$dir/hm-publish.err" |
		"${with[@]}" hm-metrics --stats-period 0 --period 5 \
			--textfile "$dir/hm.prom" -d "$dir/hm.db" \
			2>>"$dir/hm-metrics.err" >>"$dir/out"
}

polls() {
	grep -c '"type":"dtu"' "$dir/out"
}

has_polls() {
	[ "$(polls)" -ge "$1" ]
}

# wait_polls COUNT: until the end of the chain has seen so many more of them.
wait_polls() {
	until_true 60 has_polls $(($(polls) + $1))
}

begin_chain() {
	touch "$dir/out"
	run_chain &
	chain=$!
}

# End hm-poll, and with it the chain.
end_chain() {
	kill "$(<"$dir/pid")"
	wait "$chain"
}

# The clock is right again.
set_right() {
	shift_clock "$case" "$right"
}

set_wrong() {
	shift_clock "$case" $((right + wrong[$step]))
}

# Two polls by the right clock, two by the wrong one, two by the right one.
clock_of_running_chain() {
	begin_chain
	wait_polls 2
	set_wrong
	wait_polls 3
	set_right
	wait_polls 2
	end_chain
}

clock_at_the_start() {
	begin_chain
	wait_polls 2
	end_chain
	set_wrong
	begin_chain
	wait_polls 3
	end_chain
	set_right
	begin_chain
	wait_polls 2
	end_chain
}

# run_case WHEN STEP URI: all that it leaves is in $work/WHEN.STEP.
run_case() {
	local case=$1.$2 step=$2 uri=$3 dir=$work/$1.$2 right chain
	right=$(($(date -d "$base" +%s) - EPOCHSECONDS))
	mkdir "$dir"
	set_right
	# Two tools that create one file would wait for each other.
	with_clock "$case" hm-store -d "$dir/hm.db" </dev/null >/dev/null
	if [ "$1" = start ]; then
		clock_at_the_start
	else
		clock_of_running_chain
	fi
}

# What a tool must have done. Each prints nothing, or what is wrong.

of_type() {
	grep "\"type\":\"$1\"" "$dir/${2-out}"
}

# found NAME VALUE EXPECTED
found() {
	[ "$2" = "$3" ] || echo "$1: $2, expected $3;"
}

hm-poll_did() {
	local good
	good=$(grep -c '"type":"frame"' "$dir/frames")
	found "failed polls" "$(grep '"state":"offline"' "$dir/frames" |
		grep -vc '"dtu":"away"')" 0
	[ "$good" -ge 7 ] || echo "only $good frames;"
	grep -v 'may cut hm DTUs off\|: away: ' "$dir/hm-poll.err"
}

hm-decode_did() {
	found "dtu records" "$(grep -c '"type":"dtu"' "$dir/decoded")" \
		"$(grep -c '"type":"frame"' "$dir/frames")"
	cat "$dir/hm-decode.err"
}

# falls FIELD: how often a field of an input fell.
falls() {
	of_type port | jq -rs --arg field "$1" 'group_by(.port) | map([.[] |
		.[$field] // empty] | [.[:-1], .[1:]] | transpose |
		map(select(.[1] < .[0])) | length) | max'
}

hm-filter_did() {
	local resets=0
	# No tool can find out that a clock was wrong before it started.
	[[ $case != start.* || $case = start.back-* ]] || resets=1
	found "falls of a total" "$(falls total_production)" 0
	found "resets of the day" "$(falls today_production)" "$resets"
	found "inputs without an energy after the second poll" "$(of_type port |
		tail -n +5 | jq -r 'select(.total_production == null or
		.today_production == null) | 1' | wc -l)" 0
	said hm-filter 'the clock was set'
}

# said TOOL TEXT: it says that the clock was set, if it ran meanwhile,
# and nothing else.
said() {
	grep -v "$2" "$dir/$1.err"
	[ "${case%%.*}" = start ] ||
		grep -q "$2" "$dir/$1.err" || echo "says nothing;"
}

hm-alert_did() {
	local starts=1
	[ "${case%.*}" = running ] || starts=3 # it forgets alarms at its end
	found "alarms" "$(of_type alarm | jq -r '[.alert, .start] | @csv' |
		sort -u | wc -l)" "$starts"
	found "ends" "$(of_type alarm | grep -c '"end"')" 0
	said hm-alert 'the clock was set'
}

# Rows of polls in one second are one.
hm-store_did() {
	local type
	for type in dtu inverter port; do
		found "rows of $type" "$(sqlite3 "$dir/hm.db" \
			"SELECT count(*) FROM $type")" "$(of_type "$type" |
			jq -r '[.time, .serial, .port] | @csv' | sort -u | wc -l)"
	done
	found "latest" "$(sqlite3 "$dir/hm.db" "SELECT port,
		printf('%g', pv_power) FROM latest ORDER BY port")" "$(of_type port | tail -n 2 |
		jq -r '"\(.port)|\(.pv_power)"')"
	grep -v 'the clock' "$dir/hm-store.err"
}

hm-ha-discovery_did() {
	[ "$(of_type mqtt | wc -l)" -gt 0 ] || echo "no messages;"
	cat "$dir/hm-ha-discovery.err"
}

# The last message of each topic is what a subscriber shows. Lines of [TOPIC,
# PAYLOAD], whose payload may be JSON, or its text.
last_messages() {
	jq -cs --arg prefix "clock/$case/" 'map(select(.[0] |
		startswith($prefix))) | group_by(.[0]) | map(.[-1]) | .[] |
		[.[0], (.[1] | . as $text | try fromjson catch $text)]'
}

hm-publish_did() {
	of_type mqtt | jq -c '[.topic, .payload]' | last_messages >"$dir/wanted"
	[ -s "$dir/wanted" ] || echo "no states;"
	found "last messages that did not reach the broker" "$(comm -23 \
		<(sort "$dir/wanted") <(jq -Rc 'split("\t")' "$work/received" |
		last_messages | sort) | wc -l)" 0
	cat "$dir/hm-publish.err"
}

hm-metrics_did() {
	found "power" "$(sed -n 's/^hoymiles_pv_power_watts{[^}]*port=[^}]*} //p' \
		"$dir/hm.prom" | sort | tr '\n' ' ')" "$(of_type port | tail -n 2 |
		jq -r .pv_power | sort | tr '\n' ' ')"
	cat "$dir/hm-metrics.err"
}

# run_cases WHEN.STEP ...: run them beside each other, until all are done.
run_cases() {
	local i=0 case running=()
	broker_port=$(free_port)
	start_broker "$broker_port"
	mosquitto_sub -h 127.0.0.1 -p "$broker_port" -t 'clock/#' \
		-F $'%t\t%p' >"$work/received" 2>/dev/null &
	pids+=($!)
	start_sim plant --dtus $# --inverters 1 --inputs 2 --speed 60
	for case in "$@"; do
		run_case "${case%%.*}" "${case#*.}" "${uris[i]}" &
		i=$((i + 1))
		running+=($!)
	done
	wait "${running[@]}"
}

# judge_cases WHEN.STEP ...: a check for each tool of each case.
judge_cases() {
	local case tool dir
	for case in "$@"; do
		dir=$work/$case
		for tool in "${tools[@]}"; do
			same "$case: $tool" "$("${tool}_did" 2>&1)" ""
		done
	done
}
