#!/bin/bash
# The texts of the page: every language has those of English, with the same
# places for numbers, and the page uses each of them.
# shellcheck source=tests/lib/lib.sh
. "$(dirname "$0")/../lib/lib.sh"
cd "$(dirname "$0")/../../tools/hm-metrics/page" || exit

# keys FILE: "KEY {0} {1}", in the order of the file
keys() {
	sed -n 's/^\t\([a-z_0-9A-Z]*\): "\(.*\)",*$/\1 \2/p' "$1" |
		awk '{ line = $1; text = $0
			for (n = 0; n < 10; n++)
				if (index(text, "{" n "}"))
					line = line " {" n "}"
			print line }'
}

keys words/en.js >"$work/en"
same "every line of words/en.js is a text" "$(grep -c '^	' words/en.js)" \
	"$(wc -l <"$work/en")"
same "no key is there twice" "$(cut -d' ' -f1 "$work/en" | sort |
	uniq -d)" ""
for file in words/*.js; do
	name=$(basename "$file" .js)
	check "$file is of its language" grep -q "^words.$name = {" "$file"
	keys "$file" >"$work/$name"
	same "... and has every text with its places, in the same order" \
		"$(diff "$work/en" "$work/$name")" ""
done

# A key stands in quotes, or its beginning does: "alert_" + alert.
unused() {
	local key start
	while read -r key _; do
		grep -qF "\"$key\"" page.html ./*.js && continue
		start=${key%%_*}_
		grep -qE "\"$start\" \+" ./*.js && continue
		# tn() adds the form of the plural.
		[[ $key = *_one || $key = *_other ]] &&
			grep -q "\"${key%_*}\"" ./*.js && continue
		echo "$key"
	done <"$work/en"
}
same "each text is used" "$(unused)" ""

# t("KEY" and tn("KEY" in the scripts, data-t and data-label in page.html
asked() {
	grep -ohE '\bt\("[a-z_0-9A-Z]+"[,)]' ./*.js | cut -d'"' -f2
	grep -ohE '\btn\("[a-z_0-9A-Z]+"' ./*.js | cut -d'"' -f2 |
		sed 's/$/_other/'
	grep -ohE 'data-(t|label)="[^"]*"' page.html | cut -d'"' -f2
}
same "no text is missing" "$(asked | sort -u |
	grep -vxFf <(cut -d' ' -f1 "$work/en"))" ""

# The page in the program

build=$work/page.html
check "the page is built" eval "./build >$build"
check "... small enough for a slow link" [ "$(gzip -9c "$build" | wc -c)" \
	-le 24000 ]
same "... and not if it is larger" "$(LIMIT=1000 ./build 2>&1 |
	sed 's/[0-9][0-9]*/N/g')" "the page has N bytes as gzip; at most N are allowed"
same "... without comments and indentation" "$(grep -cE '^\s|^//' "$build")" 0
finish
