#ifndef HM_ALARM_CODES_H
#define HM_ALARM_CODES_H

#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

struct hm_alarm_code {
	uint16_t code;
	const char *text;
};

/* All known codes in ascending order. Code 0 is not among them. */
extern const struct hm_alarm_code hm_alarm_codes[];
extern const size_t hm_alarm_code_count;

/* The codes that mean something else from an HMT inverter. */
extern const struct hm_alarm_code hm_alarm_codes_hmt[];
extern const size_t hm_alarm_code_hmt_count;

/* The text of a code of the first table, or NULL if it is not known. */
const char *hm_alarm_code_text(int64_t code);

/* The text of a code from the inverter with a serial number, or NULL. */
const char *hm_alarm_code_text_of(int64_t code, struct hm_slice serial);

#endif
