#!/bin/bash
# clocks.sh: every wrong clock of tests/lib/clock-chain.sh, at the start of a
# chain and while it runs, and the table of docs/reliability.md.
# shellcheck source=tests/lib/lib.sh
. "$(dirname "$0")/../lib/lib.sh"
unset HM_CONFIG DTU_HOST DATABASE_PATH TIMEZONE RESET_HOUR
# shellcheck source=tests/lib/clock.sh
. "$(dirname "$0")/../lib/clock.sh"
# shellcheck source=tests/lib/clock-chain.sh
. "$(dirname "$0")/../lib/clock-chain.sh"

steps=(back-10y back-1d ahead-1d ahead-40d ahead-10y 2038 DST)

# table: a row for each case, from the checks in $work/checks.
table() {
	local case tool
	printf '| clock |'
	printf ' %s |' "${tools[@]}"
	printf '\n| ---'
	printf ' | ---%.0s' "${tools[@]}"
	printf ' |\n'
	for case in "$@"; do
		printf '| %s' "${case/./, }"
		for tool in "${tools[@]}"; do
			grep -qx "ok - $case: $tool" "$work/checks" &&
				printf ' | held' || printf ' | **failed**'
		done
		printf ' |\n'
	done
}

# Seven chains at a time.
for when in running start; do
	cases=("${steps[@]/#/$when.}")
	run_cases "${cases[@]}"
	judge_cases "${cases[@]}" >>"$work/checks"
	kill "$sim" "$broker"
done
grep -v '^ok' "$work/checks"
table "${steps[@]/#/running.}" "${steps[@]/#/start.}"
finish
