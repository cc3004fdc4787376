#!/bin/bash
# native.sh ARCH RELEASE [TARGET or VARIABLE=VALUE ...]: run make with these
# words, or `make check`, on a clean clone of HEAD in a minimal Debian of this
# release and architecture, which this processor must run itself. With LINT=1
# .ci/run runs. make's TARGET-packages install with the network of this machine;
# TARGET itself has only the loopback. DEBIAN_TREES (build/debian) keeps the
# minimal Debians and the packages for the next time; DEBIAN_EXTRA names more
# packages. The last line is a row for docs/reliability.md.
set -u

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
arch=${1:?amd64 or i386} release=${2:?bookworm or trixie}
shift 2
# shellcheck source=tests/lib/debian.sh
. "$here/../lib/debian.sh"
# A space in its path, as a user may have.
clone="/home/a user/hm"
cache=${DEBIAN_TREES:-$root/build/debian}
base=$cache/$release-$arch

die() {
	echo "check-debian: $*" >&2
	exit 1
}

# In namespaces for mounts and processes of its own

# Others wait, also until the packages are installed: they come into one cache.
make_base() {
	exec 9>"$base.lock"
	flock 9
	if [ ! -d "$base" ]; then
		rm -rf --one-file-system "$base.new"
		make_debian "$base.new" "$release" "$base.log" --arch="$arch" \
			--include=ca-certificates,git,make ||
			die "debootstrap fails; $base.log says why"
		mv "$base.new" "$base"
	fi
}

make_tree() {
	cp -a "$base" "$tree"
	cp -L /etc/resolv.conf "$tree/etc/resolv.conf"
	printf '%s localhost\n' 127.0.0.1 ::1 >"$tree/etc/hosts"
	# Packages start no services here.
	printf '#!/bin/sh\nexit 101\n' >"$tree/usr/sbin/policy-rc.d"
	chmod 755 "$tree/usr/sbin/policy-rc.d"
	git clone -q --no-local "$root" "$tree$clone"
}

make_devices() {
	local device
	mount -t tmpfs -o mode=755 tmpfs "$tree/dev"
	for device in full null random tty urandom zero; do
		: >"$tree/dev/$device"
		mount --bind "/dev/$device" "$tree/dev/$device"
	done
	mkdir "$tree/dev/pts" "$tree/dev/shm"
	mount -t devpts -o newinstance,ptmxmode=666,mode=620,gid=5 devpts \
		"$tree/dev/pts"
	mount -t tmpfs -o mode=1777 tmpfs "$tree/dev/shm"
	ln -s pts/ptmx "$tree/dev/ptmx"
	ln -s /proc/self/fd "$tree/dev/fd"
	ln -s fd/0 "$tree/dev/stdin"
	ln -s fd/1 "$tree/dev/stdout"
	ln -s fd/2 "$tree/dev/stderr"
}

mount_all() {
	mount --bind "$tree" "$tree"
	mount -t proc proc "$tree/proc"
	mount -t sysfs -o ro sysfs "$tree/sys"
	mount -t tmpfs -o mode=755 tmpfs "$tree/run"
	mkdir -m 1777 "$tree/run/lock"
	make_devices
	mkdir -p "$base.debs/partial"
	mount --bind "$base.debs" "$tree/var/cache/apt/archives"
}

# What runs in the tree, whose directory is that of the clone. Every target but
# "ci" is one of make.
# shellcheck disable=SC2016
inside='
cd "$1" || exit
shift
umount -l /mnt
targets= words=()
for word; do
	case $word in
	*=*) words+=("$word") ;;
	ci) targets+=" check lint check-fleet" ;;
	*) targets+=" $word" ;;
	esac
done
if [ -n "$DEBIAN_EXTRA" ]; then
	.ci/packages $DEBIAN_EXTRA || exit
fi
make -s "${words[@]}" $(printf "%s-packages " $targets) || exit
cc=$(make -s "${words[@]}" compiler) || exit
exec 9>&-
export CI=true
begin=$SECONDS
if [ "$1" = ci ]; then
	set -- bash .ci/run
else
	set -- make "$@"
fi
unshare --net sh -c "ip link set lo up && exec \"\$@\"" sh "$@" 2>&1 |
	tee /log
status=${PIPESTATUS[0]}
echo "$status $((SECONDS - begin)) $cc" >/result
exit "$status"'

# The signals that a shell ignores in the background work again.
run_inside() {
	local personality=x86_64
	[ "$arch" != i386 ] || personality=i686
	cd "$tree" && pivot_root . mnt &&
		exec env -i --default-signal=INT,QUIT \
		PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
		HOME=/root LANG=C.UTF-8 http_proxy="${http_proxy:-}" \
		https_proxy="${https_proxy:-}" \
		DEBIAN_EXTRA="${DEBIAN_EXTRA:-}" \
		setarch "$personality" bash -c "$inside" bash "$clone" "$@"
}

if [ -n "${HM_DEBIAN_PLACE:-}" ]; then
	set -e
	tree=$HM_DEBIAN_PLACE/tree
	PATH=$PATH:/usr/sbin:/sbin
	make_base
	make_tree
	mount_all
	run_inside "$@"
fi

# Outside

[ "$(id -u)" -eq 0 ] || die "needs root, for debootstrap and mounts: try sudo"
case $(uname -m)-$arch in
x86_64-amd64 | x86_64-i386 | i?86-i386) ;;
*) die "ARCH '$arch' does not run on this processor, $(uname -m)" ;;
esac
case $release in
bookworm | trixie) ;;
*) die "RELEASE '$release': bookworm or trixie" ;;
esac
"$root/.ci/packages" debootstrap git || exit
git -C "$root" diff --quiet HEAD || echo "# HEAD is tried without your changes"
[ $# -gt 0 ] || set -- check
[ -z "${LINT:-}" ] || set -- ci
mkdir -p "$cache"
place=$(mktemp -d "$cache/run.XXXXXX")
run_apart env HM_DEBIAN_PLACE="$place" DEBIAN_TREES="$cache" "$0" \
	"$arch" "$release" "$@"
status=$?
if [ -f "$place/tree/result" ]; then
	counts=$(grep -E '^[0-9]+ passed, [0-9]+ failed$' "$place/tree/log" |
		tail -n 1)
	read -r result seconds compiler <"$place/tree/result"
fi
remove_apart "$place" || status=1
[ -n "${result:-}" ] || die "it did not come to a result"
[ "$*" != ci ] || set -- "check lint check-fleet"
what="\`make $*\`: ${counts:-status $result}"
[ "$result" -eq 0 ] || [ -z "$counts" ] || what+=", status $result"
echo "| $(date -u +%F) | $release | $arch | $compiler | $what | $seconds s |"
exit "$status"
