#include <check.h>

#include "breaker.h"
#include "run_suite.h"

#define COUNT(table) (sizeof(table) / sizeof *(table))

/* The settings' defaults: 5 failures, 60 s, at most 300 s. */
static const struct hm_breaker_limits limits = {5, 60000, 300000};

enum event {
	ALLOWED, /* an attempt is asked for and allowed */
	HELD,    /* it is asked for and refused */
	GOOD,
	BAD,
	PUT_OFF, /* the attempt was not made after all */
};

struct step {
	int64_t now; /* s */
	enum event event;
	bool changed; /* by GOOD and BAD */
	enum hm_breaker_state state;
	int64_t failures;
	int64_t retry_at; /* s, while open */
};

/* Every transition, in the order in which a DTU goes away and comes back. */
static const struct step steps[] = {
    {0, ALLOWED, false, HM_BREAKER_CLOSED, 0, 0},
    {1, GOOD, false, HM_BREAKER_CLOSED, 0, 0},
    {60, ALLOWED, false, HM_BREAKER_CLOSED, 0, 0},
    {61, BAD, false, HM_BREAKER_CLOSED, 1, 0},
    {121, BAD, false, HM_BREAKER_CLOSED, 2, 0},
    {181, BAD, false, HM_BREAKER_CLOSED, 3, 0},
    {241, BAD, false, HM_BREAKER_CLOSED, 4, 0},
    /* A good poll in between resets the count. */
    {301, GOOD, false, HM_BREAKER_CLOSED, 0, 0},
    {361, BAD, false, HM_BREAKER_CLOSED, 1, 0},
    {421, BAD, false, HM_BREAKER_CLOSED, 2, 0},
    {481, BAD, false, HM_BREAKER_CLOSED, 3, 0},
    {541, BAD, false, HM_BREAKER_CLOSED, 4, 0},
    {600, ALLOWED, false, HM_BREAKER_CLOSED, 4, 0},
    {601, BAD, true, HM_BREAKER_OPEN, 5, 661},
    {601, HELD, false, HM_BREAKER_OPEN, 5, 661},
    {660, HELD, false, HM_BREAKER_OPEN, 5, 661},
    {661, ALLOWED, false, HM_BREAKER_HALF_OPEN, 5, 0},
    /* One probe, not two. */
    {662, HELD, false, HM_BREAKER_HALF_OPEN, 5, 0},
    {664, BAD, true, HM_BREAKER_OPEN, 6, 784},
    {783, HELD, false, HM_BREAKER_OPEN, 6, 784},
    {790, ALLOWED, false, HM_BREAKER_HALF_OPEN, 6, 0},
    {800, BAD, true, HM_BREAKER_OPEN, 7, 1040},
    {1040, ALLOWED, false, HM_BREAKER_HALF_OPEN, 7, 0},
    {1040, BAD, true, HM_BREAKER_OPEN, 8, 1340},
    {1340, ALLOWED, false, HM_BREAKER_HALF_OPEN, 8, 0},
    {1340, BAD, true, HM_BREAKER_OPEN, 9, 1640},
    {1640, ALLOWED, false, HM_BREAKER_HALF_OPEN, 9, 0},
    {1641, GOOD, true, HM_BREAKER_CLOSED, 0, 0},
    {1700, ALLOWED, false, HM_BREAKER_CLOSED, 0, 0},
    /* The next time it waits 60 s again. */
    {1701, BAD, false, HM_BREAKER_CLOSED, 1, 0},
    {1702, BAD, false, HM_BREAKER_CLOSED, 2, 0},
    {1703, BAD, false, HM_BREAKER_CLOSED, 3, 0},
    {1704, BAD, false, HM_BREAKER_CLOSED, 4, 0},
    {1705, BAD, true, HM_BREAKER_OPEN, 5, 1765},
    /* A probe that could not be made does not count. */
    {1765, ALLOWED, false, HM_BREAKER_HALF_OPEN, 5, 0},
    {1768, PUT_OFF, false, HM_BREAKER_OPEN, 5, 1828},
    {1827, HELD, false, HM_BREAKER_OPEN, 5, 1828},
    {1828, ALLOWED, false, HM_BREAKER_HALF_OPEN, 5, 0},
    {1829, GOOD, true, HM_BREAKER_CLOSED, 0, 0},
    {1830, PUT_OFF, false, HM_BREAKER_CLOSED, 0, 0},
};

static void
take(struct hm_breaker *b, const struct step *step)
{
	int64_t now = step->now * 1000;

	switch (step->event) {
	case ALLOWED:
	case HELD:
		ck_assert_int_eq(hm_breaker_allows(b, now),
		    step->event == ALLOWED);
		break;
	case GOOD:
		ck_assert_int_eq(hm_breaker_succeeded(b), step->changed);
		break;
	case BAD:
		ck_assert_int_eq(hm_breaker_failed(b, &limits, now),
		    step->changed);
		break;
	case PUT_OFF:
		hm_breaker_postpone(b, now);
		break;
	}
}

START_TEST(transitions)
{
	struct hm_breaker b = {0};

	for (size_t i = 0; i < COUNT(steps); i++) {
		const struct step *step = &steps[i];

		take(&b, step);
		ck_assert_msg(b.state == step->state, "step %zu: %s", i,
		    hm_breaker_state_name(b.state));
		ck_assert_int_eq(b.failures, step->failures);
		if (b.state == HM_BREAKER_OPEN)
			ck_assert_int_eq(b.retry_at, step->retry_at * 1000);
	}
}
END_TEST

static const struct {
	struct hm_breaker_limits limits;
	int64_t timeouts[5]; /* of the first five openings, ms */
} timeouts[] = {
    {{1, 60000, 300000}, {60000, 120000, 240000, 300000, 300000}},
    {{1, 1000, 1000}, {1000, 1000, 1000, 1000, 1000}},
    {{1, 600000, 300000}, {600000, 600000, 600000, 600000, 600000}},
    {{1, 1000, 3000}, {1000, 2000, 3000, 3000, 3000}},
    {{1, INT64_MAX / 2, INT64_MAX}, {INT64_MAX / 2, INT64_MAX - 1,
        INT64_MAX, INT64_MAX, INT64_MAX}},
};

START_TEST(doubles_up_to_its_maximum)
{
	struct hm_breaker b = {0};

	for (size_t i = 0; i < COUNT(timeouts[_i].timeouts); i++) {
		ck_assert(hm_breaker_failed(&b, &timeouts[_i].limits, 0));
		ck_assert_int_eq(b.retry_at, timeouts[_i].timeouts[i]);
		ck_assert(hm_breaker_allows(&b, b.retry_at));
	}
}
END_TEST

START_TEST(opens_at_its_threshold)
{
	const struct hm_breaker_limits own = {_i, 1000, 1000};
	struct hm_breaker b = {0};

	for (int i = 1; i < _i; i++)
		ck_assert(!hm_breaker_failed(&b, &own, 0));
	ck_assert(hm_breaker_failed(&b, &own, 0));
	ck_assert_int_eq(b.state, HM_BREAKER_OPEN);
}
END_TEST

START_TEST(has_names)
{
	ck_assert_str_eq(hm_breaker_state_name(HM_BREAKER_CLOSED), "closed");
	ck_assert_str_eq(hm_breaker_state_name(HM_BREAKER_OPEN), "open");
	ck_assert_str_eq(hm_breaker_state_name(HM_BREAKER_HALF_OPEN),
	    "half_open");
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("breaker");
	TCase *tcase = tcase_create("breaker");

	tcase_add_test(tcase, transitions);
	tcase_add_loop_test(tcase, doubles_up_to_its_maximum, 0,
	    COUNT(timeouts));
	tcase_add_loop_test(tcase, opens_at_its_threshold, 1, 10);
	tcase_add_test(tcase, has_names);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
