#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/json_writer.h"
#include "config/dtu_list.h"
#include "config/settings.h"
#include "live/live.h"
#include "live/live_history.h"
#include "live/live_view.h"
#include "load.h"
#include "out/live_json.h"
#include "out/plant_json.h"
#include "out/system_json.h"
#include "run_suite.h"

#define DAY ((int64_t)24 * 3600 * 1000)
#define JSON ((size_t)32 * 1024 * 1024)
#define FEW ((size_t)2000)
#define MANY (4 * FEW)
#define ROUNDS 5

/* A plant of many DTUs: what is found in it, and in what time. */

static struct hm_live live;
static struct hm_live_options options;
static struct hm_dtus none;
static struct hm_moment now;
static struct hm_view view;

static void
begin(const struct hm_dtus *dtus)
{
	clear_environment();
	options = (struct hm_live_options){.dtus = dtus,
	    .query_period_ms = 60000, .offline_ms = 300000};
	now = (struct hm_moment){5000, INT64_C(1782036000000)};
	ck_assert(hm_live_init(&live, &options, &now));
	hm_view_init(&view, &live, &now);
}

static void
end(void)
{
	hm_live_free(&live);
}

static void
add(enum hm_scope scope, const char *dtu, const char *serial, int64_t port)
{
	size_t i = hm_live_find_device(&live, scope, hm_live_find_dtu(&live,
	    hm_text(dtu)), serial, port, &now);

	ck_assert_uint_ne(i, SIZE_MAX);
	snprintf(live.device[i].serial, sizeof live.device[i].serial, "%s",
	    serial);
	live.device[i].heard = now.steady;
}

/* The inputs of the inverter that is the nth. */
static const char *
ports_of(const struct hm_live *of, size_t n)
{
	static char text[64];
	const struct hm_live_device *d = NULL, *port = NULL;

	view.live = of;
	text[0] = '\0';
	for (size_t i = 0; i <= n; i++)
		d = hm_view_device(&view, HM_SCOPE_INVERTER, d);
	ck_assert_ptr_nonnull(d);
	while ((port = hm_view_port_of(&view, d, port)) != NULL)
		snprintf(text + strlen(text), sizeof text - strlen(text),
		    "%s/%lld ", port->serial, (long long)port->port);
	return text;
}

/* Devices of two DTUs come in any order, and one serial is in both. */
static void
add_mixed(void)
{
	add(HM_SCOPE_INVERTER, "roof", "1", 0);
	add(HM_SCOPE_PORT, "barn", "1", 1);
	add(HM_SCOPE_PORT, "roof", "2", 1);
	add(HM_SCOPE_PORT, "roof", "1", 2);
	add(HM_SCOPE_INVERTER, "roof", "2", 0);
	add(HM_SCOPE_DTU, "roof", "7", 0);
	add(HM_SCOPE_PORT, "roof", "1", 1);
	add(HM_SCOPE_INVERTER, "barn", "1", 0);
}

START_TEST(inputs_are_those_of_their_inverter)
{
	struct hm_live copy = {0};

	begin(&none);
	add_mixed();
	ck_assert_str_eq(ports_of(&live, 0), "1/2 1/1 ");
	ck_assert_str_eq(ports_of(&live, 1), "2/1 ");
	ck_assert_str_eq(ports_of(&live, 2), "1/1 ");
	ck_assert(hm_live_copy(&copy, &live));
	ck_assert_str_eq(ports_of(&copy, 0), "1/2 1/1 ");
	hm_live_free(&copy);
	view.live = &live;
	ck_assert_ptr_null(hm_view_device_of(&view,
	    hm_live_find_dtu(&live, hm_text("barn")), HM_SCOPE_DTU, NULL));
}
END_TEST

START_TEST(devices_that_are_forgotten_leave_the_others)
{
	begin(&none);
	add_mixed();
	now.steady += 2 * DAY;
	live.heard = now.steady;
	add(HM_SCOPE_INVERTER, "roof", "2", 0);
	add(HM_SCOPE_PORT, "roof", "2", 1);
	add(HM_SCOPE_INVERTER, "barn", "1", 0);
	hm_live_forget(&live);
	ck_assert_uint_eq(live.devices, 3);
	ck_assert_str_eq(ports_of(&live, 0), "2/1 ");
	ck_assert_str_eq(ports_of(&live, 1), "");
	add(HM_SCOPE_PORT, "barn", "1", 4);
	add(HM_SCOPE_PORT, "roof", "2", 3);
	ck_assert_str_eq(ports_of(&live, 0), "2/1 2/3 ");
	ck_assert_str_eq(ports_of(&live, 1), "1/4 ");
}
END_TEST

/* Time */

enum answer { SYSTEM, PLANT, INVERTERS };

static void
answer(enum answer which, struct hm_json *e)
{
	struct hm_live_history history = {.path = NULL};

	if (which == SYSTEM)
		hm_system_json(e, &view, &history, config);
	else if (which == PLANT)
		hm_plant_json(e, &view);
	else
		hm_live_json_inverters(e, &view);
}

/* The CPU time of an answer, the shortest of three, in us. */
static double
cost(enum answer which)
{
	char *buf = malloc(JSON);
	double best = 0;

	ck_assert_ptr_nonnull(buf);
	for (int i = 0; i < 3; i++) {
		clock_t began = clock();
		struct hm_json e;
		struct hm_slice json;
		double took;

		hm_json_start(&e, buf, JSON);
		answer(which, &e);
		ck_assert(hm_json_done(&e, &json));
		took = (double)(clock() - began) * 1e6 / CLOCKS_PER_SEC;
		if (i == 0 || took < best)
			best = took;
	}
	free(buf);
	return best;
}

static double
cost_of(enum answer which, size_t count)
{
	struct hm_dtu *dtu = calloc(count, sizeof *dtu);
	char (*name)[16] = calloc(count, sizeof *name);
	const struct hm_dtus dtus = {dtu, count};
	char tool[] = "hm-metrics", *argv[] = {tool, NULL};
	double took;

	ck_assert_ptr_nonnull(dtu);
	ck_assert_ptr_nonnull(name);
	for (size_t i = 0; i < count; i++) {
		snprintf(name[i], sizeof *name, "%zu", i);
		dtu[i].name = name[i];
	}
	begin(&dtus);
	load_arguments(&hm_tools[HM_TOOL_METRICS], 1, argv, NULL);
	ck_assert_ptr_nonnull(config);
	for (size_t i = 0; i < count; i++) {
		add(HM_SCOPE_DTU, name[i], name[i], 0);
		add(HM_SCOPE_INVERTER, name[i], name[i], 0);
		add(HM_SCOPE_PORT, name[i], name[i], 1);
	}
	took = cost(which);
	free_config();
	hm_live_free(&live);
	free(dtu);
	free(name);
	return took;
}

static void
keep_less(double *best, double took)
{
	if (took < *best)
		*best = took;
}

/*
 * Not 16 times as much for 4 times as many. What other processes do to the
 * caches costs CPU time, too, but not in each round.
 */
START_TEST(answers_grow_as_the_plant)
{
	double few = cost_of((enum answer)_i, FEW);
	double many = cost_of((enum answer)_i, MANY);

	for (int i = 1; i < ROUNDS && many >= 9 * few; i++) {
		keep_less(&few, cost_of((enum answer)_i, FEW));
		keep_less(&many, cost_of((enum answer)_i, MANY));
	}
	ck_assert_msg(many < 9 * few, "%.0f us, and %.0f us", few, many);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("many_devices");
	TCase *tcase = tcase_create("many_devices");

	suite_add_tcase(suite, tcase);
	tcase_add_checked_fixture(tcase, NULL, end);
	tcase_add_test(tcase, inputs_are_those_of_their_inverter);
	tcase_add_test(tcase, devices_that_are_forgotten_leave_the_others);
	tcase_add_loop_test(tcase, answers_grow_as_the_plant, SYSTEM,
	    INVERTERS + 1);
	return run_suite(suite);
}
