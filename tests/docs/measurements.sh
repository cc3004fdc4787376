#!/bin/bash
# docs/measurements.md: its figures and commands are in the sections to which it
# links.
# shellcheck source=tests/lib/lib.sh
. "$(dirname "$0")/../lib/lib.sh"
docs=$(cd "$(dirname "$0")/../../docs" && pwd)

# section PAGE ANCHOR: the text below the heading, on one line.
section() {
	awk -v anchor="$2" '/^#/ {
		head = tolower($0)
		sub(/^#+ +/, "", head)
		gsub(/ /, "-", head)
		gsub(/[^a-z0-9_-]/, "", head)
		on = head == anchor
	} on' "$docs/$1" | tr -s '\n ' '  '
}

grep '^| .*](' "$docs/measurements.md" >"$work/rows"
check "there are rows" test "$(wc -l <"$work/rows")" -ge 10
while IFS= read -r row; do
	name=$(cut -d '|' -f 2 <<<"$row")
	target=$(sed -E 's/.*\]\(([^)]*)\).*/\1/' <<<"$row")
	section "${target%%#*}" "${target#*#}" >"$work/section"
	# shellcheck disable=SC2016 # the backticks are the page's
	{
		grep -oE '\*\*[^*]+\*\*' <<<"$row" | tr -d '*'
		cut -d '|' -f 4 <<<"$row" | tr -d '`' | sed 's/^ //; s/ $//'
	} >"$work/wanted"
	check "a figure:$name" test "$(wc -l <"$work/wanted")" -ge 2
	same "... and all is in $target" "$(while IFS= read -r text; do
		grep -qF -- "$text" "$work/section" || echo "$text"
	done <"$work/wanted")" ""
done <"$work/rows"
finish
