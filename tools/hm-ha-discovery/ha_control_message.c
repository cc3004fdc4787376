#include <string.h>

#include "base/decimal.h"
#include "base/json_writer.h"
#include "ha_device.h"
#include "ha_message.h"
#include "ha_message_private.h"
#include "record/command.h"
#include "record/fields.h"
#include "record/topics.h"

#define COMMAND_MAX 2048 /* holds a command with the longest name of a DTU */
#define BRACE "\\u007b"
#define PERCENT_MAX 100

/* Commands */

/*
 * A string in JSON without "{": with a second one, or a "%" or "#", after it
 * Home Assistant would take what follows for its own template.
 */
static void
emit_plain(struct hm_json *e, const char *key, struct hm_slice text)
{
	char json[COMMAND_MAX], plain[COMMAND_MAX];
	struct hm_json inner;
	struct hm_slice s;
	size_t n = 0;

	hm_json_start(&inner, json, sizeof json);
	hm_json_string(&inner, NULL, text);
	if (!hm_json_done(&inner, &s)) {
		e->failed = true;
		return;
	}
	for (size_t i = 0; i < s.n && n < sizeof plain - sizeof BRACE; i++) {
		size_t width = s.p[i] == '{' ? sizeof BRACE - 1 : 1;

		memcpy(plain + n, width == 1 ? s.p + i : BRACE, width);
		n += width;
	}
	hm_json_raw(e, key, hm_slice(plain, n));
}

/*
 * A command record as a text; hm-subscribe adds its type, time and id. `unit`
 * is NULL, or the key of the value that Home Assistant puts in.
 */
static void
emit_command(struct hm_json *e, const char *key,
    const struct hm_ha_device *device, enum hm_action action, const char *unit)
{
	const struct hm_ha_dtu *dtu = device->dtu;
	char text[COMMAND_MAX];
	struct hm_slice command;
	struct hm_json c;

	hm_json_start(&c, text, sizeof text);
	hm_json_object(&c, NULL);
	hm_json_text(&c, "action", hm_action_name(action));
	if (unit != NULL)
		hm_json_raw(&c, unit, hm_text("{{ value }}"));
	emit_plain(&c, "dtu", hm_slice(dtu->name, dtu->name_length));
	if (device->kind == HM_SCOPE_INVERTER)
		hm_json_text(&c, "serial", device->serial);
	hm_json_object_end(&c);
	if (hm_json_done(&c, &command))
		hm_json_string(e, key, command);
	else
		e->failed = true;
}

static void
emit_command_topic(struct hm_json *e, const struct hm_ha_style *style)
{
	char topic[HM_TOPIC_MAX];

	hm_topic_own_commands(style->prefix, style->publisher, topic,
	    sizeof topic);
	hm_json_text(e, "command_topic", topic);
}

/* Topics */

static void
emit_confirmed_topic(struct hm_json *e, const char *key,
    const struct hm_ha_style *style, const struct hm_ha_device *device)
{
	char topic[HM_TOPIC_MAX];

	hm_topic_confirmed(style->prefix, hm_text(device->serial), topic,
	    sizeof topic);
	hm_json_text(e, key, topic);
}

static void
emit_results_topic(struct hm_json *e, const char *key,
    const struct hm_ha_style *style, const struct hm_ha_device *device)
{
	char topic[HM_TOPIC_MAX];

	hm_topic_own_results(style->prefix, style->publisher,
	    hm_text(device->serial), topic, sizeof topic);
	hm_json_text(e, key, topic);
}

/* Entities */

static void
emit_state(struct hm_json *e, const struct hm_ha_style *style,
    const struct hm_ha_device *device, const char *template)
{
	emit_command_topic(e, style);
	emit_confirmed_topic(e, "state_topic", style, device);
	hm_json_text(e, "value_template", template);
	hm_json_bool(e, "optimistic", false);
}

/* `step` is in tenths. */
static void
emit_range(struct hm_json *e, int64_t min, int64_t max, int64_t step,
    const char *unit)
{
	hm_json_int(e, "min", min);
	hm_json_int(e, "max", max);
	hm_json_decimal(e, "step", hm_decimal(step, 1));
	hm_json_text(e, "unit_of_measurement", unit);
	hm_json_text(e, "mode", "box");
}

static void
emit_limit(struct hm_json *e, const struct hm_ha_style *style,
    const struct hm_ha_device *device)
{
	const struct hm_ha_control *control = &device->dtu->control;
	int64_t step = control->protocol == HM_HA_MODBUS ? 10 : 1;

	emit_command(e, "command_template", device, HM_ACTION_LIMIT,
	    "percent");
	emit_state(e, style, device, "{{ iif(value_json.percent is defined, "
	    "value_json.percent, '') }}");
	emit_range(e, control->has_mi ? HM_HA_PERCENT_MIN_MI :
	    HM_HA_PERCENT_MIN, PERCENT_MAX, step,
	    hm_fields[HM_F_POWER_LIMIT].unit);
}

static void
emit_temporary_limit(struct hm_json *e, const struct hm_ha_style *style,
    const struct hm_ha_device *device)
{
	const struct hm_field *watts = &hm_fields[HM_F_ACTIVE_POWER];

	emit_command(e, "command_template", device, HM_ACTION_LIMIT_TEMPORARY,
	    "watts");
	emit_state(e, style, device, "{{ iif(value_json.watts is defined, "
	    "value_json.watts, '') }}");
	emit_range(e, 1, device->dtu->control.watts_max, 10,
	    watts->unit);
	hm_json_text(e, "device_class", watts->ha_class);
}

/* Home Assistant sends these two payloads as they are. */
static void
emit_feed_in(struct hm_json *e, const struct hm_ha_style *style,
    const struct hm_ha_device *device)
{
	emit_command(e, "payload_on", device, HM_ACTION_TURN_ON, NULL);
	emit_command(e, "payload_off", device, HM_ACTION_TURN_OFF, NULL);
	emit_state(e, style, device, "{{ iif(value_json.on is defined, "
	    "value_json.on, '') }}");
	hm_json_text(e, "state_on", "ON");
	hm_json_text(e, "state_off", "OFF");
}

static void
emit_restart(struct hm_json *e, const struct hm_ha_style *style,
    const struct hm_ha_device *device)
{
	emit_command_topic(e, style);
	emit_command(e, "payload_press", device,
	    device->kind == HM_SCOPE_DTU ? HM_ACTION_RESTART_DTU :
	    HM_ACTION_RESTART_INVERTER, NULL);
	hm_json_bool(e, "enabled_by_default", false);
}

/* It must be seen also when the DTU is offline: then commands fail. */
static void
emit_command_result(struct hm_json *e, const struct hm_ha_style *style,
    const struct hm_ha_device *device)
{
	emit_results_topic(e, "state_topic", style, device);
	hm_json_array(e, "event_types");
	for (int i = 0; i < HM_RESULT_STATES; i++)
		if (hm_result_is_final((enum hm_result_state)i))
			hm_json_text(e, NULL,
			    hm_result_state_name((enum hm_result_state)i));
	hm_json_array_end(e);
	hm_ha_emit_available(e, style);
}

void
hm_ha_emit_control(struct hm_json *e, const struct hm_ha_style *style,
    const struct hm_ha_device *device, enum hm_ha_extra extra)
{
	static void (*const emit[HM_HA_EXTRAS])(struct hm_json *e,
	    const struct hm_ha_style *style,
	    const struct hm_ha_device *device) = {
	    [HM_HA_LIMIT] = emit_limit,
	    [HM_HA_TEMPORARY_LIMIT] = emit_temporary_limit,
	    [HM_HA_FEED_IN] = emit_feed_in,
	    [HM_HA_RESTART] = emit_restart,
	    [HM_HA_COMMAND_RESULT] = emit_command_result,
	};

	emit[extra](e, style, device);
	if (extra != HM_HA_COMMAND_RESULT)
		hm_ha_emit_available_control(e, style, device);
}

/* States */

static void
emit_amount(struct hm_json *e, const char *key,
    const struct hm_ha_confirmed_value *v)
{
	if (v->belief == HM_HA_KNOWN)
		hm_json_decimal(e, key, hm_decimal(v->value, 1));
	else if (v->belief == HM_HA_DENIED)
		hm_json_null(e, key);
}

bool
hm_ha_message_confirmed(const struct hm_ha_style *style,
    const struct hm_ha_device *device, struct hm_slice time, char *buf,
    struct hm_slice *line)
{
	const struct hm_ha_confirmed *c = &device->dtu->control.confirmed;
	struct hm_json e;

	hm_ha_start_record(&e, time, buf, HM_HA_MESSAGE_MAX);
	emit_confirmed_topic(&e, "topic", style, device);
	hm_json_object(&e, "payload");
	emit_amount(&e, "percent", &c->percent);
	emit_amount(&e, "watts", &c->watts);
	if (c->on.belief == HM_HA_KNOWN)
		hm_json_text(&e, "on", c->on.value != 0 ? "ON" : "OFF");
	else if (c->on.belief == HM_HA_DENIED)
		hm_json_null(&e, "on");
	hm_json_object_end(&e);
	return hm_ha_end_record(&e, style, true, line);
}

bool
hm_ha_message_command_result(const struct hm_ha_style *style,
    const struct hm_ha_device *device,
    const struct hm_ha_command_result *result, struct hm_slice time, char *buf,
    struct hm_slice *line)
{
	const struct {
		const char *key;
		struct hm_slice text;
	} members[] = {{"event_type", result->state},
	    {"action", result->action}, {"id", result->id},
	    {"serial", result->serial}, {"error", result->error},
	    {"text", result->text}};
	struct hm_json e;

	hm_ha_start_record(&e, time, buf, HM_HA_MESSAGE_MAX);
	emit_results_topic(&e, "topic", style, device);
	hm_json_object(&e, "payload");
	for (size_t i = 0; i < sizeof members / sizeof *members; i++)
		if (members[i].text.n > 0)
			hm_json_quoted(&e, members[i].key, members[i].text);
	hm_json_object_end(&e);
	hm_json_bool(&e, "once", true);
	return hm_ha_end_record(&e, style, false, line);
}
