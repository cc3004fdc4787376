#include "real.pb-c.h"
#include "sim_dtu.h"
#include "sim_fault.h"
#include "sim_hm_private.h"
#include "sim_plant.h"

/* From the readings of a real DTU-Pro. */
#define INVERTER_CRC 28864
#define INVERTER_WARNINGS 2
#define INPUT_PRODUCING 0x03000000

/* Made up: no reply with one was ever published. */
#define REPEATER_SERIAL 0x10a000000001
#define REPEATER_SIGNAL 80
#define SHUTDOWN_SERIAL 0x10b000000001
#define SHUTDOWN_VOLTAGE 372
#define SHUTDOWN_POWER 3050
#define SHUTDOWN_TEMPERATURE 312

#define METER_ONE_PHASE 1 /* DDSU666 */
#define METER_THREE_PHASES 3

/* One package of readings. Only items in the lists of `reply` are set. */
struct page {
	Hm__RealReply reply;
	Hm__RealMeter meter, *meter_list[1];
	Hm__RealSingle single[HM_SIM_PAGE_MAX];
	Hm__RealSingle *single_list[HM_SIM_PAGE_MAX];
	Hm__RealThree three[HM_SIM_PAGE_MAX];
	Hm__RealThree *three_list[HM_SIM_PAGE_MAX];
	Hm__RealInput input[HM_SIM_PAGE_MAX];
	Hm__RealInput *input_list[HM_SIM_PAGE_MAX];
};

/*
 * A DTU-Pro has two counters in the field of the radio signal: polls in the
 * high half, new readings in the low half.
 */
static int32_t
radio_counters(const struct hm_sim_time *time, bool heard)
{
	uint64_t polls = (uint64_t)time->refresh & 0x7fff;
	uint64_t answers = heard ? (uint64_t)time->refresh & 0xffff : 0;

	return (int32_t)(polls << 16 | answers);
}

/* HM_SIM_FACTOR: some firmware sends 1 for 1.000. */
static int32_t
factor_of(const struct hm_sim_plant_inverter *inverter, uint64_t faults)
{
	return faults & HM_SIM_BIT(HM_SIM_FACTOR) ? 1 : inverter->power_factor;
}

/* HM_SIM_IDLE: what phase B has is not in the sums. */
static void
idle_phase(Hm__RealMeter *meter)
{
	meter->power -= meter->power_b;
	meter->exported -= meter->exported_b;
	meter->imported -= meter->imported_b;
	meter->power_b = meter->exported_b = meter->imported_b = 0;
	meter->current_b = meter->power_factor_b = 0;
}

/* What the inverters do not give comes from the grid. */
static void
withhold(const struct hm_sim_dtu *dtu, const struct hm_sim_time *time,
    struct hm_sim_plant_meter *meter)
{
	int32_t phases = (int32_t)dtu->plant->phases;

	if (!dtu->orders.is_known)
		return;
	meter->power += (int32_t)(hm_sim_dtu_withheld(dtu, time) / 100);
	meter->phase_power = meter->power / phases;
}

static void
add_meter(struct page *page, struct hm_sim_answer *a,
    const struct hm_sim_time *time)
{
	const struct hm_sim_plant *plant = a->dtu->plant;
	bool three = plant->phases == 3;
	Hm__RealMeter *to = &page->meter;
	struct hm_sim_plant_meter from;

	hm_sim_plant_read_meter(plant, a->dtu->index, time, &from);
	withhold(a->dtu, time, &from);
	hm__real_meter__init(to);
	to->device = three ? METER_THREE_PHASES : METER_ONE_PHASE;
	to->serial = hm_sim_plant_meter_serial(plant, a->dtu->index);
	to->power = from.power;
	to->power_factor = from.power_factor;
	to->exported = from.exported;
	to->imported = from.imported;
	to->power_a = from.phase_power;
	to->exported_a = from.phase_exported;
	to->imported_a = from.phase_imported;
	to->voltage_a = from.voltage[0];
	to->current_a = from.current[0];
	to->power_factor_a = from.power_factor;
	if (three) {
		to->power_b = to->power_c = from.phase_power;
		to->exported_b = to->exported_c = from.phase_exported;
		to->imported_b = to->imported_c = from.phase_imported;
		to->voltage_b = from.voltage[1];
		to->voltage_c = from.voltage[2];
		to->current_b = from.current[1];
		to->current_c = from.current[2];
		to->power_factor_b = to->power_factor_c = from.power_factor;
		if (a->faults & HM_SIM_BIT(HM_SIM_IDLE))
			idle_phase(to);
	}
	page->meter_list[page->reply.n_meter++] = to;
}

static int32_t
warnings_of(const struct hm_sim_dtu *dtu)
{
	return dtu->numbers ? dtu->number : INVERTER_WARNINGS;
}

static void
add_single(struct page *page, struct hm_sim_answer *a, size_t index,
    const struct hm_sim_time *time)
{
	Hm__RealSingle *to = &page->single[page->reply.n_single];
	bool heard = hm_sim_dtu_hears(time, a->faults);
	struct hm_sim_plant_inverter from;

	hm__real_single__init(to);
	to->serial = hm_sim_plant_inverter_serial(a->dtu->plant, a->dtu->index,
	    index);
	to->radio = radio_counters(time, heard);
	if (heard) {
		hm_sim_dtu_read_inverter(a->dtu, index, time, &from);
		to->firmware = 1;
		to->voltage = from.voltage[0];
		to->frequency = from.frequency;
		to->active_power = from.active_power;
		to->reactive_power = from.reactive_power;
		to->current = from.current[0];
		to->power_factor = factor_of(&from, a->faults);
		to->temperature = from.temperature;
		to->warnings = warnings_of(a->dtu);
		to->crc = INVERTER_CRC;
		to->link = 1;
	}
	page->single_list[page->reply.n_single++] = to;
}

static void
fill_phases(Hm__RealThree *to, const struct hm_sim_plant_inverter *from)
{
	to->voltage_a = from->voltage[0];
	to->voltage_b = from->voltage[1];
	to->voltage_c = from->voltage[2];
	to->voltage_ab = from->line[0];
	to->voltage_bc = from->line[1];
	to->voltage_ca = from->line[2];
	to->current_a = from->current[0];
	to->current_b = from->current[1];
	to->current_c = from->current[2];
}

static void
add_three(struct page *page, struct hm_sim_answer *a, size_t index,
    const struct hm_sim_time *time)
{
	Hm__RealThree *to = &page->three[page->reply.n_three];
	bool heard = hm_sim_dtu_hears(time, a->faults);
	struct hm_sim_plant_inverter from;

	hm__real_three__init(to);
	to->serial = hm_sim_plant_inverter_serial(a->dtu->plant, a->dtu->index,
	    index);
	to->radio = radio_counters(time, heard);
	if (heard) {
		hm_sim_dtu_read_inverter(a->dtu, index, time, &from);
		fill_phases(to, &from);
		to->firmware = 1;
		to->frequency = from.frequency;
		to->active_power = from.active_power;
		to->reactive_power = from.reactive_power;
		to->power_factor = factor_of(&from, a->faults);
		to->temperature = from.temperature;
		to->warnings = warnings_of(a->dtu);
		to->crc = INVERTER_CRC;
		to->link = 1;
	}
	page->three_list[page->reply.n_three++] = to;
}

static void
add_port(struct page *page, struct hm_sim_answer *a, size_t index,
    const struct hm_sim_time *time)
{
	static const struct hm_sim_limits limits = {INT32_MAX, INT32_MAX};
	const struct hm_sim_plant *plant = a->dtu->plant;
	size_t inverter = index / plant->ports, port = index % plant->ports;
	Hm__RealInput *to = &page->input[page->reply.n_input];
	struct hm_sim_plant_port from;

	hm__real_input__init(to);
	to->serial = hm_sim_plant_inverter_serial(plant, a->dtu->index,
	    inverter);
	to->port = (int32_t)(port + 1);
	page->input_list[page->reply.n_input++] = to;
	if (a->faults & HM_SIM_BIT(HM_SIM_ZEROS))
		return;
	hm_sim_dtu_read_port(a->dtu, inverter, port, time, &from);
	if (page->reply.n_input == 1)
		hm_sim_dtu_glitch(&from, a->faults, &limits);
	to->voltage = from.voltage;
	to->current = from.current;
	to->power = from.power;
	to->total = (int32_t)from.total;
	to->today = (int32_t)from.today;
	to->error = time->sun.up ? INPUT_PRODUCING : 0;
}

static void
fill_repeater(Hm__RealRepeater *to, const struct hm_sim_answer *a)
{
	hm__real_repeater__init(to);
	to->serial = REPEATER_SERIAL + (int64_t)a->dtu->index;
	to->signal = REPEATER_SIGNAL;
	to->channel = 1;
	to->inputs = (int32_t)(a->dtu->plant->inverters *
	    a->dtu->plant->ports);
	to->link = 1;
}

static void
fill_shutdown(Hm__RealShutdown *to, const struct hm_sim_answer *a,
    const struct hm_sim_time *time)
{
	hm__real_shutdown__init(to);
	to->serial = SHUTDOWN_SERIAL + (int64_t)a->dtu->index;
	if (!hm_sim_dtu_hears(time, a->faults))
		return;
	to->voltage = SHUTDOWN_VOLTAGE;
	to->power = SHUTDOWN_POWER;
	to->temperature = SHUTDOWN_TEMPERATURE;
	to->warnings = INVERTER_WARNINGS;
	to->link = 1;
}

/* Items come in this order: the meter, the inverters, the inputs. */
static void
add_item(struct page *page, struct hm_sim_answer *a, size_t item,
    const struct hm_sim_time *time)
{
	const struct hm_sim_plant *plant = a->dtu->plant;

	if (plant->meter && item-- == 0)
		add_meter(page, a, time);
	else if (item >= plant->inverters)
		add_port(page, a, item - plant->inverters, time);
	else if (plant->phases == 1)
		add_single(page, a, item, time);
	else
		add_three(page, a, item, time);
}

static size_t
count_items(struct hm_sim_answer *a)
{
	const struct hm_sim_plant *plant = a->dtu->plant;

	return plant->meter + (hm_sim_hm_is_mapped(a) ?
	    plant->inverters * (1 + plant->ports) : 0);
}

size_t
hm_sim_hm_real(struct hm_sim_answer *a)
{
	const Hm__RealRequest *request;
	const struct hm_sim_time *time;
	size_t items = count_items(a), first, end;
	Hm__RealRepeater repeater, *repeaters[] = {&repeater};
	Hm__RealShutdown shutdown, *shutdowns[] = {&shutdown};
	struct page page;

	request = hm_sim_hm_unpack(a, &hm__real_request__descriptor);
	if (request == NULL || !hm_sim_hm_page_bounds(request->package, items,
	    a->dtu->page_size, &first, &end))
		return 0;
	if (request->package == 0)
		a->dtu->number++;
	/* All packages of a poll have readings of the same time. */
	time = hm_sim_dtu_show(a->dtu, a->now, request->package == 0 ?
	    a->faults : HM_SIM_BIT(HM_SIM_STALE));
	hm__real_reply__init(&page.reply);
	page.reply.dtu_serial = a->serial;
	page.reply.time = (int32_t)hm_sim_hm_clock(a, time->wall);
	page.reply.packages = hm_sim_hm_page_count(items, a->dtu->page_size);
	page.reply.package = hm_sim_hm_page_number(a, request->package);
	a->dtu->answered = request->package + 1 >= page.reply.packages;
	page.reply.firmware = 1;
	page.reply.meter = page.meter_list;
	page.reply.single = page.single_list;
	page.reply.three = page.three_list;
	page.reply.input = page.input_list;
	if (a->dtu->plant->extras && request->package == 0) {
		fill_repeater(&repeater, a);
		fill_shutdown(&shutdown, a, time);
		page.reply.repeater = repeaters;
		page.reply.shutdown = shutdowns;
		page.reply.n_repeater = page.reply.n_shutdown = 1;
	}
	for (size_t i = first; i < end; i++)
		add_item(&page, a, i, time);
	return hm_sim_hm_reply(a, &page.reply.base);
}
