#include <stdio.h>

#include "base/json_writer.h"
#include "ha_device.h"
#include "ha_entity.h"
#include "ha_extra.h"
#include "ha_message.h"
#include "ha_message_private.h"
#include "record/alert_kind.h"
#include "record/fields.h"
#include "record/topics.h"

#define KEY_MAX ((size_t)128) /* of a component's id */
#define TAIL ((size_t)64)     /* holds what follows the components */

/* A message being written. */
struct message {
	const struct hm_ha_style *style;
	const struct hm_ha_device *device;
	struct hm_json *e;
	size_t left_out; /* components for which there was no room */
};

/* Components */

/* Begin a component. *before is the place to return to if it does not fit. */
static void
start_component(const struct message *m, const struct hm_ha_group *group,
    const char *name, const char *suffix, const char *platform,
    struct hm_json *before)
{
	char prefix[HM_HA_PREFIX_MAX], key[KEY_MAX];

	*before = *m->e;
	hm_ha_prefix(m->device->kind, group != NULL ? group->part : HM_HA_MAIN,
	    group != NULL ? group->port : 0, prefix);
	snprintf(key, sizeof key, "%s_%s%s", prefix, name, suffix);
	hm_json_object(m->e, key);
	hm_json_text(m->e, "platform", platform);
}

static void
end_component(struct message *m, const struct hm_json *before)
{
	hm_json_object_end(m->e);
	if (!m->e->failed && m->e->cap - m->e->len >= TAIL)
		return;
	*m->e = *before;
	m->left_out++;
}

static void
emit_fields(struct message *m, const struct hm_ha_group *group)
{
	struct hm_json before;

	for (size_t id = 0; id < HM_FIELDS; id++) {
		if (!hm_field_set_has(&group->announced, id))
			continue;
		start_component(m, group, hm_fields[id].key, "",
		    hm_ha_platform(&hm_fields[id]), &before);
		hm_ha_emit_entity(m->e, m->style, m->device, group,
		    (enum hm_field_id)id);
		end_component(m, &before);
	}
}

static void
emit_alerts(struct message *m, const struct hm_ha_group *group)
{
	struct hm_json before;

	for (int i = 0; i < HM_ALERT_KINDS; i++) {
		enum hm_alert_kind kind = (enum hm_alert_kind)i;

		if ((group->alerts >> kind & 1) == 0)
			continue;
		start_component(m, group, hm_alert_kind_name(kind), "_alert",
		    "binary_sensor", &before);
		hm_ha_emit_alert_entity(m->e, m->style, m->device, group,
		    kind);
		end_component(m, &before);
	}
}

static void
emit_extras(struct message *m, const struct hm_ha_group *group)
{
	struct hm_json before;

	for (int i = 0; i < HM_HA_EXTRAS; i++) {
		enum hm_ha_extra extra = (enum hm_ha_extra)i;

		if ((group->extras >> extra & 1) == 0)
			continue;
		start_component(m, group, hm_ha_extra_name(extra), "",
		    hm_ha_extra_platform(extra), &before);
		hm_ha_emit_extra(m->e, m->style, m->device, group, extra);
		end_component(m, &before);
	}
}

/*
 * Home Assistant removes the entity of a component that has nothing but its
 * platform.
 */
static void
emit_hidden(struct message *m, const struct hm_ha_group *group,
    const struct hm_field_set *hidden)
{
	struct hm_json before;

	for (size_t id = 0; id < HM_FIELDS; id++)
		if (hm_field_set_has(hidden, id)) {
			start_component(m, group, hm_fields[id].key, "",
			    hm_ha_platform(&hm_fields[id]), &before);
			end_component(m, &before);
		}
}

/* Those of the hidden fields that no announced field allows. */
static void
emit_hidden_extras(struct message *m, const struct hm_field_set *hidden)
{
	unsigned extras = hm_ha_extras_of(m->device->kind, hidden);
	struct hm_json before;

	for (const struct hm_ha_group *group = m->device->groups;
	    group != NULL; group = group->next)
		extras &= ~group->extras;
	for (int i = 0; i < HM_HA_EXTRAS; i++) {
		enum hm_ha_extra extra = (enum hm_ha_extra)i;

		if ((extras >> i & 1) == 0)
			continue;
		start_component(m, NULL, hm_ha_extra_name(extra), "",
		    hm_ha_extra_platform(extra), &before);
		end_component(m, &before);
	}
}

/*
 * The parts of a device that are no records of their own have one prefix, and
 * share fields. Those that are can be chosen only as inputs.
 */
static void
emit_hidden_parts(struct message *m, const struct hm_field_set *hidden)
{
	struct hm_field_set all = {{0}};

	for (enum hm_ha_part part = 0; part < HM_HA_SIDE; part++)
		if (part != HM_HA_PORT)
			hm_field_set_join(&all, &hidden[part]);
	emit_hidden(m, NULL, &all);
	emit_hidden_extras(m, &all);
	for (const struct hm_ha_group *group = m->device->groups;
	    group != NULL; group = group->next)
		if (group->part == HM_HA_PORT)
			emit_hidden(m, group, &hidden[HM_HA_PORT]);
}

bool
hm_ha_message_device(const struct hm_ha_style *style,
    const struct hm_ha_device *device, const struct hm_ha_entities *hidden,
    struct hm_slice time, char *buf, size_t *left_out, struct hm_slice *line)
{
	char topic[HM_TOPIC_MAX], id[HM_HA_ID_MAX];
	struct hm_json e;
	struct message m = {style, device, &e, 0};

	hm_ha_device_id(device, id);
	snprintf(topic, sizeof topic, "%s/device/hm_%s/config", style->prefix,
	    id);
	hm_ha_start_record(&e, time, buf, HM_HA_ANNOUNCEMENT_MAX);
	hm_json_text(&e, "topic", topic);
	hm_json_object(&e, "payload");
	hm_ha_emit_device(&e, style, device);
	hm_ha_emit_origin(&e);
	hm_json_object(&e, "components");
	for (const struct hm_ha_group *group = device->groups; group != NULL;
	    group = group->next) {
		emit_fields(&m, group);
		emit_alerts(&m, group);
		emit_extras(&m, group);
	}
	emit_hidden_parts(&m, hidden->of[device->kind]);
	hm_json_object_end(&e);
	hm_json_object_end(&e);
	*left_out = m.left_out;
	return hm_ha_end_record(&e, style, true, line);
}
