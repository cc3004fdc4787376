#!/bin/bash
# A database of more than 2 GiB: tools write, copy and measure it. It is sparse.
# shellcheck source=tests/lib/lib.sh
. "$(dirname "$0")/../lib/lib.sh"
unset TIMEZONE TZ DATABASE_PATH METRICS_TEXTFILE HM_CONFIG

db=$work/hm.db
page=65536
pages=33000 # 0x80e8; 32768 pages are 2 GiB
size=$((page * pages))
# LD_PRELOAD cannot have a space.
cp "$HM_BUILD/helper/preload/holes.so" "$work"
holes=$work/holes.so

# reading SECOND
reading() {
	printf '{"type":"port","time":"2026-06-09T10:00:%02dZ","dtu":"roof",' "$1"
	printf '"serial":"116400000001","port":1,"pv_power":230.1}\n'
}

store() {
	hm-store --stats-period 0 --timezone UTC -d "$db" --retention 0
}

rows() {
	sqlite3 "$1" 'SELECT count(*) FROM port' 2>&1
}

# The header's size of the database is at byte 28.
sqlite3 "$db" "PRAGMA page_size = $page; VACUUM"
reading 1 | store >/dev/null
printf '\0\0\x80\xe8' | dd of="$db" bs=1 seek=28 conv=notrunc status=none
truncate -s "$size" "$db"
same "a database has more than 2 GiB" "$(sqlite3 "$db" \
	'PRAGMA page_size; PRAGMA page_count')" "$page
$pages"

reading 2 | store >/dev/null 2>"$work/err"
same "hm-store writes to it" "$? $(rows "$db") $(cat "$work/err")" "0 2 "
same "... and exports it" "$(hm-store -d "$db" --export | wc -l)" 2
same "hm-metrics tells its size" "$(hm-metrics -d "$db" --stats-period 0 \
	--textfile "$work/hm.prom" </dev/null >/dev/null
	sed -n 's/^hoymiles_db_size_bytes //p' "$work/hm.prom")" \
	"$(stat -c %s "$db")"
LD_PRELOAD=$holes ASAN_OPTIONS=${ASAN_OPTIONS-}:verify_asan_link_order=0 \
	hm-store -d "$db" --backup "$work/copy.db" 2>"$work/err"
same "hm-store copies it" "$? $(cat "$work/err")" "0 "
same "... with all readings" "$(rows "$work/copy.db")" 2
check "... and all pages" [ "$(stat -c %s "$work/copy.db")" -ge "$size" ]
check "the files are sparse: 100 MB at most" \
	[ "$(du -sk "$work" | cut -f1)" -lt 100000 ]

finish
