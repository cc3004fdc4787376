#ifndef HM_ALERT_PRODUCTION_H
#define HM_ALERT_PRODUCTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Decides whether a port gives less than the ports beside it, its peers.
 *
 * Clouds and dusk dim all peers, so the power of a port is compared with the
 * median of the others, times the port's usual share. Panels that face another
 * way, or are in a shadow at some hour, give less than their share at times: so
 * the lowest ratio is learnt for each port, hour of the day and class of light,
 * and only a ratio clearly below it is a loss. A loss that lasts is an alarm.
 * docs/alerts.md has the numbers.
 *
 * No clock and no I/O. Powers are in mW, times in seconds since 1970, ratios in
 * thousandths.
 */

#define HM_DROP_PEERS_MAX ((size_t)128) /* ports; more are ignored */

#define HM_DROP_HOURS 24
#define HM_DROP_LIGHTS 4

#define HM_DROP_POWER 30000      /* least expected power of a judged port */
#define HM_DROP_DAYS 3           /* days to learn a cell */
#define HM_DROP_FORGET 30        /* days until a cell is forgotten */
#define HM_DROP_SECONDS 1800     /* a loss that lasts this long is an alarm */
#define HM_DROP_GOOD_SECONDS 600 /* a good ratio for this long ends it */
#define HM_DROP_READINGS 5       /* fewest readings to raise or end an alarm */
#define HM_DROP_GAP 3600         /* seconds without readings that end a row */

/* The lowest ratio of a port in one hour of the day and class of light. */
struct hm_drop_cell {
	uint16_t low;  /* power divided by expected power */
	uint16_t day;  /* the last day it was learnt on, since 1970 */
	uint8_t days;  /* days it was learnt on; 0: nothing is known */
};

/* The lowest ratio of the current hour, not learnt yet. */
struct hm_drop_seen {
	uint16_t low;
	uint16_t seconds;
};

/* All zeros is a port without readings. */
struct hm_drop_port {
	int64_t last;   /* time of the last reading; 0: none yet */
	int64_t mean;   /* mean power in light, in uW */
	int64_t light;  /* seconds in that mean */
	int64_t smooth; /* mean ratio of the last minutes */
	/* Readings in a row that show a loss, or its end; or 0. */
	int64_t since, readings;
	bool dropped;
	/* The last loss that became an alarm. */
	int64_t began, given, expected, ratio;
	uint8_t lost_hour, lost_light;
	struct hm_drop_seen seen[HM_DROP_LIGHTS];
	struct hm_drop_cell cell[HM_DROP_HOURS][HM_DROP_LIGHTS];
};

/* Ports that are compared. All zeros before the first check. */
struct hm_drop_peers {
	int64_t last; /* time of the last check */
	int64_t hour; /* since 1970 */
};

/* The current reading of a port. */
struct hm_drop_reading {
	struct hm_drop_port *port;
	bool present; /* online; `power` is known */
	int64_t power;
};

/*
 * Judge the readings of all peers, and set `dropped` of each port. A loss of
 * less than `threshold`, in thousandths of the expected power, is ignored.
 */
void hm_drop_look(struct hm_drop_peers *peers,
    const struct hm_drop_reading *reading, size_t count, int64_t now,
    int64_t threshold);

#endif
