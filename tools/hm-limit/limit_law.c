#include "limit_law.h"

#include <stddef.h>

#define RETRY 10 /* intervals until a raise that did not help is tried again */
#define LOOK_MS 1000 /* time between two looks at what is overdue */
#define FRESH 6  /* intervals for which a reading of the inverters counts */

static int64_t
bounded(int64_t value, int64_t low, int64_t high)
{
	return value < low ? low : value > high ? high : value;
}

static int64_t
smaller(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

void
hm_limit_begin(struct hm_limit_law *law, int64_t now)
{
	if (!law->started)
		law->started_at = now;
	law->started = true;
}

/* A reading shows what an order has done from this time on. */
static int64_t
settled_at(const struct hm_limit_law *law, const struct hm_limit_rules *rules)
{
	return law->ordered ? law->ordered_at + rules->interval_ms * 2 / 3 :
	    law->started_at;
}

/* By how much inverters may miss a limit and still be bound by it. */
static int64_t
slack(const struct hm_limit_rules *rules, int64_t limit)
{
	return rules->hysteresis + limit / 20;
}

/*
 * The meter. A load has to hold for one and a half intervals before the limit
 * follows it upwards.
 */

/* Slots that were never filled have the number 0, which is too old. */
static int64_t
slot_number(const struct hm_limit_rules *rules, int64_t now)
{
	return now / (rules->interval_ms * 3 / 2 / (HM_LIMIT_SLOTS - 1)) +
	    HM_LIMIT_SLOTS;
}

/* The limit that the inverters keep at least: an order takes its time. */
static int64_t
in_force(const struct hm_limit_law *law, const struct hm_limit_rules *rules,
    int64_t now)
{
	return now < settled_at(law, rules) ?
	    smaller(law->before, law->limit) : law->limit;
}

void
hm_limit_meter(struct hm_limit_law *law, const struct hm_limit_rules *rules,
    int64_t now, int64_t import)
{
	int64_t number = slot_number(rules, now);
	size_t i = (size_t)(number % HM_LIMIT_SLOTS);
	int64_t load;

	hm_limit_begin(law, now);
	law->metered = true;
	law->metered_at = now;
	law->import = import;
	load = import + in_force(law, rules, now) - law->deficit;
	if (law->slot[i].number != number || load < law->slot[i].least)
		law->slot[i].least = load;
	law->slot[i].number = number;
}

/* The least load of the hold, if the limit binds the inverters. */
static int64_t
least_load(const struct hm_limit_law *law,
    const struct hm_limit_rules *rules, int64_t now)
{
	int64_t number = slot_number(rules, now);
	int64_t least = law->import + in_force(law, rules, now) -
	    law->deficit;

	for (int i = 0; i < HM_LIMIT_SLOTS; i++)
		if (law->slot[i].number > number - HM_LIMIT_SLOTS)
			least = smaller(least, law->slot[i].least);
	return least;
}

static bool
is_silent(const struct hm_limit_law *law, const struct hm_limit_rules *rules,
    int64_t now)
{
	return now - (law->metered ? law->metered_at : law->started_at) >=
	    rules->silence_ms;
}

/* The inverters */

void
hm_limit_power(struct hm_limit_law *law, const struct hm_limit_rules *rules,
    int64_t now, int64_t power)
{
	int64_t low = in_force(law, rules, now);
	int64_t high = law->before + law->limit - low;

	hm_limit_begin(law, now);
	if (law->measured && law->power == 0 && power > 0)
		law->astray = true;
	law->measured = true;
	law->power = power;
	law->measured_at = now;
	if (!law->ordered)
		return;
	if (now >= settled_at(law, rules)) {
		high = low;
		law->doubted = false;
		law->deficit = bounded(low - power, 0, slack(rules, low));
	}
	law->astray = law->astray || power > high + slack(rules, high);
	law->shaded = law->metered && power < low - slack(rules, low);
	law->bound = power + law->import - rules->target;
}

void
hm_limit_reach(struct hm_limit_law *law, bool reached)
{
	law->astray = law->astray || (law->away && reached);
	law->away = !reached;
}

void
hm_limit_failed(struct hm_limit_law *law)
{
	law->limit = law->before;
}

/* Orders */

static bool
is_fresh(const struct hm_limit_law *law, const struct hm_limit_rules *rules,
    int64_t now)
{
	return law->measured &&
	    now - law->measured_at < FRESH * rules->interval_ms;
}

/* Inverters without sun take no orders. */
static bool
is_asleep(const struct hm_limit_law *law, const struct hm_limit_rules *rules,
    int64_t now)
{
	return is_fresh(law, rules, now) && law->power == 0;
}

/* Whether a raise has had its time, and the import is still there. */
static bool
was_in_vain(const struct hm_limit_law *law, const struct hm_limit_rules *rules)
{
	int64_t raised = law->limit - law->before;

	return raised > 2 * rules->hysteresis &&
	    law->metered_at >= settled_at(law, rules) &&
	    law->measured_at < settled_at(law, rules) &&
	    law->import > law->import_then - raised / 2;
}

static struct hm_limit_order
first(const struct hm_limit_law *law, const struct hm_limit_rules *rules)
{
	if (!law->measured || !law->metered)
		return (struct hm_limit_order){rules->safe, HM_LIMIT_START};
	return (struct hm_limit_order){law->power + law->import -
	    rules->target, HM_LIMIT_START};
}

static struct hm_limit_order
lower(const struct hm_limit_law *law, int64_t excess)
{
	int64_t from = law->limit - law->deficit;

	if (law->shaded)
		from = law->power;
	if (law->astray && law->measured && law->power > law->limit)
		from = law->power;
	return (struct hm_limit_order){from + excess, HM_LIMIT_LOWER};
}

/* The limit that is wanted, not yet within floor and ceiling. */
static struct hm_limit_order
wanted(struct hm_limit_law *law, const struct hm_limit_rules *rules,
    int64_t now)
{
	int64_t excess = law->import - rules->target;
	int64_t most = least_load(law, rules, now) - rules->target;
	struct hm_limit_order order = {law->limit, HM_LIMIT_REPEAT};

	if (!law->ordered)
		return first(law, rules);
	if (law->metered_at < settled_at(law, rules))
		return order;
	if (excess < -rules->hysteresis) {
		law->doubted = false;
		return lower(law, excess);
	}
	if (law->shaded && is_fresh(law, rules, now)) {
		order.watts = smaller(law->bound, law->limit + rules->step);
		order.reason = order.watts < law->limit ? HM_LIMIT_CLOUD :
		    HM_LIMIT_RAISE;
		return order;
	}
	if (!law->judged && was_in_vain(law, rules)) {
		law->judged = true;
		law->doubted = true;
		law->doubted_at = now;
		/* The next reading of the inverters will say how it is. */
		if (!is_fresh(law, rules, now))
			order = (struct hm_limit_order){law->before,
			    HM_LIMIT_CLOUD};
		return order;
	}
	law->judged = true;
	if (most > law->limit + rules->hysteresis && (!law->doubted ||
	    now - law->doubted_at >= RETRY * rules->interval_ms)) {
		law->doubted = false;
		order.watts = smaller(most, law->limit + rules->step);
		order.reason = HM_LIMIT_RAISE;
	}
	return order;
}

/* Whether an order would change enough to be given for that. */
static bool
changes(const struct hm_limit_law *law, const struct hm_limit_rules *rules,
    const struct hm_limit_order *order)
{
	int64_t change = order->watts - law->limit;
	int64_t enough = rules->hysteresis + rules->rated / 100;

	if (!law->ordered)
		return true;
	if (order->reason == HM_LIMIT_SILENT)
		return change != 0;
	/* The meter says that it is too much; all else can wait. */
	if (order->reason == HM_LIMIT_LOWER)
		return change < 0;
	return change < -enough || change > enough;
}

/* Make it a repetition of the last order. False if none is due. */
static bool
repeats(const struct hm_limit_law *law, const struct hm_limit_rules *rules,
    int64_t now, struct hm_limit_order *order)
{
	if (!law->astray && now - law->ordered_at < rules->repeat_ms)
		return false;
	order->watts = law->limit;
	if (order->reason != HM_LIMIT_SILENT)
		order->reason = HM_LIMIT_REPEAT;
	return true;
}

static bool
waits(const struct hm_limit_law *law, const struct hm_limit_rules *rules,
    int64_t now)
{
	if (!law->started || law->away || is_asleep(law, rules, now))
		return true;
	/* The last order before the start may be as young as the law. */
	if (now - (law->ordered ? law->ordered_at : law->started_at) <
	    rules->interval_ms)
		return true;
	return !law->ordered && (!law->metered || !law->measured) &&
	    now - law->started_at < rules->silence_ms;
}

/* What an order in whole percent can say; down, but not below the floor. */
static int64_t
in_steps(const struct hm_limit_rules *rules, int64_t watts)
{
	int64_t percent;

	if (rules->rated <= 0)
		return watts;
	percent = watts * 100 / rules->rated;
	if (percent * rules->rated / 100 < rules->floor)
		percent++;
	return percent * rules->rated / 100;
}

bool
hm_limit_decide(struct hm_limit_law *law, const struct hm_limit_rules *rules,
    int64_t now, struct hm_limit_order *order)
{
	if (waits(law, rules, now))
		return false;
	if (is_silent(law, rules, now))
		*order = (struct hm_limit_order){rules->safe,
		    HM_LIMIT_SILENT};
	else
		*order = wanted(law, rules, now);
	order->watts = in_steps(rules, bounded(order->watts, rules->floor,
	    rules->ceiling));
	if (!changes(law, rules, order) && !repeats(law, rules, now, order))
		return false;
	law->before = law->ordered ? law->limit : order->watts;
	law->limit = order->watts;
	law->import_then = law->import;
	law->judged = false;
	law->ordered = true;
	law->ordered_at = now;
	law->astray = false;
	law->shaded = law->shaded && law->power < law->limit -
	    slack(rules, law->limit);
	return true;
}

static int64_t
until(int64_t time, int64_t now)
{
	return time > now ? time - now : 0;
}

int64_t
hm_limit_wait(const struct hm_limit_law *law,
    const struct hm_limit_rules *rules, int64_t now)
{
	int64_t silent = until((law->metered ? law->metered_at :
	    law->started_at) + rules->silence_ms, now);
	int64_t free, repeat;

	if (!law->started || law->away)
		return rules->silence_ms;
	free = until((law->ordered ? law->ordered_at : law->started_at) +
	    rules->interval_ms, now);
	if (free > 0)
		return free;
	if (!law->ordered)
		return silent > LOOK_MS ? silent : LOOK_MS;
	repeat = until(law->ordered_at + rules->repeat_ms, now);
	if (silent > 0)
		repeat = smaller(repeat, silent);
	return repeat > LOOK_MS ? repeat : LOOK_MS;
}
