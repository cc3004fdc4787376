#include <check.h>
#include <string.h>

#include "g3_faults.h"
#include "g3_values.h"
#include "run_suite.h"
#include "wire/g3_serial.h"

static const struct {
	int scale;
	enum hm_scope scope;
	enum hm_field_id field;
	int part;
} map[] = {
#define G3(address, kind, none, scale, record, field, part) \
	{scale, HM_SCOPE_##record, HM_F_##field, part},
#define G3_ADD G3
#include "wire/g3_map.def"
#undef G3
#undef G3_ADD
};

#define ROWS ((int)(sizeof map / sizeof *map))

START_TEST(a_row_of_the_map_fits_its_field)
{
	const struct hm_field *field = &hm_fields[map[_i].field];

	ck_assert(hm_field_in(field, map[_i].scope));
	ck_assert_int_ge((int)field->scale, map[_i].scale);
	if (field->phase != NULL)
		ck_assert_int_eq(field->phase[0], 'A' + map[_i].part - 1);
	else if (map[_i].scope == HM_SCOPE_PORT)
		ck_assert(map[_i].part >= 1 && map[_i].part <= 4);
}
END_TEST

/* Else two rows would write the same key twice. */
START_TEST(rows_of_one_value_stand_together)
{
	for (int j = _i + 2; j < ROWS; j++)
		if (map[j].scope == map[_i].scope &&
		    map[j].field == map[_i].field &&
		    (map[j].scope != HM_SCOPE_PORT ||
		    map[j].part == map[_i].part))
			for (int k = _i; k < j; k++)
				ck_assert_int_eq(map[k].field,
				    map[_i].field);
}
END_TEST

static uint8_t block[HM_G3_BLOCKS][2 * HM_G3_BLOCK_MAX];
static struct hm_g3_words words;
static struct hm_g3_value value[HM_G3_VALUES];
static size_t values;

static void
setup(void)
{
	memset(block, 0, sizeof block);
	memset(&words, 0, sizeof words);
}

/* Put a word into its block, which is then read. */
static void
put(unsigned address, int word)
{
	for (size_t i = 0; i < HM_G3_BLOCKS; i++) {
		unsigned first = hm_g3_blocks[i].first;

		if (address < first || address >= first +
		    hm_g3_blocks[i].count)
			continue;
		block[i][2 * (address - first)] =
		    (uint8_t)((uint16_t)word >> 8);
		block[i][2 * (address - first) + 1] = (uint8_t)word;
		hm_g3_add(&words, i, block[i]);
	}
	values = hm_g3_values(&words, value);
}

static int64_t
units(enum hm_scope scope, enum hm_field_id field, int part)
{
	const struct hm_g3_value *found = hm_g3_find(value, values, scope,
	    field, part);

	ck_assert_ptr_nonnull(found);
	return found->units;
}

static bool
has(enum hm_scope scope, enum hm_field_id field)
{
	return hm_g3_find(value, values, scope, field, 0) != NULL;
}

START_TEST(numbers_are_in_units_of_their_fields)
{
	put(30, 3501);
	put(32, 1050);
	put(2102, 22);
	ck_assert_int_eq(units(HM_SCOPE_PORT, HM_F_PV_VOLTAGE, 2), 3501);
	ck_assert_int_eq(units(HM_SCOPE_PORT, HM_F_PV_POWER, 2), 10500);
	ck_assert_int_eq(units(HM_SCOPE_PORT, HM_F_TODAY_PRODUCTION, 2), 2200);
	put(1801, 2373);
	ck_assert_int_eq(units(HM_SCOPE_GRID, HM_F_VOLTAGE_A, 1), 23730);
	put(242, 5000);
	ck_assert_int_eq(units(HM_SCOPE_HYBRID, HM_F_INSULATION_RESISTANCE,
	    0), 5000000);
}
END_TEST

START_TEST(the_first_register_that_has_a_value_gives_it)
{
	put(45, 5);
	ck_assert(has(HM_SCOPE_BATTERY, HM_F_SIGNED_POWER));
	put(1915, 7);
	put(51, 5880);
	ck_assert_int_eq(units(HM_SCOPE_BATTERY, HM_F_SIGNED_POWER, 0), 5880);
	put(30010, 33856);
	ck_assert_int_eq(units(HM_SCOPE_BATTERY, HM_F_SIGNED_POWER, 0), 33856);
	put(180, 49);
	put(1909, 101);
	ck_assert_int_eq(units(HM_SCOPE_BATTERY, HM_F_SOC, 0), 0); /* 30020 */
	put(30020, 0x2490);
	ck_assert_int_eq(units(HM_SCOPE_BATTERY, HM_F_SOC, 0), 49);
}
END_TEST

START_TEST(phases_add_up_if_all_are_known)
{
	put(74, -115);
	put(75, -667);
	put(76, -79);
	ck_assert_int_eq(units(HM_SCOPE_INVERTER, HM_F_ACTIVE_POWER, 0),
	    -8610);
	put(62, 0xffff); /* spoilt: -1 is no power of a phase */
	put(75, -1);
	ck_assert(!has(HM_SCOPE_INVERTER, HM_F_ACTIVE_POWER));
}
END_TEST

START_TEST(zeros_that_were_not_measured_are_none)
{
	put(1904, 1);
	ck_assert(!has(HM_SCOPE_BATTERY, HM_F_SOH));
	ck_assert(!has(HM_SCOPE_GRID, HM_F_FREQUENCY));
	ck_assert(!has(HM_SCOPE_BATTERY, HM_F_VOLTAGE_LIMIT_HIGH));
	ck_assert(has(HM_SCOPE_BATTERY, HM_F_SOC));
}
END_TEST

START_TEST(nothing_is_known_of_no_blocks)
{
	ck_assert_uint_eq(hm_g3_values(&words, value), 0);
}
END_TEST

/* It is in databases: a change makes another inverter of each. */
START_TEST(the_serial_number_of_a_name_never_changes)
{
	static const struct {
		const char *name, *serial;
	} cases[] = {
	    {"house", "f37b4e55c31b"},
	    {"192.168.1.51", "f392f3d6e36b"},
	    {"", "f3e484222325"},
	};
	char buf[HM_SERIAL_TEXT];
	struct hm_slice serial = hm_g3_serial(hm_text(cases[_i].name), buf);

	ck_assert_uint_eq(serial.n, 12);
	ck_assert_str_eq(serial.p, cases[_i].serial);
}
END_TEST

START_TEST(faults_have_texts)
{
	char text[HM_G3_FAULTS_TEXT] = "";

	hm_g3_faults_add(HM_F_SAFETY_FAULTS, 1 << 7 | 1 << 30, text);
	ck_assert_str_eq(text, "grid lost");
	hm_g3_faults_add(HM_F_POWER_FAULTS, 1 << 23, text);
	ck_assert_str_eq(text, "grid lost, backup output overloaded");
	hm_g3_faults_add(HM_F_SYSTEM_FAULTS, UINT32_MAX, text);
	ck_assert_str_eq(text, "grid lost, backup output overloaded");
}
END_TEST

START_TEST(the_texts_of_all_faults_fit)
{
	char text[HM_G3_FAULTS_TEXT] = "";

	hm_g3_faults_add(HM_F_BATTERY_FAULTS, UINT32_MAX, text);
	hm_g3_faults_add(HM_F_POWER_FAULTS, UINT32_MAX, text);
	hm_g3_faults_add(HM_F_SAFETY_FAULTS, UINT32_MAX, text);
	hm_g3_faults_add(HM_F_PERIPHERAL_FAULTS, UINT32_MAX, text);
	ck_assert_uint_lt(strlen(text), sizeof text - 1);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("g3");
	TCase *rows = tcase_create("map"), *found = tcase_create("values");
	TCase *texts = tcase_create("texts");

	tcase_add_loop_test(rows, a_row_of_the_map_fits_its_field, 0, ROWS);
	tcase_add_loop_test(rows, rows_of_one_value_stand_together, 0, ROWS);
	suite_add_tcase(suite, rows);
	tcase_add_checked_fixture(found, setup, NULL);
	tcase_add_test(found, numbers_are_in_units_of_their_fields);
	tcase_add_test(found, the_first_register_that_has_a_value_gives_it);
	tcase_add_test(found, phases_add_up_if_all_are_known);
	tcase_add_test(found, zeros_that_were_not_measured_are_none);
	tcase_add_test(found, nothing_is_known_of_no_blocks);
	suite_add_tcase(suite, found);
	tcase_add_loop_test(texts, the_serial_number_of_a_name_never_changes,
	    0, 3);
	tcase_add_test(texts, faults_have_texts);
	tcase_add_test(texts, the_texts_of_all_faults_fit);
	suite_add_tcase(suite, texts);
	return run_suite(suite);
}
