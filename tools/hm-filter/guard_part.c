#include <stdio.h>
#include <string.h>

#include "energy.h"
#include "guard.h"
#include "guard_private.h"
#include "ledger.h"
#include "record/device_map.h"
#include "record/fields.h"
#include "record/record.h"
#include "record/types.h"

/*
 * The energies of a hybrid inverter beside those of its panels. Beside each
 * today_X there can be a total_X: the device's lifetime counter, or the sum of
 * the days that the guard keeps.
 */

#define TODAY "today_"
#define TOTAL "total_"
#define KEY_MAX ((size_t)64)

/* The energy since installation beside that of the day; NULL if none is. */
static const struct hm_field *
total_beside(enum hm_scope scope, const struct hm_field *today)
{
	char key[KEY_MAX];
	const size_t start = sizeof TODAY - 1;

	if (strncmp(today->key, TODAY, start) != 0)
		return NULL;
	snprintf(key, sizeof key, TOTAL "%s", today->key + start);
	return hm_field_find(scope, hm_text(key));
}

static int64_t
number_of(const struct hm_record *record, const struct hm_field *field)
{
	int64_t number;

	return field != NULL && hm_record_int(record, field->key, &number) &&
	    number >= 0 ? number : -1;
}

static void
answer_with(struct hm_guard *guard, struct hm_guard_answer *answer,
    const struct hm_field *field, int64_t wh)
{
	struct hm_guard_energy *energy;

	if (field == NULL || answer->energies_count == HM_GUARD_ENERGIES)
		return;
	energy = &guard->energies[answer->energies_count++];
	energy->field = hm_field_id(hm_slice(field->key, field->key_size));
	energy->wh = wh;
	answer->energies = guard->energies;
}

void
hm_guard_hide_part(struct hm_guard *guard, enum hm_scope scope,
    struct hm_guard_answer *answer)
{
	answer->energies_count = 0;
	for (size_t id = 0; id < hm_field_end(scope); id++)
		if (hm_field_in(&hm_fields[id], scope) &&
		    (hm_fields[id].kind == HM_DAILY ||
		    hm_fields[id].kind == HM_COUNTER))
			answer_with(guard, answer, &hm_fields[id],
			    HM_GUARD_OUT);
}

/* One energy. False if there is no room in the ledger. */
static bool
judge(struct hm_guard *guard, const struct hm_record *record,
    const struct hm_guard_identity *id, struct hm_ledger_inverter *counters,
    const struct hm_field *today, struct hm_guard_answer *answer)
{
	const struct hm_field *total = total_beside(id->scope, today);
	const enum hm_field_id field = (enum hm_field_id)(today - hm_fields);
	struct hm_ledger_port *port = hm_device_find_port(&counters->key,
	    field);
	struct hm_energy_reading r = {
	    .time = id->time,
	    .awake = true,
	    .watts = HM_GUARD_HYBRID_WATTS,
	    .inverter_watts = HM_GUARD_HYBRID_WATTS_ALL,
	    .today = number_of(record, today),
	    .total = number_of(record, total),
	};

	hm_guard_use_daily(&r, port, true);
	if (port == NULL && r.total > 0)
		port = hm_ledger_counter(guard->options.ledger, counters,
		    field);
	if (port == NULL && r.total > 0)
		return false;
	if (port != NULL) {
		hm_guard_warn_of_memory(guard);
		hm_guard_take(guard, id, port, &r, hm_guard_is_stale(record));
	}
	answer_with(guard, answer, today,
	    hm_guard_show_today(guard, port, &r));
	answer_with(guard, answer, total, hm_guard_show(guard, port != NULL ?
	    hm_energy_total(&port->energy) : -1, r.total > 0 && !r.daily));
	return true;
}

const char *
hm_guard_look_at_part(struct hm_guard *guard, const struct hm_record *record,
    const struct hm_guard_identity *id, struct hm_guard_answer *answer)
{
	struct hm_ledger_inverter *inverter, *counters;
	const char *why = hm_guard_inverter(guard, id, &inverter);

	if (why != NULL || !guard->options.judges)
		return why;
	inverter->hybrid = true;
	counters = hm_ledger_counters(guard->options.ledger, id->dtu,
	    id->serial, id->scope);
	if (counters == NULL)
		return hm_guard_too_many;
	for (size_t i = 0; i < hm_field_end(id->scope); i++)
		if (hm_field_in(&hm_fields[i], id->scope) &&
		    hm_fields[i].kind == HM_DAILY &&
		    !judge(guard, record, id, counters, &hm_fields[i], answer))
			return hm_guard_too_many;
	return NULL;
}
