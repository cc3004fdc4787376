#!/bin/bash
# tests/lib/remove, which cleans up after the other tests, keeps a directory
# with something mounted in it.
# shellcheck source=tests/lib/lib.sh
. "$(dirname "$0")/../lib/lib.sh"

alone=(unshare --mount --propagation private)
[ "$(id -u)" -eq 0 ] || alone+=(--map-root-user)

mkdir -p "$work/a b/c"
echo kept >"$work/a b/c/file"
check "a tree is removed" "$remove" "$work/a b" "$work/none"
check "... and is gone" test ! -e "$work/a b"

# A tree outside of $work, which is removed at the end. Mounts in it end with
# the namespace.
top=$(mktemp -d "${TMPDIR:-/tmp}/hm mounted.XXXXXX")
mkdir "$top/here" "$top/beside"
in_vain() {
	# The names are the inner shell's.
	# shellcheck disable=SC2016
	"${alone[@]}" sh -c 'mount -t tmpfs tmpfs "$1/here" || exit 77
		echo kept >"$1/here/file"
		"$2" "$3"
		[ $? -eq 1 ] && [ -f "$1/here/file" ] && [ -d "$1/beside" ]' \
		in_vain "$top" "$remove" "$1"
}
if ! "${alone[@]}" mount -t tmpfs tmpfs "$top/here" 2>/dev/null; then
	skip "something mounted" "the kernel gives us no namespace"
else
	check "a directory with a mount below it is kept" in_vain "$top"
	check "... and a mount point" in_vain "$top/here"
	check "... and a message says so" "${alone[@]}" sh -c \
		"mount -t tmpfs tmpfs '$top/here'; '$remove' '$top' 2>&1 |
		grep -q '^remove: .* is kept: mounted there: $top/here\$'"
fi
check "without a mount it is removed" "$remove" "$top"
check "... completely" test ! -e "$top"
finish
