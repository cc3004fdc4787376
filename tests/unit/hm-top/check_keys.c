#include <check.h>
#include <string.h>

#include "keys.h"
#include "run_suite.h"

#define COUNT(table) (sizeof(table) / sizeof *(table))

static const struct {
	const char *bytes;
	enum hm_key key; /* of the last byte; those before it are none */
} cases[] = {
    {"q", HM_KEY_QUIT},
    {"\x04", HM_KEY_QUIT},
    {"s", HM_KEY_SORT},
    {"\t", HM_KEY_INPUTS},
    {"G", HM_KEY_END},
    {"\033[A", HM_KEY_UP},
    {"\033OB", HM_KEY_DOWN},
    {"\033[5~", HM_KEY_PAGE_UP},
    {"\033[6~", HM_KEY_PAGE_DOWN},
    {"\033[1~", HM_KEY_HOME},
    {"\033[F", HM_KEY_END},
    /* With Ctrl; a function key; a key of two digits. */
    {"\033[1;5A", HM_KEY_UP},
    {"\033[15~", HM_KEY_NONE},
    {"\033[200~", HM_KEY_NONE},
    /* A sequence in a sequence: the second one counts. */
    {"\033[1\033[B", HM_KEY_DOWN},
    /* Alt and a key does nothing. */
    {"\033q", HM_KEY_NONE},
    {"\xc3\xa4", HM_KEY_NONE},
};

START_TEST(bytes_are_keys)
{
	const char *bytes = cases[_i].bytes;
	struct hm_keys keys = {.state = HM_KEYS_PLAIN};

	/* Twice: nothing is left of the first time. */
	for (int round = 0; round < 2; round++)
		for (size_t i = 0; i < strlen(bytes); i++)
			ck_assert_int_eq(hm_keys_take(&keys,
			    (unsigned char)bytes[i]), i + 1 == strlen(bytes) ?
			    cases[_i].key : HM_KEY_NONE);
	ck_assert_int_eq(hm_keys_take(&keys, 'q'), HM_KEY_QUIT);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("keys");
	TCase *tc = tcase_create("keys");

	tcase_add_loop_test(tc, bytes_are_keys, 0, COUNT(cases));
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
