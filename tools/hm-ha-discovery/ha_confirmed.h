#ifndef HM_HA_CONFIRMED_H
#define HM_HA_CONFIRMED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "record/command.h"

/*
 * What readings and results have confirmed of a DTU: its limits, and whether
 * its inverters feed in. Never what a command asks for. No records and no
 * clock: limits are in 0.1 % and 0.1 W, times in s since 1970.
 *
 * The broker keeps what was confirmed before a restart, which is true until
 * something speaks against it. So a value has three states: not known in this
 * run; known; and denied, which takes back what an earlier message said.
 */

enum hm_ha_belief { HM_HA_NOT_KNOWN, HM_HA_DENIED, HM_HA_KNOWN };

struct hm_ha_confirmed_value {
	enum hm_ha_belief belief;
	int64_t value; /* if it is known */
};

/* The inverters of the poll that is being read. */
struct hm_ha_round {
	int64_t seconds; /* its time; 0: none */
	size_t inverters, heard, producing;
	size_t limits; /* inverters that are heard and show a limit */
	int64_t limit; /* of the first of them */
	bool differ;
};

struct hm_ha_confirmed {
	struct hm_ha_confirmed_value percent; /* limit that is kept */
	struct hm_ha_confirmed_value watts;   /* temporary limit */
	struct hm_ha_confirmed_value on;      /* 0 or 1 */
	bool is_new;       /* not sent yet */
	bool shows_limits; /* an inverter has shown its own limit */
	bool was_heard;    /* an inverter, in this run */
	bool limit_waits;  /* limit_of_dtu, until an inverter is heard */
	int64_t limit_of_dtu;
	int64_t least, watts_max; /* see hm_ha_confirmed_bound */
	struct hm_ha_round round;
};

/*
 * Set the lowest kept limit and the highest temporary one that can be set,
 * before all else. What is out of bounds counts as not known: Home Assistant
 * would log an error.
 */
void hm_ha_confirmed_bound(struct hm_ha_confirmed *c, int64_t least,
    int64_t watts_max);

/* One inverter of a poll. */
struct hm_ha_seen {
	bool heard;     /* its readings are current */
	bool producing; /* it feeds in */
	int64_t limit;  /* 0: it shows none */
};

void hm_ha_confirmed_see(struct hm_ha_confirmed *c, int64_t seconds,
    const struct hm_ha_seen *seen);

/*
 * The poll is over. `all` inverters belong to the DTU, and feed in `power`
 * (0.1 W) together; negative: not known.
 */
void hm_ha_confirmed_look(struct hm_ha_confirmed *c, int64_t seconds,
    int64_t all, int64_t power);

/*
 * The DTU shows a limit for all its inverters. It may be an old one: it counts
 * once an inverter is heard, if none has shown its own by then.
 */
void hm_ha_confirmed_limit(struct hm_ha_confirmed *c, int64_t percent);

/*
 * A temporary limit cannot be known: the DTU is offline, and its inverters may
 * restart meanwhile; or it may be from before this run (`of_earlier_run`).
 */
void hm_ha_confirmed_forget(struct hm_ha_confirmed *c, bool of_earlier_run);

/* The final result of an order, which was for a part of the inverters only. */
void hm_ha_confirmed_result(struct hm_ha_confirmed *c, enum hm_action action,
    const struct hm_result *result, bool is_part);

#endif
