#ifndef HM_LIMIT_INVERTERS_H
#define HM_LIMIT_INVERTERS_H

#include "record/dtu_name.h"
#include "record/record.h"

/*
 * The inverters of the one DTU that gets the orders: what they are rated for,
 * and what they give.
 */

#define HM_LIMIT_INVERTERS_MAX ((size_t)100)

struct hm_limit_inverter {
	char serial[33];
	int64_t watts; /* rated; 0: not known */
	bool exact;    /* no name of several models */
	bool weak;     /* an MI: its limit is at least 10 % */
};

struct hm_limit_inverters {
	char dtu[HM_DTU_NAME_MAX + 1]; /* empty: the first that is seen */
	struct hm_limit_inverter inverter[HM_LIMIT_INVERTERS_MAX];
	size_t count;
	int64_t listed; /* by the DTU; 0: not known */
};

/* False if the record is of another DTU, or names none. */
bool hm_limit_inverters_own(struct hm_limit_inverters *all,
    const struct hm_record *record);

/*
 * Read an inverter's record, or its info record. NULL, or why it cannot be
 * used, a static text.
 */
const char *hm_limit_inverters_read(struct hm_limit_inverters *all,
    const struct hm_record *record);

/*
 * Read the record of the DTU, which ends a poll. False if it does not tell the
 * power, or repeats it. *watts is that of all inverters.
 */
bool hm_limit_inverters_power(struct hm_limit_inverters *all,
    const struct hm_record *record, int64_t *watts);

/*
 * What all inverters are rated for together, in watts; 0 if one of them is not
 * known. *exact: no name of several models is among them.
 */
int64_t hm_limit_inverters_rated(const struct hm_limit_inverters *all,
    bool *exact);

/* The lowest limit that all of them take, in percent. */
int64_t hm_limit_inverters_least(const struct hm_limit_inverters *all);

#endif
