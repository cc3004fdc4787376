#include <check.h>

#include "amount.h"
#include "run_suite.h"

#define COUNT(table) (sizeof(table) / sizeof *(table))

static const struct {
	int64_t units;
	unsigned scale;
	const char *text;
} cases[] = {
    {0, 0, "0 W"},
    {4, 1, "0 W"},
    {5, 1, "1 W"},
    {3959, 1, "396 W"},
    {9994, 1, "999 W"},
    {9995, 1, "1.00 kW"},
    {1454, 0, "1.45 kW"},
    {9994, 0, "9.99 kW"},
    {9995, 0, "10.0 kW"},
    {99949, 0, "99.9 kW"},
    {99950, 0, "100 kW"},
    {961211, 0, "961 kW"},
    {2300000, 0, "2.30 MW"},
    {-1540, 0, "-1.54 kW"},
    {-5, 1, "-1 W"},
    {123456789, 6, "123 W"},
    {INT64_MAX, 18, "9 W"},
    /* More than nine billion megawatts are no reading. */
    {INT64_MAX, 0, "-"},
    {INT64_MIN, 3, "-"},
};

START_TEST(an_amount_is_short)
{
	char text[HM_AMOUNT_TEXT];

	ck_assert_str_eq(hm_amount_short(hm_amount_of(hm_decimal(
	    cases[_i].units, cases[_i].scale)), "W", text), cases[_i].text);
}
END_TEST

START_TEST(an_exact_one_has_its_decimals)
{
	char text[HM_AMOUNT_TEXT];

	ck_assert_str_eq(hm_amount_exact(231400, 1, "V", text), "231.4 V");
	ck_assert_str_eq(hm_amount_exact(-1250, 1, "V", text), "-1.3 V");
	ck_assert_str_eq(hm_amount_exact(4020, 2, "A", text), "4.02 A");
	ck_assert_str_eq(hm_amount_exact(395900, 0, "", text), "396");
	ck_assert_str_eq(hm_amount_exact(HM_AMOUNT_UNKNOWN, 1, "V", text),
	    "-");
}
END_TEST

START_TEST(a_sum_with_an_unknown_is_unknown)
{
	ck_assert_int_eq(hm_amount_add(1, 2), 3);
	ck_assert(hm_amount_add(1, HM_AMOUNT_UNKNOWN) == HM_AMOUNT_UNKNOWN);
	ck_assert(hm_amount_add(HM_AMOUNT_UNKNOWN, 1) == HM_AMOUNT_UNKNOWN);
	ck_assert(hm_amount_add(INT64_MAX, 1) == HM_AMOUNT_UNKNOWN);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("amount");
	TCase *tc = tcase_create("amount");

	tcase_add_loop_test(tc, an_amount_is_short, 0, COUNT(cases));
	tcase_add_test(tc, an_exact_one_has_its_decimals);
	tcase_add_test(tc, a_sum_with_an_unknown_is_unknown);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
