#include "base/log.h"
#include "ha_device.h"
#include "ha_message.h"
#include "ha_private.h"
#include "record/fields.h"

/*
 * Home Assistant may still be processing the last message of a topic: do not
 * repeat it sooner.
 */
#define QUIET_SECONDS 10

void
hm_ha_send(struct hm_ha *ha, bool good, struct hm_slice line)
{
	if (good)
		ha->output(ha->context, line);
	else
		hm_log(HM_ERROR, "a message did not fit into %zu bytes",
		    HM_HA_MESSAGE_MAX);
}

static void
send_configs(struct hm_ha *ha, const struct hm_ha_origin *origin,
    const struct hm_ha_device *device, const struct hm_ha_group *group,
    const struct hm_field_set *set)
{
	struct hm_slice line;

	for (size_t id = 0; id < HM_FIELDS; id++) {
		if (!hm_field_set_has(set, id))
			continue;
		ha->counters.announcements++;
		hm_ha_send(ha, hm_ha_message_config(&ha->options.style, device,
		    group, (enum hm_field_id)id, origin->time, ha->message,
		    &line), line);
	}
}

static void
send_state(struct hm_ha *ha, const struct hm_ha_origin *origin,
    const struct hm_ha_device *device, const struct hm_ha_group *group)
{
	struct hm_slice line;

	if (hm_field_set_is_empty(&group->announced))
		return;
	ha->counters.states++;
	hm_ha_send(ha, hm_ha_message_state(&ha->options.style, device, group,
	    &ha->values, origin->time, ha->message, &line), line);
}

void
hm_ha_send_alert_config(struct hm_ha *ha, const struct hm_ha_origin *origin,
    const struct hm_ha_device *device, const struct hm_ha_group *group,
    enum hm_alert_kind kind)
{
	struct hm_slice line;

	ha->counters.announcements++;
	hm_ha_send(ha, hm_ha_message_alert_config(&ha->options.style, device,
	    group, kind, origin->time, ha->message, &line), line);
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
	const struct hm_field_set *shown =
	    &ha->options.entities.of[device->kind][group->part];
	struct hm_field_set set = {{0}};

	for (size_t id = 0; id < HM_FIELDS; id++)
		if (ha->values.of[id].kind != HM_ABSENT &&
		    hm_field_set_has(shown, id) &&
		    !hm_field_set_has(&group->announced, id) &&
		    !is_shown_elsewhere(device, group, id))
			hm_field_set_add(&set, id);
	return set;
}

/* Repeat the announcements of alerts. */
static void
announce_alerts(struct hm_ha *ha, const struct hm_ha_origin *origin,
    const struct hm_ha_device *device, struct hm_ha_group *group)
{
	for (int kind = 0; kind < HM_ALERT_KINDS; kind++)
		if ((group->alerts >> kind & 1) != 0)
			hm_ha_send_alert_config(ha, origin, device, group,
			    (enum hm_alert_kind)kind);
	if (group->alerts != 0)
		group->last = origin->seconds;
}

static void
announce(struct hm_ha *ha, const struct hm_ha_origin *origin,
    const struct hm_ha_device *device, struct hm_ha_group *group)
{
	uint64_t fingerprint = hm_ha_device_fingerprint(device);
	struct hm_field_set set = newcomers(ha, device, group);

	if (hm_field_set_is_empty(&group->announced) && group->alerts == 0)
		group->described = fingerprint;
	/* If the clock was set back, the wait starts again. */
	if (group->last > origin->seconds)
		group->last = origin->seconds;
	if (group->described != fingerprint &&
	    origin->seconds - group->last >= QUIET_SECONDS) {
		hm_field_set_join(&set, &group->announced);
		announce_alerts(ha, origin, device, group);
		group->described = fingerprint;
	}
	if (hm_field_set_is_empty(&set))
		return;
	send_configs(ha, origin, device, group, &set);
	hm_field_set_join(&group->announced, &set);
	group->last = origin->seconds;
}

struct hm_ha_group *
hm_ha_publish(struct hm_ha *ha, const struct hm_ha_origin *origin,
    struct hm_ha_device *device, enum hm_ha_part part, uint8_t port)
{
	struct hm_ha_group *group = hm_ha_table_group(ha->table, device, part,
	    port);

	if (group == NULL) {
		hm_ha_refuse(ha);
		return NULL;
	}
	announce(ha, origin, device, group);
	/* Other devices may refer to a DTU only after its announcement. */
	if (device->kind == HM_SCOPE_DTU &&
	    !hm_field_set_is_empty(&group->announced))
		memcpy(device->dtu->serial, device->serial,
		    sizeof device->serial);
	send_state(ha, origin, device, group);
	return group;
}
