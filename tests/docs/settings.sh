#!/bin/bash
# The documentation of the settings against the table in the code.
# shellcheck source=tests/lib/lib.sh
. "$(dirname "$0")/../lib/lib.sh"

docs=$(cd "$(dirname "$0")/../../docs" && pwd)
settings=$HM_BUILD/docs/settings

for page in configuration from-hoymiles-mqtt; do
	"$settings" fill <"$docs/$page.md" >"$work/$page.md"
	check "$page.md has the tables of the code (or run make docs)" \
		diff -u "$docs/$page.md" "$work/$page.md"
done
check "configuration.md has a generated table" \
	grep -q '^| .mqtt_broker' "$work/configuration.md"

"$settings" example >"$work/hoymiles.yaml"
check "hoymiles.yaml is the one that the code makes (or run make docs)" \
	diff -u "$docs/hoymiles.yaml" "$work/hoymiles.yaml"
"$settings" fields.sql >"$work/fields.sql"
check "fleet/fields.sql is the one that the code makes (or run make docs)" \
	diff -u "$docs/fleet/fields.sql" "$work/fields.sql"
same "hoymiles.yaml has no line over 80 columns" \
	"$(grep -nE '^.{81}' "$docs/hoymiles.yaml")" ""
same "hoymiles.yaml has every key once" \
	"$(sed -n 's/^#\([a-z0-9_]*\):.*/\1/p' "$docs/hoymiles.yaml" | sort)" \
	"$(awk -F '`' '/^<!-- settings/ { inside = /begin/ }
		inside && $1 == "| " { print $2 }' \
		"$docs/configuration.md" | sort)"
same "hoymiles.yaml sets nothing" "$(grep -v '^#' "$docs/hoymiles.yaml" |
	grep .)" ""

# All settings at once. Prose has one space behind its "#".
mkdir "$work/etc"
touch "$work/etc/"{mqtt-password,ca.crt,client.crt,client.key}
sed "s,/etc/hm,$work/etc,; s/^#\([^ ]\|  \)/\1/" "$docs/hoymiles.yaml" \
	>"$work/all.yaml"
for tool in "$HM_BIN"/hm-*; do
	tool=${tool##*/}
	env -i "$HM_BIN/$tool" --check -c "$work/all.yaml" >"$work/out" \
		2>"$work/err"
	status=$?
	same "$tool accepts every line of hoymiles.yaml" \
		"$status $(grep -v ': dtu_[a-z]* (.* is not used: dtu_configs' \
			"$work/err")" "0 "
	check "$tool reads its values from there" \
		grep -q "  # $work/all.yaml:" "$work/out"
	same "... and has no default that is not in the file" \
		"$(grep '^[a-z].* # default' "$work/out")" ""
	same "$tool accepts hoymiles.yaml as it is, with a DTU and a broker" \
		"$(env -i DTU_HOST=127.0.0.1 MQTT_BROKER=127.0.0.1 \
			DATABASE_PATH=hm.db "$HM_BIN/$tool" --check \
			-c "$docs/hoymiles.yaml" 2>&1 >/dev/null; echo $?)" 0
done

# Manuals
for tool in "$HM_BIN"/hm-*; do
	tool=${tool##*/}
	page=$docs/man/$tool.1
	check "docs/man/$tool.1 is there" test -r "$page"
	[ -r "$page" ] || continue
	"$settings" manual "$tool" "$docs/gen/options.mdoc" <"$page" \
		>"$work/page"
	check "$tool.1 lists the options of the code (or run make docs)" \
		diff -u "$page" "$work/page"
	check "$tool.1 has a list of options" \
		grep -q '^\.It Fl c , -config Ar FILE' "$page"
done
same "no manual has text over 80 columns from the table" \
	"$(sed -n '/options begin/,/options end/{/^.\{81\}/p}' \
		"$docs"/man/hm-*.1)" ""

# Parts of options.mdoc: [TOOL ...] --OPTION
sed -n 's/^\.\\" \(.*\)--\([a-z-]*\)$/\2 \1/p' "$docs/gen/options.mdoc" \
	>"$work/parts"
while read -r option tools; do
	for tool in ${tools:-hm-poll}; do
		grep -qE "^\.It Fl (. , )?-$option( |\$)" \
			"$docs/man/$tool.1" || echo "$tool --$option"
	done
done <"$work/parts" >"$work/unused"
check "options.mdoc has parts" test "$(wc -l <"$work/parts")" -gt 50
same "every part of options.mdoc is for an option that a tool has" \
	"$(cat "$work/unused")" ""
finish
