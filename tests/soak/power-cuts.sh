#!/bin/bash
# power-cuts.sh CUTS SEED DTUS: cut the power of the disk on which the chain
# stores, CUTS times at random moments. The disk is $HM_BUILD/helper/disk: a
# loop device with a write cache under ext4. A cut comes after a random number of
# writes to it; of what is in the cache then nothing, all or a random half of the
# blocks has reached the disk. On the copy must be the rows that another process
# had seen in the database, the energies that hm-filter had written to the next
# tool, and each backup that was reported as made. The copy's database must be
# good, and the chain must start on it. Before every other cut a second database is
# restored from one of two backups all the time, and must be one of them; it pauses
# before the others, because its flushes also save what others have written. With
# LIES=1 the disk ignores flushes, and the test must fail.
#
# Mounts are made in a namespace of its own: in that of the machine another
# process could copy them, and keep the disk busy.
if [ "$(id -u)" -eq 0 ] && [ -z "${POWER_CUTS-}" ]; then
	POWER_CUTS=1 exec unshare -m --propagation private "$0" "$@"
fi
# shellcheck source=tests/lib/lib.sh
. "$(dirname "$0")/../lib/lib.sh"

cuts=$1
seed=$2
dtus=$3
RANDOM=$seed
unset TIMEZONE TZ DATABASE_PATH DTU_HOST HM_CONFIG

if [ "$(id -u)" -ne 0 ] || [ ! -e /dev/fuse ] || [ ! -e /dev/loop-control ]
then
	skip "power cuts" "they need root, /dev/fuse and loop devices"
	finish
fi

fuse=$work/fuse   # the file that is the disk
live=$work/live   # the file system on it
copy=$work/copy   # that of a copy
mkdir "$fuse" "$live" "$copy"
loop=

# Tools that have files there end first.
end_all() {
	[ "$BASHPID" -eq $$ ] || return
	local pid
	for pid in "${pids[@]}"; do
		[ "$pid" != "$disk" ] || continue
		kill -9 "$pid"
		wait "$pid"
	done 2>/dev/null
	umount "$copy" 2>/dev/null
	until_true 10 umount "$live"
	[ -z "$loop" ] || losetup -d "$loop"
	until_true 10 umount "$fuse"
	clean_up
}

mkfifo "$work/orders"
"$HM_BUILD/helper/disk" "$fuse" 128 "$seed" ${LIES:+lies} <"$work/orders" >"$work/cuts" &
disk=$!
pids+=("$disk")
trap end_all EXIT
exec 8>"$work/orders"
until_true 10 [ -e "$fuse/disk" ]
loop=$(losetup -f --show "$fuse/disk") || exit 1
{ mkfs.ext4 -q -F "$loop" && mount "$loop" "$live"; } || exit 1

# The chain. The last DTU is for the chains that start on copies.
start_sim plant --dtus $((dtus + 1)) --start 11:00
hm-poll --stats-period 0 --log-level ERROR --period 5 "${uris[@]:0:dtus}" \
	8>&- 2>>"$work/err" |
	hm-decode --stats-period 0 8>&- 2>>"$work/err" |
	hm-filter --stats-period 0 -d "$live/hm.db" 8>&- 2>>"$work/err" |
	tee "$work/passed" |
	hm-store --stats-period 0 --timezone UTC --delay 0.2 \
		-d "$live/hm.db" 8>&- >/dev/null 2>>"$work/err" &
pids+=($!)

# sql DATABASE QUERY: read only.
sql() {
	sqlite3 -readonly -cmd '.timeout 5000' "$1" "$2" 2>&1
}

# seen DATABASE: each row of an input, one a line.
seen() {
	sql "$1" 'SELECT dtu, serial, port, time, total_production FROM port'
}

# The energies that hm-filter has written to the next tool, as ledger has them.
shown() {
	local keys='"dtu":"\([^"]*\)","serial":"\([^"]*\)","port":\([0-9]*\)'
	grep '^{"type":"port",.*}$' "$work/passed" | sed -n \
		"s/.*$keys,.*\"total_production\":\([0-9]*\).*/\1|\2|\3|\4/p"
}

# ledger DATABASE: the energy of each input in the ledger of hm-filter.
ledger() {
	sql "$1" 'SELECT dtu, serial, port, total_production
		FROM production_cache WHERE total_production IS NOT NULL'
}

has_rows() {
	[ "$(seen "$live/hm.db" | wc -l)" -ge $((dtus * 16)) ]
}
check "the chain stores" until_true 30 has_rows

# Two backups of different content, and a database that becomes the one or the
# other all the time.
for n in 1 2; do
	hm-store -d "$live/hm.db" --backup "$work/source$n.db"
	sqlite3 "$work/source$n.db" "CREATE TABLE source (n);
		INSERT INTO source VALUES ($n)"
	hm-store --verify "$work/source$n.db" >/dev/null || exit 1
done
cp "$work/source1.db" "$live/restored.db"
sync "$live/restored.db" "$live"
(
	while :; do
		for n in 2 1; do
			while [ -e "$work/paused" ]; do
				sleep 0.1
			done
			hm-store -d "$live/restored.db" \
				--restore "$work/source$n.db" >/dev/null
			rm -f "$live"/restored.db.before*
			echo restored
		done
	done
) 8>&- >"$work/restores" 2>"$work/restores.err" &
pids+=($!)

# fault NAME: one is counted, and the first ones are shown.
faults=0
fault() {
	faults=$((faults + 1))
	[ "$faults" -gt 10 ] || echo "# cut $cut: $1"
}

# good FILE WHAT: whether hm-store --verify likes it.
good() {
	hm-store --verify "$1" >"$work/verified" 2>&1 ||
		fault "$2: $(head -c 300 "$work/verified")"
}

# Every line of the file OLD must be a line of NEW.
lacks() {
	comm -23 <(sort "$1") <(sort "$2") | wc -l
}

# Energies that are lower in the ledger of the copy, or missing.
fallen() {
	awk -F '|' '{ key = $1 FS $2 FS $3 }
		NR == FNR { now[key] = $4; next }
		!(key in now) || now[key] < $4' "$work/ledger.copy" \
		"$work/ledger" | wc -l
}

# start_copy: run the chain on the copy. hm-filter and hm-store have nothing to
# say.
start_copy() {
	local before
	before=$(seen "$copy/hm.db" | wc -l)
	hm-poll --stats-period 0 -1 "${uris[dtus]}" 8>&- 2>"$work/start.err" |
		hm-decode --stats-period 0 2>>"$work/start.err" |
		hm-filter --stats-period 0 -d "$copy/hm.db" \
			2>>"$work/start.err" |
		hm-store --stats-period 0 --timezone UTC -d "$copy/hm.db" \
			>/dev/null 2>>"$work/start.err"
	[ "${PIPESTATUS[*]}" = "0 0 0 0" ] || fault "the chain does not start"
	[ ! -s "$work/start.err" ] || fault "$(head -n 1 "$work/start.err")"
	[ "$(seen "$copy/hm.db" | wc -l)" -ge $((before + 16)) ] ||
		fault "the chain stores nothing"
}

inspect() {
	seen "$copy/hm.db" >"$work/seen.copy"
	ledger "$copy/hm.db" >"$work/ledger.copy"
	[ "$(lacks "$work/seen" "$work/seen.copy")" = 0 ] ||
		fault "rows that were seen are missing"
	[ "$(fallen)" = 0 ] || fault "an energy that was shown is lower"
	good "$copy/hm.db" hm.db
	if [ -s "$work/backup" ]; then
		good "$copy/backup.db" backup.db
		seen "$copy/backup.db" >"$work/seen.backup"
		[ "$(lacks "$work/backup" "$work/seen.backup")" = 0 ] ||
			fault "a backup lacks rows"
	fi
	good "$copy/restored.db" restored.db
	case $(sql "$copy/restored.db" 'SELECT n FROM source') in
	[12]) ;;
	*) fault "the restored database is neither of the two" ;;
	esac
	start_copy
	good "$copy/hm.db" "hm.db after the start"
}

number_of_cuts() {
	grep -c '^cut' "$work/cuts"
}

is_cut() {
	[ "$(number_of_cuts)" -ge "$cut" ]
}

: >"$work/backup"
began=$(milliseconds)
for ((cut = 1; cut <= cuts; cut++)); do
	writes=$((RANDOM % 60))
	rm -f "$work/paused"
	if [ $((cut % 2)) = 0 ]; then
		writes=$((RANDOM % 8))
		touch "$work/paused"
		sleep 0.5
	fi
	if [ $((cut % 5)) = 0 ]; then
		seen "$live/hm.db" >"$work/backup.rows"
		hm-store -d "$live/hm.db" --backup "$live/backup.db" 8>&- &&
			mv "$work/backup.rows" "$work/backup"
	fi
	{
		ledger "$live/hm.db"
		shown
	} >"$work/ledger"
	seen "$live/hm.db" >"$work/seen"
	sleep "0.$(printf %03d $((RANDOM % 700)))"
	percents=(0 50 100)
	echo "cut ${percents[RANDOM % 3]} $writes $work/image" >&8
	until_true 30 is_cut || fault "the disk does not answer"
	mount -o loop "$work/image" "$copy" || { fault "no mount"; continue; }
	inspect
	umount "$copy"
	e2fsck -fn "$work/image" >"$work/fsck" 2>&1 ||
		fault "ext4 is damaged: $(head -n 3 "$work/fsck" | tr '\n' ' ')"
	rm "$work/image"
done
took=$((($(milliseconds) - began) / 1000))
echo "# $cuts power cuts in $took s, seed $seed:" \
	"$(awk '{ n += $2; lost += $3 } END {
		print n, "blocks in the cache,", lost, "of them lost" }' \
		"$work/cuts"), $(wc -l <"$work/seen") rows of inputs at the end," \
	"$(wc -l <"$work/restores") restores"
same "$cuts power cuts: what was seen is there, and good" "$faults" 0
# shellcheck disable=SC2016 # the dollar is awk's
check "... blocks were lost" awk '{ lost += $3 } END { exit lost == 0 }' \
	"$work/cuts"
check "... rows were stored meanwhile" \
	[ "$(wc -l <"$work/seen")" -gt $((dtus * 32)) ]
check "... and backups restored" [ "$(wc -l <"$work/restores")" -ge "$cuts" ]
same "... and nothing was logged" \
	"$(cat "$work/err" "$work/restores.err" | head -n 3)" ""
finish
