#!/bin/bash
# docs/queries.md: its commands print the answers that it shows.
# shellcheck source=tests/lib/lib.sh
. "$(dirname "$0")/../lib/lib.sh"
root=$(cd "$(dirname "$0")/../.." && pwd)
page=$root/docs/queries.md

# The blocks of the page: commands, each with its output.
shown() {
	sed -n 's/^    //p' "$page"
}

# The commands, each ended by a NUL. A command ends when its quotes are closed.
commands() {
	shown | awk '
		!open && !/^\$ / { next }
		{
			printf "%s%s", open ? "\n" : "", open ? $0 : substr($0, 3)
			if (gsub(/"/, "") % 2)
				open = !open
			if (!open)
				printf "%c", 0
		}'
}

# Run the commands in one shell, as a reader would; print commands and output.
transcript() {
	local command
	while IFS= read -rd '' command; do
		printf '$ %s\n' "$command"
		eval "$command" 2>&1 </dev/null
	done < <(commands) | sed 's/[[:space:]]*$//'
}

views() {
	sed -n 's/^VIEW(\([a-z_]*\),.*/\1/p' "$root/lib/db/views.def"
}

unused_views() {
	local view
	for view in $(views); do
		grep -qzE "(FROM|JOIN) $view\b" "$work/commands" || echo "$view"
	done
}

# Headings of questions without a query.
unanswered() {
	awk '/^## / { if (asked) print asked; asked = /^## [0-9]/ ? $0 : "" }
		/^    \$ sqlite3 / { asked = "" }
		END { if (asked) print asked }' "$page"
}

# Without the settings of the user and the time zone of the machine.
export HOME=$work
unset TZ
commands >"$work/commands"
mkdir "$work/here"
cd "$work/here" || exit
ln -s "$root/tests" tests
transcript >"$work/found"
shown >"$work/expected"

check "there are 15 questions" test "$(grep -c '^## [0-9]' "$page")" -ge 15
same "each has a query" "$(unanswered)" ""
check "the answers are the same as on the page" \
	diff -u --label page "$work/expected" --label found "$work/found"
same "the sample database is not damaged" \
	"$(sqlite3 hm.db 'PRAGMA integrity_check')" ok
check "there are views" test -n "$(views)"
same "every view is used" "$(unused_views)" ""
cd / || exit
finish
