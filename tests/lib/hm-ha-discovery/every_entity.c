/*
 * every_entity [FACTOR]: write a discovery message for every entity that the
 * field table can make. Fields that may be multiplied are multiplied by FACTOR.
 */

#include <stdio.h>
#include <stdlib.h>

#include "ha_message.h"

static struct hm_ha_style style = {
    .prefix = "homeassistant", .publisher = "hm", .qos = 1,
    .expire_after = 120};

static void
write_part(struct hm_ha_table *table, struct hm_ha_device *device,
    enum hm_ha_part part, const struct hm_field_set *set)
{
	static char buf[HM_HA_MESSAGE_MAX];
	struct hm_ha_group *group = hm_ha_table_group(table, device, part,
	    part == HM_HA_PORT ? 1 : 0);
	struct hm_slice line;

	for (size_t id = 0; id < HM_FIELDS; id++) {
		if (!hm_field_set_has(set, id))
			continue;
		if (!hm_ha_message_config(&style, device, group,
		    (enum hm_field_id)id, hm_text("2026-11-23T10:15:00Z"),
		    buf, &line))
			exit(EXIT_FAILURE);
		printf("%.*s\n", (int)line.n, line.p);
	}
}

static void
multiply(const char *number)
{
	struct hm_decimal factor;

	if (!hm_decimal_parse(hm_text(number), &factor))
		exit(EXIT_FAILURE);
	for (size_t id = 0; id < HM_FIELDS; id++)
		hm_ha_shown_multiply(&style.shown, (enum hm_field_id)id,
		    factor);
}

int
main(int argc, char *argv[])
{
	static const char *const serials[HM_SCOPES] = {
	    [HM_SCOPE_DTU] = "10f8",
	    [HM_SCOPE_INVERTER] = "1164",
	    [HM_SCOPE_METER] = "10c0",
	};
	struct hm_ha_table *table = hm_ha_table_new();
	struct hm_ha_entities entities;

	if (table == NULL)
		return EXIT_FAILURE;
	if (argc == 2)
		multiply(argv[1]);
	hm_ha_entities_all(&entities);
	for (enum hm_scope kind = 0; kind < HM_SCOPES; kind++) {
		const char *serial = serials[kind] != NULL ? serials[kind] :
		    hm_reading_types[kind].name;
		struct hm_ha_device *device;

		if (!hm_is_device(kind))
			continue;
		device = hm_ha_table_device(table, kind, hm_text(serial));
		device->dtu = hm_ha_table_dtu(table, hm_text("roof"));
		/* Alarm records use the topics of the alarms in readings. */
		for (enum hm_ha_part part = 0; part < HM_HA_PARTS; part++)
			if (part != HM_HA_ALARM)
				write_part(table, device, part,
				    &entities.of[kind][part]);
	}
	hm_ha_table_free(table);
	return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
