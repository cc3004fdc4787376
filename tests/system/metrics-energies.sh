#!/bin/bash
# Energies on the page, in /api and in metrics: they stay when a DTU goes to
# sleep or hangs, and when hm-metrics restarts while it sleeps; a day that is
# over is no energy of today. And hm-metrics starts before its database.
# shellcheck source=tests/lib/lib.sh
. "$(dirname "$0")/../lib/lib.sh"
unset HM_CONFIG DTU_HOST DATABASE_PATH TIMEZONE TZ RESET_HOUR
db=$work/hm.db

# A time zone where it is about noon now: no day ends during the test.
hour=$((10#$(date -u +%H)))
zone=Etc/GMT$(printf '%+d' $((hour - 12)))
options=(--stats-period 0 --timezone "$zone" -d "$db")

# The chain: a poll writes frames to descriptor 7. The DTUs are in the settings,
# so that their energies are kept however long they sleep.
start_chain() {
	port=$(free_port)
	rm -f "$work/in"
	mkfifo "$work/in"
	exec 7<>"$work/in"
	hm-decode --stats-period 0 <"$work/in" 7>&- | hm-filter "${options[@]}" \
		2>>"$work/filter.err" 7>&- | tee "$work/stream" 7>&- |
		hm-metrics "${options[@]}" -c "$work/hm.yaml" \
		--port "$port" >/dev/null 2>"$work/err" 7>&- &
	chain=$!
	pids+=("$chain")
	until_true 10 listening "$port"
}

# All tools end at the end of the input.
stop_chain() {
	exec 7>&-
	wait "$chain"
}

poll() {
	hm-poll -1 -c "$work/hm.yaml" --lock-dir "$work" --stats-period 0 \
		--retries 0 --connect-timeout 1 --read-timeout 1 \
		2>>"$work/poll.err" >&7
}

plant() {
	get /api/plant | jq -c "$1"
}

is() {
	[ "$(plant "$1")" = "$2" ]
}

# heard DTU STATE: whether the DTU has this state now.
heard() {
	is ".dtus[] | select(.name == \"$1\") | .status" "\"$2\""
}

energies='[.today, .total, (.dtus[] | .today),
	(.units | sort_by(.dtu)[] | .ports[].today)]'
watts='[.watts, (.dtus[] | .watts)]'
production() {
	get /api/production/current | jq -c 'sort_by(.serial_number)'
}
counters() {
	get /metrics | grep '^hoymiles.*pv_energy' | sort
}
numbers() {
	jq -e 'flatten | length > 4 and all(type == "number" and . > 0)' \
		<<<"$1"
}

# Two DTUs; each has its own simulator, so that one can go.
start_sim roof --transport modbus --inverters 1 --inputs 2 --seed 1
roof=${uris[0]}
start_sim shed --transport modbus --inverters 1 --inputs 2 --seed 2
shed=${uris[0]} shed_sim=$sim
cat >"$work/hm.yaml" <<-END
	dtu_configs:
	  - name: roof
	    host: $roof
	  - name: shed
	    host: $shed
END

start_chain
poll
sleep 1.1 # times are whole seconds
poll
has_energies() {
	numbers "$(plant "$energies")"
}
check "two DTUs have energies" until_true 5 has_energies
awake=$(plant "$energies")
made=$(production)
counted=$(counters)
today=$(plant .today)
check "today is the sum of two DTUs" is \
	'[.today, (.dtus | length), (.dtus | map(.today) | add)]' \
	"[$today,2,$today]"
check "... and of all inputs" is '[.units[].ports[].today] | add' "$today"

# One goes: nothing listens any more

kill "$shed_sim"
wait "$shed_sim" 2>/dev/null
hm-poll -1 --lock-dir "$work" --stats-period 0 --retries 0 \
	--connect-timeout 1 "$shed#shed" 2>/dev/null >&7
check "a DTU sleeps" until_true 5 heard shed error
check "... its power is not known" is '[(.dtus, .units)[] |
	select(.name == "shed" or .dtu == "shed") | .watts]' '[null,null]'
same "... and no energy changes: plant, DTUs, inputs" \
	"$(plant "$energies")" "$awake"
same "... nor /api/production/current" "$(production)" "$made"
same "... nor a metric" "$(counters)" "$counted"
check "... the page has them" bash -c "curl -s http://127.0.0.1:$port/ |
	grep -qF '\"today\":$today,'"

# The chain restarts meanwhile, and no DTU has been polled yet

stop_chain
start_chain
same "after a restart energies are those of the ledger" \
	"$(plant "$energies")" "$awake"
same "... in /api/production/current" "$(production)" "$made"
same "... in metrics" "$(counters)" "$counted"
same "... in a file, too" "$(hm-metrics "${options[@]}" -t "$work/hm.prom" \
	-c "$work/hm.yaml" </dev/null &&
	grep '^hoymiles.*pv_energy' "$work/hm.prom" | sort)" "$counted"
same "... inverters have no empty description" \
	"$(get /metrics | grep -c '^hoymiles_inverter_info')" 0
same "... and the ledger has the same" "$(sqlite3 "$db" \
	'SELECT sum(today_production) FROM production_cache')" "$today"
check "... power is not known" is "$watts" '[null,null,null]'
hm-poll -1 --lock-dir "$work" --stats-period 0 "$roof#roof" 2>/dev/null >&7
check "the roof wakes: its power is there" until_true 5 is \
	'[.dtus[].watts | type]' '["number","null"]'
check "... and energies do not fall" is "[.today, .total] |
	[.[0] >= $today, .[1] >= $(jq '.[1]' <<<"$awake")]" '[true,true]'
stop_chain

# The day is over

sqlite3 "$db" 'UPDATE production_cache SET e_day = e_day - 1;
	UPDATE dtu_cache SET day = day - 1'
start_chain
check "a day that is over has no energy of today" is \
	'[.today, (.dtus[].today), (.units[].ports[].today)] | unique' '[null]'
same "... but not the lifetime" "$(plant '.total | type')" '"number"'
is_absent() {
	! get /metrics | grep -q "$1"
}
check "... in metrics, too" is_absent '^hoymiles_pv_energy_today'
stop_chain

# A ledger of DTUs that are no longer in the settings

sed -i '/shed/,$d' "$work/hm.yaml"
start_chain
same "a DTU that is not in the settings is not in the plant" \
	"$(plant '[.dtus[].name]') $(plant '.total == .dtus[0].total or
	.today == .dtus[0].today')" '["roof"] true'
stop_chain

# A database that comes later, and one of an older version

start_metrics() {
	port=$(free_port)
	hm-metrics --stats-period 0 --timezone "$zone" -d "$1" --port "$port" \
		<"$work/in" >/dev/null 2>"$work/err" 7>&- &
	pids+=($!)
	exec 7<>"$work/in"
	until_true 10 listening "$port"
}
has_curve() {
	is '.curve | map(select(. != null)) | length > 0' true
}
start_metrics "$work/later.db"
same "without the database it is not ready" \
	"$(get /ready -o /dev/null -w '%{http_code}')" 503
printf '{"type":"dtu","time":"%s","dtu":"roof","pv_power":500}\n' \
	"$(date -u -d '-30 minutes' +%Y-%m-%dT%H:%M:%SZ)" |
	hm-store --stats-period 0 -d "$work/later.db" >/dev/null
check "when it comes, the curve is read" until_true 25 has_curve
same "... and it is ready" "$(get /ready)" OK
exec 7>&-
cp "$work/later.db" "$work/old.db"
sqlite3 "$work/old.db" 'DROP TABLE repeater'
start_metrics "$work/old.db"
same "one of an older version is ready" "$(get /ready)" OK
check "... with its curve" has_curve
same "... and without what it lacks" "$(get /stats | jq .database_path) $(
	get '/api/inverters/1/history' -o /dev/null -w '%{http_code}')" \
	"null 503"
exec 7>&-
finish
