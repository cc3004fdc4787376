#include "record/device_map.h"

#include <check.h>
#include <stdalign.h>
#include <stdio.h>

#include "run_suite.h"

static struct hm_device_map map;

struct dtu {
	struct hm_dtu_key key;
	int mark;
};

struct device {
	struct hm_device_key key;
	int64_t mark;
	double mean;
};

struct port {
	struct hm_port_key key;
	int64_t mark;
};

static const struct hm_device_map_options sizes = {
    .dtu_size = sizeof(struct dtu),
    .device_size = sizeof(struct device),
    .port_size = sizeof(struct port),
};

static void
setup(void)
{
	hm_device_map_init(&map, &sizes);
}

static void
teardown(void)
{
	hm_device_map_clear(&map);
}

static struct dtu *
dtu_of(const char *name)
{
	return hm_device_map_dtu(&map, hm_text(name));
}

static struct device *
device_of(const char *dtu, const char *serial, int64_t number)
{
	return hm_device_map_device(&map, &dtu_of(dtu)->key, hm_text(serial),
	    number);
}

static struct port *
port_of(struct device *device, int64_t port)
{
	return hm_device_map_port(&map, &device->key, port);
}

START_TEST(is_empty_at_first)
{
	ck_assert_ptr_null(hm_device_map_first(&map));
	hm_device_map_clear(&map);
	ck_assert_ptr_null(hm_device_map_first(&map));
	ck_assert_uint_eq(map.entries, 0);
}
END_TEST

START_TEST(begins_with_zeros_and_keeps)
{
	struct device *device = device_of("roof", "116400000001", 0);
	struct port *port = port_of(device, 2);

	ck_assert_int_eq(device->mark, 0);
	ck_assert(device->mean == 0.0);
	ck_assert_uint_eq((uintptr_t)device % alignof(double), 0);
	ck_assert_int_eq(port->mark, 0);
	ck_assert_int_eq(port->key.port, 2);
	device->mark = 7;
	port->mark = 8;
	dtu_of("roof")->mark = 9;
	ck_assert_ptr_eq(device_of("roof", "116400000001", 0), device);
	ck_assert_ptr_eq(port_of(device, 2), port);
	ck_assert_ptr_eq(hm_device_find_port(&device->key, 2), port);
	ck_assert_ptr_null(hm_device_find_port(&device->key, 1));
	ck_assert_int_eq(dtu_of("roof")->mark, 9);
	ck_assert_uint_eq(map.entries, 3);
}
END_TEST

/* One that differs in anything is another. */
START_TEST(tells_entries_apart)
{
	static const struct {
		const char *dtu, *serial;
		int64_t number, port;
	} keys[] = {
	    {"a", "b", 0, 1}, {"a", "b", 0, 2}, {"a", "b", 0, -1},
	    {"a", "b", 1, 1}, {"b", "b", 0, 1}, {"a", "a", 0, 1},
	    {"ab", "", 0, 1}, {"", "ab", 0, 1}, {"", "", 0, 1},
	    {"", "", 0, 0}, {"A", "b", 0, 1}, {"a", "b", 0, INT64_MAX},
	    {"a", "b", INT64_MIN, 1}, {"a", "b", INT64_MAX, 1},
	};
	size_t n = sizeof keys / sizeof *keys;

	for (size_t i = 0; i < n; i++) {
		struct port *port = port_of(device_of(keys[i].dtu,
		    keys[i].serial, keys[i].number), keys[i].port);

		ck_assert_int_eq(port->mark, 0);
		port->mark = (int64_t)i + 1;
	}
	for (size_t i = 0; i < n; i++)
		ck_assert_int_eq(port_of(device_of(keys[i].dtu,
		    keys[i].serial, keys[i].number), keys[i].port)->mark,
		    (int64_t)i + 1);
}
END_TEST

START_TEST(copies_its_keys)
{
	char name[] = "ro\0f", serial[] = "s\0t";
	struct dtu *dtu = hm_device_map_dtu(&map, hm_slice(name, 4));
	struct device *device = hm_device_map_device(&map, &dtu->key,
	    hm_slice(serial, 3), 4);

	memset(name, 'x', 4);
	memset(serial, 'x', 3);
	ck_assert(hm_slice_equal(dtu->key.name, hm_slice("ro\0f", 4)));
	ck_assert(hm_slice_equal(hm_device_serial(&device->key),
	    hm_slice("s\0t", 3)));
	ck_assert_int_eq(device->key.number, 4);
	ck_assert_ptr_eq(device->key.dtu, &dtu->key);
}
END_TEST

/* Over every growth: addresses stay, and so does the order. */
START_TEST(holds_many_in_their_order)
{
	static struct port *at[100][100][2];
	const struct dtu *dtu;
	char name[20], serial[20];

	for (int64_t i = 0; i < 20000; i++) {
		snprintf(name, sizeof name, "%d", (int)(i / 200));
		snprintf(serial, sizeof serial, "%d", (int)(i / 2 % 100));
		at[i / 200][i / 2 % 100][i % 2] = port_of(device_of(name,
		    serial, 0), i % 2);
	}
	ck_assert_uint_eq(map.entries, 100 + 100 * 100 * 3);
	dtu = hm_device_map_first(&map);
	for (int i = 99; i >= 0; i--, dtu = hm_dtu_next(&dtu->key)) {
		struct device *device = hm_dtu_first_device(&dtu->key);

		ck_assert_uint_eq(dtu->key.devices_count, 100);
		for (int j = 0; j < 100;
		     j++, device = hm_device_next(&device->key)) {
			struct port *port = hm_device_first_port(&device->key);

			ck_assert_uint_eq(device->key.ports_count, 2);
			ck_assert_ptr_eq(port, at[i][j][0]);
			port = hm_port_next(&port->key);
			ck_assert_ptr_eq(port, at[i][j][1]);
			ck_assert_ptr_null(hm_port_next(&port->key));
			ck_assert_ptr_eq(port_of(device, 1), port);
		}
		ck_assert_ptr_null(device);
	}
	ck_assert_ptr_null(dtu);
}
END_TEST

START_TEST(removes_ports)
{
	struct device *device = device_of("roof", "1", 0);
	struct port *port;

	for (int64_t i = 0; i < 6; i++)
		port_of(device, i)->mark = 1;
	for (int64_t i = 0; i < 6; i += 2) {
		port = hm_device_find_port(&device->key, i);
		hm_device_map_remove_port(&map, &device->key, &port->key);
	}
	ck_assert_uint_eq(device->key.ports_count, 3);
	ck_assert_uint_eq(map.entries, 5);
	for (int64_t i = 0; i < 6; i++) {
		port = hm_device_find_port(&device->key, i);
		ck_assert_int_eq(port != NULL, i % 2);
	}
	ck_assert_int_eq(port_of(device, 4)->mark, 0);
}
END_TEST

START_TEST(ends_at_its_bounds)
{
	const struct hm_device_map_options bounded = {
	    .entries_max = 6, .devices_max = 2, .ports_max = 2};
	struct hm_dtu_key *dtu;
	struct hm_device_key *device;

	hm_device_map_init(&map, &bounded);
	dtu = hm_device_map_dtu(&map, hm_text("roof"));
	device = hm_device_map_device(&map, dtu, hm_text("1"), 0);
	ck_assert_ptr_nonnull(hm_device_map_device(&map, dtu, hm_text("2"),
	    0));
	ck_assert_ptr_null(hm_device_map_device(&map, dtu, hm_text("3"), 0));
	ck_assert_ptr_nonnull(hm_device_map_port(&map, device, 1));
	ck_assert_ptr_nonnull(hm_device_map_port(&map, device, 2));
	ck_assert_ptr_null(hm_device_map_port(&map, device, 3));
	ck_assert_ptr_nonnull(hm_device_map_dtu(&map, hm_text("barn")));
	ck_assert_uint_eq(map.entries, 6);
	ck_assert_ptr_null(hm_device_map_dtu(&map, hm_text("shed")));
	/* What is there is found all the same. */
	ck_assert_ptr_eq(hm_device_map_dtu(&map, hm_text("roof")), dtu);
	ck_assert_ptr_eq(hm_device_map_device(&map, dtu, hm_text("1"), 0),
	    device);
	hm_device_map_remove_port(&map, device, hm_device_find_port(device,
	    1));
	ck_assert_ptr_nonnull(hm_device_map_dtu(&map, hm_text("shed")));
}
END_TEST

START_TEST(is_cleared_and_used_again)
{
	for (int round = 0; round < 3; round++) {
		for (int64_t i = 0; i < 100; i++) {
			ck_assert_int_eq(device_of("d", "", i)->mark, 0);
			device_of("d", "", i)->mark = 1;
		}
		hm_device_map_clear(&map);
		ck_assert_ptr_null(hm_device_map_first(&map));
		ck_assert_uint_eq(map.entries, 0);
	}
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("device_map");
	TCase *tcase = tcase_create("device_map");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, is_empty_at_first);
	tcase_add_test(tcase, begins_with_zeros_and_keeps);
	tcase_add_test(tcase, tells_entries_apart);
	tcase_add_test(tcase, copies_its_keys);
	tcase_add_test(tcase, holds_many_in_their_order);
	tcase_add_test(tcase, removes_ports);
	tcase_add_test(tcase, ends_at_its_bounds);
	tcase_add_test(tcase, is_cleared_and_used_again);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
