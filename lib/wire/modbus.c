#include "modbus.h"

#define MBAP ((size_t)6)      /* bytes that the length does not count */
#define LENGTH_MIN ((size_t)3) /* unit, function, byte count or exception */
#define LENGTH_MAX (HM_MODBUS_REPLY_MAX - MBAP)
#define EXCEPTION 0x80

static uint16_t
get16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static void
put16(uint8_t *p, uint16_t value)
{
	p[0] = (uint8_t)(value >> 8);
	p[1] = (uint8_t)value;
}

static bool
is_write(enum hm_modbus_function function)
{
	return function == HM_MODBUS_WRITE_COIL ||
	    function == HM_MODBUS_WRITE_REGISTER ||
	    function == HM_MODBUS_WRITE_COILS ||
	    function == HM_MODBUS_WRITE_REGISTERS;
}

static void
read_data(const uint8_t *p, size_t length, enum hm_modbus_function function,
    struct hm_modbus_reply *reply)
{
	/* The reply to a write has no byte count. */
	size_t head = is_write(function) ? LENGTH_MIN - 1 : LENGTH_MIN;

	reply->data = p + MBAP + head;
	reply->size = length - head;
	reply->wrong_count = !is_write(function) && p[8] != reply->size;
}

enum hm_modbus_state
hm_modbus_read_reply(const uint8_t *p, size_t n,
    enum hm_modbus_function function, struct hm_modbus_reply *reply,
    size_t *used)
{
	size_t length;

	if (n >= 4 && get16(p + 2) != 0)
		return HM_MODBUS_PROTOCOL;
	if (n < MBAP)
		return HM_MODBUS_PART;
	length = get16(p + 4);
	if (length < LENGTH_MIN || length > LENGTH_MAX)
		return HM_MODBUS_LENGTH;
	if (n >= 8 && (p[7] & ~EXCEPTION) != (int)function)
		return HM_MODBUS_PROTOCOL;
	if (n < MBAP + length)
		return HM_MODBUS_PART;
	*reply = (struct hm_modbus_reply){
	    .transaction = get16(p), .unit = p[6], .function = p[7]};
	if ((p[7] & EXCEPTION) == 0)
		read_data(p, length, function, reply);
	else if (p[8] != 0)
		reply->exception = p[8];
	else
		return HM_MODBUS_PROTOCOL;
	*used = MBAP + length;
	return HM_MODBUS_GOOD;
}

enum hm_modbus_state
hm_modbus_read(const uint8_t *p, size_t n, struct hm_modbus_reply *reply,
    size_t *used)
{
	return hm_modbus_read_reply(p, n, HM_MODBUS_READ_REGISTERS, reply,
	    used);
}

void
hm_modbus_request_of(uint8_t out[HM_MODBUS_REQUEST], uint16_t transaction,
    uint8_t unit, enum hm_modbus_function function, uint16_t address,
    uint16_t value)
{
	put16(out, transaction);
	put16(out + 2, 0);
	put16(out + 4, HM_MODBUS_REQUEST - MBAP);
	out[6] = unit;
	out[7] = (uint8_t)function;
	put16(out + 8, address);
	put16(out + 10, value);
}

void
hm_modbus_request(uint8_t out[HM_MODBUS_REQUEST], uint16_t transaction,
    uint8_t unit, uint16_t address, uint16_t count)
{
	hm_modbus_request_of(out, transaction, unit, HM_MODBUS_READ_REGISTERS,
	    address, count);
}

void
hm_modbus_request_coils(uint8_t out[HM_MODBUS_REQUEST_COILS],
    uint16_t transaction, uint8_t unit, uint16_t address, uint8_t coils)
{
	hm_modbus_request_of(out, transaction, unit, HM_MODBUS_WRITE_COILS,
	    address, 8);
	put16(out + 4, HM_MODBUS_REQUEST_COILS - MBAP);
	out[12] = 1;
	out[13] = coils;
}

size_t
hm_modbus_request_registers(uint8_t *out, uint16_t transaction, uint8_t unit,
    uint16_t address, const uint16_t *words, uint16_t count)
{
	size_t size = HM_MODBUS_REQUEST_REGISTERS(count);

	hm_modbus_request_of(out, transaction, unit, HM_MODBUS_WRITE_REGISTERS,
	    address, count);
	put16(out + 4, (uint16_t)(size - MBAP));
	out[12] = (uint8_t)(2 * count);
	for (size_t i = 0; i < count; i++)
		put16(out + 13 + 2 * i, words[i]);
	return size;
}

bool
hm_modbus_is_refusal(uint8_t exception)
{
	return exception <= HM_MODBUS_ILLEGAL_VALUE ||
	    exception == HM_MODBUS_BUSY;
}
