#include "msa_readings.h"

#include <check.h>
#include <stdio.h>
#include <string.h>

#include "run_suite.h"

#define BEGIN "\",\"time\":\"2026-11-29T10:15:00Z\",\"dtu\":" \
    "\"MSA-28002434ABCD\",\"serial\":\"28002434abcd\","
#define PERIOD_MS 10000
#define NAME "MSA-28002434ABCD"

static struct hm_msa_devices devices;
static char lines[4096];

static void
setup(void)
{
	memset(&devices, 0, sizeof devices);
	devices.period_ms = PERIOD_MS;
}

static void
add_line(void *context, struct hm_slice line)
{
	size_t n = strlen(lines);

	(void)context;
	snprintf(lines + n, sizeof lines - n, "%.*s\n", (int)line.n, line.p);
}

/* The records that a message gives, or why it gives none. */
static const char *
take_from(const char *name, enum hm_msa_state state, const char *payload,
    int64_t now)
{
	const struct hm_msa_message message = {{state, hm_text(name)},
	    hm_text(payload), now, 1795947300};
	const struct hm_msa_output output = {add_line, NULL};
	const char *why;

	lines[0] = '\0';
	why = hm_msa_take(&devices, &message, &output);
	return why != NULL ? why : lines;
}

static const char *
take(enum hm_msa_state state, const char *payload, int64_t now)
{
	return take_from(NAME, state, payload, now);
}

START_TEST(states_become_one_record_of_each_type)
{
	ck_assert_str_eq(take(HM_MSA_QUICK, "{\"soc\":50,\"bat_p\":100,"
	    "\"grid_on_p\":90}", 1), "{\"type\":\"battery" BEGIN
	    "\"power\":100,\"soc\":50}\n{\"type\":\"grid" BEGIN
	    "\"power\":90}\n");
	ck_assert_str_eq(take(HM_MSA_DEVICE, "{\"bat_v\":51.2,\"pvs\":[{\"id\":"
	    "2,\"p\":20},{\"id\":1,\"p\":10}]}", 2), "");
	ck_assert_str_eq(take(HM_MSA_SYSTEM, "{\"chg_e\":7}", 3), "");
	ck_assert_str_eq(take(HM_MSA_QUICK, "{\"soc\":51,\"bat_p\":101,"
	    "\"grid_on_p\":91}", 1 + PERIOD_MS), "{\"type\":\"port" BEGIN
	    "\"port\":1,\"pv_power\":10}\n{\"type\":\"port" BEGIN
	    "\"port\":2,\"pv_power\":20}\n{\"type\":\"battery" BEGIN
	    "\"power\":101,\"soc\":51,\"voltage\":51.2,\"today_charged\":7}\n"
	    "{\"type\":\"grid" BEGIN "\"power\":91}\n");
}
END_TEST

START_TEST(records_come_once_a_period)
{
	ck_assert_str_ne(take(HM_MSA_QUICK, "{\"soc\":50}", 5), "");
	ck_assert_str_eq(take(HM_MSA_QUICK, "{\"soc\":51}", 4 + PERIOD_MS), "");
	ck_assert_str_eq(take(HM_MSA_QUICK, "{\"soc\":52}", 5 + PERIOD_MS),
	    "{\"type\":\"battery" BEGIN "\"soc\":52}\n");
}
END_TEST

START_TEST(old_values_are_unknown)
{
	take(HM_MSA_QUICK, "{\"bat_p\":100}", 0);
	take(HM_MSA_DEVICE, "{\"bat_v\":51.2}", 0);
	ck_assert_str_eq(take(HM_MSA_SYSTEM, "{\"chg_e\":7}",
	    HM_MSA_QUICK_MS - 1), "{\"type\":\"battery" BEGIN
	    "\"power\":100,\"voltage\":51.2,\"today_charged\":7}\n");
	ck_assert_str_eq(take(HM_MSA_SYSTEM, "{\"chg_e\":8}",
	    HM_MSA_QUICK_MS + PERIOD_MS), "{\"type\":\"battery" BEGIN
	    "\"voltage\":51.2,\"today_charged\":8}\n");
	ck_assert_str_eq(take(HM_MSA_SYSTEM, "{\"chg_e\":9}", HM_MSA_SLOW_MS),
	    "{\"type\":\"battery" BEGIN "\"today_charged\":9}\n");
}
END_TEST

START_TEST(refuted_power_is_forgotten)
{
	take(HM_MSA_QUICK, "{\"bat_p\":100,\"soc\":50}", 0);
	ck_assert_str_eq(take(HM_MSA_QUICK, "{\"bat_p\":100,\"bat_sts\":"
	    "\"charge\"}", PERIOD_MS), "{\"type\":\"battery" BEGIN
	    "\"soc\":50}\n");
	ck_assert(devices.values.contradicts);
}
END_TEST

START_TEST(devices_do_not_mix)
{
	take(HM_MSA_QUICK, "{\"soc\":50}", 0);
	ck_assert_str_eq(take_from("b-28002434ABCD", HM_MSA_QUICK,
	    "{\"bat_p\":1}", 1), "{\"type\":\"battery\",\"time\":\""
	    "2026-11-29T10:15:00Z\",\"dtu\":\"b-28002434ABCD\",\"serial\":\""
	    "28002434abcd\",\"power\":1}\n");
}
END_TEST

START_TEST(bounded_number_of_devices)
{
	char name[32];

	for (size_t i = 0; i < HM_MSA_DEVICES; i++) {
		snprintf(name, sizeof name, "MSA-%012zu", i);
		ck_assert_str_ne(take_from(name, HM_MSA_QUICK, "{\"soc\":5}",
		    (int64_t)i), "");
	}
	ck_assert_str_eq(take(HM_MSA_QUICK, "{\"soc\":5}",
	    HM_MSA_SLOW_MS - 1),
	    "16 other devices publish, and more are not read");
	ck_assert_str_eq(take(HM_MSA_QUICK, "{\"soc\":5}", HM_MSA_SLOW_MS),
	    "{\"type\":\"battery" BEGIN "\"soc\":5}\n");
	ck_assert_str_eq(take_from("MSA-000000000001", HM_MSA_QUICK,
	    "{\"soc\":6}", HM_MSA_SLOW_MS), "{\"type\":\"battery\",\"time\":\""
	    "2026-11-29T10:15:00Z\",\"dtu\":\"MSA-000000000001\",\"serial\":\""
	    "000000000001\",\"soc\":6}\n");
}
END_TEST

START_TEST(bad_messages_have_a_reason)
{
	ck_assert_str_eq(take(HM_MSA_QUICK, "no", 0),
	    "its payload is not a JSON object");
	ck_assert_str_eq(take_from("kitchen", HM_MSA_QUICK, "{\"soc\":5}", 0),
	    "its topic does not name a device as MSA-280024341346 does: a "
	    "prefix, a hyphen and 12 hexadecimal digits");
}
END_TEST

/* All values that a device can have, each as long as it can be. */
START_TEST(longest_records_fit)
{
	char payload[4096];
	size_t n;

	n = (size_t)snprintf(payload, sizeof payload, "{\"bat_p\":-99999.9,"
	    "\"soc\":99.99,\"bat_v\":999.99,\"bat_i\":-999.99,\"grid\":[");
	for (int i = 0; i < 3; i++)
		n += (size_t)snprintf(payload + n, sizeof payload - n,
		    "%s{\"type\":\"%s\",\"v\":999.9,\"i\":-999.99,\"f\":99.99,"
		    "\"p\":-99999.9,\"q\":-99999.9,\"ein\":999999999999,"
		    "\"eout\":999999999999,\"etin\":999999999999,\"etout\":"
		    "999999999999}", i > 0 ? "," : "", i == 0 ? "grid_on" :
		    i == 1 ? "grid_off" : "inv");
	n += (size_t)snprintf(payload + n, sizeof payload - n, "],\"pvs\":[");
	for (int i = 1; i <= HM_MSA_PORTS; i++)
		n += (size_t)snprintf(payload + n, sizeof payload - n,
		    "%s{\"id\":%d,\"p\":99999.9}", i > 1 ? "," : "", i);
	snprintf(payload + n, sizeof payload - n, "]}");
	devices.period_ms = 1;
	take(HM_MSA_SYSTEM, "{\"chg_e\":999999999999,\"dchg_e\":999999999999,"
	    "\"pv_p\":99999.9,\"pv_e\":999999999999}", 0);
	take(HM_MSA_DEVICE, payload, 1);
	n = 0;
	for (const char *p = lines; *p != '\0'; p++)
		n += *p == '\n';
	ck_assert_uint_eq(n, 5 + HM_MSA_PORTS);
	ck_assert_uint_eq(devices.device[HM_MSA_DEVICES - 1].count,
	    6 + 9 + 7 + 4 + 2 + HM_MSA_PORTS);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("msa_readings");
	TCase *tcase = tcase_create("msa_readings");

	tcase_add_checked_fixture(tcase, setup, NULL);
	tcase_add_test(tcase, states_become_one_record_of_each_type);
	tcase_add_test(tcase, records_come_once_a_period);
	tcase_add_test(tcase, old_values_are_unknown);
	tcase_add_test(tcase, refuted_power_is_forgotten);
	tcase_add_test(tcase, devices_do_not_mix);
	tcase_add_test(tcase, bounded_number_of_devices);
	tcase_add_test(tcase, bad_messages_have_a_reason);
	tcase_add_test(tcase, longest_records_fit);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
