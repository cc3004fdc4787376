#ifndef HM_TOLD_H
#define HM_TOLD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/decimal.h"
#include "base/json_writer.h"
#include "record.h"
#include "told_hours.h"

/*
 * What a hybrid inverter is told, as members of `command` records, and what it
 * shows of that, as members of `result` records. docs/records.md has the keys.
 */

enum hm_told_part {
	HM_TOLD_MODE,        /* an enum hm_working_mode */
	HM_TOLD_RESERVE_SOC, /* charge that the mode keeps or aims at, % */
	HM_TOLD_MAX_POWER,   /* 0.1 % of the rated power */
	HM_TOLD_PEAK_SOC,    /* charge that peak shaving keeps, % */
	HM_TOLD_PEAK_POWER,  /* from the grid, above which it helps, W */
	HM_TOLD_SOC_MIN,     /* in every mode, % */
	HM_TOLD_SOC_MAX,
	HM_TOLD_UNLIMITED,   /* 1: there is no limit of the export */
	HM_TOLD_HOURS,       /* of time of use; how many there are */
	HM_TOLD_PARTS
};

#define HM_TOLD_BIT(part) (1u << (part))

/* All zeros: nothing. Values of parts that it has not are 0. */
struct hm_told {
	unsigned has; /* a bit for each part */
	int64_t value[HM_TOLD_PARTS];
	struct hm_told_hours hours[HM_TOLD_HOURS_MAX];
};

const char *hm_told_key(enum hm_told_part part);
const char *hm_told_unit(enum hm_told_part part); /* "" if it has none */
struct hm_decimal hm_told_decimal(const struct hm_told *told,
    enum hm_told_part part);

bool hm_told_has(const struct hm_told *told, enum hm_told_part part);
void hm_told_put(struct hm_told *told, enum hm_told_part part, int64_t value);
bool hm_told_is_same(const struct hm_told *a, const struct hm_told *b);

/* The part that a member with this key is; false if it is none. */
bool hm_told_part_of(struct hm_slice key, enum hm_told_part *part);

/*
 * Read the parts that a record has. NULL, or what is wrong with one of them, as
 * a phrase. Bounds are not checked.
 */
const char *hm_told_read(struct hm_told *told, const struct hm_record *record);

/*
 * The parts for people, a space before each: " self_use reserve_soc 30 %". Of
 * hours it says how many there are.
 */
#define HM_TOLD_TEXT ((size_t)200)
void hm_told_describe(const struct hm_told *told, char out[HM_TOLD_TEXT]);

/* Write the parts as members. */
void hm_json_told(struct hm_json *e, const struct hm_told *told);

#endif
