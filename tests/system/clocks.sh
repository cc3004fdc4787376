#!/bin/bash
# The clock of a chain is set while it runs, or is wrong at its start: no row is
# lost, no energy is reset, an alarm stays one alarm, the latest is the latest.
# `make soak-clocks` tries all steps.
# shellcheck source=tests/lib/lib.sh
. "$(dirname "$0")/../lib/lib.sh"
unset HM_CONFIG DTU_HOST DATABASE_PATH TIMEZONE RESET_HOUR
# shellcheck source=tests/lib/clock.sh
. "$(dirname "$0")/../lib/clock.sh"
# shellcheck source=tests/lib/clock-chain.sh
. "$(dirname "$0")/../lib/clock-chain.sh"

cases=(running.ahead-40d running.back-10y start.ahead-10y)
[ $# -eq 0 ] || cases=("$@")
run_cases "${cases[@]}"
judge_cases "${cases[@]}"
finish
