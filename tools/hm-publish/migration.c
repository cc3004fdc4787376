#include "migration.h"

#include <stdlib.h>

#include "base/json_writer.h"
#include "ha_config.h"
#include "record/record.h"

struct components {
	size_t count;
	struct hm_ha_component of[HM_COMPONENTS_MAX];
};

struct hm_migration {
	const struct hm_stood_device *device;
	struct hm_slice payload;
	bool is_device;
	struct components given, stood;
	bool waits;   /* reduced components were sent a short time ago */
	bool changes; /* the components of the message */
	uint64_t command, state; /* topics of entities that are to go */
	bool keeps;   /* those: they have been announced */
	bool reduced; /* some are */
	char text[HM_LINE_MAX];
};

struct hm_migration *
hm_migration_new(void)
{
	return calloc(1, sizeof(struct hm_migration));
}

void
hm_migration_free(struct hm_migration *m)
{
	free(m);
}

static void
list_components(struct components *list, struct hm_slice payload)
{
	struct hm_slice rest;

	list->count = 0;
	if (!hm_ha_components_read(payload, &rest))
		return;
	while (list->count < HM_COMPONENTS_MAX &&
	    hm_ha_component_next(&rest, &list->of[list->count]))
		list->count++;
}

static void
list_standing(struct hm_migration *m, const struct hm_stood_device *device)
{
	m->device = device;
	list_components(&m->stood, device->message == NULL ? hm_text("") :
	    hm_slice(device->message, device->message_size));
}

/* Entities that are to go */

void
hm_migration_retire(struct hm_migration *m, uint64_t command, uint64_t state)
{
	m->command = command;
	m->state = state;
}

static bool
is_to_go(const struct hm_migration *m, uint64_t command, uint64_t state)
{
	return !m->keeps &&
	    ((m->command != 0 && command == m->command) ||
	    (m->state != 0 && state == m->state));
}

static bool
goes(const struct hm_migration *m, const struct hm_ha_component *c)
{
	return is_to_go(m, c->config.command, c->config.state);
}

static void
look_whether_announced(struct hm_migration *m)
{
	for (size_t i = 0; i < m->given.count; i++)
		if (goes(m, &m->given.of[i])) {
			m->keeps = true;
			return;
		}
}

/* The message of one entity is like a component without an id. */
void
hm_migration_look(struct hm_migration *m,
    const struct hm_stood_device *device, struct hm_slice payload,
    bool is_device)
{
	m->payload = payload;
	m->is_device = is_device;
	list_standing(m, device);
	if (is_device) {
		list_components(&m->given, payload);
	} else {
		m->given.of[0] = (struct hm_ha_component){0};
		m->given.count = hm_ha_config_read(payload,
		    &m->given.of[0].config) ? 1 : 0;
	}
	look_whether_announced(m);
}

static const struct hm_ha_component *
find_unique(const struct components *list, uint64_t unique)
{
	for (size_t i = 0; unique != 0 && i < list->count; i++)
		if (list->of[i].config.unique == unique)
			return &list->of[i];
	return NULL;
}

static const struct hm_ha_component *
find_name(const struct components *list, uint64_t name)
{
	for (size_t i = 0; i < list->count; i++)
		if (list->of[i].name == name)
			return &list->of[i];
	return NULL;
}

/* What a recorder sees */

static bool
stands_otherwise(const struct hm_migration *m,
    const struct hm_ha_config *config)
{
	const struct hm_stood_config *single;
	const struct hm_ha_component *stood;

	if (config->unique == 0)
		return false;
	for (single = LIST_FIRST(&m->device->configs); single != NULL;
	     single = LIST_NEXT(single, next))
		if (single->unique == config->unique &&
		    single->recorded != config->recorded)
			return true;
	stood = find_unique(&m->stood, config->unique);
	return stood != NULL && stood->config.recorded != config->recorded;
}

bool
hm_migration_changes(const struct hm_migration *m,
    void (*changed)(void *context, const struct hm_ha_config *config),
    void *context)
{
	bool found = false;

	for (size_t i = 0; i < m->given.count; i++) {
		const struct hm_ha_config *config = &m->given.of[i].config;

		if (!stands_otherwise(m, config))
			continue;
		changed(context, config);
		found = true;
	}
	return found;
}

/* What goes before */

/* The component that has, or ends, the entity of a single message. */
static const struct hm_ha_component *
successor(const struct hm_migration *m, const struct hm_stood_config *single)
{
	for (size_t i = 0; i < m->given.count; i++) {
		const struct hm_ha_component *c = &m->given.of[i];

		if (c->config.reduced ?
		    c->name == single->object &&
		    c->config.platform == single->component :
		    c->config.unique != 0 &&
		    c->config.unique == single->unique)
			return c;
	}
	return NULL;
}

/* An entity that is to go must not be told to migrate. */
static void
step_singles(const struct hm_migration *m, enum hm_migration_step step,
    void (*act)(void *context, enum hm_migration_step step,
    struct hm_slice topic), void *context)
{
	const struct hm_stood_config *single;

	for (single = LIST_FIRST(&m->device->configs); single != NULL;
	     single = LIST_NEXT(single, next)) {
		const struct hm_ha_component *c = successor(m, single);

		if (c != NULL &&
		    (step == HM_STEP_EMPTY || !c->config.reduced))
			act(context, step,
			    hm_slice(single->topic, single->topic_size));
	}
}

void
hm_migration_before(const struct hm_migration *m,
    void (*act)(void *context, enum hm_migration_step step,
    struct hm_slice topic), void *context)
{
	if (m->is_device) {
		step_singles(m, HM_STEP_MIGRATE, act, context);
		step_singles(m, HM_STEP_EMPTY, act, context);
	} else if (m->given.count > 0 &&
	    find_unique(&m->stood, m->given.of[0].config.unique) != NULL) {
		act(context, HM_STEP_MIGRATE, m->device->topic);
		act(context, HM_STEP_EMPTY, m->device->topic);
	}
}

size_t
hm_migration_retired(const struct hm_migration *m,
    void (*act)(void *context, enum hm_migration_step step,
    struct hm_slice topic), void *context)
{
	const struct hm_stood_config *single;
	size_t count = 0;

	for (single = LIST_FIRST(&m->device->configs); single != NULL;
	     single = LIST_NEXT(single, next)) {
		if (!is_to_go(m, single->command, single->state))
			continue;
		act(context, HM_STEP_EMPTY,
		    hm_slice(single->topic, single->topic_size));
		count++;
	}
	for (size_t i = 0; m->is_device && i < m->stood.count; i++)
		count += goes(m, &m->stood.of[i]);
	return count;
}

/* What a device message becomes */

/* A reduced component is sent only to end an entity that is there. */
static bool
keeps_given(struct hm_migration *m, const struct hm_ha_component *given)
{
	const struct hm_ha_component *stood;

	if (!given->config.reduced)
		return true;
	stood = find_name(&m->stood, given->name);
	if (stood != NULL && (!stood->config.reduced || m->waits)) {
		m->reduced = true;
		return true;
	}
	m->changes = true;
	return false;
}

static bool
keeps_stood(struct hm_migration *m, const struct hm_ha_component *stood)
{
	if (find_name(&m->given, stood->name) != NULL ||
	    find_unique(&m->given, stood->config.unique) != NULL ||
	    (stood->config.reduced && !m->waits))
		return false;
	m->changes = true;
	m->reduced |= stood->config.reduced;
	return true;
}

static void
emit_component(struct hm_json *e, const struct hm_ha_component *component)
{
	hm_json_key(e, component->id);
	hm_json_raw(e, NULL, component->text);
}

static void
emit_reduced(struct hm_json *e, const struct hm_ha_component *component)
{
	struct hm_slice rest = component->text;
	struct hm_member m;

	hm_json_key(e, component->id);
	hm_json_object(e, NULL);
	while (hm_object_next(&rest, &m))
		if (hm_ha_is_platform(m.key))
			hm_json_member(e, &m);
	hm_json_object_end(e);
}

static void
emit_stood(struct hm_json *e, struct hm_migration *m,
    const struct hm_ha_component *stood)
{
	if (goes(m, stood)) {
		m->reduced = true;
		emit_reduced(e, stood);
	} else {
		emit_component(e, stood);
	}
}

static void
emit_components(struct hm_json *e, struct hm_migration *m)
{
	hm_json_object(e, "components");
	for (size_t i = 0; i < m->given.count; i++)
		if (keeps_given(m, &m->given.of[i]))
			emit_component(e, &m->given.of[i]);
	for (size_t i = 0; i < m->stood.count; i++)
		if (keeps_stood(m, &m->stood.of[i]))
			emit_stood(e, m, &m->stood.of[i]);
	hm_json_object_end(e);
}

/* The payload with other components, or itself if they do not fit. */
static struct hm_slice
rewrite(struct hm_migration *m, struct hm_slice payload)
{
	struct hm_slice rest = payload, out;
	struct hm_member member;
	struct hm_json e;

	m->changes = m->reduced = false;
	hm_json_start(&e, m->text, sizeof m->text);
	hm_json_object(&e, NULL);
	while (hm_object_next(&rest, &member))
		if (!hm_ha_is_components(member.key))
			hm_json_member(&e, &member);
	emit_components(&e, m);
	hm_json_object_end(&e);
	return hm_json_done(&e, &out) && m->changes &&
	    m->given.count < HM_COMPONENTS_MAX &&
	    m->stood.count < HM_COMPONENTS_MAX ? out : payload;
}

struct hm_slice
hm_migration_merge(struct hm_migration *m, int64_t now, bool *reduced)
{
	struct hm_slice out = m->payload;

	m->reduced = false;
	m->waits = now < m->device->reduced;
	if (m->is_device && m->given.count > 0)
		out = rewrite(m, m->payload);
	*reduced = m->reduced;
	return out;
}

struct hm_slice
hm_migration_finish(struct hm_migration *m,
    const struct hm_stood_device *device)
{
	struct hm_slice payload = hm_slice(device->message,
	    device->message_size);

	m->waits = false;
	list_components(&m->given, payload);
	m->stood.count = 0;
	return rewrite(m, payload);
}
