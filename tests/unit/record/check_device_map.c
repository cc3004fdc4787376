#include "device_map.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

static struct hm_device_map devices;

struct about {
	int64_t number;
	double mean;
};

static void
setup(void)
{
	hm_device_map_start(&devices, sizeof(struct about));
}

static void
teardown(void)
{
	hm_device_map_clear(&devices);
}

static struct about *
get(size_t table, const char *dtu, const char *serial, int64_t port)
{
	const struct hm_device_key key = {table, hm_text(dtu),
	    hm_text(serial), port};
	struct about *about = hm_device_map_get(&devices, &key);

	ck_assert_ptr_nonnull(about);
	return about;
}

START_TEST(is_empty_at_first)
{
	ck_assert_ptr_null(hm_device_map_next(&devices, NULL));
	hm_device_map_clear(&devices);
	ck_assert_ptr_null(hm_device_map_next(&devices, NULL));
}
END_TEST

START_TEST(begins_with_zeros_and_keeps)
{
	struct about *about = get(1, "roof", "116400000001", 2);

	ck_assert_int_eq(about->number, 0);
	ck_assert(about->mean == 0.0);
	ck_assert_uint_eq((uintptr_t)about % _Alignof(max_align_t), 0);
	about->number = 7;
	about->mean = 0.5;
	ck_assert_ptr_eq(get(1, "roof", "116400000001", 2), about);
	ck_assert_int_eq(about->number, 7);
}
END_TEST

/* One that differs in anything is another. */
START_TEST(tells_devices_apart)
{
	static const struct {
		size_t table;
		const char *dtu, *serial;
		int64_t port;
	} keys[] = {
	    {0, "a", "b", 1}, {1, "a", "b", 1}, {0, "a", "b", 2},
	    {0, "a", "b", -1}, {0, "b", "b", 1}, {0, "a", "a", 1},
	    {0, "ab", "", 1}, {0, "", "ab", 1}, {0, "", "", 1},
	    {0, "", "", 0}, {0, "A", "b", 1}, {0, "a", "b", INT64_MAX},
	    {0, "a", "b", INT64_MIN},
	};
	size_t n = sizeof keys / sizeof *keys;

	for (size_t i = 0; i < n; i++)
		get(keys[i].table, keys[i].dtu, keys[i].serial,
		    keys[i].port)->number = (int64_t)i + 1;
	for (size_t i = 0; i < n; i++)
		ck_assert_int_eq(get(keys[i].table, keys[i].dtu,
		    keys[i].serial, keys[i].port)->number, (int64_t)i + 1);
}
END_TEST

START_TEST(copies_its_keys)
{
	char dtu[] = "roof", serial[] = "s\0t";
	const struct hm_device_key key = {2, hm_text(dtu),
	    hm_slice(serial, 3), 4};
	const struct hm_device_key *kept;

	ck_assert_ptr_nonnull(hm_device_map_get(&devices, &key));
	memset(dtu, 'x', strlen(dtu));
	memset(serial, 'x', 3);
	kept = hm_device_key(hm_device_map_next(&devices, NULL));
	ck_assert_uint_eq(kept->table, 2);
	ck_assert(hm_slice_is(kept->dtu, "roof"));
	ck_assert(hm_slice_equal(kept->serial, hm_slice("s\0t", 3)));
	ck_assert_int_eq(kept->port, 4);
}
END_TEST

/* Over every growth: addresses stay, and so does the order. */
START_TEST(holds_many_in_their_order)
{
	static struct about *at[10000];
	struct hm_device *device = NULL;
	char serial[20];

	for (int64_t i = 0; i < 10000; i++) {
		snprintf(serial, sizeof serial, "%d", (int)(i / 4 * 7919));
		at[i] = get(2, "roof", serial, i % 4);
		ck_assert_int_eq(at[i]->number, 0);
		at[i]->number = i + 1;
	}
	for (int64_t i = 0; i < 10000; i++) {
		snprintf(serial, sizeof serial, "%d", (int)(i / 4 * 7919));
		ck_assert_ptr_eq(get(2, "roof", serial, i % 4), at[i]);
	}
	for (int64_t i = 0; i < 10000; i++) {
		device = hm_device_map_next(&devices, device);
		ck_assert_ptr_nonnull(device);
		ck_assert_ptr_eq(hm_device_value(device), at[i]);
		ck_assert_int_eq(hm_device_key(device)->port, i % 4);
	}
	ck_assert_ptr_null(hm_device_map_next(&devices, device));
}
END_TEST

START_TEST(forgets_and_begins_anew)
{
	for (int round = 0; round < 3; round++) {
		for (int64_t i = 0; i < 100; i++) {
			ck_assert_int_eq(get(0, "d", "", i)->number, 0);
			get(0, "d", "", i)->number = 1;
		}
		hm_device_map_clear(&devices);
		ck_assert_ptr_null(hm_device_map_next(&devices, NULL));
	}
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("devices");
	TCase *tcase = tcase_create("devices");
	SRunner *sr;
	int failed;

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, is_empty_at_first);
	tcase_add_test(tcase, begins_with_zeros_and_keeps);
	tcase_add_test(tcase, tells_devices_apart);
	tcase_add_test(tcase, copies_its_keys);
	tcase_add_test(tcase, holds_many_in_their_order);
	tcase_add_test(tcase, forgets_and_begins_anew);
	suite_add_tcase(suite, tcase);
	sr = srunner_create(suite);
	srunner_set_tap(sr, "-");
	srunner_run_all(sr, CK_SILENT);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed > 0;
}
