#include <stdio.h>

#include "base/log.h"
#include "energy.h"
#include "guard_private.h"
#include "ledger.h"
#include "record/fields.h"
#include "record/record.h"
#include "record/types.h"

#define WH_TEXT ((size_t)32) /* an energy as text */
#define WARN_SECONDS 3600 /* between two messages about a port */
#define TOUCH_SECONDS 300
/* Polls a minute apart are each taken, although their times vary by 1 s. */
#define RAISE_SECONDS ((int64_t)58)
/* Of a port of an unknown model, and of an inverter of one (MIT-5000). */
#define RATED_WATTS 600
#define RATED_WATTS_INVERTER 5000
/* What a counter is of: "input 255", or "external_pv, today_energy_a". */
#define COUNTER_TEXT ((size_t)64)

/* A port has a number, another counter of a hybrid inverter a field. */
static struct hm_fact
counter_fact(const struct hm_guard_identity *id,
    const struct hm_ledger_port *port)
{
	return id->scope == HM_SCOPE_PORT ?
	    hm_fact_int("port", port->key.port) :
	    hm_fact("field", hm_fields[port->key.port].key);
}

static const char *
counter_text(const struct hm_guard_identity *id,
    const struct hm_ledger_port *port, char out[COUNTER_TEXT])
{
	if (id->scope == HM_SCOPE_PORT)
		snprintf(out, COUNTER_TEXT, "input %lld",
		    (long long)port->key.port);
	else
		snprintf(out, COUNTER_TEXT, "%s, %s",
		    hm_reading_types[id->scope].name,
		    hm_fields[port->key.port].key);
	return out;
}

static void
warn(const struct hm_guard_identity *id, const struct hm_ledger_port *port,
    const char *key, int64_t reading, const char *text, int64_t bound)
{
	const struct hm_slice dtu = hm_slice(id->name, id->name_size);
	char counter[COUNTER_TEXT];

	hm_log_facts(HM_WARNING, HM_FACTS(hm_fact_slice("dtu", dtu),
	    hm_fact_slice("serial", id->serial), counter_fact(id, port),
	    hm_fact_int("total", reading), hm_fact_int(key, bound)),
	    "%.*s: inverter %.*s, %s: a total of %lld Wh %s %lld Wh",
	    (int)dtu.n, dtu.p, (int)id->serial.n, id->serial.p,
	    counter_text(id, port, counter), (long long)reading, text,
	    (long long)bound);
}

/*
 * A DTU repeats wrong counters at each poll: log them once an hour. The total
 * is what would be shown, with what was shown before its counter restarted.
 */
static void
warn_refused(const struct hm_guard_identity *id, struct hm_ledger_port *port,
    const struct hm_energy_reading *r, enum hm_energy_verdict verdict)
{
	int64_t total = r->total + port->energy.shift;

	if (port->warned != 0 && r->time >= port->warned &&
	    r->time - port->warned < WARN_SECONDS)
		return;
	port->warned = r->time;
	if (verdict == HM_ENERGY_FALL)
		warn(id, port, "shown", total,
		    "is refused: it is below the shown total of",
		    hm_energy_total(&port->energy));
	else
		warn(id, port, "limit", total,
		    "is refused: it is above the limit of",
		    hm_energy_limit(&port->energy, r->time, r->watts));
}

static const char *
verdict_name(enum hm_energy_verdict verdict)
{
	switch (verdict) {
	case HM_ENERGY_GOOD:
		return "accepted";
	case HM_ENERGY_NONE:
		return "no total";
	case HM_ENERGY_FALL:
		return "refused, a fall";
	case HM_ENERGY_SPIKE:
		return "refused, a spike";
	case HM_ENERGY_RESET:
		return "accepted, the counter was reset";
	case HM_ENERGY_WRAP:
		return "accepted, the counter has wrapped";
	case HM_ENERGY_WAIT:
		return "below the energy of the day before, not confirmed";
	case HM_ENERGY_NEW_DAY:
		return "accepted, a new day has begun";
	}
	return "?";
}

static const char *
wh(int64_t energy, char out[WH_TEXT])
{
	if (energy < 0)
		return "unknown";
	snprintf(out, WH_TEXT, "%lld Wh", (long long)energy);
	return out;
}

static void
log_verdict(const struct hm_guard_identity *id,
    const struct hm_ledger_port *port, const struct hm_energy_reading *r,
    enum hm_energy_verdict verdict)
{
	struct hm_slice dtu = id->dtu->key.name;
	int64_t shown = hm_energy_total(&port->energy);
	char today[WH_TEXT], total[WH_TEXT], day[WH_TEXT], all[WH_TEXT];
	char counter[COUNTER_TEXT];

	if (!hm_log_shows(HM_DEBUG))
		return;
	hm_log_facts(HM_DEBUG, HM_FACTS(hm_fact_slice("dtu", dtu),
	    hm_fact_slice("serial", id->serial), counter_fact(id, port),
	    hm_fact_int("total", r->total),
	    hm_fact_int("shown", shown)), "%.*s: inverter %.*s, %s: "
	    "today %s, total %s: %s; the guard has: today %s, total %s",
	    (int)dtu.n, dtu.p, (int)id->serial.n, id->serial.p,
	    counter_text(id, port, counter), wh(r->today, today),
	    wh(r->daily ? -1 : r->total, total), verdict_name(verdict),
	    wh(hm_energy_today(&port->energy), day), wh(shown, all));
}

static void
judge(struct hm_guard *guard, const struct hm_guard_identity *id,
    struct hm_ledger_port *port, const struct hm_energy_reading *r)
{
	struct hm_energy before = port->energy;
	enum hm_energy_verdict verdict = hm_energy_read(&port->energy, r);

	log_verdict(id, port, r, verdict);
	switch (verdict) {
	case HM_ENERGY_GOOD:
	case HM_ENERGY_WAIT:
	case HM_ENERGY_NEW_DAY:
		break;
	case HM_ENERGY_NONE:
		guard->counters.refused_zeros +=
		    r->awake && hm_energy_total(&before) >= 0;
		break;
	case HM_ENERGY_FALL:
		guard->counters.refused_falls++;
		warn_refused(id, port, r, verdict);
		break;
	case HM_ENERGY_SPIKE:
		guard->counters.refused_spikes++;
		warn_refused(id, port, r, verdict);
		break;
	case HM_ENERGY_WRAP:
		warn(id, port, "shown", r->total, "comes from a counter that "
		    "wrapped at 65536 Wh; the shown total continues at",
		    hm_energy_total(&port->energy));
		break;
	case HM_ENERGY_RESET:
		guard->counters.began_anew++;
		warn(id, port, "shown", r->total, "comes from a counter that "
		    "was reset; the shown total continues at",
		    hm_energy_total(&before));
		break;
	}
}

void
hm_guard_warn_of_memory(struct hm_guard *guard)
{
	if (!guard->options.remembers && !guard->warned)
		hm_log(HM_WARNING, "without a database the accepted energies "
		    "are lost when hm-filter ends; see --database");
	guard->warned = true;
}

static struct hm_energy_reading
read_port(const struct hm_record *record, const struct hm_guard_identity *id,
    const struct hm_ledger_inverter *inverter)
{
	int says = hm_guard_says_awake(record);

	return (struct hm_energy_reading){
	    .time = id->time,
	    .awake = says < 0 ? inverter->awake : says != 0,
	    .today = hm_guard_number(record, HM_F_TODAY_PRODUCTION, -1),
	    .total = hm_guard_number(record, HM_F_TOTAL_PRODUCTION, -1),
	};
}

/* A port with a counter of the day is a hybrid inverter's. */
static void
rate(struct hm_energy_reading *r, const struct hm_ledger_inverter *inverter,
    const struct hm_ledger_port *port)
{
	bool hybrid = inverter->hybrid ||
	    (port != NULL && port->energy.daily != 0);

	r->watts = hybrid ? HM_GUARD_HYBRID_WATTS : RATED_WATTS;
	r->inverter_watts = hybrid ? HM_GUARD_HYBRID_WATTS_ALL :
	    RATED_WATTS_INVERTER;
	if (inverter->watts > 0) {
		r->watts = inverter->watts;
		r->inverter_watts = inverter->watts * inverter->inputs;
	}
}

/*
 * At night only the time changes: do not write it at every poll. With an older
 * time in the database the limit is only a little higher after a restart. A
 * counter of the day waits at 0 Wh until the sun is up.
 */
static bool
is_worth_saving(const struct hm_energy *before,
    const struct hm_ledger_port *port, int64_t now)
{
	struct hm_energy after = port->energy;

	if (now < port->touched || now - port->touched >= TOUCH_SECONDS)
		return memcmp(before, &after, sizeof after) != 0;
	after.total_time = before->total_time;
	after.pending_time = before->pending_time;
	if (after.daily != 0 && before->doubts > 0 && after.doubts > 0) {
		after.doubts = before->doubts;
		after.doubt_time = before->doubt_time;
	}
	return memcmp(before, &after, sizeof after) != 0;
}

/*
 * Whether the totals of a DTU may not rise in this poll, because they did less
 * than a minute ago. A total that rises is saved first, and a flush of the disk
 * at each poll would cost more than all else. All inputs of a DTU rise in the
 * same polls, so that one save is enough for them.
 */
static bool
has_just_risen(struct hm_ledger_dtu *dtu, int64_t time)
{
	if (time > dtu->raised && time - dtu->raised < RAISE_SECONDS)
		return true;
	dtu->raised = time;
	return false;
}

/* After a gap the total is an old one, which a second poll soon replaces. */
static bool
is_recent(const struct hm_energy *e, int64_t time)
{
	return time - e->total_time < 2 * RAISE_SECONDS;
}

void
hm_guard_take(struct hm_guard *guard, const struct hm_guard_identity *id,
    struct hm_ledger_port *port, const struct hm_energy_reading *r,
    bool stale)
{
	struct hm_energy before = port->energy;
	bool soon = has_just_risen(id->dtu, id->time);

	hm_energy_day(&port->energy, id->day, id->time);
	/* A repeated reading confirms nothing. */
	if (!stale && soon && is_recent(&port->energy, id->time) &&
	    hm_energy_grow(&port->energy, r)) {
		before.pending = port->energy.pending;
		before.pending_time = port->energy.pending_time;
		hm_ledger_note(guard->options.ledger, port);
	} else if (!stale) {
		judge(guard, id, port, r);
	}
	if (is_worth_saving(&before, port, id->time)) {
		port->touched = id->time;
		hm_ledger_touch(guard->options.ledger, id->dtu, port);
	}
}

void
hm_guard_use_daily(struct hm_energy_reading *r,
    const struct hm_ledger_port *port, bool counts_days)
{
	bool is_new = port == NULL || port->energy.pending < 0;
	bool may = is_new ? counts_days : port->energy.daily != 0;

	r->daily = may && r->total < 0 && r->today >= 0;
	if (r->daily)
		r->total = r->today;
}

int64_t
hm_guard_show_today(const struct hm_guard *guard,
    const struct hm_ledger_port *port, const struct hm_energy_reading *r)
{
	int64_t today = port != NULL ? hm_energy_today(&port->energy) : -1;

	if (today < 0 && r->daily && r->today == 0)
		return HM_GUARD_OWN;
	return hm_guard_show(guard, today, port != NULL && r->today >= 0 &&
	    r->today <= r->total);
}

static const char *
judge_port(struct hm_guard *guard, const struct hm_record *record,
    const struct hm_guard_identity *id, struct hm_ledger_inverter *inverter,
    struct hm_energy_reading *r, struct hm_guard_answer *answer)
{
	struct hm_ledger_port *port;
	int64_t number;

	if (!hm_record_int(record, "port", &number) || number < 0 ||
	    number > HM_LEDGER_PORT_MAX)
		return hm_guard_unidentified;
	hm_guard_warn_of_memory(guard);
	port = hm_ledger_find_port(inverter, number);
	hm_guard_use_daily(r, port, inverter->hybrid || inverter->watts == 0);
	rate(r, inverter, port);
	/* A port without a panel never has a total. */
	if (port == NULL && r->total <= 0) {
		answer->today = hm_guard_show_today(guard, NULL, r);
		answer->total = HM_GUARD_OUT;
		return NULL;
	}
	if (port == NULL)
		port = hm_ledger_port(guard->options.ledger, inverter,
		    number);
	if (port == NULL)
		return hm_guard_too_many;
	hm_guard_take(guard, id, port, r, hm_guard_is_stale(record));
	answer->today = hm_guard_show_today(guard, port, r);
	answer->total = hm_guard_show(guard, hm_energy_total(&port->energy),
	    r->total > 0 && !r->daily);
	return NULL;
}

const char *
hm_guard_look_at_port(struct hm_guard *guard, const struct hm_record *record,
    const struct hm_guard_identity *id, struct hm_guard_answer *answer)
{
	struct hm_sums *sums = hm_guard_sums(id);
	struct hm_energy_reading r;
	struct hm_ledger_inverter *inverter;
	const char *why = hm_guard_inverter(guard, id, &inverter);

	if (why != NULL)
		return why;
	sums->ports++;
	r = read_port(record, id, inverter);
	answer->asleep = !r.awake;
	if (r.awake)
		hm_guard_add(&sums->pv_power,
		    hm_guard_decimal(record, HM_F_PV_POWER));
	hm_guard_add_energy(&sums->today, r.today);
	hm_guard_add_energy(&sums->total, r.total);
	return guard->options.judges ?
	    judge_port(guard, record, id, inverter, &r, answer) : NULL;
}
