#!/bin/bash
# The page of hm-metrics in each of its languages: what is served to which
# browser, with which headers, and of which size.
# shellcheck source=tests/lib/lib.sh
. "$(dirname "$0")/../lib/lib.sh"
# shellcheck source=tests/lib/api.sh
. "$(dirname "$0")/../lib/api.sh"
unset HM_CONFIG DTU_HOST DATABASE_PATH TIMEZONE

source=$(cd "$(dirname "$0")/../../tools/hm-metrics/page" && pwd)

serve --timezone UTC
record() {
	printf '{"type":"%s","time":"%s","dtu":"roof",%s}\n' "$1" \
		"$(date -u +%FT%TZ)" "$2" >&7
}
record dtu '"serial":"10f714323186","pv_power":758.5,"total_production":8037800'
api=/api/plant
check "the plant is known" until_true 10 is .watts 758.5

# fetch ACCEPT-LANGUAGE [OPTION ...]: into $work/page, its header into $work/head.
fetch() {
	get / -D "$work/head" -H "Accept-Language: $1" "${@:2}" >"$work/page"
}

# header NAME: its value
header() {
	tr -d '\r' <"$work/head" | sed -n "s/^$1: //Ip"
}

# hash ELEMENT: of its content in the page, as a Content-Security-Policy has it
hash() {
	perl -0777 -ne "print \$1 if m{<$1>(.*?)</$1>}s" "$work/page" |
		sha256sum | perl -ne 'print pack("H64", $_)' | base64
}

# text LANGUAGE KEY
text() {
	sed -n "s/^\t$2: \"\(.*\)\",*\$/\1/p" "$source/words/$1.js"
}

# The languages of which the page has a text
spoken() {
	local file
	for file in "$source"/words/*.js; do
		grep -qF "\"$(text "$(basename "$file" .js)" hint_temperature)\"" \
			"$work/page" && basename "$file" .js
	done
}

for file in "$source"/words/*.js; do
	language=$(basename "$file" .js)
	fetch "$language-XX"
	same "$language: the page is in it" \
		"$(grep -o '<html lang="[^"]*">' "$work/page")" \
		"<html lang=\"$language\">"
	same "... and says so" "$(header Content-Language)" "$language"
	same "... to caches, too" "$(header Vary)" \
		"Accept-Encoding, Accept-Language"
	same "... with the words of no other language" \
		"$(spoken) $(grep -c 'hint_temperature:' "$work/page")" "$language 1"
	same "... its policy allows its own script and style" \
		"$(header Content-Security-Policy | tr ';' '\n' |
		sed -n 's/^ *\(script-src\|style-src\) //p')" \
		"'sha256-$(hash script)'
'sha256-$(hash style)'"
	same "... without scripts it has the numbers" "$(
		grep -o '<table class="plain">.*</table>' "$work/page" |
		sed 's/<[^>]*>/ /g; s/  */ /g')" " $(text "$language" plant) $(
		text "$language" power_now) 759 W $(text "$language" today) $(
		text "$language" unknown) $(text "$language" lifetime) 8037800 Wh roof $(
		text "$language" online) "
	same "... and no mark of the build is left" \
		"$(grep -c '<!--\|data-t=\|data-label=\|{[a-z_]*}</' "$work/page")" 0
	fetch "$language" -H 'Accept-Encoding: gzip'
	bytes=$(wc -c <"$work/page")
	check "... as gzip it has $bytes bytes, at most 24500" [ "$bytes" -le 24500 ]
	same "... which are the same page" "$(gzip -dc <"$work/page" |
		grep -o '<html lang="[^"]*">')" "<html lang=\"$language\">"
done

same "the policy allows nothing else" "$(header Content-Security-Policy |
	sed "s/'sha256-[^']*'/HASH/g")" "default-src 'none'; script-src HASH; style-src HASH; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'"
same "nobody keeps the page" "$(header Cache-Control)" no-store
language_of() {
	grep -o '<html lang="[^"]*">' "$work/page" | cut -d'"' -f2
}
fetch 'fr, de;q=0.5, en;q=0.4'
same "the language that a browser wants most" "$(language_of)" de
fetch 'fr'
same "... English if there is none of its own" "$(language_of)" en
get / >"$work/page"
same "... or if it wants none" "$(language_of)" en
get /api/plant -D "$work/head" >/dev/null
same "an answer without words is the same for each language" \
	"$(header Vary) $(header Content-Language)" "Accept, Accept-Encoding "
finish
