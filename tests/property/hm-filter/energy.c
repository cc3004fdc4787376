/*
 * energy DAYS SEED: the energy guard through DAYS days of ports, with simulated
 * devices that fail as real ones do. The true counters are known here, so that
 * the counters the guard shows can be checked:
 *
 *  - a total never falls, is never above the true one, and is never shown
 *    before a reading had it; today falls once a day, to 0, at no other time;
 *  - the total is never below the second last true reading, of polls every few
 *    seconds not below one of two minutes before, and at the end of a day whose
 *    last readings were true and the same, both counters are true;
 *  - total minus today, the total at which the day began, is the same all day,
 *    the true one, and not below the last total shown the day before: so the
 *    energies of all days add up to the growth of the total;
 *  - a DTU's energies begin as the sums of the counters shown for its ports;
 *    then they grow as these do, whatever ports come and go;
 *  - so do those of an inverter; a port that is known later adds what it makes
 *    from then on, and one that was forgotten goes on.
 *
 * Inputs make up to their share of the inverter; with two panels or a battery
 * on every second input, more than that. After a gap that has to be confirmed,
 * as has a counter of 16 bits that wraps: meanwhile the total may stay behind.
 *
 * A glitch lasts for one reading of a port, or for several if it is impossible
 * or above the port's share: two possible glitches in a row look like true
 * readings. If a device was away
 * when the day began and did not reset its own counter, the energy of both days
 * cannot be separated: then the only rule for today is that it does not fall.
 */

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/rfc3339.h"
#include "base/zone.h"
#include "guard.h"
#include "ledger_db.h"
#include "xorshift.h"

#define DTUS 3
#define INVERTERS 3
#define INPUTS 4
#define DAYS 40 /* of a plant */
#define TRUTHS 15
#define HOUR ((int64_t)3600)
#define DAY (24 * HOUR)
#define PLENTY (INT64_MAX / 4)

static const char *const zones[] = {"UTC", "Europe/Berlin",
    "America/New_York", "Australia/Lord_Howe", "America/Havana",
    "America/St_Johns", "Asia/Kolkata", "America/Sao_Paulo",
    "Pacific/Apia"};

enum reset { MIDNIGHT, LATE, EARLY, SUNRISE, NEVER, RESETS };
enum night { ABSENT, ZEROS, LAST, NIGHTS };
enum wiring { FULL, HALF, BATTERY, WIRINGS };

/* Rated power, in W, of an input and of the inverter. */
static const struct model {
	const char *name; /* NULL: not told */
	int64_t share, all;
} models[] = {
    {"HMT-1800/2250-6T", 375, 2250},
    {"HMS-1600/1800/2000-4T", 500, 2000},
    {NULL, 600, 5000},
};

/* A port: the true counters, those of its device, and those that were shown. */
struct input {
	double exact;    /* Wh since installation */
	int64_t made;    /* the same, whole */
	int64_t today_base; /* of the device's counter of the day */

	int64_t day_made;   /* the truth when our day began */
	int64_t last_good, last_good_time; /* of true readings */
	int64_t slack;      /* what may be of either day; PLENTY: anything */
	bool by_device;     /* the device's counter tells the days apart */
	int64_t truths[TRUTHS]; /* the last true readings, newest first */
	int seen;           /* how many there are, of late */
	int awake_today;    /* true readings in this day, while awake */
	int since_glitch;
	int64_t stuck;  /* an impossible total, for so many readings */
	int stuck_left;

	bool wired; /* something is connected */
	int64_t late; /* readings before its first total */
	int64_t watts; /* at most */
	bool wraps; /* the device's counter has 16 bits */
	int steady; /* true readings without gap and glitch */
	bool claims; /* more than its share, or a wrap, is to be confirmed */
	int64_t calm, calm_from; /* true readings that confirm it; the first */

	bool known, today_known;
	int64_t total, today; /* as shown */
	int64_t base, base_day; /* total - today, and of which day */
	int64_t last, last_day; /* the last total, and of which day */
	int64_t end; /* the last total of the day before */

	int64_t summed; /* the total in the DTU's; -1: not in it */
	bool today_summed; /* the energy of the day is in the DTU's */
	int64_t added; /* the total in the inverter's; -1: not in it */
};

struct inverter {
	struct input input[INPUTS];
	bool there;
	enum reset reset;
	int64_t reset_at; /* of the device's day, 0: done */
	bool was_awake;
	const struct model *model;
	enum wiring wiring;

	int64_t total, today; /* as shown; -1: not yet */
	int64_t day;          /* the latest on which it was shown */
	bool whole; /* its energies are those of its inputs */
};

struct dtu {
	struct inverter inverter[INVERTERS];
	int64_t offline_until;
	int64_t total, today; /* as shown; -1: not yet */
	int64_t first;        /* when the total was first shown */
	bool same; /* its inputs are those with which the day began */
};

struct plant {
	struct dtu dtu[DTUS];
	size_t dtus, inverters, inputs;
	enum night night;
	bool steps; /* the clock does */
	bool tells_today; /* devices have a counter of the day */
	int64_t clock_offset;
	int64_t period, noon; /* s; noon in s after midnight UTC */
	int reset_hour;
	int64_t begin[DAYS + 4]; /* when our days begin */
	size_t day;
	int64_t day_by_clock; /* the latest by the clock that records have */
	int64_t latest_fall[DTUS][INVERTERS][INPUTS];
};

struct test {
	uint64_t random;
	struct plant plant;
	char path[64];
	struct hm_ledger *ledger;
	struct hm_ledger_db *db;
	struct hm_guard *guard;
	uint64_t seed, days, readings, zeros, spikes, dips, kills, restarts,
	    offline, forgotten, checked_days, steps;
	uint64_t refused, claims, wraps, above;
	struct hm_record record;
};

/* Chance */

static uint64_t
chance(struct test *t)
{
	return next_random(&t->random);
}

static int64_t
below(struct test *t, int64_t n)
{
	return (int64_t)(chance(t) % (uint64_t)n);
}

static bool
one_in(struct test *t, int64_t n)
{
	return below(t, n) == 0;
}

/* Any size is as likely as any other, up to a power of two. */
static int64_t
any_size(struct test *t, unsigned bits)
{
	int64_t top = (int64_t)1 << below(t, (int64_t)bits);

	return top + below(t, top);
}

/* Failure */

__attribute__((noreturn)) static void
fail(const struct test *t, const struct input *in, int64_t now,
    const char *what)
{
	char time[HM_RFC3339_SIZE];

	hm_rfc3339_format(now, time);
	printf("not ok - %s: seed %llu, %s, day %zu of the plant\n", what,
	    (unsigned long long)t->seed, time, t->plant.day);
	if (in != NULL)
		printf("# true: %lld today %lld; shown: %lld today %lld; "
		    "last true readings %lld %lld %lld (%d); slack %lld; "
		    "awake %d\n", (long long)in->made,
		    (long long)(in->made - in->day_made),
		    (long long)in->total, (long long)in->today,
		    (long long)in->truths[0], (long long)in->truths[1],
		    (long long)in->truths[2], in->seen, (long long)in->slack,
		    in->awake_today);
	printf("# again: make property DAYS=1 SEED=%llu\n",
	    (unsigned long long)t->seed);
	exit(EXIT_FAILURE);
}

/* The plant */

/* The first minute whose local date is `date` and whose hour is reached. */
static int64_t
find_begin(int64_t date, int hour)
{
	for (int64_t at = date * DAY - 15 * HOUR;; at += 60) {
		time_t seconds = (time_t)at;
		struct tm local;
		struct tm wanted = {0};
		time_t utc = (time_t)(date * DAY);

		localtime_r(&seconds, &local);
		gmtime_r(&utc, &wanted);
		if (local.tm_year == wanted.tm_year &&
		    local.tm_yday == wanted.tm_yday && local.tm_hour >= hour)
			return at;
		/* A date that a zone skipped begins with the next one. */
		if (at > date * DAY + 3 * DAY)
			return at;
	}
}

/* Some zones set the clock back just after midnight: a day begins twice. */
static bool
begins_twice(int64_t begin, int hour)
{
	return hm_zone_day(begin + HOUR / 2, hour) <
	    hm_zone_day(begin, hour);
}

/* Whether the days of the plant, from `date` on, begin once each. */
static bool
set_days(struct plant *p, int64_t date)
{
	bool once = true;

	for (size_t i = 0; i < sizeof p->begin / sizeof *p->begin; i++) {
		p->begin[i] = find_begin(date + (int64_t)i, p->reset_hour);
		once = once && !begins_twice(p->begin[i], p->reset_hour);
	}
	return once;
}

static void
start_input(struct test *t, const struct inverter *inv, size_t n,
    struct input *in)
{
	int64_t share = inv->model->share;

	in->wired = inv->wiring == FULL || n % 2 == 0;
	in->wraps = inv->wiring == BATTERY && one_in(t, 2);
	in->watts = inv->wiring == FULL ? share * 11 / 10 : share * 21 / 10;
	/* The guard bounds what may be made while a counter wraps. */
	if (in->wraps)
		in->watts = 50;
	in->made = 1 + below(t, in->wraps ? 65536 : 20000000);
	in->exact = (double)in->made;
	in->today_base = in->made;
	in->day_made = in->made;
	in->slack = PLENTY;
	in->total = in->today = in->base_day = in->summed = in->added = -1;
	in->last = in->last_day = -1;
	if (one_in(t, 6))
		in->late = any_size(t, 9);
}

static void
start_inverter(struct test *t, size_t i, struct inverter *inv)
{
	inv->there = i == 0 || !one_in(t, 4);
	inv->total = inv->today = inv->day = -1;
	inv->reset = (enum reset)below(t, RESETS);
	inv->model = &models[below(t, sizeof models / sizeof *models)];
	if (one_in(t, 2) && !t->plant.steps)
		inv->wiring = (enum wiring)below(t, WIRINGS);
	for (size_t n = 0; n < t->plant.inputs; n++)
		start_input(t, inv, n, &inv->input[n]);
}

static void
start_plant(struct test *t)
{
	static const int64_t periods[] = {900, 900, 900, 600, 300, 60, 900,
	    900, 900, 600, 300, 10};
	struct plant *p = &t->plant;
	/* 2009 to 2030, at any time of the year. */
	int64_t date = 14245 + below(t, 7670);

	memset(p, 0, sizeof *p);
	hm_zone_use(zones[below(t, sizeof zones / sizeof *zones)]);
	p->reset_hour = one_in(t, 3) ? (int)below(t, 24) : 0;
	/* On a day that begins twice, the guard and a poll decide when. */
	while (!set_days(p, date))
		date += DAYS;
	p->dtus = 1 + (size_t)below(t, DTUS);
	p->inverters = 1 + (size_t)below(t, INVERTERS);
	p->inputs = 1 + (size_t)below(t, INPUTS);
	p->night = (enum night)below(t, NIGHTS);
	p->steps = one_in(t, 8);
	p->period = periods[below(t, sizeof periods / sizeof *periods)];
	/* Mostly the day ends in the dark. */
	p->noon = p->reset_hour == 0 && !one_in(t, 5) ?
	    (p->begin[0] + 12 * HOUR) % DAY : below(t, DAY);
	p->tells_today = !one_in(t, 8);
	for (size_t d = 0; d < p->dtus; d++) {
		p->dtu[d].total = p->dtu[d].today = -1;
		for (size_t i = 0; i < p->inverters; i++)
			start_inverter(t, i, &p->dtu[d].inverter[i]);
	}
}

/* Hours from noon, -12 to 12. */
static double
from_noon(const struct plant *p, int64_t now)
{
	double hours = (double)((now - p->noon + 10 * DAY) % DAY) / 3600;

	return hours > 12 ? hours - 24 : hours;
}

/* A part of the peak. Before and after it inverters are awake for a while. */
static double
sun(double hours)
{
	return fabs(hours) < 7 ? cos(hours * 3.14159265 / 14) : 0;
}

static bool
is_awake(double hours)
{
	return fabs(hours) < 7.8;
}

static void
make_energy(struct test *t, struct inverter *inv, double light,
    int64_t seconds)
{
	for (size_t n = 0; n < t->plant.inputs; n++) {
		struct input *in = &inv->input[n];
		double cloud = (double)below(t, 1000) / 1000;

		if (!in->wired)
			continue;
		if (inv->wiring == HALF)
			cloud = 1 - cloud / 8;
		else if (inv->wiring == BATTERY)
			cloud = 1;
		in->exact += (double)in->watts * light * cloud *
		    (double)seconds / 3600;
		in->made = (int64_t)in->exact;
	}
}

static void
reset_device(struct inverter *inv)
{
	for (size_t n = 0; n < INPUTS; n++) {
		struct input *in = &inv->input[n];

		in->today_base = in->made;
		/* The guard needs two readings of an inverter that is awake. */
		if (in->by_device && in->awake_today < 2)
			in->slack = PLENTY;
	}
	inv->reset_at = 0;
}

/* When the device begins a new day; some change the time every few days. */
static void
run_device(struct inverter *inv, int64_t now, bool awake)
{
	if (awake && !inv->was_awake && inv->reset == SUNRISE)
		reset_device(inv);
	if (!awake && inv->was_awake && inv->reset == EARLY)
		reset_device(inv);
	inv->was_awake = awake;
	if (inv->reset_at != 0 && now >= inv->reset_at)
		reset_device(inv);
}

static void
new_day_of_device(struct test *t, struct inverter *inv, int64_t now)
{
	inv->reset_at = 0;
	if (inv->reset == MIDNIGHT)
		inv->reset_at = now;
	if (inv->reset == LATE)
		inv->reset_at = now + below(t, 12 * HOUR);
	if (one_in(t, 10))
		inv->reset = (enum reset)below(t, RESETS);
}

/* A day of the guard begins: note the true counters, and the uncertain part. */
static void
begin_day(struct test *t, int64_t now)
{
	struct plant *p = &t->plant;

	p->day++;
	for (size_t d = 0; d < p->dtus; d++)
		for (size_t i = 0; i < p->inverters; i++) {
			struct inverter *inv = &p->dtu[d].inverter[i];

			new_day_of_device(t, inv, now);
			for (size_t n = 0; n < p->inputs; n++) {
				struct input *in = &inv->input[n];

				in->day_made = in->made;
				in->slack = -1;
				in->by_device = false;
				in->awake_today = 0;
			}
		}
}

/* Readings */

struct said {
	int64_t total, today; /* -1: absent */
	bool awake, true_total;
};

static void
stay_stuck(struct test *t, struct input *in, struct said *said)
{
	in->stuck_left--;
	in->since_glitch = 0;
	said->total += in->stuck;
	said->true_total = false;
	t->spikes++;
}

/* More than the port can have made, for too short a time to be a claim. */
static void
stick_above_share(struct test *t, const struct inverter *inv,
    struct input *in)
{
	int64_t period = t->plant.period;
	int most = period <= 60 ? 5 : period == 300 ? 3 : 2;

	/* After a restart the guard may know an older time, by 5 minutes. */
	in->stuck = inv->model->share * 3 * (1500 + 12 * period) / 7200 + 50 +
	    below(t, 200);
	in->stuck_left = 1 + (int)below(t, most);
	t->above++;
}

static void
glitch(struct test *t, const struct inverter *inv, struct input *in,
    struct said *said, bool quarter)
{
	if (in->stuck_left > 0) {
		stay_stuck(t, in, said);
	} else if (quarter) {
		*said = (struct said){0, 0, said->awake, false};
		t->zeros++;
	} else if (in->since_glitch > 3 && one_in(t, 150)) {
		if (one_in(t, 2))
			said->total += any_size(t, 32);
		else if (said->today >= 0)
			said->today += any_size(t, 32);
		said->true_total = false;
		t->spikes++;
		in->since_glitch = 0;
	} else if (in->known && one_in(t, 400)) {
		in->stuck = (int64_t)1 << 24 | any_size(t, 32);
		in->stuck_left = 1 + (int)below(t, 5);
	} else if (in->steady > 6 && !in->claims && !t->plant.steps &&
	    one_in(t, 400)) {
		stick_above_share(t, inv, in);
	} else if (in->since_glitch > 3 && one_in(t, 150)) {
		said->total = below(t, said->total + 1);
		if (said->today > 0 && one_in(t, 2))
			said->today = below(t, said->today);
		said->true_total = false;
		t->dips++;
		in->since_glitch = 0;
	}
}

static struct said
say(struct test *t, const struct inverter *inv, struct input *in,
    bool quarter)
{
	bool awake = inv->was_awake;
	struct said said = {in->made, in->made - in->today_base, awake, true};

	if (!in->wired)
		return (struct said){one_in(t, 2) - 1, -1, awake, false};
	if (in->late > 0) {
		in->late--;
		return (struct said){0, 0, awake, false};
	}
	in->since_glitch++;
	/* A glitch above the share would be possible after a gap. */
	if (!awake && in->stuck < (int64_t)1 << 24)
		in->stuck_left = 0;
	if (in->wraps)
		said.total %= 65536;
	if (said.total == 0)
		said.true_total = false;
	if (!t->plant.tells_today)
		said.today = -1;
	if (!awake && t->plant.night == ABSENT)
		return (struct said){-1, -1, false, false};
	if (!awake && t->plant.night == ZEROS)
		return (struct said){0, 0, false, false};
	glitch(t, inv, in, &said, quarter);
	return said;
}

/* Whether the reading has to be confirmed by others. */
static bool
is_claim(const struct inverter *inv, const struct input *in, int64_t now)
{
	int64_t gap = now - in->last_good_time;

	if (!in->known)
		return false;
	return (in->wraps && in->made / 65536 > in->last_good / 65536) ||
	    (gap > 900 && (in->made - in->last_good) * 7200 >
	    inv->model->share * 3 * gap);
}

/*
 * A reading was lost. If the port makes more than one and a half times its
 * share, the next one may be too far above the shown total.
 */
static void
lose_reading(const struct inverter *inv, struct input *in)
{
	in->calm = in->steady = 0;
	in->claims |= in->known && in->watts * 2 > inv->model->share * 3;
}

static void
note_claim(struct test *t, const struct inverter *inv, struct input *in,
    const struct said *said, int64_t now)
{
	if (!said->true_total) {
		if (said->total > 0)
			lose_reading(inv, in);
		return;
	}
	in->steady = now - in->last_good_time > 3 * t->plant.period ? 0 :
	    in->steady + 1;
	if (is_claim(inv, in, now)) {
		t->claims += !in->claims;
		t->wraps += in->wraps;
		in->claims = true;
		in->calm = 0;
	}
	if (in->claims && said->awake) {
		in->calm_from = in->calm == 0 ? in->made : in->calm_from;
		in->calm++;
	}
}

/*
 * How many readings the shown total may be behind: totals rise once a minute,
 * and after a kill the guard has what it saved a minute before.
 */
static int
lag(const struct test *t)
{
	return t->plant.period < 60 ? (int)(120 / t->plant.period) + 2 : 2;
}

/* A claim has been accepted when enough readings confirm it. */
static void
end_claim(const struct test *t, struct input *in)
{
	if (in->calm > 900 / t->plant.period + 6 &&
	    in->truths[lag(t)] > in->calm_from)
		in->claims = false;
}

/* Note a true reading, to check the counters shown for later ones. */
static void
remember(const struct test *t, struct input *in, const struct said *said,
    int64_t now)
{
	if (!said->true_total)
		return;
	if (in->slack < 0) {
		/* The first one of the day. */
		bool gap = now - in->last_good_time > HOUR;
		bool apart = t->plant.tells_today &&
		    in->today_base == in->day_made;

		in->slack = in->made - in->last_good;
		if (gap && in->slack > 20)
			in->slack = apart ? 0 : PLENTY;
		if (in->seen == 0)
			in->slack = apart ? 0 : PLENTY;
		/* The day's first reading is not accepted at once. */
		if (in->claims)
			in->slack = apart && gap ? 0 : PLENTY;
		in->by_device = apart && in->slack == 0;
	}
	in->last_good = in->made;
	in->last_good_time = now;
	memmove(in->truths + 1, in->truths,
	    sizeof in->truths - sizeof *in->truths);
	in->truths[0] = in->made;
	in->seen++;
	in->awake_today += said->awake;
}

/* Judgement */

static void
judge_total(const struct test *t, struct input *in, int64_t total, int64_t now)
{
	if (total < 0 && in->known)
		fail(t, in, now, "a total that was known is gone");
	if (total < 0)
		return;
	if (in->known && total < in->total)
		fail(t, in, now, "a total falls");
	if (total > in->made)
		fail(t, in, now, "a total is above the truth");
	if (in->seen < 1)
		fail(t, in, now, "a total is shown that was never seen");
	in->known = true;
	in->total = total;
	if (!t->plant.steps && in->seen > lag(t) + 3 &&
	    in->since_glitch > lag(t) + 2 && !in->claims &&
	    total < in->truths[lag(t)])
		fail(t, in, now, "a total stays behind");
}

static void
judge_today(const struct test *t, struct input *in, int64_t today,
    bool new_day, int64_t now)
{
	if (today < 0 && in->today_known)
		fail(t, in, now, "a day's energy that was known is gone");
	if (today < 0)
		return;
	if (in->today_known && new_day && today != 0)
		fail(t, in, now, "a day does not begin at 0");
	if (in->today_known && !new_day && today < in->today)
		fail(t, in, now, "a day's energy falls");
	if (!t->plant.steps && in->slack >= 0 && in->slack < PLENTY &&
	    today > in->made - in->day_made + in->slack)
		fail(t, in, now, "a day's energy is above the truth");
	in->today_known = true;
	in->today = today;
}

/* The total at which the day began, as hm-store sees it. */
static void
judge_base(const struct test *t, struct input *in, int64_t day, int64_t now)
{
	int64_t base = in->total - in->today;

	if (t->plant.steps || !in->known || !in->today_known)
		return;
	if (in->last_day != day)
		in->end = in->last;
	in->last = in->total;
	in->last_day = day;
	if (in->today > 0 && in->base_day == day && base != in->base)
		fail(t, in, now, "the total at which a day began changes");
	if (in->today > 0 && in->base_day != day) {
		if (base < in->end)
			fail(t, in, now, "a day begins below the last one");
		if (in->slack >= 0 && in->slack < PLENTY &&
		    llabs(base - in->day_made) > in->slack)
			fail(t, in, now, "a day does not begin at the truth");
		in->base = base;
		in->base_day = day;
	}
}

static bool
has_settled(const struct test *t, const struct input *in)
{
	/* Truths only rise. */
	return in->seen > lag(t) + 3 && !in->claims &&
	    in->since_glitch > lag(t) + 2 && in->awake_today > lag(t) + 3 &&
	    in->truths[0] == in->made && in->truths[lag(t)] == in->made;
}

static void
judge_day(struct test *t, struct input *in, int64_t now)
{
	int64_t truth = in->made - in->day_made;

	if (t->plant.steps || !in->known || !has_settled(t, in))
		return;
	if (in->total != in->made)
		fail(t, in, now, "a day does not end with the true total");
	t->checked_days++;
	if (in->slack < PLENTY && (in->today < truth - in->slack ||
	    in->today > truth + in->slack))
		fail(t, in, now, "a day does not end with its true energy");
}

/* Records */

static void
look(struct test *t, enum hm_scope scope, const char *line,
    struct hm_guard_answer *answer)
{
	struct hm_fault fault;

	if (!hm_record_parse(&t->record, hm_text(line), &fault) ||
	    hm_guard_look(t->guard, scope, &t->record, answer) != NULL)
		abort();
}

static void
show_port(struct test *t, size_t d, size_t i, size_t n,
    const struct said *said, const char *time, struct hm_guard_answer *answer)
{
	char line[400], today[60] = "", total[60] = "";

	if (said->today >= 0)
		snprintf(today, sizeof today, ",\"today_production\":%lld",
		    (long long)said->today);
	if (said->total >= 0)
		snprintf(total, sizeof total, ",\"total_production\":%lld",
		    (long long)said->total);
	snprintf(line, sizeof line, "{\"type\":\"port\",\"time\":\"%s\","
	    "\"dtu\":\"d%zu\",\"serial\":\"1164%zu%zu\",\"port\":%zu%s%s,"
	    "\"operating_status\":%d,\"link_status\":1}", time, d, d, i, n,
	    today, total, said->awake ? 3 : 0);
	look(t, HM_SCOPE_PORT, line, answer);
	t->readings++;
}

/* Whether the DTU's energies have not counted this input yet. */
static bool
joins(const struct input *in)
{
	return (in->known && in->summed < 0) ||
	    (in->today_known && !in->today_summed);
}

static void
remember_sums(struct dtu *dtu, struct input *in)
{
	if (dtu->total >= 0 && in->known)
		in->summed = in->total;
	in->today_summed |= dtu->today >= 0 && in->today_known;
}

static void
judge_dtu_today(struct test *t, struct dtu *dtu, int64_t answer, int64_t sum,
    bool all, int64_t now)
{
	if (answer < 0)
		return;
	dtu->today = answer;
	if (all && dtu->same && answer != sum)
		fail(t, NULL, now, "a DTU's day is not that of its inputs");
}

/* A port that has shown nothing yet does not count. */
static void
judge_sums(struct test *t, size_t d, const char *time, int64_t now)
{
	const struct plant *p = &t->plant;
	struct dtu *dtu = &t->plant.dtu[d];
	int64_t clock = now + p->clock_offset, grown = 0, today = 0;
	bool first = dtu->total < 0, all = true;
	bool fills = first || (clock >= dtu->first &&
	    clock - dtu->first < HOUR);
	bool joined = false;
	struct hm_guard_answer answer;
	char line[200];

	for (size_t i = 0; i < p->inverters; i++)
		for (size_t n = 0; n < p->inputs; n++) {
			const struct input *in = &dtu->inverter[i].input[n];

			if (!dtu->inverter[i].there || !in->wired)
				continue;
			all = all && in->known && in->today_known;
			today += in->today_known ? in->today : 0;
			if (in->known)
				grown += in->summed >= 0 ? in->total -
				    in->summed : fills ? in->total : 0;
			joined |= !fills && joins(in);
		}
	snprintf(line, sizeof line, "{\"type\":\"dtu\",\"time\":\"%s\","
	    "\"dtu\":\"d%zu\",\"total_production\":7}", time, d);
	look(t, HM_SCOPE_DTU, line, &answer);
	if (!first)
		grown += dtu->total;
	if (answer.total >= 0 ? answer.total != grown : all)
		fail(t, NULL, now, "a DTU's energy is not that of its inputs");
	if (first && answer.total >= 0)
		dtu->first = clock;
	if (!first || answer.total >= 0)
		dtu->total = grown;
	if (answer.today >= 0 && (answer.today < dtu->today || dtu->today < 0))
		dtu->same = true;
	if (joined)
		dtu->same = false;
	judge_dtu_today(t, dtu, answer.today, today, all, now);
	for (size_t i = 0; i < p->inverters; i++)
		for (size_t n = 0; n < p->inputs; n++)
			remember_sums(dtu, &dtu->inverter[i].input[n]);
}

/* The energies of an inverter are those of its inputs before this poll. */
static void
judge_inverter_today(const struct test *t, struct inverter *inv,
    int64_t answer, int64_t sum, int64_t day, int64_t now)
{
	bool same_day = day <= inv->day;

	if (answer < 0)
		return;
	if (same_day && answer < inv->today)
		fail(t, NULL, now, "an inverter's energy of the day falls");
	if (same_day && day == inv->day && inv->whole && sum >= 0 &&
	    answer != sum)
		fail(t, NULL, now, "an inverter's day is not that of its "
		    "inputs");
	inv->today = answer;
	inv->day = same_day ? inv->day : day;
}

static void
judge_inverter(const struct test *t, const struct dtu *dtu,
    struct inverter *inv, const struct hm_guard_answer *answer, int64_t day,
    int64_t now)
{
	int64_t all = 0, grown = 0, today = 0;
	bool first = inv->total < 0, known = true, joins = false;

	for (size_t n = 0; n < t->plant.inputs; n++) {
		const struct input *in = &inv->input[n];

		known &= in->known || !in->wired;
		if (!in->known)
			continue;
		all += in->total;
		joins |= in->added < 0;
		if (in->added >= 0 && in->total > in->added)
			grown += in->total - in->added;
		today = today < 0 || !in->today_known ? -1 : today + in->today;
	}
	if (answer->total < 0 && (!first || (known && dtu->total >= 0)))
		fail(t, NULL, now, "an inverter's energy is not shown");
	if (answer->total < 0)
		return;
	if (answer->total != (first ? all : inv->total + grown))
		fail(t, NULL, now, "an inverter's energy is not that of its "
		    "inputs");
	inv->whole = first || (inv->whole && !joins);
	inv->total = answer->total;
	for (size_t n = 0; n < t->plant.inputs; n++)
		if (inv->input[n].known)
			inv->input[n].added = inv->input[n].total;
	judge_inverter_today(t, inv, answer->today, today, day, now);
}

/* Restarts */

static void
open_guard(struct test *t)
{
	t->ledger = hm_ledger_new();
	t->db = hm_ledger_db_open(t->path, true);
	if (t->ledger == NULL || t->db == NULL ||
	    !hm_ledger_db_load(t->db, t->ledger))
		exit(EXIT_FAILURE);
	t->guard = hm_guard_new(&(struct hm_guard_options){
	    .ledger = t->ledger, .remembers = true, .judges = true,
	    .reset_hour = t->plant.reset_hour});
}

static void
close_guard(struct test *t)
{
	const struct hm_guard_counters *c = hm_guard_counters(t->guard);

	t->refused += c->refused_zeros + c->refused_falls + c->refused_spikes;
	if (c->began_anew > 0)
		fail(t, NULL, 0, "a counter counts as restarted");
	hm_guard_free(t->guard);
	hm_ledger_db_close(t->db);
	hm_ledger_free(t->ledger);
}

static void
restart(struct test *t)
{
	close_guard(t);
	open_guard(t);
	t->restarts++;
}

static void
save(struct test *t)
{
	hm_ledger_db_follow(t->db, t->ledger);
	if (hm_ledger_has_changes(t->ledger) &&
	    !hm_ledger_db_save(t->db, t->ledger, false))
		exit(EXIT_FAILURE);
}

/* A new guard begins at the device's counter. */
static void
forget_wraps(struct input *in)
{
	int64_t wrapped = in->wraps ? in->made / 65536 * 65536 : 0;

	in->exact -= (double)wrapped;
	in->made -= wrapped;
	in->today_base -= wrapped;
	in->day_made -= wrapped;
}

/* Another process forgets a port, or it comes back as a new one. */
static void
change_inverter(struct test *t, size_t d)
{
	struct plant *p = &t->plant;
	size_t i = (size_t)below(t, (int64_t)p->inverters);
	struct inverter *inv = &p->dtu[d].inverter[i];
	char serial[60];
	struct hm_ledger_db *other;

	snprintf(serial, sizeof serial, "1164%zu%zu", d, i);
	if (i == 0)
		return;
	inv->there = !inv->there;
	inv->whole = false;
	p->dtu[d].same = false;
	for (size_t n = 0; n < p->inputs; n++) {
		struct input *in = &inv->input[n];

		/* The inverter has not shown this yet. */
		if (in->added >= 0 && in->total > in->added) {
			inv->total += in->total - in->added;
			in->added = in->total;
		}
		in->known = in->today_known = false;
		in->seen = in->awake_today = in->since_glitch = 0;
		in->stuck_left = in->steady = 0;
		in->claims = false;
		in->slack = PLENTY;
		in->total = in->today = in->base_day = -1;
		in->last = in->last_day = -1;
		in->summed = -1;
		in->today_summed = false;
		forget_wraps(in);
	}
	other = hm_ledger_db_open(t->path, true);
	if (other == NULL || hm_ledger_db_forget(other, hm_text(serial)) < 0)
		exit(EXIT_FAILURE);
	hm_ledger_db_close(other);
	hm_ledger_db_follow(t->db, t->ledger);
	t->forgotten++;
}

/* A poll */

struct answers {
	struct said said[INVERTERS][INPUTS];
	struct hm_guard_answer shown[INVERTERS][INPUTS];
	struct hm_guard_answer inverter[INVERTERS];
};

static void
show_inverter(struct test *t, size_t d, size_t i, const char *time,
    struct hm_guard_answer *answer)
{
	const struct inverter *inv = &t->plant.dtu[d].inverter[i];
	char line[300];

	if (inv->model->name == NULL)
		return;
	snprintf(line, sizeof line, "{\"type\":\"inverter\",\"time\":"
	    "\"%s\",\"dtu\":\"d%zu\",\"serial\":\"1164%zu%zu\","
	    "\"model\":\"%s\",\"operating_status\":%d,\"link_status\":1}",
	    time, d, d, i, inv->model->name, inv->was_awake ? 3 : 0);
	look(t, HM_SCOPE_INVERTER, line, answer);
}

static void
read_dtu(struct test *t, size_t d, int64_t now, struct answers *a)
{
	struct plant *p = &t->plant;
	bool quarter = now % 900 < 60 && p->period < 900;
	char time[HM_RFC3339_SIZE];

	hm_rfc3339_format(now + p->clock_offset, time);
	for (size_t i = 0; i < p->inverters; i++) {
		struct inverter *inv = &p->dtu[d].inverter[i];

		if (inv->there)
			show_inverter(t, d, i, time, &a->inverter[i]);
		for (size_t n = 0; inv->there && n < p->inputs; n++) {
			a->said[i][n] = say(t, inv, &inv->input[n], quarter);
			show_port(t, d, i, n, &a->said[i][n], time,
			    &a->shown[i][n]);
		}
	}
}

static bool
has_new_day(struct test *t, size_t d, size_t i, size_t n, int64_t by_clock)
{
	int64_t *latest = &t->plant.latest_fall[d][i][n];
	bool later = by_clock > *latest;

	if (later)
		*latest = by_clock;
	return later;
}

/* The number of our day by a clock. */
static int64_t
day_of(const struct plant *p, int64_t clock)
{
	int64_t day = 0;

	for (size_t i = 0; i < sizeof p->begin / sizeof *p->begin; i++)
		if (clock >= p->begin[i])
			day = (int64_t)i + 1;
	return day;
}

static void
judge_dtu(struct test *t, size_t d, int64_t now, const struct answers *a)
{
	struct plant *p = &t->plant;
	int64_t day = day_of(p, now + p->clock_offset);
	char time[HM_RFC3339_SIZE];

	hm_rfc3339_format(now + p->clock_offset, time);
	for (size_t i = 0; i < p->inverters; i++) {
		struct inverter *inv = &p->dtu[d].inverter[i];

		if (inv->there && inv->model->name != NULL)
			judge_inverter(t, &p->dtu[d], inv, &a->inverter[i],
			    day, now);
	}
	for (size_t i = 0; i < p->inverters; i++)
		for (size_t n = 0; p->dtu[d].inverter[i].there &&
		    n < p->inputs; n++) {
			const struct inverter *inv = &p->dtu[d].inverter[i];
			struct input *in = &p->dtu[d].inverter[i].input[n];

			note_claim(t, inv, in, &a->said[i][n], now);
			remember(t, in, &a->said[i][n], now);
			end_claim(t, in);
			judge_total(t, in, a->shown[i][n].total, now);
			judge_today(t, in, a->shown[i][n].today,
			    has_new_day(t, d, i, n, day), now);
			judge_base(t, in, day, now);
		}
	judge_sums(t, d, time, now);
}

static void
go_offline(struct test *t, struct dtu *dtu, int64_t now)
{
	dtu->offline_until = now + any_size(t, 19) + 60;
	t->offline++;
	for (size_t i = 0; i < t->plant.inverters; i++)
		for (size_t n = 0; n < t->plant.inputs; n++) {
			struct input *in = &dtu->inverter[i].input[n];

			in->stuck_left = in->steady = 0;
		}
}

static void
poll_dtu(struct test *t, size_t d, int64_t now)
{
	struct dtu *dtu = &t->plant.dtu[d];
	struct answers a;

	if (now < dtu->offline_until)
		return;
	if (one_in(t, 400)) {
		go_offline(t, dtu, now);
		return;
	}
	if (one_in(t, 3000))
		change_inverter(t, d);
	read_dtu(t, d, now, &a);
	/* A kill before the save: the records were not written either. */
	if (one_in(t, 300)) {
		t->kills++;
		restart(t);
		for (size_t i = 0; i < t->plant.inverters; i++)
			for (size_t n = 0; n < t->plant.inputs; n++) {
				struct inverter *inv = &dtu->inverter[i];

				inv->input[n].since_glitch = 0;
				lose_reading(inv, &inv->input[n]);
			}
		return;
	}
	judge_dtu(t, d, now, &a);
	save(t);
	if (one_in(t, 300))
		restart(t);
}

static void
step_clock(struct test *t)
{
	struct plant *p = &t->plant;

	if (!p->steps || !one_in(t, 200))
		return;
	p->clock_offset = one_in(t, 2) ? 0 : below(t, 6 * HOUR) - 3 * HOUR;
	t->steps++;
}

static void
end_day(struct test *t, int64_t now)
{
	struct plant *p = &t->plant;

	for (size_t d = 0; d < p->dtus; d++)
		for (size_t i = 0; i < p->inverters; i++)
			for (size_t n = 0; n < p->inputs; n++)
				judge_day(t, &p->dtu[d].inverter[i].input[n],
				    now);
	t->days += p->dtus * p->inverters * p->inputs;
}

static void
run_dtu(struct test *t, size_t d, int64_t now)
{
	struct plant *p = &t->plant;
	double hours = from_noon(p, now);

	for (size_t i = 0; i < p->inverters; i++) {
		struct inverter *inv = &p->dtu[d].inverter[i];
		bool lasts = inv->wiring == BATTERY;

		make_energy(t, inv, lasts ? 1 : sun(hours), p->period);
		run_device(inv, now, lasts || is_awake(hours));
	}
}

static void
run_plant(struct test *t)
{
	struct plant *p = &t->plant;
	int64_t now = p->begin[0] + below(t, DAY);
	int64_t end = p->begin[DAYS];

	p->day = 1;
	for (; now < end; now += p->period) {
		step_clock(t);
		if (now >= p->begin[p->day]) {
			end_day(t, now);
			begin_day(t, now);
		}
		for (size_t d = 0; d < p->dtus; d++) {
			run_dtu(t, d, now);
			poll_dtu(t, d, now);
		}
	}
}

/* A database in memory is faster, and enough here. */
static void
name_database(struct test *t)
{
	bool memory = access("/dev/shm", W_OK) == 0;
	const char *dir = getenv("TMPDIR");

	if (dir == NULL)
		dir = "/tmp";
	snprintf(t->path, sizeof t->path, "%s/hm-energy-%ld.db",
	    memory ? "/dev/shm" : dir, (long)getpid());
}

static void
remove_database(const struct test *t)
{
	static const char *const ends[] = {"", "-wal", "-shm"};
	char path[80];

	for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
		snprintf(path, sizeof path, "%s%s", t->path, ends[i]);
		unlink(path);
	}
}

static void
run_seed(struct test *t, uint64_t seed)
{
	t->seed = seed;
	t->random = seed * 0x9e3779b97f4a7c15u + 1;
	start_plant(t);
	open_guard(t);
	run_plant(t);
	close_guard(t);
	remove_database(t);
}

int
main(int argc, char *argv[])
{
	static struct test t;
	uint64_t wanted = argc > 1 ? strtoull(argv[1], NULL, 10) : 3000;
	uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;

	puts("1..1");
	hm_log_start("energy", HM_CRITICAL);
	name_database(&t);
	remove_database(&t);
	for (; t.days < wanted; seed++)
		run_seed(&t, seed);
	printf("ok - %llu days of inputs, %llu of them to the end: %llu "
	    "readings, %llu zeros, %llu spikes, %llu dips, %llu refused, "
	    "%llu kills, %llu restarts, %llu times offline, %llu inverters "
	    "taken away or added, %llu clock steps, %llu claims, %llu of them "
	    "wraps, %llu glitches above a share\n",
	    (unsigned long long)t.days, (unsigned long long)t.checked_days,
	    (unsigned long long)t.readings, (unsigned long long)t.zeros,
	    (unsigned long long)t.spikes, (unsigned long long)t.dips,
	    (unsigned long long)t.refused, (unsigned long long)t.kills,
	    (unsigned long long)t.restarts, (unsigned long long)t.offline,
	    (unsigned long long)t.forgotten, (unsigned long long)t.steps,
	    (unsigned long long)t.claims, (unsigned long long)t.wraps,
	    (unsigned long long)t.above);
	return EXIT_SUCCESS;
}
