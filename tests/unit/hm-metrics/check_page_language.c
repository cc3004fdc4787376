#include <check.h>
#include <string.h>

#include "http/page_language.h"
#include "http/page_text.h"
#include "run_suite.h"

#define COUNT(table) (sizeof(table) / sizeof *(table))

static const struct {
	const char *header, *language;
} headers[] = {
    {"de", "de"},
    {"DE", "de"},
    {"en", "en"},
    {"de-DE,de;q=0.9,en-US;q=0.8,en;q=0.7", "de"},
    {"de-AT", "de"},
    {"de-Latn-CH-1996", "de"},
    {"en-GB,en;q=0.5", "en"},
    {"en,de", "en"},
    {"de,en", "de"},
    {"en;q=0.5, de", "de"},
    {"en;q=0.5,de;q=0.6", "de"},
    {"en;q=0.50 , de;q=0.501", "de"},
    {"en;q=0.001,de;q=0.002", "de"},
    {"de;q=0.8,en;q=0.8", "de"},
    {"de; q=0.8,en; Q=0.9", "en"},
    {"de ;q=1.000,en;q=0.999", "de"},
    {"fr, de;q=0.3", "de"},
    {"fr-CH, fr;q=0.9, *;q=0.5", "en"},
    {"fr, *;q=0.5, de;q=0.4", "en"},
    {" ,,\tde", "de"},
    {"fr, it", "en"},
    {"de;q=0", "en"},
    {"de;q=0.000, fr", "en"},
    {"de;q=2", "en"},
    {"de;q=.5", "en"},
    {"de;q=", "en"},
    {"de;x=1", "en"},
    {"deu", "en"},
    {"d", "en"},
    {"d-e", "en"},
    {"de_AT", "en"},
    {"-de", "en"},
    {"*", "en"},
    {"-", "en"},
    {";", "en"},
    {",", "en"},
    {"", "en"},
    {NULL, "en"},
};

START_TEST(header)
{
	size_t page = hm_page_choose(headers[_i].header);

	ck_assert_uint_lt(page, hm_page_languages);
	ck_assert_msg(strcmp(hm_page_texts[page].language,
	    headers[_i].language) == 0, "%s", headers[_i].header);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("page_language");
	TCase *tcase = tcase_create("page_language");

	suite_add_tcase(suite, tcase);
	tcase_add_loop_test(tcase, header, 0, COUNT(headers));
	return run_suite(suite);
}
