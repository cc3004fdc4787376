#ifndef HM_ALERT_PRIVATE_H
#define HM_ALERT_PRIVATE_H

#include "alert.h"
#include "alert_table.h"
#include "base/clock_steps.h"

/* Shared by alert.c (reads records) and alert_judge.c (raises alarms). */

#define HM_ALERT_LINE_MAX ((size_t)2048)
#define HM_ALERT_LOOK 5 /* seconds between two checks of all devices */

struct hm_alert {
	struct hm_alert_options options;
	struct hm_offline_rules away;
	struct hm_device_map table;
	struct hm_alert_counters counters;
	size_t absent;  /* DTUs that do not answer */
	struct hm_clock_steps steps;
	int64_t now;    /* of the last record, by a clock that was never set */
	int64_t set;    /* by how much that record's clock was */
	int64_t looked; /* of the last check of all devices */
	char line[HM_ALERT_LINE_MAX];
};

/* The device that a record or an alarm is about. */
struct hm_alert_subject {
	struct hm_alert_dtu *dtu;
	struct hm_alert_inverter *inverter; /* NULL: the DTU itself */
	struct hm_alert_port *port;       /* NULL: the whole inverter */
	bool stale; /* of a DTU: its alarm about repeated readings */
};

/* alert_judge.c */

/* A time by a clock that was never set, by the clock as it is. */
int64_t hm_alert_wall(const struct hm_alert *alert, int64_t time);

/* A DTU has answered. */
void hm_alert_answered(struct hm_alert *alert, struct hm_alert_dtu *dtu);

/* A DTU has sent new readings, or repeated its last ones. */
void hm_alert_freshness(struct hm_alert *alert, struct hm_alert_dtu *dtu,
    bool stale);

/* An inverter's temperature in thousandths; or its record has none. */
void hm_alert_temperature(struct hm_alert *alert,
    const struct hm_alert_subject *at, int64_t temperature);
void hm_alert_silence(struct hm_alert *alert,
    const struct hm_alert_subject *at, int64_t now);

/* The fault of a battery, 0 for none: two readings in a row begin an alarm. */
void hm_alert_fault(struct hm_alert *alert, const struct hm_alert_subject *at,
    int64_t code);

/* All readings of a poll have come. */
void hm_alert_judge(struct hm_alert *alert, struct hm_alert_dtu *dtu);

/* Check all devices, unless the last check was within HM_ALERT_LOOK. */
void hm_alert_look_around(struct hm_alert *alert, int64_t now);

#endif
