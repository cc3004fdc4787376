#include "alert_kind.h"

#include "fields.h"

const char *
hm_alert_kind_name(enum hm_alert_kind kind)
{
	switch (kind) {
	case HM_ALERT_DTU_OFFLINE:
		return "dtu_offline";
	case HM_ALERT_TEMPERATURE:
		return hm_fields[HM_F_TEMPERATURE].key;
	case HM_ALERT_STALE:
		return "stale";
	case HM_ALERT_BATTERY_FAULT:
		return "battery_fault";
	case HM_ALERT_PRODUCTION_DROP:
	case HM_ALERT_KINDS:
		break;
	}
	return "production_drop";
}

bool
hm_alert_kind_parse(struct hm_slice name, enum hm_alert_kind *kind)
{
	for (int k = 0; k < HM_ALERT_KINDS; k++)
		if (hm_slice_is(name,
		    hm_alert_kind_name((enum hm_alert_kind)k))) {
			*kind = (enum hm_alert_kind)k;
			return true;
		}
	return false;
}
