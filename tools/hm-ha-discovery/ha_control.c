#include <string.h>

#include "base/decimal.h"
#include "base/hash.h"
#include "ha_confirmed.h"
#include "ha_device.h"
#include "ha_message.h"
#include "ha_private.h"
#include "record/command.h"
#include "record/fields.h"
#include "record/models.h"
#include "record/record.h"

/*
 * Entities that send commands, what readings and results confirm of a DTU, and
 * events about the ends of commands.
 */

#define WATTS_SINCE "V01.01.01" /* docs/control.md: firmware that takes them */
#define WATTS_MAX 3276 /* in 0.1 W they have 15 bits */
#define PRODUCES 3 /* operating_status */

/* The tenths of a value, or -1. */
static int64_t
tenths(const struct hm_ha *ha, enum hm_field_id id)
{
	const struct hm_value *value = &ha->values.of[id];
	struct hm_decimal number;
	int64_t units;

	return value->kind == HM_NUMBER &&
	    hm_decimal_parse(value->text, &number) &&
	    hm_decimal_rescale(number, 1, &units) ? units : -1;
}

static int64_t
whole(const struct hm_ha *ha, enum hm_field_id id)
{
	int64_t number;

	return ha->values.of[id].kind == HM_NUMBER && hm_decimal_whole(
	    ha->values.of[id].text, 0, INT32_MAX, &number) ? number : -1;
}

/* What a DTU takes */

static bool
is_mi(const struct hm_ha_device *inverter)
{
	const char *model = hm_model_inverter(hm_text(inverter->serial));

	return model != NULL && strncmp(model, "MI-", 3) == 0;
}

static int64_t
watts_of(const char *model)
{
	return model == NULL ? 0 : hm_model_input_watts(hm_text(model)) *
	    hm_model_inputs(hm_text(model));
}

/* An info record has the exact model. */
static int64_t
rated_watts(const struct hm_ha_device *inverter)
{
	int64_t watts = watts_of(inverter->known[HM_HA_MODEL].text);

	return watts > 0 ? watts :
	    watts_of(hm_model_inverter(hm_text(inverter->serial)));
}

static bool
is_built_in(const struct hm_ha_device *device)
{
	return strcmp(device->known[HM_HA_MODEL].text, HM_MODEL_BUILT_IN) == 0;
}

static bool
takes_watts(const struct hm_ha_device *device)
{
	const char *firmware = device->known[HM_HA_FIRMWARE].text;

	return device->dtu->control.protocol == HM_HA_HM &&
	    is_built_in(device) && strlen(firmware) >= strlen(WATTS_SINCE) &&
	    strcmp(firmware, WATTS_SINCE) >= 0;
}

/* The bounds of limits, from the inverters that are known. */
static void
learn(const struct hm_ha_device *device)
{
	struct hm_ha_control *control = &device->dtu->control;
	int64_t watts = 0;

	for (const struct hm_ha_device *d = device->dtu->devices; d != NULL;
	     d = d->next_of_dtu) {
		if (d->kind != HM_SCOPE_INVERTER)
			continue;
		control->has_mi = control->has_mi || is_mi(d);
		watts += rated_watts(d);
	}
	if (watts > 0 && takes_watts(device))
		control->watts_max = watts < WATTS_MAX ? watts : WATTS_MAX;
	hm_ha_confirmed_bound(&control->confirmed, control->has_mi ?
	    HM_HA_PERCENT_MIN_MI * 10 : HM_HA_PERCENT_MIN * 10,
	    control->watts_max * 10);
}

static void
announce(struct hm_ha *ha, const struct hm_ha_origin *origin,
    struct hm_ha_device *device)
{
	struct hm_ha_control *control = &origin->dtu->control;

	learn(device);
	hm_ha_publish_extra(ha, origin, device, HM_HA_LIMIT);
	hm_ha_publish_extra(ha, origin, device, HM_HA_FEED_IN);
	hm_ha_publish_extra(ha, origin, device, HM_HA_COMMAND_RESULT);
	if (control->protocol == HM_HA_HM)
		hm_ha_publish_extra(ha, origin, device, HM_HA_RESTART);
	if (control->watts_max > 0) {
		hm_ha_publish_extra(ha, origin, device,
		    HM_HA_TEMPORARY_LIMIT);
		hm_ha_confirmed_forget(&control->confirmed, true);
	}
	control->announced = true;
}

/* What is confirmed */

static void
send_confirmed(struct hm_ha *ha, const struct hm_ha_origin *origin,
    const struct hm_ha_device *device)
{
	struct hm_ha_control *control = &device->dtu->control;
	struct hm_slice line;

	if (!control->announced || !control->confirmed.is_new)
		return;
	control->confirmed.is_new = false;
	ha->counters.states++;
	hm_ha_send(ha, hm_ha_message_confirmed(&ha->options.style, device,
	    origin->time, ha->message, &line), line);
}

static void
send_result(struct hm_ha *ha, const struct hm_ha_origin *origin,
    const struct hm_ha_device *device, const struct hm_ha_command_result *r)
{
	struct hm_slice line;

	ha->counters.states++;
	hm_ha_send(ha, hm_ha_message_command_result(&ha->options.style,
	    device, r, origin->time, ha->message, &line), line);
}

/* The result that came before the DTU was announced. */
static void
send_waiting(struct hm_ha *ha, const struct hm_ha_origin *origin,
    const struct hm_ha_device *device)
{
	struct hm_ha_waiting *waiting = &device->dtu->control.waiting;

	if (waiting->result.state.n == 0)
		return;
	send_result(ha, origin, device, &waiting->result);
	waiting->result.state.n = 0;
}

/* The device of a DTU; NULL as long as it is not known. */
static struct hm_ha_device *
device_of(const struct hm_ha *ha, const struct hm_ha_dtu *dtu)
{
	struct hm_ha_device *device = dtu->serial[0] == '\0' ? NULL :
	    hm_ha_table_find(ha->table, HM_SCOPE_DTU, hm_text(dtu->serial));

	return device != NULL && device->dtu == dtu ? device : NULL;
}

/* Only over Modbus do inverters tell their state. */
static void
see_inverter(struct hm_ha *ha, const struct hm_ha_origin *origin,
    struct hm_ha_device *device)
{
	struct hm_ha_control *control = &origin->dtu->control;
	int64_t status = whole(ha, HM_F_OPERATING_STATUS);
	const struct hm_ha_seen seen = {
	    .heard = whole(ha, HM_F_LINK_STATUS) > 0,
	    .producing = status >= 0 ? status == PRODUCES :
	        tenths(ha, HM_F_ACTIVE_POWER) > 0,
	    .limit = tenths(ha, HM_F_POWER_LIMIT),
	};

	if (status >= 0)
		control->protocol = HM_HA_MODBUS;
	else if (ha->values.of[HM_F_LINK_STATUS].kind != HM_ABSENT)
		control->protocol = HM_HA_HM;
	hm_ha_confirmed_see(&control->confirmed, origin->seconds, &seen);
	if (control->protocol == HM_HA_HM && device->dtu == origin->dtu)
		hm_ha_publish_extra(ha, origin, device, HM_HA_RESTART);
}

static void
see_dtu(struct hm_ha *ha, const struct hm_ha_origin *origin,
    struct hm_ha_device *device)
{
	struct hm_ha_control *control = &origin->dtu->control;

	if (control->protocol == HM_HA_PROTOCOL_UNKNOWN ||
	    device->dtu != origin->dtu)
		return;
	announce(ha, origin, device);
	hm_ha_confirmed_look(&control->confirmed, origin->seconds,
	    whole(ha, HM_F_INVERTERS), tenths(ha, HM_F_ACTIVE_POWER));
	send_confirmed(ha, origin, device);
	send_waiting(ha, origin, device);
}

void
hm_ha_control_reading(struct hm_ha *ha, const struct hm_ha_origin *origin,
    struct hm_ha_device *device)
{
	if (!ha->options.control)
		return;
	if (device->kind == HM_SCOPE_INVERTER)
		see_inverter(ha, origin, device);
	else if (device->kind == HM_SCOPE_DTU)
		see_dtu(ha, origin, device);
}

void
hm_ha_control_info(struct hm_ha *ha, const struct hm_ha_origin *origin,
    const struct hm_ha_device *device)
{
	int64_t limit = tenths(ha, HM_F_POWER_LIMIT_ALL);

	if (!ha->options.control || device->kind != HM_SCOPE_DTU ||
	    device->dtu != origin->dtu || limit < 0)
		return;
	learn(device);
	hm_ha_confirmed_limit(&origin->dtu->control.confirmed, limit);
	send_confirmed(ha, origin, device);
}

void
hm_ha_control_offline(struct hm_ha *ha, const struct hm_ha_origin *origin)
{
	const struct hm_ha_device *device = device_of(ha, origin->dtu);

	if (!ha->options.control || device == NULL)
		return;
	hm_ha_confirmed_forget(&origin->dtu->control.confirmed, false);
	send_confirmed(ha, origin, device);
}

/* Results */

static struct hm_slice
text_of(const struct hm_record *record, const char *key)
{
	struct hm_slice text;

	return hm_record_string(record, key, &text) ? text : hm_slice("", 0);
}

/*
 * Whether there may be others beside the inverter of an order. Inverters that
 * hm-filter leaves out are not even in the counts of its records.
 */
static bool
is_part(const struct hm_ha_device *device, struct hm_slice serial)
{
	return serial.n > 0 && (device == NULL || !is_built_in(device));
}

/* A result may come twice after a kill: then with the same time. */
static bool
is_repeated(struct hm_ha_control *control, const struct hm_ha_origin *origin,
    const struct hm_ha_command_result *r)
{
	uint64_t hash = hm_hash_bytes(HM_HASH_START, r->id.p, r->id.n);

	hash = hm_hash_bytes(hash, r->state.p, r->state.n);
	hash = hm_hash_bytes(hash, &origin->seconds, sizeof origin->seconds);
	for (size_t i = 0; i < HM_HA_RESULTS; i++)
		if (control->result[i] == hash)
			return true;
	control->result[control->results++ % HM_HA_RESULTS] = hash;
	return false;
}

static struct hm_slice
copy(struct hm_ha_waiting *waiting, struct hm_slice text)
{
	char *p = waiting->bytes + waiting->used;

	if (text.n == 0 || text.n > sizeof waiting->bytes - waiting->used)
		return hm_slice("", 0);
	memcpy(p, text.p, text.n);
	waiting->used += text.n;
	return hm_slice(p, text.n);
}

static void
let_wait(struct hm_ha_waiting *waiting, const struct hm_ha_command_result *r)
{
	waiting->used = 0;
	waiting->result.state = copy(waiting, r->state);
	waiting->result.action = copy(waiting, r->action);
	waiting->result.id = copy(waiting, r->id);
	waiting->result.serial = copy(waiting, r->serial);
	waiting->result.error = copy(waiting, r->error);
	waiting->result.text = copy(waiting, r->text);
}

/* The device of the DTU is NULL as long as it is not known. */
static void
take_result(struct hm_ha *ha, const struct hm_record *record,
    const struct hm_ha_origin *origin, const struct hm_ha_device *device)
{
	const struct hm_value *on = hm_record_get(record, "on");
	struct hm_ha_control *control = &origin->dtu->control;
	struct hm_ha_command_result r = {
	    .state = text_of(record, "state"),
	    .action = text_of(record, "action"),
	    .id = text_of(record, "id"),
	    .serial = text_of(record, "serial"),
	    .error = text_of(record, "error"),
	    .text = text_of(record, "text"),
	};
	char error[HM_HA_FACT_MAX + 1];
	struct hm_result result = {
	    .error = error,
	    .percent = hm_result_tenths(record, "percent"),
	    .watts = hm_result_tenths(record, "watts"),
	    .on = on->kind == HM_TRUE ? 1 : on->kind == HM_FALSE ? 0 : -1,
	};
	enum hm_action action;

	if (!hm_result_state_parse(r.state, &result.state) ||
	    !hm_result_is_final(result.state) ||
	    is_repeated(control, origin, &r))
		return;
	hm_record_text(record, "error", error, sizeof error);
	if (hm_action_parse(r.action, &action))
		hm_ha_confirmed_result(&control->confirmed, action, &result,
		    is_part(device, r.serial));
	if (!control->announced) {
		let_wait(&control->waiting, &r);
		return;
	}
	send_confirmed(ha, origin, device);
	send_result(ha, origin, device, &r);
}

/*
 * The name may be one that somebody made up, and must not take a place in the
 * table of DTUs.
 */
static struct hm_ha_dtu *
find_dtu(const struct hm_ha *ha, const struct hm_record *record)
{
	char name[HM_DTU_NAME_MAX];
	struct hm_slice text;
	size_t n;

	return hm_record_string(record, "dtu", &text) &&
	    hm_string_decode(text, name, sizeof name, &n) ?
	    hm_ha_table_find_dtu(ha->table, hm_slice(name, n)) : NULL;
}

/* What was refused may name any DTU; other final results are about orders. */
static bool
names_real_dtu(const struct hm_record *record)
{
	enum hm_result_state state;

	return hm_result_state_parse(text_of(record, "state"), &state) &&
	    hm_result_is_final(state) && state != HM_RESULT_REFUSED;
}

/* A result that is repeated has an old time: the run did not start then. */
static const char *
read_origin(struct hm_ha *ha, const struct hm_record *record,
    struct hm_ha_origin *origin)
{
	int64_t started = ha->started;
	const char *why = hm_ha_read_origin(ha, record, origin);

	ha->started = started;
	return why;
}

const char *
hm_ha_on_result(struct hm_ha *ha, const struct hm_record *record)
{
	const struct hm_ha_device *device;
	struct hm_ha_origin origin;
	const char *why;

	if (!ha->options.control ||
	    (!names_real_dtu(record) && find_dtu(ha, record) == NULL))
		return NULL;
	why = read_origin(ha, record, &origin);
	if (why != NULL || origin.dtu == NULL)
		return why;
	device = device_of(ha, origin.dtu);
	if (device != NULL || !origin.dtu->control.announced)
		take_result(ha, record, &origin, device);
	return NULL;
}
