#include <check.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/decimal.h"
#include "run_suite.h"

#define COUNT(table) (sizeof(table) / sizeof *(table))

static const struct {
	const char *text;
	int64_t units;
	unsigned scale;
} numbers[] = {
    {"0", 0, 0},
    {"-0", 0, 0},
    {"0.000", 0, 0},
    {"0e999", 0, 0},
    {"0.00000000000000000000000", 0, 0},
    {"1", 1, 0},
    {"-1", -1, 0},
    {"230.1", 2301, 1},
    {"-0.5", -5, 1},
    {"50.00", 50, 0},
    {"1.500", 15, 1},
    {"100", 100, 0},
    {"1e3", 1000, 0},
    {"1E+3", 1000, 0},
    {"15e-1", 15, 1},
    {"1.5e1", 15, 0},
    {"120e-1", 12, 0},
    {"0.001e3", 1, 0},
    {"1e-18", 1, 18},
    {"10e-19", 1, 18},
    {"9223372036854775807", INT64_MAX, 0},
    {"-9223372036854775808", INT64_MIN, 0},
    {"922337203685477580.7", INT64_MAX, 1},
    {"-9.223372036854775808", INT64_MIN, 18},
    {"922337203685477580.700000000000000000000", INT64_MAX, 1},
    {"0.000000000000000001", 1, 18},
    {"0.00000000000000000001e2", 1, 18},
    {"1e18", 1000000000000000000, 0},
    {"9e18", 9000000000000000000, 0},
    {"100000000000000000000000e-20", 1000, 0},
    {"9223372036854775807000e-3", INT64_MAX, 0},
};

START_TEST(parses_exactly)
{
	struct hm_decimal d;

	ck_assert_msg(hm_decimal_parse(hm_text(numbers[_i].text), &d), "%s",
	    numbers[_i].text);
	ck_assert_int_eq(d.units, numbers[_i].units);
	ck_assert_uint_eq(d.scale, numbers[_i].scale);
}
END_TEST

static const char *const refused[] = {"", "-", "+1", ".5", "1.", "01", "-01",
    "00", "1e", "1e+", "1e-", "1e1.0", "1.5.1", "1,5", " 1", "1 ", "1x", "0x1",
    "NaN", "Infinity", "-Infinity", "--1", "1e--1", "e1", "1.e1", "-.5",
    "9223372036854775808", "-9223372036854775809", "1e19", "10e18", "1e-19",
    "0.0000000000000000001", "1.00000000000000000001",
    "99999999999999999999", "1e999999999999999999999",
    "1e-999999999999999999999"};

START_TEST(refuses_other_texts_and_overflow)
{
	struct hm_decimal d;

	ck_assert_msg(!hm_decimal_parse(hm_text(refused[_i]), &d), "%s",
	    refused[_i]);
}
END_TEST

/* Bytes after the end of the slice are not read. */
START_TEST(stays_within_the_slice)
{
	struct hm_decimal d;

	ck_assert(hm_decimal_parse(hm_slice("12.55e7", 4), &d));
	ck_assert_int_eq(d.units, 125);
	ck_assert(!hm_decimal_parse(hm_slice("12.5", 3), &d));
	ck_assert(!hm_decimal_parse(hm_slice("-1", 1), &d));
	ck_assert(!hm_decimal_parse(hm_slice("1\0", 2), &d));
}
END_TEST

/* Digits and an exponent that cancel out, both longer than any buffer. */
START_TEST(long_texts)
{
	static char text[20016] = "0.";
	struct hm_decimal d;

	memset(text + 2, '0', 20000);
	memcpy(text + 20001, "1e20000", 8);
	ck_assert(hm_decimal_parse(hm_text(text), &d));
	ck_assert_int_eq(d.units, 1);
	ck_assert_uint_eq(d.scale, 0);
	/* 10^9000, not 1: the exponent must not be cut. */
	memcpy(text + 1001, "1e10000", 8);
	ck_assert(!hm_decimal_parse(hm_text(text), &d));
}
END_TEST

static const struct {
	int64_t units;
	unsigned scale;
	const char *text;
} printed[] = {
    {0, 0, "0"},
    {0, 18, "0"},
    {5, 1, "0.5"},
    {-5, 1, "-0.5"},
    {-5, 3, "-0.005"},
    {2301, 1, "230.1"},
    {2300, 1, "230"},
    {2300, 0, "2300"},
    {5000, 2, "50"},
    {-123456, 3, "-123.456"},
    {1, 18, "0.000000000000000001"},
    {INT64_MAX, 0, "9223372036854775807"},
    {INT64_MIN, 0, "-9223372036854775808"},
    {INT64_MIN, 18, "-9.223372036854775808"},
    {INT64_MAX, 18, "9.223372036854775807"},
};

START_TEST(prints_without_trailing_zeros)
{
	char buf[HM_DECIMAL_TEXT];
	struct hm_decimal d, again;
	size_t n;

	d = hm_decimal(printed[_i].units, printed[_i].scale);
	n = hm_decimal_format(d, buf);
	ck_assert_str_eq(buf, printed[_i].text);
	ck_assert_uint_eq(n, strlen(buf));
	ck_assert(hm_decimal_parse(hm_slice(buf, n), &again));
	ck_assert(hm_decimal_rescale(again, d.scale, &again.units));
	ck_assert_int_eq(again.units, d.units);
}
END_TEST

START_TEST(cuts)
{
	static const struct {
		int64_t units;
		unsigned scale, to;
		int64_t cut;
	} cases[] = {{2309, 1, 0, 230}, {-2309, 1, 0, -230}, {9, 1, 0, 0},
	    {123456, 5, 3, 1234}, {5, 0, 3, 5}, {INT64_MIN, 18, 0, -9}};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct hm_decimal d = hm_decimal_cut(
		    hm_decimal(cases[i].units, cases[i].scale), cases[i].to);

		ck_assert_int_eq(d.units, cases[i].cut);
		ck_assert_uint_eq(d.scale, cases[i].scale < cases[i].to ?
		    cases[i].scale : cases[i].to);
	}
}
END_TEST

START_TEST(rescales)
{
	int64_t units;

	ck_assert(hm_decimal_rescale(hm_decimal(15, 1), 3, &units));
	ck_assert_int_eq(units, 1500);
	ck_assert(hm_decimal_rescale(hm_decimal(1500, 3), 1, &units));
	ck_assert_int_eq(units, 15);
	ck_assert(hm_decimal_rescale(hm_decimal(0, 5), 0, &units));
	ck_assert_int_eq(units, 0);
	ck_assert(!hm_decimal_rescale(hm_decimal(15, 1), 0, &units));
	ck_assert(!hm_decimal_rescale(hm_decimal(INT64_MAX, 0), 1, &units));
	ck_assert(!hm_decimal_rescale(hm_decimal(INT64_MIN, 0), 1, &units));
}
END_TEST

START_TEST(reads_whole_numbers_in_bounds)
{
	int64_t number;

	ck_assert(hm_decimal_whole(hm_text("1"), 1, 8, &number));
	ck_assert_int_eq(number, 1);
	ck_assert(hm_decimal_whole(hm_text("8.0"), 1, 8, &number));
	ck_assert_int_eq(number, 8);
	ck_assert(hm_decimal_whole(hm_text("-9223372036854775808"), INT64_MIN,
	    INT64_MAX, &number));
	ck_assert_int_eq(number, INT64_MIN);
	ck_assert(!hm_decimal_whole(hm_text("0"), 1, 8, &number));
	ck_assert(!hm_decimal_whole(hm_text("9"), 1, 8, &number));
	ck_assert(!hm_decimal_whole(hm_text("1.5"), 1, 8, &number));
	ck_assert(!hm_decimal_whole(hm_text(""), 0, 8, &number));
	ck_assert(!hm_decimal_whole(hm_text("4 "), 0, 8, &number));
}
END_TEST

START_TEST(adds)
{
	struct hm_decimal sum;

	ck_assert(hm_decimal_add(hm_decimal(15, 1), hm_decimal(25, 2), &sum));
	ck_assert_int_eq(sum.units, 175);
	ck_assert_uint_eq(sum.scale, 2);
	ck_assert(hm_decimal_add(hm_decimal(-1, 0), hm_decimal(1, 0), &sum));
	ck_assert_int_eq(sum.units, 0);
	ck_assert(hm_decimal_add(hm_decimal(INT64_MIN, 0),
	    hm_decimal(INT64_MAX, 0), &sum));
	ck_assert_int_eq(sum.units, -1);
	ck_assert(!hm_decimal_add(hm_decimal(INT64_MAX, 0), hm_decimal(1, 0),
	    &sum));
	ck_assert(!hm_decimal_add(hm_decimal(INT64_MIN, 2), hm_decimal(-1, 2),
	    &sum));
	ck_assert(!hm_decimal_add(hm_decimal(INT64_MAX, 0), hm_decimal(1, 1),
	    &sum));
}
END_TEST

START_TEST(multiplies)
{
	struct hm_decimal product;

	ck_assert(hm_decimal_mul(hm_decimal(12345, 0), hm_decimal(1, 3),
	    &product));
	ck_assert_int_eq(product.units, 12345);
	ck_assert_uint_eq(product.scale, 3);
	ck_assert(hm_decimal_mul(hm_decimal(25, 1), hm_decimal(4, 1),
	    &product));
	ck_assert_int_eq(product.units, 1);
	ck_assert_uint_eq(product.scale, 0);
	ck_assert(hm_decimal_mul(hm_decimal(0, 0), hm_decimal(1, 18),
	    &product));
	ck_assert_int_eq(product.units, 0);
	ck_assert_uint_eq(product.scale, 0);
	ck_assert(hm_decimal_mul(hm_decimal(INT64_MIN, 0), hm_decimal(1, 0),
	    &product));
	ck_assert(!hm_decimal_mul(hm_decimal(INT64_MIN, 0), hm_decimal(-1, 0),
	    &product));
	ck_assert(!hm_decimal_mul(hm_decimal(INT64_MAX, 0), hm_decimal(2, 0),
	    &product));
	ck_assert(!hm_decimal_mul(hm_decimal(1, 10), hm_decimal(1, 9),
	    &product));
}
END_TEST

static uint64_t
bits_of(double number)
{
	uint64_t bits;

	memcpy(&bits, &number, sizeof bits);
	return bits;
}

/* As the C library, which rounds once on every machine, reads the text. */
static void
check_double(struct hm_decimal number)
{
	double found = hm_decimal_double(number), expected;
	char text[HM_DECIMAL_TEXT];

	hm_decimal_format(number, text);
	expected = strtod(text, NULL);
	ck_assert_msg(bits_of(found) == bits_of(expected),
	    "%s: %a is not %a", text, found, expected);
}

START_TEST(becomes_the_nearest_double)
{
	/* Halfway between two doubles, a bit more and a bit less. */
	static const int64_t units[] = {0, 1, -1, 5, 2301, -2301,
	    9007199254740993, 9007199254740995, 4503599627370497500,
	    4503599627370497501, 4503599627370497499, 45035996273704985,
	    INT64_MAX, INT64_MIN, INT64_MIN + 1, INT64_MAX - 1};
	uint64_t random = 88172645463325252;

	for (unsigned scale = 0; scale <= HM_DECIMAL_SCALE_MAX; scale++)
		for (size_t i = 0; i < COUNT(units); i++)
			check_double(hm_decimal(units[i], scale));
	for (int i = 0; i < 200000; i++) {
		random ^= random << 13;
		random ^= random >> 7;
		random ^= random << 17;
		/* Of every length. */
		check_double(hm_decimal((int64_t)random >> random % 64,
		    (unsigned)i % (HM_DECIMAL_SCALE_MAX + 1)));
	}
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("decimal");
	TCase *tc = tcase_create("decimal");

	tcase_add_loop_test(tc, parses_exactly, 0, COUNT(numbers));
	tcase_add_loop_test(tc, refuses_other_texts_and_overflow, 0,
	    COUNT(refused));
	tcase_add_test(tc, stays_within_the_slice);
	tcase_add_test(tc, long_texts);
	tcase_add_loop_test(tc, prints_without_trailing_zeros, 0,
	    COUNT(printed));
	tcase_add_test(tc, cuts);
	tcase_add_test(tc, rescales);
	tcase_add_test(tc, reads_whole_numbers_in_bounds);
	tcase_add_test(tc, adds);
	tcase_add_test(tc, multiplies);
	tcase_add_test(tc, becomes_the_nearest_double);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
