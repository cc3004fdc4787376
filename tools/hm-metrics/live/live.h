#ifndef HM_LIVE_H
#define HM_LIVE_H

#include "base/clock.h"
#include "base/hash.h"
#include "config/dtu_list.h"
#include "day_curve.h"
#include "db/history_read.h"
#include "record/breaker_state.h"
#include "record/command.h"
#include "record/dtu_name.h"
#include "record/fields.h"
#include "record/poll_errors.h"
#include "record/record.h"

/*
 * The state of the plant, from the records of the stream: for each DTU the
 * results of its polls, for each device its last reading, and the last stats of
 * each tool of the chain. Memory is bounded: what exceeds a bound is counted
 * and left out. A record replaces the last reading of its device as a whole: a
 * field that is absent in it becomes unknown. Only energies stay until a record
 * has newer ones: what was made once stays made.
 */

#define HM_LIVE_DTUS_MAX ((size_t)16384)
#define HM_LIVE_DEVICES_MAX ((size_t)32768)
#define HM_LIVE_ALARMS_MAX ((size_t)256)
#define HM_LIVE_TOOLS_MAX ((size_t)16)
#define HM_LIVE_COUNTERS_MAX ((size_t)32)
#define HM_LIVE_VALUES ((size_t)48) /* fields of a type; a test counts them */
#define HM_LIVE_NAME (HM_DTU_NAME_MAX + 1)
#define HM_LIVE_SERIAL ((size_t)33)
#define HM_LIVE_TEXT ((size_t)64)
#define HM_LIVE_REASON ((size_t)160)
#define HM_LIVE_HINT ((size_t)256)
#define HM_LIVE_HOST ((size_t)256) /* DNS allows 253 bytes */

/* Upper bounds of the histogram of poll durations, in ms. */
#define HM_LIVE_TOOK_BOUNDS 100, 250, 500, 1000, 2500, 5000, 10000, 15000, 30000
#define HM_LIVE_TOOK_BUCKETS 10 /* the last one has no bound */
extern const int64_t hm_live_took_bounds[HM_LIVE_TOOK_BUCKETS - 1];

enum hm_live_state {
	HM_LIVE_UNKNOWN, /* no poll has been reported yet */
	HM_LIVE_ONLINE,
	HM_LIVE_OFFLINE,
};

struct hm_live_dtu {
	struct hm_hash_item item; /* not valid in a copy */
	char name[HM_LIVE_NAME];
	enum hm_live_state state;
	bool breaker_known;
	enum hm_breaker_state breaker;
	int64_t retry_time;    /* of the next poll of an offline DTU, seconds
	                          since 1970; 0: unknown */
	int64_t failures;      /* in a row, as last reported; -1: unknown */
	uint64_t good, failed; /* polls */
	uint64_t errors[HM_ERRORS];
	uint64_t took[HM_LIVE_TOOK_BUCKETS]; /* polls in each bucket */
	uint64_t took_ms;               /* sum */
	int64_t answered;      /* steady ms of the last good poll; 0: none */
	int64_t answered_time; /* its time, seconds since 1970 */
	int64_t heard;         /* steady ms of its last reading; 0: none */
	enum hm_poll_error error;   /* of the last failed poll */
	int64_t error_time;    /* 0: none has failed */
	char reason[HM_LIVE_REASON];
	char hint[HM_LIVE_HINT]; /* what to do about it; empty: nothing */
	char host[HM_LIVE_HOST]; /* where it is read; empty: unknown */
	bool repeats;     /* its last poll repeated the readings before */
	int64_t renewed;  /* steady ms of its last new readings */
	bool dark;        /* its last readings show dusk: little power */
	bool ahead;       /* its last reading has a time in the future */
	uint64_t cleared; /* readings up to this number are not shown */
	const struct hm_dtu *configured; /* NULL: by no setting; borrowed */
	size_t first_device, last_device; /* SIZE_MAX: it has none */
};

struct hm_live_device {
	struct hm_hash_item item; /* not valid in a copy */
	enum hm_scope scope;
	size_t dtu; /* index in hm_live.dtu */
	size_t next; /* device of the same DTU; SIZE_MAX: none */
	char serial[HM_LIVE_SERIAL];
	int64_t port; /* 0: none */
	char label[HM_LIVE_SERIAL]; /* what is printed on it; empty: serial */
	char model[HM_LIVE_TEXT];
	bool model_is_exact; /* from an info record */
	char firmware[HM_LIVE_TEXT];
	char hardware[HM_LIVE_TEXT];
	char alarm_text[HM_LIVE_TEXT];
	int64_t first_time; /* of its first record, seconds since 1970 */
	int64_t time;       /* of its last reading; 0: there was none */
	int64_t heard;      /* steady ms of its last record */
	int64_t read;       /* steady ms of its last new reading */
	uint64_t number;    /* of that reading */
	int64_t day;        /* of its last energy of the day, by its time */
	int64_t day_heard;  /* ... and by the clock when it came; hm_zone_day */
	int64_t day_read;   /* steady ms at which it came */
	struct hm_field_set known; /* fields of that reading, and energies */
	struct hm_decimal value[HM_LIVE_VALUES]; /* at hm_live_slot */
};

struct hm_live_alarm {
	size_t dtu;
	char serial[HM_LIVE_SERIAL]; /* empty: of the DTU itself */
	int64_t port;                 /* 0: none */
	int64_t code;                 /* -1: of hm-alert */
	char alert[HM_LIVE_SERIAL];  /* its kind; empty: of the device */
	char text[HM_LIVE_TEXT];
	int64_t start; /* seconds since 1970, 0: unknown */
	int64_t heard; /* steady ms */
	int64_t time;  /* of its last record, seconds since 1970 */
};

struct hm_live_tool {
	char name[HM_LIVE_SERIAL];
	int64_t heard; /* steady ms of its last stats record */
	int64_t gap;   /* ms between two records; at first estimated */
	int64_t last_gap; /* ms between the last two; 0: there was one */
	int64_t time;
	char version[HM_LIVE_SERIAL]; /* empty: unknown */
	uint64_t lines; /* read and written, up to its last record */
	bool moving;    /* there were more than in the record before */
	size_t count;  /* 0: it is in the chain, and has sent none yet */
	struct {
		char name[HM_LIVE_SERIAL];
		int64_t value;
	} counter[HM_LIVE_COUNTERS_MAX];
};

/* Deaths of a tool in a supervised chain, which need not be in `tool`. */
struct hm_live_deaths {
	char tool[HM_LIVE_SERIAL];
	uint64_t count;
	int64_t time, pid; /* of the last death */
};

struct hm_live_options {
	const struct hm_dtus *dtus; /* the configured DTUs */
	int64_t query_period_ms;
	const struct hm_quiet_hours *night; /* NULL: not set; borrowed */
	int64_t night_period_ms;
	int64_t offline_ms;      /* a DTU silent for longer is offline */
	int64_t ask_period_ms;   /* between two lists of alarms */
	int64_t stats_period_ms; /* between two records of a tool; 0: none */
	bool same_stats_period;  /* of all tools; else they may have others */
	int reset_hour;          /* at which the day of energies begins */
};

struct hm_live {
	struct hm_live_options options;
	struct hm_moment started;
	struct hm_live_dtu *dtu;
	size_t dtus, dtus_cap, configured; /* configured DTUs come first */
	struct hm_live_device *device;
	size_t devices, devices_cap;
	struct hm_live_alarm alarm[HM_LIVE_ALARMS_MAX];
	size_t alarms;
	struct hm_live_tool tool[HM_LIVE_TOOLS_MAX];
	size_t tools;
	struct hm_live_deaths died[HM_LIVE_TOOLS_MAX];
	size_t dead;
	struct hm_day_curve curve;
	struct hm_day_curve other_curve; /* of the day before it */
	int64_t heard; /* steady ms of the last reading; 0: none */
	uint64_t announcements, states; /* mqtt records */
	uint64_t results[HM_RESULT_STATES]; /* of commands, by state */
	uint64_t refused; /* records left out: full table or bad name */
	uint64_t number;  /* of records so far; changes with each */
	struct hm_hash dtu_names, device_keys; /* empty in a copy */
	uint8_t slot[HM_SCOPES][HM_FIELDS];    /* in hm_live_device.value */
};

/* The place of a value, which is there if the device's type has the field. */
static inline size_t
hm_live_slot(const struct hm_live *live, const struct hm_live_device *d,
    size_t field)
{
	return live->slot[d->scope][field];
}

/* False if there is no memory. Freed by hm_live_free, whatever the result. */
bool hm_live_init(struct hm_live *live,
    const struct hm_live_options *options, const struct hm_moment *now);
void hm_live_free(struct hm_live *live);

/*
 * Make `to`, all zeros or an earlier copy, equal to `from`, for reading only.
 * False if there is no memory. Freed by hm_live_free.
 */
bool hm_live_copy(struct hm_live *to, const struct hm_live *from);

/* Whether records of a type change the state; update it by such a record. */
bool hm_live_takes(struct hm_slice type);
void hm_live_record(struct hm_live *live, struct hm_slice type,
    const struct hm_record *record, const struct hm_moment *now);

/*
 * Expect stats records of a tool from now on: it is silent if none come.
 * `name` must fit into HM_LIVE_SERIAL.
 */
void hm_live_expect_tool(struct hm_live *live, const char *name,
    const struct hm_moment *now);

/*
 * Take an energy of the ledger, unless a record has already told it. If the
 * settings name DTUs, those of others are ignored; if not, those of DTUs that
 * the ledger has missed for a day, while it has heard others.
 */
void hm_live_take_energy(struct hm_live *live,
    const struct hm_history_energy *energy, const struct hm_moment *now);

/* Add the power of the plant at this moment to the curve of the day. */
void hm_live_sample(struct hm_live *live, const struct hm_moment *now);

/*
 * The index of a DTU or a device, which is added if it is new. SIZE_MAX if the
 * name is too long or there is no room, or if a known DTU is wanted and it is
 * new. For hm_live_record.
 */
size_t hm_live_find_dtu(struct hm_live *live, struct hm_slice name);
size_t hm_live_known_dtu(const struct hm_live *live, struct hm_slice name);
size_t hm_live_find_device(struct hm_live *live, enum hm_scope scope,
    size_t dtu, const char *serial, int64_t port, const struct hm_moment *now);

/* Note that a DTU has sent a reading. For hm_live_record. */
void hm_live_wake(struct hm_live *live, size_t dtu,
    const struct hm_moment *now);

/*
 * Remove devices without a record for a day, if their DTU has sent other
 * readings meanwhile; if the settings do not name the DTU, also if another DTU
 * has. While all sleep nothing is removed.
 */
void hm_live_forget(struct hm_live *live);

#endif
