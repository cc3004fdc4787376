#ifndef HM_LEDGER_H
#define HM_LEDGER_H

#include <stddef.h>

#include "base/decimal.h"
#include "base/slice.h"
#include "energy.h"

/*
 * What the energy guard knows of every DTU, its inverters and their inputs,
 * each under its DTU: what one DTU does never touches another's sums.
 */

#define HM_LEDGER_NAME 128   /* longest name of a DTU, in bytes */
#define HM_LEDGER_SERIAL 32
#define HM_LEDGER_ENTRIES 300000 /* DTUs, inverters and inputs in all */
#define HM_LEDGER_UNITS 1000     /* of a DTU */
#define HM_LEDGER_PORT_MAX 255

struct hm_input {
	struct hm_input *next;
	int64_t port;
	struct hm_energy energy;
	bool changed;  /* since it was last saved */
	int64_t touched; /* time of the reading that changed it */
	bool kept;     /* it has a row in the database */
	bool forgotten; /* it had one, and others have removed it */
	int64_t told; /* when a refusal was last logged; 0: never */
};

struct hm_unit { /* an inverter */
	struct hm_unit *next;
	struct hm_input *inputs;
	int64_t watts; /* of an input; 0: not known */
	bool awake;    /* by its own record; true before there was one */
	size_t serial_size;
	char serial[HM_LEDGER_SERIAL];
};

/* What a DTU's inverters showed since its own record last came. */
struct hm_group {
	struct hm_decimal pv_power, active_power;
	int64_t time; /* of the records that were added up */
	int64_t today, total; /* -1: one of them was not known */
	int64_t inverters, online;
	bool alarm;
};

struct hm_station { /* a DTU */
	struct hm_station *next;
	struct hm_unit *units;
	size_t unit_count;
	struct hm_group group;
	bool changed; /* an input of it */
	size_t name_size;
	char name[HM_LEDGER_NAME];
};

struct hm_ledger;

/* NULL if there is no memory. Freed by hm_ledger_free. */
struct hm_ledger *hm_ledger_new(void);
void hm_ledger_free(struct hm_ledger *ledger);

/*
 * The entry of that name, made if there is none; it lives until it is
 * pruned. NULL if there is no memory, if the name is too long, the port not
 * within 0 to HM_LEDGER_PORT_MAX, or if there are too many.
 */
struct hm_station *hm_ledger_station(struct hm_ledger *ledger,
    struct hm_slice name);
struct hm_unit *hm_ledger_unit(struct hm_ledger *ledger,
    struct hm_station *station, struct hm_slice serial);
struct hm_input *hm_ledger_input(struct hm_ledger *ledger,
    struct hm_unit *unit, int64_t port);

/* The entry of an input if there is one, or NULL. */
struct hm_input *hm_ledger_find_input(const struct hm_unit *unit,
    int64_t port);

/* All DTUs, by their `next`. */
struct hm_station *hm_ledger_stations(const struct hm_ledger *ledger);

/* Mark an input as changed, and ask whether any is. */
void hm_ledger_touch(struct hm_ledger *ledger, struct hm_station *station,
    struct hm_input *input);
bool hm_ledger_has_changes(const struct hm_ledger *ledger);

/* Whom hm_ledger_visit calls; false ends the visit. */
typedef bool hm_ledger_visitor(void *context, struct hm_station *station,
    const struct hm_unit *unit, struct hm_input *input);

/* Visit all inputs, or those that have changed. False if a visitor ended it. */
bool hm_ledger_visit(const struct hm_ledger *ledger, bool changed_only,
    hm_ledger_visitor *visitor, void *context);

/* All changes have been saved: take the marks off. */
void hm_ledger_saved(struct hm_ledger *ledger);

/* Drop the inputs that are marked as forgotten. */
void hm_ledger_drop_forgotten(struct hm_ledger *ledger);

#endif
