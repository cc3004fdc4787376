#include <check.h>

#include "order.h"
#include "run_suite.h"

#define COUNT(table) (sizeof(table) / sizeof *(table))

#define INVERTERS 2
#define NOW 1646929028

/* What was read, in 0.1 % and 0.1 W; -1 and 0 of `boot`: not known. */
struct seen {
	int64_t limit, temporary, power, alarms, boot;
	int on;
	size_t heard, producing;
	bool limits_differ;
};

struct row {
	enum hm_action action;
	enum hm_command_unit unit;
	int64_t amount;
	struct seen before, after;
	enum hm_result_state state;
	bool final;
	const char *error;
};

#define LIMIT HM_ACTION_LIMIT, HM_COMMAND_PERCENT
#define TEMPORARY HM_ACTION_LIMIT_TEMPORARY, HM_COMMAND_PERCENT
#define WATTS HM_ACTION_LIMIT_TEMPORARY, HM_COMMAND_WATTS
#define DO(what) HM_ACTION_##what, HM_COMMAND_NONE, 0
#define NOTHING {-1, -1, -1, -1, 0, -1, 0, 0, false}
#define SHOWS(limit) {limit, -1, -1, -1, 0, -1, 0, 0, false}
#define DIFFER {-1, -1, -1, -1, 0, -1, 0, 0, true}
#define TEMPORARILY(limit) {-1, limit, -1, -1, 0, -1, 0, 0, false}
#define SWITCHED(power, on) {-1, -1, power, -1, 0, on, INVERTERS, \
	(power) > 0 ? INVERTERS : 0, false}
#define GIVES(power) SWITCHED(power, -1)
#define PART(power, heard, producing) {-1, -1, power, -1, 0, -1, heard, \
	producing, false}
#define ALARMS(count) {-1, -1, -1, count, 0, -1, 0, 0, false}
#define BOOTED(at) {-1, -1, -1, -1, at, -1, 0, 0, false}
#define DONE HM_RESULT_DONE, true, NULL
#define OPEN HM_RESULT_UNKNOWN, false, "not_confirmed"
#define NEVER HM_RESULT_UNKNOWN, true, "no_readback"

static const struct row rows[] = {
    {LIMIT, 600, SHOWS(1000), SHOWS(600), DONE},
    {LIMIT, 600, SHOWS(1000), SHOWS(1000), OPEN},
    {LIMIT, 600, SHOWS(1000), SHOWS(601), OPEN},
    {LIMIT, 600, NOTHING, NOTHING, NEVER},
    /* A reply was lost. */
    {LIMIT, 600, SHOWS(1000), NOTHING, OPEN},
    {LIMIT, 600, SHOWS(1000), DIFFER, OPEN},
    {TEMPORARY, 600, NOTHING, TEMPORARILY(600), DONE},
    {TEMPORARY, 600, NOTHING, TEMPORARILY(1000), OPEN},
    /* The kept limit is no proof of a temporary one. */
    {TEMPORARY, 600, NOTHING, SHOWS(600), NEVER},
    {WATTS, 3000, GIVES(5000), GIVES(3000), DONE},
    {WATTS, 3000, GIVES(5000), GIVES(3200), DONE},
    {WATTS, 3000, GIVES(5000), GIVES(3201), OPEN},
    {WATTS, 3000, GIVES(5000), NOTHING, OPEN},
    {WATTS, 3000, GIVES(5000), PART(3000, 1, 1), OPEN},
    {WATTS, 3000, GIVES(3200), GIVES(2000), NEVER},
    {WATTS, 3000, GIVES(0), GIVES(0), NEVER},
    {WATTS, 3000, NOTHING, GIVES(2000), NEVER},
    {DO(TURN_OFF), GIVES(5000), GIVES(0), DONE},
    {DO(TURN_OFF), GIVES(5000), GIVES(1), OPEN},
    {DO(TURN_OFF), GIVES(5000), NOTHING, OPEN},
    {DO(TURN_OFF), GIVES(5000), PART(0, 1, 0), OPEN},
    {DO(TURN_OFF), GIVES(5000), SWITCHED(0, 0), DONE},
    {DO(TURN_OFF), GIVES(5000), SWITCHED(0, 1), OPEN},
    {DO(TURN_OFF), GIVES(0), GIVES(0), NEVER},
    {DO(TURN_OFF), NOTHING, GIVES(0), NEVER},
    {DO(TURN_ON), GIVES(0), GIVES(1), DONE},
    {DO(TURN_ON), GIVES(0), GIVES(0), OPEN},
    {DO(TURN_ON), GIVES(0), NOTHING, OPEN},
    {DO(TURN_ON), GIVES(0), PART(3000, 2, 1), OPEN},
    {DO(TURN_ON), GIVES(0), PART(3000, 1, 1), OPEN},
    {DO(TURN_ON), GIVES(0), SWITCHED(1, 0), OPEN},
    {DO(TURN_ON), GIVES(0), SWITCHED(0, 1), OPEN},
    {DO(RESTART_DTU), BOOTED(NOW), BOOTED(NOW + 5), DONE},
    {DO(RESTART_DTU), BOOTED(NOW), BOOTED(NOW + 4), OPEN},
    {DO(RESTART_DTU), BOOTED(NOW), BOOTED(NOW), OPEN},
    {DO(RESTART_DTU), BOOTED(NOW), BOOTED(0), OPEN},
    {DO(RESTART_DTU), BOOTED(0), BOOTED(NOW), OPEN},
    /* The clock of the DTU was set after its start. */
    {DO(RESTART_DTU), BOOTED(1000), BOOTED(NOW), OPEN},
    {DO(RESTART_DTU), BOOTED(NOW), BOOTED(UINT32_MAX), OPEN},
    {DO(RESTART_INVERTER), GIVES(5000), GIVES(0), NEVER},
    {DO(CLEAR_ALARMS), ALARMS(2), ALARMS(0), DONE},
    {DO(CLEAR_ALARMS), ALARMS(2), ALARMS(1), OPEN},
    {DO(CLEAR_ALARMS), ALARMS(2), NOTHING, OPEN},
};

static struct hm_order_seen
seen_of(const struct seen *s)
{
	return (struct hm_order_seen){.device = {.limit = s->limit,
	    .inverters = INVERTERS}, .heard = s->heard,
	    .producing = s->producing, .limits_differ = s->limits_differ,
	    .power = s->power, .temporary = s->temporary,
	    .alarms = s->alarms, .boot_time = s->boot, .on = s->on};
}

START_TEST(judgements)
{
	const struct row *row = &rows[_i];
	struct hm_order order = {.command = {.action = row->action,
	    .unit = row->unit, .amount = row->amount}};
	struct hm_order_seen before = seen_of(&row->before);
	struct hm_order_seen after = seen_of(&row->after);
	struct hm_order_judgement j;

	hm_order_judge(&order, &before, &after, &j);
	ck_assert_int_eq(j.result.state, row->state);
	ck_assert(j.final == row->final);
	ck_assert_str_ne(j.result.text, "");
	if (row->error == NULL)
		ck_assert_ptr_null(j.result.error);
	else
		ck_assert_str_eq(j.result.error, row->error);
	/* No DTU shows a limit in watts: it is the one that was ordered. */
	ck_assert_int_eq(j.result.watts, row->unit == HM_COMMAND_WATTS &&
	    row->state == HM_RESULT_DONE ? row->amount : -1);
}
END_TEST

START_TEST(what_was_seen)
{
	struct hm_order order = {.command = {.action = HM_ACTION_LIMIT,
	    .unit = HM_COMMAND_PERCENT, .amount = 600}};
	struct hm_order_seen before = seen_of(&(struct seen)SHOWS(1000));
	struct hm_order_seen after = seen_of(&(struct seen)SHOWS(955));
	struct hm_order_judgement j;

	hm_order_judge(&order, &before, &after, &j);
	ck_assert_int_eq(j.result.percent, 955);
	ck_assert_str_eq(j.result.text, "the DTU shows a limit of 95.5 %, "
	    "ordered were 60 %");
	order.command.action = HM_ACTION_TURN_OFF;
	before.power = 5000;
	after.power = 0;
	after.heard = INVERTERS;
	hm_order_judge(&order, &before, &after, &j);
	ck_assert_int_eq(j.result.on, 0);
	ck_assert_int_eq(j.result.percent, -1);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("order_judge");
	TCase *tc = tcase_create("order_judge");

	tcase_add_loop_test(tc, judgements, 0, (int)COUNT(rows));
	tcase_add_test(tc, what_was_seen);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
