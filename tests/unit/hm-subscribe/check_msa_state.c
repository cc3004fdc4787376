#include "msa_state.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/decimal.h"
#include "run_suite.h"

static struct hm_msa_values values;

/* "SCOPE/PORT.KEY=NUMBER " of each value, or why there is none. */
static const char *
read_payload(enum hm_msa_state state, const char *payload)
{
	static char text[2048];
	char number[HM_DECIMAL_TEXT];
	const char *why = hm_msa_values(&values, state, hm_text(payload));
	size_t n = 0;

	if (why != NULL)
		return why;
	text[0] = '\0';
	for (size_t i = 0; i < values.count; i++) {
		const struct hm_msa_value *v = &values.value[i];

		hm_decimal_format(hm_decimal(v->units, v->scale), number);
		n += (size_t)snprintf(text + n, sizeof text - n,
		    "%s/%d.%s=%s ", hm_reading_types[v->scope].name,
		    (int)v->port, hm_fields[v->field].key, number);
		ck_assert_uint_lt(n, sizeof text);
	}
	return text;
}

#define ck_assert_values(state, payload, expected) \
    ck_assert_str_eq(read_payload(HM_MSA_##state, payload), expected)

/* The examples of the guide and of owners, with numbers of their own. */
START_TEST(quick_state)
{
	ck_assert_values(QUICK, "{\n  \"grid_on_p\": 379.5,\n"
	    "  \"grid_off_p\": 0,\n  \"bat_sts\": \"discharge\",\n"
	    "  \"bat_p\": 401.2,\n  \"soc\": 56.8,\n  \"heat\": false,\n"
	    "  \"sys_grid_p\": 110.2\n}\n", "battery/0.power=401.2 "
	    "battery/0.soc=56.8 grid/0.power=379.5 load/0.power=0 ");
	ck_assert_values(QUICK, "{\"soc\":72.5,\"bat_p\":-380,\"bat_sts\":"
	    "\"charge\"}", "battery/0.power=-380 battery/0.soc=72.5 ");
}
END_TEST

START_TEST(device_state)
{
	ck_assert_values(DEVICE, "{\"grid\":[{\"type\":\"grid_off\",\"v\":"
	    "229.9,\"i\":0.45,\"f\":50.01,\"p\":101.5,\"q\":3.2,\"ein\":0,"
	    "\"eout\":210,\"etin\":4,\"etout\":5120},{\"type\":\"grid_on\","
	    "\"v\":230.1,\"i\":1.66,\"f\":49.98,\"p\":-380.5,\"q\":-12.1,"
	    "\"ein\":1900,\"eout\":1500,\"etin\":190000,\"etout\":150000},"
	    "{\"type\":\"inv\",\"v\":230,\"i\":1.21,\"p\":-279,\"q\":-8.9,"
	    "\"ein\":1}],\"bat_sts\":\"charge\",\"bat_v\":51.23,\"bat_i\":"
	    "-5.21,\"bat_p\":-266.9,\"bat_temp\":24.5,\"soc\":71.25,"
	    "\"rssi\":-58}", "battery/0.power=-266.9 battery/0.soc=71.25 "
	    "battery/0.voltage=51.23 battery/0.current=-5.21 "
	    "grid/0.voltage_a=230.1 grid/0.current_a=1.66 "
	    "grid/0.frequency=49.98 grid/0.power=-380.5 "
	    "grid/0.reactive_power_a=-12.1 grid/0.today_export=1500 "
	    "grid/0.today_import=1900 grid/0.total_export=150000 "
	    "grid/0.total_import=190000 load/0.frequency=50.01 "
	    "load/0.power=101.5 load/0.today_energy=210 "
	    "load/0.total_energy=5120 load/0.backup_voltage_a=229.9 "
	    "load/0.backup_current_a=0.45 load/0.backup_power_a=101.5 "
	    "inverter/0.grid_voltage=230 inverter/0.active_power=-279 "
	    "inverter/0.reactive_power=-8.9 inverter/0.ac_current=1.21 ");
}
END_TEST

START_TEST(system_state)
{
	ck_assert_values(SYSTEM, "{\"pv_p\":0.1,\"bat_p\":5,\"chg_e\":1250,"
	    "\"dchg_e\":980,\"pv_e\":443,\"ems_mode\":\"general\"}",
	    "battery/0.today_charged=1250 battery/0.today_discharged=980 "
	    "external_pv/0.power=0.1 external_pv/0.today_energy=443 ");
}
END_TEST

START_TEST(inputs_by_their_numbers)
{
	ck_assert_values(DEVICE, "{\"pvs\":[{\"id\":2,\"p\":300.4},{\"id\":1,"
	    "\"p\":0},{\"id\":2,\"p\":7},{\"id\":0,\"p\":7},{\"id\":17,\"p\":"
	    "7},{\"p\":7},{\"id\":\"3\",\"p\":7},7,{\"id\":3.5,\"p\":7}]}",
	    "port/2.pv_power=300.4 port/1.pv_power=0 ");
}
END_TEST

START_TEST(numbers_are_rounded_to_their_steps)
{
	ck_assert_values(DEVICE, "{\"bat_p\":-266.8999938964844,\"soc\":"
	    "56.79999923706055,\"bat_v\":51.2249985,\"bat_i\":1e-1}",
	    "battery/0.power=-266.9 battery/0.soc=56.8 "
	    "battery/0.voltage=51.22 battery/0.current=0.1 ");
	ck_assert_values(QUICK, "{\"bat_p\":-0.05,\"grid_on_p\":0.049,"
	    "\"grid_off_p\":2.5E2}", "battery/0.power=-0.1 grid/0.power=0 "
	    "load/0.power=250 ");
}
END_TEST

START_TEST(impossible_values_are_left_out)
{
	ck_assert_values(QUICK, "{\"soc\":100.01,\"bat_p\":100000.1,"
	    "\"grid_on_p\":-100000}", "grid/0.power=-100000 ");
	ck_assert_values(SYSTEM, "{\"chg_e\":-1,\"dchg_e\":9e18,\"pv_e\":"
	    "123456789012345678901234567890,\"pv_p\":1e-300}",
	    "it has none of the values that are known");
	ck_assert_values(QUICK, "{\"soc\":\"56\",\"bat_p\":null,"
	    "\"grid_on_p\":[1],\"grid_off_p\":{\"p\":1}}",
	    "it has none of the values that are known");
	ck_assert_values(DEVICE, "{\"grid\":{\"type\":\"inv\",\"p\":1},"
	    "\"pvs\":{\"id\":1,\"p\":1}}",
	    "it has none of the values that are known");
}
END_TEST

START_TEST(payloads_of_anything)
{
	char large[HM_MSA_PAYLOAD_MAX + 2];

	memset(large, ' ', sizeof large);
	large[0] = '{';
	large[HM_MSA_PAYLOAD_MAX - 1] = '}';
	large[HM_MSA_PAYLOAD_MAX] = '\0';
	ck_assert_values(QUICK, large,
	    "it has none of the values that are known");
	large[HM_MSA_PAYLOAD_MAX] = ' ';
	large[HM_MSA_PAYLOAD_MAX + 1] = '\0';
	ck_assert_values(QUICK, large, "its payload is longer than 16 KiB");
	ck_assert_values(QUICK, "online",
	    "its payload is not a JSON object");
	ck_assert_values(QUICK, "[{\"soc\":5}]",
	    "its payload is not a JSON object");
	ck_assert_values(QUICK, "{\"soc\":5}{", "its payload is not a JSON "
	    "object");
	ck_assert_values(QUICK, "{\"soc\":5,\"soc\":6}",
	    "its payload is not a JSON object");
}
END_TEST

/* bat_sts says in words what the sign of bat_p should say. */
START_TEST(refuted_power_is_left_out)
{
	ck_assert_values(QUICK, "{\"bat_sts\":\"charge\",\"bat_p\":0.1,"
	    "\"soc\":5}", "battery/0.soc=5 ");
	ck_assert(values.contradicts);
	ck_assert_values(QUICK, "{\"bat_sts\":\"discharge\",\"bat_p\":-0.1}",
	    "");
	ck_assert(values.contradicts);
	ck_assert_values(QUICK, "{\"bat_sts\":\"discharge\",\"bat_p\":0}",
	    "battery/0.power=0 ");
	ck_assert_values(QUICK, "{\"bat_sts\":\"standby\",\"bat_p\":-5}",
	    "battery/0.power=-5 ");
	ck_assert_values(QUICK, "{\"bat_sts\":1,\"bat_p\":-5}",
	    "battery/0.power=-5 ");
	ck_assert(!values.contradicts);
}
END_TEST

START_TEST(topics_of_states)
{
	static const struct {
		const char *topic, *device;
		enum hm_msa_state state;
	} topics[] = {
	    {"homeassistant/sensor/MSA-1/quick/state", "MSA-1", HM_MSA_QUICK},
	    {"homeassistant/sensor/a b/device/state", "a b", HM_MSA_DEVICE},
	    {"homeassistant/sensor/x/system/state", "x", HM_MSA_SYSTEM},
	    {"homeassistant/sensor//quick/state", NULL, HM_MSA_STATES},
	    {"homeassistant/sensor/quick/state", NULL, HM_MSA_STATES},
	    {"homeassistant/sensor/a/b/quick/state", NULL, HM_MSA_STATES},
	    {"homeassistant/sensor/MSA-1/state", NULL, HM_MSA_STATES},
	    {"homeassistant/switch/MSA-1/quick/state", NULL, HM_MSA_STATES},
	    {"/quick/state", NULL, HM_MSA_STATES},
	    {"", NULL, HM_MSA_STATES},
	};
	struct hm_msa_topic topic;

	for (size_t i = 0; i < sizeof topics / sizeof *topics; i++) {
		bool is = hm_msa_topic(hm_text(topics[i].topic), &topic);

		ck_assert_msg(is == (topics[i].device != NULL), "%s",
		    topics[i].topic);
		if (!is)
			continue;
		ck_assert_int_eq(topic.state, topics[i].state);
		ck_assert(hm_slice_is(topic.device, topics[i].device));
	}
}
END_TEST

START_TEST(serial_numbers)
{
	static const char *const bad[] = {"280024341346", "MSA280024341346",
	    "MSA-28002434134", "MSA-28002434134g", "MSA-2800243413466",
	    "M\xc3\xa4-280024341346", "M A-280024341346", "-", ""};
	char serial[HM_MSA_SERIAL + 1], name[HM_MSA_SERIAL + 130];

	ck_assert(hm_msa_serial(hm_text("MSA-28002434AbF6"), serial));
	ck_assert_str_eq(serial, "28002434abf6");
	ck_assert(hm_msa_serial(hm_text("my-cellar-280024341346"), serial));
	ck_assert_str_eq(serial, "280024341346");
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		ck_assert_msg(!hm_msa_serial(hm_text(bad[i]), serial), "%s",
		    bad[i]);
	snprintf(name, sizeof name, "%0108d-280024341346", 0);
	ck_assert(!hm_msa_serial(hm_text(name), serial));
	ck_assert(hm_msa_serial(hm_text(name + 1), serial));
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("msa_state");
	TCase *tcase = tcase_create("msa_state");

	tcase_add_test(tcase, quick_state);
	tcase_add_test(tcase, device_state);
	tcase_add_test(tcase, system_state);
	tcase_add_test(tcase, inputs_by_their_numbers);
	tcase_add_test(tcase, numbers_are_rounded_to_their_steps);
	tcase_add_test(tcase, impossible_values_are_left_out);
	tcase_add_test(tcase, payloads_of_anything);
	tcase_add_test(tcase, refuted_power_is_left_out);
	tcase_add_test(tcase, topics_of_states);
	tcase_add_test(tcase, serial_numbers);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
