#!/bin/bash
# Links within README.md and docs/*.md lead to files and headings that exist.
# shellcheck source=tests/lib/lib.sh
. "$(dirname "$0")/../lib/lib.sh"
root=$(cd "$(dirname "$0")/../.." && pwd)
cd "$root" || exit

# "PAGE TARGET" of each link to a file or a heading, and of each picture.
links() {
	local page
	for page in README.md docs/*.md; do
		# shellcheck disable=SC2016 # the backticks are the page's
		sed -E '/^    /d; s/`[^`]*`//g' "$page" |
			grep -oE '\]\([^)]+\)| src="[^"]*"' |
			sed -E 's/^(\]\(| src=")//; s/[)"]$//' |
			grep -vE '^[a-z]+:' | sed "s|^|$page |"
	done | sort -u
}

# The anchors that GitHub makes from headings: small letters, digits, dashes.
anchors() {
	sed -nE 's/^#+ +//p' "$1" | tr 'A-Z ' 'a-z-' |
		sed 's/[^a-z0-9_-]//g'
}

broken() {
	local page target file anchor
	while read -r page target; do
		anchor=${target#"${target%%#*}"}
		file=${target%%#*}
		file=${file:+$(dirname "$page")/$file}
		file=${file:-$page}
		if [ ! -e "$file" ]; then
			echo "$page: $target"
		elif [ -n "$anchor" ]; then
			anchors "$file" | grep -qxF -- "${anchor#\#}" ||
				echo "$page: $target"
		fi
	done
}

links >"$work/links"
check "there are links" test "$(wc -l <"$work/links")" -gt 80
same "each target exists" "$(broken <"$work/links")" ""
same "docs/README.md has a link to every page" "$(for page in docs/*.md; do
	[ "$page" = docs/README.md ] ||
		grep -q "^docs/README.md ${page#docs/}" "$work/links" ||
		echo "$page"
done)" ""
cd / || exit
finish
