#include "sim_fault.h"

#include <check.h>
#include <string.h>

#include "run_suite.h"

#define BIT(name) HM_SIM_BIT(HM_SIM_##name)

static struct hm_sim_faults
parse(const char *text)
{
	struct hm_sim_faults faults;
	char problem[512] = "";

	if (!hm_sim_faults_parse(text, &faults, problem, sizeof problem))
		ck_abort_msg("%s", problem);
	return faults;
}

START_TEST(rules_say_when)
{
	struct hm_sim_faults f = parse("crc hang:first=2, slow:after=3 "
	    "close:every=4,length:always");

	ck_assert_uint_eq(f.given, BIT(CRC) | BIT(HANG) | BIT(SLOW) |
	    BIT(CLOSE) | BIT(LENGTH));
	ck_assert_uint_eq(hm_sim_faults_at(&f, 1, 100),
	    BIT(CRC) | BIT(LENGTH) | BIT(HANG));
	ck_assert_uint_eq(hm_sim_faults_at(&f, 2, 100),
	    BIT(CRC) | BIT(LENGTH) | BIT(HANG));
	ck_assert_uint_eq(hm_sim_faults_at(&f, 3, 100),
	    BIT(CRC) | BIT(LENGTH) | BIT(SLOW));
	ck_assert_uint_eq(hm_sim_faults_at(&f, 4, 100),
	    BIT(CRC) | BIT(LENGTH) | BIT(SLOW) | BIT(CLOSE));
	ck_assert_uint_eq(hm_sim_faults_at(&f, 5, 100),
	    BIT(CRC) | BIT(LENGTH) | BIT(SLOW));
}
END_TEST

START_TEST(some_requests_in_the_middle)
{
	struct hm_sim_faults f = parse("spike:at=3 dip:at=2-4");

	ck_assert_uint_eq(hm_sim_faults_at(&f, 1, 100), 0);
	ck_assert_uint_eq(hm_sim_faults_at(&f, 2, 100), BIT(DIP));
	ck_assert_uint_eq(hm_sim_faults_at(&f, 3, 100), BIT(DIP) | BIT(SPIKE));
	ck_assert_uint_eq(hm_sim_faults_at(&f, 4, 100), BIT(DIP));
	ck_assert_uint_eq(hm_sim_faults_at(&f, 5, 100), 0);
}
END_TEST

START_TEST(quarter_hours_have_a_minute)
{
	struct hm_sim_faults f = parse("zeros:quarter refuse:quarter");

	for (int64_t s = 43200; s < 43200 + 3600; s++) {
		bool acts = s / 60 % 15 == 0;

		ck_assert_uint_eq(hm_sim_faults_at(&f, 1, s),
		    acts ? BIT(ZEROS) : 0);
		ck_assert(hm_sim_faults_refuse(&f, 0, s) == acts);
	}
}
END_TEST

START_TEST(no_list_is_no_fault)
{
	struct hm_sim_faults f = parse(" , ");

	ck_assert_uint_eq(f.given, 0);
	ck_assert_uint_eq(hm_sim_faults_at(&f, 1, 100), 0);
	ck_assert(!hm_sim_faults_refuse(&f, 0, 100));
}
END_TEST

START_TEST(refusing_goes_by_seconds)
{
	struct hm_sim_faults always = parse("refuse");
	struct hm_sim_faults first = parse("refuse:first=2");
	struct hm_sim_faults after = parse("refuse:after=2");
	struct hm_sim_faults every = parse("refuse:every=2");
	struct hm_sim_faults at = parse("refuse:at=3-4");

	ck_assert_uint_eq(hm_sim_faults_at(&always, 1, 100), 0);
	for (int64_t s = 0; s < 8; s++) {
		int64_t ms = 1000 * s;

		ck_assert(hm_sim_faults_refuse(&always, ms, 100));
		ck_assert(hm_sim_faults_refuse(&first, ms, 100) == (s < 2));
		ck_assert(hm_sim_faults_refuse(&after, ms, 100) == (s >= 2));
		ck_assert(hm_sim_faults_refuse(&at, ms, 100) ==
		    (s == 2 || s == 3));
		ck_assert(hm_sim_faults_refuse(&every, ms, 100) ==
		    (s / 2 % 2 == 1));
	}
	ck_assert(hm_sim_faults_refuse(&first, 1999, 100));
}
END_TEST

START_TEST(mistakes_are_reported)
{
	static const struct {
		const char *text, *says;
	} cases[] = {
	    {"crash", "found \"crash\", allowed are refuse hang"},
	    {"crc pieces:", "found \"\", allowed after \"pieces:\""},
	    {"crc:never", "found \"never\", allowed after \"crc:\""},
	    {"crc:first=0", "found \"first=0\""},
	    {"crc:first=", "found \"first=\""},
	    {"crc:every=1.5", "found \"every=1.5\""},
	    {"crc:after=-1", "found \"after=-1\""},
	    {"crc:after=99999999999999999999", "found \"after=9"},
	    {"crc:at=", "found \"at=\""},
	    {"crc:at=0-2", "found \"at=0-2\""},
	    {"crc:at=3-2", "found \"at=3-2\""},
	    {"crc:at=3-", "found \"at=3-\""},
	    {"crc:quarter=1", "found \"quarter=1\""},
	    {"dip:at=2 crc dip:at=4", "found \"dip\" twice"},
	    {":", "found \"\", allowed are"},
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct hm_sim_faults faults;
		char problem[512] = "";

		ck_assert(!hm_sim_faults_parse(cases[i].text, &faults,
		    problem, sizeof problem));
		ck_assert_msg(strstr(problem, cases[i].says) == problem,
		    "%s: %s", cases[i].text, problem);
	}
}
END_TEST

START_TEST(every_fault_has_a_name_and_a_transport)
{
	char all[512], one[64];

	for (int i = 0; i < HM_SIM_FAULTS; i++) {
		struct hm_sim_faults f;

		hm_sim_faults_names(HM_SIM_BIT(i), one, sizeof one);
		f = parse(one);
		ck_assert_uint_eq(f.given, HM_SIM_BIT(i));
		ck_assert_uint_ne(f.given & (hm_sim_faults_of(HM_SIM_OVER_HM) |
		    hm_sim_faults_of(HM_SIM_OVER_MODBUS) |
		    hm_sim_faults_of(HM_SIM_OVER_ES) |
		    hm_sim_faults_of(HM_SIM_OVER_G3)), 0);
	}
	hm_sim_faults_names(BIT(CRC) | BIT(UNIT), all, sizeof all);
	ck_assert_str_eq(all, "crc unit");
	ck_assert((hm_sim_faults_of(HM_SIM_OVER_ES) & BIT(CRC)) != 0);
	ck_assert((hm_sim_faults_of(HM_SIM_OVER_G3) & BIT(CRC)) == 0);
	ck_assert_str_eq(hm_sim_transport_name(HM_SIM_OVER_G3), "modbus-g3");
	hm_sim_faults_names(~0u, one, 8);
	ck_assert_str_eq(one, "refuse");
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("sim_fault");
	TCase *tests = tcase_create("sim_fault");

	suite_add_tcase(suite, tests);
	tcase_add_test(tests, rules_say_when);
	tcase_add_test(tests, some_requests_in_the_middle);
	tcase_add_test(tests, quarter_hours_have_a_minute);
	tcase_add_test(tests, no_list_is_no_fault);
	tcase_add_test(tests, refusing_goes_by_seconds);
	tcase_add_test(tests, mistakes_are_reported);
	tcase_add_test(tests, every_fault_has_a_name_and_a_transport);
	return run_suite(suite);
}
