#include "ha_entity.h"

#include <check.h>

#include "run_suite.h"

static struct hm_ha_entities all;

static bool
shows(const struct hm_ha_entities *entities, enum hm_scope kind,
    enum hm_ha_part part, enum hm_field_id id)
{
	return hm_field_set_has(&entities->of[kind][part], id);
}

static size_t
count(const struct hm_field_set *set)
{
	size_t n = 0;

	for (size_t id = 0; id < HM_FIELDS; id++)
		n += hm_field_set_has(set, id);
	return n;
}

START_TEST(sets_hold_every_field)
{
	struct hm_field_set set = {{0}}, other = {{0}};

	ck_assert(hm_field_set_is_empty(&set));
	for (size_t id = 0; id < HM_FIELDS; id++) {
		ck_assert(!hm_field_set_has(&set, id));
		hm_field_set_add(&set, id);
		ck_assert(hm_field_set_has(&set, id));
	}
	ck_assert(!hm_field_set_is_empty(&set));
	hm_field_set_join(&other, &set);
	ck_assert_uint_eq(count(&other), HM_FIELDS);
}
END_TEST

START_TEST(parts_of_kinds)
{
	hm_ha_entities_all(&all);
	ck_assert(shows(&all, HM_SCOPE_INVERTER, HM_HA_MAIN,
	    HM_F_OPERATING_STATUS));
	ck_assert(!shows(&all, HM_SCOPE_INVERTER, HM_HA_PORT,
	    HM_F_OPERATING_STATUS));
	ck_assert(shows(&all, HM_SCOPE_INVERTER, HM_HA_PORT, HM_F_PV_POWER));
	ck_assert(!shows(&all, HM_SCOPE_INVERTER, HM_HA_MAIN, HM_F_PV_POWER));
	ck_assert(shows(&all, HM_SCOPE_DTU, HM_HA_MAIN, HM_F_PV_POWER));
	ck_assert(!shows(&all, HM_SCOPE_DTU, HM_HA_MAIN, HM_F_SIGNAL));
	ck_assert(shows(&all, HM_SCOPE_DTU, HM_HA_INFO, HM_F_SIGNAL));
	ck_assert(!shows(&all, HM_SCOPE_DTU, HM_HA_MAIN, HM_F_MODEL));
	ck_assert(!shows(&all, HM_SCOPE_DTU, HM_HA_INFO, HM_F_MODEL));
	ck_assert_uint_eq(count(&all.of[HM_SCOPE_INVERTER][HM_HA_ALARM]), 2);
	ck_assert(hm_field_set_is_empty(&all.of[HM_SCOPE_DTU][HM_HA_PORT]));
	ck_assert(hm_field_set_is_empty(&all.of[HM_SCOPE_METER][HM_HA_ALARM]));
}
END_TEST

START_TEST(parts_of_hybrids)
{
	const enum hm_ha_part flow = (enum hm_ha_part)(HM_HA_SIDE +
	    HM_SCOPE_FLOW);

	hm_ha_entities_all(&all);
	ck_assert_int_eq(hm_ha_part_of(&hm_reading_types[HM_SCOPE_FLOW]),
	    flow);
	ck_assert_int_eq(hm_ha_part_of(&hm_reading_types[HM_SCOPE_BATTERY]),
	    HM_HA_MAIN);
	ck_assert_int_eq(hm_ha_scope(HM_SCOPE_INVERTER, flow), HM_SCOPE_FLOW);
	ck_assert(shows(&all, HM_SCOPE_INVERTER, flow, HM_F_PV_TO_LOAD));
	ck_assert(!shows(&all, HM_SCOPE_INVERTER, HM_HA_MAIN,
	    HM_F_PV_TO_LOAD));
	ck_assert(!shows(&all, HM_SCOPE_FLOW, HM_HA_MAIN, HM_F_PV_TO_LOAD));
	ck_assert(shows(&all, HM_SCOPE_BATTERY, HM_HA_MAIN, HM_F_SOC));
	ck_assert(!shows(&all, HM_SCOPE_BATTERY, HM_HA_MAIN,
	    HM_F_TODAY_EXPORT));
	ck_assert(hm_field_set_is_empty(&all.of[HM_SCOPE_DTU][flow]));
}
END_TEST

START_TEST(no_reading_is_without_an_entity)
{
	hm_ha_entities_all(&all);
	for (size_t id = 0; id < HM_FIELDS; id++) {
		bool shown = false;

		for (enum hm_scope kind = 0; kind < HM_SCOPES; kind++)
			for (enum hm_ha_part part = 0; part < HM_HA_PARTS;
			     part++)
				shown |= shows(&all, kind, part,
				    (enum hm_field_id)id);
		ck_assert_msg(shown || id == HM_F_MODEL ||
		    id == HM_F_LABEL, "%s",
		    hm_fields[id].key);
	}
}
END_TEST

START_TEST(choice_of_inverters)
{
	struct hm_slice unknown;

	hm_ha_entities_all(&all);
	ck_assert(hm_ha_entities_choose(&all, HM_HA_CHOOSE_INVERTER,
	    " ,grid_voltage,ALARM_CODE\tfirmware ", &unknown));
	ck_assert_uint_eq(count(&all.of[HM_SCOPE_INVERTER][HM_HA_MAIN]), 2);
	ck_assert_uint_eq(count(&all.of[HM_SCOPE_INVERTER][HM_HA_ALARM]), 1);
	ck_assert_uint_eq(count(&all.of[HM_SCOPE_INVERTER][HM_HA_INFO]), 1);
	ck_assert(shows(&all, HM_SCOPE_INVERTER, HM_HA_PORT, HM_F_PV_POWER));
	ck_assert(shows(&all, HM_SCOPE_DTU, HM_HA_MAIN, HM_F_ACTIVE_POWER));
}
END_TEST

START_TEST(choice_of_inputs)
{
	struct hm_slice unknown;

	hm_ha_entities_all(&all);
	ck_assert(hm_ha_entities_choose(&all, HM_HA_CHOOSE_PORT, "pv_power",
	    &unknown));
	ck_assert_uint_eq(count(&all.of[HM_SCOPE_INVERTER][HM_HA_PORT]), 1);
	ck_assert(shows(&all, HM_SCOPE_INVERTER, HM_HA_MAIN,
	    HM_F_GRID_VOLTAGE));
	ck_assert(hm_ha_entities_choose(&all, HM_HA_CHOOSE_PORT, "",
	    &unknown));
	ck_assert(hm_field_set_is_empty(
	    &all.of[HM_SCOPE_INVERTER][HM_HA_PORT]));
}
END_TEST

START_TEST(choice_of_what_is_not_there)
{
	static const char *const bad[] = {"volts", "pv_power", "grid_voltag",
	    "grid_voltage_", "model"};
	struct hm_slice unknown;

	hm_ha_entities_all(&all);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		char words[40] = "grid_voltage ";

		memcpy(words + strlen(words), bad[i], strlen(bad[i]) + 1);
		ck_assert(!hm_ha_entities_choose(&all,
		    HM_HA_CHOOSE_INVERTER, words, &unknown));
		ck_assert(hm_slice_is(unknown, bad[i]));
	}
	ck_assert(shows(&all, HM_SCOPE_INVERTER, HM_HA_MAIN, HM_F_TEMPERATURE));
}
END_TEST

START_TEST(names_are_all_allowed)
{
	char names[1024], small[12];
	struct hm_slice unknown;

	for (enum hm_ha_choice choice = HM_HA_CHOOSE_INVERTER;
	     choice <= HM_HA_CHOOSE_PORT; choice++) {
		hm_ha_entities_all(&all);
		hm_ha_entities_names(choice, names, sizeof names);
		ck_assert_uint_lt(strlen(names), sizeof names - 1);
		ck_assert(hm_ha_entities_choose(&all, choice, names,
		    &unknown));
	}
	hm_ha_entities_names(HM_HA_CHOOSE_PORT, small, sizeof small);
	ck_assert_uint_eq(strlen(small), sizeof small - 1);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("ha_entity");
	TCase *tc = tcase_create("ha_entity");

	tcase_add_test(tc, sets_hold_every_field);
	tcase_add_test(tc, parts_of_kinds);
	tcase_add_test(tc, parts_of_hybrids);
	tcase_add_test(tc, no_reading_is_without_an_entity);
	tcase_add_test(tc, choice_of_inverters);
	tcase_add_test(tc, choice_of_inputs);
	tcase_add_test(tc, choice_of_what_is_not_there);
	tcase_add_test(tc, names_are_all_allowed);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
