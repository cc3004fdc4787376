#!/bin/bash
# Gateways of hybrid inverters: hoymiles-wifi's client reads hm-sim and sets a
# working mode, and hm-decode reads the same replies; hm-decode reads a gateway
# made of hoymiles-wifi's messages, and hm-poll sets its working mode; pymodbus'
# client reads hm-sim's registers.
#   PEERS    versions of hoymiles-wifi; "newest 0.6.0" if unset
#   PYTHONS  where the programs are installed (build/peers)
#   VALUES   of the gateway that is made up (100000)
# shellcheck source=tests/lib/lib.sh disable=SC2016
. "$(dirname "$0")/../lib/lib.sh"
# shellcheck source=tests/peers/install.sh
. "$(dirname "$0")/install.sh"
unset HM_CONFIG DTU_HOST
export HM_STATS_PERIOD=0

hybrid() {
	"$python" "$here/hybrid.py" "$@"
}

# agrees NAME: hm-decode makes of the frames what is expected.
agrees() {
	hm-decode --log-level ERROR <"$work/$1.frames" >"$work/$1.decoded" || return
	hybrid compare "$work/$1.expected" "$work/$1.decoded"
}

# gateway NAME OPTION ...: hoymiles-wifi's client reads hm-sim.
gateway() {
	local name=$1
	host=127.$((20 + RANDOM % 200)).$((RANDOM % 250)).$((1 + RANDOM % 250))
	hm-sim --transport es --listen "$host" "${@:2}" >"$work/$name.sim" &
	pids+=($!)
	until_true 10 grep -q '"type":"sim"' "$work/$name.sim"
	check "hoymiles-wifi $version reads a gateway with $name" \
		hybrid read "$host" "$work/$name.frames" "$work/$name.expected"
	cat "$work/check.out"
	check "... and hm-decode reads the same values" agrees "$name"
	tail -n 1 "$work/check.out"
}

battery_power() {
	local name=$1
	hybrid read "$host" "$work/$name.frames" "$work/$name.expected" >/dev/null
	hm-decode <"$work/$name.frames" | jq 'select(.type == "battery").power'
}
gives() {
	[ "$(battery_power "$1")" = "$2" ]
}

tried=
for peer in ${PEERS:-newest 0.6.0}; do
	install_peer "$peer"
	[[ " $tried " != *" $version "* ]] || continue
	tried+=" $version"
	echo "# hoymiles-wifi $version, $("$python" --version)"
	gateway "one inverter" --start 20:30
	serial=$(jq -r 'first(.[] | select(.type == "battery")).serial' \
		< <(hm-decode <"$work/one inverter.frames" | jq -s .))
	same "... and sets its working mode" \
		"$(hybrid mode "$host" "$serial" FORCED_DISCHARGE 20 50)" 0
	same "... to what it says" "$(jq -c 'select(.type == "order") |
		[.serial, .mode, .reserve_soc, .max_power]' "$work/one inverter.sim")" \
		"[\"$serial\",\"forced_discharge\",20,50]"
	check "... which acts" until_true 40 gives "one inverter" 2300
	gateway "three inverters on three phases" --phases 3 --inverters 3 \
		--generator --extras --speed 600
	gateway "no battery" --battery 0 --inputs 4
	check "a gateway of random values is made up" hybrid random \
		"${VALUES:-100000}" "$RANDOM" "$work/random.frames" "$work/random.expected"
	cat "$work/check.out"
	check "... and hm-decode reads all of it, and nothing else" agrees random
	tail -n 1 "$work/check.out"
done

# Orders to a gateway made of hoymiles-wifi's messages, of the last version above.
# No connection ends in a reset.
port=$(free_port)
"$python" "$here/hybrid.py" serve "$port" >"$work/ordered" 2>"$work/ordered.err" &
pids+=($!)
until_true 20 listening "$port"
while read -r order; do
	echo "{\"type\":\"command\",\"action\":\"set_mode\",$order}" |
		hm-poll -1 --control --control-unproven --control-journal \
			"$work/ordered.$RANDOM" "es://127.0.0.1:$port" \
			>"$work/ordered.out" 2>/dev/null
	same "hm's order is accepted: $order" "$(jq -r \
		'select(.type == "result").state' "$work/ordered.out" | xargs)" \
		"accepted unknown"
done <<-'END'
	"mode":"self_use","reserve_soc":25
	"mode":"backup","reserve_soc":70
	"mode":"off_grid","reserve_soc":15
	"mode":"forced_charge","reserve_soc":80,"max_power":50
	"mode":"forced_discharge","reserve_soc":20,"max_power":100
	"mode":"peak_shaving","peak_soc":40,"peak_power":3000
	"mode":"time_of_use","hours":[{"charge":"01:00-05:00","charge_power":50,"discharge":"17:05-21:30","discharge_power":100,"soc_min":10,"soc_max":90},{"charge":"12:00-13:00","charge_power":5,"discharge":"00:00-00:00","discharge_power":0,"soc_min":0,"soc_max":100}]
END
same "hoymiles-wifi sends the same bytes for each" "$(jq -c .same \
	"$work/ordered" | sort | uniq -c | xargs)" "7 true"
same "... and no connection is reset" "$(cat "$work/ordered.err")" ""

# A stick and a gateway of the same house.
gateway "the house of a stick" --phases 3 --speed 0
start_sim stick --transport modbus-g3 --phases 3 --speed 0
port=${uris[0]##*:}
check "pymodbus $(installed pymodbus) reads a stick, and not 124 registers" \
	hybrid registers "$port"
cp "$work/check.out" "$work/registers"
cat "$work/registers"
check "... and gets the same values where there are two" jq -e '
	.soc == .soc_again and .pv_power == .pv_power_again and
	(.battery_power_again | unique) == [.battery_power] and
	(.grid_power_again | unique) == [.grid_power] and
	(.load_power_again | unique) == [.load_power]' "$work/registers"
check "... which are those of the gateway" jq -se \
	--argjson r "$(<"$work/registers")" 'INDEX(.type) as $g |
	map(select(.type == "port")) as $ports |
	$r.soc == $g.battery.soc and $r.battery_voltage == $g.battery.voltage and
	$r.battery_power == $g.battery.power and $r.grid_power == $g.grid.power and
	$r.load_power == $g.load.power and
	$r.pv_power == ($ports | map(.pv_power) | add) and
	$r.today_pv == ($ports | map(.today_production) | add) and
	$r.today_load == $g.load.today_energy and
	$r.today_import == $g.grid.today_import and
	$r.today_export == $g.grid.today_export and $r.today_pv > 0' \
	"$work/the house of a stick.decoded"
check "pymodbus' client sets the working mode in one block" \
	hybrid write "$port" 5 10 60 77 280 30 1000
finish
