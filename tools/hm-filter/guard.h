#ifndef HM_GUARD_H
#define HM_GUARD_H

#include "base/clock.h"
#include "ledger.h"
#include "record/fields.h"
#include "record/record.h"

/*
 * The energy guard over a stream of readings: it judges each dtu, inverter and
 * port record, and those of hybrid inverters, and decides which energies to
 * show.
 */

struct hm_guard;

struct hm_guard_options {
	struct hm_ledger *ledger; /* borrowed */
	bool judges; /* false: energies are shown unchanged */
	/*
	 * Whether the ledger outlives the process. If not, a port's first
	 * reading is shown without a second one that confirms it.
	 */
	bool remembers;
	int reset_hour; /* local, by base/zone.h */
	/* Serial numbers of inverters to leave out of sums; or NULL. */
	const char *exclude;
};

struct hm_guard_counters {
	uint64_t refused_zeros, refused_falls, refused_spikes, began_anew;
};

/* In place of an energy: drop the field, or keep the record's own. */
#define HM_GUARD_OUT (-1)
#define HM_GUARD_OWN (-2)

/* An energy of a hybrid inverter, by the first field of its key. */
struct hm_guard_energy {
	size_t field; /* hm_field_id */
	int64_t wh;   /* as below */
};

struct hm_guard_answer {
	bool asleep; /* fields of HM_AWAKE mean nothing */
	int64_t today, total; /* Wh, HM_GUARD_OUT or HM_GUARD_OWN */
	/* Until the next record; others are unchanged. */
	const struct hm_guard_energy *energies;
	size_t energies_count;
	bool sums_known; /* they replace the dtu record's own */
	struct hm_sums sums;
};

/* NULL if there is no memory. Freed by hm_guard_free. */
struct hm_guard *hm_guard_new(const struct hm_guard_options *options);
void hm_guard_free(struct hm_guard *guard);

/* Before each record: the clocks, by hm_moment_since_boot. */
void hm_guard_clock(struct hm_guard *guard, const struct hm_moment *now);

/*
 * Judge a record of a scope. NULL, or the reason why it cannot be judged, a
 * static text; then show it without energies. Meters are shown unchanged.
 */
const char *hm_guard_look(struct hm_guard *guard, enum hm_scope scope,
    const struct hm_record *record, struct hm_guard_answer *answer);

const struct hm_guard_counters *hm_guard_counters(
    const struct hm_guard *guard);

/* Whether a list of words holds a serial number; case does not matter. */
bool hm_serial_listed(const char *words, struct hm_slice serial);

#endif
