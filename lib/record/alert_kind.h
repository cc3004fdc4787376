#ifndef HM_ALERT_KIND_H
#define HM_ALERT_KIND_H

#include "base/slice.h"

/* The alarms of hm-alert, and their names in alarm records. */

enum hm_alert_kind {
	HM_ALERT_DTU_OFFLINE,     /* of a DTU */
	HM_ALERT_TEMPERATURE,     /* of an inverter */
	HM_ALERT_PRODUCTION_DROP, /* of an input */
	HM_ALERT_STALE,           /* of a DTU that repeats its readings */
	HM_ALERT_BATTERY_FAULT,   /* of a battery */
	HM_ALERT_KINDS
};

const char *hm_alert_kind_name(enum hm_alert_kind kind);

/* False if there is no kind of that name. */
bool hm_alert_kind_parse(struct hm_slice name, enum hm_alert_kind *kind);

#endif
