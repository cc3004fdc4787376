/*
 * control STREAMS SEED: so many random streams of commands to one DTU, good and
 * bad, early and late, through the rules of safety, as hm-poll applies them. An
 * observer at the DTU, which knows nothing of the rules' state, checks each
 * order that is sent: its bounds, its age, its id, the interval and the number
 * of kept limits a day.
 */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control_rules.h"
#include "record/working_mode.h"
#include "xorshift.h"

#define DAY 86400
#define EVENTS 120
#define WAITING 8

/* What the observer has seen in a stream. */
struct seen {
	struct hm_command order[EVENTS];
	int64_t at[EVENTS];
	size_t count;
};

struct stream {
	struct hm_control_limits limits;
	struct hm_control_past past;
	struct hm_control_device device;
	enum hm_action usual; /* that comes most often */
	struct hm_command waiting[WAITING];
	size_t waits;
	char known[EVENTS][HM_COMMAND_ID_MAX + 1];
	size_t knows;
	int64_t now;
	struct seen seen;
};

static uint64_t state;
static uint64_t orders, told, waits, refusals, replacements;

static int64_t
below(int64_t bound)
{
	return (int64_t)(next_random(&state) % (uint64_t)bound);
}

static void
fail(const struct stream *s, uint64_t seed, const char *what)
{
	const struct hm_command *last = &s->seen.order[s->seen.count - 1];

	printf("not ok - control: seed %" PRIu64 ": %s: order %zu, id %s, "
	    "amount %" PRId64 "\n", seed, what, s->seen.count, last->id,
	    last->amount);
	exit(EXIT_FAILURE);
}

/* The observer */

static int64_t
least(const struct stream *s, const struct hm_command *c)
{
	return c->unit == HM_COMMAND_WATTS ? 1 : s->device.has_mi ? 100 : 20;
}

static int64_t
most(const struct stream *s, const struct hm_command *c)
{
	if (c->unit != HM_COMMAND_WATTS)
		return 1000;
	return s->device.rated * 10 < 32767 ? s->device.rated * 10 : 32767;
}

static bool
is_kept(const struct hm_command *c)
{
	return c->action == HM_ACTION_LIMIT || c->action >= HM_ACTION_SET_MODE;
}

/* What a HIT or a HiOne gets without control_unproven. */
static void
observe_told(const struct stream *s, uint64_t seed)
{
	const struct hm_command *c = &s->seen.order[s->seen.count - 1];
	int64_t mode = c->told.value[HM_TOLD_MODE];
	int64_t reserve = c->told.value[HM_TOLD_RESERVE_SOC];

	if (c->action < HM_ACTION_SET_MODE)
		fail(s, seed, "what only a DTU takes");
	if (!s->device.hybrid.allows_unproven &&
	    c->action != HM_ACTION_SET_MODE)
		fail(s, seed, "an unproven order");
	if (reserve < 0 || reserve > 100)
		fail(s, seed, "a reserve out of bounds");
	if (!s->device.hybrid.allows_unproven && mode != HM_MODE_SELF_USE &&
	    mode != HM_MODE_FORCED_CHARGE && mode != HM_MODE_FORCED_DISCHARGE)
		fail(s, seed, "an unproven mode");
	told++;
}

static void
observe_kept(const struct stream *s, uint64_t seed)
{
	const struct seen *seen = &s->seen;
	int64_t at = seen->at[seen->count - 1], today = 0;
	enum hm_action kept = seen->order[seen->count - 1].action;

	for (size_t i = 0; i + 1 < seen->count; i++) {
		if (!is_kept(&seen->order[i]))
			continue;
		if (seen->order[i].action == kept &&
		    at - seen->at[i] < s->limits.min_interval_s)
			fail(s, seed, "two kept limits too soon");
		today += seen->at[i] / DAY == at / DAY;
	}
	if (today + 1 > s->limits.max_per_day)
		fail(s, seed, "too many kept limits in a day");
}

static void
observe(const struct stream *s, uint64_t seed)
{
	const struct seen *seen = &s->seen;
	const struct hm_command *c = &seen->order[seen->count - 1];
	int64_t at = seen->at[seen->count - 1];

	if (at + s->limits.way_s - c->time > s->limits.max_age_s)
		fail(s, seed, "too old");
	if (c->time - at > HM_CONTROL_AHEAD_S)
		fail(s, seed, "of the future");
	if (c->unit != HM_COMMAND_NONE && (c->amount < least(s, c) ||
	    c->amount > most(s, c)))
		fail(s, seed, "out of bounds");
	if (c->unit != HM_COMMAND_NONE && c->serial[0] != '\0' &&
	    s->device.all > 1)
		fail(s, seed, "a limit of one inverter of several");
	for (size_t i = 0; i + 1 < seen->count; i++)
		if (strcmp(seen->order[i].id, c->id) == 0)
			fail(s, seed, "an id twice");
	if (is_kept(c))
		observe_kept(s, seed);
	if (s->device.kind == HM_CONTROL_REGISTERS)
		observe_told(s, seed);
}

/* Commands */

static int64_t
random_amount(const struct stream *s, enum hm_command_unit unit)
{
	static const int64_t edges[] = {INT64_MIN, -1, 0, 1, 19, 20, 99, 100,
	    999, 1000, 1001, 32767, 32768, INT64_MAX};

	if (unit == HM_COMMAND_WATTS && below(4) == 0)
		return 10 * s->device.rated - 1 + below(3);
	if (below(4) == 0)
		return edges[below(sizeof edges / sizeof *edges)];
	return unit == HM_COMMAND_WATTS ? below(40000) : below(1100);
}

static int64_t
random_time(int64_t now)
{
	static const int64_t edges[] = {0, -59, -60, -61, 5, 6, -DAY, DAY};

	return now + (below(3) > 0 ? -below(3) :
	    edges[below(sizeof edges / sizeof *edges)]);
}

static struct hm_command
random_command(const struct stream *s)
{
	struct hm_command c = {.has_action = true,
	    .action = below(3) > 0 ? s->usual :
	    (enum hm_action)below(HM_ACTIONS)};

	c.time = random_time(s->now);
	if (c.action == HM_ACTION_LIMIT)
		c.unit = HM_COMMAND_PERCENT;
	else if (c.action == HM_ACTION_LIMIT_TEMPORARY)
		c.unit = below(2) == 0 ? HM_COMMAND_PERCENT : HM_COMMAND_WATTS;
	if (c.unit != HM_COMMAND_NONE)
		c.amount = random_amount(s, c.unit);
	if (c.action == HM_ACTION_SET_MODE) {
		hm_told_put(&c.told, HM_TOLD_MODE, below(HM_MODES));
		if (below(2) == 0)
			hm_told_put(&c.told, HM_TOLD_RESERVE_SOC,
			    below(104) - 2);
	}
	if (below(5) == 0)
		snprintf(c.serial, sizeof c.serial, "11612345");
	snprintf(c.id, sizeof c.id, "%d", (int)below(EVENTS));
	return c;
}

/* As hm-poll does */

static bool
is_known(const struct stream *s, const char *id)
{
	for (size_t i = 0; i < s->knows; i++)
		if (strcmp(s->known[i], id) == 0)
			return true;
	return false;
}

static void
send(struct stream *s, const struct hm_command *c, uint64_t seed)
{
	struct hm_control_verdict v;
	const struct hm_dtu dtu = {.unit = 1, .transport =
	    s->device.kind == HM_CONTROL_REGISTERS ? HM_TRANSPORT_MODBUS_G3 :
	    HM_TRANSPORT_HM};

	if (hm_control_unknown_action(&dtu, false, c->action) != NULL) {
		refusals++;
		return;
	}
	hm_control_fit(c, &s->device, &v);
	if (v.answer != HM_CONTROL_GO) {
		refusals++;
		return;
	}
	hm_control_sent(&s->past, c, s->now);
	s->seen.order[s->seen.count] = *c;
	s->seen.at[s->seen.count++] = s->now;
	observe(s, seed);
	orders++;
}

static void
send_waiting(struct stream *s, uint64_t seed)
{
	for (size_t i = 0; i < s->waits;) {
		struct hm_command c = s->waiting[i];
		struct hm_control_verdict v;

		hm_control_schedule(&s->limits, &s->past, &c, s->now, &v);
		if (v.answer == HM_CONTROL_WAIT) {
			waits++;
			i++;
			continue;
		}
		s->waiting[i] = s->waiting[--s->waits];
		if (v.answer == HM_CONTROL_GO)
			send(s, &c, seed);
		else
			refusals++;
	}
}

static void
take(struct stream *s, const struct hm_command *c)
{
	struct hm_control_verdict v;

	hm_control_admit(&s->limits, c, is_known(s, c->id), s->now, &v);
	if (v.answer != HM_CONTROL_GO || s->waits == WAITING) {
		refusals++;
		return;
	}
	snprintf(s->known[s->knows++], sizeof s->known[0], "%s", c->id);
	for (size_t i = 0; i < s->waits;) {
		if (hm_control_replaces(c, &s->waiting[i])) {
			s->waiting[i] = s->waiting[--s->waits];
			replacements++;
		} else {
			i++;
		}
	}
	s->waiting[s->waits++] = *c;
}

static void
run_stream(uint64_t seed)
{
	static struct stream s;

	memset(&s, 0, sizeof s);
	state = seed * 0x9e3779b97f4a7c15u | 1;
	s.limits = (struct hm_control_limits){60, below(20),
	    10 + below(100), 1 + below(20), 0};
	s.device = (struct hm_control_device){.is_modbus = below(3) == 0,
	    .takes_watts = below(2) == 0, .all = 1 + (size_t)below(2),
	    .inverters = 1, .has_mi = below(3) == 0, .rated = below(5000),
	    .limit = -1};
	s.usual = HM_ACTION_LIMIT;
	if (below(4) == 0) {
		s.usual = HM_ACTION_SET_MODE;
		s.device.kind = HM_CONTROL_REGISTERS;
		s.device.hybrid = (struct hm_control_hybrid){
		    .allows_unproven = below(2) == 0, .role = HM_G3_SINGLE};
	}
	s.now = 1800000000 + below(2 * DAY);
	hm_control_past_init(&s.past);
	for (int i = 0; i < EVENTS; i++) {
		struct hm_command c = random_command(&s);

		take(&s, &c);
		send_waiting(&s, seed);
		s.now += below(10) == 0 ? below(DAY / 4) : below(30);
	}
}

int
main(int argc, char *argv[])
{
	uint64_t streams = argc > 1 ? strtoull(argv[1], NULL, 10) : 3000;
	uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;

	puts("1..1");
	for (uint64_t n = seed; n < seed + streams; n++)
		run_stream(n);
	/* A stream that sends nothing would prove nothing. */
	if (orders < streams || told < streams || waits == 0 || refusals == 0 ||
	    replacements == 0) {
		puts("not ok - control: too few orders, waits or refusals");
		return EXIT_FAILURE;
	}
	printf("ok - control: %" PRIu64 " streams: %" PRIu64 " orders, %"
	    PRIu64 " refusals, %" PRIu64 " waits, %" PRIu64
	    " replacements\n", streams, orders, refusals, waits,
	    replacements);
	return EXIT_SUCCESS;
}
