#include "serial_label.h"

#include <stdint.h>
#include <stdio.h>

#include "base/hex.h"
#include "models.h"

#define DIGITS 12
#define CHARACTERS 9

/* Digits in base 32. */
static const char characters[] = "0123456789ABCDEFGHJKLMNPRSTUVWXY";

/* Check characters by a sum modulo 32. */
static const char checks[] = "MFLGW5XC301234567899Z67YRT2S8ABC";

/* Bits 30 and 31 of a serial number are in no character. */
static unsigned
shift_of(unsigned i)
{
	return (CHARACTERS - 1 - i) * 5 + (i < 3 ? 2 : 0);
}

static bool
read_digits(struct hm_slice serial, uint64_t *number)
{
	*number = 0;
	if (serial.n != DIGITS)
		return false;
	for (size_t i = 0; i < DIGITS; i++) {
		int digit = hm_hex_digit(serial.p[i]);

		if (digit < 0)
			return false;
		*number = *number << 4 | (uint64_t)digit;
	}
	return true;
}

bool
hm_serial_label(struct hm_slice serial, char label[HM_SERIAL_LABEL])
{
	const char *model = hm_model_inverter(serial);
	unsigned letters = 0, values = 0;
	uint64_t number;

	if (model == NULL || strncmp(model, "HERF", 4) != 0 ||
	    !read_digits(serial, &number))
		return false;
	for (unsigned i = 0; i < CHARACTERS; i++) {
		unsigned value = number >> shift_of(i) & 31;

		label[i] = characters[value];
		letters += (unsigned char)label[i];
		values += value;
	}
	snprintf(label + CHARACTERS, HM_SERIAL_LABEL - CHARACTERS, "-1%c%c",
	    checks[letters % 32], checks[values % 32]);
	return true;
}
