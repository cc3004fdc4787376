#!/bin/bash
# Every setting of every tool, from the file, the environment and the command
# line: good values, values out of bounds, and wrong types. And every setting of
# the programs that hm replaces.
# shellcheck source=tests/lib/lib.sh
. "$(dirname "$0")/../lib/lib.sh"

docs=$(cd "$(dirname "$0")/../../docs" && pwd)
data=$(cd "$(dirname "$0")/../data" && pwd)

# run TOOL ASSIGNMENT ...: run --check of the tool with these settings: "key:
# value" for the file, "--option", NAME=value for the environment.
run() {
	local tool=$1 word
	local -a options=(--check -c "$work/hm.yaml") environment=()
	shift
	: >"$work/hm.yaml"
	for word in "$@"; do
		case $word in
		--*) options+=("$word") ;;
		[A-Z]*=*) environment+=("$word") ;;
		*) echo "$word" >>"$work/hm.yaml" ;;
		esac
	done
	env -i "${environment[@]}" "$HM_BIN/$tool" "${options[@]}" \
		>"$work/out" 2>"$work/err"
}

# needs TOOL PLACE: the setting that the tool requires, given in another place
# than the tested one.
needs() {
	case $1-$2 in
	hm-poll-file) echo "DTU_HOST=127.0.0.1" ;;
	hm-poll-*) echo "dtu_host: 127.0.0.1" ;;
	hm-store-file | hm-ship-file) echo "DATABASE_PATH=hm.db" ;;
	hm-store-* | hm-ship-*) echo "database_path: hm.db" ;;
	hm-publish-file | hm-subscribe-file) echo "MQTT_BROKER=127.0.0.1" ;;
	hm-publish-* | hm-subscribe-*) echo "mqtt_broker: 127.0.0.1" ;;
	esac
}

# apart TOOL: the options, as a pattern, that the tool does not take with all the
# others; they are tried by themselves.
apart() {
	case $1 in
	hm-sim) echo '^--(transport|battery|charge|mode|generator|ledger)' ;;
	*) echo '^$' ;;
	esac
}

# The note about dtu_host beside dtu_configs.
beside=': dtu_[a-z]* (.*) is not used: dtu_configs'

# try_good TOOL PLACE KIND: accepts all good values of a kind at once, and shows
# the place of each.
try_good() {
	local tool=$1 place=$2 kind=$3 from
	mapfile -t given < <(awk -F '\t' -v place="$place" -v kind="$kind" '
		$1 == place && $2 == kind { print $3 }' "$work/values" |
		grep -aEv -e "$(apart "$tool")")
	[ ${#given[@]} -gt 0 ] || return 0
	from=" # $work/hm.yaml:"
	[ "$place" != environment ] || from=' # [A-Z0-9_]*$'
	[ "$place" != option ] || from=' # --[a-z0-9-]*$'
	# Texts have no high value.
	mapfile -t more < <([ "$kind" = low ] || needs "$tool" "$place")
	run "$tool" "${more[@]}" "${given[@]}"
	same "$tool accepts ${#given[@]} good values: $place, $kind" \
		"$? $(grep -v "$beside" "$work/err")" "0 "
	same "$tool shows where they come from: $place, $kind" \
		"$(grep -v '^# --config' "$work/out" | grep -c -- "$from")" \
		${#given[@]}
	try_again "$tool" "$place, $kind"
}

# The output of --check is a settings file with the same values.
try_again() {
	local tool=$1
	sed '/^#/d; s/  # .*//' "$work/out" >"$work/first"
	cp "$work/out" "$work/again.yaml"
	env -i "$HM_BIN/$tool" --check -c "$work/again.yaml" >"$work/second"
	same "$tool reads what it printed: $2" \
		"$? $(sed '/^#/d; s/  # .*//' "$work/second")" \
		"0 $(cat "$work/first")"
}

# try_bad TOOL PLACE KIND: refuses all bad values of a kind at once, and names
# each in its own line.
try_bad() {
	local tool=$1 place=$2 kind=$3 name
	mapfile -t given < <(awk -F '\t' -v place="$place" -v kind="$kind" '
		$1 == place && $2 == kind { print $3 }' "$work/values")
	[ ${#given[@]} -gt 0 ] || return 0
	run "$tool" "${given[@]}"
	same "$tool refuses ${#given[@]} bad values: $place, $kind" $? 78
	same "$tool reports each: $place, $kind" \
		"$(grep -c 'found\|must' "$work/err")" ${#given[@]}
	awk -F '\t' -v place="$place" -v kind="$kind" '
		$1 == place && $2 == kind { print $4 }' "$work/values" |
		while IFS= read -r name; do
			grep -qF -- "$name" "$work/err" || echo "$name"
		done >"$work/unnamed"
	same "$tool names each: $place, $kind" "$(cat "$work/unnamed")" ""
}

for tool in "$HM_BIN"/hm-*; do
	tool=${tool##*/}
	"$HM_BUILD/helper/setting_values" "$tool" >"$work/values"
	for place in file environment option; do
		for kind in low high; do
			try_good "$tool" "$place" "$kind"
		done
		for kind in below above wrong; do
			try_bad "$tool" "$place" "$kind"
		done
	done
done

hides() {
	! grep -q 'secret\|hoymiles_password' "$@"
}

# The settings of the programs that hm replaces, in $data.
mapfile -t old <"$data/bridge.env"
sed 's/\([a-z]\)-\([a-z]\)/\1_\2/g' "$data/bridge.yaml" \
	>"$work/underscores.yaml"
for tool in "$HM_BIN"/hm-*; do
	tool=${tool##*/}
	env -i "${old[@]}" "$HM_BIN/$tool" --check >"$work/out" 2>"$work/err"
	same "$tool accepts the variables of hoymiles-mqtt" \
		"$? $(grep -v "has no effect: \|$beside" "$work/err")" "0 "
	sed -n 's/.*  # \([A-Z_]*\)$/\1/p' "$work/out" >>"$work/read"
	sed -n 's/.* warning: \([A-Z_]*\): has no.*/\1/p' "$work/err" \
		>>"$work/read"
	for file in "$data/bridge.yaml" "$work/underscores.yaml"; do
		env -i "$HM_BIN/$tool" --check -c "$file" \
			>"$work/out" 2>"$work/err"
		same "$tool accepts the keys of hoymiles-mqtt: ${file##*/}" \
			"$? $(grep -v "has no effect: \|$beside" "$work/err")" "0 "
	done
	check "$tool shows no secret" hides "$work/out" "$work/err"
done
# docs/configuration.md names variables that no tool reads yet.
for word in "${old[@]}"; do
	name=${word%%=*}
	grep -q "\`$name\`.* none yet " "$docs/configuration.md" ||
		grep -qx "$name" "$work/read" || echo "$name"
done >"$work/unread"
same "every variable of hoymiles-mqtt is read, or named" \
	"$(cat "$work/unread")" ""
for battery in 0 10.5 1000; do
	run hm-sim --transport=es,modbus-g3 --battery="$battery" --charge=100 \
		--mode=backup --generator --ledger
	same "hm-sim simulates gateways with a battery of $battery kWh" \
		"$? $(cat "$work/err")" "0 "
done
run hm-sim --battery=1000.1 --transport=es
check "... of no more" [ $? -eq 78 ]
finish
