# Sourced by the tests that make a Debian of their own.
# shellcheck shell=bash

# The names in $() are for apt to fill in.
# shellcheck disable=SC2016
debian_mirrors() {
	apt-get indextargets --format '$(REPO_URI)' 'Origin: Debian' \
		'Label: Debian' 'Created-By: Packages'
}

# Print the address of a mirror, which has every release. Only apt of this
# machine knows one.
debian_mirror() {
	local uris
	[ -n "$(debian_mirrors)" ] || apt-get update -qq >&2
	uris=$(debian_mirrors)
	[ -n "$uris" ] || {
		echo "apt has no source of Debian" >&2
		return 1
	}
	head -n 1 <<<"$uris"
}

# make_debian DIRECTORY RELEASE LOG [OPTION ...]: a minimal Debian, with options
# of debootstrap; apt in it connects as that of this machine does.
make_debian() {
	local tree=$1 release=$2 log=$3 uri proxy=
	shift 3
	uri=$(debian_mirror) || return
	eval "$(apt-config shell proxy Acquire::http::Proxy)"
	http_proxy=${http_proxy:-$proxy} debootstrap --variant=minbase "$@" \
		"$release" "$tree" "$uri" >"$log" 2>&1 || {
		tail -n 20 "$log" >&2
		return 1
	}
	apt-config dump --format '%f "%v";%n' Acquire \
		>"$tree/etc/apt/apt.conf.d/99host"
}

# run_apart COMMAND ...: run it in its own namespaces of mounts and processes.
# They end with it, and with this shell, also if that is killed.
run_apart() {
	local inside
	setpriv --pdeathsig KILL unshare --mount --propagation private --pid \
		--fork --kill-child --mount-proc "$@" &
	inside=$!
	# unshare ignores other signals while it waits.
	# shellcheck disable=SC2064
	trap "kill -KILL $inside" INT TERM HUP
	wait "$inside"
}

# remove_apart DIRECTORY: remove what a command of run_apart made. This shell
# sees no mounts in it.
remove_apart() {
	local tries=100
	trap '' INT TERM HUP
	if grep -qF " $1" /proc/self/mountinfo; then
		echo "mounted under $1, which stays" >&2
		return 1
	fi
	# The last processes may still be ending.
	until rm -rf --one-file-system "$1" 2>/dev/null; do
		tries=$((tries - 1))
		[ "$tries" -gt 0 ] || return 1
		sleep 0.1
	done
}
