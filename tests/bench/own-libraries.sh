#!/bin/bash
# own-libraries.sh COMMAND...: run a benchmark of memory with copies of its
# programs and libraries that no other process maps, so that PSS counts all
# pages of these. With MHD=FILE that libmicrohttpd is in the place of Debian's.
# Needs root; without, it says so and runs the command as it is.
set -u

# Every program of a supervised chain, its broker and its checks.
programs() {
	command -v s6-svscan s6-supervise s6-log sleep bash mosquitto jq sqlite3
	ls "$HM_BIN"/hm-*
}

# The files that stay where they are, with copies mounted over them.
mount_copies() {
	local file
	mount -t tmpfs tmpfs "$1" && cp -r "$HM_BIN" "$1/bin" || return
	{
		programs | grep -v '/hm-'
		programs | while read -r file; do ldd "$file" 2>/dev/null; done |
			grep -o '/[^ ]*\.so[^ ]*'
	} | xargs realpath | sort -u >"$1/files"
	while read -r file; do
		case ${MHD:+$file} in
		*/libmicrohttpd.so.*) cp "$MHD" "$1/${file##*/}" ;;
		*) cp "$file" "$1" ;;
		esac && mount --bind "$1/${file##*/}" "$file" || return
	done <"$1/files"
}

if [ -n "${HM_COPIES-}" ]; then
	mount_copies "$HM_COPIES" || exit
	HM_BIN=$HM_COPIES/bin exec "$@"
fi
if [ "$(id -u)" -eq 0 ] && unshare -m true; then
	copies=$(mktemp -d)
	HM_COPIES=$copies unshare -m "$0" "$@"
	status=$?
	rmdir "$copies"
	exit "$status"
fi
[ -z "${MHD-}" ] || {
	echo "only root can put $MHD in the place of libmicrohttpd" >&2
	exit 1
}
echo "without root the chain shares libraries with other processes:" \
	"the figures are lower than its memory" >&2
exec "$@"
