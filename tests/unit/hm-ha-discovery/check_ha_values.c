#include "ha_values.h"

#include <check.h>
#include <stdio.h>

#include "record/alarm_codes.h"
#include "run_suite.h"

static struct hm_record record;
static struct hm_ha_values values;

static void
read_line(enum hm_scope scope, const char *line)
{
	struct hm_fault fault;

	ck_assert(hm_record_parse(&record, hm_text(line), &fault));
	hm_ha_values_read(&values, scope, &record);
}

static bool
has(enum hm_field_id id)
{
	return values.of[id].kind != HM_ABSENT;
}

/* A type with fields that others do not search leaves nothing behind. */
START_TEST(values_are_of_one_record)
{
	read_line(HM_SCOPE_EV_CHARGER, "{\"session_energy\":7360,"
	    "\"device_status\":2,\"power\":3680}");
	ck_assert(has(HM_F_SESSION_ENERGY) && has(HM_F_DEVICE_STATUS));
	read_line(HM_SCOPE_METER, "{\"power_a\":1}");
	for (size_t id = 0; id < HM_FIELDS; id++)
		ck_assert_int_eq(has((enum hm_field_id)id),
		    id == HM_F_POWER_A);
	ck_assert_uint_le(values.end, HM_FIELDS);
	read_line(HM_SCOPE_EV_CHARGER, "{\"power\":3680}");
	hm_ha_values_keep_energies(&values);
	for (size_t id = 0; id < HM_FIELDS; id++)
		ck_assert(!has((enum hm_field_id)id));
}
END_TEST

START_TEST(values_are_of_their_kind)
{
	read_line(HM_SCOPE_DTU, "{\"pv_power\":1.50,\"alarm_flag\":true,"
	    "\"device_time\":\"2026-11-23T10:15:00Z\",\"firmware\":\"V1\","
	    "\"grid_voltage\":230}");
	ck_assert(hm_slice_is(values.of[HM_F_PV_POWER].text, "1.50"));
	ck_assert(has(HM_F_ALARM_FLAG) && has(HM_F_DEVICE_TIME) &&
	    has(HM_F_FIRMWARE));
	ck_assert(!has(HM_F_GRID_VOLTAGE));
	read_line(HM_SCOPE_DTU, "{\"pv_power\":\"1\",\"alarm_flag\":1,"
	    "\"device_time\":\"2026-11-23\",\"firmware\":7,"
	    "\"today_production\":null,\"total_production\":1e300}");
	for (size_t id = 0; id < HM_FIELDS; id++)
		ck_assert(!has((enum hm_field_id)id));
}
END_TEST

START_TEST(texts_are_short)
{
	char line[300];

	snprintf(line, sizeof line, "{\"firmware\":\"%0255d\"}", 1);
	read_line(HM_SCOPE_DTU, line);
	ck_assert(has(HM_F_FIRMWARE));
	snprintf(line, sizeof line, "{\"firmware\":\"%0256d\"}", 1);
	read_line(HM_SCOPE_DTU, line);
	ck_assert(!has(HM_F_FIRMWARE));
	read_line(HM_SCOPE_DTU, "{\"firmware\":\"\"}");
	ck_assert(!has(HM_F_FIRMWARE));
}
END_TEST

static void
assert_alarm(const char *line, const char *text)
{
	read_line(HM_SCOPE_INVERTER, line);
	if (text == NULL)
		ck_assert(!has(HM_F_ALARM_TEXT));
	else
		ck_assert(hm_slice_is(values.of[HM_F_ALARM_TEXT].text, text));
}

START_TEST(alarm_text_is_an_option)
{
	char digits[HM_DECIMAL_TEXT];

	assert_alarm("{}", NULL);
	assert_alarm("{\"alarm_code\":0}", "none");
	assert_alarm("{\"alarm_code\":211}", hm_alarm_code_text(211));
	assert_alarm("{\"alarm_code\":-1}", "unknown");
	assert_alarm("{\"alarm_code\":65747}", "unknown");
	assert_alarm("{\"alarm_code\":0,\"alarm_text\":\"Offline\"}", "none");
	assert_alarm("{\"alarm_text\":\"Offline\"}", "Offline");
	assert_alarm("{\"alarm_text\":\"On fire\"}", "unknown");
	hm_ha_values_set_alarm(&values, 130, hm_text("116172207281"), digits);
	ck_assert(hm_slice_is(values.of[HM_F_ALARM_CODE].text, "130"));
	ck_assert(hm_slice_is(values.of[HM_F_ALARM_TEXT].text, "Offline"));
}
END_TEST

/* States carry them as they are. */
START_TEST(alarm_texts_need_no_escapes)
{
	for (size_t i = 0; i < hm_alarm_code_count; i++) {
		const char *text = hm_alarm_codes[i].text;

		ck_assert_uint_le(strlen(text), 255);
		for (size_t j = 0; text[j] != '\0'; j++)
			ck_assert(text[j] >= ' ' && text[j] <= '~' &&
			    text[j] != '"' && text[j] != '\\');
	}
}
END_TEST

START_TEST(counters_that_cannot_be_right_stay_out)
{
	static const struct {
		const char *line;
		bool shown;
	} daily[] = {
	    {"{\"today_production\":0}", true},
	    {"{\"today_production\":1}", true},
	    {"{\"today_production\":-1}", false},
	};
	static const struct {
		const char *line;
		bool shown;
	} lifetime[] = {
	    {"{\"total_production\":0}", false},
	    {"{\"total_production\":0.0}", false},
	    {"{\"total_production\":-5}", false},
	    {"{\"total_production\":5}", true},
	};

	for (size_t i = 0; i < sizeof daily / sizeof *daily; i++) {
		read_line(HM_SCOPE_PORT, daily[i].line);
		ck_assert_int_eq(hm_ha_values_show(&values,
		    HM_F_TODAY_PRODUCTION), daily[i].shown);
	}
	for (size_t i = 0; i < sizeof lifetime / sizeof *lifetime; i++) {
		read_line(HM_SCOPE_PORT, lifetime[i].line);
		ck_assert_int_eq(hm_ha_values_show(&values,
		    HM_F_TOTAL_PRODUCTION), lifetime[i].shown);
	}
	read_line(HM_SCOPE_METER, "{\"energy_import_b\":0,"
	    "\"voltage_b\":231.2}");
	ck_assert(hm_ha_values_show(&values, HM_F_ENERGY_IMPORT_B));
	read_line(HM_SCOPE_METER, "{\"energy_import_b\":-1,"
	    "\"voltage_b\":231.2}");
	ck_assert(!hm_ha_values_show(&values, HM_F_ENERGY_IMPORT_B));
	read_line(HM_SCOPE_METER, "{\"energy_import_b\":0}");
	ck_assert(!hm_ha_values_show(&values, HM_F_ENERGY_IMPORT_B));
}
END_TEST

START_TEST(sleep_hides_what_it_makes_meaningless)
{
	static const char *const asleep[] = {
	    "{\"grid_voltage\":1,\"alarm_count\":1,\"operating_status\":0}",
	    "{\"grid_voltage\":1,\"alarm_count\":1,\"link_status\":0}",
	};

	for (size_t i = 0; i < sizeof asleep / sizeof *asleep; i++) {
		read_line(HM_SCOPE_INVERTER, asleep[i]);
		ck_assert(!hm_ha_values_show(&values, HM_F_GRID_VOLTAGE));
		ck_assert(hm_ha_values_show(&values, HM_F_ALARM_COUNT));
	}
	read_line(HM_SCOPE_INVERTER, "{\"grid_voltage\":0,"
	    "\"operating_status\":3,\"link_status\":1}");
	ck_assert(hm_ha_values_show(&values, HM_F_GRID_VOLTAGE));
	ck_assert(!hm_ha_values_show(&values, HM_F_TEMPERATURE));
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("ha_values");
	TCase *tc = tcase_create("ha_values");

	tcase_add_test(tc, values_are_of_one_record);
	tcase_add_test(tc, values_are_of_their_kind);
	tcase_add_test(tc, texts_are_short);
	tcase_add_test(tc, alarm_text_is_an_option);
	tcase_add_test(tc, alarm_texts_need_no_escapes);
	tcase_add_test(tc, counters_that_cannot_be_right_stay_out);
	tcase_add_test(tc, sleep_hides_what_it_makes_meaningless);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
