#include <check.h>
#include <stdio.h>
#include <string.h>

#include "base/slice.h"
#include "out/history_query.h"
#include "run_suite.h"

#define COUNT(table) (sizeof(table) / sizeof *(table))
#define TODAY 20780 /* 2026-11-23 */

/* Splits "name=value&name" as an HTTP server does. */
static size_t
split(char *text, struct hm_argument *argument)
{
	size_t n = 0;
	char *part;

	while ((part = strsep(&text, "&")) != NULL)
		if (part[0] != '\0') {
			argument[n].name = strsep(&part, "=");
			argument[n++].value = part;
		}
	return n;
}

static bool
query_of(enum hm_history_kind kind, const char *text,
    struct hm_history_query *query, char error[HM_HISTORY_ERROR])
{
	struct hm_argument argument[20];
	char copy[200];

	snprintf(copy, sizeof copy, "%s", text);
	error[0] = '\0';
	return hm_history_query_read(query, kind, argument,
	    split(copy, argument), TODAY, error);
}

/* What a query means: kind by csv from to port limit serial. */
static const struct {
	enum hm_history_kind kind;
	const char *text, *key;
} good[] = {
    {HM_HISTORY_DAYS, "", "0 0 0 20415 20780 -1 100 "},
    {HM_HISTORY_DAYS, "from=2026-11-01&to=2026-11-02",
        "0 0 0 20758 20759 -1 100 "},
    {HM_HISTORY_DAYS, "to=1970-01-01", "0 0 0 0 0 -1 100 "},
    {HM_HISTORY_DAYS, "from=2016-10-07", "0 0 0 17081 20780 -1 100 "},
    {HM_HISTORY_DAYS, "by=month", "0 1 0 0 20780 -1 100 "},
    {HM_HISTORY_DAYS, "by=day&format=json", "0 0 0 20415 20780 -1 100 "},
    {HM_HISTORY_DAYS, "serial=1164aF&port=2", "0 0 0 20415 20780 2 100 1164aF"},
    {HM_HISTORY_DAYS, "serial=12345678901234567890123456789012",
        "0 0 0 20415 20780 -1 100 12345678901234567890123456789012"},
    {HM_HISTORY_MONTHS, "format=csv", "1 1 1 0 20780 -1 100 "},
    {HM_HISTORY_YEARS, "", "2 2 0 0 20780 -1 100 "},
    {HM_HISTORY_PANELS, "", "3 0 0 20751 20780 -1 100 "},
    {HM_HISTORY_PANELS, "days=1&to=2026-11-01", "3 0 0 20758 20758 -1 100 "},
    {HM_HISTORY_PANELS, "days=366", "3 0 0 20415 20780 -1 100 "},
    {HM_HISTORY_CURVE, "", "4 0 0 20780 20780 -1 100 "},
    {HM_HISTORY_CURVE, "day=2026-11-01", "4 0 0 20758 20758 -1 100 "},
    {HM_HISTORY_EVENTS, "limit=1000", "5 0 0 0 20780 -1 1000 "},
    {HM_HISTORY_GAPS, "", "6 0 0 0 20780 -1 100 "},
    {HM_HISTORY_RECORDS, "", "7 0 0 0 20780 -1 100 "},
    {HM_HISTORY_ORDERS, "limit=7&format=csv", "8 0 1 0 20780 -1 7 "},
};

START_TEST(a_query_means)
{
	struct hm_history_query query;
	char error[HM_HISTORY_ERROR], key[HM_HISTORY_KEY];

	ck_assert_msg(query_of(good[_i].kind, good[_i].text, &query, error),
	    "%s: %s", good[_i].text, error);
	hm_history_query_key(&query, key);
	ck_assert_str_eq(key, good[_i].key);
}
END_TEST

static const struct {
	enum hm_history_kind kind;
	const char *text, *error;
} bad[] = {
    {HM_HISTORY_DAYS, "from=2016-10-06", "from is \"2016-10-06\", but must be "
        "to, or up to 3699 days before it"},
    {HM_HISTORY_DAYS, "from=2026-11-24", "from is \"2026-11-24\", but must be "
        "to, or up to 3699 days before it"},
    {HM_HISTORY_MONTHS, "to=9999-12-31&from=1970-01-01", "from is "
        "\"1970-01-01\", but must be to, or up to 36599 days before it"},
    {HM_HISTORY_DAYS, "from=", "from is \"\", but must be a date such as "
        "2026-11-23"},
    {HM_HISTORY_DAYS, "from", "from is \"\", but must be a date such as "
        "2026-11-23"},
    {HM_HISTORY_DAYS, "to=2026-02-29", "to is \"2026-02-29\", but must be a "
        "date such as 2026-11-23, from 1970 on"},
    {HM_HISTORY_DAYS, "to=1969-12-31", "to is \"1969-12-31\", but must be a "
        "date such as 2026-11-23, from 1970 on"},
    {HM_HISTORY_DAYS, "by=week", "by is \"week\", but must be day, month or "
        "year"},
    {HM_HISTORY_MONTHS, "by=day", "there is no parameter \"by\" here, only: "
        "from to serial port format"},
    {HM_HISTORY_DAYS, "port=1", "port is \"1\", but must be left out, or have "
        "the serial of its inverter beside it"},
    {HM_HISTORY_DAYS, "serial=1&port=0", "port is \"0\", but must be a number "
        "from 1 to 255"},
    {HM_HISTORY_DAYS, "serial=1'2", "serial is \"1'2\", but must be 1 to 32 "
        "letters and digits"},
    {HM_HISTORY_DAYS, "serial=123456789012345678901234567890123", "serial is "
        "\"123456789012345678901234567890123\", but must be 1 to 32 letters "
        "and digits"},
    {HM_HISTORY_DAYS, "format=xml", "format is \"xml\", but must be json or "
        "csv"},
    {HM_HISTORY_PANELS, "days=367", "days is \"367\", but must be a number "
        "from 1 to 366"},
    {HM_HISTORY_PANELS, "format=csv", "there is no parameter \"format\" here, "
        "only: to days"},
    {HM_HISTORY_EVENTS, "limit=1001", "limit is \"1001\", but must be a "
        "number from 1 to 1000"},
    {HM_HISTORY_RECORDS, "From=1", "there is no parameter \"From\" here, "
        "only: format"},
};

START_TEST(a_bad_query_is_refused_with_what_is_allowed)
{
	struct hm_history_query query;
	char error[HM_HISTORY_ERROR];

	ck_assert(!query_of(bad[_i].kind, bad[_i].text, &query, error));
	ck_assert_str_eq(error, bad[_i].error);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("history query");
	TCase *tcase = tcase_create("history query");

	tcase_add_loop_test(tcase, a_query_means, 0, COUNT(good));
	tcase_add_loop_test(tcase,
	    a_bad_query_is_refused_with_what_is_allowed, 0, COUNT(bad));
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
