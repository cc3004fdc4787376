#!/bin/bash
# Settings that are meant to take for ever: each is refused, or accepted, in a
# time that is compared with that of a long and good file.
# shellcheck source=tests/lib/lib.sh
. "$(dirname "$0")/../lib/lib.sh"
unset DTU_HOST DTU_CONFIGS EXCLUDE_INVERTERS HM_CONFIG

file=$work/hm.yaml

# cost COMMAND ...: its processor time in ms, into the variable of this name.
cost() {
	local TIMEFORMAT='%U %S' user system
	read -r user system < <({ time timeout 60 "$@" >"$work/out" \
		2>"$work/err"; } 2>&1)
	cost=$((10#${user/[.,]/} + 10#${system/[.,]/}))
}

# repeat COUNT TEXT
repeat() {
	head -c "$(($1 * ${#2}))" < <(yes -- "$2" | tr -d '\n')
}

# in_time NAME MESSAGE: whether the last cost is bounded, and what was said.
in_time() {
	same "$1 is refused" "$(head -n 1 "$work/err")" "hm-$2"
	check "... in a bounded time" [ "$cost" -le "$limit" ]
}

# attack NAME MESSAGE TOOL <FILE
attack() {
	cat >"$file"
	cost "hm-$3" --check -c "$file"
	in_time "$1" "$3: error: $file$2"
}

{
	echo "exclude_inverters:"
	seq -f "  - 1164%08.0f" 65536
} >"$file"
cost hm-filter --check -c "$file"
same "a list may have 65536 words" "$(grep -o '1164[0-9]*' \
	"$work/out" | wc -l) $(cat "$work/err")" "65536 "
limit=$((20 * cost + 500))
echo "# $cost ms; the limit is $limit ms"

few="allowed are 65536"
deep="lists and mappings are nested too deep, allowed are 16 levels"
names="too many anchors, aliases and directives, allowed are 100"

attack "a list of 300,000 words" ":1:447667: exclude_inverters: found more\
 than 65536 entries, $few" filter < <(
	seq -s ', ' 300000 | sed 's/.*/exclude_inverters: [&]/')
attack "a file of 100,000 brackets" ":1:35: $deep" filter < <(
	printf 'exclude_inverters: '
	repeat 100000 '[')
attack "a block of 100,000 levels" ":2:33: $deep" filter < <(
	printf 'a:\n  '
	repeat 100000 '- ')
attack "a mapping of 300,000 unknown keys" ":1:1: k1: unknown key" filter < <(
	seq -f 'k%.0f: 1' 300000)
same "... of which some are listed" "$(wc -l <"$work/err") \
$(tail -n 1 "$work/err")" "101 hm-filter: error: these are the first 100\
 mistakes; the rest was not read"
attack "a mapping of 300,000 entries" ":2:3: value_multipliers: found\
 more than 65536 entries, $few" ha-discovery < <(
	echo value_multipliers:
	seq -f '  k%.0f: 1' 300000)
attack "a list of 200,000 anchors" ":102:5: $names" filter < <(
	echo exclude_inverters:
	seq -f '  - &a%.0f x' 200000)
attack "a file of 200,000 directives" ":101:1: $names" filter < <(
	seq -f '%%TAG !a%.0f! x' 200000)
attack "a word that is repeated by aliases" \
	":1:24: found a value of 300000 bytes, allowed are 262144" filter < <(
	printf 'exclude_inverters: [&a '
	repeat 300000 x
	repeat 90 ', *a'
	echo ']')
attack "a list of a million DTUs" ":1:14: dtu_configs: found more than\
 65536 entries, $few" poll < <(
	printf 'dtu_configs: ['
	repeat 1000000 '{},'
	echo ']')
cost hm-filter --check -c /dev/zero
in_time "a file without an end" "filter: error: /dev/zero: found more than\
 4194304 bytes, allowed are 4194304"

brackets=$(repeat 100000 '[')
cost env EXCLUDE_INVERTERS="$brackets" hm-filter --check
in_time "a variable of 100,000 brackets" "filter: error:\
 EXCLUDE_INVERTERS:1:17: $deep"
cost hm-filter --exclude "$brackets" --check
in_time "an option of 100,000 brackets" "filter: error: --exclude:1:17: $deep"
cost env DTU_CONFIGS="$(repeat 20000 '{"":')" hm-poll --check
in_time "JSON of 20,000 levels" "poll: error: DTU_CONFIGS:1:65: $deep"

mapfile -t options < <(seq -f '--multiply=k%.0f=1' 20000)
cost hm-filter "${options[@]}" --check
in_time "a command line of 20,000 options" "filter: error: --multiply: found\
 \"k1\", allowed are fields of readings; docs/records.md lists them"
mapfile -t variables < <(seq -f "MQTT_%.0f_$(repeat 40 x)=1" 5000)
cost env "${variables[@]}" hm-filter --check
same "5,000 variables are not all compared" "$(cat "$work/err")" \
	"hm-filter: warning: more than 1000 variables begin with MQTT_, DTU_ or\
 HM_: only the first are compared with those of hm"
check "... in a bounded time" [ "$cost" -le "$limit" ]

finish
