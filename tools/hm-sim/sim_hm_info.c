#include <stdio.h>

#include "info.pb-c.h"
#include "sim_fault.h"
#include "sim_hm_private.h"
#include "sim_orders.h"
#include "sim_plant.h"

/* As a real DTU-Pro and its HM-1500 describe themselves. */
#define CHANNEL 1
#define DTU_SOFTWARE 520          /* V00.02.08 */
#define DTU_SOFTWARE_ENCRYPTS 532 /* V00.02.20, the first that does */
#define DTU_SOFTWARE_BUILT_IN 4353 /* V01.01.01, that takes watts */
#define DTU_HARDWARE 37122
#define DTU_RULE 21
#define DTU_FEATURES 1308623040
#define FEATURE_POWER_LIMIT 8
#define INVERTER_SOFTWARE 10012
#define INVERTER_HARDWARE 256
#define INVERTER_PROFILE 2560
#define INVERTER_PROFILE_VERSION 8193
#define PACKAGES_CLAIMED 10000 /* under the fault "packages" */

static void
fill_info_dtu(struct hm_sim_answer *a, Hm__InfoDtu *dtu)
{
	hm__info_dtu__init(dtu);
	dtu->software = DTU_SOFTWARE;
	dtu->hardware = DTU_HARDWARE;
	dtu->access_model = 1;
	dtu->communication_time = (int32_t)hm_sim_hm_clock(a, a->now->wall);
	dtu->boot_time = (int32_t)hm_sim_hm_clock(a, a->dtu->booted != 0 ?
	    a->dtu->booted : a->now->began);
	dtu->signal = HM_SIM_SIGNAL;
	dtu->rule = DTU_RULE;
	if (a->dtu->encrypts) {
		dtu->software = DTU_SOFTWARE_ENCRYPTS;
		dtu->features = DTU_FEATURES;
		dtu->encryption_random.data = a->dtu->random;
		dtu->encryption_random.len = sizeof a->dtu->random;
	}
	if (a->dtu->plant->is_hms_w)
		dtu->software = DTU_SOFTWARE_BUILT_IN;
}

static void
fill_info_inverter(struct hm_sim_answer *a, size_t index,
    Hm__InfoInverter *inverter)
{
	const struct hm_sim_plant *plant = a->dtu->plant;

	hm__info_inverter__init(inverter);
	inverter->serial = hm_sim_plant_inverter_serial(plant, a->dtu->index,
	    index);
	inverter->software = INVERTER_SOFTWARE;
	inverter->hardware_part = hm_sim_plant_hardware_part(plant);
	inverter->hardware = INVERTER_HARDWARE;
	inverter->grid_profile = INVERTER_PROFILE;
	inverter->grid_profile_version = INVERTER_PROFILE_VERSION;
}

size_t
hm_sim_hm_info(struct hm_sim_answer *a)
{
	const struct hm_sim_plant *plant = a->dtu->plant;
	size_t inverters = hm_sim_hm_is_mapped(a) ? plant->inverters : 0;
	char power_limit[32];
	size_t first, end;
	Hm__InfoReply info;
	Hm__InfoInverter inverter[HM_SIM_PAGE_MAX];
	Hm__InfoInverter *inverter_list[HM_SIM_PAGE_MAX];
	const Hm__InfoRequest *request;
	Hm__InfoDtu dtu;
	Hm__InfoFeature limit = HM__INFO_FEATURE__INIT;
	Hm__InfoFeature *features[] = {&limit};

	snprintf(power_limit, sizeof power_limit, "1,A:%lld,B:0,C:0",
	    (long long)hm_sim_orders_limit(&a->dtu->orders));
	limit.key = FEATURE_POWER_LIMIT;
	limit.value = power_limit;
	request = hm_sim_hm_unpack(a, &hm__info_request__descriptor);
	if (request == NULL || !hm_sim_hm_page_bounds(request->package,
	    inverters, a->dtu->page_size, &first, &end))
		return 0;
	fill_info_dtu(a, &dtu);
	hm__info_reply__init(&info);
	info.dtu_serial = a->serial;
	info.time = (uint32_t)hm_sim_hm_clock(a, a->now->wall);
	info.devices = (int32_t)inverters;
	info.inputs = (int32_t)(inverters * plant->ports);
	info.packages = (a->faults & HM_SIM_BIT(HM_SIM_PACKAGES)) != 0 ?
	    PACKAGES_CLAIMED :
	    hm_sim_hm_page_count(inverters, a->dtu->page_size);
	info.package = hm_sim_hm_page_number(a, request->package);
	info.channel = CHANNEL;
	info.dtu = &dtu;
	info.inverter = inverter_list;
	/* Newer firmware does, which encrypts, too. */
	if (a->dtu->encrypts) {
		info.feature = features;
		info.n_feature = 1;
	}
	for (size_t i = first; i < end; i++) {
		inverter_list[info.n_inverter] = &inverter[info.n_inverter];
		fill_info_inverter(a, i, &inverter[info.n_inverter++]);
	}
	return hm_sim_hm_reply(a, &info.base);
}
