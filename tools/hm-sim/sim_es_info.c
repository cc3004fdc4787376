#include <stdio.h>

#include "gateway.pb-c.h"
#include "hybrid.pb-c.h"
#include "sim_es_private.h"
#include "sim_gateway.h"

/* As two real gateways describe themselves. */
#define SOFTWARE 4105  /* V01.00.09 */
#define HARDWARE 45313 /* H11.01.01 */
#define RULE 21
#define DEVICE_INVERTER 6

#define NETWORK_WIFI 1
#define SIGNAL 62 /* % */
#define INVERTERS_MAX 99

size_t
hm_sim_es_info(struct hm_sim_es_answer *a)
{
	static char wifi[] = "2.3.0.0-dev";
	Hm__GatewayReply reply = HM__GATEWAY_REPLY__INIT;
	Hm__GatewayInfo info, *infos[] = {&info};
	Hm__GatewayDevice device[INVERTERS_MAX], *devices[INVERTERS_MAX];

	reply.serial = a->dtu->serial;
	reply.time = (int32_t)hm_sim_es_clock(a, a->now->wall);
	reply.packages = 1;
	hm__gateway_info__init(&info);
	info.model = info.communication_model = 1;
	info.software = SOFTWARE;
	info.hardware = HARDWARE;
	info.wifi_version = wifi;
	info.rule = RULE;
	reply.gateway = infos;
	reply.n_gateway = 1;
	reply.device = devices;
	for (size_t i = 0; i < hm_sim_es_inverters(a); i++) {
		hm__gateway_device__init(&device[i]);
		device[i].serial = hm_sim_gateway_inverter_serial(a->gateway,
		    i);
		device[i].type = DEVICE_INVERTER;
		device[i].address = (int32_t)i + 1;
		devices[reply.n_device++] = &device[i];
	}
	return hm_sim_es_reply(a, &reply.base);
}

size_t
hm_sim_es_network(struct hm_sim_es_answer *a)
{
	Hm__GatewayNetworkReply reply = HM__GATEWAY_NETWORK_REPLY__INIT;

	reply.serial = a->dtu->serial;
	reply.time = (int32_t)hm_sim_es_clock(a, a->now->wall);
	reply.set_mode = reply.mode = NETWORK_WIFI;
	reply.signal = SIGNAL;
	reply.state = 1;
	return hm_sim_es_reply(a, &reply.base);
}

/* The registry */

/* Texts of an inverter, which are of its model. */
struct texts {
	char model[20], main[10], second[10], system[10];
	char battery[16], battery_hardware[10], battery_software[10];
};

static const struct texts one_phase = {"HYS-4.6LV-EUG1", "V01.02.05",
    "V01.01.03", "V01.00.09", "LB5D00000001", "H01.00", "V01.10"};
static const struct texts three_phases = {"HYT-10.0HV-EUG1", "V01.02.05",
    "V01.01.03", "V01.00.09", "HB6D00000001", "H01.00", "V01.10"};

struct entry {
	Hm__RegistryInverter inverter;
	Hm__RegistryPart charger, *chargers[1];
	struct texts texts;
};

static void
fill_battery(Hm__RegistryInverter *to, const struct hm_sim_house *house,
    struct texts *texts)
{
	if (house->capacity == 0)
		return;
	to->battery_serial = texts->battery;
	to->battery_hardware = texts->battery_hardware;
	to->battery_software = texts->battery_software;
	to->battery_capacity = (int32_t)(house->capacity / 100);
	to->battery_protocol = to->battery_type = 1;
}

static void
fill_entry(const struct hm_sim_es_answer *a, size_t index, struct entry *e)
{
	const struct hm_sim_house *house = hm_sim_gateway_house(a->gateway);
	Hm__RegistryInverter *to = &e->inverter;

	hm__registry_inverter__init(to);
	e->texts = house->phases == 1 ? one_phase : three_phases;
	to->serial = hm_sim_gateway_inverter_serial(a->gateway, index);
	to->software_main = e->texts.main;
	to->software_second = e->texts.second;
	to->software_system = e->texts.system;
	to->inputs = (int32_t)house->strings;
	to->address = (int32_t)index + 1;
	to->model = e->texts.model;
	fill_battery(to, house, &e->texts);
	if (!house->extras)
		return;
	hm__registry_part__init(&e->charger);
	e->charger.serial = hm_sim_gateway_charger_serial(a->gateway, index);
	e->charger.software = SOFTWARE;
	e->charger.hardware = HARDWARE;
	e->chargers[0] = &e->charger;
	to->charger = e->chargers;
	to->n_charger = 1;
}

size_t
hm_sim_es_registry(struct hm_sim_es_answer *a)
{
	const struct hm_sim_house *house = hm_sim_gateway_house(a->gateway);
	Hm__RegistryReply reply = HM__REGISTRY_REPLY__INIT;
	Hm__RegistryMeter meter, *meters[] = {&meter};
	Hm__RegistryInverter *inverters[INVERTERS_MAX];
	struct entry entry[INVERTERS_MAX];
	char serial[17];

	snprintf(serial, sizeof serial, "%llX", (unsigned long long)
	    hm_sim_gateway_meter_serial(a->gateway));
	hm__registry_meter__init(&meter);
	meter.serial = serial;
	reply.type = (int32_t)house->phases;
	reply.meter = meters;
	reply.n_meter = 1;
	reply.generator_mode = house->generator;
	reply.time = (int32_t)hm_sim_es_clock(a, a->now->wall);
	reply.offset = HM_SIM_ES_OFFSET;
	reply.inverter = inverters;
	for (size_t i = 0; i < hm_sim_es_inverters(a); i++) {
		fill_entry(a, i, &entry[i]);
		inverters[reply.n_inverter++] = &entry[i].inverter;
	}
	return hm_sim_es_reply(a, &reply.base);
}
