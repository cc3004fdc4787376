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
finish
