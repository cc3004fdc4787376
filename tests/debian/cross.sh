#!/bin/bash
# cross.sh ARCH RELEASE: build hm for an ARM machine with Debian's cross
# compiler, in a minimal tree of that release, and run the unit tests, the
# corpora of the fuzzers and the goldens under qemu-user. Then build the package
# and run the programs that are in it. ARCH is one of
#   arm64, armhf, armel   as Debian builds for these, armel on the processor
#                         of the first Raspberry Pi
#   armv6                 armel's libraries, and programs for exactly that
#                         processor and its floating point unit
# Mounts and processes are in their own namespaces and end with this script,
# however it ends. The trees stay, in HM_TREES or build/debian.
set -u

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
cache=${HM_TREES:-$root/build/debian}
name=${1-}
release=${2-}
arch=$name
machine=
flags=
newest= # the newest instruction set that our objects may use
case $name in
arm64) triplet=aarch64-linux-gnu qemu=qemu-aarch64 ;;
armhf) triplet=arm-linux-gnueabihf qemu=qemu-arm ;;
armel | armv6)
	arch=armel triplet=arm-linux-gnueabi qemu=qemu-arm
	machine=arm1176 newest=v6
	;;
*)
	echo "cross.sh: ARCH '$name': arm64, armhf, armel or armv6" >&2
	exit 64
	;;
esac
[ "$name" != armv6 ] ||
	flags='-O2 -g -march=armv6 -mfpu=vfp -mfloat-abi=softfp -marm'
case $release in
bookworm | trixie) ;;
*)
	echo "cross.sh: RELEASE '$release': bookworm or trixie" >&2
	exit 64
	;;
esac
[ "$(id -u)" -eq 0 ] || { echo "cross.sh: this needs root" >&2; exit 77; }

# unshare ignores signals while it waits, so this shell ends it.
if [ -z "${HM_CROSS_INSIDE:-}" ]; then
	unshare --mount --propagation private --pid --fork --kill-child \
		--mount-proc env HM_CROSS_INSIDE=1 "$0" "$@" &
	inside=$!
	trap 'kill -KILL "$inside"' INT TERM HUP
	wait "$inside"
	exit
fi
tree=$cache/$release-$name
log=$cache/$release-$name.log

die() {
	echo "cross.sh: $*" >&2
	exit 1
}

# loudly COMMAND ...: run it; show the end of what it prints only if it fails.
loudly() {
	"$@" >"$log" 2>&1 || { tail -n 30 "$log" >&2; die "failed: $*"; }
}

# Only apt of this machine has the address of a Debian mirror. The names in $()
# are for apt to fill in.
# shellcheck disable=SC2016
mirrors() {
	apt-get indextargets --format '$(REPO_URI)' 'Origin: Debian' \
		'Created-By: Packages'
}

# A minimal Debian, made once for each release.
make_base() {
	local uri proxy=
	[ ! -d "$cache/$release-base" ] || return 0
	[ -n "$(mirrors)" ] || apt-get update -qq >&2
	uri=$(mirrors | head -n 1)
	[ -n "$uri" ] || die "apt has no mirror of Debian"
	rm -rf --one-file-system "$cache/$release-new"
	eval "$(apt-config shell proxy Acquire::http::Proxy)"
	http_proxy=${http_proxy:-$proxy} loudly debootstrap --arch amd64 \
		--variant=minbase --include=ca-certificates "$release" \
		"$cache/$release-new" "$uri"
	mv "$cache/$release-new" "$cache/$release-base"
}

# The tree gets the committed files of this repository, as a clone would.
make_tree() {
	! grep -q " $tree" /proc/self/mountinfo || die "$tree holds mounts"
	if [ ! -d "$tree" ]; then
		cp -a "$cache/$release-base" "$tree.new"
		mv "$tree.new" "$tree"
	fi
	mount --bind "$tree" "$tree"
	mount -t proc proc "$tree/proc"
	mount -t tmpfs -o mode=755 tmpfs "$tree/run"
	mkdir -m 1777 "$tree/run/lock"
	cp /etc/resolv.conf "$tree/etc/resolv.conf"
	apt-config dump --format '%f "%v";%n' Acquire \
		>"$tree/etc/apt/apt.conf.d/99host"
	rm -rf "$tree/hm"
	mkdir "$tree/hm"
	git -C "$root" archive HEAD | tar -x -C "$tree/hm"
}

# inside COMMAND ...: run it in the directory of hm in the tree.
inside() {
	env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 HM_LANES=2 \
		chroot "$tree" env -C /hm "$@"
}

# Architectures of packages are those of the compiled programs; what runs here
# has none. The Makefile names what a package is built with.
install_packages() {
	loudly inside apt-get update -qq
	loudly inside apt-get install -qq -y --no-install-recommends make
	# Split into words on purpose.
	# shellcheck disable=SC2046
	loudly inside .ci/packages $(inside make -s deb-packages ARCH="$arch") \
		"check:$arch" "libjson-c-dev:$arch" "libsubunit-dev:$arch" \
		qemu-user perl procps jq file
}

build() {
	loudly inside make -s -j2 CC="$triplet-gcc" AR="$triplet-ar" \
		${flags:+CFLAGS="$flags"} tests
}

# wrap DIRECTORY: for each program below it a script, at the same place below
# build/qemu, that runs the program under qemu.
wrap() {
	local program script
	while read -r program; do
		script=build/qemu/$program
		mkdir -p "$tree/hm/${script%/*}"
		printf '#!/bin/sh\nexec %s /hm/%s "$@"\n' \
			"$qemu${machine:+ -cpu $machine}" "$program" \
			>"$tree/hm/$script"
		chmod 755 "$tree/hm/$script"
	done < <(cd "$tree/hm" && find "$1" -type f -executable)
}

# Instruction sets of our objects, as their compiler wrote them down.
instruction_sets() {
	inside find build bin -name '*.o' -exec "$triplet-readelf" -A {} + |
		sed -n 's/^ *Tag_CPU_arch: //p' | sort -u | xargs
}

# Whether an instruction set of ARM is not newer than v6.
not_newer() {
	local set
	for set in "$@"; do
		case $set in
		v4T | v5T | v5TE | v5TEJ | v6) ;;
		*) return 1 ;;
		esac
	done
}

# The package, and whether each program in it runs.
make_package() {
	local program
	loudly inside make -s deb ARCH="$arch"
	inside sh -c "dpkg-deb -x build/deb/hm_*_$arch.deb build/unpacked" ||
		return
	while read -r program; do
		inside "$qemu" ${machine:+-cpu "$machine"} "$program" \
			--version >/dev/null || return
	done < <(cd "$tree/hm" && ls build/unpacked/usr/bin/hm-*)
}

mkdir -p "$cache"
begin=$SECONDS
make_base
make_tree
install_packages
build
wrap bin
for kind in unit replay helper; do
	wrap "build/$kind"
done
inside env HM_BIN=/hm/build/qemu/bin HM_BUILD=/hm/build/qemu/build \
	tests/run golden/run /unit/ /replay/ 2>&1 | tee "$log"
status=${PIPESTATUS[0]}
counts=$(tail -n 1 "$log")

sets=
if [ "$qemu" = qemu-arm ]; then
	sets=$(instruction_sets)
	# Split into words on purpose.
	# shellcheck disable=SC2086
	[ -z "$newest" ] || not_newer $sets ||
		{ echo "objects have instructions of $sets" >&2; status=1; }
fi
[ "$name" != "$arch" ] || make_package ||
	{ echo "a program of the package does not run" >&2; status=1; }

compiler=$(inside "$triplet-gcc" -dumpfullversion)
emulator=$(inside "$qemu" --version | sed -n 's/.*version \([0-9.]*\).*/\1/p')
echo "| $(date -u +%F) | $release | $name${sets:+ ($sets)} |" \
	"gcc $compiler, qemu $emulator${machine:+ -cpu $machine} | $counts |" \
	"$((SECONDS - begin)) s |"
exit "$status"
