#ifndef HM_LEDGER_H
#define HM_LEDGER_H

#include <stddef.h>

#include "base/decimal.h"
#include "base/slice.h"
#include "dtu_energy.h"
#include "energy.h"
#include "inverter_part.h"
#include "record/device_map.h"
#include "record/fields.h"
#include "record/types.h"

/*
 * What the energy guard knows about each port, and about each counter of a
 * hybrid inverter, under its inverter and DTU, so that one DTU never affects
 * the sums of another.
 */

#define HM_LEDGER_SERIAL 32
#define HM_LEDGER_ENTRIES 300000 /* DTUs, inverters and ports in all */
#define HM_LEDGER_INVERTERS 1000 /* of a DTU */
#define HM_LEDGER_PORT_MAX 255

struct hm_ledger_port {
	struct hm_port_key key;
	struct hm_energy energy;
	struct hm_inverter_part part;
	int64_t touched; /* time of the reading that changed it */
	int64_t warned; /* time of the last logged refusal; 0: none */
	bool changed;  /* since the last save */
	bool noted;    /* the same, in what can be saved later */
	bool kept;     /* it has a row in the database */
	bool forgotten; /* its row was deleted by another process */
	bool absent;   /* was forgotten: it has its part and nothing else */
};

/*
 * An inverter, whose key has the number 0; or the counters that a hybrid
 * inverter has in records of one type. They are ports here, by the hm_field_id
 * of their energy of the day.
 */
struct hm_ledger_inverter {
	struct hm_device_key key;
	int64_t watts; /* of a port; 0: not known */
	int64_t inputs; /* whose watts add up to those of the inverter */
	bool awake;    /* as in its last record; true before the first */
	bool hybrid;   /* it has had such records */
};

/* Sums over a DTU's inverters since its last dtu record. */
struct hm_sums {
	struct hm_decimal pv_power, active_power;
	int64_t time; /* of the records in the sums */
	int64_t today, total; /* -1: a part is unknown */
	int64_t inverters, online, ports;
	bool alarm;
};

struct hm_ledger_dtu {
	struct hm_dtu_key key;
	struct hm_sums sums;
	struct hm_dtu_energy energy;
	int64_t raised; /* time of the last poll that may raise its totals */
	bool changed; /* it or one of its ports, since the last save */
};

struct hm_ledger;

/* NULL if there is no memory. Freed by hm_ledger_free. */
struct hm_ledger *hm_ledger_new(void);
void hm_ledger_free(struct hm_ledger *ledger);

/*
 * Find an entry, or add it. The ledger owns it; it is valid until it is
 * dropped. NULL if there is no memory or the ledger is full, if the name is
 * longer than HM_DTU_NAME_MAX, or the port not within 0 to HM_LEDGER_PORT_MAX.
 */
struct hm_ledger_dtu *hm_ledger_dtu(struct hm_ledger *ledger,
    struct hm_slice name);
struct hm_ledger_inverter *hm_ledger_inverter(struct hm_ledger *ledger,
    struct hm_ledger_dtu *dtu, struct hm_slice serial);
struct hm_ledger_port *hm_ledger_port(struct hm_ledger *ledger,
    struct hm_ledger_inverter *inverter, int64_t port);

/*
 * As hm_ledger_inverter, for the counters in records of a type; and the type of
 * such counters, which those of an inverter do not have: HM_SCOPES.
 */
struct hm_ledger_inverter *hm_ledger_counters(struct hm_ledger *ledger,
    struct hm_ledger_dtu *dtu, struct hm_slice serial, enum hm_scope scope);

static inline bool
hm_ledger_is_inverter(const struct hm_ledger_inverter *inverter)
{
	return inverter->key.number == 0;
}

enum hm_scope hm_ledger_scope(const struct hm_ledger_inverter *counters);

/* As hm_ledger_port, for the counter of a field. */
struct hm_ledger_port *hm_ledger_counter(struct hm_ledger *ledger,
    struct hm_ledger_inverter *counters, enum hm_field_id today);

/* Find the entry of a port. NULL if there is none, or the port is absent. */
struct hm_ledger_port *hm_ledger_find_port(
    const struct hm_ledger_inverter *inverter, int64_t port);

/* As hm_ledger_port; a new entry is absent, and one that is there stays so. */
struct hm_ledger_port *hm_ledger_absent_port(struct hm_ledger *ledger,
    struct hm_ledger_inverter *inverter, int64_t port);

/*
 * Mark a port or a DTU as changed, to be saved before the next write; whether
 * anything is marked.
 */
void hm_ledger_touch(struct hm_ledger *ledger, struct hm_ledger_dtu *dtu,
    struct hm_ledger_port *port);
void hm_ledger_touch_dtu(struct hm_ledger *ledger, struct hm_ledger_dtu *dtu);

bool hm_ledger_has_changes(const struct hm_ledger *ledger);

/*
 * Mark a port as changed in what is not shown, and need not be saved before the
 * next write. At the end hm_ledger_touch_noted marks all these as changed.
 */
void hm_ledger_note(struct hm_ledger *ledger, struct hm_ledger_port *port);
void hm_ledger_touch_noted(struct hm_ledger *ledger);

/* The first DTU; hm_dtu_next of its key gives the others. NULL: none. */
struct hm_ledger_dtu *hm_ledger_first(const struct hm_ledger *ledger);

/* What hm_ledger_visit calls; false ends the visit. */
typedef bool hm_ledger_visitor(void *context, struct hm_ledger_dtu *dtu,
    const struct hm_ledger_inverter *inverter, struct hm_ledger_port *port);

/*
 * Visit all ports and counters, absent ones, too, or those that have changed.
 * False if a visitor ended it.
 */
bool hm_ledger_visit(const struct hm_ledger *ledger, bool changed_only,
    hm_ledger_visitor *visitor, void *context);

/* Clear the marks of changes, after a save. */
void hm_ledger_saved(struct hm_ledger *ledger);

/* Drop the ports that are marked as forgotten; their parts stay. */
void hm_ledger_drop_forgotten(struct hm_ledger *ledger);

#endif
