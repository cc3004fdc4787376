#!/bin/bash
# run.sh [WORD ...]: run the scripts in checks/ whose names hold one of the words,
# or all, each with a real Home Assistant of its own, in a minimal Debian.
#   HA          its version; what pip takes for that Debian's Python if unset
#   HA_RELEASE  Debian's release (trixie)
#   HA_TREES    where the trees are kept (build/homeassistant)
# Debian's and Python's packages come through the network of this machine; Home
# Assistant itself has only the loopback.
set -u

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
# shellcheck source=tests/lib/debian.sh
. "$here/../lib/debian.sh"
# shellcheck source=tests/lib/chosen.sh
. "$here/../lib/chosen.sh"
version=${HA:-}
release=${HA_RELEASE:-trixie}
trees=${HA_TREES:-$root/build/homeassistant}
tree=$trees/${version:-newest}
[ "$release" = trixie ] || tree=$tree-$release
PATH=$PATH:/usr/sbin:/sbin

die() {
	echo "check-homeassistant: $*" >&2
	exit 1
}

# What the integrations of configuration.yaml need beside the core: the names
# and versions are those of their manifests.
needs() {
	chroot "$1" /ha/bin/python - mqtt recorder energy http history hassio \
		frontend onboarding <<-'END'
		import json, pathlib, sys
		import homeassistant.components as components
		base = pathlib.Path(components.__path__[0])
		left, seen = sys.argv[1:], set()
		while left:
		    name = left.pop()
		    if name in seen:
		        continue
		    seen.add(name)
		    with open(base / name / "manifest.json") as file:
		        manifest = json.load(file)
		    left += manifest.get("dependencies", [])
		    for word in manifest.get("requirements", []):
		        print(word)
	END
}

copy_network() {
	cp -L /etc/resolv.conf "$1/etc/resolv.conf"
	cp -L /etc/ssl/certs/ca-certificates.crt "$1/etc/ssl/certs/"
	[ ! -e /etc/pip.conf ] || cp /etc/pip.conf "$1/etc/"
	mkdir -p "$1/root/.config"
	[ ! -e ~/.config/pip ] || cp -r ~/.config/pip "$1/root/.config/"
}

pip() {
	local tree=$1
	shift
	chroot "$tree" env -u CC -u PIP_FIND_LINKS /ha/bin/pip install -q \
		--disable-pip-version-check "$@"
}

install_home() {
	local words
	chroot "$1" python3 -m venv /ha &&
		pip "$1" "homeassistant${version:+==$version}" &&
		mapfile -t words < <(needs "$1") && pip "$1" "${words[@]}"
}

# The program whose topics and ids hm has. It takes no Python above 3.13, for no
# reason that its code shows.
install_old() {
	local python=/hoymiles-mqtt/bin/python
	copy_network "$1"
	chroot "$1" python3 -m venv /hoymiles-mqtt &&
		chroot "$1" env -u CC -u PIP_FIND_LINKS $python -m pip install -q \
			--disable-pip-version-check --ignore-requires-python \
			hoymiles-mqtt==0.11.0 &&
		touch "$1/hoymiles-mqtt/whole"
}

make_tree() {
	local new=$tree.new
	mkdir -p "$trees"
	rm -rf --one-file-system "$new"
	# Some Python packages are compiled.
	make_debian "$new" "$release" "$tree.log" --include=ca-certificates,gcc,$(
		)libc6-dev,python3-dev,python3-venv,tzdata ||
		die "debootstrap fails; $tree.log says why"
	copy_network "$new"
	mkdir "$new/cfg"
	if ! install_home "$new"; then
		die "Home Assistant cannot be installed in $new"
	fi
	mv "$new" "$tree"
}

inside() {
	mount --bind "$tree" "$tree"
	mount -t proc proc "$tree/proc"
	mount -t tmpfs -o mode=755 tmpfs "$tree/dev"
	local device
	for device in null random urandom zero; do
		: >"$tree/dev/$device"
		mount --bind "/dev/$device" "$tree/dev/$device"
	done
	mkdir -m 1777 "$tree/dev/shm"
	printf '%s localhost\n' 127.0.0.1 ::1 >"$tree/etc/hosts"
	echo "nameserver 127.0.0.1" >"$tree/etc/resolv.conf"
	ip link set lo up
	export HA_TREE=$tree
	exec "$1"
}

# Whether the tree has all of it; one that an older version of this made may not.
is_whole() {
	[ -d "$tree" ] && [ -e "$tree/hoymiles-mqtt/whole" ]
}

# In namespaces, which take their mounts with them.
case ${HM_HOMEASSISTANT_STEP:-} in
make)
	[ -d "$tree" ] || make_tree
	install_old "$tree" || die "hoymiles-mqtt cannot be installed in $tree"
	exit
	;;
try)
	set -e
	inside "$1"
	;;
esac

[ "$(id -u)" -eq 0 ] || die "needs root, for debootstrap and mounts: try sudo"
"$root/.ci/packages" debootstrap iproute2 || exit
mapfile -t scripts < <(chosen "$here/checks" .sh "$@")
[ ${#scripts[@]} -gt 0 ] || die "no script in checks/ has a name with $*"
is_whole || run_apart env HM_HOMEASSISTANT_STEP=make "$0" || exit
status=0
for script in "${scripts[@]}"; do
	echo "# ${script##*/}"
	run_apart env HM_HOMEASSISTANT_STEP=try unshare --net "$0" "$script" ||
		status=1
done
exit "$status"
