#include "paced_queue.h"

#include <check.h>
#include <time.h>

#include "base/clock.h"
#include "run_suite.h"

#define PIECE_MS 3 /* of the processor's time, and more */
#define WORKS 3

static struct ev_loop *loop;
static struct hm_paced_queue queue;
static struct hm_paced_work work[WORKS];
static unsigned runs[WORKS], turns, all;
static bool again; /* each piece adds itself when it has run */
static char order[16];

static void
setup(void)
{
	loop = ev_loop_new(EVFLAG_AUTO);
	ck_assert_ptr_nonnull(loop);
	hm_paced_queue_init(&queue, loop);
}

static void
teardown(void)
{
	ev_loop_destroy(loop);
}

static void
use_processor(void)
{
	clock_t end = clock() + PIECE_MS * CLOCKS_PER_SEC / 1000;

	while (clock() < end)
		;
}

static void
on_run(void *context)
{
	size_t i = (size_t)((struct hm_paced_work *)context - work);

	ck_assert(!work[i].waits);
	runs[i]++;
	if (all < sizeof order - 1)
		order[all++] = (char)('a' + i);
	use_processor();
	if (again)
		hm_paced_queue_add(&queue, &work[i]);
}

static void
add_all(void)
{
	for (size_t i = 0; i < WORKS; i++) {
		work[i].run = on_run;
		work[i].context = &work[i];
		hm_paced_queue_add(&queue, &work[i]);
		ck_assert(work[i].waits);
	}
}

static void
on_turn(struct ev_loop *l, ev_prepare *prepare, int events)
{
	unsigned *most = prepare->data;
	static unsigned before;

	(void)l;
	(void)events;
	if (all - before > *most)
		*most = all - before;
	before = all;
	turns++;
}

START_TEST(works_run_in_order_one_in_a_turn)
{
	unsigned most = 0;
	ev_prepare prepare;

	ev_prepare_init(&prepare, on_turn);
	prepare.data = &most;
	ev_prepare_start(loop, &prepare);
	ev_unref(loop);
	add_all();
	hm_paced_queue_add(&queue, &work[0]);
	ev_run(loop, 0);
	ck_assert_str_eq(order, "abc");
	ck_assert_uint_eq(most, 1);
	ck_assert_uint_ge(turns, 3);
	ev_ref(loop);
	ev_prepare_stop(loop, &prepare);
}
END_TEST

/* A loaded machine takes longer until each has run. */
static void
on_end(struct ev_loop *l, ev_timer *timer, int events)
{
	(void)events;
	if (runs[WORKS - 1] == 0)
		ev_timer_again(l, timer);
	else
		ev_break(l, EVBREAK_ALL);
}

START_TEST(works_leave_most_of_the_time_to_others)
{
	int64_t began = hm_monotonic_ms();
	ev_timer end;
	unsigned sum;

	again = true;
	ev_timer_init(&end, on_end, 0.3, 0.3);
	ev_timer_start(loop, &end);
	add_all();
	ev_run(loop, 0);
	ev_timer_stop(loop, &end);
	sum = runs[0] + runs[1] + runs[2];
	ck_assert_int_le(sum, (hm_monotonic_ms() - began) / (4 * PIECE_MS) + 1);
	ck_assert_uint_le(runs[0] - runs[2], 1);
}
END_TEST

START_TEST(work_that_is_removed_does_not_run)
{
	add_all();
	hm_paced_queue_remove(&queue, &work[1]);
	hm_paced_queue_remove(&queue, &work[1]);
	ck_assert(!work[1].waits);
	ev_run(loop, 0);
	ck_assert_str_eq(order, "ac");
	add_all();
	for (size_t i = 0; i < WORKS; i++)
		hm_paced_queue_remove(&queue, &work[i]);
	/* Nothing is left to wait for. */
	ck_assert(!ev_run(loop, 0));
	ck_assert_str_eq(order, "ac");
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("paced_queue");
	TCase *works = tcase_create("works");

	tcase_add_checked_fixture(works, setup, teardown);
	suite_add_tcase(suite, works);
	tcase_add_test(works, works_run_in_order_one_in_a_turn);
	tcase_add_test(works, works_leave_most_of_the_time_to_others);
	tcase_add_test(works, work_that_is_removed_does_not_run);
	return run_suite(suite);
}
