#include "amount.h"

#include <stdio.h>

#define THOUSAND 1000

/* n / by, rounded to the nearest, halves away from zero. */
static int64_t
divide(int64_t n, int64_t by)
{
	int64_t rest = n % by;

	n /= by;
	if (rest >= by - by / 2)
		return n + 1;
	return -rest >= by - by / 2 ? n - 1 : n;
}

int64_t
hm_amount_of(struct hm_decimal value)
{
	int64_t units, by = 1;

	if (value.scale <= 3)
		return hm_decimal_rescale(value, 3, &units) &&
		    units != HM_AMOUNT_UNKNOWN ? units : HM_AMOUNT_UNKNOWN;
	for (unsigned scale = value.scale; scale > 3; scale--)
		by *= 10;
	return divide(value.units, by);
}

int64_t
hm_amount_add(int64_t a, int64_t b)
{
	int64_t sum;

	if (a == HM_AMOUNT_UNKNOWN || b == HM_AMOUNT_UNKNOWN ||
	    __builtin_add_overflow(a, b, &sum))
		return HM_AMOUNT_UNKNOWN;
	return sum;
}

/* `amount` has three decimals; show `decimals` of them. */
static void
print(int64_t amount, unsigned decimals, const char *unit,
    char text[HM_AMOUNT_TEXT])
{
	static const int64_t power[] = {1, 10, 100, 1000};
	int64_t n = divide(amount, power[3 - decimals]);
	uint64_t size = n < 0 ? 0 - (uint64_t)n : (uint64_t)n;
	uint64_t one = (uint64_t)power[decimals];
	const char *space = unit[0] != '\0' ? " " : "";

	if (decimals == 0)
		snprintf(text, HM_AMOUNT_TEXT, "%s%llu%s%s",
		    n < 0 ? "-" : "", (unsigned long long)size, space, unit);
	else
		snprintf(text, HM_AMOUNT_TEXT, "%s%llu.%0*llu%s%s",
		    n < 0 ? "-" : "", (unsigned long long)(size / one),
		    (int)decimals, (unsigned long long)(size % one), space,
		    unit);
}

const char *
hm_amount_exact(int64_t amount, unsigned decimals, const char *unit,
    char text[HM_AMOUNT_TEXT])
{
	if (amount == HM_AMOUNT_UNKNOWN)
		return "-";
	print(amount, decimals, unit, text);
	return text;
}

const char *
hm_amount_short(int64_t amount, const char *unit, char text[HM_AMOUNT_TEXT])
{
	static const char *const prefixes[] = {"", "k", "M", "G", "T"};
	size_t prefix = 0;
	char whole[8];
	unsigned decimals = 0;

	if (amount == HM_AMOUNT_UNKNOWN)
		return "-";
	while (prefix < 4 && (amount >= 999500 || amount <= -999500)) {
		amount = divide(amount, THOUSAND);
		prefix++;
	}
	if (prefix > 0 && amount < 9995 && amount > -9995)
		decimals = 2;
	else if (prefix > 0 && amount < 99950 && amount > -99950)
		decimals = 1;
	snprintf(whole, sizeof whole, "%s%s", prefixes[prefix], unit);
	print(amount, decimals, whole, text);
	return text;
}
