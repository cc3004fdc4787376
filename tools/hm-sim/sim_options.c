#include "sim_options.h"

#include <string.h>

#include "base/log.h"
#include "base/rfc3339.h"
#include "config/settings.h"
#include "record/working_mode.h"
#include "sim_clock.h"
#include "sim_fault.h"
#include "sim_mode.h"

/* The value of a setting whose choices are single digits. */
static size_t
digit(const struct hm_config *config, enum hm_setting_id id)
{
	return (size_t)(hm_config_text(config, id)[0] - '0');
}

static bool
check_plant(const struct hm_config *config, const struct hm_sim_plant *plant)
{
	if (plant->phases == 3 && (plant->is_mi || plant->is_hms_w))
		return hm_config_refuse(config, HM_SET_SIM_SERIES,
		    "on three phases is hm");
	if (plant->is_hms_w && plant->ports != 2)
		return hm_config_refuse(config, HM_SET_SIM_INPUTS,
		    "of series hms-w are 2");
	if (plant->phases == 1 && plant->ports == 6)
		return hm_config_refuse(config, HM_SET_SIM_INPUTS,
		    "on one phase are 1, 2 and 4");
	if (plant->phases == 3 && plant->ports < 4)
		return hm_config_refuse(config, HM_SET_SIM_INPUTS,
		    "on three phases are 4 and 6");
	return true;
}

static void
read_plant(const struct hm_config *config, struct hm_sim_plant *plant)
{
	*plant = (struct hm_sim_plant){
	    .seed = (uint64_t)hm_config_int(config, HM_SET_SIM_SEED),
	    .inverters = (size_t)hm_config_int(config, HM_SET_SIM_INVERTERS),
	    .ports = digit(config, HM_SET_SIM_INPUTS),
	    .phases = digit(config, HM_SET_SIM_PHASES),
	    .meter = hm_config_flag(config, HM_SET_SIM_METER),
	    .half_wired = hm_config_flag(config, HM_SET_SIM_HALF_WIRED),
	    .extras = hm_config_flag(config, HM_SET_SIM_EXTRAS),
	    .is_mi = strcmp(hm_config_text(config, HM_SET_SIM_SERIES),
		"mi") == 0,
	    .is_hms_w = strcmp(hm_config_text(config, HM_SET_SIM_SERIES),
		"hms-w") == 0,
	};
}

/* What is usual for a gateway is not what is usual for a DTU. */
static void
read_house(const struct hm_config *config, struct hm_sim_house *house)
{
	*house = (struct hm_sim_house){
	    .seed = (uint64_t)hm_config_int(config, HM_SET_SIM_SEED),
	    .inverters = hm_config_given(config, HM_SET_SIM_INVERTERS) ?
		(size_t)hm_config_int(config, HM_SET_SIM_INVERTERS) : 1,
	    .strings = hm_config_given(config, HM_SET_SIM_INPUTS) ?
		digit(config, HM_SET_SIM_INPUTS) : 2,
	    .phases = digit(config, HM_SET_SIM_PHASES),
	    .capacity = hm_config_int(config, HM_SET_SIM_BATTERY),
	    .charge = hm_config_int(config, HM_SET_SIM_CHARGE),
	    .generator = hm_config_flag(config, HM_SET_SIM_GENERATOR),
	    .extras = hm_config_flag(config, HM_SET_SIM_EXTRAS),
	};
}

static bool
finish_house(const struct hm_config *config, struct hm_sim_house *house,
    bool only_g3)
{
	if (!hm_working_mode_parse(hm_text(hm_config_text(config,
	    HM_SET_SIM_MODE)), &house->mode))
		return hm_config_refuse(config, HM_SET_SIM_MODE,
		    "are self_use, economic, backup, off_grid, "
		    "forced_charge, forced_discharge, peak_shaving and "
		    "time_of_use");
	if (house->strings > HM_SIM_STRINGS)
		return hm_config_refuse(config, HM_SET_SIM_INPUTS,
		    "of hybrid inverters are 1, 2 and 4");
	if (only_g3 && house->inverters > 1)
		return hm_config_refuse(config, HM_SET_SIM_INVERTERS,
		    "over modbus-g3 is 1");
	return true;
}

/* Options that say something of gateways alone. */
static bool
check_no_house(const struct hm_config *config)
{
	static const enum hm_setting_id ids[] = {HM_SET_SIM_BATTERY,
	    HM_SET_SIM_CHARGE, HM_SET_SIM_MODE, HM_SET_SIM_GENERATOR,
	    HM_SET_SIM_LEDGER};

	for (size_t i = 0; i < sizeof ids / sizeof *ids; i++)
		if (hm_config_given(config, ids[i]))
			return hm_config_refuse(config, ids[i],
			    "only with --transport es or modbus-g3");
	return true;
}

/* Only what is simulated must be possible. */
static bool
read_devices(const struct hm_config *config, struct hm_sim_options *o)
{
	bool dtus = o->dtus[HM_SIM_OVER_HM] + o->dtus[HM_SIM_OVER_MODBUS] > 0;
	bool es = o->dtus[HM_SIM_OVER_ES] > 0;
	bool g3 = o->dtus[HM_SIM_OVER_G3] > 0;

	read_plant(config, &o->plant);
	read_house(config, &o->house);
	if (dtus && !check_plant(config, &o->plant))
		return false;
	return es || g3 ? finish_house(config, &o->house, !es && !dtus) :
	    check_no_house(config);
}

/* The faults that one of the DTUs can show. */
static uint64_t
possible_faults(const struct hm_sim_options *o)
{
	uint64_t possible = 0;

	for (int i = 0; i < HM_SIM_TRANSPORTS; i++)
		if (o->dtus[i] > 0)
			possible |= hm_sim_faults_of((enum hm_sim_transport)i);
	return possible;
}

static bool
read_faults(const struct hm_config *config, struct hm_sim_options *o)
{
	const char *text = hm_config_text(config, HM_SET_SIM_FAULT);
	uint64_t possible = possible_faults(o);
	char line[640], names[512];

	if (!hm_sim_faults_parse(text != NULL ? text : "", &o->faults, line,
	    sizeof line)) {
		hm_log(HM_ERROR, "--fault: %s", line);
		return false;
	}
	if ((o->faults.given & ~possible) != 0) {
		hm_sim_faults_names(o->faults.given & ~possible, names,
		    sizeof names);
		hm_log(HM_ERROR, "--fault: no DTU of this --transport can "
		    "show: %s", names);
		return false;
	}
	o->fault_dtu = (size_t)hm_config_int(config, HM_SET_SIM_FAULT_DTU);
	if (o->fault_dtu <= hm_sim_server_wanted(o))
		return true;
	hm_log(HM_ERROR, "--fault-dtu: found %zu, there are %zu DTUs",
	    o->fault_dtu, hm_sim_server_wanted(o));
	return false;
}

static bool
read_transports(const struct hm_config *config, struct hm_sim_options *o)
{
	size_t dtus = (size_t)hm_config_int(config, HM_SET_SIM_DTUS);

	for (int i = 0; i < HM_SIM_TRANSPORTS; i++)
		if (hm_config_lists(config, HM_SET_SIM_TRANSPORT,
		    hm_sim_transport_name((enum hm_sim_transport)i)))
			o->dtus[i] = dtus;
	return hm_sim_server_wanted(o) > 0 ||
	    hm_config_refuse(config, HM_SET_SIM_TRANSPORT,
	    "are hm, modbus, es and modbus-g3");
}

static bool
read_times(const struct hm_config *config, struct hm_sim_options *o)
{
	const char *reset = hm_config_text(config, HM_SET_SIM_RESET);

	if (!hm_rfc3339_time_of_day(hm_text(hm_config_text(config,
	    HM_SET_SIM_START)), &o->start))
		return hm_config_refuse(config, HM_SET_SIM_START,
		    "are 00:00 to 23:59");
	o->reset = HM_SIM_RESET_NEVER;
	if (strcmp(reset, "never") != 0 &&
	    !hm_rfc3339_time_of_day(hm_text(reset), &o->reset))
		return hm_config_refuse(config, HM_SET_SIM_RESET,
		    "are 00:00 to 23:59 and never");
	/* A gateway resets them at midnight. */
	o->house.reset = hm_config_given(config, HM_SET_SIM_RESET) ?
	    o->reset : 0;
	return true;
}

static bool
check_meter_topic(const struct hm_config *config,
    const struct hm_sim_options *o)
{
	const char *topic = hm_config_text(config, HM_SET_SIM_METER_TOPIC);

	if (topic == NULL)
		return true;
	if (strlen(topic) > HM_SIM_TOPIC_MAX)
		return hm_config_refuse(config, HM_SET_SIM_METER_TOPIC,
		    "are up to 200 bytes");
	return hm_sim_server_wanted(o) == 1 ||
	    hm_config_refuse(config, HM_SET_SIM_METER_TOPIC,
	    "only with one DTU");
}

bool
hm_sim_options_read(const struct hm_config *config, struct hm_sim_options *o)
{
	*o = (struct hm_sim_options){
	    .address = hm_config_text(config, HM_SET_SIM_LISTEN),
	    .port = hm_config_has(config, HM_SET_SIM_PORT) ?
		hm_config_int(config, HM_SET_SIM_PORT) : HM_SIM_PORT_USUAL,
	    .spread_addresses = strcmp(hm_config_text(config,
		HM_SET_SIM_SPREAD), "address") == 0,
	    .unit = (uint8_t)hm_config_int(config, HM_SET_SIM_UNIT_ID),
	    .encrypts = hm_config_flag(config, HM_SET_SIM_ENCRYPT),
	    .encrypt_after_ms = hm_config_ms(config, HM_SET_SIM_ENCRYPT_AFTER),
	    .rekey_ms = hm_config_ms(config, HM_SET_SIM_REKEY),
	    .page_size = (size_t)hm_config_int(config, HM_SET_SIM_PAGE_SIZE),
	    .upload_minutes = (int32_t)hm_config_int(config,
	        HM_SET_SIM_UPLOAD_PERIOD),
	    .speed = hm_config_int(config, HM_SET_SIM_SPEED),
	    .refresh_ms = hm_config_ms(config, HM_SET_SIM_REFRESH),
	    .unsolicited = hm_config_flag(config, HM_SET_SIM_UNASKED),
	    .numbers = hm_config_flag(config, HM_SET_SIM_NUMBER),
	    .old_map = hm_config_flag(config, HM_SET_SIM_OLD_MAP),
	};
	return read_transports(config, o) && read_devices(config, o) &&
	    read_times(config, o) && read_faults(config, o) &&
	    check_meter_topic(config, o);
}

