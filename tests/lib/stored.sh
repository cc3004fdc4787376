# Sourced after lib.sh by tests of hm-store, which gets $store_options: readings
# of one input, and what is in a database.
# shellcheck shell=bash disable=SC2034,SC2154

store_options=(--stats-period 0 --timezone UTC)
# The time from which ports counts, and the seconds between two of its readings.
base=1781000000
apart=1

# ports FIRST LAST: a reading for each number.
ports() {
	awk -v first="$1" -v last="$2" -v apart="$apart" -v base="$base" 'BEGIN {
		for (n = first; n <= last; n++) {
			printf "{\"type\":\"port\",\"time\":\"%s\",",
			    strftime("%Y-%m-%dT%H:%M:%SZ", base + n * apart, 1)
			printf "\"dtu\":\"roof\",\"serial\":\"116400000001\","
			printf "\"port\":1,\"pv_power\":%d.5,", n % 400
			printf "\"total_production\":%d}\n", 5000 + n
		}
	}'
}

# store DATABASE [OPTION ...]
store() {
	hm-store "${store_options[@]}" -d "$@"
}

# sql DATABASE SQL
sql() {
	sqlite3 -cmd '.timeout 2000' "$@" 2>&1
}

# rows [DATABASE]: the number of readings, of $db.
rows() {
	sql "${1:-$db}" 'SELECT count(*) FROM port'
}

# holds DATABASE COUNT: whether it has so many readings.
holds() {
	[ "$(rows "$1")" -ge "$2" ]
}

# start_store DATABASE OPTION ...: start an hm-store that reads what the test
# writes to descriptor 7.
start_store() {
	rm -f "$work/in"
	mkfifo "$work/in"
	hm-store "${store_options[@]}" -d "$@" <"$work/in" >"$work/out" \
		2>"$work/err" &
	store=$!
	pids+=("$store")
	exec 7>"$work/in"
}

# Its status goes into $ended.
end_store() {
	exec 7>&-
	wait "$store"
	ended=$?
}
