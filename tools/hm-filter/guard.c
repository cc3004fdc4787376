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
#include "record/models.h"

#define TELL_SECONDS 3600 /* between two messages about an input */
#define TOUCH_SECONDS 300
#define PHANTOM_SECONDS 86400
#define RATED_WATTS 600 /* of an input whose inverter's model is not known */

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
struct place {
	char dtu[HM_LEDGER_NAME];
	size_t dtu_size;
	char serial_text[HM_LEDGER_SERIAL];
	struct hm_slice serial; /* in lower case: it is hex digits */
	int64_t time, day;
	struct hm_station *station;
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
read_serial(const struct hm_record *record, struct place *place)
{
	struct hm_slice serial;

	if (!hm_record_string(record, "serial", &serial))
		serial.n = 0;
	if (serial.n > sizeof place->serial_text)
		return false;
	for (size_t i = 0; i < serial.n; i++)
		place->serial_text[i] = (char)tolower((unsigned char)
		    serial.p[i]);
	place->serial = hm_slice(place->serial_text, serial.n);
	return true;
}

/* What a DTU's records of one time show; those of another begin anew. */
static struct hm_group *
group_of(const struct place *place)
{
	struct hm_group *group = &place->station->group;

	if (group->time != place->time)
		*group = (struct hm_group){.time = place->time};
	return group;
}

static const char *
find_place(struct hm_guard *guard, const struct hm_record *record,
    struct place *place)
{
	struct hm_slice time, dtu;

	if (!hm_record_string(record, "time", &time) ||
	    !hm_rfc3339_parse(time, &place->time) ||
	    !hm_record_string(record, "dtu", &dtu) ||
	    !hm_string_decode(dtu, place->dtu, sizeof place->dtu,
	    &place->dtu_size))
		return unidentified;
	if (!read_serial(record, place))
		return unidentified;
	place->day = hm_zone_day(place->time, guard->options.reset_hour);
	place->station = hm_ledger_station(guard->options.ledger,
	    hm_slice(place->dtu, place->dtu_size));
	return place->station != NULL ? NULL : too_many;
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
    const struct place *place, struct hm_guard_answer *answer)
{
	struct hm_group *group = group_of(place);
	struct hm_unit *unit;
	struct hm_slice model;

	if (place->serial.n == 0)
		return unidentified;
	unit = hm_ledger_unit(guard->options.ledger, place->station,
	    place->serial);
	if (unit == NULL)
		return too_many;
	unit->awake = says_awake(record) != 0;
	if (hm_record_string(record, hm_fields[HM_F_MODEL].key, &model))
		unit->watts = hm_model_input_watts(model);
	answer->asleep = !unit->awake;
	group->inverters++;
	if (number_of(record, HM_F_LINK_STATUS, 1) != 0) {
		group->online++;
		group->alarm |= number_of(record, HM_F_ALARM_CODE, 0) != 0;
	}
	if (unit->awake)
		add_dec(&group->active_power,
		    dec_of(record, HM_F_ACTIVE_POWER));
	return NULL;
}

/* Inputs */

/* A message about an input, with the text that is the same in all. */
static void
tell(const struct place *place, const struct hm_input *input,
    const char *key, int64_t reading, const char *text, int64_t bound)
{
	const struct hm_slice dtu = hm_slice(place->dtu, place->dtu_size);

	hm_log_facts(HM_WARNING, HM_FACTS(hm_fact_slice("dtu", dtu),
	    hm_fact_slice("serial", place->serial),
	    hm_fact_int("port", input->port), hm_fact_int("total", reading),
	    hm_fact_int(key, bound)),
	    "%.*s: inverter %.*s, port %lld: a total of %lld Wh %s %lld Wh",
	    (int)dtu.n, dtu.p, (int)place->serial.n, place->serial.p,
	    (long long)input->port, (long long)reading, text,
	    (long long)bound);
}

/* A DTU that shows nonsense does so again and again. */
static void
say_refused(const struct place *place, struct hm_input *input,
    const struct hm_energy_reading *r, enum hm_energy_verdict verdict)
{
	if (input->told != 0 && r->time >= input->told &&
	    r->time - input->told < TELL_SECONDS)
		return;
	input->told = r->time;
	if (verdict == HM_ENERGY_FALL)
		tell(place, input, "shown", r->total,
		    "is refused; it has been",
		    hm_energy_total(&input->energy));
	else
		tell(place, input, "limit", r->total,
		    "is refused; it cannot be more than",
		    hm_energy_limit(&input->energy, r->time, r->watts));
}

static void
judge(struct hm_guard *guard, const struct place *place,
    struct hm_input *input, const struct hm_energy_reading *r)
{
	struct hm_energy before = input->energy;
	enum hm_energy_verdict verdict = hm_energy_read(&input->energy, r);

	switch (verdict) {
	case HM_ENERGY_GOOD:
		break;
	case HM_ENERGY_NONE:
		guard->counters.refused_zeros +=
		    r->awake && hm_energy_total(&before) >= 0;
		break;
	case HM_ENERGY_FALL:
		guard->counters.refused_falls++;
		say_refused(place, input, r, verdict);
		break;
	case HM_ENERGY_SPIKE:
		guard->counters.refused_spikes++;
		say_refused(place, input, r, verdict);
		break;
	case HM_ENERGY_ANEW:
		guard->counters.began_anew++;
		tell(place, input, "shown", r->total, "is that of a counter "
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
read_port(const struct hm_record *record, const struct place *place,
    const struct hm_unit *unit)
{
	int says = says_awake(record);

	return (struct hm_energy_reading){
	    .time = place->time,
	    .awake = says < 0 ? unit->awake : says != 0,
	    .watts = unit->watts > 0 ? unit->watts : RATED_WATTS,
	    .today = number_of(record, HM_F_TODAY_PRODUCTION, -1),
	    .total = number_of(record, HM_F_TOTAL_PRODUCTION, -1),
	};
}

/*
 * A counter that stands still all night need not be written at every poll: a
 * time that is some minutes old only makes the guard a little more patient.
 */
static bool
is_worth_saving(const struct hm_energy *before, const struct hm_input *input,
    int64_t now)
{
	struct hm_energy after = input->energy;

	if (now < input->touched || now - input->touched >= TOUCH_SECONDS)
		return memcmp(before, &after, sizeof after) != 0;
	after.total_time = before->total_time;
	after.pending_time = before->pending_time;
	return memcmp(before, &after, sizeof after) != 0;
}

static void
take_in(struct hm_guard *guard, const struct place *place,
    struct hm_input *input, const struct hm_energy_reading *r, bool stale)
{
	struct hm_energy before = input->energy;

	hm_energy_day(&input->energy, place->day, place->time);
	/* What the DTU repeats bears nothing out. */
	if (!stale)
		judge(guard, place, input, r);
	if (is_worth_saving(&before, input, place->time)) {
		input->touched = place->time;
		hm_ledger_touch(guard->options.ledger, place->station,
		    input);
	}
}

static const char *
judge_port(struct hm_guard *guard, const struct hm_record *record,
    const struct place *place, struct hm_unit *unit,
    const struct hm_energy_reading *r, struct hm_guard_answer *answer)
{
	struct hm_input *input;
	int64_t port;

	if (!hm_record_int(record, "port", &port) || port < 0 ||
	    port > HM_LEDGER_PORT_MAX)
		return unidentified;
	warn_of_memory(guard);
	input = hm_ledger_find_input(unit, port);
	/* An input that has nothing connected never shows a total. */
	if (input == NULL && r->total <= 0) {
		answer->today = answer->total = HM_GUARD_OUT;
		return NULL;
	}
	if (input == NULL)
		input = hm_ledger_input(guard->options.ledger, unit, port);
	if (input == NULL)
		return too_many;
	take_in(guard, place, input, r, is_stale(record));
	answer->today = show(guard, hm_energy_today(&input->energy),
	    r->today >= 0 && r->today <= r->total);
	answer->total = show(guard, hm_energy_total(&input->energy),
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
    const struct place *place, struct hm_guard_answer *answer)
{
	struct hm_group *group = group_of(place);
	struct hm_energy_reading r;
	struct hm_unit *unit;

	if (place->serial.n == 0)
		return unidentified;
	unit = hm_ledger_unit(guard->options.ledger, place->station,
	    place->serial);
	if (unit == NULL)
		return too_many;
	r = read_port(record, place, unit);
	answer->asleep = !r.awake;
	if (r.awake)
		add_dec(&group->pv_power, dec_of(record, HM_F_PV_POWER));
	add_energy(&group->today, r.today);
	add_energy(&group->total, r.total);
	return guard->options.judges ?
	    judge_port(guard, record, place, unit, &r, answer) : NULL;
}

/* DTUs */

struct sums {
	int64_t today, total; /* -1: not every part is known */
	size_t inputs;
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
add_unit(struct hm_guard *guard, struct sums *sums,
    const struct hm_unit *unit, const struct place *place)
{
	for (struct hm_input *input = unit->inputs; input != NULL;
	    input = input->next) {
		int64_t day = input->energy.day;

		if (is_phantom(&input->energy, place->time))
			continue;
		hm_energy_day(&input->energy, place->day, place->time);
		if (day != input->energy.day)
			hm_ledger_touch(guard->options.ledger,
			    place->station, input);
		add_energy(&sums->today, hm_energy_today(&input->energy));
		add_energy(&sums->total, hm_energy_total(&input->energy));
		sums->inputs++;
	}
}

static struct sums
add_up(struct hm_guard *guard, const struct place *place)
{
	struct sums sums = {0, 0, 0};

	for (const struct hm_unit *unit = place->station->units; unit != NULL;
	    unit = unit->next)
		if (!hm_serial_listed(guard->options.exclude,
		    hm_slice(unit->serial, unit->serial_size)))
			add_unit(guard, &sums, unit, place);
	if (sums.inputs == 0)
		sums.today = sums.total = -1;
	return sums;
}

/* The record's own sums hold what is excluded. */
static void
regroup(const struct hm_group *group, struct hm_guard_answer *answer)
{
	answer->regrouped = true;
	answer->group = *group;
	answer->asleep = group->online == 0;
	answer->today = group->inverters > 0 ? group->today : HM_GUARD_OUT;
	answer->total = group->inverters > 0 ? group->total : HM_GUARD_OUT;
}

static const char *
look_at_dtu(struct hm_guard *guard, const struct hm_record *record,
    const struct place *place, struct hm_guard_answer *answer)
{
	struct hm_group *group = group_of(place);
	bool excludes = guard->options.exclude != NULL;

	answer->asleep = number_of(record, HM_F_INVERTERS_ONLINE, 1) == 0;
	if (excludes)
		regroup(group, answer);
	if (guard->options.judges) {
		struct sums sums = add_up(guard, place);

		answer->today = show(guard, sums.today, !excludes);
		answer->total = show(guard, sums.total, !excludes);
	}
	*group = (struct hm_group){.inverters = 0};
	return NULL;
}

/* Of the types that hold energies which can be judged. */
static const char *(*const looks[HM_SCOPES])(struct hm_guard *guard,
    const struct hm_record *record, const struct place *place,
    struct hm_guard_answer *answer) = {
    [HM_SCOPE_DTU] = look_at_dtu,
    [HM_SCOPE_INVERTER] = look_at_inverter,
    [HM_SCOPE_PORT] = look_at_port,
};

const char *
hm_guard_look(struct hm_guard *guard, enum hm_scope scope,
    const struct hm_record *record, struct hm_guard_answer *answer)
{
	struct place place;
	const char *why;

	*answer = (struct hm_guard_answer){.today = HM_GUARD_OWN,
	    .total = HM_GUARD_OWN};
	if (looks[scope] == NULL)
		return NULL;
	why = find_place(guard, record, &place);
	if (why == NULL)
		why = looks[scope](guard, record, &place, answer);
	/* What cannot be judged is not shown. */
	if (why != NULL && guard->options.judges)
		answer->today = answer->total = HM_GUARD_OUT;
	return why;
}
