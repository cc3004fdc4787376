#!/bin/bash
# The lock of cron-once and cron-history: whatever stands in its place, no file is
# emptied, no run waits, and no other user stops a run.
# shellcheck source=tests/lib/lib.sh
. "$(dirname "$0")/../lib/lib.sh"
pipelines=$(cd "$(dirname "$0")/../../pipelines" && pwd)

cat >"$work/script" <<'EOT'
. "${0%/*}/one-run"
one_run cron-once
echo runs
EOT

# An ordinary user runs one_run: root could read and write any file.
as_user=()
[ "$(id -u)" -ne 0 ] || as_user=(setpriv --reuid=65534 --regid=65534 --clear-groups)
chmod 755 "$work"
install -m 755 "$pipelines/one-run" "$work"
home=$work/home
mkdir "$home"
[ "$(id -u)" -ne 0 ] || chown 65534:65534 "$home"

user() {
	"${as_user[@]}" "$@"
}

# run [NAME=VALUE ...]: one run; its status and what it says go into $said.
run() {
	said=$(user env -i PATH="$PATH" HOME="$home" "$@" timeout 10 \
		bash "$work/script" 2>&1)
	said="$? $said"
}

lock=$home/.cache/hm/hm-cron-once.lock
run
same "a run has its lock in a directory of its user" \
	"$said $(stat -c '%a %s' "$lock")" "0 runs 600 0"
same "... which nobody else can open" \
	"$(stat -c %a "$home/.cache/hm")" 700
same "... and waits for no other run" \
	"$(user flock "$lock" env -i PATH="$PATH" HOME="$home" \
		bash "$work/script" 2>&1; echo $?)" \
	"cron-once: the last run is not over
75"
run XDG_RUNTIME_DIR="$home"
same "XDG_RUNTIME_DIR goes before" \
	"$said $([ -f "$home/hm-cron-once.lock" ] && echo there)" "0 runs there"

user bash -c "echo precious >'$home/file'"
user rm "$lock"
user ln -s "$home/file" "$lock"
run
same "a link is refused" "$said" \
	"71 cron-once: $lock, the lock of a run: it is a link; remove it"
same "... and its file is not emptied" "$(cat "$home/file")" precious
for kind in fifo directory; do
	user rm "$lock"
	case $kind in
	fifo) user mkfifo "$lock" ;;
	directory) user mkdir "$lock" ;;
	esac
	run
	same "a $kind is refused" "$said" \
		"71 cron-once: $lock, the lock of a run: it is no plain file; remove it"
	[ "$kind" = fifo ] || user rmdir "$lock"
done
if [ "$(id -u)" -eq 0 ]; then
	install -m 600 /dev/null "$lock"
	run
	same "a file of another user is refused" "$said" \
		"71 cron-once: $lock, the lock of a run: this user cannot write it; remove it"
	rm "$lock"
fi
user bash -c "echo precious >'$lock'; chmod 000 '$lock'"
run
same "a file that cannot be read is refused" "$said" \
	"71 cron-once: $lock, the lock of a run: this user cannot write it; remove it"
user chmod 600 "$lock"
run
same "... with its mode it is used, and not emptied" \
	"$said $(user cat "$lock")" "0 runs precious"

# HM_LOCK, in a directory where others can write: they hold the lock already.

mkdir -m 1777 "$work/all"
: >"$work/all/lock"
flock --no-fork "$work/all/lock" sleep 60 &
pids+=($!)
until_true 5 sh -c "! flock -n '$work/all/lock' true"
run HM_LOCK="$work/all/lock"
same "another user's lock stops no run" "${said##*$'\n'}" runs
same "... and is named" "$(grep -c "HM_LOCK: others can write in $work/all" \
	<<<"$said")" 1
run HM_LOCK="$home/mine"
same "HM_LOCK is used elsewhere" "$said $(stat -c %a "$home/mine")" \
	"0 runs 600"
run HOME=/proc/none
same "without a directory for it a run says what to set" "$said" \
	"71 cron-once: no directory for the lock of a run: set HM_LOCK to a file in a directory that only this user can write"
for name in cron-once cron-history; do
	: >"$work/busy"
	same "$name takes the lock before it starts a tool" \
		"$(flock "$work/busy" env HM_LOCK="$work/busy" \
			"$pipelines/$name" 2>&1; echo $?)" \
		"$name: the last run is not over
75"
done
finish
