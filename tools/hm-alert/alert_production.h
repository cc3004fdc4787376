#ifndef HM_ALERT_PRODUCTION_H
#define HM_ALERT_PRODUCTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Whether a port gives less than the ports beside it say it should.
 *
 * Clouds and dusk dim all ports that are peers, so each is compared with the
 * middle one of the others, by its usual share of their power. Panels
 * that face another way, or are in a shadow at some hour, give less than their
 * share at times: what the share has been at least, in this hour of the day
 * and in this much light, is learnt for each port, and only what is clearly
 * below that is a loss. A loss that lasts is an alarm. docs/alerts.md says it
 * with numbers.
 *
 * There is no clock and no I/O in here. Powers are in mW, times in seconds
 * since 1970, ratios in thousandths.
 */

#define HM_DROP_PEERS_MAX ((size_t)128) /* ports; more are ignored */

#define HM_DROP_HOURS 24
#define HM_DROP_LIGHTS 4

#define HM_DROP_POWER 30000      /* a port is judged from here on, in mW */
#define HM_DROP_DAYS 3           /* days to learn in an hour and light */
#define HM_DROP_FORGET 30        /* days until that is forgotten */
#define HM_DROP_SECONDS 1800     /* a loss that lasts this long is an alarm */
#define HM_DROP_GOOD_SECONDS 600 /* which ends after this long without a loss */
#define HM_DROP_READINGS 5       /* readings that both need at least */
#define HM_DROP_GAP 3600         /* longer than this is a gap */

/* The lowest ratio of a port in one hour of the day and class of light. */
struct hm_drop_cell {
	uint16_t low;  /* ratio to the power expected from the others */
	uint16_t day;  /* the last that it was learnt on, since 1970 */
	uint8_t days;  /* that it was learnt on; 0: nothing is known */
};

/* The same for the present hour, not learnt yet. */
struct hm_drop_seen {
	uint16_t low;
	uint16_t seconds;
};

/* All zeros is a port without readings. */
struct hm_drop_port {
	int64_t last;   /* time of the last reading, 0: there was none */
	int64_t mean;   /* mean power in light, in uW */
	int64_t light;  /* seconds that this mean is of */
	int64_t smooth; /* ratio of late */
	int64_t since, readings; /* of a row of like readings, or 0 */
	bool dropped;
	/* When the last lasting loss was seen. */
	int64_t began, given, expected, ratio;
	uint8_t lost_hour, lost_light;
	struct hm_drop_seen seen[HM_DROP_LIGHTS];
	struct hm_drop_cell cell[HM_DROP_HOURS][HM_DROP_LIGHTS];
};

/* Ports that are compared. All zeros: they were never checked. */
struct hm_drop_peers {
	int64_t last; /* time of the last check */
	int64_t hour; /* since 1970 */
};

/* One of the peers at this moment. */
struct hm_drop_reading {
	struct hm_drop_port *port;
	bool present; /* and awake, so that `power` is known */
	int64_t power;
};

/*
 * Judge the readings of all peers. The result is in `dropped` of each;
 * `threshold` is the part of the power whose loss matters.
 */
void hm_drop_look(struct hm_drop_peers *peers,
    const struct hm_drop_reading *reading, size_t count, int64_t now,
    int64_t threshold);

#endif
