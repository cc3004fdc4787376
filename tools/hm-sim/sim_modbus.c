#include <string.h>

#include "sim_dtu.h"
#include "sim_modbus_private.h"
#include "sim_orders.h"
#include "sim_plant.h"
#include "wire/modbus.h"

#define MBAP HM_SIM_MODBUS_MBAP
#define HEAD HM_SIM_MODBUS_HEAD
#define LENGTH_MIN ((size_t)2)
#define LENGTH_MAX ((size_t)254)
#define EXCEPTION 0x80
#define REGISTERS_MAX 125

static uint16_t
get16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static void
put(uint8_t *p, int64_t value, size_t bytes)
{
	for (size_t i = bytes; i > 0; i--, value >>= 8)
		p[i - 1] = (uint8_t)value;
}

/* The register map */

static void
put_readings(uint8_t *p, const struct hm_sim_plant_inverter *inverter,
    const struct hm_sim_plant_port *port, bool is_mi)
{
	put(p + 8, port->voltage, 2);
	/* MI inverters send no second decimal. */
	put(p + 10, is_mi ? port->current / 10 : port->current, 2);
	put(p + 12, inverter->voltage[0], 2);
	put(p + 14, inverter->frequency, 2);
	put(p + 16, port->power, 2);
	put(p + 18, port->today, 2);
	put(p + 20, port->total, 4);
	put(p + 24, inverter->temperature, 2);
	put(p + 26, 3, 2); /* producing */
	p[32] = 1;
}

/*
 * The record of an input. After the last input a record has only its data type
 * and fixed byte; at night a DTU-Pro adds only the serial number and the input.
 */
static void
put_record(const struct hm_sim_dtu *dtu, const struct hm_sim_time *time,
    uint64_t faults, size_t index, uint8_t record[HM_MODBUS_RECORD])
{
	static const struct hm_sim_limits limits = {UINT16_MAX, UINT32_MAX};
	const struct hm_sim_plant *plant = dtu->plant;
	size_t inverter = index / plant->ports, port = index % plant->ports;
	struct hm_sim_plant_inverter ac;
	struct hm_sim_plant_port pv;

	memset(record, 0, HM_MODBUS_RECORD);
	record[0] = 0x0c;
	record[33] = 0x07;
	if (index > 0 && (faults & HM_SIM_BIT(HM_SIM_TWICE)) != 0) {
		index--;
		inverter = index / plant->ports;
		port = index % plant->ports;
	}
	if (index >= HM_MODBUS_RECORDS || inverter >= plant->inverters)
		return;
	put(record + 1, hm_sim_plant_inverter_serial(plant, dtu->index,
	    inverter), HM_MODBUS_SERIAL);
	record[7] = (uint8_t)(port + 1);
	if (!hm_sim_dtu_hears(time, faults))
		return;
	hm_sim_dtu_read_inverter(dtu, inverter, time, &ac);
	hm_sim_dtu_read_port(dtu, inverter, port, time, &pv);
	hm_sim_dtu_glitch(&pv, faults, &limits);
	put_readings(record, &ac, &pv, plant->is_mi);
	if (dtu->numbers)
		put(record + 30, dtu->number, 2);
}

/* `size` bytes of the map, which may reach into the records that follow. */
static void
put_records(const struct hm_sim_dtu *dtu, const struct hm_sim_time *time,
    uint64_t faults, size_t index, uint8_t *out, size_t size)
{
	uint8_t record[HM_MODBUS_RECORD];

	for (size_t at = 0; at < size; at += HM_MODBUS_RECORD, index++) {
		size_t left = size - at;

		put_record(dtu, time, faults, index, record);
		faults &= HM_SIM_BIT(HM_SIM_ZEROS) | HM_SIM_BIT(HM_SIM_TWICE);
		memcpy(out + at, record,
		    left < HM_MODBUS_RECORD ? left : HM_MODBUS_RECORD);
	}
}

/* A client reads records from the first to the first empty one. */
static void
count_answer(struct hm_sim_dtu *dtu, size_t index)
{
	if (index == 0)
		dtu->number++;
	dtu->answered = index >= dtu->plant->inverters * dtu->plant->ports ||
	    index == HM_MODBUS_RECORDS - 1;
}

/* Replies */

size_t
hm_sim_modbus_finish(const uint8_t *request, uint8_t *out, size_t size)
{
	memcpy(out, request, 4);
	put(out + 4, (int64_t)(size - MBAP), 2);
	out[6] = request[6];
	return size;
}

size_t
hm_sim_modbus_refuse(const uint8_t *request, enum hm_sim_exception code,
    uint8_t *out)
{
	out[7] = request[7] | EXCEPTION;
	out[8] = (uint8_t)code;
	return hm_sim_modbus_finish(request, out, HEAD);
}

/* Whether there is an exception in place of a record. */
static bool
is_refused(const struct hm_sim_dtu *dtu, uint64_t faults, size_t index)
{
	size_t inputs = dtu->plant->inverters * dtu->plant->ports;

	return (index == 1 && (faults & HM_SIM_BIT(HM_SIM_GAP)) != 0) ||
	    (index >= inputs && (faults & HM_SIM_BIT(HM_SIM_ENDLESS)) != 0);
}

bool
hm_sim_modbus_input(const uint8_t *request, size_t *input)
{
	unsigned offset = get16(request + 8) - HM_MODBUS_ADDRESS_RECORD;

	*input = offset / HM_MODBUS_STRIDE;
	return request[7] == HM_MODBUS_READ_REGISTERS &&
	    offset % HM_MODBUS_STRIDE == 0 && *input < HM_MODBUS_RECORDS;
}

static bool
is_of_second(const uint8_t *request)
{
	size_t input;

	return hm_sim_modbus_input(request, &input) && input == 1;
}

static size_t
read_registers(struct hm_sim_dtu *dtu, const uint8_t *request,
    const struct hm_sim_time *time, uint64_t faults, uint8_t *out)
{
	unsigned address = get16(request + 8), count = get16(request + 10);
	unsigned offset = address - HM_MODBUS_ADDRESS_RECORD;
	size_t size = 2 * (size_t)count, index = offset / HM_MODBUS_STRIDE;

	if (count < 1 || count > REGISTERS_MAX)
		return hm_sim_modbus_refuse(request, HM_SIM_ILLEGAL_VALUE,
		    out);
	if (address == HM_MODBUS_ADDRESS_SERIAL && size <= HM_MODBUS_SERIAL) {
		uint8_t serial[HM_MODBUS_SERIAL];

		put(serial, dtu->serial, HM_MODBUS_SERIAL);
		memcpy(out + HEAD, serial, size);
	} else if (address >= HM_MODBUS_ADDRESS_RECORD &&
	    offset % HM_MODBUS_STRIDE == 0 &&
	    index < HM_MODBUS_RECORDS) {
		if (faults & HM_SIM_BIT(HM_SIM_UNMAPPED))
			size = 0;
		count_answer(dtu, index);
		if (is_refused(dtu, faults, index))
			return hm_sim_modbus_refuse(request,
			    HM_SIM_ILLEGAL_ADDRESS, out);
		put_records(dtu, time, faults, index, out + HEAD, size);
	} else {
		return hm_sim_modbus_refuse(request, HM_SIM_ILLEGAL_ADDRESS,
		    out);
	}
	out[7] = HM_MODBUS_READ_REGISTERS;
	out[8] = (uint8_t)size;
	return hm_sim_modbus_finish(request, out, HEAD + size);
}

size_t
hm_sim_modbus_damage(uint64_t faults, uint8_t *out, size_t size)
{
	if (faults & HM_SIM_BIT(HM_SIM_GARBAGE))
		return hm_sim_dtu_garbage(out);
	if (faults & HM_SIM_BIT(HM_SIM_TRANSACTION))
		put(out, 0, 2);
	if (faults & HM_SIM_BIT(HM_SIM_UNIT))
		out[6]++;
	if (faults & HM_SIM_BIT(HM_SIM_COUNT))
		out[8] = 0xff;
	if (faults & HM_SIM_BIT(HM_SIM_LENGTH))
		put(out + 4, 1, 2);
	return size;
}

bool
hm_sim_modbus_whole(const uint8_t *p, size_t n, size_t *size)
{
	size_t length;

	*size = 0;
	if (n < MBAP)
		return true;
	length = get16(p + 4);
	if (get16(p + 2) != 0 || length < LENGTH_MIN || length > LENGTH_MAX)
		return false;
	if (n >= MBAP + length)
		*size = MBAP + length;
	return true;
}

size_t
hm_sim_modbus_answer(struct hm_sim_dtu *dtu, const uint8_t *request,
    size_t request_size, const struct hm_sim_time *now, uint64_t faults,
    uint8_t out[HM_SIM_REPLY_MAX])
{
	size_t size;

	dtu->answered = false;
	if (request[6] != dtu->unit)
		return 0;
	hm_sim_orders_settle(&dtu->orders, dtu->plant, now->ms);
	if (hm_sim_modbus_is_order(request, request_size)) {
		size = hm_sim_modbus_order(dtu, request, request_size, now,
		    faults, out);
		if (size == 0)
			return 0;
		/* A DTU that has begun to carry it out may answer so. */
		if (faults & HM_SIM_BIT(HM_SIM_EXCEPTION))
			size = hm_sim_modbus_refuse(request,
			    HM_SIM_DEVICE_FAILURE, out);
	} else if (request[7] != HM_MODBUS_READ_REGISTERS) {
		size = hm_sim_modbus_refuse(request, HM_SIM_ILLEGAL_FUNCTION,
		    out);
	} else if (request_size != HM_MODBUS_REQUEST) {
		size = hm_sim_modbus_refuse(request, HM_SIM_ILLEGAL_VALUE,
		    out);
	} else if ((faults & HM_SIM_BIT(HM_SIM_MUTE)) &&
	    is_of_second(request)) {
		return 0;
	} else if (faults & HM_SIM_BIT(HM_SIM_EXCEPTION)) {
		size = hm_sim_modbus_refuse(request, HM_SIM_DEVICE_FAILURE,
		    out);
	} else {
		size = read_registers(dtu, request,
		    hm_sim_dtu_show(dtu, now, faults), faults, out);
	}
	return hm_sim_modbus_damage(faults, out, size);
}
