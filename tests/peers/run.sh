#!/bin/bash
# Orders and other people's programs: hoymiles-wifi's client with hm-sim, hm-poll
# with a DTU made of hoymiles-wifi's messages, and both with pymodbus. Prints
# what was sent.
#   PEERS    versions of hoymiles-wifi; "newest 0.6.0" if unset
#   PYTHONS  where the programs are installed (build/peers)
# shellcheck source=tests/lib/lib.sh
. "$(dirname "$0")/../lib/lib.sh"

# shellcheck source=tests/peers/install.sh
. "$(dirname "$0")/install.sh"

hoymiles() {
	"$python" "$here/hoymiles.py" "$@"
}

# reads JQ: what hm reads of the DTU at $host: a value of its records.
reads() {
	hm-poll -1 --ask info,config --stats-period 0 --retries 1 "hm://$host" 2>/dev/null |
		hm-decode --stats-period 0 | jq -rs "$1"
}

# shows JQ VALUE: whether hm reads this now.
shows() {
	local found
	found=$(reads "$1")
	echo "found $found"
	[ "$found" = "$2" ]
}

# cli WORD ...: hoymiles-wifi's command line, with y to its questions.
cli() {
	local key=()
	[ -z "$sealed" ] || key=(--enc-rand "$(key)")
	"${python%/*}/hoymiles-wifi" --host "$host" "${key[@]}" "$@" \
		>"$work/cli" 2>&1
	local status=$?
	cat "$work/cli"
	[ "$status" -eq 0 ] && ! grep -q err_code "$work/cli"
}

key() {
	"${python%/*}/hoymiles-wifi" --host "$host" --as-json is-encrypted |
		jq -r '.enc_rand // empty'
}

# one SERIAL JQ: a value of an inverter.
one() {
	echo "map(select(.type == \"inverter\" and .serial == \"$1\"))[0].$2"
}

all_power() {
	echo "map(select(.type == \"inverter\").active_power) | all(. $1)"
}

# client NAME [OPTION ...]: its client orders, hm reads what has come of it.
client() {
	local name="hoymiles-wifi $version, $1" serials before sealed=
	host=127.$((20 + RANDOM % 200)).$((RANDOM % 250)).$((1 + RANDOM % 250))
	[ "$1" != encrypted ] || sealed=1
	hm-sim --listen "$host" --series hms-w --inverters 2 --inputs 2 \
		--stats-period 0 "${@:2}" >"$work/sim.$1" &
	pids+=($!)
	until_true 10 grep -q '"type":"sim"' "$work/sim.$1"
	mapfile -t serials < <(reads '.[] | select(.type == "inverter").serial')

	check "$name: sets a limit" cli --disable-interactive --power-limit 60 \
		set-power-limit
	check "... which hm reads" until_true 20 shows \
		'map(.power_limit_all // empty) | first' 60
	check "$name: sets a temporary limit" cli --disable-interactive \
		--power-limit-watts 100 set-power-limit-temporary
	check "... which hm reads" until_true 20 shows "$(all_power '<= 100')" true
	check "$name: turns an inverter off" cli turn-off-inverter \
		< <(printf '%s\ny\n' "${serials[0]}")
	check "... which hm reads" until_true 20 shows \
		"$(one "${serials[0]}" active_power)" 0
	check "... and not the other one" shows \
		"$(one "${serials[1]}" 'active_power > 0')" true
	check "$name: turns it on" cli turn-on-inverter \
		< <(printf '%s\ny\n' "${serials[0]}")
	check "... which hm reads" until_true 20 shows \
		"$(one "${serials[0]}" 'active_power > 0')" true
	check "$name: restarts an inverter" hoymiles reboot "$host" \
		"${serials[0]}" ${sealed:+"$(key)"}
	check "... which hm reads: it has lost its temporary limit" \
		until_true 20 shows "$(one "${serials[0]}" 'active_power > 100')" \
		true
	before=$(boot_time)$(key)
	check "$name: restarts the DTU" cli restart-dtu <<<y
	check "... which hm reads" [ "$(boot_time)" != "${before:0:20}" ]
	[ -z "$sealed" ] || check "... and its key is another one" \
		[ "$(key)" != "${before:20}" ]
}

boot_time() {
	reads 'map(select(.type == "info" and .kind == "dtu"))[0].boot_time'
}

# Orders of hm. Each has a DTU of its own, so that they run beside each other.

table() {
	cat <<-'END'
		limit "percent":60 60
		limit_temporary "watts":300 300
		turn_off "serial":"141012345678" 141012345678
		turn_on "serial":"141012345678" 141012345678
		restart_inverter "serial":"141012345678" 141012345678
		restart_dtu "id":"r" -
		clear_alarms "id":"c" -
	END
}

# carry_out NAME URI ACTION MEMBER [OPTION ...]: one command, in the background.
carry_out() {
	printf '{"type":"command","action":"%s",%s}\n' "$3" "$4" |
		hm-poll -1 --control --control-timeout 30 --stats-period 0 \
			--control-journal "$work/$1.journal" "${@:5}" "$2" \
			>"$work/$1.out" 2>"$work/$1.err" &
	orders+=($!)
	pids+=($!)
}

end_of() {
	jq -r 'select(.type == "result") | .state + (if .error then ": " + .error
		else "" end)' "$work/$1.out" | tail -n 1
}

# What differs on purpose: docs/protocol.md has the sources.
differs() {
	case $1 in
	restart_inverter) sed 's/action: 8195/action: 3/' ;;
	*) cat ;;
	esac
}

# orders_to_fake MODE [OPTION ...]
orders_to_fake() {
	local mode=$1 action member argument port name sent peer orders=()
	local encrypt=()
	[ "$mode" = plain ] || encrypt=(encrypt)
	while read -r action member argument; do
		port=$(free_port)
		name=$mode.$action
		"$python" "$here/hoymiles.py" serve "$port" "${encrypt[@]}" \
			>"$work/$name.sent" &
		pids+=($!)
		until_true 20 listening "$port"
		carry_out "$name" "hm://127.0.0.1:$port" "$action" "$member" "${@:2}"
	done < <(table)
	wait "${orders[@]}"
	while read -r action _ argument; do
		name=$mode.$action
		sent=$(jq -r '.message' "$work/$name.sent")
		peer=$(hoymiles order "$action" "${argument#-}")
		printf '# %s | %s | %s | %s | %s\n' "$action" "$(jq -r '.command +
			(if .encrypted then ", encrypted" else "" end)' \
			"$work/$name.sent")" "$sent" "$(jq -r .message <<<"$peer")" \
			"$(end_of "$name")"
		same "$mode: $action: one order" "$(wc -l <"$work/$name.sent")" 1
		same "... with the command of hoymiles-wifi" \
			"$(jq -r .command "$work/$name.sent")" \
			"$(jq -r .command <<<"$peer")"
		same "... and its message" "$sent" \
			"$(jq -r .message <<<"$peer" | differs "$action")"
		[ "$action" = restart_inverter ] || same "... byte for byte" \
			"$(jq -r .bytes "$work/$name.sent")" \
			"$(jq -r .bytes <<<"$peer")"
		same "... encrypted as it should be" \
			"$(jq -r .encrypted "$work/$name.sent")" \
			"$(should_encrypt "$mode" "$(jq -r .command <<<"$peer")")"
	done < <(table)
	ends_as "$mode" limit "done"
	ends_as "$mode" limit_temporary "done"
	ends_as "$mode" turn_off "done"
	ends_as "$mode" turn_on "done"
	ends_as "$mode" restart_dtu "done"
	ends_as "$mode" clear_alarms "done"
	ends_as "$mode" restart_inverter "unknown: no_readback"
}

should_encrypt() {
	case $1.$2 in
	plain.* | encrypted.2305) echo false ;;
	*) echo true ;;
	esac
}

ends_as() {
	same "$1: $2 ends as $3" "$(end_of "$1.$2")" "$3"
}

# orders_to_pymodbus MAP: rows of a command, and what the server has got.
orders_to_pymodbus() {
	local map=$1 action member sent port name orders=()
	while read -r action member sent; do
		port=$(free_port)
		name=$map.$action
		"$python" "$here/modbus.py" serve "$port" "$map" \
			>"$work/$name.sent" 2>"$work/$name.serr" &
		pids+=($!)
		until_true 20 listening "$port"
		carry_out "$name" "modbus://127.0.0.1:$port" "$action" "$member" \
			--control-map "${map/new/auto}"
	done
	wait "${orders[@]}"
}

judge_pymodbus() {
	local map=$1 action sent
	while read -r action _ sent; do
		echo "# $action | $(<"$work/$map.$action.sent") |" \
			"$(end_of "$map.$action")"
		same "pymodbus, $map map: $action" \
			"$(<"$work/$map.$action.sent")" "$sent"
		ends_as "$map" "$action" "done"
	done
}

# A HIT-...-G3 whose registers pymodbus' server has.
read_g3_of_pymodbus() {
	local port plant=$root/tests/golden/hm-decode/modbus-g3-plant
	port=$(free_port)
	"$python" "$here/modbus.py" g3 "$port" <"$plant/registers" \
		2>"$work/g3.serr" &
	pids+=($!)
	until_true 20 listening "$port"
	hm-poll -1 --stats-period 0 "modbus-g3://127.0.0.1:$port#house" \
		>"$work/g3.polled" 2>"$work/g3.err"
	same "pymodbus' server: the registers of a HIT-G3 are read" \
		"$? $(cat "$work/g3.err")" "0 "
	same "... all blocks of them" "$(jq -c '.blocks // empty' \
		"$work/g3.polled")" "[0,123,1000,1800,2000,2123,30000]"
	same "... with the readings that they hold" "$(g3_readings \
		<"$work/g3.polled")" "$(g3_readings <"$plant/in")"
	jq -c 'select(.blocks) | .blocks[3] = 2000 | .blocks[4] = 1800' \
		"$work/g3.polled" | hm-decode --stats-period 0 \
		>"$work/g3.swapped" 2>"$work/g3.err"
	check "... a wrong block is an error of its own" grep -q \
		'block 2000: its registers are those of another block' "$work/g3.err"
}

g3_readings() {
	hm-decode --stats-period 0 | jq -c 'select(.type != "status") |
		del(.time, .took_ms)'
}

new_map() {
	cat <<-'END'
		limit "percent":60 function 6, 0xd002: 60
		limit_temporary "percent":50 function 6, 0xd001: 50
		turn_off "id":"o" function 6, 0xd000: 0
		turn_on "id":"i" function 6, 0xd000: 1
	END
}

old_map() {
	cat <<-'END'
		limit "percent":60 function 15, 0xc001: 60 in 8 coils
		turn_off "id":"o" function 5, 0xc000: 0
		turn_on "id":"i" function 5, 0xc000: 1
	END
}

tried=
for peer in ${PEERS:-newest 0.6.0}; do
	install_peer "$peer"
	[[ " $tried " != *" $version "* ]] || continue
	tried+=" $version"
	echo "# hoymiles-wifi $version, pymodbus $(installed pymodbus)," \
		"$("$python" --version)"
	client plain
	client encrypted --encrypt
	orders_to_fake plain
	orders_to_fake encrypted
	orders_to_fake encrypted-2305 --control-encrypt-2305
done
orders_to_pymodbus new < <(new_map)
judge_pymodbus new < <(new_map)
orders_to_pymodbus old < <(old_map)
judge_pymodbus old < <(old_map)
read_g3_of_pymodbus
start_sim sim --transport modbus --inverters 1 --inputs 1
check "pymodbus' client orders a limit of hm-sim" "$python" \
	"$here/modbus.py" write "${uris[0]##*:}" 0xd002 60
carry_out same "${uris[0]}" limit '"percent":60'
wait $!
check "... which hm reads" grep -q 'shows this limit already' "$work/same.out"
finish
