#include "ledger.h"

#include <stdlib.h>

#include "record/dtu_name.h"

struct hm_ledger {
	struct hm_device_map map;
	bool changed;
	bool noted; /* a port is noted */
};

struct hm_ledger *
hm_ledger_new(void)
{
	const struct hm_device_map_options options = {
	    .dtu_size = sizeof(struct hm_ledger_dtu),
	    .device_size = sizeof(struct hm_ledger_inverter),
	    .port_size = sizeof(struct hm_ledger_port),
	    .entries_max = HM_LEDGER_ENTRIES,
	    .devices_max = HM_LEDGER_INVERTERS,
	};
	struct hm_ledger *ledger = calloc(1, sizeof *ledger);

	if (ledger != NULL)
		hm_device_map_init(&ledger->map, &options);
	return ledger;
}

void
hm_ledger_free(struct hm_ledger *ledger)
{
	if (ledger == NULL)
		return;
	hm_device_map_clear(&ledger->map);
	free(ledger);
}

struct hm_ledger_dtu *
hm_ledger_dtu(struct hm_ledger *ledger, struct hm_slice name)
{
	size_t before = ledger->map.dtus.count;
	struct hm_ledger_dtu *dtu;

	if (name.n > HM_DTU_NAME_MAX)
		return NULL;
	dtu = hm_device_map_dtu(&ledger->map, name);
	if (ledger->map.dtus.count > before)
		hm_dtu_energy_init(&dtu->energy);
	return dtu;
}

struct hm_ledger_dtu *
hm_ledger_first(const struct hm_ledger *ledger)
{
	return hm_device_map_first(&ledger->map);
}

static struct hm_ledger_inverter *
find_device(struct hm_ledger *ledger, struct hm_ledger_dtu *dtu,
    struct hm_slice serial, int64_t number)
{
	size_t before = dtu->key.devices_count;
	struct hm_ledger_inverter *inverter;

	if (serial.n > HM_LEDGER_SERIAL)
		return NULL;
	inverter = hm_device_map_device(&ledger->map, &dtu->key, serial,
	    number);
	if (dtu->key.devices_count > before)
		inverter->awake = true;
	return inverter;
}

struct hm_ledger_inverter *
hm_ledger_inverter(struct hm_ledger *ledger, struct hm_ledger_dtu *dtu,
    struct hm_slice serial)
{
	return find_device(ledger, dtu, serial, 0);
}

struct hm_ledger_inverter *
hm_ledger_counters(struct hm_ledger *ledger, struct hm_ledger_dtu *dtu,
    struct hm_slice serial, enum hm_scope scope)
{
	return find_device(ledger, dtu, serial, 1 + (int64_t)scope);
}

enum hm_scope
hm_ledger_scope(const struct hm_ledger_inverter *counters)
{
	return hm_ledger_is_inverter(counters) ? HM_SCOPES :
	    (enum hm_scope)(counters->key.number - 1);
}

struct hm_ledger_port *
hm_ledger_find_port(const struct hm_ledger_inverter *inverter, int64_t port)
{
	struct hm_ledger_port *found = hm_device_find_port(&inverter->key,
	    port);

	return found != NULL && !found->absent ? found : NULL;
}

static struct hm_ledger_port *
add_port(struct hm_ledger *ledger, struct hm_ledger_inverter *inverter,
    int64_t number)
{
	uint32_t before = inverter->key.ports_count;
	struct hm_ledger_port *port = hm_device_map_port(&ledger->map,
	    &inverter->key, number);

	if (inverter->key.ports_count > before) {
		hm_energy_init(&port->energy);
		port->absent = true;
	}
	return port;
}

struct hm_ledger_port *
hm_ledger_absent_port(struct hm_ledger *ledger,
    struct hm_ledger_inverter *inverter, int64_t number)
{
	return number >= 0 && number <= HM_LEDGER_PORT_MAX ?
	    add_port(ledger, inverter, number) : NULL;
}

struct hm_ledger_port *
hm_ledger_counter(struct hm_ledger *ledger,
    struct hm_ledger_inverter *counters, enum hm_field_id today)
{
	struct hm_ledger_port *counter = add_port(ledger, counters,
	    (int64_t)today);

	if (counter != NULL)
		counter->absent = false;
	return counter;
}

struct hm_ledger_port *
hm_ledger_port(struct hm_ledger *ledger, struct hm_ledger_inverter *inverter,
    int64_t number)
{
	struct hm_ledger_port *port = hm_ledger_absent_port(ledger, inverter,
	    number);

	if (port != NULL)
		port->absent = false;
	return port;
}

void
hm_ledger_touch(struct hm_ledger *ledger, struct hm_ledger_dtu *dtu,
    struct hm_ledger_port *port)
{
	port->changed = true;
	hm_ledger_touch_dtu(ledger, dtu);
}

void
hm_ledger_touch_dtu(struct hm_ledger *ledger, struct hm_ledger_dtu *dtu)
{
	ledger->changed = dtu->changed = true;
}

bool
hm_ledger_has_changes(const struct hm_ledger *ledger)
{
	return ledger->changed;
}

static bool
visit_inverter(const struct hm_ledger_inverter *inverter,
    struct hm_ledger_dtu *dtu, bool changed_only, hm_ledger_visitor *visitor,
    void *context)
{
	struct hm_ledger_port *port = hm_device_first_port(&inverter->key);

	for (; port != NULL; port = hm_port_next(&port->key))
		if ((port->changed || !changed_only) &&
		    !visitor(context, dtu, inverter, port))
			return false;
	return true;
}

static bool
visit_dtu(struct hm_ledger_dtu *dtu, bool changed_only,
    hm_ledger_visitor *visitor, void *context)
{
	const struct hm_ledger_inverter *inverter =
	    hm_dtu_first_device(&dtu->key);

	for (; inverter != NULL; inverter = hm_device_next(&inverter->key))
		if (!visit_inverter(inverter, dtu, changed_only, visitor,
		    context))
			return false;
	return true;
}

bool
hm_ledger_visit(const struct hm_ledger *ledger, bool changed_only,
    hm_ledger_visitor *visitor, void *context)
{
	struct hm_ledger_dtu *dtu = hm_ledger_first(ledger);

	for (; dtu != NULL; dtu = hm_dtu_next(&dtu->key))
		if ((dtu->changed || !changed_only) &&
		    !visit_dtu(dtu, changed_only, visitor, context))
			return false;
	return true;
}

void
hm_ledger_note(struct hm_ledger *ledger, struct hm_ledger_port *port)
{
	port->noted = ledger->noted = true;
}

static bool
touch_if_noted(void *context, struct hm_ledger_dtu *dtu,
    const struct hm_ledger_inverter *inverter, struct hm_ledger_port *port)
{
	(void)inverter;
	if (port->noted)
		hm_ledger_touch(context, dtu, port);
	return true;
}

void
hm_ledger_touch_noted(struct hm_ledger *ledger)
{
	if (ledger->noted)
		hm_ledger_visit(ledger, false, touch_if_noted, ledger);
	ledger->noted = false;
}

static bool
mark_saved(void *context, struct hm_ledger_dtu *dtu,
    const struct hm_ledger_inverter *inverter, struct hm_ledger_port *port)
{
	(void)context;
	(void)dtu;
	(void)inverter;
	port->changed = port->noted = port->part.changed = false;
	port->kept = !port->absent;
	return true;
}

void
hm_ledger_saved(struct hm_ledger *ledger)
{
	struct hm_ledger_dtu *dtu = hm_ledger_first(ledger);

	hm_ledger_visit(ledger, true, mark_saved, NULL);
	for (; dtu != NULL; dtu = hm_dtu_next(&dtu->key))
		dtu->changed = false;
	ledger->changed = false;
}

static void
drop(struct hm_ledger *ledger, struct hm_ledger_dtu *dtu,
    struct hm_ledger_inverter *inverter, struct hm_ledger_port *port)
{
	hm_dtu_energy_lose(&dtu->energy, &port->energy);
	if (!port->part.there) {
		hm_device_map_remove_port(&ledger->map, &inverter->key,
		    &port->key);
		return;
	}
	hm_inverter_part_leave(&port->part, &port->energy);
	hm_energy_init(&port->energy);
	port->kept = port->forgotten = false;
	port->absent = true;
	hm_ledger_touch(ledger, dtu, port);
}

static void
drop_forgotten_of(struct hm_ledger *ledger, struct hm_ledger_dtu *dtu,
    struct hm_ledger_inverter *inverter)
{
	struct hm_ledger_port *port = hm_device_first_port(&inverter->key);

	while (port != NULL) {
		struct hm_ledger_port *next = hm_port_next(&port->key);

		if (port->forgotten)
			drop(ledger, dtu, inverter, port);
		port = next;
	}
}

void
hm_ledger_drop_forgotten(struct hm_ledger *ledger)
{
	struct hm_ledger_dtu *dtu = hm_ledger_first(ledger);

	for (; dtu != NULL; dtu = hm_dtu_next(&dtu->key)) {
		struct hm_ledger_inverter *inverter =
		    hm_dtu_first_device(&dtu->key);

		for (; inverter != NULL;
		     inverter = hm_device_next(&inverter->key))
			drop_forgotten_of(ledger, dtu, inverter);
	}
}
