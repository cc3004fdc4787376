#!/bin/bash
# Files that may not grow (ulimit -f): no tool is killed by SIGXFSZ; each treats
# the limit as it treats a full disk.
# shellcheck source=tests/lib/lib.sh
. "$(dirname "$0")/../lib/lib.sh"
unset DATABASE_PATH METRICS_TEXTFILE HM_CONFIG HM_DURABLE

db=$work/hm.db

# records FIRST COUNT: readings of one input, one a minute.
records() {
	jq -nc --argjson first "$1" --argjson count "$2" 'range($first;
		$first + $count) | {type: "port", time: (1795428000 + . * 60 |
		todate), dtu: "roof", serial: "116400000001", port: 1,
		pv_power: ., today_production: ., total_production: (10000 + .)}'
}

# limited KB COMMAND ...: with files of at most KB; stdout goes to $out. Messages
# go through a pipe, which has no limit, to the file err. Its exit status.
limited() {
	local kb=$1
	shift
	{
		(
			ulimit -f "$kb"
			exec "$@" 2>&1 >"$out"
		) | cat >"$work/err"
		echo "${PIPESTATUS[0]}"
	} 2>/dev/null
}

records 0 1000 >"$work/in"
out=$work/out
for tool in hm-decode hm-filter hm-alert hm-store hm-ha-discovery hm-publish \
	hm-metrics; do
	options=()
	case $tool in
	hm-store) options=(--no-persistence) ;;
	hm-publish) options=(--no-mqtt) ;;
	hm-metrics) options=(--textfile "$work/hm.prom") ;;
	esac
	same "$tool: a file as output that may not grow is an error" \
		"$(limited 4 "$tool" "${options[@]}" <"$work/in")" 74
	check "... and is named" grep -q \
		'cannot write to stdout: File too large' "$work/err"
done
start_sim plant --inverters 1 --inputs 1
same "hm-poll: the same, with a lock" \
	"$(limited 0 hm-poll -1 "${uris[@]}")" 74
same "hm-sim: the same" "$(limited 0 hm-sim --port 0)" 74

# Files beside the output

out=/dev/null
same "hm-metrics: a text file that may not grow is an error" \
	"$(limited 1 hm-metrics --textfile "$work/hm.prom" <"$work/in")" 74
check "... and is named" grep -q 'hm.prom.*File too large' "$work/err"
mkfifo "$work/pipe"
out=$work/pipe
wc -l <"$work/pipe" >"$work/lines" &
same "hm-filter: a ledger that may not grow is no end" \
	"$(limited 64 hm-filter --stats-period 0 -d "$db" <"$work/in")" 0
check "... and is named" grep -q "$db: cannot .*(ulimit -f)" "$work/err"
wait $!
same "... and every line passes" "$(cat "$work/lines")" 1000
rm -f "$db"*
for kb in 0 1 16 64; do
	wc -l <"$work/pipe" >"$work/lines" &
	same "hm-store: a database of $kb KB may not grow" "$(limited $kb \
		hm-store --stats-period 0 -d "$db" <"$work/in")" 75
	check "... which is named" grep -q \
		"$db: cannot store: .*(ulimit -f); records" "$work/err"
	check "... with the number of lost records" grep -q \
		"$db: 1000 records were not stored" "$work/err"
	wait $!
	same "... and every line passes" "$(cat "$work/lines")" 1000
done
same "a database that has been left in this state is used" \
	"$(hm-store --stats-period 0 -d "$db" <"$work/in" | wc -l)" 1000
same "... whole, with every row" "$(sqlite3 "$db" 'PRAGMA integrity_check;
	SELECT count(*) FROM port')" "ok
1000"
rm -f "$db.copy"
out=/dev/null
same "a copy of it that may not grow fails" \
	"$(limited 64 hm-store -d "$db" --backup "$db.copy")" 74
check "... and is not there" test ! -e "$db.copy" -a ! -e "$db.copy.part"
out=$work/out
same "so does an export" "$(limited 4 hm-store -d "$db" --export)" 74

finish
