#include <string.h>

#include "dtu_energy.h"
#include "energy.h"
#include "guard.h"
#include "guard_private.h"
#include "ledger.h"
#include "record/device_map.h"
#include "record/fields.h"
#include "record/record.h"

#define PHANTOM_SECONDS 86400

bool
hm_guard_is_phantom(const struct hm_ledger_port *port, int64_t now)
{
	return port->absent || (hm_energy_total(&port->energy) < 0 &&
	    now - port->energy.pending_time > PHANTOM_SECONDS);
}

/* What visit_ports calls for a port. */
typedef void port_visitor(struct hm_guard *guard,
    const struct hm_guard_identity *id, struct hm_ledger_port *port,
    void *context);

static void
visit_inverter(struct hm_guard *guard, const struct hm_guard_identity *id,
    const struct hm_ledger_inverter *inverter, port_visitor *visit,
    void *context)
{
	struct hm_ledger_port *port = hm_device_first_port(&inverter->key);

	for (; port != NULL; port = hm_port_next(&port->key))
		if (visit != NULL && !hm_guard_is_phantom(port, id->time))
			visit(guard, id, port, context);
}

/*
 * Visit the DTU's ports: with `in` those that count, with `out`, unless it is
 * NULL, the excluded ones.
 */
static void
visit_ports(struct hm_guard *guard, const struct hm_guard_identity *id,
    port_visitor *in, port_visitor *out, void *context)
{
	const struct hm_ledger_inverter *inverter =
	    hm_dtu_first_device(&id->dtu->key);

	for (; inverter != NULL; inverter = hm_device_next(&inverter->key))
		if (hm_ledger_is_inverter(inverter))
			visit_inverter(guard, id, inverter,
			    hm_serial_listed(guard->options.exclude,
			    hm_device_serial(&inverter->key)) ? out : in,
			    context);
}

void
hm_guard_learn(struct hm_guard *guard, const struct hm_guard_identity *id,
    struct hm_ledger_port *port, void *context)
{
	const struct hm_dtu_energy *dtu = &id->dtu->energy;
	struct hm_dtu_parts *parts = context;
	int64_t day = port->energy.day;

	hm_energy_day(&port->energy, id->day, id->time);
	if (day != port->energy.day)
		hm_ledger_touch(guard->options.ledger, id->dtu, port);
	if (port->energy.day > parts->day)
		parts->day = port->energy.day;
	/* An input that joins later adds nothing yet: do not wait for it. */
	if (dtu->total < 0 || dtu->since >= 0)
		parts->totals &= hm_energy_total(&port->energy) >= 0;
	if (dtu->today < 0 || dtu->since >= 0)
		parts->todays &= hm_energy_today(&port->energy) >= 0;
	parts->ports++;
}

static void
leave(struct hm_guard *guard, const struct hm_guard_identity *id,
    struct hm_ledger_port *port, void *context)
{
	(void)context;
	if (hm_dtu_energy_leave(&id->dtu->energy, &port->energy, id->time))
		hm_ledger_touch(guard->options.ledger, id->dtu, port);
}

static void
count(struct hm_guard *guard, const struct hm_guard_identity *id,
    struct hm_ledger_port *port, void *context)
{
	if (hm_dtu_energy_count(&id->dtu->energy, context, &port->energy))
		hm_ledger_touch(guard->options.ledger, id->dtu, port);
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

/* Count the poll, and set the energies that every input has. */
static void
add_up(struct hm_guard *guard, const struct hm_record *record,
    const struct hm_guard_identity *id, const struct hm_sums *sums,
    struct hm_guard_answer *answer)
{
	bool may_show = guard->options.exclude == NULL;
	struct hm_dtu_parts parts = {.totals = true, .todays = true,
	    .day = -1};
	struct hm_dtu_energy before = id->dtu->energy;
	struct hm_dtu_change change;

	visit_ports(guard, id, hm_guard_learn, leave, &parts);
	parts.totals &= has_missing(record, sums, (size_t)parts.ports);
	/* Without inputs nothing tells when a new day has begun. */
	parts.todays &= parts.totals && parts.ports > 0;
	change = hm_dtu_energy_begin(&id->dtu->energy, &parts, id->time);
	visit_ports(guard, id, count, NULL, &change);
	if (memcmp(&before, &id->dtu->energy, sizeof before) != 0)
		hm_ledger_touch_dtu(guard->options.ledger, id->dtu);
	answer->today = hm_guard_show(guard, parts.todays ?
	    id->dtu->energy.today : -1, may_show);
	answer->total = hm_guard_show(guard, parts.totals ?
	    id->dtu->energy.total : -1, may_show);
}

const char *
hm_guard_look_at_dtu(struct hm_guard *guard, const struct hm_record *record,
    const struct hm_guard_identity *id, struct hm_guard_answer *answer)
{
	struct hm_sums *sums = hm_guard_sums(id);

	answer->asleep = hm_guard_number(record, HM_F_INVERTERS_ONLINE, 1) == 0;
	if (guard->options.exclude != NULL)
		show_sums(sums, answer);
	if (!has_missing(record, sums, 0))
		answer->today = answer->total = HM_GUARD_OUT;
	if (guard->options.judges)
		add_up(guard, record, id, sums, answer);
	*sums = (struct hm_sums){.inverters = 0};
	return NULL;
}
