#ifndef HM_ALERT_TABLE_H
#define HM_ALERT_TABLE_H

#include "alert_offline.h"
#include "alert_production.h"
#include "alert_temperature.h"
#include "base/slice.h"

/*
 * What hm-alert remembers: DTUs, the inverters and inputs behind them, and
 * what is wrong with each. It grows with the plant, up to a limit.
 */

#define HM_ALERT_ENTRIES ((size_t)65536) /* DTUs, inverters and inputs */
#define HM_ALERT_OF_ONE HM_DROP_GROUP_MAX /* parts of one of them */

#define HM_ALERT_NAME_MAX ((size_t)120)
#define HM_ALERT_SERIAL_MAX ((size_t)32)
#define HM_ALERT_TEXT_MAX ((size_t)160)

/* An alarm, or the place for one. */
struct hm_alert_state {
	bool on;
	int64_t start;
	int64_t told; /* when it was last written */
	char text[HM_ALERT_TEXT_MAX];
};

struct hm_alert_input {
	struct hm_alert_input *next; /* of the inverter */
	int64_t port;
	int64_t time;  /* of the last reading */
	int64_t power; /* then, in mW; negative: not known */
	struct hm_drop_input drop;
	struct hm_alert_state alarm;
};

struct hm_alert_inverter {
	struct hm_alert_inverter *next; /* of the DTU */
	char serial[HM_ALERT_SERIAL_MAX + 1];
	int64_t time;        /* of the last record of it or an input */
	int64_t limited;     /* time of the last record that tells a limit */
	struct hm_alert_input *inputs;
	size_t count;
	struct hm_drop_group group; /* of its inputs, if there are more */
	struct hm_heat heat;
	struct hm_alert_state alarm;
};

struct hm_alert_dtu {
	struct hm_alert_dtu *next; /* of the table */
	char name[HM_ALERT_NAME_MAX];
	size_t name_length;
	char serial[HM_ALERT_SERIAL_MAX + 1]; /* empty: not known */
	int64_t time; /* of the last dtu record */
	bool dark; /* without power, or nearly, when last heard */
	struct hm_alert_inverter *inverters;
	size_t count;
	struct hm_drop_group group; /* of inverters that have one input */
	struct hm_away away;
	char error[HM_ALERT_TEXT_MAX]; /* of the last poll that failed */
	struct hm_alert_state alarm;
};

struct hm_alert_table;

/* NULL if there is no memory. */
struct hm_alert_table *hm_alert_table_new(void);
void hm_alert_table_free(struct hm_alert_table *table);

/* The first DTU, from which the others follow; NULL if there is none. */
struct hm_alert_dtu *hm_alert_table_dtus(const struct hm_alert_table *table);

/*
 * Find, or add what is not there; NULL if there is no room. Names and serials
 * are not longer than their limits. What they return lives as long as the
 * table.
 */
struct hm_alert_dtu *hm_alert_table_dtu(struct hm_alert_table *table,
    struct hm_slice name);
struct hm_alert_inverter *hm_alert_table_inverter(struct hm_alert_table *table,
    struct hm_alert_dtu *dtu, struct hm_slice serial);
struct hm_alert_input *hm_alert_table_input(struct hm_alert_table *table,
    struct hm_alert_inverter *inverter, int64_t port);

#endif
