#ifndef HM_HA_DEVICE_H
#define HM_HA_DEVICE_H

#include "base/decimal.h"
#include "base/hash.h"
#include "ha_confirmed.h"
#include "ha_entity.h"
#include "ha_radio.h"
#include "ha_values.h"
#include "record/alert_kind.h"
#include "record/dtu_name.h"
#include "record/freshness.h"

/*
 * What hm-ha-discovery remembers: DTUs, their devices, and the announced
 * entities of each. A full table refuses new entries. The key of a device is
 * its kind and serial: for Home Assistant a device that two DTUs report is one.
 */

#define HM_HA_DTUS_MAX ((size_t)1024)
#define HM_HA_DEVICES_MAX ((size_t)16384)
#define HM_HA_GROUPS_MAX ((size_t)49152)
#define HM_HA_ENERGIES_MAX ((size_t)2 * HM_HA_GROUPS_MAX)

#define HM_HA_FACT_MAX ((size_t)31)   /* bytes, escapes included */
#define HM_HA_HOST_MAX ((size_t)253)  /* the same */

enum hm_ha_state { HM_HA_UNHEARD, HM_HA_ONLINE, HM_HA_OFFLINE };

/* Orders differ between the protocols. */
enum hm_ha_protocol { HM_HA_PROTOCOL_UNKNOWN, HM_HA_HM, HM_HA_MODBUS };

/* Lowest limits, in %; docs/control.md. */
#define HM_HA_PERCENT_MIN 2
#define HM_HA_PERCENT_MIN_MI 10

#define HM_HA_RESULTS 8 /* that may come again, of a DTU */

/* What has become of a command. Texts are as in the record, or empty. */
struct hm_ha_command_result {
	struct hm_slice state, action, id, serial, error, text;
};

#define HM_HA_WAITING_MAX ((size_t)512) /* bytes; longer texts are left out */

/* The last result about a DTU that is not announced yet. */
struct hm_ha_waiting {
	struct hm_ha_command_result result; /* of `bytes`; no state: none */
	size_t used;
	char bytes[HM_HA_WAITING_MAX];
};

/* What commands a DTU takes, and what came of them; with control_enabled. */
struct hm_ha_control {
	enum hm_ha_protocol protocol;
	bool has_mi;       /* an inverter of the MI series */
	int64_t watts_max; /* largest temporary limit; 0: it takes none */
	bool announced;
	struct hm_ha_confirmed confirmed;
	struct hm_ha_waiting waiting;
	uint64_t result[HM_HA_RESULTS]; /* hashes of the last, 0: none */
	size_t results;
};

/* A DTU, which has an availability topic. */
struct hm_ha_dtu {
	struct hm_hash_item item;
	char name[HM_DTU_NAME_MAX];
	size_t name_length;
	enum hm_ha_state state; /* as last published */
	bool lists_alarms; /* has sent a list of alarms */
	int64_t listed; /* time of that list, by the DTU's clock if it is set */
	struct hm_freshness freshness;
	char serial[HM_HA_SERIAL_MAX + 1]; /* empty until announced */
	char host[HM_HA_HOST_MAX + 1]; /* as in its record; empty: unknown */
	bool host_shown;
	struct hm_ha_control control;
	struct hm_ha_device *devices; /* that belong to it */
};

enum hm_ha_fact {
	HM_HA_MODEL,
	HM_HA_FIRMWARE,
	HM_HA_HARDWARE,
	HM_HA_SIGNAL,
	HM_HA_FACTS
};

/* A fact about a device, as in its record. */
struct hm_ha_known {
	char text[HM_HA_FACT_MAX + 1]; /* empty: not known */
	bool by_info;                  /* from an info record */
};

/* What has been announced of a group, or of a device. */
struct hm_ha_said {
	bool ever;          /* there was an announcement */
	bool news;          /* there is more to announce */
	int64_t last;       /* time of the last announcement */
	uint64_t described; /* the device's fingerprint in that announcement */
};

/* An energy of a group, as in the last record that has it. */
struct hm_ha_energy {
	struct hm_ha_energy *next; /* of the group, or NULL */
	enum hm_field_id id;
	char text[HM_DECIMAL_TEXT];
};

/* An alert, as in its last record. */
struct hm_ha_alerted {
	bool on;
	int64_t start, seen; /* 0: none */
};

#define HM_HA_ALARMS 16 /* of a device at most; more have no events */

/* An alarm in the lists of a DTU. */
struct hm_ha_alarm {
	int64_t code, start; /* start 0: unknown */
	int64_t seen;        /* time of the last list with it; 0: no alarm */
	const struct hm_ha_dtu *dtu; /* whose list that was */
	bool lasts;
};

/* One instance of a part: the entities that share a state topic. */
struct hm_ha_group {
	struct hm_ha_group *next; /* of the device, or NULL */
	enum hm_ha_part part;
	uint8_t port; /* of HM_HA_PORT, else 0 */
	struct hm_field_set announced, due;
	unsigned alerts, alerts_due; /* as these: a bit for each kind */
	unsigned extras, extras_due; /* a bit for each hm_ha_extra */
	unsigned alerts_unknown;     /* no state sent yet */
	int64_t alerts_since;        /* announced at */
	struct hm_ha_alerted alerted[HM_ALERT_KINDS];
	struct hm_ha_said said;      /* unless by_device */
	int64_t shown; /* time of the last reading; 0: none, or given up */
	struct hm_ha_energy *energies;
};

struct hm_ha_device {
	struct hm_hash_item item;
	enum hm_scope kind;
	char serial[HM_HA_SERIAL_MAX + 1]; /* of its inverter if of_inverter */
	struct hm_ha_dtu *dtu;
	/* It stands behind this one, which has entities; NULL: behind `dtu`. */
	const struct hm_ha_device *inverter;
	struct hm_ha_device *next_of_dtu;
	struct hm_ha_group *groups;
	struct hm_ha_said said;        /* if by_device */
	bool is_due;                   /* in the list of devices to announce */
	struct hm_ha_device *next_due;
	struct hm_ha_known known[HM_HA_FACTS];
	struct hm_ha_radio radio; /* of an inverter */
	int64_t alarm_code, alarm_start; /* of the alarm shown; code 0: none */
	/* Of the active alarm that began last in the list of this time. */
	int64_t listed_code, listed_start, listed_time;
	struct hm_ha_alarm alarm[HM_HA_ALARMS];
};

struct hm_ha_table;

/* NULL if there is no memory. */
struct hm_ha_table *hm_ha_table_new(void);
void hm_ha_table_free(struct hm_ha_table *table);

/*
 * Find an entry, or add it; NULL if the table is full. It is valid as long as
 * the table. A name must be valid for hm_topic_dtu, a serial for
 * hm_ha_serial_valid.
 */
struct hm_ha_dtu *hm_ha_table_dtu(struct hm_ha_table *table,
    struct hm_slice name);
struct hm_ha_dtu *hm_ha_table_find_dtu(const struct hm_ha_table *table,
    struct hm_slice name); /* NULL if it is not there */
struct hm_ha_device *hm_ha_table_device(struct hm_ha_table *table,
    enum hm_scope kind, struct hm_slice serial);
struct hm_ha_group *hm_ha_table_group(struct hm_ha_table *table,
    struct hm_ha_device *device, enum hm_ha_part part, uint8_t port);
struct hm_ha_energy *hm_ha_table_energy(struct hm_ha_table *table,
    struct hm_ha_group *group, enum hm_field_id id);

/* The device after `device`, or the first one; NULL at the end. */
struct hm_ha_device *hm_ha_table_next(const struct hm_ha_table *table,
    const struct hm_ha_device *device);

/* NULL if there is no such device or group. */
struct hm_ha_device *hm_ha_table_find(const struct hm_ha_table *table,
    enum hm_scope kind, struct hm_slice serial);
struct hm_ha_group *hm_ha_device_group(const struct hm_ha_device *device,
    enum hm_ha_part part, uint8_t port);

/*
 * Remember the facts in a record. A reading does not replace facts of an info
 * record: the model in a reading is less exact.
 */
void hm_ha_device_learn(struct hm_ha_device *device,
    const struct hm_ha_values *values, bool from_info);

/* Add the device's facts that the values lack. */
void hm_ha_device_recall(const struct hm_ha_device *device,
    struct hm_ha_values *values);

/*
 * The serial of the device's inverter, or of its DTU; empty if it is unknown,
 * or if the device is that DTU.
 */
const char *hm_ha_device_via(const struct hm_ha_device *device);

/*
 * What tells the topics of the device from those of others: its serial, and for
 * one with the serial of its inverter the prefix: 214322440207_battery.
 */
#define HM_HA_ID_MAX (HM_HA_SERIAL_MAX + HM_HA_PREFIX_MAX)
void hm_ha_device_id(const struct hm_ha_device *device,
    char id[HM_HA_ID_MAX]);

/* A hash of all that discovery messages contain about the device itself. */
uint64_t hm_ha_device_fingerprint(const struct hm_ha_device *device);

#endif
