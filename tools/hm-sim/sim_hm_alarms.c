#include "alarms.pb-c.h"
#include "sim_hm_private.h"
#include "sim_plant.h"

#define CLOUD_OFFSET 28800

#define CODE_STARTED_PM 0x2000
#define CODE_PV1_NO_INPUT 209
#define CODE_GRID_OVERVOLTAGE 141
#define CODE_INVERTER_OFFLINE 130

/* The time of an alarm. */
static int32_t
alarm_time(const struct hm_sim_answer *a, int64_t wall)
{
	if (a->faults & HM_SIM_BIT(HM_SIM_AHEAD))
		wall += CLOUD_OFFSET;
	return (int32_t)hm_sim_hm_clock(a, wall);
}

static void
fill_alarms(struct hm_sim_answer *a, Hm__Alarms *alarms, Hm__Alarm **list)
{
	hm__alarms__init(alarms);
	alarms->dtu_serial = a->serial;
	alarms->time = (int32_t)hm_sim_hm_clock(a, a->now->wall);
	alarms->packages = 1;
	alarms->alarm = list;
}

static size_t
reply_plain(struct hm_sim_answer *a, const Hm__Alarms *alarms)
{
	Hm__AlarmsPlain plain;

	hm__alarms_plain__init(&plain);
	plain.dtu_serial = alarms->dtu_serial;
	plain.time = alarms->time;
	plain.n_alarm = alarms->n_alarm;
	plain.alarm = alarms->alarm;
	return hm_sim_hm_reply(a, &plain.base);
}

/* Two alarms from before the simulation: one ended, one still lasts. */
size_t
hm_sim_hm_alarms(struct hm_sim_answer *a)
{
	const struct hm_sim_plant *plant = a->dtu->plant;
	Hm__Alarm over, on;
	Hm__Alarm *list[] = {&over, &on};
	const Hm__AlarmsRequest *request;
	Hm__Alarms alarms;

	request = hm_sim_hm_unpack(a, &hm__alarms_request__descriptor);
	if (request == NULL || request->package != 0)
		return 0;
	hm__alarm__init(&over);
	over.serial = hm_sim_plant_inverter_serial(plant, a->dtu->index, 0);
	over.code = CODE_PV1_NO_INPUT | CODE_STARTED_PM;
	over.count = 1;
	over.start = alarm_time(a, a->now->began - 7200);
	over.end = alarm_time(a, a->now->began - 5400);
	hm__alarm__init(&on);
	on.serial = hm_sim_plant_inverter_serial(plant, a->dtu->index,
	    plant->inverters - 1);
	on.code = CODE_GRID_OVERVOLTAGE;
	on.count = 2;
	on.start = alarm_time(a, a->now->began - 600);
	fill_alarms(a, &alarms, list);
	alarms.n_alarm = a->dtu->alarms_ready &&
	    !a->dtu->orders.alarms_cleared &&
	    (a->faults & HM_SIM_BIT(HM_SIM_CLEARED)) == 0 ? 2 : 0;
	return a->faults & HM_SIM_BIT(HM_SIM_PLAIN) ? reply_plain(a, &alarms) :
	    hm_sim_hm_reply(a, &alarms.base);
}

size_t
hm_sim_hm_warning(struct hm_sim_answer *a)
{
	Hm__Alarm offline;
	Hm__Alarm *list[] = {&offline};
	Hm__Alarms warnings;

	hm__alarm__init(&offline);
	offline.serial = hm_sim_plant_inverter_serial(a->dtu->plant,
	    a->dtu->index, 0);
	offline.code = CODE_INVERTER_OFFLINE;
	offline.start = alarm_time(a, a->now->began - 3600);
	fill_alarms(a, &warnings, list);
	warnings.n_alarm = 1;
	return hm_sim_hm_reply(a, &warnings.base);
}
