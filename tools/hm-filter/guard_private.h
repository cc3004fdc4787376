#ifndef HM_GUARD_PRIVATE_H
#define HM_GUARD_PRIVATE_H

#include "base/decimal.h"
#include "day_clock.h"
#include "guard.h"
#include "record/dtu_name.h"
#include "record/fields.h"
#include "record/record.h"

/*
 * Shared by guard.c (the parts that all record types need), guard_port.c,
 * guard_inverter.c, guard_dtu.c and guard_part.c (hybrid inverters).
 */

/*
 * What a string of panels, a battery, or a house takes or gives for hours, in
 * W, with 3/2 of it allowed at once; and what the largest plant does, up to
 * which a claim is accepted.
 */
#define HM_GUARD_HYBRID_WATTS 10000
#define HM_GUARD_HYBRID_WATTS_ALL 100000

#define HM_GUARD_ENERGIES ((size_t)64) /* of a record */

struct hm_guard {
	struct hm_guard_options options;
	struct hm_guard_counters counters;
	struct hm_day_clock clock;
	int64_t day_time, day; /* the day of a time, if it is known */
	bool day_known;
	bool warned; /* the warning about a missing database was logged */
	struct hm_guard_energy energies[HM_GUARD_ENERGIES]; /* of an answer */
};

extern const char hm_guard_unidentified[], hm_guard_too_many[];

/* What identifies a record. */
struct hm_guard_identity {
	enum hm_scope scope;
	char name[HM_DTU_NAME_MAX];
	size_t name_size;
	char serial_text[HM_LEDGER_SERIAL];
	struct hm_slice serial; /* hex digits, in lower case */
	int64_t time, day;
	struct hm_ledger_dtu *dtu;
};

/* The number of a field, or `otherwise`. */
int64_t hm_guard_number(const struct hm_record *record, enum hm_field_id field,
    int64_t otherwise);

/* The number of a field with its decimals, or 0. */
struct hm_decimal hm_guard_decimal(const struct hm_record *record,
    enum hm_field_id field);

/*
 * Whether the inverter of a record is awake: 1, 0, or -1 if the record has no
 * such field.
 */
int hm_guard_says_awake(const struct hm_record *record);

/*
 * Running sums over the DTU's records that share one timestamp; a new timestamp
 * resets them.
 */
struct hm_sums *hm_guard_sums(const struct hm_guard_identity *id);

/*
 * Look up the inverter of a record in the ledger, into *inverter. NULL, or why
 * there is none; then *inverter must not be used.
 */
const char *hm_guard_inverter(struct hm_guard *guard,
    const struct hm_guard_identity *id, struct hm_ledger_inverter **inverter);

/* Add to a sum, unless the result would be too large. */
void hm_guard_add(struct hm_decimal *sum, struct hm_decimal more);

/* The sum is unknown, -1, if one of its parts is. */
void hm_guard_add_energy(int64_t *sum, int64_t energy);

/*
 * Whether the port is absent, or has one reading, which none has confirmed for
 * a day.
 */
bool hm_guard_is_phantom(const struct hm_ledger_port *port, int64_t now);

/*
 * Add what a port knows to *context, a struct hm_dtu_parts. Ports of silent
 * inverters get a new day here.
 */
void hm_guard_learn(struct hm_guard *guard, const struct hm_guard_identity *id,
    struct hm_ledger_port *port, void *context);

/*
 * The energy to show: the known one (Wh), or if that is -1, HM_GUARD_OUT; but
 * HM_GUARD_OWN if `may_show` and the ledger does not outlive the process.
 */
int64_t hm_guard_show(const struct hm_guard *guard, int64_t known,
    bool may_show);

bool hm_guard_is_stale(const struct hm_record *record);

/* Log once that the ledger does not outlive the process, if so. */
void hm_guard_warn_of_memory(struct hm_guard *guard);

/*
 * Without a lifetime counter use the device's counter of the day, unless the
 * port has had one before. `counts_days`: a new port, or NULL, may do so.
 */
void hm_guard_use_daily(struct hm_energy_reading *reading,
    const struct hm_ledger_port *port, bool counts_days);

/* Judge a reading of a port, and mark it as changed if it is. */
void hm_guard_take(struct hm_guard *guard, const struct hm_guard_identity *id,
    struct hm_ledger_port *port, const struct hm_energy_reading *reading,
    bool stale);

/*
 * The energy of the day to show, as hm_guard_show. Before the first energy of a
 * port, which may be NULL, 0 Wh of a counter of the day are shown as they are.
 */
int64_t hm_guard_show_today(const struct hm_guard *guard,
    const struct hm_ledger_port *port,
    const struct hm_energy_reading *reading);

/* As hm_guard_look, for one record type each; or for all parts of a hybrid. */
const char *hm_guard_look_at_port(struct hm_guard *guard,
    const struct hm_record *record, const struct hm_guard_identity *id,
    struct hm_guard_answer *answer);
const char *hm_guard_look_at_inverter(struct hm_guard *guard,
    const struct hm_record *record, const struct hm_guard_identity *id,
    struct hm_guard_answer *answer);
const char *hm_guard_look_at_dtu(struct hm_guard *guard,
    const struct hm_record *record, const struct hm_guard_identity *id,
    struct hm_guard_answer *answer);
const char *hm_guard_look_at_part(struct hm_guard *guard,
    const struct hm_record *record, const struct hm_guard_identity *id,
    struct hm_guard_answer *answer);

/*
 * Put all energies that a record of a hybrid inverter can have into the answer,
 * as left out.
 */
void hm_guard_hide_part(struct hm_guard *guard, enum hm_scope scope,
    struct hm_guard_answer *answer);

#endif
