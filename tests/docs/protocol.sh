#!/bin/bash
# The tables of docs/protocol.md against the code and proto/.
# shellcheck source=tests/lib/lib.sh
. "$(dirname "$0")/../lib/lib.sh"
root=$(cd "$(dirname "$0")/../.." && pwd)
page=$root/docs/protocol.md

# The rows below a heading, or below the table head that begins with a word.
rows() {
	awk -v head="$1" '
		$0 == head || index($0, head " |") == 1 { on = 1; next }
		/^#/ { on = 0 }
		on && rows && !/^\|/ { exit }
		on && /^\|/ && !/^\| (---|code)/ { rows = 1; print }' "$page"
}

# "prefix name" of each row of "name | prefix prefix ...".
by_prefix() {
	rows "$1" | awk -F' *[|] *' '{
		count = split($3, prefix, " ")
		for (i = 1; i <= count; i++)
			print prefix[i], $2
	}' | sort
}

# The same from a table in lib/record/models.c.
models() {
	sed -n "/$1/,/^};/p" "$root/lib/record/models.c" |
		sed -n 's/HM_MODEL_BUILT_IN/"built-in DTU"/
			s/^ *{"*\(0x\)*\([0-9a-f]*\)"*, "\([^"]*\)"\(, [0-9 \/]*\)*},/\2 \3/p' |
		sort
}

# "number type field" of a message in proto/.
message() {
	sed -n "/^message $1 {/,/^}/p" "$root"/proto/*.proto | sed -n \
		's/^ *\(.*\) \([a-z_0-9]*\) = \([0-9]*\);.*/\3 \1 \2/p' | sort
}

same_lists() {
	check "$1: the page has rows" test -n "$2"
	same "$1: the page is right" "$2" "$3"
}

# "code text" of an array of alarm codes.
codes() {
	sed -n "/ $1\[\] =/,/^};/"'s/^ *{\([0-9]*\), "\(.*\)"},/\1 \2/p' \
		"$root/lib/record/alarm_codes.c"
}

same_lists "alarm codes" \
	"$(rows '## Alarm codes' | sed 's/^| \(.*\) | \(.*\) |$/\1 \2/')" \
	"$(codes hm_alarm_codes)"
same_lists "alarm codes of an HMT" \
	"$(rows '| code | text from an HMT' |
		sed 's/^| \(.*\) | \(.*\) |$/\1 \2/')" \
	"$(codes hm_alarm_codes_hmt)"
same_lists inverters "$(by_prefix '| inverter | prefix')" \
	"$(models 'inverters\[\] =')"
same_lists DTUs "$(by_prefix '| DTU | prefix')" "$(models 'dtus\[\] =')"
same_lists meters "$(by_prefix '| meter | prefix')" "$(models 'meters\[\] =')"
same_lists "part numbers" "$(by_prefix '| inverter | part number')" \
	"$(models 'parts\[\] =')"
while read -r name; do
	same_lists "$name" "$(rows "#### $name" | awk -F' *[|] *' '
		$4 ~ /`/ { gsub(/`/, "", $4); print $2, $3, $4 }' | sort)" \
		"$(message "$name")"
done < <(sed -n 's/^#### //p' "$page")
finish
