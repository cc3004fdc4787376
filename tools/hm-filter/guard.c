#include "guard.h"

#include <ctype.h>
#include <stdlib.h>
#include <strings.h>

#include "base/decimal.h"
#include "base/log.h"
#include "base/rfc3339.h"
#include "base/zone.h"
#include "config/config.h"
#include "energy.h"
#include "record/dtu_name.h"
#include "record/models.h"

#define TELL_SECONDS 3600 /* between two messages about a port */
#define TOUCH_SECONDS 300
#define PHANTOM_SECONDS 86400
#define RATED_WATTS 600 /* of a port whose inverter's model is not known */

struct hm_guard {
	struct hm_guard_options options;
	struct hm_guard_counters counters;
	bool warned; /* that nothing outlives the process */
};

static const char unidentified[] =
    "its time, dtu, serial or port is missing or impossible";
static const char too_many[] =
    "there are more DTUs, inverters and inputs than are kept";

/* What identifies a record. */
struct identity {
	char name[HM_DTU_NAME_MAX];
	size_t name_size;
	char serial_text[HM_LEDGER_SERIAL];
	struct hm_slice serial; /* in lower case: it is hex digits */
	int64_t time, day;
	struct hm_ledger_dtu *dtu;
};

struct hm_guard *
hm_guard_new(const struct hm_guard_options *options)
{
	struct hm_guard *guard = calloc(1, sizeof *guard);

	if (guard != NULL)
		guard->options = *options;
	return guard;
}

void
hm_guard_free(struct hm_guard *guard)
{
	free(guard);
}

const struct hm_guard_counters *
hm_guard_counters(const struct hm_guard *guard)
{
	return &guard->counters;
}

bool
hm_serial_listed(const char *words, struct hm_slice serial)
{
	struct hm_slice word;

	while (hm_config_word(&words, &word))
		if (word.n == serial.n &&
		    strncasecmp(word.p, serial.p, word.n) == 0)
			return true;
	return false;
}

static int64_t
number_of(const struct hm_record *record, enum hm_field_id field,
    int64_t otherwise)
{
	int64_t number;

	return hm_record_int(record, hm_fields[field].key, &number) ? number :
	    otherwise;
}

static struct hm_decimal
dec_of(const struct hm_record *record, enum hm_field_id field)
{
	struct hm_decimal number;

	return hm_record_decimal(record, hm_fields[field].key, &number) ?
	    number : hm_decimal(0, 0);
}

/* Whether a record says that its inverter is awake; 1, 0, or -1 for silence. */
static int
says_awake(const struct hm_record *record)
{
	int64_t link = number_of(record, HM_F_LINK_STATUS, -1);
	int64_t status = number_of(record, HM_F_OPERATING_STATUS, -1);

	if (link == 0 || status == 0)
		return 0;
	return link > 0 || status > 0 ? 1 : -1;
}

/* Empty if there is none; false if it is no serial number. */
static bool
read_serial(const struct hm_record *record, struct identity *id)
{
	struct hm_slice serial;

	if (!hm_record_string(record, "serial", &serial))
		serial.n = 0;
	if (serial.n > sizeof id->serial_text)
		return false;
	for (size_t i = 0; i < serial.n; i++)
		id->serial_text[i] = (char)tolower((unsigned char)
		    serial.p[i]);
	id->serial = hm_slice(id->serial_text, serial.n);
	return true;
}

/* What a DTU's records of one time show; those of another begin anew. */
static struct hm_sums *
sums_of(const struct identity *id)
{
	struct hm_sums *sums = &id->dtu->sums;

	if (sums->time != id->time)
		*sums = (struct hm_sums){.time = id->time};
	return sums;
}

static const char *
identify(struct hm_guard *guard, const struct hm_record *record,
    struct identity *id)
{
	struct hm_slice time, dtu;

	if (!hm_record_string(record, "time", &time) ||
	    !hm_rfc3339_parse(time, &id->time) ||
	    !hm_record_string(record, "dtu", &dtu) ||
	    !hm_string_decode(dtu, id->name, sizeof id->name, &id->name_size))
		return unidentified;
	if (!read_serial(record, id))
		return unidentified;
	id->day = hm_zone_day(id->time, guard->options.reset_hour);
	id->dtu = hm_ledger_dtu(guard->options.ledger,
	    hm_slice(id->name, id->name_size));
	return id->dtu != NULL ? NULL : too_many;
}

/* Inverters */

static void
add_dec(struct hm_decimal *sum, struct hm_decimal more)
{
	struct hm_decimal total;

	if (hm_decimal_add(*sum, more, &total))
		*sum = total;
}

static const char *
look_at_inverter(struct hm_guard *guard, const struct hm_record *record,
    const struct identity *id, struct hm_guard_answer *answer)
{
	struct hm_sums *sums = sums_of(id);
	struct hm_ledger_inverter *inverter;
	struct hm_slice model;

	if (id->serial.n == 0)
		return unidentified;
	inverter = hm_ledger_inverter(guard->options.ledger, id->dtu,
	    id->serial);
	if (inverter == NULL)
		return too_many;
	inverter->awake = says_awake(record) != 0;
	if (hm_record_string(record, hm_fields[HM_F_MODEL].key, &model))
		inverter->watts = hm_model_input_watts(model);
	answer->asleep = !inverter->awake;
	sums->inverters++;
	if (number_of(record, HM_F_LINK_STATUS, 1) != 0) {
		sums->online++;
		sums->alarm |= number_of(record, HM_F_ALARM_CODE, 0) != 0;
	}
	if (inverter->awake)
		add_dec(&sums->active_power,
		    dec_of(record, HM_F_ACTIVE_POWER));
	return NULL;
}

/* Ports */

/* A message about a port, with the text that is the same in all. */
static void
tell(const struct identity *id, const struct hm_ledger_port *port,
    const char *key, int64_t reading, const char *text, int64_t bound)
{
	const struct hm_slice dtu = hm_slice(id->name, id->name_size);

	hm_log_facts(HM_WARNING, HM_FACTS(hm_fact_slice("dtu", dtu),
	    hm_fact_slice("serial", id->serial),
	    hm_fact_int("port", port->key.port), hm_fact_int("total", reading),
	    hm_fact_int(key, bound)),
	    "%.*s: inverter %.*s, port %lld: a total of %lld Wh %s %lld Wh",
	    (int)dtu.n, dtu.p, (int)id->serial.n, id->serial.p,
	    (long long)port->key.port, (long long)reading, text,
	    (long long)bound);
}

/* A DTU that shows nonsense does so again and again. */
static void
say_refused(const struct identity *id, struct hm_ledger_port *port,
    const struct hm_energy_reading *r, enum hm_energy_verdict verdict)
{
	if (port->told != 0 && r->time >= port->told &&
	    r->time - port->told < TELL_SECONDS)
		return;
	port->told = r->time;
	if (verdict == HM_ENERGY_FALL)
		tell(id, port, "shown", r->total,
		    "is refused; it has been",
		    hm_energy_total(&port->energy));
	else
		tell(id, port, "limit", r->total,
		    "is refused; it cannot be more than",
		    hm_energy_limit(&port->energy, r->time, r->watts));
}

static void
judge(struct hm_guard *guard, const struct identity *id,
    struct hm_ledger_port *port, const struct hm_energy_reading *r)
{
	struct hm_energy before = port->energy;
	enum hm_energy_verdict verdict = hm_energy_read(&port->energy, r);

	switch (verdict) {
	case HM_ENERGY_GOOD:
		break;
	case HM_ENERGY_NONE:
		guard->counters.refused_zeros +=
		    r->awake && hm_energy_total(&before) >= 0;
		break;
	case HM_ENERGY_FALL:
		guard->counters.refused_falls++;
		say_refused(id, port, r, verdict);
		break;
	case HM_ENERGY_SPIKE:
		guard->counters.refused_spikes++;
		say_refused(id, port, r, verdict);
		break;
	case HM_ENERGY_ANEW:
		guard->counters.began_anew++;
		tell(id, port, "shown", r->total, "is that of a counter "
		    "which has begun anew; the energy goes on from",
		    hm_energy_total(&before));
		break;
	}
}

static void
warn_of_memory(struct hm_guard *guard)
{
	if (!guard->options.remembers && !guard->warned)
		hm_log(HM_WARNING, "without a database what is known of the "
		    "energy is lost when this ends; see --database");
	guard->warned = true;
}

/* In place of what is not known: what the record says, if it may be shown. */
static int64_t
show(const struct hm_guard *guard, int64_t known, bool may_show)
{
	if (known >= 0)
		return known;
	return may_show && !guard->options.remembers ? HM_GUARD_OWN :
	    HM_GUARD_OUT;
}

static bool
is_stale(const struct hm_record *record)
{
	return hm_record_get(record, "stale")->kind == HM_TRUE;
}

static struct hm_energy_reading
read_port(const struct hm_record *record, const struct identity *id,
    const struct hm_ledger_inverter *inverter)
{
	int says = says_awake(record);

	return (struct hm_energy_reading){
	    .time = id->time,
	    .awake = says < 0 ? inverter->awake : says != 0,
	    .watts = inverter->watts > 0 ? inverter->watts : RATED_WATTS,
	    .today = number_of(record, HM_F_TODAY_PRODUCTION, -1),
	    .total = number_of(record, HM_F_TOTAL_PRODUCTION, -1),
	};
}

/*
 * A counter that stands still all night need not be written at every poll: a
 * time that is some minutes old only makes the guard a little more patient.
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

static void
take_in(struct hm_guard *guard, const struct identity *id,
    struct hm_ledger_port *port, const struct hm_energy_reading *r,
    bool stale)
{
	struct hm_energy before = port->energy;

	hm_energy_day(&port->energy, id->day, id->time);
	/* What the DTU repeats bears nothing out. */
	if (!stale)
		judge(guard, id, port, r);
	if (is_worth_saving(&before, port, id->time)) {
		port->touched = id->time;
		hm_ledger_touch(guard->options.ledger, id->dtu, port);
	}
}

static const char *
judge_port(struct hm_guard *guard, const struct hm_record *record,
    const struct identity *id, struct hm_ledger_inverter *inverter,
    const struct hm_energy_reading *r, struct hm_guard_answer *answer)
{
	struct hm_ledger_port *port;
	int64_t number;

	if (!hm_record_int(record, "port", &number) || number < 0 ||
	    number > HM_LEDGER_PORT_MAX)
		return unidentified;
	warn_of_memory(guard);
	port = hm_ledger_find_port(inverter, number);
	/* A port that has nothing connected never shows a total. */
	if (port == NULL && r->total <= 0) {
		answer->today = answer->total = HM_GUARD_OUT;
		return NULL;
	}
	if (port == NULL)
		port = hm_ledger_port(guard->options.ledger, inverter,
		    number);
	if (port == NULL)
		return too_many;
	take_in(guard, id, port, r, is_stale(record));
	answer->today = show(guard, hm_energy_today(&port->energy),
	    r->today >= 0 && r->today <= r->total);
	answer->total = show(guard, hm_energy_total(&port->energy),
	    r->total > 0);
	return NULL;
}

static void
add_energy(int64_t *sum, int64_t energy)
{
	int64_t total;

	if (*sum < 0 || energy < 0 ||
	    __builtin_add_overflow(*sum, energy, &total))
		total = -1;
	*sum = total;
}

static const char *
look_at_port(struct hm_guard *guard, const struct hm_record *record,
    const struct identity *id, struct hm_guard_answer *answer)
{
	struct hm_sums *sums = sums_of(id);
	struct hm_energy_reading r;
	struct hm_ledger_inverter *inverter;

	if (id->serial.n == 0)
		return unidentified;
	inverter = hm_ledger_inverter(guard->options.ledger, id->dtu,
	    id->serial);
	if (inverter == NULL)
		return too_many;
	r = read_port(record, id, inverter);
	answer->asleep = !r.awake;
	if (r.awake)
		add_dec(&sums->pv_power, dec_of(record, HM_F_PV_POWER));
	add_energy(&sums->today, r.today);
	add_energy(&sums->total, r.total);
	return guard->options.judges ?
	    judge_port(guard, record, id, inverter, &r, answer) : NULL;
}

/* DTUs */

struct energies {
	int64_t today, total; /* -1: not every part is known */
	size_t ports;
};

/* Nothing has borne out for a day what was read of it once. */
static bool
is_phantom(const struct hm_energy *e, int64_t now)
{
	return hm_energy_total(e) < 0 &&
	    now - e->pending_time > PHANTOM_SECONDS;
}

/* Inverters of which nothing comes have a new day, too. */
static void
add_inverter(struct hm_guard *guard, struct energies *sums,
    const struct hm_ledger_inverter *inverter, const struct identity *id)
{
	struct hm_ledger_port *port = hm_device_first_port(&inverter->key);

	for (; port != NULL; port = hm_port_next(&port->key)) {
		int64_t day = port->energy.day;

		if (is_phantom(&port->energy, id->time))
			continue;
		hm_energy_day(&port->energy, id->day, id->time);
		if (day != port->energy.day)
			hm_ledger_touch(guard->options.ledger, id->dtu, port);
		add_energy(&sums->today, hm_energy_today(&port->energy));
		add_energy(&sums->total, hm_energy_total(&port->energy));
		sums->ports++;
	}
}

static struct energies
add_up(struct hm_guard *guard, const struct identity *id)
{
	const struct hm_ledger_inverter *inverter =
	    hm_dtu_first_device(&id->dtu->key);
	struct energies sums = {0, 0, 0};

	for (; inverter != NULL; inverter = hm_device_next(&inverter->key))
		if (!hm_serial_listed(guard->options.exclude,
		    hm_device_serial(&inverter->key)))
			add_inverter(guard, &sums, inverter, id);
	if (sums.ports == 0)
		sums.today = sums.total = -1;
	return sums;
}

/* The record's own sums hold what is excluded. */
static void
show_sums(const struct hm_sums *sums, struct hm_guard_answer *answer)
{
	answer->sums_known = true;
	answer->sums = *sums;
	answer->asleep = sums->online == 0;
	answer->today = sums->inverters > 0 ? sums->today : HM_GUARD_OUT;
	answer->total = sums->inverters > 0 ? sums->total : HM_GUARD_OUT;
}

static void
look_at_dtu(struct hm_guard *guard, const struct hm_record *record,
    const struct identity *id, struct hm_guard_answer *answer)
{
	struct hm_sums *sums = sums_of(id);
	bool excludes = guard->options.exclude != NULL;

	answer->asleep = number_of(record, HM_F_INVERTERS_ONLINE, 1) == 0;
	if (excludes)
		show_sums(sums, answer);
	if (guard->options.judges) {
		struct energies all = add_up(guard, id);

		answer->today = show(guard, all.today, !excludes);
		answer->total = show(guard, all.total, !excludes);
	}
	*sums = (struct hm_sums){.inverters = 0};
}

const char *
hm_guard_look(struct hm_guard *guard, enum hm_scope scope,
    const struct hm_record *record, struct hm_guard_answer *answer)
{
	struct identity id;
	const char *why;

	*answer = (struct hm_guard_answer){.today = HM_GUARD_OWN,
	    .total = HM_GUARD_OWN};
	if (scope == HM_SCOPE_METER)
		return NULL;
	why = identify(guard, record, &id);
	if (why == NULL && scope == HM_SCOPE_INVERTER)
		why = look_at_inverter(guard, record, &id, answer);
	else if (why == NULL && scope == HM_SCOPE_PORT)
		why = look_at_port(guard, record, &id, answer);
	else if (why == NULL)
		look_at_dtu(guard, record, &id, answer);
	/* What cannot be judged is not shown. */
	if (why != NULL && guard->options.judges)
		answer->today = answer->total = HM_GUARD_OUT;
	return why;
}
