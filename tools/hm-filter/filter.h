#ifndef HM_FILTER_H
#define HM_FILTER_H

#include "config/config.h"
#include "guard.h"

/*
 * What hm-filter does to records: it drops some, and rewrites fields of others.
 * Unchanged records pass byte for byte.
 */

struct hm_filter;

struct hm_filter_counters {
	uint64_t dropped; /* records */
	uint64_t unmultiplied; /* unchanged: the product is not exact */
};

/*
 * Reads the settings only, exclude, fresh, keep, drop, multiply and rename. The
 * configuration is borrowed. NULL if there is no memory, or if the settings
 * have mistakes: these are logged, and *mistakes is set. The guard may be NULL
 * if the settings are only checked. Freed by hm_filter_free.
 */
struct hm_filter *hm_filter_new(const struct hm_config *config,
    struct hm_guard *guard, bool *mistakes);
void hm_filter_free(struct hm_filter *filter);

/* Whether records of a type need to be parsed for hm_filter_record. */
bool hm_filter_takes(const struct hm_filter *filter, struct hm_slice type);

/* Whether records of a type can pass. */
bool hm_filter_passes(const struct hm_filter *filter, struct hm_slice type);

/*
 * Filter a record: *out is its line, changed or not, valid until the next call.
 * False if it is dropped. *problem is NULL, or the reason why the record passes
 * without its energies.
 */
bool hm_filter_record(struct hm_filter *filter, struct hm_slice type,
    struct hm_slice line, const struct hm_record *record,
    struct hm_slice *out, const char **problem);

const struct hm_filter_counters *hm_filter_counters(
    const struct hm_filter *filter);

#endif
