#include "device_time.h"

#include <check.h>

#include "run_suite.h"

#define LIST 1735488002 /* 2024-12-29T16:00:02Z */
#define NOW 1735488063
#define OFFSET 28800

START_TEST(times_of_clocks_that_were_set_are_known)
{
	ck_assert(hm_device_time_known(1420070400));
	ck_assert(hm_device_time_known(LIST));
	ck_assert(hm_device_time_known(2147483646));
	ck_assert(hm_device_time_known(2147483648));
	ck_assert(hm_device_time_known(4102444799));
}
END_TEST

START_TEST(other_times_are_none)
{
	static const int64_t none[] = {INT64_MIN, -126, -1, 0, 901, 86400,
	    946684800, 1420070399, INT32_MAX, 4102444800, UINT32_MAX,
	    INT64_MAX};

	for (size_t i = 0; i < sizeof none / sizeof *none; i++)
		ck_assert(!hm_device_time_known(none[i]));
}
END_TEST

START_TEST(times_of_the_past)
{
	ck_assert_int_eq(hm_device_past(LIST - 99, LIST), LIST - 99);
	ck_assert_int_eq(hm_device_past(LIST + 60, LIST), LIST + 60);
	ck_assert_int_eq(hm_device_past(LIST + 61, LIST), LIST + 61 - OFFSET);
	ck_assert_int_eq(hm_device_past(LIST + 90000, LIST), 0);
	ck_assert_int_eq(hm_device_past(LIST, 901), LIST);
	ck_assert_int_eq(hm_device_past(-126, LIST), 0);
}
END_TEST

START_TEST(spans_of_alarms)
{
	static const struct {
		int64_t start, end, list, good_start, good_end;
		bool over;
	} spans[] = {
	    /* As sent. */
	    {LIST - 60, 0, LIST, LIST - 60, 0, false},
	    {LIST - 60, LIST - 30, LIST, LIST - 60, LIST - 30, true},
	    {LIST - 60, LIST + 60, LIST, LIST - 60, LIST + 60, true},
	    {LIST + 99, LIST + 99, 0, LIST + 99, LIST + 99, true},
	    /* A clock that was not set. */
	    {-126, -126, 901, 0, NOW, true},
	    {-126, -1, 901, 0, NOW, true},
	    {-126, 0, 901, 0, 0, false},
	    {500, 0, LIST, 0, 0, false},
	    {500, 600, LIST, 0, LIST, true},
	    {LIST - 60, -1, LIST, LIST - 60, LIST, true},
	    {UINT32_MAX, INT32_MAX, LIST, 0, LIST, true},
	    /* Eight hours ahead. */
	    {LIST + 27783, LIST + 27783, LIST, LIST + 27783 - OFFSET,
	        LIST + 27783 - OFFSET, true},
	    {LIST + 27783, 0, LIST, LIST + 27783 - OFFSET, 0, false},
	    {LIST - 7200, LIST + 7200, LIST, LIST - 7200 - OFFSET,
	        LIST + 7200 - OFFSET, true},
	    /* A list without a time: the poll's counts. */
	    {NOW + 27783, 0, 0, NOW + 27783 - OFFSET, 0, false},
	    {NOW + 90000, 0, 901, 0, 0, false},
	    /* Later than that explains. */
	    {LIST + 90000, 0, LIST, 0, 0, false},
	    {LIST - 60, LIST + 90000, LIST, LIST - 60, LIST, true},
	    /* An end before the start. */
	    {LIST - 60, LIST - 90, LIST, LIST - 60, LIST - 60, true},
	};

	for (size_t i = 0; i < sizeof spans / sizeof *spans; i++) {
		struct hm_device_span span = hm_device_span(spans[i].start,
		    spans[i].end, spans[i].list, NOW);

		ck_assert_int_eq(span.start, spans[i].good_start);
		ck_assert_int_eq(span.end, spans[i].good_end);
		ck_assert_int_eq(span.over, spans[i].over);
	}
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("device_time");
	TCase *times = tcase_create("times");

	suite_add_tcase(suite, times);
	tcase_add_test(times, times_of_clocks_that_were_set_are_known);
	tcase_add_test(times, other_times_are_none);
	tcase_add_test(times, spans_of_alarms);
	tcase_add_test(times, times_of_the_past);
	return run_suite(suite);
}
