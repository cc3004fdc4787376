#include "alert_temperature.h"

bool
hm_heat_reading(struct hm_heat *heat, int64_t now, int64_t temperature,
    int64_t threshold)
{
	heat->hot = temperature >= threshold - (heat->hot ? HM_HEAT_BELOW : 0);
	heat->time = now;
	return heat->hot;
}

bool
hm_heat_silence(struct hm_heat *heat, int64_t now)
{
	if (heat->time > now)
		heat->time = now;
	if (now - heat->time >= HM_HEAT_SILENCE)
		heat->hot = false;
	return heat->hot;
}
