/* hm-ha-discovery: turn readings into mqtt records for Home Assistant. */

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/exits.h"
#include "base/log.h"
#include "base/suggest.h"
#include "config/config.h"
#include "ha.h"
#include "ha_entity.h"
#include "ha_naming.h"
#include "ha_shown.h"
#include "record/fields.h"
#include "record/freshness.h"
#include "record/topics.h"
#include "stream/stream.h"
#include "stream/tool.h"

#define NAMES_MAX 1024
#define POLL_MS 500 /* silence that ends a poll: its records come at once */
#define EXPIRE_MIN_MS 300000

/* Settings */

/* Append the field that was probably meant; false if there is none. */
static bool
suggest(struct hm_slice word, const struct hm_field_set *fields,
    const char *text, char *out)
{
	struct hm_suggest nearest;
	char name[NAMES_MAX];

	snprintf(name, sizeof name, "%.*s", (int)word.n, word.p);
	hm_suggest_start(&nearest, name);
	for (size_t id = 0; id < HM_FIELDS; id++)
		if (hm_field_set_has(fields, id))
			hm_suggest_try(&nearest, hm_fields[id].key);
	snprintf(out, NAMES_MAX, "%s%s%s%s", text,
	    nearest.best != NULL ? "; did you mean " : "",
	    nearest.best != NULL ? nearest.best : "",
	    nearest.best != NULL ? "?" : "");
	return nearest.best != NULL;
}

static bool
choose(const struct hm_config *config, enum hm_setting_id id,
    enum hm_ha_choice choice, struct hm_ha_entities *entities)
{
	struct hm_field_set offered = hm_ha_offered(choice);
	char allowed[NAMES_MAX];
	struct hm_slice unknown;

	if (!hm_config_has(config, id) || hm_ha_entities_choose(entities,
	    choice, hm_config_text(config, id), &unknown))
		return true;
	if (!suggest(unknown, &offered, choice == HM_HA_CHOOSE_PORT ?
	    "are fields of inputs" : "are fields of inverters", allowed)) {
		memcpy(allowed, "are ", sizeof "are ");
		hm_ha_entities_names(choice, allowed + strlen(allowed),
		    sizeof allowed - strlen(allowed));
	}
	return hm_config_refuse_word(config, id, unknown, allowed);
}

static struct hm_field_set
measured_fields(void)
{
	struct hm_field_set set = {{0}};

	for (size_t id = 0; id < HM_FIELDS; id++)
		if (hm_ha_is_measured(&hm_fields[id]))
			hm_field_set_add(&set, id);
	return set;
}

static bool
multiply(const struct hm_pair *pair, struct hm_ha_shown *shown)
{
	char allowed[NAMES_MAX], factors[NAMES_MAX / 2];
	struct hm_field_set measured = measured_fields();
	size_t id = hm_ha_field(hm_text(pair->key));

	if (id == HM_FIELDS || !hm_field_set_has(&measured, id)) {
		suggest(hm_text(pair->key), &measured,
		    "are fields that are measured", allowed);
		return hm_config_refuse_pair(HM_SET_VALUE_MULTIPLIERS, pair,
		    pair->key, allowed);
	}
	if (hm_ha_shown_multiply(shown, (enum hm_field_id)id, pair->number))
		return true;
	hm_ha_factors((enum hm_field_id)id, factors, sizeof factors);
	snprintf(allowed, sizeof allowed, "are %s; or a correction, which is "
	    "no power of ten, %s", factors,
	    hm_fields[id].kind == HM_GAUGE ? "nor 0" : "and more than 0");
	return hm_config_refuse_pair(HM_SET_VALUE_MULTIPLIERS, pair,
	    pair->text, allowed);
}

static bool
name(const struct hm_pair *pair, struct hm_ha_shown *shown)
{
	struct hm_field_set all = {{0}};
	char allowed[NAMES_MAX];
	struct hm_slice field;

	if (strlen(pair->text) > HM_HA_NAME_MAX)
		return hm_config_refuse_pair(HM_SET_ENTITY_FRIENDLY_NAMES,
		    pair, pair->text, "are names of at most 120 bytes");
	if (hm_ha_shown_name(shown, hm_text(pair->key), pair->text, &field))
		return true;
	for (size_t id = 0; id < HM_FIELDS; id++)
		if (id != HM_F_MODEL)
			hm_field_set_add(&all, id);
	suggest(field, &all, "are fields, as in temperature, "
	    "inv_temperature, port_1_pv_power and SERIAL/temperature",
	    allowed);
	return hm_config_refuse_pair(HM_SET_ENTITY_FRIENDLY_NAMES, pair,
	    pair->key, allowed);
}

/* Check every entry, so that all mistakes are reported at once. */
static bool
read_shown(const struct hm_config *config, struct hm_ha_shown *shown)
{
	size_t factors, names;
	const struct hm_pair *factor = hm_config_pairs(config,
	    HM_SET_VALUE_MULTIPLIERS, &factors);
	const struct hm_pair *named = hm_config_pairs(config,
	    HM_SET_ENTITY_FRIENDLY_NAMES, &names);
	bool good = true;

	if (!hm_ha_shown_init(shown, names)) {
		hm_log_errno(HM_ERROR, "no memory for the names");
		return false;
	}
	for (size_t i = 0; i < factors; i++)
		good = multiply(&factor[i], shown) && good;
	for (size_t i = 0; i < names; i++)
		good = name(&named[i], shown) && good;
	return good;
}

static bool
choose_all(const struct hm_config *config, struct hm_ha_entities *entities)
{
	bool good;

	hm_ha_entities_all(entities);
	good = choose(config, HM_SET_MI_ENTITIES, HM_HA_CHOOSE_INVERTER,
	    entities);
	return choose(config, HM_SET_PORT_ENTITIES, HM_HA_CHOOSE_PORT,
	    entities) && good;
}

/* Unless it is given, so long that two polls may fail. */
static int64_t
expiry_ms(const struct hm_config *config)
{
	int64_t ms = 3 * hm_config_ms(config, HM_SET_QUERY_PERIOD);

	if (hm_config_has(config, HM_SET_EXPIRE_AFTER))
		return hm_config_ms(config, HM_SET_EXPIRE_AFTER);
	return ms > EXPIRE_MIN_MS ? ms : EXPIRE_MIN_MS;
}

static bool
check_expiry(const struct hm_config *config)
{
	int64_t expire = expiry_ms(config);
	char allowed[NAMES_MAX];

	if (expire == 0 || expire > hm_config_ms(config, HM_SET_QUERY_PERIOD))
		return true;
	snprintf(allowed, sizeof allowed, "are 0 and more than query_period "
	    "(%s): \"%s\"", hm_config_source(config, HM_SET_QUERY_PERIOD),
	    hm_config_text(config, HM_SET_QUERY_PERIOD));
	return hm_config_refuse(config, HM_SET_EXPIRE_AFTER, allowed);
}

static bool
check_prefix(const struct hm_config *config)
{
	const char *prefix = hm_config_text(config, HM_SET_MQTT_TOPIC_PREFIX);

	return hm_topic_prefix_valid(prefix) || hm_config_refuse(config,
	    HM_SET_MQTT_TOPIC_PREFIX, HM_TOPIC_PREFIX_RULE);
}

/* Check every rule, so that all mistakes are reported at once. */
static int
check(const struct hm_config *config)
{
	struct hm_ha_entities entities;
	struct hm_ha_shown shown;
	bool good = check_prefix(config);

	good = check_expiry(config) && good;
	good = choose_all(config, &entities) && good;
	good = read_shown(config, &shown) && good;
	good = hm_ha_naming_check(config) && good;
	hm_ha_shown_free(&shown);
	return good ? HM_EXIT_OK : HM_EXIT_CONFIG;
}

/* Records */

struct work {
	struct hm_stream *stream;
	struct hm_ha_options options;
	struct hm_ha *ha; /* NULL: lines only pass */
	struct hm_record record;
	int64_t line_ms; /* when the last line came */
};

static void
on_message(void *context, struct hm_slice line)
{
	struct work *work = context;

	hm_stream_emit(work->stream, line);
}

static void
on_line(void *context, struct hm_slice line)
{
	struct work *work = context;
	struct hm_slice type;
	const char *why;

	if (!hm_stream_pass(work->stream, line, work->ha != NULL ?
	    hm_ha_takes : NULL, &work->record, &type))
		return;
	work->line_ms = hm_monotonic_ms();
	why = hm_ha_record(work->ha, type, &work->record);
	if (why != NULL)
		hm_stream_bad(work->stream, "no entities: %s", why);
}

/* The end of a poll */

static int64_t
poll_lasts(const struct work *work)
{
	return work->line_ms + POLL_MS - hm_monotonic_ms();
}

static int
before_wait(void *context, struct pollfd *fd)
{
	struct work *work = context;
	int64_t ms = poll_lasts(work);

	fd->fd = -1;
	if (!hm_ha_holds(work->ha))
		return -1;
	return ms > 0 ? (int)ms : 0;
}

static void
after_wait(void *context, short revents)
{
	struct work *work = context;

	(void)revents;
	if (hm_ha_holds(work->ha) && poll_lasts(work) <= 0)
		hm_ha_release(work->ha);
}

/* A successor must read the records whose messages are held. */
static bool
is_settled(void *context, bool pressed)
{
	struct work *work = context;
	bool held = hm_ha_holds(work->ha);

	if (pressed)
		hm_ha_release(work->ha);
	return !held;
}

static int
finish(void *context)
{
	struct work *work = context;

	if (work->ha == NULL)
		return HM_EXIT_OK;
	if (hm_stream_time_left(work->stream) < 0)
		hm_ha_end(work->ha);
	hm_ha_release(work->ha);
	return HM_EXIT_OK;
}

static int
start(void *context, struct hm_stream *stream)
{
	struct work *work = context;
	const struct hm_stream_side side = {.context = work,
	    .prepare = before_wait, .ready = after_wait};
	const struct hm_ha_counters *counters;

	work->stream = stream;
	if (work->ha == NULL)
		return HM_TOOL_GO_ON;
	counters = hm_ha_counters(work->ha);
	hm_stream_counter(stream, "announcements", &counters->announcements);
	hm_stream_counter(stream, "states", &counters->states);
	hm_stream_counter(stream, "refused", &counters->refused);
	hm_stream_side(stream, &side);
	hm_stream_settled(stream, is_settled, work);
	return HM_TOOL_GO_ON;
}

static int
open_ha(void *context, const struct hm_config *config)
{
	struct work *work = context;
	struct hm_ha_style *style = &work->options.style;

	if (!hm_config_flag(config, HM_SET_MQTT_ENABLED))
		return HM_TOOL_GO_ON;
	style->prefix = hm_config_text(config, HM_SET_MQTT_TOPIC_PREFIX);
	style->publisher = hm_config_text(config, HM_SET_MQTT_CLIENT_ID);
	style->qos = hm_config_int(config, HM_SET_MQTT_QOS);
	style->by_device = strcmp(hm_config_text(config,
	    HM_SET_HA_DISCOVERY), "device") == 0;
	/* Home Assistant takes whole seconds. */
	style->expire_after = (expiry_ms(config) + 999) / 1000;
	work->options.fresh_ms = hm_fresh_ms(hm_config_ms(config,
	    HM_SET_QUERY_PERIOD));
	work->options.control = hm_config_flag(config,
	    HM_SET_CONTROL_ENABLED);
	work->options.alerts = hm_config_flag(config, HM_SET_ALERTS_ENABLED);
	if (choose_all(config, &work->options.entities) &&
	    read_shown(config, &style->shown) &&
	    hm_ha_naming_read(&style->naming, config))
		work->ha = hm_ha_new(&work->options, on_message, work);
	if (work->ha != NULL)
		return HM_TOOL_GO_ON;
	hm_log_errno(HM_ERROR, "no memory for the devices");
	return HM_EXIT_OS;
}

static bool
free_ha(void *context)
{
	struct work *work = context;

	hm_ha_free(work->ha);
	hm_ha_shown_free(&work->options.style.shown);
	hm_ha_naming_free(&work->options.style.naming);
	return true;
}

int
main(int argc, char *argv[])
{
	static const struct hm_tool_ops ops = {
	    .check = check,
	    .open = open_ha,
	    .start = start,
	    .wants_readings = true,
	    .line = on_line,
	    .finish = finish,
	    .free = free_ha,
	};
	static struct work work;

	return hm_tool_main(HM_TOOL_HA_DISCOVERY, &ops, &work, argc, argv);
}
