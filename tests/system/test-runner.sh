#!/bin/bash
# tests/one and tests/lib/TestReport.pm: no way in which a test fails is lost.
# shellcheck source=tests/lib/lib.sh
. "$(dirname "$0")/../lib/lib.sh"
tests=$(cd "$(dirname "$0")/.." && pwd)
# prove takes a space in a path for the end of a word.
cd "$tests/.." || exit

# run_test LINE ...: a test program of these lines. Prints the status of prove
# and its last line.
run_test() {
	printf '%s\n' '#!/bin/bash' "$@" >"$work/program"
	chmod +x "$work/program"
	PERL5LIB=$tests/lib prove --norc --merge --exec tests/one \
		--formatter TestReport "$work/program" >"$work/out" 2>&1
	echo "$?: $(tail -n 1 "$work/out")"
}

same "a test that passes" \
	"$(run_test 'echo "ok 1"' 'echo "1..1"')" "0: 1 passed, 0 failed"
same "a check that is skipped" \
	"$(run_test 'echo "ok 1 # SKIP no DTU"' 'echo "1..1"')" \
	"0: 1 passed, 0 failed"
same "a check that fails" \
	"$(run_test 'echo "not ok 1"' 'echo "1..1"')" "1: 0 passed, 1 failed"
same "... whose name looks like a plan to fix it" \
	"$(run_test 'echo "not ok - hm://h#todo"' 'echo "1..1"')" \
	"1: 0 passed, 1 failed"
same "... whose name looks skipped" \
	"$(run_test 'echo "not ok - hm://h#skip"' 'echo "1..1"')" \
	"1: 0 passed, 1 failed"
same "a status that is not 0" \
	"$(run_test 'echo "ok 1"' 'echo "1..1"' 'exit 3')" \
	"1: 1 passed, 1 failed"
same "an end by a signal" \
	"$(run_test 'echo "ok 1"' 'echo "1..1"' "kill -KILL \$\$")" \
	"1: 1 passed, 1 failed"
same "an early end, without a plan" \
	"$(run_test 'echo "ok 1"')" "1: 1 passed, 1 failed"
same "fewer checks than planned" \
	"$(run_test 'echo "1..2"' 'echo "ok 1"')" "1: 1 passed, 1 failed"
same "nothing checked" "$(run_test 'echo "1..0"')" "1: 0 passed, 1 failed"
same "a file left behind" \
	"$(run_test 'echo "ok 1"' 'echo "1..1"' "touch \$TMPDIR/left")" \
	"1: 1 passed, 1 failed"
same "a process left behind" \
	"$(run_test 'echo "ok 1"' 'echo "1..1"' 'sleep 60 & disown')" \
	"1: 1 passed, 1 failed"
finish
