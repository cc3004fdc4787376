#!/bin/bash
# cross.sh ARCH RELEASE: build hm for an ARM machine with Debian's cross
# compiler, in a minimal amd64 Debian of this release; run the unit tests, the
# corpora of the fuzzers and the goldens under qemu-user; build the package and
# run its programs. ARCH is one of
#   arm64, armhf  Debian's; for armhf the sources are also compiled and linked
#                 for the first Raspberry Pi with hard floating point
#   armel         Debian's, on the processor of the first Raspberry Pi
#   armv6         hm for exactly this processor and its floating point unit,
#                 with the libraries of armel
# DEBIAN_TREES (build/debian) keeps the Debians for the next time. The last line
# is a row for docs/reliability.md.
set -u

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
name=${1-} release=${2-}
# shellcheck source=tests/lib/debian.sh
. "$here/../lib/debian.sh"

die() {
	echo "check-debian: $*" >&2
	exit 1
}

case $name in
arm64) arch=arm64 triplet=aarch64-linux-gnu qemu=qemu-aarch64 ;;
armhf) arch=armhf triplet=arm-linux-gnueabihf qemu=qemu-arm ;;
armel | armv6)
	arch=armel triplet=arm-linux-gnueabi qemu="qemu-arm -cpu arm1176"
	;;
*) die "ARCH '$name': amd64, i386, arm64, armhf, armel or armv6" ;;
esac
case $release in
bookworm | trixie) ;;
*) die "RELEASE '$release': bookworm or trixie" ;;
esac
hard='-O2 -march=armv6+fp -mfloat-abi=hard -marm'
soft='-O2 -march=armv6 -mfpu=vfp -mfloat-abi=softfp -marm'
cache=${DEBIAN_TREES:-$root/build/debian}
base=$cache/$release-amd64
tree=$cache/$release-$name
log=$cache/$release-$name.log

# loudly COMMAND ...: run it; show the end of what it prints only if it fails.
loudly() {
	"$@" >"$log" 2>&1 || { tail -n 30 "$log" >&2; die "fails: $*"; }
}

# The tree

# Others wait for the minimal Debian, which native.sh also makes and uses.
make_base() {
	exec 8>"$base.lock"
	flock 8
	if [ ! -d "$base" ]; then
		rm -rf --one-file-system "$base.new"
		make_debian "$base.new" "$release" "$base.log" --arch=amd64 \
			--include=ca-certificates,git,make ||
			die "debootstrap fails; $base.log says why"
		mv "$base.new" "$base"
	fi
	exec 8>&-
}

make_tree() {
	if [ ! -d "$tree" ]; then
		rm -rf --one-file-system "$tree.new"
		cp -a "$base" "$tree.new" || die "cannot copy $base"
		# The tree need not outlive a power cut.
		echo force-unsafe-io >"$tree.new/etc/dpkg/dpkg.cfg.d/unsafe-io"
		mv "$tree.new" "$tree"
	fi
	mount --bind "$tree" "$tree"
	mount -t proc proc "$tree/proc"
	mount -t tmpfs -o mode=755 tmpfs "$tree/run"
	mkdir -m 1777 "$tree/run/lock"
	cp -L /etc/resolv.conf "$tree/etc/resolv.conf"
	printf '%s localhost\n' 127.0.0.1 ::1 >"$tree/etc/hosts"
	rm -rf --one-file-system "$tree/hm"
	git clone -q --no-local "$root" "$tree/hm" || die "cannot clone $root"
}

# inside COMMAND ...: run it in the directory of hm in the tree.
inside() {
	env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 HOME=/root \
		http_proxy="${http_proxy:-}" https_proxy="${https_proxy:-}" \
		"$(command -v chroot)" "$tree" env -C /hm "$@"
}

# Programs are of this machine's architecture, libraries of the other.
install_packages() {
	loudly inside make -s deb-packages ARCH="$arch"
	loudly inside .ci/packages "check:$arch" "libjson-c-dev:$arch" \
		"libsubunit-dev:$arch" qemu-user perl procps jq
}

# Building

# build FLAGS WORD ...: make with these words.
build() {
	loudly inside make -s -j2 CC="$triplet-gcc" AR="$triplet-ar" \
		${1:+CFLAGS="$1"} "${@:2}"
}

# older_than_v7 DIRECTORY: whether no object in it has instructions of ARMv6K or
# newer, which the first Raspberry Pi has not.
older_than_v7() {
	local found
	found=$(inside find "$1" -name '*.o' \
		-exec "$triplet-readelf" -A {} + |
		sed -n 's/^ *Tag_CPU_arch: //p' | sort -u | xargs)
	echo "# instructions of $found in $1"
	[[ $found =~ ^(v5TE|v6)( v6)?$ ]]
}

build_all() {
	local flags=
	[ "$name" != armv6 ] || flags=$soft
	build "$flags" tests
	[ "$arch" != armel ] || older_than_v7 build || die "newer than ARMv6"
	[ "$arch" != armhf ] || {
		build "$hard" B=build/armv6 BIN=build/armv6/bin all
		older_than_v7 build/armv6 || die "newer than ARMv6"
	}
}

# Running

# wrap DIRECTORY: for each program below it a script, at the same place below
# build/qemu, that runs the program under qemu.
wrap() {
	local program script
	while read -r program; do
		script=$tree/hm/build/qemu/$program
		mkdir -p "${script%/*}"
		printf '#!/bin/sh\nexec %s /hm/%s "$@"\n' "$qemu" \
			"$program" >"$script"
		chmod 755 "$script"
	done < <(cd "$tree/hm" && find "$1" -type f -executable)
}

run_tests() {
	local place
	for place in bin build/unit build/replay build/property build/helper; do
		wrap "$place"
	done
	# qemu needs about ten times as long.
	inside env CK_TIMEOUT_MULTIPLIER=10 HM_TEST_LIMIT=1800 \
		HM_BIN=/hm/build/qemu/bin HM_BUILD=/hm/build/qemu/build \
		tests/run golden/run /unit/ /replay/ 2>&1 | tee "$log"
	return "${PIPESTATUS[0]}"
}

# shellcheck disable=SC2016
run_package='
rm -rf build/unpacked
dpkg-deb -x build/deb/hm_*_"$1".deb build/unpacked || exit
shift
for program in build/unpacked/usr/bin/hm-*; do
	"$@" "$program" --version || exit
done'

# Build the package, unless it would be the same as for armel.
make_package() {
	[ "$name" != armv6 ] || return 0
	loudly inside make -s deb ARCH="$arch"
	# Split into words on purpose.
	# shellcheck disable=SC2086
	inside sh -c "$run_package" sh "$arch" $qemu >"$tree/hm/versions" ||
		die "a program of the package does not run"
	echo "# package for $arch: $(wc -l <"$tree/hm/versions") programs run"
}

if [ -n "${HM_DEBIAN_PLACE:-}" ]; then
	PATH=$PATH:/usr/sbin:/sbin
	begin=$SECONDS
	make_base
	make_tree
	install_packages
	build_all
	run_tests
	status=$?
	counts=$(tail -n 1 "$log")
	make_package
	compiler=$(inside make -s CC="$triplet-gcc" compiler)
	emulator=$(inside "${qemu%% *}" --version |
		sed -n 's/.*version \([0-9.]*\).*/\1/p')
	echo "| $(date -u +%F) | $release | $name |" \
		"$compiler, $qemu ($emulator) |" \
		"units, corpora, goldens: $counts | $((SECONDS - begin)) s |"
	exit "$status"
fi

[ "$(id -u)" -eq 0 ] || die "needs root, for debootstrap and mounts: try sudo"
"$root/.ci/packages" debootstrap git || exit
git -C "$root" diff --quiet HEAD || echo "# HEAD is tried without your changes"
mkdir -p "$cache"
exec 9>"$tree.lock"
flock 9
run_apart env HM_DEBIAN_PLACE="$tree" "$0" "$name" "$release"
