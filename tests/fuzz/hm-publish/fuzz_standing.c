/*
 * Discovery messages that others have retained. The input is a list of lines: a
 * digit and a payload. The digit is the kind of its message: from 0 to 6 one
 * that stands at the broker (the device message, then single messages), from 7
 * to 9 one of ours. Entities with the command topic "c" or the state topic "r"
 * are to go. What we send instead must be JSON if the payload is, have
 * no component twice, and be bounded; sent and merged again it must not change.
 */

#include <stdlib.h>

#include "ha_config.h"
#include "migration.h"
#include "record/record.h"

#define FOUND(condition) ((condition) ? abort() : (void)0)
#define DEVICE "ha/device/hm_1/config"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const topics[] = {DEVICE, "ha/sensor/1/inv_a/config",
    "ha/sensor/1/inv_b/config", "ha/binary_sensor/1/inv_a/config",
    "ha/sensor/1/port_1_a/config", "ha/sensor/2/inv_a/config", "ha/x/config"};

static size_t steps;

static void
check_text(void *context, const struct hm_ha_config *config)
{
	char text[HM_LINE_MAX];
	size_t n;

	(void)context;
	FOUND(config->state_topic.n > 0 &&
	    !hm_string_decode(config->state_topic, text, sizeof text, &n));
}

static void
count(void *context, enum hm_migration_step step, struct hm_slice topic)
{
	struct hm_ha_topic parts;

	(void)context, (void)step;
	FOUND(!hm_ha_topic_read(topic, &parts));
	steps++;
}

static bool
is_json(struct hm_slice text)
{
	struct hm_fault fault;
	struct hm_value value;

	return hm_value_parse(&value, text, &fault);
}

/* As hm-publish: what goes before, and then the message. */
static void
send_one(struct hm_standing *standing, struct hm_migration *migration,
    struct hm_stood_device *device, struct hm_slice payload, bool is_device)
{
	static char copy[HM_LINE_MAX];
	struct hm_slice out;
	bool reduced;

	hm_migration_look(migration, device, payload, is_device);
	hm_migration_changes(migration, check_text, NULL);
	steps = 0;
	hm_migration_before(migration, count, NULL);
	hm_migration_retired(migration, count, NULL);
	FOUND(steps > 3 * (device->count + 1));
	out = hm_migration_merge(migration, 1, &reduced);
	FOUND(out.n > HM_LINE_MAX);
	FOUND(is_json(payload) && !is_json(out));
	memcpy(copy, out.p, out.n);
	out.p = copy;
	hm_standing_sent(standing, hm_text(topics[is_device ? 0 : 1]), out);
	if (!is_device || device->message == NULL)
		return;
	device->reduced = reduced ? 2 : 0;
	hm_migration_look(migration, device, out, true);
	FOUND(!hm_slice_equal(hm_migration_merge(migration, 1, &reduced),
	    out));
	FOUND(!is_json(hm_migration_finish(migration, device)));
}

static void
take_line(struct hm_standing *standing, struct hm_migration *migration,
    struct hm_stood_device *device, struct hm_slice line)
{
	unsigned kind = line.n > 0 ? (unsigned)line.p[0] - '0' : 10;
	struct hm_slice payload = hm_slice(line.p + 1, line.n - 1);

	if (kind < 7)
		hm_standing_hear(standing, hm_text(topics[kind]), payload,
		    (payload.n & 1) != 0);
	else if (kind < 10)
		send_one(standing, migration, device, payload, kind != 7);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct hm_migration *migration = hm_migration_new();
	struct hm_standing *standing = hm_standing_new();
	struct hm_slice rest = hm_slice((const char *)data, size);
	struct hm_stood_device *device;
	struct hm_ha_topic topic;

	hm_ha_topic_read(hm_text(DEVICE), &topic);
	device = hm_standing_add(standing, &topic);
	FOUND(device == NULL || migration == NULL);
	hm_migration_retire(migration, hm_ha_text_hash(hm_text("c")),
	    hm_ha_text_hash(hm_text("r")));
	while (rest.n > 0 && size <= HM_LINE_MAX) {
		const char *end = memchr(rest.p, '\n', rest.n);
		size_t n = end != NULL ? (size_t)(end - rest.p) : rest.n;

		take_line(standing, migration, device, hm_slice(rest.p, n));
		n += end != NULL ? 1 : 0;
		rest = hm_slice(rest.p + n, rest.n - n);
	}
	hm_standing_free(standing);
	hm_migration_free(migration);
	return 0;
}
