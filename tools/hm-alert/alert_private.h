#ifndef HM_ALERT_PRIVATE_H
#define HM_ALERT_PRIVATE_H

#include "alert.h"
#include "alert_table.h"

/* What alert.c and alert_judge.c share. */

#define HM_ALERT_LINE_MAX ((size_t)2048)
#define HM_ALERT_LOOK 5 /* seconds between two looks at everything */

struct hm_alert {
	struct hm_alert_options options;
	struct hm_away_rules away;
	struct hm_device_map table;
	struct hm_alert_counters counters;
	size_t absent;  /* DTUs that do not answer */
	int64_t now;    /* of the last record */
	int64_t looked; /* when everything was looked at last */
	char line[HM_ALERT_LINE_MAX];
};

/* What a record or an alarm is about. */
struct hm_alert_subject {
	struct hm_alert_dtu *dtu;
	struct hm_alert_inverter *inverter; /* NULL: the DTU itself */
	struct hm_alert_port *port;       /* NULL: all of it */
};

/* alert_judge.c: what follows, and the alarms that are told of it. */

/* A DTU has answered. */
void hm_alert_answered(struct hm_alert *alert, struct hm_alert_dtu *dtu);

/* A temperature of an inverter, in thousandths; or that it tells none. */
void hm_alert_temperature(struct hm_alert *alert,
    const struct hm_alert_subject *at, int64_t temperature);
void hm_alert_silence(struct hm_alert *alert,
    const struct hm_alert_subject *at, int64_t now);

/* All readings of a poll are there. */
void hm_alert_judge(struct hm_alert *alert, struct hm_alert_dtu *dtu);

/* Time has passed: look at everything, if that was not done just now. */
void hm_alert_look_around(struct hm_alert *alert, int64_t now);

#endif
