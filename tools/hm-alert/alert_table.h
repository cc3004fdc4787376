#ifndef HM_ALERT_TABLE_H
#define HM_ALERT_TABLE_H

#include "alert_offline.h"
#include "alert_production.h"
#include "alert_temperature.h"
#include "record/device_map.h"
#include "record/freshness.h"

/*
 * What hm-alert remembers, in a map: DTUs, their inverters and ports, and the
 * alarms of each. It grows with the plant, up to a limit.
 */

#define HM_ALERT_ENTRIES ((size_t)65536) /* DTUs, inverters and ports */
#define HM_ALERT_CHILDREN HM_DROP_PEERS_MAX /* of one DTU or inverter */

#define HM_ALERT_SERIAL_MAX ((size_t)32)
#define HM_ALERT_TEXT_MAX ((size_t)160)

/* The last alarm of a device. */
struct hm_alert_state {
	bool on;
	int64_t start;
	int64_t sent; /* time of its last record */
	char text[HM_ALERT_TEXT_MAX];
};

struct hm_alert_port {
	struct hm_port_key key;
	int64_t time;  /* of the last reading */
	int64_t power; /* in that reading, mW; negative: unknown */
	struct hm_drop_port drop;
	struct hm_alert_state alarm;
};

/*
 * An inverter, or with the number HM_ALERT_BATTERY its battery, which has no
 * ports and no temperature here.
 */
#define HM_ALERT_BATTERY 1

struct hm_alert_inverter {
	struct hm_device_key key;
	int64_t time;        /* of its or its ports' last record */
	int64_t limited;     /* time of the last record with a power limit */
	struct hm_drop_peers peers; /* its ports, if it has several */
	struct hm_heat heat;
	int64_t fault; /* of a battery: code in its last reading, 0: none */
	struct hm_alert_state alarm;
};

struct hm_alert_dtu {
	struct hm_dtu_key key;
	char serial[HM_ALERT_SERIAL_MAX + 1]; /* empty: not known */
	bool asked; /* for its serial in the database */
	int64_t time; /* of the last dtu record */
	bool dark; /* no power, or nearly none, in its last record */
	struct hm_drop_peers peers; /* ports of the inverters with one port */
	struct hm_offline away;
	char error[HM_ALERT_TEXT_MAX]; /* of the last failed poll */
	struct hm_alert_state alarm; /* does not answer */
	struct hm_freshness freshness;
	struct hm_alert_state stale; /* repeats its readings */
};

void hm_alert_table_init(struct hm_device_map *table);

#endif
