#include <stdio.h>

#include "base/log.h"
#include "energy.h"
#include "guard_private.h"
#include "ledger.h"
#include "record/fields.h"
#include "record/record.h"

#define WH_TEXT ((size_t)32) /* an energy as text */
#define WARN_SECONDS 3600 /* between two messages about a port */
#define TOUCH_SECONDS 300
/* Polls a minute apart are each taken, although their times vary by 1 s. */
#define RAISE_SECONDS ((int64_t)58)
/* Of a port of an unknown model, and of an inverter of one (MIT-5000). */
#define RATED_WATTS 600
#define RATED_WATTS_INVERTER 5000

static void
warn(const struct hm_guard_identity *id, const struct hm_ledger_port *port,
    const char *key, int64_t reading, const char *text, int64_t bound)
{
	const struct hm_slice dtu = hm_slice(id->name, id->name_size);

	hm_log_facts(HM_WARNING, HM_FACTS(hm_fact_slice("dtu", dtu),
	    hm_fact_slice("serial", id->serial),
	    hm_fact_int("port", port->key.port), hm_fact_int("total", reading),
	    hm_fact_int(key, bound)),
	    "%.*s: inverter %.*s, input %lld: a total of %lld Wh %s %lld Wh",
	    (int)dtu.n, dtu.p, (int)id->serial.n, id->serial.p,
	    (long long)port->key.port, (long long)reading, text,
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

	if (!hm_log_shows(HM_DEBUG))
		return;
	hm_log_facts(HM_DEBUG, HM_FACTS(hm_fact_slice("dtu", dtu),
	    hm_fact_slice("serial", id->serial),
	    hm_fact_int("port", port->key.port), hm_fact_int("total", r->total),
	    hm_fact_int("shown", shown)), "%.*s: inverter %.*s, input %lld: "
	    "today %s, total %s: %s; the guard has: today %s, total %s",
	    (int)dtu.n, dtu.p, (int)id->serial.n, id->serial.p,
	    (long long)port->key.port, wh(r->today, today),
	    wh(r->total, total), verdict_name(verdict),
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

static void
warn_of_memory(struct hm_guard *guard)
{
	if (!guard->options.remembers && !guard->warned)
		hm_log(HM_WARNING, "without a database the accepted energies "
		    "are lost when hm-filter ends; see --database");
	guard->warned = true;
}

static bool
is_stale(const struct hm_record *record)
{
	return hm_record_get(record, "stale")->kind == HM_TRUE;
}

static struct hm_energy_reading
read_port(const struct hm_record *record, const struct hm_guard_identity *id,
    const struct hm_ledger_inverter *inverter)
{
	int says = hm_guard_says_awake(record);

	return (struct hm_energy_reading){
	    .time = id->time,
	    .awake = says < 0 ? inverter->awake : says != 0,
	    .watts = inverter->watts > 0 ? inverter->watts : RATED_WATTS,
	    .inverter_watts = inverter->watts > 0 ?
	        inverter->watts * inverter->inputs : RATED_WATTS_INVERTER,
	    .today = hm_guard_number(record, HM_F_TODAY_PRODUCTION, -1),
	    .total = hm_guard_number(record, HM_F_TOTAL_PRODUCTION, -1),
	};
}

/*
 * At night only the time changes: do not write it at every poll. With an older
 * time in the database the limit is only a little higher after a restart.
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

static void
take_in(struct hm_guard *guard, const struct hm_guard_identity *id,
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

static const char *
judge_port(struct hm_guard *guard, const struct hm_record *record,
    const struct hm_guard_identity *id, struct hm_ledger_inverter *inverter,
    const struct hm_energy_reading *r, struct hm_guard_answer *answer)
{
	struct hm_ledger_port *port;
	int64_t number;

	if (!hm_record_int(record, "port", &number) || number < 0 ||
	    number > HM_LEDGER_PORT_MAX)
		return hm_guard_unidentified;
	warn_of_memory(guard);
	port = hm_ledger_find_port(inverter, number);
	/* A hybrid inverter has no total by which to judge the day. */
	if (port == NULL && r->total < 0 && r->today >= 0)
		return NULL;
	/* A port without a panel never has a total. */
	if (port == NULL && r->total <= 0) {
		answer->today = answer->total = HM_GUARD_OUT;
		return NULL;
	}
	if (port == NULL)
		port = hm_ledger_port(guard->options.ledger, inverter,
		    number);
	if (port == NULL)
		return hm_guard_too_many;
	take_in(guard, id, port, r, is_stale(record));
	answer->today = hm_guard_show(guard, hm_energy_today(&port->energy),
	    r->today >= 0 && r->today <= r->total);
	answer->total = hm_guard_show(guard, hm_energy_total(&port->energy),
	    r->total > 0);
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
