#!/bin/bash
# docs/troubleshooting.md: each message that it quotes is in the sources, and
# each warning and error of the sources is on the page.
# shellcheck source=tests/lib/lib.sh
. "$(dirname "$0")/../lib/lib.sh"
root=$(cd "$(dirname "$0")/../.." && pwd)
page=$root/docs/troubleshooting.md

# Each source on one line, with adjacent strings joined, and "..." for each
# conversion of printf.
joined() {
	local file
	find "$root"/lib "$root"/tools -name '*.[ch]' -o -name '*.def' |
		sort | while read -r file; do
		tr '\n\t' '  ' <"$file"
		echo
	done | sed -E 's/" PRI[a-z0-9]+ "/llu/g; s/"  *"//g
		s/\\"/\x01/g; s/%[-+#0-9.*]*(hh|h|ll|l|z|j)?[a-zA-Z]/.../g'
}

strings() {
	grep -oE '"[^"]*"' "$work/joined" | sed 's/^"//; s/"$//' |
		tr '\001' '"' | sort -u
}

# The texts of messages that are logged as a warning or an error.
logged() {
	local level='(HM_(WARNING|ERROR)|[a-z_>.-]+ \? HM_)'
	grep -oE "hm_log(_facts|_errno)?\($level([^;\"]|\"[^\"]*\")*;" \
		"$work/joined" | sed -E 's/hm_fact[a-z_]*\("[^"]*"/(/g' |
		grep -oE '"[^"]*"' | sed 's/^"//; s/"$//' | tr '\001' '"' |
		sort -u
}

# The messages in the first column of the tables, one a line.
# The backticks are the page's.
# shellcheck disable=SC2016
messages() {
	awk '/^\| message / { on = 1; next } !/^\|/ { on = 0 }
		on && !/^\| ---/' "$page" | sed -E 's/^\| //; s/ \| .*//
			s/`, `/\n/g; s/`//g' | sort -u
}

# is_ours MESSAGE: whether a string of the sources has all its pieces between
# the dots, in order.
is_ours() {
	local pattern
	# shellcheck disable=SC2016 # the dollars are sed's
	pattern=$(sed -E 's/[][\\.*^$(){}?+|]/\\&/g; s/\\\.\\\.\\\./.*/g' <<<"$1")
	grep -qE -- "$pattern" "$work/strings"
}

# Messages that the page need not have: those made from other messages, about
# the command line, about a machine without memory or descriptors, or of hm-sim.
is_excused() {
	case $1 in
	'' | '; ' | '...' | 'no memory'* | *'try --help' | *'unknown option'* | \
	--* | 'there is no option'* | 'one of --'* | 'the HTTP server stops'* | \
	*'the HTTP server' | 'cannot wake'* | 'cannot poll' | \
	'cannot make an event loop' | 'no event loop' | \
	'cannot open the stream' | 'cannot start the thread'* | *'dry run: '* | \
	'cannot listen'* | 'cannot raise'* | 'no random bytes'* | \
	'out of descriptors'* | 'cannot show what would'* | \
	'a record is longer than'* | 'serving HTTP'*) ;;
	*) return 1 ;;
	esac
}

joined >"$work/joined"
strings >"$work/strings"
logged >"$work/logged"
messages >"$work/messages"
check "the sources have messages" test "$(wc -l <"$work/logged")" -ge 60
check "the page has messages" test "$(wc -l <"$work/messages")" -ge 50
same "every message of the page is in the sources" "$(
	while IFS= read -r message; do
		is_ours "$message" || echo "$message"
	done <"$work/messages")" ""

# The longest part of a message without "...".
longest_piece() {
	sed -E 's/\.\.\./\n/g' <<<"$1" | sed -E 's/^[^A-Za-z-]+//
		s/[^A-Za-z)"]+$//' | awk 'length > length(best) { best = $0 }
		END { print best }'
}
is_there() {
	local piece
	piece=$(longest_piece "$1")
	is_excused "$1" || is_excused "$piece" ||
		grep -qF -- "$piece" "$work/messages"
}
same "every warning and error of the sources is on the page" "$(
	while IFS= read -r message; do
		is_there "$message" || echo "$message"
	done <"$work/logged")" ""

# Kinds of errors
same "every kind of error has its row" "$(sed -n \
	's/.*\[HM_ERR_[A-Z_]*\] = "\([a-z_]*\)".*/\1/p' \
	"$root/lib/record/poll_errors.c" |
	grep -vx none | sort)" "$(awk '/^\| error / { on = 1; next }
		!/^\|/ { on = 0 } on && !/---/' "$page" | cut -d '|' -f 2 |
		tr -d '` ' | tr ',' '\n' | sort)"

# Settings that it names
same "every setting that it names exists" "$(grep -oE '`[a-z]+(_[a-z]+)+' \
	"$page" | tr -d '`' | sort -u | while read -r name; do
		grep -qE "(SETTING|RETIRED)\(([A-Z_]*, )?\"$name\"" \
			<(tr -d '\n' <"$root/lib/config/settings.def") ||
			grep -q "\"$name\"" "$root"/lib/record/poll_errors.c \
				"$root/lib/record/fields.def" ||
			[ "$name" = production_cache ] || echo "$name"
	done)" ""
finish
