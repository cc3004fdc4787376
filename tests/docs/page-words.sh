#!/bin/bash
# The texts of the page: every language has those of English, with the same
# places for numbers, and the page uses each of them.
# shellcheck source=tests/lib/lib.sh
. "$(dirname "$0")/../lib/lib.sh"
cd "$(dirname "$0")/../../tools/hm-metrics/page" || exit

# keys FILE: "KEY {0} {1}", sorted
keys() {
	sed -n 's/^\t\([a-z_0-9A-Z]*\): "\(.*\)",*$/\1 \2/p' "$1" |
		awk '{ line = $1; text = $0
			for (n = 0; n < 10; n++)
				if (index(text, "{" n "}"))
					line = line " {" n "}"
			print line }' | sort
}

keys words/en.js >"$work/en"
same "every line of words/en.js is a text" "$(grep -c '^	' words/en.js)" \
	"$(wc -l <"$work/en")"
same "no key is there twice" "$(cut -d' ' -f1 "$work/en" | sort |
	uniq -d)" ""
for file in words/*.js; do
	name=$(basename "$file" .js)
	keys "$file" | grep -vE '_(zero|two|few|many)\>' >"$work/$name"
	same "$file has every text with its places" \
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

for file in words/*.js; do
	name=$(basename "$file" .js)
	check "the page in $name is built" eval "./build $name >$work/page.html"
	bytes=$(gzip -9c "$work/page.html" | wc -c)
	check "... of $bytes bytes as gzip, at most 24500" [ "$bytes" -le 24500 ]
	same "... without comments and indentation" \
		"$(grep -cE '^\s|^//' "$work/page.html")" 0
done
cp -R . "$work/source"
words=$work/source/words
# build LANGUAGE: prints the first line of what it complains about.
build() {
	"$work/source/build" "$1" 2>&1 >"$work/built" | head -1
	[ "${PIPESTATUS[0]}" -eq 0 ] || echo failed
}
sed 's/days_other: .*/&\n\tdays_few: "{0} dni",\n\tdays_many: "{0} dni",/' \
	"$words/en.js" >"$words/pl.js"
same "a language may have more plural forms" "$(build pl)" ""
check "... which the page then has" grep -q 'days_few:"{0} dni"' "$work/built"
grep -v '^	lifetime:' "$words/en.js" >"$words/pl.js"
same "... but one that lacks a text is refused" "$(build pl)" \
	"the page in pl: words/pl.js differs from words/en.js: no lifetime 
failed"
sed 's/lifetime: .*/&\n\tlifetime: "",\n\tlive_time: "",/' "$words/en.js" \
	>"$words/pl.js"
same "... and so is one that has a text twice, or another" "$(build pl)" \
	"the page in pl: words/pl.js differs from words/en.js: lifetime live_time 
failed"
sed -i 's/data-t="alarms"/data-t="alarm_s"/' "$work/source/page.html"
same "a page with a text that no language has is refused" "$(build en)" \
	"page.html: there is no text alarm_s
failed"
cp page.html "$work/source"
LIMIT=2000 build en >"$work/out"
check "so is one that is too large" grep -qx \
	'the page in en: [0-9]* bytes as gzip; at most 2000 are allowed' "$work/out"
finish
