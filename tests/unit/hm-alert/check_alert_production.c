#include <check.h>
#include <string.h>

#include "alert_production.h"
#include "run_suite.h"

#define COUNT(table) (sizeof(table) / sizeof *(table))
#define MIN 60
#define HOUR 3600
#define DAY 86400
#define FIRST_DAY (INT64_C(20400) * DAY)
#define DAWN 8 /* light is from here to dusk, the brightest in between */
#define DUSK 16
#define PORTS_MAX 6
#define HALF 500
#define ABSENT (-1)

/* A plant without weather: each hour of light has its power. */
static struct hm_drop_peers peers;
static struct hm_drop_port port[PORTS_MAX];
static size_t ports;
static int64_t period;
/* Of each port, in thousandths: what it gives, before and from noon on. */
static int64_t share[PORTS_MAX][2];
static int64_t light; /* the same of all of them */

static void
start(size_t count)
{
	memset(&peers, 0, sizeof peers);
	memset(port, 0, sizeof port);
	ports = count;
	period = MIN;
	light = 1000;
	for (size_t i = 0; i < PORTS_MAX; i++)
		share[i][0] = share[i][1] = 1000;
}

static int64_t
power_at(size_t i, int64_t second)
{
	int64_t hour = second / HOUR, watts;

	if (share[i][hour >= 12] < 0)
		return ABSENT;
	if (hour < DAWN || hour >= DUSK)
		return 0;
	watts = hour < 12 ? 100 + (hour - DAWN) * 60 :
	    100 + (DUSK - 1 - hour) * 60;
	return watts * light * share[i][hour >= 12] / 1000;
}

static void
look(int64_t time)
{
	struct hm_drop_reading reading[PORTS_MAX];

	for (size_t i = 0; i < ports; i++) {
		int64_t power = power_at(i, time % DAY);

		reading[i] = (struct hm_drop_reading){&port[i],
		    power != ABSENT, power};
	}
	hm_drop_look(&peers, reading, ports, time, HALF);
}

/* From one time to another; the time at which a port was seen to lose. */
static int64_t
run(int64_t from, int64_t to, size_t watched)
{
	int64_t seen = -1;

	for (int64_t time = from; time < to; time += period) {
		look(time);
		if (seen < 0 && port[watched].dropped)
			seen = time;
	}
	return seen;
}

static int64_t
day(int64_t n)
{
	return FIRST_DAY + n * DAY;
}

/* Days on which nothing may be lost. */
static void
learn(int64_t days)
{
	for (int64_t n = 0; n < days; n++) {
		run(day(n), day(n + 1), 0);
		for (size_t i = 0; i < ports; i++)
			ck_assert_msg(!port[i].dropped, "input %zu", i);
	}
}

/* What is left of a port's power at 10:00 of a day, and what follows. */
static const struct {
	size_t ports;
	int64_t days, period, left;
	int64_t seen; /* seconds after that, or -1 */
} cases[] = {
    {2, HM_DROP_DAYS, MIN, 0, 30 * MIN},
    {2, HM_DROP_DAYS, MIN, 300, 30 * MIN},
    {2, HM_DROP_DAYS, MIN, 450, 30 * MIN},
    {2, HM_DROP_DAYS, MIN, 550, -1},
    {2, HM_DROP_DAYS, MIN, 1000, -1},
    {2, HM_DROP_DAYS, MIN, 3000, -1},
    {3, HM_DROP_DAYS, MIN, 0, 30 * MIN},
    {4, HM_DROP_DAYS, MIN, 300, 30 * MIN},
    {6, HM_DROP_DAYS, MIN, 300, 30 * MIN},
    /* Too little is known yet. */
    {2, HM_DROP_DAYS - 1, MIN, 0, -1},
    {2, 0, MIN, 0, -1},
    /* However often it is read, if that is not too seldom. */
    {2, HM_DROP_DAYS, 5, 300, 30 * MIN},
    {2, HM_DROP_DAYS, 7 * MIN + 30, 300, 30 * MIN},
    {2, HM_DROP_DAYS, 15 * MIN, 300, HOUR},
    {2, HM_DROP_DAYS, HOUR, 300, 4 * HOUR},
    {2, HM_DROP_DAYS, 2 * HOUR, 300, -1},
    /* One port has nothing beside it. */
    {1, HM_DROP_DAYS, MIN, 0, -1},
};

START_TEST(a_loss_is_seen)
{
	int64_t ten = day(cases[_i].days) + 10 * HOUR, seen;

	start(cases[_i].ports);
	period = cases[_i].period;
	learn(cases[_i].days);
	ck_assert_int_eq(run(day(cases[_i].days), ten, 0), -1);
	share[0][0] = share[0][1] = cases[_i].left;
	seen = run(ten, day(cases[_i].days + 1), 0);
	ck_assert_int_eq(seen < 0 ? -1 : seen - ten, cases[_i].seen);
	if (seen >= 0)
		ck_assert_int_eq(port[0].began, ten);
	if (seen >= 0 && seen < ten + HOUR) {
		ck_assert_int_ge(port[0].expected, 217 * 1000);
		ck_assert_int_le(port[0].expected, 223 * 1000);
		ck_assert_int_eq(port[0].given, 220 * cases[_i].left);
	}
	for (size_t i = 1; i < ports; i++)
		ck_assert(!port[i].dropped);
}
END_TEST

START_TEST(it_lasts_until_it_is_over)
{
	int64_t ten = day(3) + 10 * HOUR, eleven = day(5) + 11 * HOUR;

	start(2);
	learn(3);
	share[1][0] = share[1][1] = 100;
	run(ten, eleven, 1);
	ck_assert(port[1].dropped);
	/* Better, and not yet good. */
	share[1][0] = 500;
	run(eleven, eleven + 20 * MIN, 1);
	ck_assert(port[1].dropped);
	share[1][0] = share[1][1] = 1000;
	run(eleven + 20 * MIN, eleven + 30 * MIN, 1);
	ck_assert(port[1].dropped);
	run(eleven + 30 * MIN, eleven + 31 * MIN, 1);
	ck_assert(!port[1].dropped);
	ck_assert_int_eq(run(eleven + 31 * MIN, day(8), 1), -1);
}
END_TEST

START_TEST(what_dims_all_is_no_loss)
{
	static const int64_t lights[] = {900, 500, 300, 100, 20, 0, 3000};

	start(4);
	learn(3);
	for (int64_t n = 0; n < (int64_t)COUNT(lights); n++) {
		light = lights[n];
		run(day(3 + n), day(4 + n), 0);
		for (size_t i = 0; i < ports; i++)
			ck_assert(!port[i].dropped);
	}
}
END_TEST

/* Below 30 W nothing is judged, and nothing that is on ends. */
START_TEST(in_the_dark_nothing_is_told)
{
	start(2);
	light = 200; /* 20 to 56 W */
	learn(3);
	share[0][0] = share[0][1] = 0;
	ck_assert_int_eq(run(day(3), day(3) + 9 * HOUR, 0), -1);
	ck_assert_int_eq(run(day(3) + 9 * HOUR, day(3) + 11 * HOUR, 0),
	    day(3) + 9 * HOUR + 30 * MIN);
	ck_assert(port[0].dropped);
	run(day(3) + 11 * HOUR, day(4) + 8 * HOUR, 0);
	ck_assert(port[0].dropped);
	share[0][0] = share[0][1] = 1000;
	run(day(4) + 8 * HOUR, day(4) + 9 * HOUR, 0);
	ck_assert(port[0].dropped);
	run(day(4) + 9 * HOUR, day(4) + 10 * HOUR, 0);
	ck_assert(!port[0].dropped);
}
END_TEST

/* One faces east, the others west. */
START_TEST(roofs_that_face_two_ways)
{
	static const int64_t ways[][2] = {{1000, 200}, {200, 1000},
	    {200, 1000}, {200, 1000}};

	start(4);
	memcpy(share, ways, sizeof ways);
	learn(10);
	/* A day under clouds makes them all the same. */
	for (size_t i = 0; i < ports; i++)
		share[i][0] = share[i][1] = 150;
	run(day(10), day(11), 0);
	for (size_t i = 0; i < ports; i++)
		ck_assert(!port[i].dropped);
	memcpy(share, ways, sizeof ways);
	share[1][0] = share[1][1] = 0;
	ck_assert_int_ge(run(day(11), day(12), 1), day(11));
	ck_assert(!port[0].dropped && !port[2].dropped &&
	    !port[3].dropped);
}
END_TEST

START_TEST(panels_of_two_sizes)
{
	start(3);
	share[0][0] = share[0][1] = 400;
	learn(3);
	share[0][0] = share[0][1] = 120;
	ck_assert_int_ge(run(day(3), day(4), 0), day(3));
	ck_assert(!port[1].dropped && !port[2].dropped);
}
END_TEST

/* A socket without a panel is no port, and no measure for others. */
START_TEST(sockets_without_a_panel)
{
	start(4);
	share[2][0] = share[2][1] = 0;
	share[3][0] = share[3][1] = 0;
	learn(5);
	share[0][0] = share[0][1] = 0;
	ck_assert_int_ge(run(day(5), day(6), 0), day(5));
	ck_assert(!port[1].dropped && !port[2].dropped &&
	    !port[3].dropped);
}
END_TEST

/* A shadow at the same time each day, and then one that is new. */
START_TEST(shadows_become_usual)
{
	int64_t n = 0, alarms = 0;

	start(4);
	for (; n < 20; n++) {
		share[0][1] = 200;
		alarms += run(day(n) + 12 * HOUR, day(n) + 14 * HOUR, 0) >= 0;
		share[0][1] = 1000;
		run(day(n) + 14 * HOUR, day(n + 1) + 12 * HOUR, 0);
	}
	ck_assert_int_eq(alarms, 0);
	for (; n < 30; n++) {
		share[0][0] = 200;
		alarms += run(day(n) + 9 * HOUR, day(n) + 10 * HOUR, 0) >= 0;
		share[0][0] = 1000;
		run(day(n) + 10 * HOUR, day(n + 1) + 9 * HOUR, 0);
		ck_assert(!port[0].dropped);
	}
	ck_assert_int_ge(alarms, 1);
	ck_assert_int_le(alarms, 4);
	share[0][0] = 0;
	ck_assert_int_ge(run(day(n) + 9 * HOUR, day(n) + 10 * HOUR, 0), 0);
}
END_TEST

/* Of two, one is no measure for the other when it is not there. */
START_TEST(who_is_not_there_says_nothing)
{
	start(2);
	learn(3);
	share[1][0] = share[1][1] = ABSENT;
	share[0][0] = share[0][1] = 100;
	ck_assert_int_eq(run(day(3), day(4), 0), -1);
	ck_assert_int_eq(run(day(4), day(5), 1), -1);
	/* Of five it may be one. */
	start(5);
	learn(3);
	share[1][0] = share[1][1] = ABSENT;
	share[0][0] = share[0][1] = 100;
	ck_assert_int_ge(run(day(3), day(4), 0), day(3));
	start(5);
	learn(3);
	share[1][0] = share[1][1] = ABSENT;
	share[2][0] = share[2][1] = ABSENT;
	share[0][0] = share[0][1] = 100;
	ck_assert_int_eq(run(day(3), day(4), 0), -1);
}
END_TEST

START_TEST(one_more_is_learnt_and_the_others_stay_known)
{
	start(2);
	learn(3);
	ports = 3;
	share[0][0] = share[0][1] = share[2][0] = share[2][1] = 300;
	ck_assert_int_ge(run(day(3), day(4), 0), day(3));
	ck_assert(!port[1].dropped && !port[2].dropped);
	share[0][0] = share[0][1] = 1000;
	run(day(4), day(7), 2);
	ck_assert(!port[2].dropped);
	share[2][0] = share[2][1] = 0;
	ck_assert_int_ge(run(day(7), day(8), 2), day(7));
}
END_TEST

/* By then, all that is known of the port is old. */
START_TEST(a_loss_of_months_can_end)
{
	start(3);
	learn(3);
	share[1][0] = share[1][1] = 0;
	run(day(3), day(3 + 3 * HM_DROP_FORGET), 1);
	ck_assert(port[1].dropped);
	share[1][0] = share[1][1] = 1000;
	run(day(3 + 3 * HM_DROP_FORGET), day(4 + 3 * HM_DROP_FORGET), 1);
	ck_assert(!port[1].dropped);
}
END_TEST

START_TEST(what_is_old_is_forgotten)
{
	int64_t later = 3 + HM_DROP_FORGET;

	start(2);
	learn(3);
	share[0][0] = share[0][1] = 0;
	ck_assert_int_eq(run(day(later), day(later + 1), 0), -1);
}
END_TEST

/* A short loss, over and over, with a good reading in between. */
START_TEST(a_row_is_broken)
{
	start(2);
	learn(3);
	for (int64_t time = day(3); time < day(4); time += MIN) {
		share[0][0] = share[0][1] =
		    time / MIN % 25 == 0 ? 1000 : 300;
		look(time);
		ck_assert(!port[0].dropped);
	}
}
END_TEST

START_TEST(any_clock)
{
	static const int64_t times[] = {0, 1, -1, INT64_MIN, INT64_MAX,
	    INT64_MAX - HOUR, 4102444800, 0, 253402300799, 5};

	start(2);
	learn(3);
	for (size_t i = 0; i < COUNT(times); i++) {
		share[0][0] = share[0][1] = 0;
		look(times[i]);
		ck_assert(!port[0].dropped);
	}
	/* Set back by a day, and what is known of tomorrow is not known. */
	start(2);
	learn(4);
	share[0][0] = share[0][1] = 0;
	ck_assert_int_eq(run(day(2), day(3), 0), -1);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("alert_drop");
	TCase *tc = tcase_create("alert_drop");

	tcase_add_loop_test(tc, a_loss_is_seen, 0, COUNT(cases));
	tcase_add_test(tc, it_lasts_until_it_is_over);
	tcase_add_test(tc, what_dims_all_is_no_loss);
	tcase_add_test(tc, in_the_dark_nothing_is_told);
	tcase_add_test(tc, roofs_that_face_two_ways);
	tcase_add_test(tc, panels_of_two_sizes);
	tcase_add_test(tc, sockets_without_a_panel);
	tcase_add_test(tc, shadows_become_usual);
	tcase_add_test(tc, who_is_not_there_says_nothing);
	tcase_add_test(tc, one_more_is_learnt_and_the_others_stay_known);
	tcase_add_test(tc, a_loss_of_months_can_end);
	tcase_add_test(tc, what_is_old_is_forgotten);
	tcase_add_test(tc, a_row_is_broken);
	tcase_add_test(tc, any_clock);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
