#!/bin/bash
# The documentation of the settings against the table in the code.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"

docs=$(cd "$(dirname "$0")/../../docs" && pwd)
settings=$HM_BUILD/docs/settings

for page in configuration upgrading; do
	"$settings" fill <"$docs/$page.md" >"$work/$page.md"
	check "$page.md has the tables of the code (or run make docs)" \
		diff -u "$docs/$page.md" "$work/$page.md"
done
check "configuration.md has a table to be filled" \
	grep -q '^| .mqtt_broker' "$work/configuration.md"

# The long options of a manual's list, but for help and version.
listed() {
	sed -n '/^\.Sh OPTIONS/,/^\.Sh [^O]/p' "$1" | grep '^\.It Fl' |
		grep -o ' -[a-z][a-z-]*' | grep -v ' -\(help\|version\)' |
		cut -c 3- | sort
}

for tool in "$HM_BIN"/hm-*; do
	tool=${tool##*/}
	page=$docs/man/$tool.1
	same "$tool.1 lists the options of the code" \
		"$(listed "$page")" \
		"$("$settings" options "$tool" | sed 's/^. //' |
			grep -o '^[a-z-]*' | sort)"
	while IFS=$'\t' read -r option default; do
		[ -n "$default" ] || continue
		name=${option#? }
		# The dollar is awk's.
		# shellcheck disable=SC2016
		check "$tool.1: --${name%% *} says of its default: $default" \
			awk -v tag="-${name%% *}" -v value="$default" '
			/^\.It/ { here = index($0 " ", tag " ") > 0 }
			here && index($0, value) { found = 1 }
			END { exit !found }' "$page"
	done < <("$settings" options "$tool")
done
finish
