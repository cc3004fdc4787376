#!/bin/bash
# Home Assistant's statistics stay the energy that was made, whatever happens to
# a plant and the chain: a few events here, `make property-statistics` has more.
# shellcheck source=tests/lib/lib.sh
. "$(dirname "$0")/../lib/lib.sh"
property=$(dirname "$0")/../property/statistics/run

events() {
	"$property" 20 "$1" | sed 's/^/# /'
	return "${PIPESTATUS[0]}"
}
for seed in 1 2 3; do
	check "20 events, seed $seed" events "$seed"
done
finish
