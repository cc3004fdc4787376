#include "ha_shown.h"

#include <check.h>
#include <stdio.h>

#include "run_suite.h"

static struct hm_ha_shown shown;

static void
setup(void)
{
	ck_assert(hm_ha_shown_init(&shown, 8));
}

static void
teardown(void)
{
	hm_ha_shown_free(&shown);
}

/* "kW" for a unit that follows, "" for the field's own, NULL for neither. */
static const char *
unit_for(enum hm_field_id id, int64_t units, unsigned scale)
{
	if (!hm_ha_shown_multiply(&shown, id, hm_decimal(units, scale)))
		return NULL;
	return shown.unit[id] != NULL ? shown.unit[id]->unit : "";
}

START_TEST(unit_follows_the_factor)
{
	ck_assert_str_eq(unit_for(HM_F_PV_POWER, 1, 3), "kW");
	ck_assert_str_eq(unit_for(HM_F_PV_POWER, 1, 6), "MW");
	ck_assert_str_eq(unit_for(HM_F_TOTAL_PRODUCTION, 10, 4), "kWh");
	ck_assert_str_eq(unit_for(HM_F_TODAY_PRODUCTION, 1, 6), "MWh");
	ck_assert_str_eq(unit_for(HM_F_ENERGY_IMPORT, 1, 9), "GWh");
	ck_assert_str_eq(unit_for(HM_F_GRID_VOLTAGE, 1000, 0), "mV");
	ck_assert_str_eq(unit_for(HM_F_GRID_VOLTAGE, 1, 3), "kV");
	ck_assert_str_eq(unit_for(HM_F_PV_CURRENT, 100000, 2), "mA");
	ck_assert_str_eq(unit_for(HM_F_REACTIVE_POWER, 1, 3), "kvar");
	ck_assert_str_eq(unit_for(HM_F_GRID_FREQUENCY, 1, 3), "kHz");
	ck_assert_str_eq(unit_for(HM_F_POWER_FACTOR, 100, 0), "%");
	ck_assert_str_eq(unit_for(HM_F_TEMPERATURE, 10, 1), "");
	ck_assert_str_eq(unit_for(HM_F_PV_POWER, 1, 0), "");
}
END_TEST

START_TEST(factor_without_a_unit_is_refused)
{
	ck_assert_ptr_null(unit_for(HM_F_PV_POWER, 1, 2));
	ck_assert_ptr_null(unit_for(HM_F_PV_POWER, -1, 3));
	ck_assert_ptr_null(unit_for(HM_F_TOTAL_PRODUCTION, -2, 0));
	ck_assert_ptr_null(unit_for(HM_F_PV_POWER, 0, 0));
	ck_assert_ptr_null(unit_for(HM_F_PV_POWER, 1, 9));
	ck_assert_ptr_null(unit_for(HM_F_TEMPERATURE, 1, 3));
	ck_assert_ptr_null(unit_for(HM_F_POWER_LIMIT, 1, 2));
	ck_assert_ptr_null(unit_for(HM_F_ALARM_CODE, 1, 0));
	ck_assert_ptr_null(unit_for(HM_F_ALARM_FLAG, 100, 0));
	ck_assert_ptr_null(unit_for(HM_F_MODEL, 1, 0));
}
END_TEST

START_TEST(correction_keeps_the_unit)
{
	ck_assert_str_eq(unit_for(HM_F_PV_POWER, 102, 2), "W");
	ck_assert_int_eq(shown.unit[HM_F_PV_POWER]->decimals, 2);
	ck_assert_str_eq(unit_for(HM_F_POWER, -1, 0), "W");
	ck_assert_str_eq(unit_for(HM_F_TOTAL_PRODUCTION, 5, 1), "Wh");
	ck_assert_ptr_null(unit_for(HM_F_ALARM_CODE, 2, 0));
}
END_TEST

START_TEST(factors_are_listed)
{
	char text[100], small[8];

	hm_ha_factors(HM_F_PV_POWER, text, sizeof text);
	ck_assert_str_eq(text, "1, 0.001 (kW), 0.000001 (MW)");
	hm_ha_factors(HM_F_POWER_FACTOR, text, sizeof text);
	ck_assert_str_eq(text, "1, 100 (%)");
	hm_ha_factors(HM_F_SIGNAL, text, sizeof text);
	ck_assert_str_eq(text, "1");
	hm_ha_factors(HM_F_PV_POWER, small, sizeof small);
	ck_assert_str_eq(small, "1, 0.00");
}
END_TEST

static bool
name(const char *key, const char *text)
{
	struct hm_slice field;

	return hm_ha_shown_name(&shown, hm_text(key), text, &field);
}

static void
expect(const char *serial, const char *prefix, enum hm_field_id id,
    const char *expected, bool numbered)
{
	bool found_numbered;
	const char *found = hm_ha_shown_find(&shown, serial, prefix,
	    &hm_fields[id], &found_numbered);

	ck_assert_pstr_eq(found, expected);
	ck_assert(found_numbered == numbered);
}

START_TEST(nearer_names_go_first)
{
	ck_assert(name("11AB/port_1_pv_power", "one"));
	ck_assert(name("PV_POWER", "any"));
	/* No prefix, although there are records of a grid. */
	ck_assert(name("grid_voltage", "AC"));
	ck_assert(name("port_1_pv_power", "first"));
	ck_assert(name("11ab/pv_power", "own"));
	ck_assert(name("dtu_pv_power", "dtu"));
	ck_assert_uint_eq(shown.names, 6);
	expect("11ab", "port_1", HM_F_PV_POWER, "one", false);
	expect("11ab", "port_2", HM_F_PV_POWER, "own", true);
	expect("11ac", "port_1", HM_F_PV_POWER, "first", false);
	expect("11ac", "port_12", HM_F_PV_POWER, "any", true);
	expect("10f8", "DTU", HM_F_PV_POWER, "dtu", false);
	expect("10f8", "DTU", HM_F_ACTIVE_POWER, NULL, false);
}
END_TEST

/* Fields that begin like a prefix are meant before a part of that prefix. */
START_TEST(names_of_hybrids)
{
	ck_assert(name("battery_soc", "Charge"));
	ck_assert(name("battery_type", "Kind"));
	ck_assert(name("grid_power", "Mains"));
	ck_assert(name("grid_voltage_a", "L1"));
	ck_assert(name("flow_pv_to_load", "Direct"));
	ck_assert(name("battery_to_load", "Night"));
	ck_assert(name("2143/load_power", "House"));
	ck_assert_uint_eq(shown.names, 7);
	expect("2143", "battery", HM_F_SOC, "Charge", false);
	expect("2143", "battery", HM_F_BATTERY_TYPE, "Kind", true);
	expect("2143", "grid", HM_F_SIGNED_POWER, "Mains", false);
	expect("2143", "battery", HM_F_SIGNED_POWER, NULL, false);
	expect("2143", "inv", HM_F_GRID_VOLTAGE_A, "L1", true);
	expect("2143", "grid", HM_F_VOLTAGE_A, NULL, false);
	expect("2143", "flow", HM_F_PV_TO_LOAD, "Direct", false);
	expect("2143", "flow", HM_F_BATTERY_TO_LOAD, "Night", true);
	expect("2143", "load", HM_F_PART_POWER, "House", false);
	expect("2144", "load", HM_F_PART_POWER, NULL, false);
	ck_assert(!name("flow_soc", "x"));
	ck_assert(!name("hybrid_pv_to_load", "x"));
	ck_assert(!name("inv_pv_to_load", "x"));
}
END_TEST

START_TEST(name_of_nothing_is_refused)
{
	static const struct {
		const char *key, *field;
	} bad[] = {
	    {"volts", "volts"},
	    {"", ""},
	    {"inv_pv_power", "pv_power"},
	    {"meter_temperature", "temperature"},
	    {"port_1_temperature", "temperature"},
	    {"port_256_pv_power", "port_256_pv_power"},
	    {"port_01_pv_power", "port_01_pv_power"},
	    {"port__pv_power", "port__pv_power"},
	    {"port_1", "port_1"},
	    {"port_1_", ""},
	    {"inv", "inv"},
	    {"model", "model"},
	    {"/temperature", "temperature"},
	    {"a b/temperature", "temperature"},
	    {"11ab/", ""},
	    {"11ab/inv_volts", "volts"},
	    {"12345678901234567890123456789012a/temperature",
	    "temperature"},
	};
	struct hm_slice field;

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		ck_assert_msg(!hm_ha_shown_name(&shown, hm_text(bad[i].key),
		    "x", &field), "%s", bad[i].key);
		ck_assert_msg(hm_slice_is(field, bad[i].field), "%s",
		    bad[i].key);
	}
	ck_assert_uint_eq(shown.names, 0);
	expect("11ab", "inv", HM_F_TEMPERATURE, NULL, false);
}
END_TEST

START_TEST(every_port_has_a_prefix)
{
	char key[40];

	for (unsigned port = 0; port < 256; port++) {
		char prefix[HM_HA_PREFIX_MAX];

		hm_ha_prefix(HM_SCOPE_INVERTER, HM_HA_PORT, (uint8_t)port,
		    prefix);
		snprintf(key, sizeof key, "%s_pv_current", prefix);
		shown.names = 0;
		ck_assert_msg(name(key, "x"), "%s", key);
		expect("1", prefix, HM_F_PV_CURRENT, "x", false);
	}
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("ha_shown");
	TCase *tc = tcase_create("ha_shown");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, unit_follows_the_factor);
	tcase_add_test(tc, factor_without_a_unit_is_refused);
	tcase_add_test(tc, correction_keeps_the_unit);
	tcase_add_test(tc, factors_are_listed);
	tcase_add_test(tc, nearer_names_go_first);
	tcase_add_test(tc, names_of_hybrids);
	tcase_add_test(tc, name_of_nothing_is_refused);
	tcase_add_test(tc, every_port_has_a_prefix);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
