#ifndef HM_LIMIT_LAW_H
#define HM_LIMIT_LAW_H

#include <stdbool.h>
#include <stdint.h>

/*
 * The control law: which limit keeps the exchange with the grid at a target. It
 * reads no clock and knows no records: readings and times are arguments, times
 * in ms of any clock that does not go back, powers in W. A positive exchange is
 * import.
 */

struct hm_limit_rules {
	int64_t target;     /* import to aim at */
	int64_t hysteresis; /* this far off the target is good enough */
	int64_t step;       /* the most by which one order raises the limit */
	int64_t floor, ceiling; /* of all orders */
	int64_t safe;       /* while the meter is silent */
	int64_t rated;      /* orders are whole percent of it; 0: watts */
	int64_t interval_ms; /* least time between two orders */
	int64_t repeat_ms;  /* time after which an order is repeated */
	int64_t silence_ms; /* age from which a reading is none */
};

enum hm_limit_reason {
	HM_LIMIT_START,  /* the first order */
	HM_LIMIT_LOWER,
	HM_LIMIT_RAISE,
	HM_LIMIT_CLOUD,  /* lower: the sun, not the limit, bounds the power */
	HM_LIMIT_REPEAT,
	HM_LIMIT_SILENT, /* the safe value */
};

struct hm_limit_order {
	int64_t watts;
	enum hm_limit_reason reason;
};

#define HM_LIMIT_SLOTS 8

/* All zeros: nothing has been seen. The members are the law's own. */
struct hm_limit_law {
	bool started;
	int64_t started_at;

	bool ordered;       /* there was an order: */
	int64_t limit;      /* ... its watts */
	int64_t before;     /* ... those of the order before it */
	int64_t ordered_at;
	int64_t import_then; /* what the meter showed */
	bool judged;        /* whether a raise helped has been looked at */

	bool metered;
	int64_t import, metered_at;
	struct {
		int64_t number, least; /* least load of a part of the hold */
	} slot[HM_LIMIT_SLOTS];

	bool measured;      /* the power of the inverters was: */
	int64_t power, measured_at;
	int64_t deficit;    /* a little below a limit that binds them */
	bool shaded;        /* well below the limit */
	int64_t bound;      /* ... and the load by then, less the target */
	bool doubted;       /* a raise did not help */
	int64_t doubted_at;
	bool astray;        /* the inverters give more than the limit */
	bool away;          /* no order can reach the inverters */
};

/* The law starts: it has had no reading. Any reading starts it, too. */
void hm_limit_begin(struct hm_limit_law *law, int64_t now);

/* The exchange with the grid. */
void hm_limit_meter(struct hm_limit_law *law,
    const struct hm_limit_rules *rules, int64_t now, int64_t import);

/* The AC power of all inverters under the limit. */
void hm_limit_power(struct hm_limit_law *law,
    const struct hm_limit_rules *rules, int64_t now, int64_t power);

/* Whether the DTU can be reached. An order is repeated when it is back. */
void hm_limit_reach(struct hm_limit_law *law, bool reached);

/* The last order was not carried out. */
void hm_limit_failed(struct hm_limit_law *law);

/*
 * True if there is an order to give now, which then counts as given. Call it
 * after each reading, and when hm_limit_wait is over.
 */
bool hm_limit_decide(struct hm_limit_law *law,
    const struct hm_limit_rules *rules, int64_t now,
    struct hm_limit_order *order);

/* ms until hm_limit_decide may have an order without a reading before it. */
int64_t hm_limit_wait(const struct hm_limit_law *law,
    const struct hm_limit_rules *rules, int64_t now);

#endif
