#include "decimal.h"

#include <math.h>

/* A double has 53 bits; two more say how to round. */
#define QUOTIENT_MIN (UINT64_C(1) << 54)

static struct hm_decimal
trim(struct hm_decimal d)
{
	while (d.scale > 0 && d.units % 10 == 0) {
		d.units /= 10;
		d.scale--;
	}
	return d;
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

struct hm_decimal
hm_decimal_cut(struct hm_decimal value, unsigned scale)
{
	for (; value.scale > scale; value.scale--)
		value.units /= 10;
	return value;
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
