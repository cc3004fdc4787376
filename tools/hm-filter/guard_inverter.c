#include "dtu_energy.h"
#include "energy.h"
#include "guard.h"
#include "guard_private.h"
#include "inverter_part.h"
#include "ledger.h"
#include "record/device_map.h"
#include "record/fields.h"
#include "record/models.h"
#include "record/record.h"

/* What an inverter's inputs know, all together. */
struct inputs {
	bool shown; /* one has joined */
	bool known; /* there is one, and each has a total */
	int64_t day;
};

static struct inputs
look_at_inputs(struct hm_guard *guard, const struct hm_guard_identity *id,
    const struct hm_ledger_inverter *inverter)
{
	struct hm_dtu_parts parts = {.totals = true, .day = id->day};
	struct inputs inputs = {.known = true};
	struct hm_ledger_port *port = hm_device_first_port(&inverter->key);

	for (; port != NULL; port = hm_port_next(&port->key)) {
		inputs.shown |= port->part.there;
		if (hm_guard_is_phantom(port, id->time))
			continue;
		hm_guard_learn(guard, id, port, &parts);
		inputs.known &= hm_energy_total(&port->energy) >= 0;
	}
	inputs.known &= parts.ports > 0;
	inputs.day = parts.day;
	return inputs;
}

/*
 * The inputs' records follow that of the inverter, so these are the energies of
 * their readings before. They are shown first when the DTU's are: then all
 * inputs of its list have been seen, but for one whose total was 0 until then.
 */
static void
add_inputs(struct hm_guard *guard, const struct hm_guard_identity *id,
    const struct hm_ledger_inverter *inverter, struct hm_guard_answer *answer)
{
	const struct inputs inputs = look_at_inputs(guard, id, inverter);
	bool shows = inputs.shown || (inputs.known &&
	    id->dtu->energy.total >= 0);
	int64_t total = shows ? 0 : -1, today = total;
	struct hm_ledger_port *port = hm_device_first_port(&inverter->key);

	for (; shows && port != NULL; port = hm_port_next(&port->key)) {
		if (hm_inverter_part_join(&port->part, &port->energy,
		    !inputs.shown))
			hm_ledger_touch(guard->options.ledger, id->dtu, port);
		if (!port->part.there)
			continue;
		hm_guard_add_energy(&total, hm_inverter_part_total(
		    &port->part, &port->energy));
		hm_guard_add_energy(&today, hm_inverter_part_today(
		    &port->part, &port->energy, inputs.day));
	}
	answer->total = hm_guard_show(guard, total, false);
	answer->today = hm_guard_show(guard, total >= 0 ? today : -1, false);
}

const char *
hm_guard_look_at_inverter(struct hm_guard *guard,
    const struct hm_record *record, const struct hm_guard_identity *id,
    struct hm_guard_answer *answer)
{
	struct hm_sums *sums = hm_guard_sums(id);
	struct hm_ledger_inverter *inverter;
	const char *why = hm_guard_inverter(guard, id, &inverter);
	struct hm_slice model;

	if (why != NULL)
		return why;
	inverter->awake = hm_guard_says_awake(record) != 0;
	if (hm_record_string(record, hm_fields[HM_F_MODEL].key, &model)) {
		inverter->watts = hm_model_input_watts(model);
		inverter->inputs = hm_model_inputs(model);
	}
	answer->asleep = !inverter->awake;
	sums->inverters++;
	if (hm_guard_number(record, HM_F_LINK_STATUS, 1) != 0) {
		sums->online++;
		sums->alarm |= hm_guard_number(record, HM_F_ALARM_CODE, 0) != 0;
	}
	if (inverter->awake)
		hm_guard_add(&sums->active_power,
		    hm_guard_decimal(record, HM_F_ACTIVE_POWER));
	if (guard->options.judges)
		add_inputs(guard, id, inverter, answer);
	return NULL;
}
