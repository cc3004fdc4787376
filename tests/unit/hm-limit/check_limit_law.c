#include <check.h>

#include "limit_law.h"
#include "run_suite.h"

#define COUNT(table) (sizeof(table) / sizeof *(table))

static const struct hm_limit_rules rules = {.target = 20, .hysteresis = 20,
    .step = 400, .floor = 40, .ceiling = 2000, .safe = 100,
    .interval_ms = 30000, .repeat_ms = 300000, .silence_ms = 120000};

/* What happens in a second, and the order that must follow. */
struct event {
	int64_t second;
	enum { METER, POWER, AWAY, BACK, FAILED, NOTHING } what;
	int64_t watts;
	int64_t order; /* 0: none */
	enum hm_limit_reason reason;
};

static void
play(const char *name, const struct hm_limit_rules *by,
    const struct event *event, size_t count)
{
	struct hm_limit_law law = {.started = true, .started_at = -30000};
	struct hm_limit_order order;

	for (size_t i = 0; i < count; i++, event++) {
		int64_t now = event->second * 1000;
		bool ordered;

		if (event->what == METER)
			hm_limit_meter(&law, by, now, event->watts);
		else if (event->what == POWER)
			hm_limit_power(&law, by, now, event->watts);
		else if (event->what == FAILED)
			hm_limit_failed(&law);
		else if (event->what != NOTHING)
			hm_limit_reach(&law, event->what == BACK);
		ordered = hm_limit_decide(&law, by, now, &order);
		ck_assert_msg(ordered == (event->order != 0), "%s %zu: %s",
		    name, i, ordered ? "an order" : "no order");
		ck_assert_msg(!ordered || (order.watts == event->order &&
		    order.reason == event->reason), "%s %zu: %lld W (%d)",
		    name, i, (long long)order.watts, (int)order.reason);
	}
}

static const struct event lowered[] = {
    {0, METER, -300, 0, 0},
    /* The inverters give 700 W; 380 W would be enough. */
    {5, POWER, 700, 380, HM_LIMIT_START},
    {15, METER, -310, 0, 0},
    {30, METER, 10, 0, 0},
    {36, METER, 25, 0, 0},
    {40, METER, 41, 0, 0}, /* not for long enough */
    {70, METER, 60, 0, 0},
    {71, METER, -80, 280, HM_LIMIT_LOWER},
    /* The next order has to wait. */
    {80, METER, -180, 0, 0},
    {100, METER, -180, 0, 0},
    {101, NOTHING, 0, 80, HM_LIMIT_LOWER},
    {131, METER, -900, 40, HM_LIMIT_LOWER},
    {170, METER, -900, 0, 0}, /* at the floor */
};

static const struct event raised[] = {
    {0, POWER, 500, 0, 0},
    {1, METER, 20, 500, HM_LIMIT_START},
    {25, METER, 700, 0, 0},
    {31, METER, 700, 0, 0},
    {40, METER, 700, 0, 0},
    /* By the least import of 45 s ... */
    {58, METER, 320, 800, HM_LIMIT_RAISE},
    {88, METER, 20, 0, 0},
    {95, METER, 500, 0, 0},
    {120, METER, 500, 0, 0},
    /* ... and by no more than a step. */
    {146, METER, 500, 1200, HM_LIMIT_RAISE},
};

static const struct event cloudy[] = {
    {0, POWER, 600, 0, 0},
    {1, METER, 20, 600, HM_LIMIT_START},
    /* A cloud takes 400 W: that the limit is higher is of no use. */
    {31, METER, 420, 0, 0},
    {40, POWER, 200, 0, 0},
    {41, METER, 420, 0, 0},
    {70, METER, 420, 0, 0},
    {71, METER, 420, 0, 0},
    /* Under it a kettle boils, and is off again. */
    {75, METER, 2420, 0, 0},
    {95, METER, 420, 0, 0},
    {100, POWER, 200, 0, 0},
    {130, METER, 420, 0, 0},
    {160, POWER, 200, 0, 0},
    /* The sun is back. */
    {161, METER, 20, 0, 0},
    {170, METER, 20, 0, 0},
};

/* The same by the meter alone: a raise is tried, and taken back. */
static const struct event blind[] = {
    {0, METER, 20, 0, 0},
    {89, METER, 20, 0, 0},
    {120, NOTHING, 0, 100, HM_LIMIT_START},
    {121, METER, 20, 0, 0},
    {145, METER, 420, 0, 0},
    {180, METER, 420, 500, HM_LIMIT_RAISE},
    {205, METER, 420, 0, 0},
    {210, METER, 420, 100, HM_LIMIT_CLOUD},
    {240, METER, 420, 0, 0},
    {509, METER, 420, 0, 0},
    /* Later it is tried again. */
    {510, METER, 420, 500, HM_LIMIT_RAISE},
    {535, METER, 20, 0, 0},
    {545, METER, 20, 0, 0},
};

static const struct event silent[] = {
    {0, POWER, 500, 0, 0},
    {1, METER, 20, 500, HM_LIMIT_START},
    {100, METER, 20, 0, 0},
    {219, NOTHING, 0, 0, 0},
    {220, NOTHING, 0, 100, HM_LIMIT_SILENT},
    {300, NOTHING, 0, 0, 0},
    {519, NOTHING, 0, 0, 0},
    {520, NOTHING, 0, 100, HM_LIMIT_SILENT},
    {521, METER, 420, 0, 0},
    {550, METER, 420, 500, HM_LIMIT_RAISE},
};

static const struct event away[] = {
    {0, POWER, 500, 0, 0},
    {1, METER, 20, 500, HM_LIMIT_START},
    {40, AWAY, 0, 0, 0},
    {41, METER, -480, 0, 0},
    /* Back, it may have forgotten its limit. */
    {80, BACK, 0, 40, HM_LIMIT_LOWER},
};

static const struct event asleep[] = {
    {0, POWER, 0, 0, 0},
    {1, METER, 300, 0, 0},
    {60, POWER, 0, 0, 0},
    {120, POWER, 3, 283, HM_LIMIT_START},
    {121, METER, 300, 0, 0},
    {180, POWER, 0, 0, 0},
    {181, METER, 300, 0, 0},
    {240, POWER, 5, 283, HM_LIMIT_REPEAT},
};

static const struct event astray[] = {
    {0, POWER, 500, 0, 0},
    {1, METER, 20, 500, HM_LIMIT_START},
    {30, METER, 20, 0, 0},
    {40, POWER, 540, 0, 0},
    /* The order was lost, or the inverters have forgotten it. */
    {70, POWER, 600, 500, HM_LIMIT_REPEAT},
    {71, METER, 20, 0, 0},
};

static const struct event failed[] = {
    {0, POWER, 500, 0, 0},
    {1, METER, 20, 500, HM_LIMIT_START},
    {40, METER, -180, 300, HM_LIMIT_LOWER},
    {42, FAILED, 0, 0, 0},
    {65, METER, -180, 0, 0},
    {70, NOTHING, 0, 300, HM_LIMIT_LOWER},
};

static const struct event repeated[] = {
    {0, POWER, 500, 0, 0},
    {1, METER, 20, 500, HM_LIMIT_START},
    {260, METER, 30, 0, 0},
    {300, METER, 30, 0, 0},
    {301, NOTHING, 0, 500, HM_LIMIT_REPEAT},
};

#define PLAY(events) play(#events, &rules, events, COUNT(events))

START_TEST(events)
{
	PLAY(lowered);
	PLAY(raised);
	PLAY(cloudy);
	PLAY(blind);
	PLAY(silent);
	PLAY(away);
	PLAY(asleep);
	PLAY(astray);
	PLAY(failed);
	PLAY(repeated);
}
END_TEST

static const struct {
	int64_t power, order; /* W */
} steps[] = {
    {800, 787}, {67, 45}, {68, 67}, {89, 67}, {90, 90}, {30, 45},
    {9000, 2250},
};

/* In whole percent of 2250 W, downwards, and at least 2 %. */
START_TEST(percent)
{
	struct hm_limit_rules by = rules;

	by.rated = by.ceiling = 2250;
	by.floor = 45;
	for (size_t i = 0; i < COUNT(steps); i++) {
		struct event event[] = {
		    {0, POWER, steps[i].power, 0, 0},
		    {0, METER, 20, steps[i].order, HM_LIMIT_START}};

		play("steps", &by, event, COUNT(event));
	}
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("limit_law");
	TCase *tc = tcase_create("limit_law");

	tcase_add_test(tc, events);
	tcase_add_test(tc, percent);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
