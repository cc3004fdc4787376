#include "ha_device.h"

#include <check.h>
#include <stdio.h>

#include "run_suite.h"

static struct hm_ha_table *table;

static void
setup(void)
{
	table = hm_ha_table_new();
	ck_assert_ptr_nonnull(table);
}

static void
teardown(void)
{
	hm_ha_table_free(table);
}

static struct hm_slice
numbered(size_t n)
{
	static char text[24];

	return hm_slice(text, (size_t)snprintf(text, sizeof text, "%zu", n));
}

START_TEST(what_is_added_is_found)
{
	struct hm_ha_device *inverter = hm_ha_table_device(table,
	    HM_SCOPE_INVERTER, hm_text("1161"));
	struct hm_ha_group *first, *second;

	ck_assert_str_eq(inverter->serial, "1161");
	ck_assert_ptr_eq(hm_ha_table_find(table, HM_SCOPE_INVERTER,
	    hm_text("1161")), inverter);
	ck_assert_ptr_null(hm_ha_table_find(table, HM_SCOPE_METER,
	    hm_text("1161")));
	ck_assert_ptr_null(hm_ha_table_find(table, HM_SCOPE_INVERTER,
	    hm_text("116")));
	ck_assert_ptr_ne(hm_ha_table_device(table, HM_SCOPE_METER,
	    hm_text("1161")), inverter);
	first = hm_ha_table_group(table, inverter, HM_HA_PORT, 1);
	second = hm_ha_table_group(table, inverter, HM_HA_PORT, 2);
	ck_assert_ptr_ne(first, second);
	ck_assert_ptr_eq(hm_ha_device_group(inverter, HM_HA_PORT, 1), first);
	ck_assert_ptr_eq(hm_ha_table_group(table, inverter, HM_HA_PORT, 2),
	    second);
	ck_assert_ptr_null(hm_ha_device_group(inverter, HM_HA_MAIN, 0));
}
END_TEST

START_TEST(tables_end)
{
	struct hm_ha_device *device;

	for (size_t i = 0; i < HM_HA_DTUS_MAX; i++)
		ck_assert_ptr_nonnull(hm_ha_table_dtu(table,
		    numbered(i)));
	ck_assert_ptr_null(hm_ha_table_dtu(table, hm_text("more")));
	ck_assert_ptr_nonnull(hm_ha_table_dtu(table, numbered(0)));
	for (size_t i = 0; i < HM_HA_DEVICES_MAX; i++)
		ck_assert_ptr_nonnull(hm_ha_table_device(table,
		    HM_SCOPE_INVERTER, numbered(i)));
	ck_assert_ptr_null(hm_ha_table_device(table, HM_SCOPE_INVERTER,
	    hm_text("more")));
	ck_assert_ptr_null(hm_ha_table_find(table, HM_SCOPE_INVERTER,
	    hm_text("more")));
	for (size_t i = 0; i < HM_HA_GROUPS_MAX; i++) {
		device = hm_ha_table_find(table, HM_SCOPE_INVERTER,
		    numbered(i / 3));
		ck_assert_ptr_nonnull(hm_ha_table_group(table, device,
		    HM_HA_PORT, (uint8_t)(i % 3)));
	}
	device = hm_ha_table_find(table, HM_SCOPE_INVERTER, numbered(0));
	ck_assert_ptr_null(hm_ha_table_group(table, device, HM_HA_MAIN, 0));
	ck_assert_ptr_nonnull(hm_ha_table_group(table, device, HM_HA_PORT,
	    2));
}
END_TEST

START_TEST(serials)
{
	static const char longest[] = "0123456789abcdefABCDEF_-zZ012345";

	ck_assert(hm_ha_serial_valid(hm_text("0")));
	ck_assert(hm_ha_serial_valid(hm_slice(longest, HM_HA_SERIAL_MAX)));
	ck_assert(!hm_ha_serial_valid(hm_slice(longest,
	    HM_HA_SERIAL_MAX + 1)));
	ck_assert(!hm_ha_serial_valid(hm_text("")));
	for (int c = 0; c < 256; c++) {
		char byte = (char)c;
		bool good = strchr("0123456789abcdefghijklmnopqrstuvwxyz"
		    "ABCDEFGHIJKLMNOPQRSTUVWXYZ_-", c) != NULL && c != 0;

		ck_assert_int_eq(hm_ha_serial_valid(hm_slice(&byte, 1)), good);
	}
}
END_TEST

static struct hm_ha_values
model_is(const char *model)
{
	struct hm_ha_values values = {0};

	values.of[HM_F_MODEL] = (struct hm_value){HM_STRING, hm_text(model)};
	return values;
}

START_TEST(info_knows_better)
{
	struct hm_ha_device *device = hm_ha_table_device(table,
	    HM_SCOPE_INVERTER, hm_text("1161"));
	struct hm_ha_values vague = model_is("HM-1000/1200/1500");
	struct hm_ha_values exact = model_is("HM-1500"), recalled = {0};
	struct hm_ha_values none = {0};
	struct hm_ha_values endless =
	    model_is("12345678901234567890123456789012");

	hm_ha_device_recall(device, &recalled);
	ck_assert_int_eq(recalled.of[HM_F_MODEL].kind, HM_ABSENT);
	hm_ha_device_learn(device, &vague, false);
	ck_assert_str_eq(device->known[HM_HA_MODEL].text,
	    "HM-1000/1200/1500");
	hm_ha_device_learn(device, &exact, true);
	hm_ha_device_learn(device, &vague, false);
	hm_ha_device_learn(device, &none, true);
	hm_ha_device_learn(device, &endless, true);
	ck_assert_str_eq(device->known[HM_HA_MODEL].text, "HM-1500");
	hm_ha_device_recall(device, &recalled);
	ck_assert(hm_slice_is(recalled.of[HM_F_MODEL].text, "HM-1500"));
}
END_TEST

START_TEST(fingerprint_follows_what_is_said)
{
	struct hm_ha_device *device = hm_ha_table_device(table,
	    HM_SCOPE_INVERTER, hm_text("1161"));
	struct hm_ha_dtu *dtu = hm_ha_table_dtu(table,
	    hm_text("roof"));
	struct hm_ha_values model = model_is("HM-1500"), signal = {0};
	uint64_t before, after;

	device->dtu = dtu;
	before = hm_ha_device_fingerprint(device);
	ck_assert(before == hm_ha_device_fingerprint(device));
	hm_ha_device_learn(device, &model, false);
	after = hm_ha_device_fingerprint(device);
	ck_assert(before != after);
	signal.of[HM_F_SIGNAL] = (struct hm_value){HM_NUMBER, hm_text("62")};
	hm_ha_device_learn(device, &signal, true);
	ck_assert(after == hm_ha_device_fingerprint(device));
	memcpy(dtu->serial, "1161", sizeof "1161");
	ck_assert(after == hm_ha_device_fingerprint(device));
	ck_assert_str_eq(hm_ha_device_via(device), "");
	memcpy(dtu->serial, "10f8", sizeof "10f8");
	ck_assert(after != hm_ha_device_fingerprint(device));
	ck_assert_str_eq(hm_ha_device_via(device), "10f8");
	memcpy(dtu->serial, "", sizeof "");
	device->dtu = hm_ha_table_dtu(table, hm_text("barn"));
	ck_assert(after != hm_ha_device_fingerprint(device));
}
END_TEST

START_TEST(energies_of_groups)
{
	struct hm_ha_device *device = hm_ha_table_device(table,
	    HM_SCOPE_INVERTER, hm_text("1161"));
	struct hm_ha_group *groups[2];
	struct hm_ha_energy *energy;

	for (uint8_t i = 0; i < 2; i++)
		groups[i] = hm_ha_table_group(table, device, HM_HA_PORT, i);
	energy = hm_ha_table_energy(table, groups[0], HM_F_TODAY_PRODUCTION);
	ck_assert_ptr_nonnull(energy);
	ck_assert_str_eq(energy->text, "");
	ck_assert_ptr_eq(hm_ha_table_energy(table, groups[0],
	    HM_F_TODAY_PRODUCTION), energy);
	ck_assert_ptr_ne(hm_ha_table_energy(table, groups[0],
	    HM_F_TOTAL_PRODUCTION), energy);
	ck_assert_ptr_ne(hm_ha_table_energy(table, groups[1],
	    HM_F_TODAY_PRODUCTION), energy);
	ck_assert_ptr_eq(groups[0]->energies, energy);
	ck_assert_ptr_eq(energy->next->next, NULL);
}
END_TEST

START_TEST(a_battery_is_behind_its_inverter)
{
	struct hm_ha_dtu *dtu = hm_ha_table_dtu(table, hm_text("house"));
	struct hm_ha_device *inverter = hm_ha_table_device(table,
	    HM_SCOPE_INVERTER, hm_text("2143"));
	struct hm_ha_device *battery = hm_ha_table_device(table,
	    HM_SCOPE_BATTERY, hm_text("2143"));
	char id[HM_HA_ID_MAX];
	uint64_t before;

	inverter->dtu = battery->dtu = dtu;
	memcpy(dtu->serial, "4301", sizeof "4301");
	ck_assert_ptr_ne(inverter, battery);
	hm_ha_device_id(inverter, id);
	ck_assert_str_eq(id, "2143");
	hm_ha_device_id(battery, id);
	ck_assert_str_eq(id, "2143_battery");
	ck_assert_str_eq(hm_ha_device_via(battery), "4301");
	before = hm_ha_device_fingerprint(battery);
	battery->inverter = inverter;
	ck_assert_str_eq(hm_ha_device_via(battery), "2143");
	ck_assert(before != hm_ha_device_fingerprint(battery));
}
END_TEST

START_TEST(ids_have_room)
{
	const struct hm_ha_device device = {
	    .kind = HM_SCOPE_EXTERNAL_PV,
	    .serial = "0123456789abcdef0123456789abcdef",
	};
	char id[HM_HA_ID_MAX];

	hm_ha_device_id(&device, id);
	ck_assert_str_eq(id, "0123456789abcdef0123456789abcdef_external_pv");
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("ha_device");
	TCase *tc = tcase_create("ha_device");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, what_is_added_is_found);
	tcase_add_test(tc, tables_end);
	tcase_add_test(tc, serials);
	tcase_add_test(tc, info_knows_better);
	tcase_add_test(tc, fingerprint_follows_what_is_said);
	tcase_add_test(tc, energies_of_groups);
	tcase_add_test(tc, a_battery_is_behind_its_inverter);
	tcase_add_test(tc, ids_have_room);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
