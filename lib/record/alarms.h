#ifndef HM_ALARMS_H
#define HM_ALARMS_H

#include <stddef.h>
#include <stdint.h>

struct hm_alarm {
	uint16_t code;
	const char *text;
};

/* All known codes in ascending order. Code 0 is not among them. */
extern const struct hm_alarm hm_alarms[];
extern const size_t hm_alarm_count;

/* The text of a code, or NULL if it is not known. */
const char *hm_alarm_text(int64_t code);

#endif
