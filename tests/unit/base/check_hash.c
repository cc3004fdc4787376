#include "base/hash.h"

#include <check.h>
#include <string.h>

#include "run_suite.h"

#define MANY ((size_t)20000)

struct entry {
	struct hm_hash_item item;
	size_t number;
	bool in;
};

static struct hm_hash table;
static struct entry entries[MANY];

static void
setup(void)
{
	table = (struct hm_hash){0};
	for (size_t i = 0; i < MANY; i++)
		entries[i] = (struct entry){.number = i};
}

static void
teardown(void)
{
	hm_hash_free(&table);
}

static bool
has_number(const void *entry, const void *key)
{
	const struct entry *e = entry;
	const size_t *number = key;

	return e->number == *number;
}

static uint64_t
hash_of(size_t number)
{
	return hm_hash_bytes(HM_HASH_START, &number, sizeof number);
}

static struct entry *
find(size_t number)
{
	return hm_hash_find(&table, hash_of(number), has_number, &number);
}

static void
add(size_t number)
{
	ck_assert(hm_hash_add(&table, hash_of(number),
	    &entries[number].item));
	entries[number].in = true;
}

static void
take_out(size_t number)
{
	hm_hash_remove(&table, &entries[number].item);
	entries[number].in = false;
}

static void
check_all(void)
{
	size_t count = 0, visited = 0;

	for (size_t i = 0; i < MANY; i++) {
		ck_assert_ptr_eq(find(i), entries[i].in ? &entries[i] : NULL);
		count += entries[i].in;
	}
	ck_assert_uint_eq(table.count, count);
	for (struct entry *e = hm_hash_next(&table, NULL); e != NULL;
	     e = hm_hash_next(&table, &e->item)) {
		ck_assert(e->in);
		visited++;
	}
	ck_assert_uint_eq(visited, count);
}

/* The vectors of the authors of FNV-1a. */
START_TEST(is_fnv)
{
	ck_assert(hm_hash_bytes(HM_HASH_START, "", 0) == HM_HASH_START);
	ck_assert(hm_hash_bytes(HM_HASH_START, "a", 1) ==
	    UINT64_C(0xaf63dc4c8601ec8c));
	ck_assert(hm_hash_bytes(HM_HASH_START, "foobar", 6) ==
	    UINT64_C(0x85944171f73967e8));
	ck_assert(hm_hash_bytes(hm_hash_bytes(HM_HASH_START, "foo", 3), "bar",
	    3) == UINT64_C(0x85944171f73967e8));
}
END_TEST

START_TEST(is_empty_at_first)
{
	check_all();
	ck_assert_ptr_null(table.slot);
	hm_hash_clear(&table);
	ck_assert_ptr_null(find(0));
}
END_TEST

START_TEST(grows)
{
	for (size_t i = 0; i < MANY; i++) {
		ck_assert_ptr_null(find(i));
		add(i);
		ck_assert_ptr_eq(find(i), &entries[i]);
	}
	check_all();
	ck_assert_uint_ge(table.slots, MANY / 2);
	ck_assert_uint_lt(table.slots, MANY);
}
END_TEST

/* Entries come and go: the table stays as large as the most at one time. */
START_TEST(removes_under_load)
{
	for (size_t i = 0; i < 1000; i++)
		add(i);
	for (size_t i = 1000; i < MANY; i++) {
		take_out(i - 1000 + i % 7);
		add(i);
		if (i % 7 != 0) {
			add(i - 1000 + i % 7);
			take_out(i - 1000);
		}
		ck_assert_uint_eq(table.count, 1000);
	}
	check_all();
	ck_assert_uint_eq(table.slots, 512);
}
END_TEST

/* All in one slot, and even of one hash. */
START_TEST(bears_collisions)
{
	for (size_t i = 0; i < 200; i++)
		ck_assert(hm_hash_add(&table, i % 2 * 1024,
		    &entries[i].item));
	for (size_t i = 0; i < 200; i += 3)
		hm_hash_remove(&table, &entries[i].item);
	for (size_t i = 0; i < 200; i++) {
		ck_assert_ptr_eq(hm_hash_find(&table, i % 2 * 1024,
		    has_number, &i), i % 3 == 0 ? NULL : &entries[i]);
		ck_assert_ptr_null(hm_hash_find(&table, (i + 1) % 2 * 1024,
		    has_number, &i));
	}
}
END_TEST

START_TEST(keeps_its_slots_when_cleared)
{
	struct hm_hash_item **slot;

	for (size_t i = 0; i < 100; i++)
		add(i);
	slot = table.slot;
	for (size_t i = 0; i < 100; i++)
		entries[i].in = false;
	hm_hash_clear(&table);
	check_all();
	for (size_t i = 0; i < 100; i++)
		add(i);
	ck_assert_ptr_eq(table.slot, slot);
	check_all();
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("hash");
	TCase *tcase = tcase_create("hash");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, is_fnv);
	tcase_add_test(tcase, is_empty_at_first);
	tcase_add_test(tcase, grows);
	tcase_add_test(tcase, removes_under_load);
	tcase_add_test(tcase, bears_collisions);
	tcase_add_test(tcase, keeps_its_slots_when_cleared);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
