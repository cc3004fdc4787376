#include "energy.h"
#include "guard.h"
#include "guard_private.h"
#include "ledger.h"
#include "record/device_map.h"
#include "record/fields.h"
#include "record/record.h"

#define PHANTOM_SECONDS 86400

struct energies {
	int64_t today, total; /* -1: a part is unknown */
	size_t ports;
};

/* Whether the port has one reading, which none has confirmed for a day. */
static bool
is_phantom(const struct hm_energy *e, int64_t now)
{
	return hm_energy_total(e) < 0 &&
	    now - e->pending_time > PHANTOM_SECONDS;
}

/* Ports of silent inverters get a new day here. */
static void
add_inverter(struct hm_guard *guard, struct energies *sums,
    const struct hm_ledger_inverter *inverter,
    const struct hm_guard_identity *id)
{
	struct hm_ledger_port *port = hm_device_first_port(&inverter->key);

	for (; port != NULL; port = hm_port_next(&port->key)) {
		int64_t day = port->energy.day;

		if (is_phantom(&port->energy, id->time))
			continue;
		hm_energy_day(&port->energy, id->day, id->time);
		if (day != port->energy.day)
			hm_ledger_touch(guard->options.ledger, id->dtu, port);
		hm_guard_add_energy(&sums->today,
		    hm_energy_today(&port->energy));
		hm_guard_add_energy(&sums->total,
		    hm_energy_total(&port->energy));
		sums->ports++;
	}
}

static struct energies
add_up(struct hm_guard *guard, const struct hm_guard_identity *id)
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

/* The record's own sums include the excluded inverters. */
static void
show_sums(const struct hm_sums *sums, struct hm_guard_answer *answer)
{
	answer->sums_known = true;
	answer->sums = *sums;
	answer->asleep = sums->online == 0;
	answer->today = sums->inverters > 0 ? sums->today : HM_GUARD_OUT;
	answer->total = sums->inverters > 0 ? sums->total : HM_GUARD_OUT;
}

/*
 * A poll that lacks a part of the DTU's list is no reason to hide sums, if the
 * ledger has that part: ports without a record of this time.
 */
static bool
has_missing(const struct hm_record *record, const struct hm_sums *sums,
    size_t known)
{
	int64_t missing;

	return !hm_record_int(record, "missing_parts", &missing) ||
	    (int64_t)known - sums->ports >= missing;
}

const char *
hm_guard_look_at_dtu(struct hm_guard *guard, const struct hm_record *record,
    const struct hm_guard_identity *id, struct hm_guard_answer *answer)
{
	struct hm_sums *sums = hm_guard_sums(id);
	bool excludes = guard->options.exclude != NULL;

	answer->asleep = hm_guard_number(record, HM_F_INVERTERS_ONLINE, 1) == 0;
	if (excludes)
		show_sums(sums, answer);
	if (!has_missing(record, sums, 0))
		answer->today = answer->total = HM_GUARD_OUT;
	if (guard->options.judges) {
		struct energies all = add_up(guard, id);

		if (!has_missing(record, sums, all.ports))
			all.today = all.total = -1;
		answer->today = hm_guard_show(guard, all.today, !excludes);
		answer->total = hm_guard_show(guard, all.total, !excludes);
	}
	*sums = (struct hm_sums){.inverters = 0};
	return NULL;
}
