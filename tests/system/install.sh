#!/bin/bash
# make install and uninstall in a directory of this test; the unit for systemd
# and the example for cron.
# shellcheck source=tests/lib/lib.sh
. "$(dirname "$0")/../lib/lib.sh"

root=$(cd "$(dirname "$0")/../.." && pwd)
unset MAKEFLAGS MFLAGS MAKELEVEL
prefix=$work/root/opt/hm
etc=$work/root/etc/hm
unit=$prefix/lib/systemd/system/hm.service

# Install the tools that are tested; build nothing. make takes a space in a path
# for the end of a word.
bin=${HM_BIN#"$root"/}
hm_make() {
	make -s -C "$root" -o all BIN="$bin" DESTDIR="$work/root" \
		PREFIX=/opt/hm "$1"
}

# The files of the chain: a mode of 755 stays, others become 644.
chain() {
	local file
	for file in "$root"/s6/*; do
		case $file in
		*/container | */debian | */systemd | *.mk) ;;
		*) find "$file" -type f ;;
		esac
	done | while read -r file; do
		[ ! -x "$file" ] || echo "755 share/hm/${file#"$root"/}"
		[ -x "$file" ] || echo "644 share/hm/${file#"$root"/}"
	done
}

# "MODE PATH" of each file that must be installed, from the files of the source.
expected() {
	local file
	for file in "$root"/tools/*/main.c; do
		echo "755 bin/$(basename "${file%/main.c}")"
	done
	for file in "$root"/docs/man/*; do
		echo "644 share/man/man${file##*.}/${file##*/}"
	done
	for file in "$root"/docs/*.md "$root"/docs/prometheus/* \
		"$root"/docs/hoymiles.yaml; do
		echo "644 share/doc/hm/${file#"$root"/docs/}"
	done
	for file in "$root"/docs/fleet/*; do
		echo "644 share/hm/fleet/${file##*/}"
	done
	for file in "$root"/pipelines/*; do
		case $file in
		*/run) ;;
		*.jq | *.sql) echo "644 share/hm/pipelines/${file##*/}" ;;
		*) echo "755 share/hm/pipelines/${file##*/}" ;;
		esac
	done
	echo "644 share/doc/hm/examples/hm.cron"
	echo "644 lib/systemd/system/hm.service"
	echo "644 lib/sysusers.d/hm.conf"
	chain
}

# With a umask of 077, which must not matter.
check "make install" sh -c "umask 077; exec make -s -C '$root' -o all \
	BIN='$bin' DESTDIR='$work/root' PREFIX=/opt/hm install"
same "every tool, manual, page, pipeline and service is there, nothing else" \
	"$(find "$prefix" -type f -printf '%m %P\n' | sort)" \
	"$(expected | sort)"
same "every link has a target" \
	"$(find -L "$work/root" -type l)" ""
same "every directory can be entered" \
	"$(find "$work/root" -type d ! -perm 755)" ""
same "only the settings are outside of the prefix" \
	"$(find "$work/root" -type f ! -path "$prefix/*" -printf '%m %P\n')" \
	"640 etc/hm/hoymiles.yaml"
for tool in "$prefix"/bin/*; do
	check "${tool##*/} runs where it is installed" "$tool" --version
done
echo '{"type":"x"}' >"$work/captured"
same "an installed pipeline finds the tools" \
	"$(PATH=$prefix/bin:/usr/bin:/bin \
		"$prefix/share/hm/pipelines/replay" "$work/captured")" \
	'{"type":"x"}'

check "make install again" hm_make install
same "... leaves no second file of settings that were never changed" \
	"$(ls "$etc")" "hoymiles.yaml"
echo "query_period: 30" >"$etc/hoymiles.yaml"
check "make install over changed settings" hm_make install
same "... keeps them" "$(cat "$etc/hoymiles.yaml")" "query_period: 30"
check "... and puts the new file beside them" \
	cmp "$root/docs/hoymiles.yaml" "$etc/hoymiles.yaml.new"

# The unit. systemd does not run here, but can check it.
same "the unit's places are filled in" "$(grep -c @ "$unit")" \
	"$(grep -c '@system-service\|@privileged' "$unit")"
if command -v systemd-analyze >/dev/null; then
	mkdir "$work/units"
	sed "s,^ExecStart=[^ ]*,ExecStart=/bin/true," "$unit" \
		>"$work/units/hm.service"
	same "systemd finds no problem in the unit" \
		"$(systemd-analyze verify --man=no "$work/units/hm.service" \
			2>&1)" ""
	check "the unit's exposure is at most 1.5 of 10" \
		systemd-analyze security --offline=true --no-pager \
		--threshold=15 "$work/units/hm.service"
	systemd-analyze syscall-filter @system-service >"$work/calls"
	for call in tee splice; do
		check "the unit lets the chain call $call" \
			grep -qw "$call" "$work/calls"
	done
fi
check "sysusers.d makes the user of the unit" \
	grep -q "^u $(sed -n 's/^User=//p' "$unit") " \
	"$prefix/lib/sysusers.d/hm.conf"

# The command of the example for cron, with the paths of this test.
start_sim cron
echo "dtu_host: ${uris[0]}" >"$etc/hoymiles.yaml"
mkdir "$work/data"
sed "s,/etc/hm,$etc,; s,/opt/hm,$prefix,
	s,=/var/lib/\(hm\|prometheus/node-exporter\)/,=$work/data/," \
	"$prefix/share/doc/hm/examples/hm.cron" \
	>"$work/crontab"
mapfile -t variables < <(grep '^[A-Z]' "$work/crontab")
command=$(sed -n 's/^\*.*\* hm //p' "$work/crontab")
cron() {
	env -i SHELL=/bin/sh PATH="/usr/bin:/bin:$prefix/bin" \
		HM_TEST_RUN="${HM_TEST_RUN:-}" HM_LOCK_DIR="$work" \
		"${variables[@]}" sh -c "$command"
}
check "the example for cron runs" cron
same "... with a poll in the database" \
	"$(sqlite3 "$work/data/hoymiles.db" 'SELECT count(*) FROM dtu')" 1
check "... and its power in the file for node_exporter" \
	grep -q '^hoymiles_pv_power_watts' "$work/data/hm.prom"
same "... but not while the last run is not over" \
	"$(flock "$work/data/cron-history.lock" env -i PATH=/usr/bin:/bin \
		"${variables[@]}" sh -c "$command" 2>&1; echo $?)" \
	"cron-history: the last run is not over
75"

mkdir -p "$prefix/share/man/man1" "$prefix/share/other"
check "make uninstall" hm_make uninstall
same "... leaves the settings, and directories of others" \
	"$(find "$work/root" -empty -o -type f | sort)" \
	"$etc/hoymiles.yaml
$prefix/share/other"
rm -r "$prefix/share/other" "$etc"
mkdir "$work/alone"
# MAKE=true: without DESTDIR, root would also make the user hm.
for goal in install uninstall; do
	check "make $goal without DESTDIR" make -s -C "$root" -o all \
		MAKE=true BIN="${HM_BIN#"$root"/}" PREFIX="$work/alone/hm" \
		SYSCONFDIR="$work/alone/etc" "$goal"
done
same "... leave the settings and no directory of their own" \
	"$(find "$work/alone" -printf '%P ')" " etc etc/hm etc/hm/hoymiles.yaml "
finish
