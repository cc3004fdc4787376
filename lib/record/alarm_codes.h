#ifndef HM_ALARM_CODES_H
#define HM_ALARM_CODES_H

#include <stddef.h>
#include <stdint.h>

struct hm_alarm_code {
	uint16_t code;
	const char *text;
};

/* All known codes in ascending order. Code 0 is not among them. */
extern const struct hm_alarm_code hm_alarm_codes[];
extern const size_t hm_alarm_code_count;

/* The text of a code, or NULL if it is not known. */
const char *hm_alarm_code_text(int64_t code);

#endif
