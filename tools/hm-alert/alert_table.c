#include "alert_table.h"

void
hm_alert_table_init(struct hm_device_map *table)
{
	const struct hm_device_map_options options = {
	    .dtu_size = sizeof(struct hm_alert_dtu),
	    .device_size = sizeof(struct hm_alert_inverter),
	    .port_size = sizeof(struct hm_alert_port),
	    .entries_max = HM_ALERT_ENTRIES,
	    .devices_max = HM_ALERT_CHILDREN,
	    .ports_max = HM_ALERT_CHILDREN,
	};

	hm_device_map_init(table, &options);
}
