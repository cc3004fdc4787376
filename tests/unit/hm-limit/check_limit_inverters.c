#include <check.h>

#include "limit_inverters.h"
#include "run_suite.h"

#define COUNT(table) (sizeof(table) / sizeof *(table))

static struct hm_limit_inverters all;
static struct hm_record record;

static const struct hm_record *
parse(const char *line)
{
	struct hm_fault fault;

	ck_assert(hm_record_parse(&record, hm_text(line), &fault));
	return &record;
}

static void
see(const char *line)
{
	ck_assert_ptr_null(hm_limit_inverters_read(&all, parse(line)));
}

START_TEST(rated)
{
	bool exact;

	all = (struct hm_limit_inverters){.count = 0};
	ck_assert(hm_limit_inverters_rated(&all, &exact) == 0);
	see("{\"serial\":\"1164a0\",\"model\":\"HMS-1600/1800/2000-4T\"}");
	ck_assert(hm_limit_inverters_rated(&all, &exact) == 2000);
	ck_assert(!exact);
	/* The info record names the model; the family does not come back. */
	see("{\"serial\":\"1164a0\",\"model\":\"HMS-1800\"}");
	see("{\"serial\":\"1164a0\",\"model\":\"HMS-1600/1800/2000-4T\"}");
	ck_assert(hm_limit_inverters_rated(&all, &exact) == 1800);
	ck_assert(exact);
	see("{\"serial\":\"1141a0\",\"model\":\"HM-600\"}");
	ck_assert(hm_limit_inverters_rated(&all, &exact) == 2400);
	ck_assert(hm_limit_inverters_least(&all) == 2);
	see("{\"serial\":\"106000\",\"model\":\"MI-1500\"}");
	ck_assert(hm_limit_inverters_rated(&all, &exact) == 3900);
	ck_assert(hm_limit_inverters_least(&all) == 10);
	/* One whose model is not known. */
	see("{\"serial\":\"ffff00\"}");
	ck_assert(hm_limit_inverters_rated(&all, &exact) == 0);
}
END_TEST

/* The DTU lists two inverters, of which one has been seen. */
START_TEST(listed)
{
	int64_t watts;
	bool exact;

	all = (struct hm_limit_inverters){.count = 0};
	see("{\"serial\":\"1141a0\",\"model\":\"HM-600\"}");
	ck_assert(hm_limit_inverters_power(&all, parse("{\"inverters\":2,"
	    "\"active_power\":812.5}"), &watts));
	ck_assert(watts == 812);
	ck_assert(hm_limit_inverters_rated(&all, &exact) == 0);
	see("{\"serial\":\"1141a1\",\"model\":\"HM-600\"}");
	ck_assert(hm_limit_inverters_rated(&all, &exact) == 1200);
}
END_TEST

static const struct {
	const char *line;
	int64_t watts; /* -1: not told */
} powers[] = {
    {"{\"active_power\":100.7}", 100},
    {"{\"active_power\":100,\"pv_power\":105}", 100},
    {"{\"pv_power\":105}", 105},
    {"{\"pv_power\":105,\"stale\":true}", -1},
    {"{\"inverters_online\":1}", -1},
    {"{\"inverters_online\":0}", 0},
    {"{\"active_power\":-3}", 0},
    {"{}", -1},
};

START_TEST(power)
{
	for (size_t i = 0; i < COUNT(powers); i++) {
		int64_t watts;
		bool told = hm_limit_inverters_power(&all,
		    parse(powers[i].line), &watts);

		ck_assert_msg(told == (powers[i].watts >= 0), "%zu", i);
		ck_assert_msg(!told || watts == powers[i].watts, "%zu", i);
	}
}
END_TEST

START_TEST(own)
{
	all = (struct hm_limit_inverters){.count = 0};
	ck_assert(!hm_limit_inverters_own(&all, parse("{\"dtu\":\"\"}")));
	ck_assert(!hm_limit_inverters_own(&all, parse("{}")));
	ck_assert(hm_limit_inverters_own(&all, parse("{\"dtu\":\"roof\"}")));
	ck_assert(hm_limit_inverters_own(&all,
	    parse("{\"dtu\":\"r\\u006fof\"}")));
	ck_assert(!hm_limit_inverters_own(&all, parse("{\"dtu\":\"barn\"}")));
}
END_TEST

START_TEST(hostile)
{
	static const char *const lines[] = {"{}", "{\"serial\":\"\"}",
	    "{\"serial\":\"012345678901234567890123456789012\"}"};

	all = (struct hm_limit_inverters){.count = 0};
	for (size_t i = 0; i < COUNT(lines); i++)
		ck_assert_ptr_nonnull(hm_limit_inverters_read(&all,
		    parse(lines[i])));
	all.count = HM_LIMIT_INVERTERS_MAX;
	ck_assert_ptr_nonnull(hm_limit_inverters_read(&all,
	    parse("{\"serial\":\"1141a1\"}")));
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("limit_inverters");
	TCase *tc = tcase_create("limit_inverters");

	tcase_add_test(tc, rated);
	tcase_add_test(tc, listed);
	tcase_add_test(tc, power);
	tcase_add_test(tc, own);
	tcase_add_test(tc, hostile);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
