#!/bin/bash
# docs/architecture.md: the layers of the table against what the sources
# include, and the grid of the tools against both.
# shellcheck source=tests/lib/lib.sh
. "$(dirname "$0")/../lib/lib.sh"
root=$(cd "$(dirname "$0")/../.." && pwd)
page=$root/docs/architecture.md

# "row layer pattern" of each name in the table, from the lowest layer on.
rows() {
	awk -F ' *[|] *' '/^\| layer / { on = 1; next } !/^\|/ { on = 0 }
		on && !/---/ {
			count = split($3, name, ", ")
			row++
			for (i = 1; i <= count; i++)
				print row, $2, name[i]
		}' "$page"
}

# "row layer file": a file that is named, or the row with a pattern for it.
placed() {
	local file name row layer pattern found
	for file in "$root"/lib/*.c "$root"/lib/*.h; do
		name=${file##*/}
		name=${name%.*}
		found=
		while read -r row layer pattern; do
			# Names of the table may be patterns.
			# shellcheck disable=SC2254
			case $name in
			"$pattern") found="$row $layer"; break ;;
			$pattern | "${pattern%\*}"private | "$pattern"_private)
				found=${found:-"$row $layer"} ;;
			esac
		done <"$work/rows"
		echo "${found:-0 none} $name"
	done | sort -u
}

# "file other" for each header of ours that a file includes.
included() {
	(cd "$root" && grep -H '^#include "' lib/*.[ch] tools/*.c) |
		sed -nE 's/^(lib|tools)\/([a-z0-9_-]+)\.[ch]:#include "([a-z0-9_]+)\.h"/\2 \3/p' |
		sort -u
}

# "tool layer" for all that a tool uses, also by way of others.
used() {
	awk 'NR == FNR { layer[$3] = $2; next }
		{ uses[$1] = uses[$1] " " $2 }
		$1 ~ /^hm-/ { tools[$1] }
		function visit(tool, file, list, count, i) {
			if ((tool, file) in seen)
				return
			seen[tool, file]
			if (file in layer)
				print tool, layer[file]
			count = split(uses[file], list, " ")
			for (i = 1; i <= count; i++)
				visit(tool, list[i])
		}
		END { for (tool in tools) visit(tool, tool) }' \
		"$work/placed" "$work/included" | sort -u
}

# The same, as the grid has it.
drawn() {
	awk '$1 == "layer" && $2 == "poll" {
			for (i = 2; i <= NF; i++)
				tool[i] = "hm-" $i
			on = 1
			next
		}
		on && NF == 0 { exit }
		on { for (i = 2; i <= NF; i++)
			if ($i != "·") print tool[i], $1 }' "$page" | sort -u
}

rows >"$work/rows"
placed >"$work/placed"
included >"$work/included"
check "the table has layers" test "$(wc -l <"$work/rows")" -gt 80
same "every file of lib/ is in a row" \
	"$(sed -n 's/^0 none //p' "$work/placed")" ""
same "... and every name in a row is a file" "$(while read -r _ _ name; do
	compgen -G "$root/lib/$name.[chd]*" >"$work/found" || echo "$name"
done <"$work/rows")" ""
same "no file includes one of a lower row of the table" "$(awk '
	NR == FNR { row[$3] = $1; next }
	$1 in row && $2 in row && row[$2] > row[$1] { print }' \
	"$work/placed" "$work/included")" ""
check "the grid is what each tool uses" diff <(drawn) <(used)
finish
