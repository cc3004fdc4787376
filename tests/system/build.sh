#!/bin/bash
# The Makefile: which objects it makes again when a file has changed.
# shellcheck source=tests/lib/lib.sh
. "$(dirname "$0")/../lib/lib.sh"
root=$(cd "$(dirname "$0")/../.." && pwd)
objects=${HM_BUILD#"$root"/}
sanitize=()
[ "$objects" = build ] || sanitize=(SANITIZE=1)

# made_again FILE: the objects that are made if it changes.
made_again() {
	make -C "$root" --no-print-directory -n V=1 "${sanitize[@]}" -W "$1" all |
		grep -oE -- '-o [^ ]*\.o ' | cut -d ' ' -f 2 | sort
}

# The sources that include the header made from a .proto file.
for proto in "$root"/proto/*.proto; do
	name=$(basename "$proto" .proto)
	made_again "proto/$name.proto" >"$work/made"
	same "a change of $name.proto makes the sources again that include it" \
		"$(grep "^$objects/tools/" "$work/made")" \
		"$(cd "$root" && grep -rlF --include='*.c' "$name.pb-c.h" tools |
			sed "s,\(.*\)\.c$,$objects/\1.o," | sort)"
done
same "a change of one tool's header makes nothing of another tool" \
	"$(made_again tools/hm-alert/alert_table.h | grep -v /hm-alert/)" ""
same "build-packages needs only the Makefile" "$(
	cp "$root/Makefile" "$work" &&
	make -s -C "$work" build-packages | grep -c libprotobuf-c-dev)" 1

# compiler VARIABLE=VALUE ... -- WORD ...: how make compiles, with variables in
# the environment and words on its command line.
compiler() {
	local -a environment=()
	while [ "$1" != -- ]; do
		environment+=("$1")
		shift
	done
	shift
	env -u MAKEFLAGS -u SANITIZE -u CC -u CFLAGS -u CPPFLAGS "${environment[@]}" \
		make -C "$root" -s -B -n V=1 "$@" | grep -m 1 -e ' -c -W'
}
object=build/lib/base/utf8.o
for place in "CC=some-cc CPPFLAGS=-DX=1 CFLAGS=-O3 -- $object" \
	"-- $object CC=some-cc CPPFLAGS=-DX=1 CFLAGS=-O3"; do
	# Split into words on purpose.
	# shellcheck disable=SC2086
	compiler $place >"$work/line"
	same "a compiler and its flags are taken, beside ours: $place" \
		"$(grep -c '^some-cc .*-D_GNU_SOURCE .*-DX=1 .*-O3' \
			"$work/line")" 1
done
fortified() {
	compiler "$1" -- "$object" | grep -o -e '-D_FORTIFY_SOURCE=.' | xargs
}
same "optimized code is fortified" "$(fortified CFLAGS=-O3)" \
	"-D_FORTIFY_SOURCE=2"
same "... which other code cannot be" "$(fortified CFLAGS=-O0)" ""
same "... at the level asked for" "$(fortified CPPFLAGS=-D_FORTIFY_SOURCE=3)" \
	"-D_FORTIFY_SOURCE=3"
same "gcc compiles when nothing is said, clang the fuzzers" \
	"$(compiler -- "$object" | cut -d ' ' -f 1; compiler CC=gcc -- FUZZ=1 \
		build/fuzz/lib/base/utf8.o | cut -d ' ' -f 1)" "gcc
clang"
same "... or another clang" "$(compiler CC=clang-19 -- FUZZ=1 \
	build/fuzz/lib/base/utf8.o | cut -d ' ' -f 1)" clang-19
finish
