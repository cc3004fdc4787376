#include <check.h>

#include "run_suite.h"
#include "width.h"

#define COUNT(table) (sizeof(table) / sizeof *(table))

static const struct {
	const char *text;
	size_t width;
	size_t columns;   /* cut to these */
	const char *part; /* comes out */
	size_t taken;
} cases[] = {
    {"", 0, 5, "", 0},
    {"roof", 4, 4, "roof", 4},
    {"roof", 4, 3, "roo", 3},
    {"Gärtner", 7, 2, "Gä", 2},
    /* Two columns a character: half of one is never shown. */
    {"東の屋根", 8, 5, "東の", 4},
    {"東の屋根", 8, 1, "", 0},
    /* A combining mark belongs to the character before it. */
    {"a\u0308b", 2, 1, "a\u0308", 1},
    {"\U0001f31e", 2, 2, "\U0001f31e", 2},
    /* A byte that is not UTF-8 is one column. */
    {"a\xff" "b", 3, 2, "a\xff", 2},
    {"\xc3", 1, 1, "\xc3", 1},
};

START_TEST(text_is_measured_and_cut)
{
	size_t taken;
	struct hm_slice part = hm_width_cut(hm_text(cases[_i].text),
	    cases[_i].columns, &taken);

	ck_assert_uint_eq(hm_width(hm_text(cases[_i].text)),
	    cases[_i].width);
	ck_assert_uint_eq(taken, cases[_i].taken);
	ck_assert(hm_slice_is(part, cases[_i].part));
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("width");
	TCase *tc = tcase_create("width");

	hm_width_start();
	tcase_add_loop_test(tc, text_is_measured_and_cut, 0, COUNT(cases));
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
