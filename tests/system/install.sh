#!/bin/bash
# make install and uninstall, into a directory of our own.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"

root=$(cd "$(dirname "$0")/../.." && pwd)
unset MAKEFLAGS MFLAGS MAKELEVEL
prefix=$work/root/opt/hm

# What is installed is what is tested; nothing is built again.
hm_make() {
	make -s -C "$root" -o all BIN="$HM_BIN" DESTDIR="$work/root" \
		PREFIX=/opt/hm "$1"
}

# MODE PATH of what is to be there, after the files of the source.
expected() {
	local file
	for file in "$root"/tools/*.c; do
		echo "755 bin/$(basename "$file" .c)"
	done
	for file in "$root"/docs/man/*; do
		echo "644 share/man/man${file##*.}/${file##*/}"
	done
	for file in "$root"/docs/*.md "$root"/docs/prometheus/*; do
		echo "644 share/doc/hm/${file#"$root"/docs/}"
	done
	for file in "$root"/pipelines/*; do
		case $file in
		*/run) ;;
		*.jq) echo "644 share/hm/pipelines/${file##*/}" ;;
		*) echo "755 share/hm/pipelines/${file##*/}" ;;
		esac
	done
}

check "make install" hm_make install
same "every tool, manual, page and pipeline is there, and nothing else" \
	"$(find "$prefix" -type f -printf '%m %P\n' | sort)" \
	"$(expected | sort)"
same "nothing is outside of the prefix" \
	"$(find "$work/root" -type f ! -path "$prefix/*")" ""
for tool in "$prefix"/bin/*; do
	check "${tool##*/} runs where it is installed" "$tool" --version
done
echo '{"type":"x"}' >"$work/captured"
same "an installed pipeline finds the tools" \
	"$(PATH=$prefix/bin:/usr/bin:/bin \
		"$prefix/share/hm/pipelines/replay" "$work/captured")" \
	'{"type":"x"}'
check "make install again" hm_make install
check "make uninstall" hm_make uninstall
same "... leaves no file" "$(find "$work/root" -type f)" ""
finish
