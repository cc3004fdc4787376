#include <string.h>

#include "sim_dtu.h"
#include "sim_fault.h"
#include "sim_modbus_private.h"
#include "sim_orders.h"
#include "wire/modbus.h"

/* The two maps of orders to all inverters; docs/protocol.md has them. */
#define NEW_MAP 0xd000u
#define OLD_MAP 0xc000u
#define MAPS_END 0xe000u

enum place {
	PLACE_ON,
	PLACE_TEMPORARY, /* in the old map: the limit */
	PLACE_KEPT,
	PLACES,
};

#define COIL_ON 0xff00u
#define COILS 8u
#define PERCENT_MIN 2u
#define PERCENT_MAX 100u

static unsigned
get16(const uint8_t *p)
{
	return (unsigned)(p[0] << 8 | p[1]);
}

bool
hm_sim_modbus_is_order(const uint8_t *request, size_t size)
{
	unsigned address = size >= HM_MODBUS_REQUEST ? get16(request + 8) : 0;

	return address >= OLD_MAP && address < MAPS_END;
}

/* An order: `place` is one of the new map. */
static bool
read_order(enum place place, unsigned value, struct hm_sim_order *order)
{
	if (place == PLACE_ON) {
		order->action = value != 0 ? HM_ACTION_TURN_ON :
		    HM_ACTION_TURN_OFF;
		return value <= 1;
	}
	order->action = place == PLACE_KEPT ? HM_ACTION_LIMIT :
	    HM_ACTION_LIMIT_TEMPORARY;
	order->unit = HM_COMMAND_PERCENT;
	order->amount = 10 * (int64_t)value;
	return value >= PERCENT_MIN && value <= PERCENT_MAX;
}

/* The reply to a write repeats its first 12 bytes. */
static size_t
write_place(struct hm_sim_dtu *dtu, const uint8_t *request, enum place place,
    unsigned value, const struct hm_sim_time *now, uint64_t faults,
    uint8_t *out)
{
	struct hm_sim_order order = {0};

	if (faults & HM_SIM_BIT(HM_SIM_ORDER_LOST))
		return 0;
	if (faults & HM_SIM_BIT(HM_SIM_ORDER_REFUSED))
		return hm_sim_modbus_refuse(request, HM_SIM_ILLEGAL_VALUE,
		    out);
	if (!read_order(place, value, &order))
		return hm_sim_modbus_refuse(request, HM_SIM_ILLEGAL_VALUE,
		    out);
	for (size_t i = 0; i < dtu->plant->inverters; i++)
		hm_sim_set_add(&order.inverters, i);
	hm_sim_orders_take(&dtu->orders, dtu->plant, &order, now->ms, faults);
	memcpy(out + 7, request + 7, 5);
	return hm_sim_modbus_finish(request, out, HM_MODBUS_REQUEST);
}

static unsigned
value_of(const struct hm_sim_dtu *dtu, enum place place, int64_t ms)
{
	const struct hm_sim_orders *o = &dtu->orders;

	if (place == PLACE_ON)
		return hm_sim_orders_on(o, 0, ms);
	if (place == PLACE_TEMPORARY && o->temporary > 0)
		return (unsigned)(o->temporary / 10);
	return (unsigned)(hm_sim_orders_limit(o) / 10);
}

static size_t
read_places(const struct hm_sim_dtu *dtu, const uint8_t *request, int64_t ms,
    uint8_t *out)
{
	unsigned first = get16(request + 8) - NEW_MAP;
	unsigned count = get16(request + 10);

	if (first >= PLACES || count < 1 || count > PLACES - first)
		return hm_sim_modbus_refuse(request, HM_SIM_ILLEGAL_ADDRESS,
		    out);
	for (size_t i = 0; i < count; i++) {
		unsigned value = value_of(dtu, (enum place)(first + i), ms);

		out[HM_SIM_MODBUS_HEAD + 2 * i] = (uint8_t)(value >> 8);
		out[HM_SIM_MODBUS_HEAD + 2 * i + 1] = (uint8_t)value;
	}
	out[7] = request[7];
	out[8] = (uint8_t)(2 * count);
	return hm_sim_modbus_finish(request, out,
	    HM_SIM_MODBUS_HEAD + 2 * (size_t)count);
}

static size_t
answer_new(struct hm_sim_dtu *dtu, const uint8_t *request,
    const struct hm_sim_time *now, uint64_t faults, uint8_t *out)
{
	unsigned place = get16(request + 8) - NEW_MAP;

	if (request[7] == HM_MODBUS_READ_REGISTERS)
		return read_places(dtu, request, now->ms, out);
	if (request[7] != HM_MODBUS_WRITE_REGISTER)
		return hm_sim_modbus_refuse(request, HM_SIM_ILLEGAL_FUNCTION,
		    out);
	if (place >= PLACES)
		return hm_sim_modbus_refuse(request, HM_SIM_ILLEGAL_ADDRESS,
		    out);
	return write_place(dtu, request, (enum place)place,
	    get16(request + 10), now, faults, out);
}

static size_t
read_limit(const struct hm_sim_dtu *dtu, const uint8_t *request, uint8_t *out)
{
	out[7] = request[7];
	out[8] = 1;
	out[HM_SIM_MODBUS_HEAD] = (uint8_t)value_of(dtu, PLACE_KEPT, 0);
	return hm_sim_modbus_finish(request, out, HM_SIM_MODBUS_HEAD + 1);
}

/* Coils: on and off is one, the limit is eight. */
static size_t
answer_old(struct hm_sim_dtu *dtu, const uint8_t *request, size_t size,
    const struct hm_sim_time *now, uint64_t faults, uint8_t *out)
{
	unsigned place = get16(request + 8) - OLD_MAP;
	unsigned value = get16(request + 10);

	if (request[7] == HM_MODBUS_WRITE_COIL && place == PLACE_ON &&
	    (value == 0 || value == COIL_ON))
		return write_place(dtu, request, PLACE_ON, value != 0, now,
		    faults, out);
	if (place != PLACE_TEMPORARY || value != COILS)
		return hm_sim_modbus_refuse(request, HM_SIM_ILLEGAL_ADDRESS,
		    out);
	if (request[7] == HM_MODBUS_READ_COILS)
		return read_limit(dtu, request, out);
	if (request[7] == HM_MODBUS_WRITE_COILS &&
	    size == HM_MODBUS_REQUEST_COILS)
		return write_place(dtu, request, PLACE_KEPT, request[13], now,
		    faults, out);
	return hm_sim_modbus_refuse(request, HM_SIM_ILLEGAL_FUNCTION, out);
}

size_t
hm_sim_modbus_order(struct hm_sim_dtu *dtu, const uint8_t *request,
    size_t size, const struct hm_sim_time *now, uint64_t faults, uint8_t *out)
{
	bool old = get16(request + 8) < NEW_MAP;

	hm_sim_orders_settle(&dtu->orders, dtu->plant, now->ms);
	if (old != dtu->old_map)
		return hm_sim_modbus_refuse(request, HM_SIM_ILLEGAL_ADDRESS,
		    out);
	return old ? answer_old(dtu, request, size, now, faults, out) :
	    answer_new(dtu, request, now, faults, out);
}
