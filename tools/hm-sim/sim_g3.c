#include <string.h>

#include "sim_dtu.h"
#include "sim_g3_private.h"
#include "sim_gateway.h"
#include "sim_modbus_private.h"
#include "sim_orders.h"

#define READ_HOLDING 3
#define READ_INPUT 4
#define WRITE_ONE 6
#define WRITE_MANY 16
#define WRITE_HEAD ((size_t)13) /* bytes of a request before the values */
#define ENERGIES 2000u /* a read from here has the energies */

static unsigned
get16(const uint8_t *p)
{
	return (unsigned)(p[0] << 8 | p[1]);
}

static void
put16(uint8_t *p, unsigned value)
{
	p[0] = (uint8_t)(value >> 8);
	p[1] = (uint8_t)value;
}

/* The registers of a read; false if there is no answer. */
static bool
read_registers(struct hm_sim_dtu *dtu, const uint8_t *request,
    const struct hm_sim_time *now, uint64_t faults, uint16_t *values)
{
	unsigned first = get16(request + 8), count = get16(request + 10);
	bool slow = (faults & HM_SIM_BIT(HM_SIM_ORDER_SLOW)) != 0;
	int64_t wall;

	/* Under the fault "order-slow" they show what acts already. */
	if (request[7] == READ_HOLDING)
		return hm_sim_g3_settings(slow ?
		    &hm_sim_gateway_inverter(dtu->gateway, 0)->settings :
		    hm_sim_gateway_told(dtu->gateway, 0),
		    hm_sim_gateway_house(dtu->gateway), first, count, values);
	if (first == ENERGIES)
		dtu->read = 0;
	return hm_sim_g3_inputs(hm_sim_gateway_show(dtu->gateway, 0, now,
	    faults, &wall), first, count, faults, values);
}

/* HM_SIM_SWAPPED: two reads of single registers have got each other's value. */
static void
swap_single(struct hm_sim_dtu *dtu, uint64_t faults, uint16_t *value)
{
	uint16_t before = dtu->single;

	dtu->single = *value;
	if (faults & HM_SIM_BIT(HM_SIM_SWAPPED))
		*value = before;
}

static size_t
answer_read(struct hm_sim_dtu *dtu, const uint8_t *request,
    const struct hm_sim_time *now, uint64_t faults, uint8_t *out)
{
	unsigned count = get16(request + 10);
	uint16_t values[HM_SIM_G3_MOST];

	if (count < 1 || count > HM_SIM_G3_MOST)
		return hm_sim_modbus_refuse(request, HM_SIM_ILLEGAL_VALUE,
		    out);
	if (!read_registers(dtu, request, now, faults, values))
		return 0;
	if (count == 1)
		swap_single(dtu, faults, &values[0]);
	out[7] = request[7];
	out[8] = (uint8_t)(2 * count);
	for (size_t i = 0; i < count; i++)
		put16(out + HM_SIM_MODBUS_HEAD + 2 * i, values[i]);
	return hm_sim_modbus_finish(request, out,
	    HM_SIM_MODBUS_HEAD + 2 * (size_t)count);
}

static bool
is_whole_write(const uint8_t *request, size_t size)
{
	size_t bytes = 2 * (size_t)get16(request + 10);

	return size >= WRITE_HEAD && bytes > 0 && request[12] == bytes &&
	    size == WRITE_HEAD + bytes;
}

/* The reply repeats the address and the number of registers. */
static size_t
answer_write(struct hm_sim_dtu *dtu, const uint8_t *request, size_t size,
    const struct hm_sim_time *now, uint64_t faults, uint8_t *out)
{
	struct hm_sim_settings settings = *hm_sim_gateway_told(dtu->gateway,
	    0);

	if (faults & HM_SIM_BIT(HM_SIM_ORDER_LOST))
		return 0;
	if (!is_whole_write(request, size) ||
	    (faults & HM_SIM_BIT(HM_SIM_ORDER_REFUSED)) != 0)
		return hm_sim_modbus_refuse(request, HM_SIM_ILLEGAL_VALUE,
		    out);
	if (!hm_sim_g3_write(&settings, get16(request + 8),
	    get16(request + 10), request + WRITE_HEAD, &dtu->telling))
		return hm_sim_modbus_refuse(request, HM_SIM_ILLEGAL_ADDRESS,
		    out);
	hm_sim_gateway_tell(dtu->gateway, 0, &settings, now, faults);
	hm_sim_set_add(&dtu->told, 0);
	memcpy(out + 7, request + 7, 5);
	return hm_sim_modbus_finish(request, out, HM_MODBUS_REQUEST);
}

static size_t
answer(struct hm_sim_dtu *dtu, const uint8_t *request, size_t size,
    const struct hm_sim_time *now, uint64_t faults, uint8_t *out)
{
	uint8_t function = request[7];

	/* The stick ignores a write of one register. */
	if (function == WRITE_ONE)
		return 0;
	if (function != READ_HOLDING && function != READ_INPUT &&
	    function != WRITE_MANY)
		return hm_sim_modbus_refuse(request, HM_SIM_ILLEGAL_FUNCTION,
		    out);
	if (size < HM_MODBUS_REQUEST)
		return hm_sim_modbus_refuse(request, HM_SIM_ILLEGAL_VALUE,
		    out);
	if (faults & HM_SIM_BIT(HM_SIM_EXCEPTION))
		return hm_sim_modbus_refuse(request, HM_SIM_DEVICE_FAILURE,
		    out);
	if (function == WRITE_MANY)
		return answer_write(dtu, request, size, now, faults, out);
	return answer_read(dtu, request, now, faults, out);
}

size_t
hm_sim_g3_answer(struct hm_sim_dtu *dtu, const uint8_t *request,
    size_t request_size, const struct hm_sim_time *now, uint64_t faults,
    uint8_t out[HM_SIM_REPLY_MAX])
{
	size_t size;

	hm_sim_dtu_begin_gateway(dtu, now);
	if (request[6] != dtu->unit)
		return 0;
	size = answer(dtu, request, request_size, now, faults, out);
	return size == 0 ? 0 : hm_sim_modbus_damage(faults, out, size);
}

/* The reply to another read of as much, again and again. */
size_t
hm_sim_g3_flood(const uint8_t *request, size_t request_size,
    uint8_t out[HM_SIM_REPLY_MAX])
{
	unsigned count = request_size < HM_MODBUS_REQUEST ? 0 :
	    get16(request + 10);
	size_t bytes = count >= 1 && count <= HM_SIM_G3_MOST ?
	    2 * (size_t)count : 2;

	memset(out, 0, HM_SIM_MODBUS_HEAD + bytes);
	out[7] = READ_INPUT;
	out[8] = (uint8_t)bytes;
	hm_sim_modbus_finish(request, out, HM_SIM_MODBUS_HEAD + bytes);
	put16(out, get16(request) + 1000);
	return HM_SIM_MODBUS_HEAD + bytes;
}
