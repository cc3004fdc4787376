#include "decimal.h"

#include <math.h>

/* A double has 53 bits; two more say how to round. */
#define QUOTIENT_MIN (UINT64_C(1) << 54)

/* No line has enough digits to offset it, and adding to it cannot overflow. */
#define EXPONENT_MAX 100000000000000

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static struct hm_decimal
trim(struct hm_decimal d)
{
	while (d.scale > 0 && d.units % 10 == 0) {
		d.units /= 10;
		d.scale--;
	}
	return d;
}

/*
 * The digits read so far, always negative, because INT64_MIN has no positive
 * counterpart. Zeros are added only when another digit follows: trailing zeros
 * move the point, and must not overflow.
 */
struct digits {
	int64_t negative, zeros;
};

static bool
push_digit(struct digits *d, char c)
{
	if (c == '0') {
		d->zeros++;
		return true;
	}
	for (; d->zeros > 0; d->zeros--)
		if (__builtin_mul_overflow(d->negative, 10, &d->negative))
			return false;
	return !__builtin_mul_overflow(d->negative, 10, &d->negative) &&
	    !__builtin_sub_overflow(d->negative, c - '0', &d->negative);
}

/* Read digits; false if there are none or they do not fit. */
static bool
parse_digits(const char **p, const char *end, struct digits *d)
{
	const char *begin = *p;

	for (; *p < end && is_digit(**p); ++*p)
		if (!push_digit(d, **p))
			return false;
	return *p != begin;
}

/* An optional sign and at least one digit up to the end of the text. */
static bool
parse_exponent(const char *p, const char *end, int64_t *out)
{
	bool minus = false;
	int64_t value = 0;

	if (p < end && (*p == '+' || *p == '-'))
		minus = *p++ == '-';
	if (p == end)
		return false;
	for (; p < end; p++) {
		if (!is_digit(*p))
			return false;
		if (value <= EXPONENT_MAX)
			value = value * 10 + (*p - '0');
	}
	*out = minus ? -value : value;
	return true;
}

static bool
at_scale(int64_t units, int64_t scale, struct hm_decimal *out)
{
	if (units == 0)
		scale = 0;
	for (; scale < 0; scale++)
		if (__builtin_mul_overflow(units, 10, &units))
			return false;
	if (scale > HM_DECIMAL_SCALE_MAX)
		return false;
	*out = hm_decimal(units, (unsigned)scale);
	return true;
}

bool
hm_decimal_parse(struct hm_slice text, struct hm_decimal *out)
{
	const char *p = text.p, *end = text.p + text.n;
	bool minus = p < end && *p == '-';
	struct digits digits = {0, 0};
	int64_t scale = 0, exponent = 0, units;

	p += minus;
	if (end - p > 1 && *p == '0' && is_digit(p[1]))
		return false;
	if (!parse_digits(&p, end, &digits))
		return false;
	if (p < end && *p == '.') {
		const char *fraction = ++p;

		if (!parse_digits(&p, end, &digits))
			return false;
		scale = p - fraction;
	}
	if (p < end && (*p == 'e' || *p == 'E')) {
		if (!parse_exponent(p + 1, end, &exponent))
			return false;
		p = end;
	}
	if (p != end)
		return false;
	units = digits.negative;
	if (!minus && __builtin_sub_overflow(0, units, &units))
		return false;
	return at_scale(units, scale - digits.zeros - exponent, out);
}

static uint64_t
magnitude(int64_t n)
{
	return n < 0 ? 0 - (uint64_t)n : (uint64_t)n;
}

static int
zeros_before(uint64_t n)
{
	return __builtin_clzll(n | 1);
}

double
hm_decimal_double(struct hm_decimal value)
{
	uint64_t units = magnitude(value.units), divisor = 1, quotient, rest;
	int exponent = 0;
	double real;

	for (unsigned i = 0; i < value.scale; i++)
		divisor *= 10;
	quotient = units / divisor;
	rest = units % divisor;
	while (rest != 0 && quotient < QUOTIENT_MIN) {
		int room = zeros_before(quotient), bits = zeros_before(divisor);

		bits = bits < room ? bits : room;
		quotient = quotient << bits | (rest << bits) / divisor;
		rest = (rest << bits) % divisor;
		exponent -= bits;
	}
	/* Only whether there is a rest matters below the last bit. */
	real = ldexp((double)(quotient | (rest != 0)), exponent);
	return value.units < 0 ? -real : real;
}

size_t
hm_decimal_format(struct hm_decimal value, char buf[HM_DECIMAL_TEXT])
{
	char reversed[HM_DECIMAL_TEXT];
	size_t n = 0, len = 0;
	struct hm_decimal d = trim(value);
	uint64_t rest = magnitude(d.units);

	for (unsigned place = 0; rest != 0 || place <= d.scale; place++) {
		if (place == d.scale && d.scale > 0)
			reversed[n++] = '.';
		reversed[n++] = (char)('0' + rest % 10);
		rest /= 10;
	}
	if (d.units < 0)
		buf[len++] = '-';
	while (n > 0)
		buf[len++] = reversed[--n];
	buf[len] = '\0';
	return len;
}

bool
hm_decimal_rescale(struct hm_decimal value, unsigned scale, int64_t *units)
{
	struct hm_decimal d = trim(value);

	for (; d.scale < scale; d.scale++)
		if (__builtin_mul_overflow(d.units, 10, &d.units))
			return false;
	if (d.scale != scale)
		return false;
	*units = d.units;
	return true;
}

bool
hm_decimal_whole(struct hm_slice text, int64_t min, int64_t max, int64_t *out)
{
	struct hm_decimal number;

	return hm_decimal_parse(text, &number) &&
	    hm_decimal_rescale(number, 0, out) && *out >= min && *out <= max;
}

bool
hm_decimal_add(struct hm_decimal a, struct hm_decimal b, struct hm_decimal *out)
{
	unsigned scale = a.scale > b.scale ? a.scale : b.scale;
	int64_t x, y;

	if (!hm_decimal_rescale(a, scale, &x) ||
	    !hm_decimal_rescale(b, scale, &y) ||
	    __builtin_add_overflow(x, y, &out->units))
		return false;
	out->scale = scale;
	return true;
}

bool
hm_decimal_mul(struct hm_decimal a, struct hm_decimal b, struct hm_decimal *out)
{
	struct hm_decimal x = trim(a), y = trim(b), product;

	if (__builtin_mul_overflow(x.units, y.units, &product.units))
		return false;
	product.scale = x.scale + y.scale;
	product = trim(product);
	if (product.units == 0)
		product.scale = 0;
	if (product.scale > HM_DECIMAL_SCALE_MAX)
		return false;
	*out = product;
	return true;
}
