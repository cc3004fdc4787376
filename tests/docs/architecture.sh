#!/bin/bash
# docs/architecture.md: its table names every folder, and the folders that each
# uses, by the headers it includes and by the functions it calls.
# shellcheck source=tests/lib/lib.sh
. "$(dirname "$0")/../lib/lib.sh"
root=$(cd "$(dirname "$0")/../.." && pwd)
page=$root/docs/architecture.md
cd "$root" || exit

# Sources without their endings: a folder and a name.
find lib tools -name '*.c' | sed 's/\.c$//' | sort >"$work/sources"
find lib tools -name '*.h' | sort >"$work/headers"

# "FILE HEADER" of each include, both as paths. An include names a header of
# lib/ or of the tool with its folder, or one in the folder of the file.
find lib tools -name '*.[ch]' -exec grep -H '^#include "' {} + |
	sed -nE 's/^([^:]*):#include "([^"]*\.h)"$/\1 \2/p' |
	awk 'NR == FNR { there[$1]; next }
		{
			folder = $1
			sub(/[^\/]*$/, "", folder)
			split($1, part, "/")
			tool = part[1] "/" part[2] "/"
			if (folder $2 in there) print $1, folder $2
			else if ("lib/" $2 in there) print $1, "lib/" $2
			else if (tool $2 in there) print $1, tool $2
			else if ($2 !~ /\.pb-c\.h$/) print $1, "none/" $2
		}' "$work/headers" - >"$work/includes"

# "KIND NAME SOURCE" of each function or variable: KIND is U if the source uses
# it, T if it defines it. Objects of removed sources are left out, and what the
# compiler defines in each object of an i386.
(cd "$HM_BUILD" && sed 's/$/.o/' "$work/sources" | xargs nm -A) |
	awk '{ sub(/\.o:.*/, "", $1) }
		$NF ~ /^__x86\.get_pc_thunk/ { next }
		$(NF - 1) == "U" { print "U", $NF, $1 }
		$(NF - 1) ~ /^[TDBR]$/ && $NF != "main" { print "T", $NF, $1 }' \
	>"$work/symbols"

# The tool of a source or header, or nothing.
owner='function owner(path, part) {
	return split(path, part, "/") > 0 && part[1] == "tools" ? part[2] : ""
}'

# "SOURCE SOURCE NAME": a call across files, within lib/ or one tool.
awk "$owner"'
	$1 == "T" { places[$2] = places[$2] " " $3; next }
	{ names[NR] = $2; users[NR] = $3 }
	END {
		for (i in names) {
			count = split(places[names[i]], place, " ")
			for (j = 1; j <= count; j++)
				if (place[j] != users[i] && (owner(place[j]) == "" ||
				    owner(place[j]) == owner(users[i])))
					print users[i], place[j], names[i]
		}
	}' "$work/symbols" | sort >"$work/calls"

# A folder as the table names it: lib/base, tools/hm-poll, ...
folders='function folder(path, part) {
	split(path, part, "/")
	return part[1] "/" part[2]
}'

# "FOLDER USED" for each other folder that a folder uses.
{ cut -d ' ' -f 1,2 "$work/calls"; cat "$work/includes"; } |
	awk "$folders"'folder($1) != folder($2) { print folder($1), folder($2) }' |
	sort -u >"$work/uses"

# The rows of the table in its order, and "FOLDER USED" from them.
awk -F ' *[|] *' '/^\| folder / { on = 1; next } !/^\|/ { on = 0 }
	on && !/---/ {
		gsub(/`/, "")
		sub(/\/$/, "", $2)
		print $2, $3
	}' "$page" >"$work/rows"
awk '{ for (i = 2; i <= NF; i++) print $1, "lib/" $i }' "$work/rows" |
	sort -u >"$work/drawn"

same "every folder has a row, and every row is a folder" \
	"$(cut -d ' ' -f 1 "$work/rows" | sort)" \
	"$(printf '%s\n' lib/*/ tools/*/ | sed 's,/$,,' | sort)"
check "each folder uses what its row says" diff "$work/drawn" "$work/uses"
same "... and only folders above it" "$(awk 'NR == FNR { row[$1] = NR; next }
	row[$2] >= row[$1]' "$work/rows" "$work/drawn")" ""
same "every included header exists in lib/, the tool or the folder" \
	"$(grep ' none/' "$work/includes")" ""

# A file includes the header of each function it calls, or its own header does.
while read -r header; do
	grep -oE '\bhm_[a-z0-9_]+' "$header" | sort -u | sed "s,^,$header ,"
done <"$work/headers" >"$work/declared"
same "every file includes the headers of the functions it calls" "$(awk '
	FILENAME ~ /declared$/ { headers[$2] = headers[$2] " " $1; next }
	FILENAME ~ /includes$/ { has[$1, $2]; next }
	{
		count = split(headers[$3], header, " ")
		found = count == 0
		for (i = 1; i <= count; i++)
			if (header[i] == $1 ".h" || ($1 ".c", header[i]) in has ||
			    ($1 ".h", header[i]) in has)
				found = 1
		if (!found) print $1 ".c calls", $3, "of", $2 ".h"
	}' "$work/declared" "$work/includes" "$work/calls")" ""

# Files that share a private header are one module in several files.
awk '$2 ~ /_private\.h$/ && $1 ~ /\.c$/ {
	sub(/\.c$/, "", $1)
	sub(/_private\.h$/, "", $2)
	print $1, $2
}' "$work/includes" >"$work/families"
same "no files call each other in a circle" "$(awk '
	NR == FNR { family[$1] = $2; next }
	{
		a = $1 in family ? family[$1] : $1
		b = $2 in family ? family[$2] : $2
		if (a != b) print a, b
	}' "$work/families" "$work/calls" | sort -u | tsort 2>&1 >/dev/null)" ""

# In one program
same "no function or variable has the name of another" "$(awk "$owner"'
	$1 == "T" {
		if (($2, owner($3)) in seen || ($2, "") in seen) print $2, $3
		seen[$2, owner($3)]
	}' <(sort -t ' ' -k 3 "$work/symbols"))" ""
same "... nor a struct or an enum" "$(find lib tools -name '*.[ch]' -exec \
	grep -HoE '^(struct|enum) hm_[a-z0-9_]+ \{' {} + | sort | tr : ' ' |
	awk "$owner"'{
		if (($3, owner($1)) in seen || ($3, "") in seen) print $3, $1
		seen[$3, owner($1)]
	}')" ""
for tool in tools/*; do
	name=${tool#tools/}
	nm --defined-only "$HM_BIN/$name" | awk '{ print $NF }' >"$work/linked"
	same "$name has nothing of another tool" "$(awk -v tool="$tool/" '
		$1 == "U" { next }
		FILENAME ~ /symbols$/ {
			own = index($3, "lib/") == 1 || index($3, tool) == 1
			if (own) good[$2]
			else other[$2] = $3
			next
		}
		$1 in other && !($1 in good) { print $1, "of", other[$1] }' \
		"$work/symbols" "$work/linked")" ""
	same "... and links no library that it does not use" \
		"$(ldd -u -r "$HM_BIN/$name" | grep -v asan | grep '\.so')" ""
done
finish
