# Sourced after lib.sh: disks with a write cache, whose power can be cut, each with
# an ext4 file system at $work/NAME. Needs root, and a namespace of its own for mounts.
# shellcheck shell=bash disable=SC2154

declare -A disk_pid disk_loop disk_orders disk_size
cuts_of_disks=0

# disks_can_be_cut: whether this machine has what is needed.
disks_can_be_cut() {
	[ "$(id -u)" -eq 0 ] && [ -e /dev/fuse ] && [ -e /dev/loop-control ]
}

# start_disk NAME MEGABYTES [lies]: what a disk of this name had is gone.
start_disk() {
	local name=$1 fd
	mkdir -p "$work/$name" "$work/$name.fuse"
	rm -f "$work/$name.orders"
	mkfifo "$work/$name.orders"
	"$HM_BUILD/helper/disk" "$work/$name.fuse" "$2" $((RANDOM + 1)) ${3:+lies} \
		<"$work/$name.orders" >>"$work/$name.cuts" &
	disk_pid[$name]=$!
	disk_size[$name]=$2
	exec {fd}>"$work/$name.orders"
	disk_orders[$name]=$fd
	until_true 10 [ -e "$work/$name.fuse/disk" ]
}

attach_disk() {
	disk_loop[$1]=$(losetup -f --show "$work/$1.fuse/disk")
}

# make_disk NAME MEGABYTES [lies]: a new disk with an empty file system.
make_disk() {
	start_disk "$@" && attach_disk "$1" &&
		mkfs.ext4 -q -F "${disk_loop[$1]}" &&
		mount "${disk_loop[$1]}" "$work/$1"
}

# is_free DIRECTORY: nothing is mounted there any more.
is_free() {
	! mountpoint -q "$1" || umount "$1"
}

# drop_disk NAME: nothing has a file open on it.
drop_disk() {
	local fd=${disk_orders[$1]-}
	[ -n "$fd" ] || return 0
	until_true 20 is_free "$work/$1"
	losetup -d "${disk_loop[$1]}"
	exec {fd}>&-
	until_true 10 is_free "$work/$1.fuse"
	wait "${disk_pid[$1]}" 2>/dev/null
	unset "disk_orders[$1]"
}

# cut_disk NAME WRITES: what is on the disk if its power fails after so many more
# writes is now in $work/NAME.image; of its cache nothing, half or all has got there.
cut_disk() {
	local percents=(0 50 100)
	cuts_of_disks=$(grep -c '^cut' "$work/$1.cuts")
	echo "cut ${percents[RANDOM % 3]} $2 $work/$1.image" \
		>&"${disk_orders[$1]}"
	until_true 60 disk_is_cut "$1"
}
disk_is_cut() {
	[ "$(grep -c '^cut' "$work/$1.cuts")" -gt "$cuts_of_disks" ]
}

# power_on NAME [lies]: the disk has what was on it at the cut. Nothing has a file
# open on it.
power_on() {
	drop_disk "$1" && start_disk "$1" "${disk_size[$1]}" "${2-}" &&
		dd if="$work/$1.image" of="$work/$1.fuse/disk" bs=1M \
			conv=notrunc,fsync status=none && rm "$work/$1.image" &&
		attach_disk "$1" && mount "${disk_loop[$1]}" "$work/$1"
}

# lost_blocks NAME: how many blocks its cuts have lost.
lost_blocks() {
	awk '{ n += $3 } END { print n + 0 }' "$work/$1.cuts"
}
