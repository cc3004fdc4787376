#include "decimal.h"

/* Decimals as text. */

/* No line has enough digits to offset it, and adding to it cannot overflow. */
#define EXPONENT_MAX 100000000000000

/* So many digits cannot overflow, whatever they are. */
#define SHORT_DIGITS 18

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Any number */

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

static bool
parse_any(struct hm_slice text, struct hm_decimal *out)
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

/* Short numbers without an exponent: all that records usually hold */

static int64_t
read_digits(const char **p, const char *end, int64_t units)
{
	const char *at = *p;

	for (; at < end && is_digit(*at); at++)
		units = units * 10 + (*at - '0');
	*p = at;
	return units;
}

/* False if the text must be read as any number. */
static bool
parse_short(struct hm_slice text, struct hm_decimal *out)
{
	const char *p = text.p, *end = text.p + text.n, *begin, *point;
	bool minus = p < end && *p == '-';
	int64_t units;

	p += minus;
	if (p == end || end - p > SHORT_DIGITS || (*p == '0' && end - p > 1 &&
	    p[1] != '.'))
		return false;
	begin = p;
	units = read_digits(&p, end, 0);
	if (p == begin)
		return false;
	point = p;
	if (p < end && *p == '.') {
		p++;
		units = read_digits(&p, end, units);
		/* Trailing zeros are no decimals. */
		if (p == point + 1 || p[-1] == '0')
			return false;
	}
	if (p != end)
		return false;
	*out = hm_decimal(minus ? -units : units,
	    p > point ? (unsigned)(p - point) - 1 : 0);
	return true;
}

bool
hm_decimal_parse(struct hm_slice text, struct hm_decimal *out)
{
	return parse_short(text, out) || parse_any(text, out);
}

/* Printing */

/* Write `units` before `end`, with `scale` decimals. Returns the start. */
static char *
print_before(char *end, uint64_t units, unsigned scale)
{
	if (scale > 0) {
		for (; scale > 0; scale--, units /= 10)
			*--end = (char)('0' + units % 10);
		*--end = '.';
	}
	do
		*--end = (char)('0' + units % 10);
	while ((units /= 10) > 0);
	return end;
}

size_t
hm_decimal_format(struct hm_decimal value, char buf[HM_DECIMAL_TEXT])
{
	uint64_t units = value.units < 0 ? 0 - (uint64_t)value.units :
	    (uint64_t)value.units;
	char text[HM_DECIMAL_TEXT], *start, *end = text + sizeof text;
	unsigned scale = value.scale;
	size_t n;

	for (; scale > 0 && units % 10 == 0; scale--)
		units /= 10;
	start = print_before(end, units, scale);
	if (value.units < 0)
		*--start = '-';
	n = (size_t)(end - start);
	memcpy(buf, start, n);
	buf[n] = '\0';
	return n;
}
