#include "inbox.h"

#include <check.h>
#include <stdio.h>

#include "run_suite.h"

static struct hm_inbox inbox;

static void
setup(void)
{
	inbox = (struct hm_inbox){.lines_max = 3, .bytes_max = 10};
}

static void
teardown(void)
{
	hm_inbox_clear(&inbox);
}

/* The lines that wait, in their order, with the times when they came. */
static const char *
waiting(void)
{
	static char text[256];
	size_t n = 0;
	struct hm_slice line;
	int64_t came;

	text[0] = '\0';
	while (hm_inbox_first(&inbox, &line, &came)) {
		n += (size_t)snprintf(text + n, sizeof text - n, "%.*s@%lld ",
		    (int)line.n, line.p, (long long)came);
		hm_inbox_remove(&inbox);
	}
	return text;
}

START_TEST(lines_leave_in_their_order)
{
	ck_assert_uint_eq(hm_inbox_put(&inbox, hm_text("a"), 1), 0);
	ck_assert_uint_eq(hm_inbox_put(&inbox, hm_text(""), 2), 0);
	ck_assert_uint_eq(hm_inbox_put(&inbox, hm_text("c"), 3), 0);
	ck_assert_uint_eq(inbox.lines, 3);
	ck_assert_uint_eq(inbox.bytes, 2);
	ck_assert_str_eq(waiting(), "a@1 @2 c@3 ");
	ck_assert_uint_eq(inbox.lines, 0);
	ck_assert_uint_eq(inbox.bytes, 0);
}
END_TEST

START_TEST(oldest_are_dropped)
{
	for (int i = 0; i < 3; i++)
		ck_assert_uint_eq(hm_inbox_put(&inbox, hm_text("x"), i), 0);
	ck_assert_uint_eq(hm_inbox_put(&inbox, hm_text("y"), 3), 1);
	ck_assert_str_eq(waiting(), "x@1 x@2 y@3 ");
}
END_TEST

START_TEST(as_many_as_a_long_line_needs)
{
	hm_inbox_put(&inbox, hm_text("1234"), 1);
	hm_inbox_put(&inbox, hm_text("5678"), 2);
	ck_assert_uint_eq(hm_inbox_put(&inbox, hm_text("123456"), 3), 1);
	ck_assert_uint_eq(inbox.bytes, 10);
	ck_assert_uint_eq(hm_inbox_put(&inbox, hm_text("1234567890"), 4), 2);
	ck_assert_str_eq(waiting(), "1234567890@4 ");
}
END_TEST

START_TEST(line_that_never_fits_drops_no_other)
{
	hm_inbox_put(&inbox, hm_text("a"), 1);
	ck_assert_uint_eq(hm_inbox_put(&inbox, hm_text("12345678901"), 2), 1);
	ck_assert_str_eq(waiting(), "a@1 ");
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("inbox");
	TCase *tcase = tcase_create("inbox");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, lines_leave_in_their_order);
	tcase_add_test(tcase, oldest_are_dropped);
	tcase_add_test(tcase, as_many_as_a_long_line_needs);
	tcase_add_test(tcase, line_that_never_fits_drops_no_other);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
