#include <check.h>

#include "run_suite.h"
#include "table.h"

#define COUNT(table) (sizeof(table) / sizeof *(table))

static size_t
sum(const struct hm_columns *c)
{
	size_t n = 0;

	for (size_t i = 0; i < HM_COLUMNS; i++)
		n += c->width[i];
	return n;
}

START_TEST(columns_fit_at_any_width)
{
	for (size_t cols = 1; cols <= 300; cols++)
		for (size_t inputs = 0; inputs <= 8; inputs++)
			for (size_t dtus = 1; dtus <= 2; dtus++) {
				struct hm_columns c = hm_columns_fit(cols,
				    dtus, inputs);

				ck_assert_uint_le(sum(&c), cols);
			}
}
END_TEST

START_TEST(a_wider_screen_has_no_fewer_columns)
{
	for (size_t cols = 60; cols < 300; cols++) {
		struct hm_columns c = hm_columns_fit(cols, 2, 4);
		struct hm_columns wider = hm_columns_fit(cols + 1, 2, 4);
		size_t count = 0, more = 0;

		for (size_t i = 0; i < HM_COLUMNS; i++) {
			count += c.width[i] > 0;
			more += wider.width[i] > 0;
		}
		ck_assert_uint_le(count, more);
	}
}
END_TEST

static const struct {
	size_t cols, dtus, inputs;
	enum hm_column there[4], absent;
} cases[] = {
    {60, 2, 4, {HM_COLUMN_NAME, HM_COLUMN_POWER, HM_COLUMN_TODAY,
        HM_COLUMN_INPUTS}, HM_COLUMN_DTU},
    {80, 2, 4, {HM_COLUMN_NAME, HM_COLUMN_DTU, HM_COLUMN_TEMPERATURE,
        HM_COLUMN_INPUTS}, HM_COLUMN_TOTAL},
    {120, 2, 4, {HM_COLUMN_DTU, HM_COLUMN_TOTAL, HM_COLUMN_VOLTAGE,
        HM_COLUMN_INPUTS}, HM_COLUMN_CURRENT},
    /* The only DTU needs no column. */
    {120, 1, 4, {HM_COLUMN_NAME, HM_COLUMN_TOTAL, HM_COLUMN_VOLTAGE,
        HM_COLUMN_INPUTS}, HM_COLUMN_DTU},
    {60, 1, 0, {HM_COLUMN_NAME, HM_COLUMN_POWER, HM_COLUMN_VOLTAGE,
        HM_COLUMN_CURRENT}, HM_COLUMN_TEMPERATURE},
};

START_TEST(columns_by_width)
{
	struct hm_columns c = hm_columns_fit(cases[_i].cols, cases[_i].dtus,
	    cases[_i].inputs);

	for (size_t i = 0; i < COUNT(cases[_i].there); i++)
		ck_assert_uint_gt(c.width[cases[_i].there[i]], 0);
	ck_assert_uint_eq(c.width[cases[_i].absent], 0);
}
END_TEST

START_TEST(scrolling_stays_in_the_table)
{
	struct hm_table t = {.rows = 60};

	hm_table_scroll(&t, -1);
	ck_assert_uint_eq(t.first, 0);
	hm_table_scroll(&t, 100);
	hm_table_see(&t, 20);
	ck_assert_uint_eq(t.first, 40);
	hm_table_scroll(&t, -15);
	ck_assert_uint_eq(t.first, 25);
	/* A higher screen shows the rows before, too. */
	hm_table_see(&t, 50);
	ck_assert_uint_eq(t.first, 10);
	hm_table_see(&t, 100);
	ck_assert_uint_eq(t.first, 0);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("table");
	TCase *tc = tcase_create("table");

	tcase_add_test(tc, columns_fit_at_any_width);
	tcase_add_test(tc, a_wider_screen_has_no_fewer_columns);
	tcase_add_loop_test(tc, columns_by_width, 0, COUNT(cases));
	tcase_add_test(tc, scrolling_stays_in_the_table);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
