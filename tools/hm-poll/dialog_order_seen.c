#include <stdio.h>
#include <string.h>

#include "alarms.pb-c.h"
#include "base/arena.h"
#include "base/hex.h"
#include "config.pb-c.h"
#include "dialog.h"
#include "dialog_private.h"
#include "g3_order.h"
#include "info.pb-c.h"
#include "real.pb-c.h"
#include "record/models.h"
#include "wire/g3_serial.h"
#include "wire/hmframe.h"

/* What the replies of a poll show of a DTU, before an order and after it. */

#define PERMILLE 1000
#define WATTS_SINCE 4353 /* V01.01.01, the first with temporary limits */

/* docs/protocol.md: where an input's record has its fields. */
#define RECORD_HEAD ((size_t)9) /* of a reply, to its data */
#define RECORD_POWER ((size_t)16)
#define RECORD_LINK ((size_t)32)

struct look {
	struct hm_dialog *d;
	struct hm_order_seen *seen;
	const char *serial; /* empty: all inverters */
	bool built_in, has_info, has_feature, has_parts;
	int32_t software;
	int64_t config;  /* limit in the configuration; -1: none */
	int64_t single;  /* that single-phase inverters show; -1: none */
	size_t showing;  /* inverters that show it */
	uint64_t last; /* serial number of the last record over Modbus */
	bool produces; /* that inverter */
};

/* Whether the order is for the inverter. */
static bool
is_wanted(const struct look *look, const char *serial)
{
	return look->serial[0] == '\0' || strcmp(look->serial, serial) == 0;
}

static bool
is_mi(struct hm_slice serial)
{
	const char *model = hm_model_inverter(serial);

	return model != NULL && strncmp(model, "MI-", 3) == 0;
}

/* The family's largest model, unless the part number names the model. */
static int64_t
rated(struct hm_slice serial, uint32_t part)
{
	const char *model = part != 0 ? hm_model_part(part) : NULL;

	if (model == NULL)
		model = hm_model_inverter(serial);
	return model == NULL ? 0 : hm_model_input_watts(hm_text(model)) *
	    hm_model_inputs(hm_text(model));
}

static void
add_inverter(struct look *look, uint64_t number, uint32_t part)
{
	struct hm_control_device *device = &look->seen->device;
	char text[HM_SERIAL_TEXT];
	struct hm_slice serial = hm_serial_format(number, 12, text);

	device->all++;
	if (!is_wanted(look, text))
		return;
	device->inverters++;
	device->has_mi = device->has_mi || is_mi(serial);
	device->rated += rated(serial, part);
}

/*
 * Of an inverter that the DTU does not hear it sends the last readings. Returns
 * whether the power counts.
 */
static bool
add_power(struct look *look, uint64_t number, int64_t power, bool is_heard)
{
	char text[HM_SERIAL_TEXT];

	hm_serial_format(number, 12, text);
	if (!is_heard || !is_wanted(look, text))
		return false;
	if (look->seen->power < 0)
		look->seen->power = 0;
	look->seen->power += power > 0 ? power : 0;
	return true;
}

/* hm */

/* "1,A:1000,B:0,C:0", of newer firmware, as hm-decode reads it. */
static void
look_at_feature(struct look *look, const char *value)
{
	const char *limit = strstr(value, ",A:");
	int64_t permille = 0;
	size_t n;

	if (limit == NULL)
		return;
	limit += 3;
	n = strspn(limit, "0123456789");
	for (size_t i = 0; i < n && n <= 4; i++)
		permille = permille * 10 + (limit[i] - '0');
	if (n == 0 || n > 4 || permille > PERMILLE)
		return;
	look->has_feature = true;
	look->seen->device.limit = permille;
}

static void
look_at_info(struct look *look, const Hm__InfoReply *info)
{
	look->has_info = true;
	for (size_t i = 0; i < info->n_feature; i++)
		look_at_feature(look, info->feature[i]->value);
	if (info->dtu != NULL && info->package == 0) {
		const char *model = hm_model_dtu(hm_text(info->dtu_serial));

		look->seen->boot_time = (uint32_t)info->dtu->boot_time;
		look->seen->device.takes_watts = model != NULL &&
		    strcmp(model, HM_MODEL_BUILT_IN) == 0 &&
		    info->dtu->software >= WATTS_SINCE;
	}
	for (size_t i = 0; i < info->n_inverter; i++) {
		look->has_parts = true;
		add_inverter(look, (uint64_t)info->inverter[i]->serial,
		    (uint32_t)info->inverter[i]->hardware_part);
	}
}

static void
look_at_inverter(struct look *look, int64_t serial, int32_t power,
    int32_t link)
{
	if (!look->has_parts)
		add_inverter(look, (uint64_t)serial, 0);
	if (!add_power(look, (uint64_t)serial, power, link != 0))
		return;
	look->seen->heard++;
	look->seen->producing += power > 0;
}

/* Newer firmware sends 0 where older has the limit. */
static void
look_at_single(struct look *look, const Hm__RealSingle *single)
{
	look_at_inverter(look, single->serial, single->active_power,
	    single->link);
	if (single->power_limit <= 0 || single->power_limit > PERMILLE)
		return;
	if (look->single < 0)
		look->single = single->power_limit;
	if (single->link != 0 && look->single == single->power_limit)
		look->showing++;
}

static void
look_at_real(struct look *look, const Hm__RealReply *real)
{
	for (size_t i = 0; i < real->n_single; i++)
		look_at_single(look, real->single[i]);
	for (size_t i = 0; i < real->n_three; i++)
		look_at_inverter(look, real->three[i]->serial,
		    real->three[i]->active_power, real->three[i]->link);
}

static void
look_at_config(struct look *look, const Hm__Config *config)
{
	if (config->power_limit > 0 && config->power_limit <= PERMILLE)
		look->config = config->power_limit;
}

/*
 * A limit of inverters is that of the DTU if all show it. Newer firmware keeps
 * an old limit in its configuration.
 */
static void
find_limit(struct look *look)
{
	struct hm_control_device *device = &look->seen->device;

	if (look->has_feature)
		return;
	if (look->single >= 0 && look->showing == device->all)
		device->limit = look->single;
	else if (look->single >= 0)
		look->seen->limits_differ = true;
	else if (look->has_info)
		device->limit = look->config;
}

static void
look_at_frame(struct look *look, const struct hm_frame *frame)
{
	struct hm_arena *arena = look->d->options->arena;
	ProtobufCAllocator *heap = &arena->allocator;
	const Hm__InfoReply *info;
	const Hm__RealReply *real;
	const Hm__Config *config;
	const Hm__Alarms *alarms;

	hm_arena_reset(arena);
	switch (frame->command & 0xffu) {
	case HM_CMD_INFO:
		info = hm__info_reply__unpack(heap, frame->size,
		    frame->payload);
		if (info != NULL)
			look_at_info(look, info);
		break;
	case HM_CMD_REAL:
		real = hm__real_reply__unpack(heap, frame->size,
		    frame->payload);
		if (real != NULL)
			look_at_real(look, real);
		break;
	case HM_CMD_CONFIG:
		config = hm__config__unpack(heap, frame->size,
		    frame->payload);
		if (config != NULL)
			look_at_config(look, config);
		break;
	case HM_CMD_ALARMS:
		alarms = hm__alarms__unpack(heap, frame->size,
		    frame->payload);
		if (alarms != NULL)
			look->seen->alarms = (int64_t)alarms->n_alarm;
		break;
	default:
		break;
	}
}

static void
look_at_hm(struct look *look)
{
	for (size_t i = 0; i < look->d->reply_count; i++) {
		struct hm_frame frame;
		size_t size, used;
		const uint8_t *p = hm_dialog_reply(look->d, i, &size);

		if (hm_frame_read(p, size, false, &frame, &used) ==
		    HM_FRAME_GOOD)
			look_at_frame(look, &frame);
	}
	find_limit(look);
}

/* Modbus */

static uint64_t
number_at(const uint8_t *p, size_t n)
{
	uint64_t number = 0;

	for (size_t i = 0; i < n; i++)
		number = number << 8 | p[i];
	return number;
}

/* The inputs of an inverter follow each other. Their power is that of DC. */
static void
look_at_record(struct look *look, const uint8_t *record)
{
	uint64_t serial = number_at(record + 1, HM_MODBUS_SERIAL);
	int64_t power = (int64_t)number_at(record + RECORD_POWER, 2);
	bool is_first = serial != look->last;

	if (serial == 0)
		return;
	if (is_first) {
		add_inverter(look, serial, 0);
		look->produces = false;
	}
	look->last = serial;
	if (!add_power(look, serial, power, record[RECORD_LINK] != 0))
		return;
	look->seen->heard += is_first;
	look->seen->producing += power > 0 && !look->produces;
	look->produces = look->produces || power > 0;
}

static void
look_at_modbus(struct look *look)
{
	look->seen->device.is_modbus = true;
	for (size_t i = 0; i < look->d->reply_count; i++) {
		size_t size;
		const uint8_t *p = hm_dialog_reply(look->d, i, &size);

		if (size == RECORD_HEAD + HM_MODBUS_RECORD)
			look_at_record(look, p + RECORD_HEAD);
	}
}

/* Hybrid inverters */

/* The registers have no serial number: hm-decode makes it of the name. */
static void
look_at_registers(struct look *look)
{
	const struct hm_dialog_order *o = look->d->order;
	enum hm_action action = o->order->command.action;
	struct hm_control_device *device = &look->seen->device;
	struct hm_result shown = hm_result(HM_RESULT_UNKNOWN, NULL, NULL);
	char serial[HM_SERIAL_TEXT], text[HM_G3_SHOWN];
	struct hm_g3_write write;

	device->kind = HM_CONTROL_REGISTERS;
	device->hybrid.role = o->g3.role;
	device->all = 1;
	hm_g3_serial(hm_text(look->d->dtu->name), serial);
	device->inverters = is_wanted(look, serial);
	memcpy(look->seen->word, o->g3.word, sizeof look->seen->word);
	hm_g3_order_write(&o->order->command, o->g3.word, &write);
	device->hybrid.has_it = hm_g3_order_is_done(action, o->g3.word,
	    &write);
	hm_g3_order_show(action, o->g3.word, &shown, text);
	device->hybrid.soc_min = shown.told.value[HM_TOLD_SOC_MIN];
	device->hybrid.soc_max = shown.told.value[HM_TOLD_SOC_MAX];
}

static void
look_at_gateway(struct look *look)
{
	const struct hm_dialog_es *es = look->d->es;
	struct hm_control_device *device = &look->seen->device;

	device->kind = HM_CONTROL_GATEWAY;
	for (size_t i = 0; i < es->inverters; i++) {
		char text[HM_SERIAL_TEXT];

		device->all++;
		hm_serial_format((uint64_t)es->inverter[i].serial, 12, text);
		device->inverters += is_wanted(look, text);
	}
}

void
hm_dialog_order_look(struct hm_dialog *d, struct hm_order_seen *seen)
{
	bool old_map = d->order->before.device.has_old_map;
	struct look look = {.d = d, .seen = seen,
	    .serial = d->order->order->command.serial, .config = -1,
	    .single = -1};

	*seen = (struct hm_order_seen){.device = {.limit = -1}, .power = -1,
	    .temporary = -1, .alarms = -1, .on = -1};
	if (d->protocol == &hm_protocol_modbus)
		look_at_modbus(&look);
	else if (d->protocol == &hm_protocol_g3)
		look_at_registers(&look);
	else if (d->protocol == &hm_protocol_es)
		look_at_gateway(&look);
	else
		look_at_hm(&look);
	seen->device.has_old_map = old_map;
	seen->device.hybrid.allows_unproven =
	    d->order->order->allows_unproven;
}
