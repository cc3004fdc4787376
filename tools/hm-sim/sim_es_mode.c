#include "sim_es_private.h"
#include "sim_fault.h"
#include "sim_gateway.h"
#include "sim_orders.h"
#include "working_mode.pb-c.h"

#define REFUSED 1 /* no list of codes is public */

static struct hm_sim_hours
hours_of(int32_t range)
{
	uint32_t r = (uint32_t)range;

	return (struct hm_sim_hours){
	    .from = (int32_t)(60 * (r >> 24 & 0xff) + (r >> 16 & 0xff)),
	    .to = (int32_t)(60 * (r >> 8 & 0xff) + (r & 0xff)),
	};
}

static void
read_tariffs(const Hm__WorkingMode *order, struct hm_sim_settings *s)
{
	s->tariffs = 0;
	for (size_t i = 0; i < order->n_hours && s->tariffs < HM_SIM_HOURS_MAX;
	    i++) {
		const Hm__WorkingModeHours *h = order->hours[i];

		s->tariff[s->tariffs++] = (struct hm_sim_tariff){
		    .charge = hours_of(h->charge),
		    .discharge = hours_of(h->discharge),
		    .charge_power = h->charge_power,
		    .discharge_power = h->discharge_power,
		    .lowest = h->charge_min,
		    .highest = h->charge_max,
		};
	}
}

static void
add_week(const Hm__WorkingModeWeek *week, struct hm_sim_settings *s)
{
	if (week == NULL || s->weeks == HM_SIM_HOURS_MAX)
		return;
	s->week[s->weeks++] = (struct hm_sim_week){
	    .weekdays = (uint32_t)week->weekdays,
	    .peak = hours_of(week->peak),
	    .valley = hours_of(week->valley),
	};
}

/* Of the dates only the weekdays count: each range is the whole year. */
static void
read_weeks(const Hm__WorkingMode *order, struct hm_sim_settings *s)
{
	s->weeks = 0;
	for (size_t i = 0; i < order->n_dates; i++) {
		add_week(order->dates[i]->first, s);
		add_week(order->dates[i]->second, s);
	}
}

/* What a mode does not use stays as it was. */
static void
read_mode(const Hm__WorkingMode *order, struct hm_sim_settings *s)
{
	s->mode = order->mode - 1;
	switch (s->mode) {
	case HM_MODE_SELF_USE:
		s->self_use = order->reserve;
		break;
	case HM_MODE_ECONOMIC:
		s->self_use = order->reserve;
		read_weeks(order, s);
		break;
	case HM_MODE_BACKUP:
		s->backup = order->reserve;
		break;
	case HM_MODE_FORCED_CHARGE:
		s->charge = order->reserve;
		s->charge_power = order->max_power;
		break;
	case HM_MODE_FORCED_DISCHARGE:
		s->discharge = order->reserve;
		s->discharge_power = order->max_power;
		break;
	case HM_MODE_PEAK_SHAVING:
		s->peak_charge = order->peak_charge;
		s->peak_power = order->peak_power;
		break;
	case HM_MODE_TIME_OF_USE:
		read_tariffs(order, s);
		break;
	default:
		break;
	}
}

static bool
is_percent(int64_t value, int64_t whole)
{
	return value >= 0 && value <= whole;
}

static bool
is_good(const Hm__WorkingMode *order)
{
	return order->mode >= 1 && order->mode <= HM_MODES &&
	    is_percent(order->reserve, 100) &&
	    is_percent(order->max_power, 1000) &&
	    is_percent(order->peak_charge, 100) && order->peak_power >= 0;
}

/* Whether the gateway knows all inverters that are named, and one is. */
static bool
knows_all(const struct hm_sim_es_answer *a, const Hm__WorkingMode *order)
{
	size_t inverter;

	for (size_t i = 0; i < order->n_serial; i++)
		if (!hm_sim_gateway_find(a->gateway, order->serial[i],
		    &inverter))
			return false;
	return order->n_serial > 0 && hm_sim_es_inverters(a) > 0;
}

static void
obey(struct hm_sim_es_answer *a, const Hm__WorkingMode *order)
{
	struct hm_sim_settings settings;
	size_t inverter;

	for (size_t i = 0; i < order->n_serial; i++) {
		if (!hm_sim_gateway_find(a->gateway, order->serial[i],
		    &inverter))
			continue;
		settings = *hm_sim_gateway_told(a->gateway, inverter);
		read_mode(order, &settings);
		hm_sim_gateway_tell(a->gateway, inverter, &settings, a->now,
		    a->faults);
		hm_sim_set_add(&a->dtu->told, inverter);
	}
}

size_t
hm_sim_es_mode(struct hm_sim_es_answer *a)
{
	const Hm__WorkingMode *order;
	Hm__WorkingModeReply reply = HM__WORKING_MODE_REPLY__INIT;

	order = hm_sim_es_unpack(a, &hm__working_mode__descriptor);
	if (order == NULL || (a->faults & HM_SIM_BIT(HM_SIM_ORDER_LOST)))
		return 0;
	reply.time = (int32_t)hm_sim_es_clock(a, a->now->wall);
	reply.id = order->id;
	reply.serial = order->n_serial > 0 ? order->serial[0] : 0;
	if ((a->faults & HM_SIM_BIT(HM_SIM_ORDER_REFUSED)) != 0 ||
	    !is_good(order) || !knows_all(a, order))
		reply.error = REFUSED;
	else
		obey(a, order);
	return hm_sim_es_reply(a, &reply.base);
}
