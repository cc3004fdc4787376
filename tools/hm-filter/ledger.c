#include "ledger.h"

#include <search.h>
#include <stdlib.h>
#include <string.h>

struct hm_ledger {
	struct hm_station *stations;
	void *by_name; /* a tree of the same */
	size_t entries;
	bool changed;
};

struct hm_ledger *
hm_ledger_new(void)
{
	return calloc(1, sizeof(struct hm_ledger));
}

static void
free_inputs(struct hm_input *input)
{
	while (input != NULL) {
		struct hm_input *next = input->next;

		free(input);
		input = next;
	}
}

static void
free_units(struct hm_unit *unit)
{
	while (unit != NULL) {
		struct hm_unit *next = unit->next;

		free_inputs(unit->inputs);
		free(unit);
		unit = next;
	}
}

static int
by_name(const void *a, const void *b)
{
	const struct hm_station *x = a, *y = b;

	if (x->name_size != y->name_size)
		return x->name_size < y->name_size ? -1 : 1;
	return memcmp(x->name, y->name, x->name_size);
}

void
hm_ledger_free(struct hm_ledger *ledger)
{
	if (ledger == NULL)
		return;
	while (ledger->stations != NULL) {
		struct hm_station *station = ledger->stations;

		ledger->stations = station->next;
		tdelete(station, &ledger->by_name, by_name);
		free_units(station->units);
		free(station);
	}
	free(ledger);
}

static struct hm_station *
add_station(struct hm_ledger *ledger, const struct hm_station *key)
{
	struct hm_station *station = malloc(sizeof *station);

	if (station == NULL)
		return NULL;
	*station = *key;
	if (tsearch(station, &ledger->by_name, by_name) == NULL) {
		free(station);
		return NULL;
	}
	station->next = ledger->stations;
	ledger->stations = station;
	ledger->entries++;
	return station;
}

struct hm_station *
hm_ledger_station(struct hm_ledger *ledger, struct hm_slice name)
{
	struct hm_station key = {.name_size = name.n};
	void *found;

	if (name.n > sizeof key.name)
		return NULL;
	memcpy(key.name, name.p, name.n);
	found = tfind(&key, &ledger->by_name, by_name);
	if (found != NULL)
		return *(struct hm_station **)found;
	return ledger->entries < HM_LEDGER_ENTRIES ?
	    add_station(ledger, &key) : NULL;
}

struct hm_unit *
hm_ledger_unit(struct hm_ledger *ledger, struct hm_station *station,
    struct hm_slice serial)
{
	struct hm_unit **place = &station->units;

	for (; *place != NULL; place = &(*place)->next)
		if (hm_slice_equal(hm_slice((*place)->serial,
		    (*place)->serial_size), serial))
			return *place;
	if (serial.n > HM_LEDGER_SERIAL ||
	    station->unit_count == HM_LEDGER_UNITS ||
	    ledger->entries >= HM_LEDGER_ENTRIES)
		return NULL;
	*place = calloc(1, sizeof **place);
	if (*place == NULL)
		return NULL;
	memcpy((*place)->serial, serial.p, serial.n);
	(*place)->serial_size = serial.n;
	(*place)->awake = true;
	station->unit_count++;
	ledger->entries++;
	return *place;
}

struct hm_input *
hm_ledger_find_input(const struct hm_unit *unit, int64_t port)
{
	struct hm_input *input = unit->inputs;

	while (input != NULL && input->port != port)
		input = input->next;
	return input;
}

struct hm_input *
hm_ledger_input(struct hm_ledger *ledger, struct hm_unit *unit, int64_t port)
{
	struct hm_input **place = &unit->inputs;

	for (; *place != NULL; place = &(*place)->next)
		if ((*place)->port == port)
			return *place;
	if (port < 0 || port > HM_LEDGER_PORT_MAX ||
	    ledger->entries >= HM_LEDGER_ENTRIES)
		return NULL;
	*place = calloc(1, sizeof **place);
	if (*place == NULL)
		return NULL;
	ledger->entries++;
	(*place)->port = port;
	hm_energy_init(&(*place)->energy);
	return *place;
}

struct hm_station *
hm_ledger_stations(const struct hm_ledger *ledger)
{
	return ledger->stations;
}

void
hm_ledger_touch(struct hm_ledger *ledger, struct hm_station *station,
    struct hm_input *input)
{
	ledger->changed = station->changed = input->changed = true;
}

bool
hm_ledger_has_changes(const struct hm_ledger *ledger)
{
	return ledger->changed;
}

static bool
visit_unit(const struct hm_unit *unit, struct hm_station *station,
    bool changed_only, hm_ledger_visitor *visitor, void *context)
{
	for (struct hm_input *input = unit->inputs; input != NULL;
	    input = input->next)
		if ((input->changed || !changed_only) &&
		    !visitor(context, station, unit, input))
			return false;
	return true;
}

bool
hm_ledger_visit(const struct hm_ledger *ledger, bool changed_only,
    hm_ledger_visitor *visitor, void *context)
{
	for (struct hm_station *station = ledger->stations; station != NULL;
	    station = station->next) {
		if (changed_only && !station->changed)
			continue;
		for (const struct hm_unit *unit = station->units; unit != NULL;
		    unit = unit->next)
			if (!visit_unit(unit, station, changed_only, visitor,
			    context))
				return false;
	}
	return true;
}

static bool
settle(void *context, struct hm_station *station, const struct hm_unit *unit,
    struct hm_input *input)
{
	(void)context;
	(void)unit;
	station->changed = input->changed = false;
	input->kept = true;
	return true;
}

void
hm_ledger_saved(struct hm_ledger *ledger)
{
	hm_ledger_visit(ledger, true, settle, NULL);
	ledger->changed = false;
}

static void
drop_forgotten_of(struct hm_ledger *ledger, struct hm_unit *unit)
{
	for (struct hm_input **place = &unit->inputs; *place != NULL;) {
		struct hm_input *input = *place;

		if (!input->forgotten) {
			place = &input->next;
			continue;
		}
		*place = input->next;
		free(input);
		ledger->entries--;
	}
}

void
hm_ledger_drop_forgotten(struct hm_ledger *ledger)
{
	for (struct hm_station *station = ledger->stations; station != NULL;
	    station = station->next)
		for (struct hm_unit *unit = station->units; unit != NULL;
		    unit = unit->next)
			drop_forgotten_of(ledger, unit);
}
