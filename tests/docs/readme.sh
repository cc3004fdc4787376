#!/bin/bash
# README.md: what a new reader needs stands in its first screen, and its figures
# are those that were measured.
# shellcheck source=tests/lib/lib.sh
. "$(dirname "$0")/../lib/lib.sh"
root=$(cd "$(dirname "$0")/../.." && pwd)
readme=$root/README.md

# first LINES TEXT: whether the text is in so many lines of README.
first() {
	head -n "$1" "$readme" | grep -qF -- "$2"
}

# shellcheck disable=SC2016 # the backticks are the page's
for text in 'HMS-' 'DTU-Lite-S' 'DTU-Pro' '`hm://IP`' '`modbus://IP`' \
	'OpenDTU' 'AhoyDTU'; do
	check "24 lines say whether it fits: $text" first 24 "$text"
done
for text in 'git clone' '    make run' 'DTU_HOST=hm://' 'DTU_HOST=modbus://' \
	'HEALTH_HOST=0.0.0.0'; do
	check "40 lines say what to type: $text" first 40 "$text"
done
for text in 'only reads' 'by radio' 'batteries' 'Windows' 'add-on'; do
	check "60 lines say what it does not do: $text" first 60 "$text"
done

# Without tables and blocks
words=$(sed -E '/^\|/d; /^    /d' "$readme" | wc -w)
check "it is short: $words words" test "$words" -lt 1100

# The figures of the chain, in MB and in hundredths of a percent
measured=$(awk '/make bench-chain/ { on = 1 } on && $1 == "all" {
	printf "%.0f MB and ", $3 / 1000 } on && $1 == "CPU" {
	printf "%.2f %% of a core\n", $2; exit }' "$root/docs/performance.md")
check "memory and CPU time are those of performance.md: $measured" \
	grep -qF -- "${measured:-nothing is measured}" "$readme"
finish
