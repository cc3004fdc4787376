#!/bin/bash
# `make dist`: its source archive has the same bytes wherever and whenever it is
# made. `make check-dist` says the same of the package.
# shellcheck source=tests/lib/lib.sh
. "$(dirname "$0")/../lib/lib.sh"
root=$(cd "$(dirname "$0")/../.." && pwd)
unset MAKEFLAGS MAKELEVEL SOURCE_DATE_EPOCH

if ! git -C "$root" rev-parse -q --verify HEAD >/dev/null 2>&1; then
	check "there is no repository to make an archive of" true
	finish
	exit
fi

source_of() {
	make -s -C "$1" dist-source >"$work/log" 2>&1
}

git clone -q --shared "$root" "$work/one"
git clone -q --shared "$root" "$work/a second directory"
check "make dist-source makes an archive" source_of "$work/one"
(
	umask 077
	export TZ=Asia/Tokyo
	source_of "$work/a second directory"
)
archive=$(cd "$work/one/build/dist" && echo hm-*.tar.gz)
check "... with the same bytes elsewhere" cmp "$work/one/build/dist/$archive" \
	"$work/a second directory/build/dist/$archive"
mkdir "$work/unpacked"
tar -xzf "$work/one/build/dist/$archive" -C "$work/unpacked"
same "... which are the files of the commit" \
	"$(cd "$work/unpacked/${archive%.tar.gz}" && find . -type f -o -type l |
	cut -c 3- | sort)" "$(git -C "$work/one" ls-files | sort)"
same "... with its time" \
	"$(find "$work/unpacked" -type f -printf '%Ts\n' | sort -u)" \
	"$(git -C "$root" log -1 --format=%ct)"
echo x >>"$work/one/README.md"
source_of "$work/one"
check "changes without a commit are refused" \
	grep -q 'changes without a commit' "$work/log"
finish
