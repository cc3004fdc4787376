#include "backlog.h"

#include <check.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "run_suite.h"

#define CHUNK ((size_t)64 * 1024)
#define MEGABYTE ((size_t)1024 * 1024)
#define LARGEST ((size_t)300 * 1024)
#define PATIENCE 20000 /* more than any test takes, in ms */

static struct hm_backlog *backlog;

static void
setup(void)
{
	backlog = hm_backlog_new(4 * MEGABYTE);
	ck_assert_ptr_nonnull(backlog);
}

static void
teardown(void)
{
	hm_backlog_free(backlog);
}

static void
set_up_again(size_t bytes)
{
	hm_backlog_free(backlog);
	backlog = hm_backlog_new(bytes);
	ck_assert_ptr_nonnull(backlog);
}

static void
pause_ms(int64_t ms)
{
	const struct timespec pause = {ms / 1000,
	    (long)(ms % 1000) * 1000000};

	nanosleep(&pause, NULL);
}

/* The row of a number: `n` bytes made from it. */
static struct hm_slice
row_of(uint64_t number, size_t n)
{
	static _Thread_local char bytes[LARGEST + sizeof number];

	for (size_t i = 0; i < n; i += sizeof number)
		memcpy(bytes + i, &number, sizeof number);
	return hm_slice(bytes, n);
}

static bool
put(uint64_t number, size_t n)
{
	return hm_backlog_put(backlog, row_of(number, n), 0);
}

static void
expect(struct hm_backlog_place *place, uint64_t number, size_t n)
{
	struct hm_slice row = hm_backlog_next(backlog, place);

	/* An assertion for each row takes longer than all the rest. */
	if (row.n != n || memcmp(row.p, row_of(number, n).p, n) != 0)
		ck_abort_msg("row %zu is another", (size_t)number);
}

static size_t
size_of(uint64_t number)
{
	return (size_t)(1 + number * 7919 % 2500);
}

START_TEST(keeps_order_over_chunks)
{
	struct hm_backlog_place place = {NULL, 0};

	for (uint64_t i = 0; i < 2000; i++)
		ck_assert(put(i, size_of(i)));
	ck_assert_uint_eq(hm_backlog_count(backlog), 2000);
	for (uint64_t i = 0; i < 2000; i++)
		expect(&place, i, size_of(i));
	/* Rows that were taken stay in memory until they are dropped. */
	place = (struct hm_backlog_place){NULL, 0};
	expect(&place, 0, size_of(0));
	hm_backlog_drop(backlog, 2000);
	ck_assert_uint_eq(hm_backlog_count(backlog), 0);
}
END_TEST

START_TEST(drops_in_the_middle)
{
	uint64_t first = 0, next = 0;

	for (size_t round = 1; round < 300; round++) {
		struct hm_backlog_place place = {NULL, 0};

		for (size_t i = 0; i < round % 40; i++, next++)
			ck_assert(put(next, size_of(next)));
		for (uint64_t i = first; i < next; i++)
			expect(&place, i, size_of(i));
		for (size_t i = round % 29; i > 0 && first < next; i--) {
			hm_backlog_drop(backlog, 1);
			first++;
		}
		ck_assert_uint_eq(hm_backlog_count(backlog), next - first);
	}
}
END_TEST

/* With any number of free bytes at the end of a chunk. */
START_TEST(fills_chunks_to_the_end)
{
	size_t first = CHUNK - 2 * sizeof(size_t) - (size_t)_i;
	struct hm_backlog_place place = {NULL, 0};

	ck_assert(put(1, 8));
	ck_assert(put(2, first - 8));
	ck_assert(put(3, 1));
	ck_assert(put(4, 5000));
	expect(&place, 1, 8);
	expect(&place, 2, first - 8);
	expect(&place, 3, 1);
	expect(&place, 4, 5000);
	hm_backlog_drop(backlog, 2);
	place = (struct hm_backlog_place){NULL, 0};
	expect(&place, 3, 1);
	expect(&place, 4, 5000);
	hm_backlog_drop(backlog, 2);
	ck_assert(put(5, first));
	place = (struct hm_backlog_place){NULL, 0};
	expect(&place, 5, first);
}
END_TEST

START_TEST(takes_rows_larger_than_a_chunk)
{
	static const size_t sizes[] = {10, 70000, CHUNK, CHUNK - 8, 3,
	    LARGEST, 10};

	for (int round = 0; round < 3; round++) {
		struct hm_backlog_place place = {NULL, 0};

		for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
			ck_assert(put(i, sizes[i]));
		for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
			expect(&place, i, sizes[i]);
		hm_backlog_drop(backlog, sizeof sizes / sizeof *sizes);
	}
}
END_TEST

static size_t
fill(size_t n)
{
	size_t count = 0;

	while (put(count, n))
		count++;
	return count;
}

START_TEST(is_bounded)
{
	size_t bytes = 4 * CHUNK, count;

	set_up_again(bytes);
	count = fill(1000);
	ck_assert_uint_le(count * 1008, bytes);
	ck_assert_uint_ge(count * 1008, bytes - 4 * 1008);
	ck_assert_uint_eq(hm_backlog_count(backlog), count);
	/* When a chunk is free there is room again, for as many rows. */
	hm_backlog_drop(backlog, count / 4 - 1);
	ck_assert(!put(0, 1000));
	hm_backlog_drop(backlog, 1);
	ck_assert_uint_eq(fill(1000), count / 4);
	hm_backlog_drop(backlog, count);
	ck_assert_uint_eq(fill(1000), count);
}
END_TEST

/* An empty backlog takes a row of any size, or it would never be stored. */
START_TEST(takes_any_row_when_empty)
{
	set_up_again(1);
	ck_assert(put(1, LARGEST));
	ck_assert(!put(2, 1));
	hm_backlog_drop(backlog, 1);
	ck_assert(put(2, 1));
}
END_TEST

/* Waiting for room */

START_TEST(waits_for_room_as_long_as_asked)
{
	int64_t began = hm_monotonic_ms();

	set_up_again(1);
	ck_assert(put(1, 70000));
	ck_assert(!hm_backlog_put(backlog, row_of(2, 10), 60));
	ck_assert_int_ge(hm_monotonic_ms() - began, 60);
	ck_assert_int_lt(hm_monotonic_ms() - began, 5000);
}
END_TEST

struct dropping {
	size_t rows;
	int64_t each_ms;
};

static void *
drop_slowly(void *context)
{
	const struct dropping *dropping = context;

	for (size_t i = 0; i < dropping->rows; i++) {
		pause_ms(dropping->each_ms);
		hm_backlog_drop(backlog, 1);
	}
	return NULL;
}

/* Longer than its timeout, as long as the other side makes progress. */
START_TEST(waits_while_the_other_side_makes_progress)
{
	struct dropping dropping = {.each_ms = 30};
	pthread_t other;

	set_up_again(CHUNK);
	dropping.rows = fill(6000);
	ck_assert_uint_eq(dropping.rows, 10);
	ck_assert_int_eq(pthread_create(&other, NULL, drop_slowly, &dropping),
	    0);
	ck_assert(hm_backlog_put(backlog, row_of(99, 6000), 200));
	pthread_join(other, NULL);
	ck_assert_uint_eq(hm_backlog_count(backlog), 1);
}
END_TEST

/* Waiting for rows */

START_TEST(waits_for_a_count)
{
	struct hm_backlog_state state;

	ck_assert(put(1, 10) && put(2, 10));
	state = hm_backlog_wait(backlog, 2, PATIENCE, -1);
	ck_assert_uint_eq(state.count, 2);
	ck_assert(!state.ended);
	ck_assert_int_gt(state.oldest, 0);
	ck_assert_int_le(state.oldest, hm_monotonic_ms());
}
END_TEST

START_TEST(waits_for_the_delay_of_the_first)
{
	int64_t began = hm_monotonic_ms();
	struct hm_backlog_state state;

	ck_assert(put(1, 10));
	state = hm_backlog_wait(backlog, 10, 80, -1);
	ck_assert_uint_eq(state.count, 1);
	ck_assert_int_ge(hm_monotonic_ms() - began, 80);
	ck_assert_int_lt(hm_monotonic_ms() - began, 5000);
}
END_TEST

START_TEST(waits_no_longer_than_the_bound)
{
	int64_t began = hm_monotonic_ms();
	struct hm_backlog_state state;

	state = hm_backlog_wait(backlog, 10, 0, 60);
	ck_assert_uint_eq(state.count, 0);
	ck_assert_int_eq(state.oldest, 0);
	ck_assert(put(1, 10));
	state = hm_backlog_wait(backlog, 10, INT64_MAX, 60);
	ck_assert_uint_eq(state.count, 1);
	ck_assert_int_ge(hm_monotonic_ms() - began, 120);
	state = hm_backlog_wait(backlog, 10, PATIENCE, 0);
	ck_assert_uint_eq(state.count, 1);
	ck_assert_int_lt(hm_monotonic_ms() - began, 5000);
}
END_TEST

START_TEST(does_not_wait_after_the_end)
{
	struct hm_backlog_state state;

	ck_assert(put(1, 10));
	hm_backlog_end(backlog);
	state = hm_backlog_wait(backlog, 10, PATIENCE, -1);
	ck_assert(state.ended);
	ck_assert_uint_eq(state.count, 1);
	hm_backlog_drop(backlog, 1);
	state = hm_backlog_wait(backlog, 10, PATIENCE, -1);
	ck_assert(state.ended);
	ck_assert_uint_eq(state.count, 0);
}
END_TEST

/*
 * A row that comes while a batch is written waits for its own delay. Otherwise
 * every following row would be written alone.
 */
START_TEST(delays_each_batch)
{
	struct hm_backlog_state state;
	int64_t began;

	ck_assert(put(1, 10));
	state = hm_backlog_wait(backlog, 10, 50, -1);
	ck_assert_uint_eq(state.count, 1);
	began = hm_monotonic_ms();
	ck_assert(put(2, 10));
	hm_backlog_drop(backlog, 1);
	state = hm_backlog_wait(backlog, 10, 50, -1);
	ck_assert_uint_eq(state.count, 1);
	ck_assert_int_ge(hm_monotonic_ms() - began, 50);
}
END_TEST

/* The rest of a batch has waited already. */
START_TEST(does_not_delay_the_rest_of_a_batch)
{
	int64_t began;

	ck_assert(put(1, 10) && put(2, 10));
	hm_backlog_wait(backlog, 10, 50, -1);
	hm_backlog_drop(backlog, 1);
	began = hm_monotonic_ms();
	hm_backlog_wait(backlog, 10, 50, 2000);
	ck_assert_int_lt(hm_monotonic_ms() - began, 2000);
}
END_TEST

static void *
end_later(void *context)
{
	(void)context;
	pause_ms(30);
	hm_backlog_end(backlog);
	return NULL;
}

static void *
put_later(void *context)
{
	const size_t *count = context;

	for (size_t i = 0; i < *count; i++) {
		pause_ms(10);
		put(i, 10);
	}
	return NULL;
}

START_TEST(is_woken_by_the_end)
{
	struct hm_backlog_state state;
	pthread_t other;

	ck_assert_int_eq(pthread_create(&other, NULL, end_later, NULL), 0);
	state = hm_backlog_wait(backlog, 1, PATIENCE, -1);
	pthread_join(other, NULL);
	ck_assert(state.ended);
}
END_TEST

START_TEST(is_woken_by_the_row_that_was_wanted)
{
	size_t count = 5;
	struct hm_backlog_state state;
	pthread_t other;

	ck_assert_int_eq(pthread_create(&other, NULL, put_later, &count), 0);
	state = hm_backlog_wait(backlog, count, PATIENCE, -1);
	ck_assert_uint_eq(state.count, count);
	pthread_join(other, NULL);
}
END_TEST

/* Both sides at once */

#define ROWS ((uint64_t)1000000)

static size_t
short_size_of(uint64_t number)
{
	return number % 50021 == 0 ? 100000 :
	    (size_t)(1 + number * 7919 % 97);
}

static void *
put_all(void *context)
{
	bool *good = context;

	for (uint64_t i = 0; i < ROWS && *good; i++)
		*good = hm_backlog_put(backlog, row_of(i, short_size_of(i)),
		    PATIENCE);
	hm_backlog_end(backlog);
	return NULL;
}

START_TEST(waits_for_released_rows)
{
	struct hm_backlog_state state;
	int64_t began = hm_monotonic_ms();

	hm_backlog_release(backlog);
	ck_assert(put(1, 10) && put(2, 10));
	hm_backlog_wait(backlog, 10, HM_BACKLOG_RELEASED, 60);
	ck_assert_int_ge(hm_monotonic_ms() - began, 60);
	hm_backlog_release(backlog);
	began = hm_monotonic_ms();
	ck_assert(put(3, 10));
	state = hm_backlog_wait(backlog, 10, HM_BACKLOG_RELEASED, PATIENCE);
	ck_assert_uint_eq(state.count, 3);
	hm_backlog_drop(backlog, 1);
	hm_backlog_wait(backlog, 10, HM_BACKLOG_RELEASED, PATIENCE);
	ck_assert_int_lt(hm_monotonic_ms() - began, 5000);
	hm_backlog_drop(backlog, 2);
	ck_assert(put(4, 10));
	began = hm_monotonic_ms();
	hm_backlog_wait(backlog, 10, HM_BACKLOG_RELEASED, 60);
	ck_assert_int_ge(hm_monotonic_ms() - began, 60);
	state = hm_backlog_wait(backlog, 1, HM_BACKLOG_RELEASED, PATIENCE);
	ck_assert_uint_eq(state.count, 1);
	ck_assert_int_lt(hm_monotonic_ms() - began, 5000);
}
END_TEST

static void *
put_and_release(void *context)
{
	pause_ms(50);
	*(bool *)context = put(1, 10);
	pause_ms(50);
	hm_backlog_release(backlog);
	return NULL;
}

START_TEST(is_woken_by_a_release)
{
	struct hm_backlog_state state;
	int64_t began = hm_monotonic_ms();
	bool good = false;
	pthread_t other;

	ck_assert_int_eq(pthread_create(&other, NULL, put_and_release, &good),
	    0);
	state = hm_backlog_wait(backlog, 10, HM_BACKLOG_RELEASED, PATIENCE);
	ck_assert_uint_eq(state.count, 1);
	ck_assert_int_ge(hm_monotonic_ms() - began, 100);
	ck_assert_int_lt(hm_monotonic_ms() - began, 5000);
	pthread_join(other, NULL);
	ck_assert(good);
}
END_TEST

START_TEST(releases_rows_for_which_there_is_no_room)
{
	uint64_t rows = 0;

	set_up_again(CHUNK);
	while (put(rows, 100))
		rows++;
	ck_assert_uint_eq(hm_backlog_wait(backlog, SIZE_MAX,
	    HM_BACKLOG_RELEASED, PATIENCE).count, rows);
}
END_TEST

/* Gathering */

static void *
put_each_ms(void *context)
{
	for (uint64_t i = 0; i < *(const uint64_t *)context; i++) {
		ck_assert(put(i, 10));
		pause_ms(1);
	}
	return NULL;
}

START_TEST(gathers_while_rows_come)
{
	uint64_t rows = 40;
	struct hm_backlog_state state;
	pthread_t other;

	ck_assert(put(0, 10));
	ck_assert_int_eq(pthread_create(&other, NULL, put_each_ms, &rows), 0);
	state = hm_backlog_gather(backlog, 30, PATIENCE);
	/* A busy machine may have made a pause. */
	ck_assert_uint_ge(state.count, 1);
	ck_assert_uint_le(state.count, 41);
	pthread_join(other, NULL);
	ck_assert_uint_eq(hm_backlog_gather(backlog, 41, PATIENCE).count, 41);
}
END_TEST

START_TEST(gathers_no_longer_than_needed)
{
	int64_t began = hm_monotonic_ms();

	ck_assert(put(1, 10) && put(2, 10));
	ck_assert_uint_eq(hm_backlog_gather(backlog, 2, PATIENCE).count, 2);
	/* No more rows come. */
	ck_assert_uint_eq(hm_backlog_gather(backlog, 3, PATIENCE).count, 2);
	hm_backlog_end(backlog);
	ck_assert(hm_backlog_gather(backlog, 3, PATIENCE).ended);
	ck_assert_int_lt(hm_monotonic_ms() - began, PATIENCE / 2);
}
END_TEST

START_TEST(gathers_for_a_bounded_time)
{
	uint64_t rows = 200;
	int64_t began = hm_monotonic_ms();
	pthread_t other;

	ck_assert_int_eq(pthread_create(&other, NULL, put_each_ms, &rows), 0);
	ck_assert_uint_lt(hm_backlog_gather(backlog, SIZE_MAX, 20).count, 200);
	ck_assert_int_lt(hm_monotonic_ms() - began, PATIENCE / 2);
	pthread_join(other, NULL);
}
END_TEST

/* Memory for many rows is used again, and can be freed. */
START_TEST(shrinks)
{
	for (int round = 0; round < 3; round++) {
		struct hm_backlog_place place = {NULL, 0};

		for (uint64_t i = 0; i < 50; i++)
			ck_assert(put(i, 30000));
		hm_backlog_drop(backlog, 45);
		if (round > 0)
			hm_backlog_shrink(backlog);
		for (uint64_t i = 50; i < 100; i++)
			ck_assert(put(i, 30000));
		for (uint64_t i = 45; i < 100; i++)
			expect(&place, i, 30000);
		hm_backlog_drop(backlog, 55);
	}
}
END_TEST

START_TEST(passes_a_million_rows_between_threads)
{
	struct hm_backlog_state state;
	uint64_t next = 0;
	bool good = true;
	pthread_t other;

	set_up_again(MEGABYTE);
	ck_assert_int_eq(pthread_create(&other, NULL, put_all, &good), 0);
	do {
		struct hm_backlog_place place = {NULL, 0};
		size_t count;

		state = hm_backlog_wait(backlog,
		    (size_t)(1 + next % 700), 5, -1);
		count = state.count - (state.ended ? 0 : state.count / 3);
		for (size_t i = 0; i < count; i++)
			expect(&place, next + i, short_size_of(next + i));
		hm_backlog_drop(backlog, count);
		next += count;
	} while (!state.ended || hm_backlog_count(backlog) > 0);
	pthread_join(other, NULL);
	ck_assert(good);
	ck_assert_uint_eq(next, ROWS);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("backlog");
	TCase *tcase = tcase_create("backlog");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, keeps_order_over_chunks);
	tcase_add_test(tcase, drops_in_the_middle);
	tcase_add_loop_test(tcase, fills_chunks_to_the_end, 0, 24);
	tcase_add_test(tcase, takes_rows_larger_than_a_chunk);
	tcase_add_test(tcase, is_bounded);
	tcase_add_test(tcase, takes_any_row_when_empty);
	tcase_add_test(tcase, waits_for_room_as_long_as_asked);
	tcase_add_test(tcase, waits_while_the_other_side_makes_progress);
	tcase_add_test(tcase, waits_for_a_count);
	tcase_add_test(tcase, waits_for_the_delay_of_the_first);
	tcase_add_test(tcase, waits_no_longer_than_the_bound);
	tcase_add_test(tcase, does_not_wait_after_the_end);
	tcase_add_test(tcase, delays_each_batch);
	tcase_add_test(tcase, does_not_delay_the_rest_of_a_batch);
	tcase_add_test(tcase, is_woken_by_the_end);
	tcase_add_test(tcase, is_woken_by_the_row_that_was_wanted);
	tcase_add_test(tcase, waits_for_released_rows);
	tcase_add_test(tcase, is_woken_by_a_release);
	tcase_add_test(tcase, releases_rows_for_which_there_is_no_room);
	tcase_add_test(tcase, gathers_while_rows_come);
	tcase_add_test(tcase, gathers_no_longer_than_needed);
	tcase_add_test(tcase, gathers_for_a_bounded_time);
	tcase_add_test(tcase, shrinks);
	tcase_add_test(tcase, passes_a_million_rows_between_threads);
	tcase_set_timeout(tcase, 60);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
