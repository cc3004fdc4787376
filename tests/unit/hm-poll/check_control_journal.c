#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "control_journal.h"
#include "run_suite.h"
#include "scratch.h"

#define NOW 1800000000
#define KEEP 65
#define TURNS 3000
#define SENT 25
#define YEAR (366 * 86400)

static const char *
file(void)
{
	return in_scratch("journal");
}

static struct hm_control_journal *
open_journal(void)
{
	struct hm_control_journal *j = hm_control_journal_open(file(), KEEP);

	ck_assert_ptr_nonnull(j);
	return j;
}

static struct hm_command
kept(const char *id, int64_t time)
{
	struct hm_command c = {.time = time, .has_action = true,
	    .action = HM_ACTION_LIMIT, .unit = HM_COMMAND_PERCENT,
	    .amount = 605};

	snprintf(c.id, sizeof c.id, "%s", id);
	snprintf(c.dtu, sizeof c.dtu, "roof");
	return c;
}

static struct hm_control_entry *
add(struct hm_control_journal *j, const char *id, int64_t now)
{
	struct hm_command c = kept(id, now);
	struct hm_control_entry *entry = hm_control_journal_add(j, &c, now);

	ck_assert_ptr_nonnull(entry);
	return entry;
}

static int64_t
kept_at(struct hm_control_journal *j, enum hm_control_kept kind)
{
	return hm_control_journal_past(j, "roof")->kept_at[kind];
}

/* A process that is killed after each step, and its successor. */
START_TEST(stages_outlive_the_process)
{
	static const enum hm_control_stage stages[] = {HM_CONTROL_WAITING,
	    HM_CONTROL_SENT, HM_CONTROL_ENDED, HM_CONTROL_ENDED};
	struct hm_result done = hm_result(HM_RESULT_DONE, "", "read back");

	done.percent = 605;
	done.on = 1;
	for (size_t steps = 0; steps < 4; steps++) {
		struct hm_control_journal *j;
		struct hm_control_entry *e;

		unlink(file());
		j = open_journal();
		e = add(j, "7", NOW);
		if (steps > 0)
			ck_assert(hm_control_journal_sent(j, e, NOW + 1));
		if (steps > 1)
			ck_assert(hm_control_journal_end(j, e, &done,
			    NOW + 2));
		if (steps > 2)
			ck_assert(hm_control_journal_delivered(j, e, NOW + 3));
		hm_control_journal_close(j);
		j = open_journal();
		e = hm_control_journal_find(j, "7");
		ck_assert_ptr_nonnull(e);
		ck_assert_int_eq(e->stage, stages[steps]);
		ck_assert_int_eq(e->command.amount, 605);
		ck_assert_int_eq(kept_at(j, HM_CONTROL_KEPT_LIMIT),
		    steps > 0 ? NOW + 1 : HM_CONTROL_NEVER);
		ck_assert_int_eq(hm_control_journal_past(j,
		    "roof")->kept_today, steps > 0);
		ck_assert(e->delivered == (steps > 2));
		if (steps > 1) {
			ck_assert_int_eq(e->result.state, HM_RESULT_DONE);
			ck_assert_int_eq(e->result.percent, 605);
			ck_assert_int_eq(e->result.on, 1);
			ck_assert_str_eq(e->result.text, "read back");
			ck_assert_int_eq(e->result_time, NOW + 2);
		}
		hm_control_journal_close(j);
	}
}
END_TEST

/* What a hybrid inverter is told, and what it shows. */
START_TEST(settings_outlive_the_process)
{
	struct hm_control_journal *j = open_journal();
	struct hm_command c = kept("7", NOW);
	struct hm_result done = hm_result(HM_RESULT_DONE, "", "read back");
	struct hm_control_entry *e;

	c.action = HM_ACTION_SET_MODE;
	c.unit = HM_COMMAND_NONE;
	hm_told_put(&c.told, HM_TOLD_MODE, 7);
	hm_told_put(&c.told, HM_TOLD_HOURS, HM_TOLD_HOURS_MAX);
	for (size_t i = 0; i < HM_TOLD_HOURS_MAX; i++)
		c.told.hours[i] = (struct hm_told_hours){.charge_from = 1439,
		    .charge_power = 100, .soc_max = (uint8_t)(90 + i)};
	hm_told_put(&done.told, HM_TOLD_MODE, 4);
	hm_told_put(&done.told, HM_TOLD_MAX_POWER, 285);
	e = hm_control_journal_add(j, &c, NOW);
	ck_assert_ptr_nonnull(e);
	ck_assert(hm_control_journal_sent(j, e, NOW));
	ck_assert(hm_control_journal_end(j, e, &done, NOW));
	hm_control_journal_close(j);
	j = open_journal();
	e = hm_control_journal_find(j, "7");
	ck_assert_ptr_nonnull(e);
	ck_assert(hm_told_is_same(&e->command.told, &c.told));
	ck_assert(hm_told_is_same(&e->result.told, &done.told));
	/* It is kept, as a limit is. */
	ck_assert_int_eq(hm_control_journal_past(j, "roof")->kept_today, 1);
	hm_control_journal_close(j);
}
END_TEST

START_TEST(one_process)
{
	struct hm_control_journal *j = open_journal();

	ck_assert_ptr_null(hm_control_journal_open(file(), KEEP));
	ck_assert_int_eq(errno, EWOULDBLOCK);
	hm_control_journal_close(j);
	hm_control_journal_close(open_journal());
}
END_TEST

/* Half a line at the end, as a crash leaves it. */
START_TEST(torn_line)
{
	struct hm_control_journal *j = open_journal();
	struct stat status;

	add(j, "first", NOW);
	add(j, "torn", NOW);
	hm_control_journal_close(j);
	ck_assert_int_eq(stat(file(), &status), 0);
	ck_assert_int_eq(truncate(file(), status.st_size - 9), 0);
	j = open_journal();
	ck_assert_ptr_nonnull(hm_control_journal_find(j, "first"));
	ck_assert_ptr_null(hm_control_journal_find(j, "torn"));
	add(j, "next", NOW);
	hm_control_journal_close(j);
	j = open_journal();
	ck_assert_ptr_nonnull(hm_control_journal_find(j, "next"));
	hm_control_journal_close(j);
}
END_TEST

/* The file is bounded; ids that are young and the day's count stay. */
START_TEST(rotation)
{
	struct hm_control_journal *j = open_journal();
	struct hm_result done = hm_result(HM_RESULT_DONE, NULL, NULL);
	off_t largest = 0;
	char id[32];
	int64_t *kept = hm_control_journal_past(j, "roof")->kept_at;

	kept[HM_CONTROL_KEPT_MODE] = NOW - 1;
	kept[HM_CONTROL_KEPT_SOC] = NOW - 2;
	for (int i = 0; i < TURNS; i++) {
		struct hm_control_entry *e;
		struct stat status;

		snprintf(id, sizeof id, "%d", i);
		e = add(j, id, NOW + i);
		if (i % SENT == 0)
			ck_assert(hm_control_journal_sent(j, e, NOW + i));
		ck_assert(hm_control_journal_end(j, e, &done, NOW + i));
		ck_assert(hm_control_journal_delivered(j, e, NOW + i));
		ck_assert_int_eq(stat(file(), &status), 0);
		largest = status.st_size > largest ? status.st_size : largest;
	}
	ck_assert_int_lt(largest, 1536 * 1024);
	hm_control_journal_close(j);
	j = open_journal();
	ck_assert_int_eq(hm_control_journal_past(j, "roof")->kept_today,
	    TURNS / SENT);
	ck_assert_int_eq(kept_at(j, HM_CONTROL_KEPT_LIMIT),
	    NOW + TURNS - SENT);
	ck_assert_int_eq(kept_at(j, HM_CONTROL_KEPT_MODE), NOW - 1);
	ck_assert_int_eq(kept_at(j, HM_CONTROL_KEPT_SOC), NOW - 2);
	ck_assert_int_eq(kept_at(j, HM_CONTROL_KEPT_EXPORT), HM_CONTROL_NEVER);
	for (int i = TURNS - KEEP; i < TURNS; i++) {
		snprintf(id, sizeof id, "%d", i);
		ck_assert_ptr_nonnull(hm_control_journal_find(j, id));
	}
	hm_control_journal_close(j);
}
END_TEST

/* Young ids are never forgotten: there is no room for more of them. */
START_TEST(too_many)
{
	struct hm_control_journal *j = open_journal();
	struct hm_result done = hm_result(HM_RESULT_DONE, NULL, NULL);
	struct hm_command c = kept("one more", NOW + KEEP);
	char id[32];

	for (int i = 0; i < HM_CONTROL_ENTRIES; i++) {
		struct hm_control_entry *e;

		snprintf(id, sizeof id, "%d", i);
		e = add(j, id, NOW);
		ck_assert(hm_control_journal_end(j, e, &done, NOW));
		ck_assert(hm_control_journal_delivered(j, e, NOW));
	}
	ck_assert_ptr_null(hm_control_journal_add(j, &c, NOW + KEEP));
	ck_assert_int_eq(errno, ENOBUFS);
	c.time = NOW + KEEP + 1;
	ck_assert_ptr_nonnull(hm_control_journal_add(j, &c, NOW + KEEP + 1));
	hm_control_journal_close(j);
}
END_TEST

/* Commands of next year fill it no longer than others. */
START_TEST(too_many_of_the_future)
{
	struct hm_control_journal *j = open_journal();
	struct hm_result refused = hm_result(HM_RESULT_REFUSED, "future", "");
	char id[32];

	for (int i = 0; i < HM_CONTROL_ENTRIES; i++) {
		struct hm_control_entry *e;

		snprintf(id, sizeof id, "%d", i);
		e = add(j, id, NOW + YEAR);
		ck_assert(hm_control_journal_end(j, e, &refused, NOW + i % 2));
		ck_assert(hm_control_journal_delivered(j, e, NOW));
	}
	add(j, "next", NOW + KEEP + 2);
	ck_assert_ptr_null(hm_control_journal_find(j, "0"));
	ck_assert_ptr_nonnull(hm_control_journal_find(j, "1"));
	hm_control_journal_close(j);
}
END_TEST

/* A limit of control_restore that may be lost is due again. */
START_TEST(a_limit_that_did_not_come_back)
{
	static const struct {
		enum hm_result_state state;
		const char *error;
		int64_t temporary_at;
	} rows[] = {
	    {HM_RESULT_DONE, "", HM_CONTROL_NEVER},
	    {HM_RESULT_UNKNOWN, "no_readback", HM_CONTROL_NEVER},
	    {HM_RESULT_UNKNOWN, "no_reply", NOW + 2},
	    {HM_RESULT_UNKNOWN, "interrupted", NOW + 2},
	    {HM_RESULT_REFUSED, "refused_by_dtu", NOW + 2},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct hm_control_journal *j;
		struct hm_control_entry *e;
		struct hm_command c = kept("back", NOW);
		struct hm_result result = hm_result(rows[i].state,
		    rows[i].error, "");

		unlink(file());
		j = open_journal();
		c.action = HM_ACTION_LIMIT_TEMPORARY;
		snprintf(c.from, sizeof c.from, HM_CONTROL_RESTORE);
		e = hm_control_journal_add(j, &c, NOW);
		ck_assert_ptr_nonnull(e);
		ck_assert(hm_control_journal_sent(j, e, NOW + 1));
		ck_assert(hm_control_journal_end(j, e, &result, NOW + 2));
		for (int turn = 0; turn < 2; turn++) {
			ck_assert_int_eq(hm_control_journal_past(j,
			    "roof")->temporary_at, rows[i].temporary_at);
			hm_control_journal_close(j);
			j = open_journal();
		}
		hm_control_journal_close(j);
	}
}
END_TEST

/* A file that cannot be written: nothing is taken for written. */
START_TEST(no_room_on_the_disk)
{
	ck_assert_ptr_null(hm_control_journal_open("/dev/full", KEEP));
	ck_assert_ptr_null(hm_control_journal_open("/nowhere/journal", KEEP));
	ck_assert_int_eq(errno, ENOENT);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("control_journal");
	TCase *tc = tcase_create("control_journal");

	tcase_set_timeout(tc, 120);
	tcase_add_checked_fixture(tc, make_scratch, remove_scratch);
	tcase_add_test(tc, stages_outlive_the_process);
	tcase_add_test(tc, settings_outlive_the_process);
	tcase_add_test(tc, one_process);
	tcase_add_test(tc, torn_line);
	tcase_add_test(tc, rotation);
	tcase_add_test(tc, too_many);
	tcase_add_test(tc, too_many_of_the_future);
	tcase_add_test(tc, a_limit_that_did_not_come_back);
	tcase_add_test(tc, no_room_on_the_disk);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
