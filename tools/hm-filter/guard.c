#include <ctype.h>
#include <stdlib.h>
#include <strings.h>

#include "base/decimal.h"
#include "base/rfc3339.h"
#include "base/zone.h"
#include "config/config.h"
#include "day_clock.h"
#include "dtu_energy.h"
#include "energy.h"
#include "guard_private.h"
#include "ledger.h"
#include "record/device_map.h"
#include "record/fields.h"
#include "record/models.h"
#include "record/record.h"
#include "record/types.h"

const char hm_guard_unidentified[] =
    "its time, dtu, serial or port is missing or impossible";
const char hm_guard_too_many[] =
    "no room for more DTUs, inverters and inputs";

struct hm_guard *
hm_guard_new(const struct hm_guard_options *options)
{
	struct hm_guard *guard = calloc(1, sizeof *guard);

	if (guard == NULL)
		return NULL;
	guard->options = *options;
	hm_day_clock_init(&guard->clock);
	return guard;
}

void
hm_guard_free(struct hm_guard *guard)
{
	free(guard);
}

void
hm_guard_clock(struct hm_guard *guard, const struct hm_moment *now)
{
	if (guard->options.judges)
		hm_day_clock_look(&guard->clock, now);
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

/* For all types */

int64_t
hm_guard_number(const struct hm_record *record, enum hm_field_id field,
    int64_t otherwise)
{
	int64_t number;

	return hm_record_int(record, hm_fields[field].key, &number) ? number :
	    otherwise;
}

struct hm_decimal
hm_guard_decimal(const struct hm_record *record, enum hm_field_id field)
{
	struct hm_decimal number;

	return hm_record_decimal(record, hm_fields[field].key, &number) ?
	    number : hm_decimal(0, 0);
}

int
hm_guard_says_awake(const struct hm_record *record)
{
	int64_t link = hm_guard_number(record, HM_F_LINK_STATUS, -1);
	int64_t status = hm_guard_number(record, HM_F_OPERATING_STATUS, -1);

	if (link == 0 || status == 0)
		return 0;
	return link > 0 || status > 0 ? 1 : -1;
}

struct hm_sums *
hm_guard_sums(const struct hm_guard_identity *id)
{
	struct hm_sums *sums = &id->dtu->sums;

	if (sums->time != id->time)
		*sums = (struct hm_sums){.time = id->time};
	return sums;
}

void
hm_guard_add(struct hm_decimal *sum, struct hm_decimal more)
{
	struct hm_decimal total;

	if (hm_decimal_add(*sum, more, &total))
		*sum = total;
}

void
hm_guard_add_energy(int64_t *sum, int64_t energy)
{
	int64_t total;

	if (*sum < 0 || energy < 0 ||
	    __builtin_add_overflow(*sum, energy, &total))
		total = -1;
	*sum = total;
}

int64_t
hm_guard_show(const struct hm_guard *guard, int64_t known, bool may_show)
{
	if (known >= 0)
		return known;
	return may_show && !guard->options.remembers ? HM_GUARD_OWN :
	    HM_GUARD_OUT;
}

/* Empty if the record has none; false if it is not a serial number. */
static bool
read_serial(const struct hm_record *record, struct hm_guard_identity *id)
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

bool
hm_guard_is_stale(const struct hm_record *record)
{
	return hm_record_get(record, "stale")->kind == HM_TRUE;
}

/* The records of a poll have one time. */
static int64_t
day_of(struct hm_guard *guard, int64_t time)
{
	if (!guard->day_known || time != guard->day_time) {
		guard->day = hm_zone_day(time, guard->options.reset_hour);
		guard->day_time = time;
		guard->day_known = true;
	}
	return guard->day;
}

static const char *
identify(struct hm_guard *guard, const struct hm_record *record,
    struct hm_guard_identity *id)
{
	struct hm_slice time, dtu;

	if (!hm_record_string(record, "time", &time) ||
	    !hm_rfc3339_parse(time, &id->time) ||
	    !hm_record_string(record, "dtu", &dtu) ||
	    !hm_string_decode(dtu, id->name, sizeof id->name, &id->name_size))
		return hm_guard_unidentified;
	if (!read_serial(record, id))
		return hm_guard_unidentified;
	id->day = day_of(guard, hm_day_clock_time(&guard->clock, id->time));
	id->dtu = hm_ledger_dtu(guard->options.ledger,
	    hm_slice(id->name, id->name_size));
	return id->dtu != NULL ? NULL : hm_guard_too_many;
}

const char *
hm_guard_inverter(struct hm_guard *guard, const struct hm_guard_identity *id,
    struct hm_ledger_inverter **inverter)
{
	if (id->serial.n == 0)
		return hm_guard_unidentified;
	*inverter = hm_ledger_inverter(guard->options.ledger, id->dtu,
	    id->serial);
	return *inverter != NULL ? NULL : hm_guard_too_many;
}

/* By scope; NULL: the energies cannot be judged. */
static const char *(*const looks[HM_SCOPES])(struct hm_guard *guard,
    const struct hm_record *record, const struct hm_guard_identity *id,
    struct hm_guard_answer *answer) = {
    [HM_SCOPE_DTU] = hm_guard_look_at_dtu,
    [HM_SCOPE_INVERTER] = hm_guard_look_at_inverter,
    [HM_SCOPE_PORT] = hm_guard_look_at_port,
    [HM_SCOPE_BATTERY] = hm_guard_look_at_part,
    [HM_SCOPE_GRID] = hm_guard_look_at_part,
    [HM_SCOPE_LOAD] = hm_guard_look_at_part,
    [HM_SCOPE_GENERATOR] = hm_guard_look_at_part,
    [HM_SCOPE_EXTERNAL_PV] = hm_guard_look_at_part,
    [HM_SCOPE_FLOW] = hm_guard_look_at_part,
};

const char *
hm_guard_look(struct hm_guard *guard, enum hm_scope scope,
    const struct hm_record *record, struct hm_guard_answer *answer)
{
	struct hm_guard_identity id;
	const char *why;
	bool is_part = hm_reading_types[scope].of_inverter;

	*answer = (struct hm_guard_answer){.today = HM_GUARD_OWN,
	    .total = HM_GUARD_OWN};
	if (looks[scope] == NULL)
		return NULL;
	why = identify(guard, record, &id);
	id.scope = scope;
	if (why == NULL)
		why = looks[scope](guard, record, &id, answer);
	/* Energies that cannot be judged are not shown. */
	if (why != NULL && guard->options.judges) {
		answer->today = answer->total = HM_GUARD_OUT;
		if (is_part)
			hm_guard_hide_part(guard, scope, answer);
	}
	return why;
}
