#include "base/log.h"
#include "ha_device.h"
#include "ha_extra.h"
#include "ha_message.h"
#include "ha_private.h"
#include "record/fields.h"

/*
 * Home Assistant may still be processing the last message of a topic: do not
 * repeat it sooner.
 */
#define QUIET_SECONDS 10

static void
send_announcement(struct hm_ha *ha, bool good, struct hm_slice line)
{
	ha->counters.announcements++;
	if (good)
		ha->output(ha->context, line);
	else
		hm_log(HM_ERROR, "an announcement did not fit into %zu bytes",
		    HM_HA_ANNOUNCEMENT_MAX);
}

void
hm_ha_send_state(struct hm_ha *ha, const struct hm_ha_device *device,
    const struct hm_ha_group *group, struct hm_slice time)
{
	struct hm_slice line;

	if (hm_field_set_is_empty(&group->announced))
		return;
	ha->counters.states++;
	hm_ha_send(ha, hm_ha_message_state(&ha->options.style, device, group,
	    &ha->values, time, ha->message, &line), line);
}

/*
 * Both readings and alarm records can have an inverter's alarm, and they may
 * differ. Use the record type that came first in this run.
 */
static bool
is_shown_elsewhere(const struct hm_ha_device *device,
    const struct hm_ha_group *group, size_t id)
{
	enum hm_ha_part part = group->part == HM_HA_ALARM ? HM_HA_MAIN :
	    HM_HA_ALARM;
	const struct hm_ha_group *other;

	if (group->part != HM_HA_MAIN && group->part != HM_HA_ALARM)
		return false;
	other = hm_ha_device_group(device, part, 0);
	return other != NULL && hm_field_set_has(&other->announced, id);
}

/* The fields of the current record that have not been announced. */
static struct hm_field_set
newcomers(const struct hm_ha *ha, const struct hm_ha_device *device,
    const struct hm_ha_group *group)
{
	struct hm_field_set missing =
	    ha->options.entities.of[device->kind][group->part];
	struct hm_field_set set = {{0}};
	size_t id;

	hm_field_set_drop(&missing, &group->announced);
	HM_FIELD_SET_EACH(&missing, id)
		if (ha->values.of[id].kind != HM_ABSENT &&
		    !is_shown_elsewhere(device, group, id))
			hm_field_set_add(&set, id);
	return set;
}

/* What is said of a device is in one message, or in those of its groups. */
static struct hm_ha_said *
said_of(const struct hm_ha *ha, struct hm_ha_device *device,
    struct hm_ha_group *group)
{
	return ha->options.style.by_device ? &device->said : &group->said;
}

static bool
is_quiet(const struct hm_ha_said *said, const struct hm_ha_origin *origin)
{
	return said->ever && origin->seconds - said->last < QUIET_SECONDS;
}

void
hm_ha_plan(struct hm_ha *ha, const struct hm_ha_origin *origin,
    struct hm_ha_device *device, struct hm_ha_group *group, bool news)
{
	struct hm_ha_said *said = said_of(ha, device, group);
	bool quiet;

	/* If the clock was set back, the wait starts again. */
	if (said->last > origin->seconds)
		said->last = origin->seconds;
	quiet = is_quiet(said, origin);
	if (news)
		said->news = true;
	if (said->ever && !quiet &&
	    said->described != hm_ha_device_fingerprint(device)) {
		group->due = group->announced;
		group->alerts_due = group->alerts;
		group->extras_due = group->extras;
		said->news = true;
	}
	/* Entities that are new have topics of their own. */
	if (!said->news || (quiet && ha->options.style.by_device))
		return;
	said->last = origin->seconds;
	hm_ha_hold(ha, origin, device);
}

/* Entities, each in a message */

static void
announce_fields(struct hm_ha *ha, const struct hm_ha_device *device,
    const struct hm_ha_group *group, struct hm_slice time)
{
	size_t id;

	HM_FIELD_SET_EACH(&group->due, id) {
		struct hm_slice line;
		bool good;

		good = hm_ha_message_config(&ha->options.style, device, group,
		    (enum hm_field_id)id, time, ha->announcement, &line);
		send_announcement(ha, good, line);
	}
}

static void
announce_alerts(struct hm_ha *ha, const struct hm_ha_device *device,
    const struct hm_ha_group *group, struct hm_slice time)
{
	for (int kind = 0; kind < HM_ALERT_KINDS; kind++) {
		struct hm_slice line;
		bool good;

		if ((group->alerts_due >> kind & 1) == 0)
			continue;
		good = hm_ha_message_alert_config(&ha->options.style, device,
		    group, (enum hm_alert_kind)kind, time, ha->announcement,
		    &line);
		send_announcement(ha, good, line);
	}
}

static void
announce_extras(struct hm_ha *ha, const struct hm_ha_device *device,
    const struct hm_ha_group *group, struct hm_slice time)
{
	for (int extra = 0; extra < HM_HA_EXTRAS; extra++) {
		struct hm_slice line;
		bool good;

		if ((group->extras_due >> extra & 1) == 0)
			continue;
		good = hm_ha_message_extra_config(&ha->options.style, device,
		    group, (enum hm_ha_extra)extra, time, ha->announcement,
		    &line);
		send_announcement(ha, good, line);
	}
}

static void
announce_group(struct hm_ha *ha, const struct hm_ha_device *device,
    struct hm_ha_group *group, struct hm_slice time)
{
	if (!group->said.news)
		return;
	announce_fields(ha, device, group, time);
	announce_alerts(ha, device, group, time);
	announce_extras(ha, device, group, time);
	if (memcmp(&group->due, &group->announced, sizeof group->due) == 0 &&
	    group->alerts_due == group->alerts &&
	    group->extras_due == group->extras)
		group->said.described = hm_ha_device_fingerprint(device);
	group->said.ever = true;
	group->said.news = false;
	group->due = (struct hm_field_set){{0}};
	group->alerts_due = group->extras_due = 0;
}

/* All entities of a device in a message */

static void
announce_whole(struct hm_ha *ha, struct hm_ha_device *device,
    struct hm_slice time)
{
	struct hm_slice line;
	size_t left_out;
	bool good = hm_ha_message_device(&ha->options.style, device,
	    &ha->hidden, time, ha->announcement, &left_out, &line);

	if (good && left_out > 0)
		hm_log(HM_WARNING, "the announcement of %s has at most %zu "
		    "bytes: %zu of its entities are left out", device->serial,
		    HM_HA_ANNOUNCEMENT_MAX, left_out);
	send_announcement(ha, good, line);
	device->said.described = hm_ha_device_fingerprint(device);
	device->said.ever = true;
	device->said.news = false;
}

void
hm_ha_announce(struct hm_ha *ha, struct hm_ha_device *device,
    struct hm_slice time)
{
	if (ha->options.style.by_device) {
		announce_whole(ha, device, time);
		return;
	}
	for (struct hm_ha_group *group = device->groups; group != NULL;
	    group = group->next)
		announce_group(ha, device, group, time);
}

/* False if there are none that are new. */
static bool
add_extras(const struct hm_ha_device *device, struct hm_ha_group *group)
{
	unsigned news = hm_ha_extras(device, group) & ~group->extras;

	group->extras_due |= news;
	group->extras |= news;
	return news != 0;
}

void
hm_ha_publish_extra(struct hm_ha *ha, const struct hm_ha_origin *origin,
    struct hm_ha_device *device, enum hm_ha_extra extra)
{
	struct hm_ha_group *group = hm_ha_table_group(ha->table, device,
	    HM_HA_MAIN, 0);
	unsigned bit = 1U << extra;

	if (group == NULL) {
		hm_ha_refuse(ha);
		return;
	}
	if ((group->extras & bit) != 0)
		return;
	group->extras |= bit;
	group->extras_due |= bit;
	hm_ha_plan(ha, origin, device, group, true);
}

struct hm_ha_group *
hm_ha_publish(struct hm_ha *ha, const struct hm_ha_origin *origin,
    struct hm_ha_device *device, enum hm_ha_part part, uint8_t port)
{
	struct hm_ha_group *group = hm_ha_table_group(ha->table, device, part,
	    port);
	struct hm_field_set set;
	bool news;

	if (group == NULL) {
		hm_ha_refuse(ha);
		return NULL;
	}
	set = newcomers(ha, device, group);
	hm_field_set_join(&group->announced, &set);
	hm_field_set_join(&group->due, &set);
	news = add_extras(device, group) || !hm_field_set_is_empty(&set);
	hm_ha_plan(ha, origin, device, group, news);
	/* Other devices may refer to a DTU only after its announcement. */
	if (device->kind == HM_SCOPE_DTU &&
	    !hm_field_set_is_empty(&group->announced))
		memcpy(device->dtu->serial, device->serial,
		    sizeof device->serial);
	hm_ha_send_state(ha, device, group, origin->time);
	return group;
}
