#ifndef HM_MODBUS_H
#define HM_MODBUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Modbus TCP: the length is taken from the MBAP header, because real DTUs send
 * a wrong byte count. docs/protocol.md has the sources.
 */

enum hm_modbus_function {
	HM_MODBUS_READ_COILS = 1,
	HM_MODBUS_READ_REGISTERS = 3,
	HM_MODBUS_READ_INPUTS = 4, /* input registers, which are read-only */
	HM_MODBUS_WRITE_COIL = 5,
	HM_MODBUS_WRITE_REGISTER = 6,
	HM_MODBUS_WRITE_COILS = 15,
	HM_MODBUS_WRITE_REGISTERS = 16,
};

enum hm_modbus_exception {
	HM_MODBUS_ILLEGAL_FUNCTION = 1,
	HM_MODBUS_ILLEGAL_ADDRESS = 2,
	HM_MODBUS_ILLEGAL_VALUE = 3,
	HM_MODBUS_BUSY = 6,
};

#define HM_MODBUS_REQUEST ((size_t)12)
#define HM_MODBUS_REQUEST_COILS ((size_t)14) /* to write up to 8 coils */
#define HM_MODBUS_WRITTEN_MAX ((size_t)100) /* registers of one request */
#define HM_MODBUS_REQUEST_REGISTERS(count) ((size_t)13 + 2 * (size_t)(count))
#define HM_MODBUS_REPLY_MAX ((size_t)260)
#define HM_MODBUS_RECORD ((size_t)40)  /* bytes of one input's record */
/* Inputs in the map: 99 in the vendor's note, 100 for 25 inverters of four. */
#define HM_MODBUS_RECORDS 100
#define HM_MODBUS_SERIAL ((size_t)6)

#define HM_MODBUS_ADDRESS_SERIAL 0x2000u
#define HM_MODBUS_ADDRESS_RECORD 0x1000u /* + 40 for each input */
#define HM_MODBUS_STRIDE 40u

struct hm_modbus_reply {
	uint16_t transaction;
	uint8_t unit;
	uint8_t function;
	uint8_t exception;   /* 0 if the reply is not an exception */
	bool wrong_count;    /* the byte count was wrong, and ignored */
	/* What was read; of a write the address and the value or the number.
	   Borrowed from the bytes that were read. */
	const uint8_t *data;
	size_t size;
};

enum hm_modbus_state {
	HM_MODBUS_GOOD,
	HM_MODBUS_PART,     /* valid so far; more bytes are to come */
	HM_MODBUS_PROTOCOL, /* not Modbus TCP: protocol id or function */
	HM_MODBUS_LENGTH,   /* the MBAP length is impossible */
};

/*
 * Read the reply to a function at the start of n bytes; *used is its size if
 * good.
 */
enum hm_modbus_state hm_modbus_read_reply(const uint8_t *p, size_t n,
    enum hm_modbus_function function, struct hm_modbus_reply *reply,
    size_t *used);

/* The same for HM_MODBUS_READ_REGISTERS. */
enum hm_modbus_state hm_modbus_read(const uint8_t *p, size_t n,
    struct hm_modbus_reply *reply, size_t *used);

/* Write a request to read `count` registers. */
void hm_modbus_request(uint8_t out[HM_MODBUS_REQUEST], uint16_t transaction,
    uint8_t unit, uint16_t address, uint16_t count);

/*
 * Write a request that has no values behind its address but one: `value` is
 * what to write, or how many to read.
 */
void hm_modbus_request_of(uint8_t out[HM_MODBUS_REQUEST],
    uint16_t transaction, uint8_t unit, enum hm_modbus_function function,
    uint16_t address, uint16_t value);

/* Write a request to write 8 coils, the lowest bit first. */
void hm_modbus_request_coils(uint8_t out[HM_MODBUS_REQUEST_COILS],
    uint16_t transaction, uint8_t unit, uint16_t address, uint8_t coils);

/*
 * Whether a device that answers a write with this exception has not begun to
 * carry it out. Other exceptions may come later.
 */
bool hm_modbus_is_refusal(uint8_t exception);

/*
 * Write a request to write `count` registers, at most HM_MODBUS_WRITTEN_MAX.
 * Returns its size, HM_MODBUS_REQUEST_REGISTERS(count).
 */
size_t hm_modbus_request_registers(uint8_t *out, uint16_t transaction,
    uint8_t unit, uint16_t address, const uint16_t *words, uint16_t count);

#endif
