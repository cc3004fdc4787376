#!/bin/bash
# The readings that hm-decode makes from captured frames, against the readings
# of another program: tests/data/captured-readings.ndjson.
# shellcheck source=tests/lib/lib.sh
. "$(dirname "$0")/../lib/lib.sh"

here=$(cd "$(dirname "$0")/.." && pwd)
expected=$here/data/captured-readings.ndjson
hm-decode --stats-period 0 <"$here/golden/hm-decode/captured-readings/in" \
	>"$work/found"

same "as many readings" "$(wc -l <"$work/found")" "$(wc -l <"$expected")"
# Ours may hold more fields; theirs must all be there, with their values.
same "every value of the other decoder is in ours" "$(
	jq -c --slurpfile found "$work/found" -n '[inputs] | to_entries[] |
		.key as $i | .value | to_entries[] |
		select($found[$i][.key] != .value) |
		{reading: $i, key, expected: .value, found: $found[$i][.key]}
	' "$expected")" ""
same "... to the digit" "$(
	paste -d '\n' "$expected" "$work/found" | awk '
		function value(line, key) {
			if (!match(line, "\"" key "\":[^,}]*"))
				return "none"
			return substr(line, RSTART, RLENGTH)
		}
		NR % 2 == 1 { theirs = $0; next }
		{
			rest = theirs
			while (match(rest, "\"[a-z_]*\":[0-9.-]+")) {
				pair = substr(rest, RSTART, RLENGTH)
				rest = substr(rest, RSTART + RLENGTH)
				key = substr(pair, 2, index(pair, ":") - 3)
				if (value($0, key) != pair)
					print NR / 2 ": " pair
			}
		}')" ""
finish
