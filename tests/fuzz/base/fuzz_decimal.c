/*
 * Decimal numbers, "A" or "A B". A regular expression says whether a text is a
 * number, and its digits say its value and whether it fits. Sums and products
 * are checked by halves of 32 bits.
 */

#include <regex.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/decimal.h"

#define FOUND(condition) ((condition) ? abort() : (void)0)
#define TEXT_MAX 4096
#define FAR 1000000000 /* an exponent that no text of ours makes up for */
#define INT64_DIGITS 19
#define HALF UINT64_C(0xffffffff)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* DIGITS * 10^exponent without zeros at either end; zero has no digits. */
struct number {
	bool minus;
	char digits[TEXT_MAX];
	size_t count;
	long long exponent;
};

static bool
is_number(const char *text)
{
	static regex_t form;
	static bool ready;

	if (!ready)
		FOUND(regcomp(&form, "^-?(0|[1-9][0-9]*)(\\.[0-9]+)?"
		    "([eE][+-]?[0-9]+)?$", REG_EXTENDED | REG_NOSUB) != 0);
	ready = true;
	return regexec(&form, text, 0, NULL, 0) == 0;
}

static long long
clamp(long long exponent)
{
	return exponent > FAR ? FAR : exponent < -FAR ? -FAR : exponent;
}

static void
take_apart(const char *text, struct number *n)
{
	bool minus = *text == '-', point = false;

	*n = (struct number){.count = 0};
	for (; *text != '\0' && (*text | 0x20) != 'e'; text++) {
		if (*text == '.')
			point = true;
		if (*text < '0' || *text > '9')
			continue;
		n->exponent -= point;
		if (n->count > 0 || *text != '0')
			n->digits[n->count++] = *text;
	}
	if (*text != '\0')
		n->exponent += clamp(strtoll(text + 1, NULL, 10));
	for (; n->count > 0 && n->digits[n->count - 1] == '0'; n->count--)
		n->exponent++;
	n->digits[n->count] = '\0';
	if (n->count == 0)
		n->exponent = 0;
	n->minus = minus && n->count > 0;
}

/* Whether an int64_t and a scale of up to 18 hold it. */
static bool
fits(const struct number *n)
{
	const char *limit = n->minus ? "9223372036854775808" :
	    "9223372036854775807";
	char units[INT64_DIGITS + 1];
	size_t zeros = n->exponent > 0 ? (size_t)n->exponent : 0;

	if (n->count == 0)
		return true;
	if (n->exponent < -HM_DECIMAL_SCALE_MAX ||
	    n->count + zeros > INT64_DIGITS)
		return false;
	memset(units, '0', sizeof units);
	memcpy(units, n->digits, n->count);
	units[INT64_DIGITS] = '\0';
	return n->count + zeros < INT64_DIGITS || strcmp(units, limit) <= 0;
}

static bool
same(const struct number *a, const struct number *b)
{
	return a->minus == b->minus && a->exponent == b->exponent &&
	    strcmp(a->digits, b->digits) == 0;
}

/* Parse a text and compare the result with its digits. */
static bool
check_number(const char *text, struct hm_decimal *d)
{
	static struct number expected, found;
	char printed[HM_DECIMAL_TEXT];
	struct hm_decimal again;
	bool taken = hm_decimal_parse(hm_text(text), d);

	if (!is_number(text)) {
		FOUND(taken);
		return false;
	}
	take_apart(text, &expected);
	FOUND(taken != fits(&expected));
	if (!taken)
		return false;
	FOUND(hm_decimal_format(*d, printed) != strlen(printed));
	take_apart(printed, &found);
	FOUND(!same(&expected, &found));
	FOUND(!is_number(printed) || strpbrk(printed, "eE") != NULL);
	FOUND(!hm_decimal_parse(hm_text(printed), &again));
	FOUND(again.units != d->units || again.scale != d->scale);
	return true;
}

static int64_t
power(unsigned n)
{
	int64_t result = 1;

	while (n-- > 0)
		result *= 10;
	return result;
}

static uint64_t
magnitude(int64_t n)
{
	return n < 0 ? 0 - (uint64_t)n : (uint64_t)n;
}

/* Whether a * b fits, and what it is: no type of 32-bit machines holds all. */
static bool
multiply(int64_t a, int64_t b, int64_t *product)
{
	uint64_t x = magnitude(a), y = magnitude(b), low, middle;
	bool minus = (a < 0) != (b < 0);

	low = (x & HALF) * (y & HALF);
	middle = (x >> 32) * (y & HALF) + (x & HALF) * (y >> 32);
	if ((x >> 32) * (y >> 32) != 0 || middle > HALF ||
	    middle << 32 > UINT64_MAX - low)
		return false;
	low += middle << 32;
	if (low > (uint64_t)INT64_MAX + minus)
		return false;
	*product = (int64_t)(minus ? 0 - low : low);
	return true;
}

static bool
sum_fits(int64_t x, int64_t y)
{
	return x < 0 ? y >= INT64_MIN - x : y <= INT64_MAX - x;
}

/* Numbers as they are parsed have no zeros at their end. */
static void
check_sum(struct hm_decimal a, struct hm_decimal b)
{
	unsigned scale = a.scale > b.scale ? a.scale : b.scale;
	struct hm_decimal sum;
	int64_t x, y;

	if (!multiply(a.units, power(scale - a.scale), &x) ||
	    !multiply(b.units, power(scale - b.scale), &y) ||
	    !sum_fits(x, y)) {
		FOUND(hm_decimal_add(a, b, &sum));
		return;
	}
	FOUND(!hm_decimal_add(a, b, &sum));
	FOUND(sum.scale != scale || sum.units != x + y);
}

static void
check_product(struct hm_decimal a, struct hm_decimal b)
{
	unsigned scale = a.scale + b.scale;
	struct hm_decimal product;
	int64_t units;

	if (!multiply(a.units, b.units, &units)) {
		FOUND(hm_decimal_mul(a, b, &product));
		return;
	}
	for (; scale > 0 && units % 10 == 0; scale--)
		units /= 10;
	if (scale > HM_DECIMAL_SCALE_MAX) {
		FOUND(hm_decimal_mul(a, b, &product));
		return;
	}
	FOUND(!hm_decimal_mul(a, b, &product));
	FOUND(product.scale != scale || product.units != units);
}

static uint64_t
bits_of(double number)
{
	uint64_t bits;

	memcpy(&bits, &number, sizeof bits);
	return bits;
}

/* It is read as the C library reads it. */
static void
check_double(struct hm_decimal d)
{
	double found = hm_decimal_double(d), expected;
	char text[HM_DECIMAL_TEXT];

	hm_decimal_format(d, text);
	expected = strtod(text, NULL);
	FOUND(bits_of(found) != bits_of(expected));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char text[TEXT_MAX], *second;
	struct hm_decimal a, b;
	bool good;

	if (size >= sizeof text || memchr(data, '\0', size) != NULL ||
	    memchr(data, '\n', size) != NULL)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	second = strchr(text, ' ');
	if (second != NULL)
		*second++ = '\0';
	good = check_number(text, &a);
	if (good)
		check_double(a);
	if (second != NULL && check_number(second, &b) && good) {
		check_sum(a, b);
		check_product(a, b);
	}
	return 0;
}
