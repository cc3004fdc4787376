#include <string.h>

#include "base/log.h"
#include "base/rfc3339.h"
#include "ha_private.h"

static bool
has_room(const struct hm_ha_hold *hold, struct hm_slice line)
{
	return line.n < sizeof hold->lines - hold->size;
}

void
hm_ha_send(struct hm_ha *ha, bool good, struct hm_slice line)
{
	struct hm_ha_hold *hold = &ha->hold;

	if (!good) {
		hm_log(HM_ERROR, "a message did not fit into %zu bytes",
		    HM_HA_MESSAGE_MAX);
		return;
	}
	if (hold->on && !has_room(hold, line))
		hm_ha_release(ha);
	if (!hold->on) {
		ha->output(ha->context, line);
		return;
	}
	memcpy(hold->lines + hold->size, line.p, line.n);
	hold->size += line.n;
	hold->lines[hold->size++] = '\n';
}

static void
add(struct hm_ha_hold *hold, struct hm_ha_device *device)
{
	bool front = device->kind == HM_SCOPE_DTU;

	device->is_due = true;
	device->next_due = front ? hold->first : NULL;
	if (hold->last == NULL)
		hold->last = device;
	if (front || hold->first == NULL) {
		hold->first = device;
		return;
	}
	hold->last->next_due = device;
	hold->last = device;
}

void
hm_ha_hold(struct hm_ha *ha, const struct hm_ha_origin *origin,
    struct hm_ha_device *device)
{
	struct hm_ha_hold *hold = &ha->hold;

	if (!hold->on) {
		hold->on = true;
		hold->dtu = origin->dtu;
		hold->seconds = origin->seconds;
	}
	if (!device->is_due)
		add(hold, device);
}

void
hm_ha_release_others(struct hm_ha *ha, const struct hm_ha_origin *origin)
{
	if (ha->hold.dtu != origin->dtu || ha->hold.seconds != origin->seconds)
		hm_ha_release(ha);
}

bool
hm_ha_holds(const struct hm_ha *ha)
{
	return ha->hold.on;
}

static void
send_lines(struct hm_ha *ha)
{
	const char *p = ha->hold.lines, *end = p + ha->hold.size;

	while (p < end) {
		const char *lf = memchr(p, '\n', (size_t)(end - p));

		ha->output(ha->context, hm_slice(p, (size_t)(lf - p)));
		p = lf + 1;
	}
	ha->hold.size = 0;
}

void
hm_ha_release(struct hm_ha *ha)
{
	struct hm_ha_hold *hold = &ha->hold;
	char time[HM_RFC3339_SIZE];

	if (!hold->on)
		return;
	hold->on = false;
	hm_rfc3339_format(hold->seconds, time);
	for (struct hm_ha_device *d = hold->first; d != NULL;
	    d = d->next_due) {
		d->is_due = false;
		hm_ha_announce(ha, d, hm_text(time));
	}
	hold->first = hold->last = NULL;
	send_lines(ha);
}
