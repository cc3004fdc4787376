#!/bin/bash
# tests/one, tests/lib/TestReport.pm and .ci/run: no way in which a test fails is
# lost.
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

# .ci/run with a stand-in for make, which prints the file GOAL.says, and fails if
# there is a file GOAL.fails.
mkdir "$work/bin"
cat >"$work/bin/make" <<'MAKE'
#!/bin/sh
for goal; do :; done
echo "make $goal"
! [ -f "$MADE/$goal.says" ] || cat "$MADE/$goal.says"
! [ -f "$MADE/$goal.fails" ]
MAKE
chmod +x "$work/bin/make"

# ci [GOAL]: if this fails, the status of .ci/run and its last line.
ci() {
	rm -f "$work"/*.fails
	[ $# -eq 0 ] || touch "$work/$1.fails"
	MADE=$work PATH=$work/bin:$PATH .ci/run >"$work/out" 2>&1
	echo "$?: $(tail -n 1 "$work/out")"
}

echo "7 passed, 0 failed" >"$work/check.says"
echo "a warning" >"$work/lint.says"
same "CI ends with the result of the tests" "$(ci)" "0: 7 passed, 0 failed"
check "... after what the linters say" grep -qx "a warning" "$work/out"
same "CI fails if a linter does" "$(ci lint)" "1: 7 passed, 0 failed"
same "... or cannot start" "$(ci lint-headers)" "1: make lint-headers"
same "... or a package is not there" "$(ci check-fleet-packages)" \
	"1: make check-fleet-packages"
echo "6 passed, 1 failed" >"$work/check.says"
same "... or a test" "$(ci check)" "1: 6 passed, 1 failed"
finish
