#include <stdio.h>
#include <string.h>

#include "alarms.pb-c.h"
#include "base/arena.h"
#include "command.pb-c.h"
#include "heartbeat.pb-c.h"
#include "history.pb-c.h"
#include "info.pb-c.h"
#include "network.pb-c.h"
#include "real.pb-c.h"
#include "sim_dtu.h"
#include "sim_plant.h"
#include "sim_sun.h"
#include "wire/hmcrypt.h"
#include "wire/hmframe.h"

/* Seen in the information of a real DTU-Pro and its HM-1500. */
#define CHANNEL 1
#define DTU_SOFTWARE 520          /* V00.02.08 */
#define DTU_SOFTWARE_ENCRYPTS 532 /* V00.02.20, the first that does */
#define DTU_HARDWARE 37122
#define DTU_SIGNAL 62
#define DTU_RULE 21
#define DTU_FEATURES 1308623040
#define INVERTER_SOFTWARE 10012
#define INVERTER_HARDWARE 256
#define INVERTER_PROFILE 2560
#define INVERTER_PROFILE_VERSION 8193
#define INVERTER_CRC 28864
#define INVERTER_WARNINGS 2
#define INPUT_PRODUCING 0x03000000

#define ACTION_PERFORMANCE 33
#define ACTION_ALARMS 50
#define ERROR_REFUSED 7 /* what a DTU-Pro-S said to orders it does not take */

#define CODE_STARTED_PM 0x2000
#define CODE_PV1_NO_INPUT 209
#define CODE_GRID_OVERVOLTAGE 141
#define CODE_INVERTER_OFFLINE 130

#define HISTORY_STEP 60 /* s */
#define HISTORY_PAGE 200
#define HISTORY_START 1

#define METER_ONE_PHASE 1 /* DDSU666 */
#define METER_THREE_PHASES 3

#define NETWORK_WIFI 1

/* One request and what its reply is made of. */
struct answer {
	struct hm_sim_dtu *dtu;
	const struct hm_sim_time *now;
	unsigned faults;
	uint16_t command, sequence; /* of the reply */
	const uint8_t *payload;     /* of the request, decrypted */
	size_t size;
	char serial[13]; /* as on the label */
	uint8_t *out;
};

/* NULL if the request is not of that kind. It lives as long as this answer. */
static const void *
unpack(const struct answer *a, const ProtobufCMessageDescriptor *kind)
{
	hm_arena_reset(a->dtu->arena);
	return protobuf_c_message_unpack(kind, &a->dtu->arena->allocator,
	    a->size, a->payload);
}

/* Frames */

static void
damage(unsigned faults, const struct hm_frame *frame, uint8_t *out)
{
	if (faults & HM_SIM_BIT(HM_SIM_CRC))
		out[6] ^= 0xff;
	if (faults & HM_SIM_BIT(HM_SIM_LENGTH)) {
		out[8] = 0;
		out[9] = (uint8_t)(HM_FRAME_HEADER - 1);
	}
	if (frame->tag != NULL && (faults & HM_SIM_BIT(HM_SIM_TAG)) != 0)
		out[HM_FRAME_HEADER + frame->size] ^= 0xff;
}

static size_t
reply(struct answer *a, const ProtobufCMessage *message)
{
	uint8_t *payload = a->out + HM_FRAME_HEADER, tag[HM_FRAME_TAG];
	size_t size = protobuf_c_message_get_packed_size(message);
	struct hm_frame frame = {a->command, a->sequence, payload, size, NULL};
	size_t whole;

	if (size > HM_SIM_REPLY_MAX - HM_FRAME_HEADER - HM_FRAME_TAG)
		return 0;
	protobuf_c_message_pack(message, payload);
	if (a->faults & HM_SIM_BIT(HM_SIM_SEQ))
		frame.sequence = (uint16_t)(frame.sequence + 1000);
	if (a->dtu->encrypts && hm_frame_is_encrypted(a->command, size)) {
		if (!hm_crypt_seal(a->dtu->random, frame.command,
		    frame.sequence, payload, size, payload, tag))
			return 0;
		frame.tag = tag;
	}
	whole = hm_frame_write(&frame, a->out, HM_SIM_REPLY_MAX);
	damage(a->faults, &frame, a->out);
	return whole;
}

static bool
is_mapped(struct answer *a)
{
	return (a->faults & HM_SIM_BIT(HM_SIM_UNMAPPED)) == 0;
}

/* Paging: items [*first, *end) are in `page`; false if there is no such. */

static int32_t
page_count(size_t items, size_t page_size)
{
	return items == 0 ? 1 : (int32_t)((items - 1) / page_size + 1);
}

static bool
page_bounds(int32_t page, size_t items, size_t page_size, size_t *first,
    size_t *end)
{
	if (page < 0 || page >= page_count(items, page_size))
		return false;
	*first = (size_t)page * page_size;
	*end = *first + page_size < items ? *first + page_size : items;
	return true;
}

/* Device information */

static void
fill_info_dtu(struct answer *a, Hm__InfoDtu *dtu)
{
	hm__info_dtu__init(dtu);
	dtu->software = DTU_SOFTWARE;
	dtu->hardware = DTU_HARDWARE;
	dtu->access_model = 1;
	dtu->communication_time = (int32_t)a->now->wall;
	dtu->signal = DTU_SIGNAL;
	dtu->rule = DTU_RULE;
	if (a->dtu->encrypts) {
		dtu->software = DTU_SOFTWARE_ENCRYPTS;
		dtu->features = DTU_FEATURES;
		dtu->encryption_random.data = a->dtu->random;
		dtu->encryption_random.len = sizeof a->dtu->random;
	}
}

static void
fill_info_inverter(struct answer *a, size_t index,
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

static size_t
answer_info(struct answer *a)
{
	const struct hm_sim_plant *plant = a->dtu->plant;
	size_t inverters = is_mapped(a) ? plant->inverters : 0, first, end;
	Hm__InfoReply info;
	Hm__InfoInverter inverter[HM_SIM_PAGE_MAX];
	Hm__InfoInverter *inverter_list[HM_SIM_PAGE_MAX];
	const Hm__InfoRequest *request;
	Hm__InfoDtu dtu;

	request = unpack(a, &hm__info_request__descriptor);
	if (request == NULL || !page_bounds(request->package, inverters,
	    a->dtu->page_size, &first, &end))
		return 0;
	fill_info_dtu(a, &dtu);
	hm__info_reply__init(&info);
	info.dtu_serial = a->serial;
	info.time = (uint32_t)a->now->wall;
	info.devices = (int32_t)inverters;
	info.inputs = (int32_t)(inverters * plant->inputs);
	info.packages = page_count(inverters, a->dtu->page_size);
	info.package = request->package;
	info.channel = CHANNEL;
	info.dtu = &dtu;
	info.inverter = inverter_list;
	for (size_t i = first; i < end; i++) {
		inverter_list[info.n_inverter] = &inverter[info.n_inverter];
		fill_info_inverter(a, i, &inverter[info.n_inverter++]);
	}
	return reply(a, &info.base);
}

/* Real data */

/* A package of readings. Only what `reply` lists is filled in. */
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
 * What the radio signal field of a DTU-Pro holds: polls in the high half,
 * answers in the low one, which grows with each new reading.
 */
static int32_t
radio_counters(const struct hm_sim_time *time, bool heard)
{
	uint64_t polls = (uint64_t)time->refresh & 0x7fff;
	uint64_t answers = heard ? (uint64_t)time->refresh & 0xffff : 0;

	return (int32_t)(polls << 16 | answers);
}

static void
add_meter(struct page *page, struct answer *a,
    const struct hm_sim_time *time)
{
	const struct hm_sim_plant *plant = a->dtu->plant;
	bool three = plant->phases == 3;
	Hm__RealMeter *to = &page->meter;
	struct hm_sim_plant_meter from;

	hm_sim_plant_read_meter(plant, a->dtu->index, time, &from);
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
	}
	page->meter_list[page->reply.n_meter++] = to;
}

static int32_t
warnings_of(const struct hm_sim_dtu *dtu)
{
	return dtu->numbers ? dtu->number : INVERTER_WARNINGS;
}

static void
add_single(struct page *page, struct answer *a, size_t index,
    const struct hm_sim_time *time)
{
	Hm__RealSingle *to = &page->single[page->reply.n_single];
	bool heard = hm_sim_is_heard(time, a->faults);
	struct hm_sim_plant_inverter from;

	hm__real_single__init(to);
	to->serial = hm_sim_plant_inverter_serial(a->dtu->plant, a->dtu->index,
	    index);
	to->radio = radio_counters(time, heard);
	if (heard) {
		hm_sim_plant_read_inverter(a->dtu->plant, a->dtu->index, index,
		    time, &from);
		to->firmware = 1;
		to->voltage = from.voltage[0];
		to->frequency = from.frequency;
		to->active_power = from.active_power;
		to->reactive_power = from.reactive_power;
		to->current = from.current[0];
		to->power_factor = from.power_factor;
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
add_three(struct page *page, struct answer *a, size_t index,
    const struct hm_sim_time *time)
{
	Hm__RealThree *to = &page->three[page->reply.n_three];
	bool heard = hm_sim_is_heard(time, a->faults);
	struct hm_sim_plant_inverter from;

	hm__real_three__init(to);
	to->serial = hm_sim_plant_inverter_serial(a->dtu->plant, a->dtu->index,
	    index);
	to->radio = radio_counters(time, heard);
	if (heard) {
		hm_sim_plant_read_inverter(a->dtu->plant, a->dtu->index, index,
		    time, &from);
		fill_phases(to, &from);
		to->firmware = 1;
		to->frequency = from.frequency;
		to->active_power = from.active_power;
		to->reactive_power = from.reactive_power;
		to->power_factor = from.power_factor;
		to->temperature = from.temperature;
		to->warnings = warnings_of(a->dtu);
		to->crc = INVERTER_CRC;
		to->link = 1;
	}
	page->three_list[page->reply.n_three++] = to;
}

static void
add_input(struct page *page, struct answer *a, size_t index,
    const struct hm_sim_time *time)
{
	static const struct hm_sim_limits limits = {INT32_MAX, INT32_MAX};
	const struct hm_sim_plant *plant = a->dtu->plant;
	size_t inverter = index / plant->inputs, input = index % plant->inputs;
	Hm__RealInput *to = &page->input[page->reply.n_input];
	struct hm_sim_plant_input from;

	hm__real_input__init(to);
	to->serial = hm_sim_plant_inverter_serial(plant, a->dtu->index,
	    inverter);
	to->port = (int32_t)(input + 1);
	page->input_list[page->reply.n_input++] = to;
	if (a->faults & HM_SIM_BIT(HM_SIM_ZEROS))
		return;
	hm_sim_plant_read_input(plant, a->dtu->index, inverter, input, time,
	    &from);
	if (page->reply.n_input == 1)
		hm_sim_glitch(&from, a->faults, &limits);
	to->voltage = from.voltage;
	to->current = from.current;
	to->power = from.power;
	to->total = (int32_t)from.total;
	to->today = (int32_t)from.today;
	to->error = time->sun.up ? INPUT_PRODUCING : 0;
}

/* Items come in this order: the meter, the inverters, the inputs. */
static void
add_item(struct page *page, struct answer *a, size_t item,
    const struct hm_sim_time *time)
{
	const struct hm_sim_plant *plant = a->dtu->plant;

	if (plant->meter && item-- == 0)
		add_meter(page, a, time);
	else if (item >= plant->inverters)
		add_input(page, a, item - plant->inverters, time);
	else if (plant->phases == 1)
		add_single(page, a, item, time);
	else
		add_three(page, a, item, time);
}

static size_t
count_items(struct answer *a)
{
	const struct hm_sim_plant *plant = a->dtu->plant;

	return plant->meter +
	    (is_mapped(a) ? plant->inverters * (1 + plant->inputs) : 0);
}

static size_t
answer_real(struct answer *a)
{
	const Hm__RealRequest *request;
	const struct hm_sim_time *time;
	size_t items = count_items(a), first, end;
	struct page page;

	request = unpack(a, &hm__real_request__descriptor);
	if (request == NULL || !page_bounds(request->package, items,
	    a->dtu->page_size, &first, &end))
		return 0;
	if (request->package == 0)
		a->dtu->number++;
	/* All packages of a poll show the readings of the first. */
	time = hm_sim_dtu_show(a->dtu, a->now, request->package == 0 ?
	    a->faults : HM_SIM_BIT(HM_SIM_STALE));
	hm__real_reply__init(&page.reply);
	page.reply.dtu_serial = a->serial;
	page.reply.time = (int32_t)time->wall;
	page.reply.packages = page_count(items, a->dtu->page_size);
	page.reply.package = request->package;
	a->dtu->answered = request->package + 1 >= page.reply.packages;
	page.reply.firmware = 1;
	page.reply.meter = page.meter_list;
	page.reply.single = page.single_list;
	page.reply.three = page.three_list;
	page.reply.input = page.input_list;
	for (size_t i = first; i < end; i++)
		add_item(&page, a, i, time);
	return reply(a, &page.reply.base);
}

/* Alarms */

static size_t
answer_command(struct answer *a)
{
	Hm__CommandReply command;
	const Hm__CommandRequest *request;

	request = unpack(a, &hm__command_request__descriptor);
	if (request == NULL)
		return 0;
	hm__command_reply__init(&command);
	command.dtu_serial = a->serial;
	command.time = (int32_t)a->now->wall;
	command.action = request->action;
	command.package = request->package;
	command.id = request->id;
	if (request->action == ACTION_ALARMS)
		a->dtu->alarms_ready = true;
	else if (request->action != ACTION_PERFORMANCE)
		command.error = ERROR_REFUSED;
	return reply(a, &command.base);
}

static void
fill_alarms(struct answer *a, Hm__Alarms *alarms, Hm__Alarm **list)
{
	hm__alarms__init(alarms);
	alarms->dtu_serial = a->serial;
	alarms->time = (int32_t)a->now->wall;
	alarms->packages = 1;
	alarms->alarm = list;
}

/* One that is over and one that goes on, both older than the simulation. */
static size_t
answer_alarms(struct answer *a)
{
	const struct hm_sim_plant *plant = a->dtu->plant;
	Hm__Alarm over, on;
	Hm__Alarm *list[] = {&over, &on};
	const Hm__AlarmsRequest *request;
	Hm__Alarms alarms;

	request = unpack(a, &hm__alarms_request__descriptor);
	if (request == NULL || request->package != 0)
		return 0;
	hm__alarm__init(&over);
	over.serial = hm_sim_plant_inverter_serial(plant, a->dtu->index, 0);
	over.code = CODE_PV1_NO_INPUT | CODE_STARTED_PM;
	over.count = 1;
	over.start = (int32_t)(a->now->began - 7200);
	over.end = (int32_t)(a->now->began - 5400);
	hm__alarm__init(&on);
	on.serial = hm_sim_plant_inverter_serial(plant, a->dtu->index,
	    plant->inverters - 1);
	on.code = CODE_GRID_OVERVOLTAGE;
	on.count = 2;
	on.start = (int32_t)(a->now->began - 600);
	fill_alarms(a, &alarms, list);
	alarms.n_alarm = a->dtu->alarms_ready ? 2 : 0;
	return reply(a, &alarms.base);
}

/* The rest */

static size_t
answer_heartbeat(struct answer *a)
{
	Hm__Heartbeat heartbeat;

	hm__heartbeat__init(&heartbeat);
	heartbeat.time = (int32_t)a->now->wall;
	heartbeat.signal = DTU_SIGNAL;
	heartbeat.dtu_serial = a->serial;
	return reply(a, &heartbeat.base);
}

static size_t
answer_network(struct answer *a)
{
	Hm__Network network;

	hm__network__init(&network);
	network.dtu_serial = a->serial;
	network.time = (uint32_t)a->now->wall;
	network.mode = NETWORK_WIFI;
	network.signal = DTU_SIGNAL;
	return reply(a, &network.base);
}

/*
 * The day's power curve, a point a minute since the sun rose. A page says when
 * its own first point was. The sun's minutes count as the clock's.
 */
static size_t
answer_history(struct answer *a)
{
	const struct hm_sun *sun = &a->now->sun;
	size_t points = (size_t)(sun->seconds / HISTORY_STEP), first, end;
	int64_t peak = hm_sim_plant_dtu_peak(a->dtu->plant, a->dtu->index);
	int64_t today, total, last;
	Hm__History history;
	const Hm__HistoryRequest *request;
	int32_t power[HISTORY_PAGE];

	request = unpack(a, &hm__history_request__descriptor);
	if (request == NULL || !page_bounds(request->package, points,
	    HISTORY_PAGE, &first, &end))
		return 0;
	hm_sim_plant_dtu_energy(a->dtu->plant, a->dtu->index, a->now, &today,
	    &total);
	last = a->now->wall - (sun->since - sun->seconds);
	hm__history__init(&history);
	history.serial = a->dtu->serial;
	history.packages = page_count(points, HISTORY_PAGE);
	history.package = request->package;
	history.offset = request->offset;
	history.time = (uint32_t)a->now->wall;
	history.start = HISTORY_START;
	history.absolute_start = (uint32_t)(last -
	    (int64_t)(points - first) * HISTORY_STEP);
	history.step = HISTORY_STEP;
	history.total = (uint32_t)total;
	history.today = (uint32_t)today;
	history.power = power;
	for (size_t i = first; i < end; i++)
		power[history.n_power++] = (int32_t)(peak * hm_sun_share(
		    (int64_t)i * HISTORY_STEP) / HM_SUN_FULL);
	return reply(a, &history.base);
}

/* Dispatch */

static size_t
answer_command_number(struct answer *a, unsigned number)
{
	switch (number) {
	case HM_CMD_INFO:
		/* A real DTU counts on here and repeats ours elsewhere. */
		a->sequence = a->dtu->sequence++;
		return answer_info(a);
	case HM_CMD_HEARTBEAT:
		return answer_heartbeat(a);
	case HM_CMD_ALARMS:
		return answer_alarms(a);
	case HM_CMD_COMMAND:
		return answer_command(a);
	case HM_CMD_REAL:
		return answer_real(a);
	case HM_CMD_NETWORK:
		return answer_network(a);
	case HM_CMD_HISTORY:
		return answer_history(a);
	default:
		return 0;
	}
}

static void
begin(struct answer *a, struct hm_sim_dtu *dtu, const struct hm_sim_time *now)
{
	a->dtu = dtu;
	a->now = now;
	snprintf(a->serial, sizeof a->serial, "%012llX",
	    (unsigned long long)dtu->serial & 0xffffffffffffu);
}

size_t
hm_sim_hm_answer(struct hm_sim_dtu *dtu, const struct hm_frame *request,
    const struct hm_sim_time *now, unsigned faults,
    uint8_t out[HM_SIM_REPLY_MAX], bool *understood)
{
	uint8_t plain[512];
	struct answer a = {.faults = faults, .sequence = request->sequence,
	    .payload = request->payload, .size = request->size, .out = out};
	unsigned number = request->command & 0xffu;

	begin(&a, dtu, now);
	dtu->answered = false;
	a.command = (uint16_t)(HM_FROM_DTU | number);
	*understood = true;
	if (request->command != (HM_TO_DTU | number))
		return 0;
	if (request->tag != NULL) {
		*understood = request->size <= sizeof plain &&
		    hm_crypt_open(dtu->random, request->command,
			request->sequence, request->payload, request->size,
			plain, request->tag);
		if (!*understood)
			return 0;
		a.payload = plain;
	}
	if (faults & HM_SIM_BIT(HM_SIM_GARBAGE))
		return hm_sim_garbage(out);
	return answer_command_number(&a, number);
}

size_t
hm_sim_hm_unasked(struct hm_sim_dtu *dtu, const struct hm_sim_time *now,
    uint8_t out[HM_SIM_REPLY_MAX])
{
	struct answer a = {.sequence = dtu->sequence++, .out = out};
	Hm__Alarm offline;
	Hm__Alarm *list[] = {&offline};
	Hm__Alarms warnings;

	begin(&a, dtu, now);
	if (dtu->unasked++ % 2 == 0) {
		a.command = HM_TO_CLOUD | HM_CMD_HEARTBEAT;
		return answer_heartbeat(&a);
	}
	a.command = HM_TO_CLOUD | HM_CMD_WARNINGS;
	hm__alarm__init(&offline);
	offline.serial = hm_sim_plant_inverter_serial(dtu->plant, dtu->index,
	    0);
	offline.code = CODE_INVERTER_OFFLINE;
	offline.start = (int32_t)(now->began - 3600);
	fill_alarms(&a, &warnings, list);
	warnings.n_alarm = 1;
	return reply(&a, &warnings.base);
}
