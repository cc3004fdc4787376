#include "record/models.h"

#include <check.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

#include "record/alarm_codes.h"
#include "record/poll_errors.h"
#include "record/serial_label.h"
#include "run_suite.h"

START_TEST(inverters_are_known_by_their_serial)
{
	ck_assert_str_eq(hm_model_inverter(hm_text("116172207281")),
	    "HM-1000/1200/1500");
	ck_assert_str_eq(hm_model_inverter(hm_text("138290602905")),
	    "HMT-1800/2250-6T");
	ck_assert_str_eq(hm_model_inverter(hm_text("141292355198")),
	    "HMS-800W/1000W-2T");
	ck_assert_str_eq(hm_model_inverter(hm_text("114A92355198")),
	    "HMS-600/700/800/900/1000-2T");
	ck_assert_str_eq(hm_model_inverter(hm_text("114a92355198")),
	    "HMS-600/700/800/900/1000-2T");
}
END_TEST

START_TEST(gateways_and_meters_are_known_too)
{
	ck_assert_str_eq(hm_model_dtu(hm_text("10f872226797")), "DTU-Pro");
	ck_assert_str_eq(hm_model_dtu(hm_text("10F872226797")), "DTU-Pro");
	ck_assert_str_eq(hm_model_dtu(hm_text("412172226797")), "DTU-Pro-S");
	ck_assert_str_eq(hm_model_dtu(hm_text("412072226797")), "DTU-Pro");
	ck_assert_str_eq(hm_model_meter(hm_text("37ff72226797"), 0), "DTSU666");
}
END_TEST

/* A DTSU666 with serial 10c0... was seen; a DDSU666 has one phase. */
START_TEST(meters_are_told_apart_by_their_phases)
{
	struct hm_slice serial = hm_text("10c072226797");

	ck_assert_ptr_null(hm_model_meter(serial, 0));
	ck_assert_str_eq(hm_model_meter(serial, 1), "DDSU666");
	ck_assert_str_eq(hm_model_meter(serial, 2), "DTSU666");
	ck_assert_str_eq(hm_model_meter(serial, 3), "DTSU666");
}
END_TEST

START_TEST(later_inverters_are_known)
{
	static const struct {
		const char *serial, *model;
	} known[] = {
	    {"1421a01a4123", "HMS-1600/1800/2000-4T"},
	    {"1146a029980c", "HMS-600/700/800/900/1000-2T"},
	    {"1620a0123456", "HMS-1600/2000-4WB"},
	    {"136272207281", "HMT-1600/1800/2000-4T"},
	    {"138172207281", "HMT-1800/2250-6T"},
	    {"101172207281", "MI-100"},
	    {"102272207281", "MI-250/300"},
	    {"104272207281", "MI-500/600/700"},
	    {"106272207281", "MI-1000/1200/1500"},
	};
	static const char *const built_in[] = {"1145", "1165", "1167", "1362",
	    "1381", "1422", "1423"};
	char serial[] = "000072207281";

	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		ck_assert_str_eq(hm_model_inverter(hm_text(known[i].serial)),
		    known[i].model);
	for (size_t i = 0; i < sizeof built_in / sizeof *built_in; i++) {
		memcpy(serial, built_in[i], 4);
		ck_assert_ptr_nonnull(hm_model_inverter(hm_text(serial)));
		ck_assert_str_eq(hm_model_dtu(hm_text(serial)),
		    "built-in DTU");
	}
}
END_TEST

START_TEST(herf_inverters_have_another_label)
{
	static const char *const without[] = {"116172207281", "", "2801",
	    "28010001zae4", "280100012ae40"};
	char label[HM_SERIAL_LABEL];

	ck_assert(hm_serial_label(hm_text("280100012ae4"), label));
	ck_assert_str_eq(label, "A01002AP4-1T9");
	ck_assert(hm_serial_label(hm_text("282100000000"), label));
	ck_assert_int_eq(strncmp(label, "A11000000-1", 11), 0);
	ck_assert(hm_serial_label(hm_text("28413fffffff"), label));
	ck_assert_int_eq(strncmp(label, "A21YYYYYY-1", 11), 0);
	for (size_t i = 0; i < sizeof without / sizeof *without; i++)
		ck_assert(!hm_serial_label(hm_text(without[i]), label));
}
END_TEST

START_TEST(unknown_serials_have_no_model)
{
	ck_assert_ptr_null(hm_model_inverter(hm_text("999972207281")));
	ck_assert_ptr_null(hm_model_inverter(hm_text("10f872226797")));
	ck_assert_ptr_null(hm_model_dtu(hm_text("116172207281")));
	ck_assert_ptr_null(hm_model_meter(hm_text("116172207281"), 3));
	ck_assert_ptr_null(hm_model_inverter(hm_text("116")));
	ck_assert_ptr_null(hm_model_inverter(hm_text("")));
	ck_assert_ptr_null(hm_model_dtu(hm_slice("10f8", 3)));
}
END_TEST

START_TEST(alarms_ascend_and_have_texts)
{
	ck_assert_uint_gt(hm_alarm_code_count, 100);
	for (size_t i = 0; i < hm_alarm_code_count; i++) {
		if (i > 0)
			ck_assert_uint_lt(hm_alarm_codes[i - 1].code,
			    hm_alarm_codes[i].code);
		ck_assert_str_eq(hm_alarm_code_text(hm_alarm_codes[i].code),
		    hm_alarm_codes[i].text);
	}
	ck_assert_str_eq(hm_alarm_code_text(1), "Reset");
	ck_assert_str_eq(hm_alarm_code_text(130), "Offline");
	ck_assert_str_eq(hm_alarm_code_text(213), "PV1 & PV2 abnormal wiring");
	ck_assert_str_eq(hm_alarm_code_text(9000),
	    "Microinverter is suspected of being stolen");
}
END_TEST

START_TEST(unknown_alarms_have_no_text)
{
	ck_assert_ptr_null(hm_alarm_code_text(0));
	ck_assert_ptr_null(hm_alarm_code_text(5));
	ck_assert_ptr_null(hm_alarm_code_text(-1));
	ck_assert_ptr_null(hm_alarm_code_text(9001));
	ck_assert_ptr_null(hm_alarm_code_text(65536 + 1));
	ck_assert_ptr_null(hm_alarm_code_text(INT64_MIN));
	ck_assert_ptr_null(hm_alarm_code_text(INT64_MAX));
}
END_TEST

START_TEST(alarms_of_an_hmt_have_their_own_texts)
{
	struct hm_slice hmt = hm_text("136272207281");
	struct hm_slice hms = hm_text("116472207281");

	for (size_t i = 1; i < hm_alarm_code_hmt_count; i++)
		ck_assert_uint_lt(hm_alarm_codes_hmt[i - 1].code,
		    hm_alarm_codes_hmt[i].code);
	ck_assert_str_eq(hm_alarm_code_text_of(217, hmt), "PV5 no input");
	ck_assert_str_eq(hm_alarm_code_text_of(217, hms),
	    "PV2 input overvoltage");
	ck_assert_str_eq(hm_alarm_code_text_of(220, hmt),
	    "PV3 input undervoltage");
	ck_assert_str_eq(hm_alarm_code_text_of(1, hmt), "Reset");
	ck_assert_ptr_null(hm_alarm_code_text_of(5, hmt));
}
END_TEST

START_TEST(errors_have_names_of_their_own)
{
	ck_assert_str_eq(hm_poll_error_name(HM_ERR_NONE), "none");
	ck_assert_str_eq(hm_poll_error_name(HM_ERR_TIMEOUT_CONNECT),
	    "timeout_connect");
	ck_assert_str_eq(hm_poll_error_name(HM_ERR_NOT_MAPPED), "not_mapped");
	for (int i = 0; i < HM_ERRORS; i++) {
		const char *name = hm_poll_error_name((enum hm_poll_error)i);

		ck_assert_ptr_nonnull(name);
		for (const char *p = name; *p != '\0'; p++)
			ck_assert(islower((unsigned char)*p) || *p == '_');
		for (int j = 0; j < i; j++)
			ck_assert_str_ne(name,
			    hm_poll_error_name((enum hm_poll_error)j));
	}
}
END_TEST

START_TEST(models_tell_the_watts_of_an_input)
{
	static const struct {
		const char *model;
		int64_t watts, inputs;
	} models[] = {
	    {"HMS-1600/1800/2000-4T", 500, 4},
	    {"HMS-400W/500W-1T", 500, 1},
	    {"HMS-2000DW-4T", 500, 4},
	    {"HMT-1800/2250-6T", 375, 6},
	    {"HMT-2250-6T", 375, 6},
	    {"HM-1000/1200/1500", 1500, 1},
	    {"HM-1500", 1500, 1},
	    {"MI-250/300", 300, 1},
	    {"HMS-2000-4WB", 0, 4},
	    {"MIT", 0, 1},
	    {"4T", 0, 1},
	    {"-", 0, 1},
	    {"", 0, 1},
	    {"99999999999999999999", 0, 1},
	    {"-0T", 0, 1},
	    {"-12T", 0, 1},
	    {"HIT-15L-G3", 15000, 1},
	    {"HIS-5L-G3", 5000, 1},
	    {"HIT-150L-G3", 0, 1},
	    {"HIT-L-G3", 0, 1},
	    {"HIT-15L-G2", 0, 1},
	    {"HIX-15L-G3", 0, 1},
	    {"HIT-", 0, 1},
	    {"HI", 0, 1},
	};

	for (size_t i = 0; i < sizeof models / sizeof *models; i++) {
		struct hm_slice model = hm_text(models[i].model);

		ck_assert_int_eq(hm_model_input_watts(model),
		    models[i].watts);
		ck_assert_int_eq(hm_model_inputs(model), models[i].inputs);
	}
}
END_TEST

/*
 * What a name says: the largest of its numbers is watts, a number before a T
 * or W counts inputs if it has one digit.
 */
static int64_t
watts_by_name(const char *name)
{
	int64_t watts = 0, inputs = 1;

	while (*name != '\0') {
		char *end;
		int64_t number;

		if (!isdigit((unsigned char)*name)) {
			name++;
			continue;
		}
		number = strtoll(name, &end, 10);
		if (*end == 'T' || (*end == 'W' && number < 10))
			inputs = number;
		else if (number > watts)
			watts = number;
		name = end;
	}
	return watts / inputs;
}

static size_t
check_watts(const char *model)
{
	if (model == NULL)
		return 0;
	ck_assert_int_eq(hm_model_input_watts(hm_text(model)),
	    watts_by_name(model));
	return 1;
}

START_TEST(watts_of_every_model_are_those_of_its_name)
{
	size_t found = 0;
	char serial[16];

	for (unsigned prefix = 0; prefix <= 0xffff; prefix++) {
		snprintf(serial, sizeof serial, "%04x12345678", prefix);
		found += check_watts(hm_model_inverter(hm_text(serial)));
	}
	ck_assert_uint_eq(found, 44);
	found = 0;
	for (uint32_t part = 0; part <= 0xffff; part++) {
		found += check_watts(hm_model_part(0x10000000 | part << 8));
		found += check_watts(hm_model_part(0xf1000000 | part << 8));
	}
	ck_assert_uint_eq(found, 40);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("models");
	TCase *tables = tcase_create("tables");

	suite_add_tcase(suite, tables);
	tcase_add_test(tables, inverters_are_known_by_their_serial);
	tcase_add_test(tables, gateways_and_meters_are_known_too);
	tcase_add_test(tables, meters_are_told_apart_by_their_phases);
	tcase_add_test(tables, later_inverters_are_known);
	tcase_add_test(tables, herf_inverters_have_another_label);
	tcase_add_test(tables, unknown_serials_have_no_model);
	tcase_add_test(tables, models_tell_the_watts_of_an_input);
	tcase_add_test(tables, watts_of_every_model_are_those_of_its_name);
	tcase_add_test(tables, alarms_ascend_and_have_texts);
	tcase_add_test(tables, unknown_alarms_have_no_text);
	tcase_add_test(tables, alarms_of_an_hmt_have_their_own_texts);
	tcase_add_test(tables, errors_have_names_of_their_own);
	return run_suite(suite);
}
