#!/bin/bash
# mutants.sh DAYS: break the energy guard in each of the ways below, which
# compile, and expect that its unit tests or its property test over DAYS days
# find it. LIBS are the libraries to link.
# shellcheck source=tests/lib/lib.sh
. "$(dirname "$0")/../lib/lib.sh"
days=$1
root=$(cd "$(dirname "$0")/../.." && pwd)
modules=(energy energy_daily energy_day)
units=(energy energy_daily)
cd "$root" || exit

# link NAME OBJECT [LIB ...]: a test with the changed modules.
link() {
	local name=$1 object=$2
	shift 2
	# shellcheck disable=SC2086
	cc -pie -o "$work/$name" "$HM_BUILD/tests/$object.o" \
		"${modules[@]/#/$work/changed/}" "$HM_BUILD/hm-filter.a" \
		"$HM_BUILD/libhm.a" "$@" $LIBS
}

build() {
	local name
	for name in "${modules[@]}"; do
		cc -std=c11 -O1 -w -D_GNU_SOURCE -Ilib -Itools/hm-filter -c \
			-fPIE -o "$work/changed/$name" "$work/$name.c" || return
	done
	link property property/hm-filter/energy || return
	for name in "${units[@]}"; do
		link "unit-$name" "unit/hm-filter/check_$name" \
			-lcheck -lsubunit -lrt || return
	done
}

# mutant NAME SED: change lines of the modules' files.
mutant() {
	local seed=$((RANDOM * 1000)) by='' name changed=''
	for name in "${modules[@]}"; do
		sed -E "$2" "tools/hm-filter/$name.c" >"$work/$name.c"
		cmp -s "tools/hm-filter/$name.c" "$work/$name.c" || changed=1
	done
	if [ -z "$changed" ] || ! build 2>"$work/err"; then
		fail "$1: not changed, or does not compile"
		sed 's/^/# /' "$work/err"
		return
	fi
	for name in "${units[@]}"; do
		"$work/unit-$name" >"$work/out" 2>&1 || by=", by a unit test"
	done
	"$work/property" "$days" "$seed" >"$work/out" 2>&1 ||
		by+=", by the property test"
	if [ -n "$by" ]; then
		pass "$1: found$by"
	else
		fail "$1: not found (seed $seed)"
	fi
}

mkdir "$work/changed"
for name in "${modules[@]}"; do
	cp "tools/hm-filter/$name.c" "$work/"
done
check "the guard as it is compiles" build
check "... and passes" "$work/property" 3000 1
mutant "a reading is accepted at once" \
	's/e->total = hm_energy_lower\(e->pending, total\)/e->total = total/'
mutant "a spike before a gap begins a day" \
	's/total < e->before && r->time - e->before_time > HM_ENERGY_GAP/false/'
mutant "a dip is a part of a claim" \
	's/too_high == \(e->doubt_first \+ e->shift >= e->total\)/true/'
mutant "a day begins above a reading" \
	's/e->began = hm_energy_lower\(e->began, total\);//; s/device_base <= e->first/true/'
mutant "a fall is accepted" \
	's/if \(total < e->total \|\| hm_energy_goes_on\(e, r\)\)/if (false)/'
mutant "a spike is accepted" \
	's/total > hm_energy_limit\(e, r->time, r->watts\)/false/'
mutant "a dip after a gap stops the total" \
	's/since_total > since_pending \?/true ?/'
mutant "the device's day is believed at once" \
	's/base >= 0 && base == e->device_base/base >= 0/'
mutant "the readings before the day are forgotten" \
	's/e->before = e->pending;/e->before = -1;/'
mutant "a day begins at its first reading" \
	's/e->began = e->before;/e->began = e->first;/'
mutant "a day begins at any base of the device" \
	's/r->awake && base >= e->before && base <= e->first/r->awake/'
mutant "a base needs no second reading" \
	's/between && e->device_base < 0/false/
	s/between && base == e->device_base/between/'
mutant "a wrong first reading keeps its day" \
	'/The day may have begun at a reading/,/before = e->first/s/e->began = -1;//'
mutant "a claim is accepted at once" \
	's/is_confirmed\(e, r, HM_ENERGY_CLAIMS, HM_ENERGY_CLAIM_SECONDS\)/true/'
mutant "a claim needs no time" \
	's/HM_ENERGY_CLAIMS, HM_ENERGY_CLAIM_SECONDS/HM_ENERGY_CLAIMS, 0/'
mutant "a claim is never accepted" \
	's/is_confirmed\(e, r, HM_ENERGY_CLAIMS, HM_ENERGY_CLAIM_SECONDS\)/false/'
mutant "a claim is bound by the input's share" \
	'/^is_possible/,/^}/s/r->inverter_watts/r->watts/'
mutant "a claim has no bound" \
	'/^is_possible/,/^}/s/growth <= hm_energy_allowance/hm_energy_allowance/'
mutant "an accepted claim is not shown" \
	's/e->total = before->doubt_last \+ e->shift;//'
mutant "a claim is energy of the day in which it is accepted" \
	's/e->before_time = -1;//'
mutant "a wrap is not known" 's/\? WRAP_WH : 0/? 0 : 0/'
mutant "a wrap may skip anything" \
	's/\(wrap == 0 \|\| r->daily \|\| growth <= WRAP_GROWTH_MAX\)/true/'
mutant "a counter that was reset never goes on" \
	's/is_confirmed\(e, r, DOUBTS, DOUBT_SECONDS\)/false/'
mutant "a day of 0 Wh is no reading" \
	's/r->total == 0 && r->daily/false/'
mutant "any fall begins a day" '/^is_new_day/,/^}/s/return first.*/return true ||/'
mutant "a day that begins needs no time" \
	's/is_confirmed\(e, r, HM_ENERGY_CLAIMS, HM_ENERGY_CLAIM_SECONDS\)/(r->daily || is_confirmed(e, r, HM_ENERGY_CLAIMS, HM_ENERGY_CLAIM_SECONDS))/'
mutant "zeros begin a day" 's/r->daily \? 0 : e->doubt_first/r->daily ? -1 : e->doubt_first/'
mutant "a day that stands still does not count" \
	's/r->daily \? 0 : e->doubt_first/e->doubt_first/'
mutant "a spike before a new day counts" 's/hm_energy_drop_spike\(e, r\);//'
mutant "what no reading has confirmed does not" \
	'/^hm_energy_drop_spike/,/^}/s/e->pending - e->total <=/false \&\& 0 <=/'
mutant "a corrected counter has begun a day" \
	'/^is_below/,/^}/s/is_new_day\(e, r, e->doubt_first, e->doubt_since\)/true/'
mutant "a jump out of a dip is made" \
	'/^growth_max/,/^}/s/r->daily && r->total >/false \&\& 0 >/'
mutant "rejected readings leave a gap" 's/e->pending_time = e->doubt_time;//'
mutant "the last reading of a day waits for the next one" \
	'/^doubt\(/,/^}/s/show_pending\(e\);//'
mutant "the day before is lost" '/^wrap_of/,/^}/s/return hm_energy_last_counter.*/return 0;/'
mutant "a reset that nobody saw is lost" 's/> DAY_MAX/> 100 * DAY_MAX/'
mutant "every gap hides a reset" 's/time - e->pending_time > DAY_MAX/true/'
mutant "the next reset is not known" 's/e->reset_at = time;/(void)time;/'
mutant "any fall tells when days begin" 's/time - before->before_time <=/0 \* time <=/'
mutant "a reset has no margin" 's/midnight \+ RESET_MARGIN < to/midnight < to/'
mutant "a reset cannot lead below the last reading" 's/growth < 0 \|\|//'
mutant "a device that was off has begun a day" \
	'/^hm_energy_missed_reset/,/^}/s/hm_energy_made_in\([^)]*\)/0/'
mutant "a lifetime counter is taken for days" 's/e->daily = r->daily;//'

modules=(inverter_part)
units=(inverter_part)
mutant "an input that is known later adds its lifetime" \
	's/first \? 0 : total/0/'
mutant "a first input adds nothing" 's/first \? 0 : total/total/'
mutant "one that is back lower falls" \
	's/part->left_out -= part->total - total/part->left_out += 0/'
mutant "one that is forgotten adds nothing" \
	's/part->there \|\| total < part->total/part->there || total > 0/'
mutant "its energy of the day is its own" 's/today > total/false/'
finish
