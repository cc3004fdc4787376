#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_plain.h"
#include "run_suite.h"

#define LONGEST ((size_t)40)

/* RFC 8259, section 7, without characters of several bytes. */
static bool
is_unescaped_ascii(int byte)
{
	return byte == 0x20 || byte == 0x21 || (byte >= 0x23 && byte <= 0x5b) ||
	    (byte >= 0x5d && byte <= 0x7f);
}

static void
expect_plain(const char *text, size_t n, size_t plain)
{
	size_t found = hm_json_plain(text, n);

	if (found != plain)
		ck_abort_msg("%.*s: %zu, not %zu", (int)n, text, found, plain);
}

/*
 * Every byte at every place of texts of every length, behind the largest and
 * the smallest plain bytes, which borrow and carry most.
 */
START_TEST(every_byte_at_every_place)
{
	static const char fill[] = {' ', '!', '#', '[', ']', '\x7f'};
	char text[LONGEST];

	for (size_t i = 0; i < sizeof fill; i++)
		for (size_t n = 1; n <= LONGEST; n++)
			for (size_t at = 0; at < n; at++)
				for (int byte = 0; byte < 256; byte++) {
					memset(text, fill[i], n);
					text[at] = (char)byte;
					expect_plain(text, n,
					    is_unescaped_ascii(byte) ? n : at);
				}
}
END_TEST

START_TEST(the_first_of_two)
{
	static const char special[] = {'"', '\\', '\0', '\x1f', '\x80', '\xff'};
	char text[LONGEST];

	for (size_t first = 0; first < LONGEST; first++)
		for (size_t second = first; second < LONGEST; second++)
			for (size_t i = 0; i < sizeof special; i++) {
				memset(text, 'a', sizeof text);
				text[first] = special[i];
				text[second] = special[sizeof special - 1 - i];
				expect_plain(text, LONGEST, first);
			}
}
END_TEST

/* Memory of just that size: valgrind and ASan see a byte read past it. */
START_TEST(reads_only_the_text)
{
	expect_plain("", 0, 0);
	for (size_t n = 1; n <= LONGEST; n++) {
		char *text = malloc(n);

		ck_assert_ptr_nonnull(text);
		memset(text, 'a', n);
		expect_plain(text, n, n);
		free(text);
	}
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("json_plain");
	TCase *tc = tcase_create("json_plain");

	tcase_add_test(tc, every_byte_at_every_place);
	tcase_add_test(tc, the_first_of_two);
	tcase_add_test(tc, reads_only_the_text);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
