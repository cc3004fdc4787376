#ifndef HM_PLANT_H
#define HM_PLANT_H

#include "record/breaker.h"
#include "day_curve.h"
#include "config/dtu.h"
#include "record/errors.h"
#include "record/fields.h"
#include "base/lookup.h"
#include "base/clock.h"
#include "record/record.h"

/*
 * What the stream has told of the plant: of each DTU how its polls go, of each
 * device its last reading, and what the tools of the chain say of themselves.
 * Memory is bounded: what is over a bound is counted and left out.
 *
 * A record replaces the former reading of its device as a whole: a field that
 * is absent in it is unknown from then on.
 */

#define HM_PLANT_DTUS_MAX ((size_t)16384)
#define HM_PLANT_DEVICES_MAX ((size_t)32768)
#define HM_PLANT_ALARMS_MAX ((size_t)256)
#define HM_PLANT_TOOLS_MAX ((size_t)16)
#define HM_PLANT_COUNTERS_MAX ((size_t)32)
#define HM_PLANT_NAME ((size_t)128) /* bytes of a name and a NUL */
#define HM_PLANT_SERIAL ((size_t)33)
#define HM_PLANT_TEXT ((size_t)64)
#define HM_PLANT_REASON ((size_t)160)

/* Upper bounds of the histogram of poll durations, in ms. */
#define HM_TOOK_BOUNDS 100, 250, 500, 1000, 2500, 5000, 10000, 15000, 30000
#define HM_TOOK_BUCKETS 10 /* the last one has no bound */
extern const int64_t hm_took_bounds[HM_TOOK_BUCKETS - 1];

enum hm_plant_state {
	HM_PLANT_UNKNOWN, /* not polled yet, as far as is known */
	HM_PLANT_ONLINE,
	HM_PLANT_OFFLINE,
};

struct hm_plant_dtu {
	char name[HM_PLANT_NAME];
	enum hm_plant_state state;
	bool breaker_known;
	enum hm_breaker_state breaker;
	int64_t failures;      /* polls in a row as last told; -1: unknown */
	uint64_t good, failed; /* polls */
	uint64_t errors[HM_ERRORS];
	uint64_t took[HM_TOOK_BUCKETS]; /* polls in each bucket */
	uint64_t took_ms;               /* sum */
	int64_t answered;      /* steady ms of the last good poll; 0: none */
	int64_t answered_time; /* its time, seconds since 1970 */
	enum hm_error error;   /* of the last failed poll */
	int64_t error_time;    /* 0: none has failed */
	char reason[HM_PLANT_REASON];
	bool dark;        /* its last readings were those of a dim plant */
	uint64_t cleared; /* readings up to this number are no more */
};

struct hm_plant_device {
	enum hm_scope scope;
	size_t dtu; /* its number in the plant */
	char serial[HM_PLANT_SERIAL];
	int64_t port; /* 0: none */
	char model[HM_PLANT_TEXT];
	bool model_is_exact; /* from an info record */
	char firmware[HM_PLANT_TEXT];
	char hardware[HM_PLANT_TEXT];
	char alarm_text[HM_PLANT_TEXT];
	int64_t first_time; /* of its first record, seconds since 1970 */
	int64_t time;       /* of its last reading; 0: there was none */
	int64_t heard;      /* steady ms of its last record */
	int64_t read;       /* steady ms of its last new reading */
	uint64_t number;    /* of that reading */
	uint64_t known;     /* bit i: value[i] was in it */
	struct hm_dec value[HM_FIELDS];
};

struct hm_plant_alarm {
	size_t dtu;
	char serial[HM_PLANT_SERIAL]; /* empty: of the DTU itself */
	int64_t port;                 /* 0: none */
	int64_t code;                 /* -1: of hm-alert */
	char alert[HM_PLANT_SERIAL];  /* its kind; empty: of the device */
	char text[HM_PLANT_TEXT];
	int64_t start; /* seconds since 1970, 0: unknown */
	int64_t heard; /* steady ms */
};

struct hm_plant_tool {
	char name[HM_PLANT_SERIAL];
	int64_t heard; /* steady ms of its last stats record */
	int64_t gap;   /* ms between the last two, or as long as it may be */
	int64_t time;
	size_t count;
	struct {
		char name[HM_PLANT_SERIAL];
		int64_t value;
	} counter[HM_PLANT_COUNTERS_MAX];
};

/* Of a tool in a supervised chain; it may not have spoken of itself yet. */
struct hm_plant_deaths {
	char tool[HM_PLANT_SERIAL];
	uint64_t count;
	int64_t time, pid; /* of the last one */
};

struct hm_plant_options {
	const struct hm_dtus *dtus; /* that are configured */
	int64_t query_period_ms;
	const struct hm_quiet *night; /* NULL: not known; borrowed */
	int64_t night_period_ms;
	int64_t offline_ms;      /* silence of a DTU that counts as offline */
	int64_t ask_period_ms;   /* between two lists of alarms */
	int64_t stats_period_ms; /* between two records of a tool; 0: none */
};

struct hm_plant {
	struct hm_plant_options options;
	struct hm_moment started;
	struct hm_plant_dtu *dtu;
	size_t dtus, dtus_cap, configured; /* those come first */
	struct hm_plant_device *device;
	size_t devices, devices_cap;
	struct hm_plant_alarm alarm[HM_PLANT_ALARMS_MAX];
	size_t alarms;
	struct hm_plant_tool tool[HM_PLANT_TOOLS_MAX];
	size_t tools;
	struct hm_plant_deaths died[HM_PLANT_TOOLS_MAX];
	size_t dead;
	struct hm_day_curve curve;
	uint64_t announcements, states; /* mqtt records */
	uint64_t refused; /* records for want of room or of a good name */
	uint64_t number;  /* of records taken in */
	struct hm_lookup names, serials; /* not in a copy */
};

/* False if there is no memory. Freed by hm_plant_free, whatever the result. */
bool hm_plant_init(struct hm_plant *plant,
    const struct hm_plant_options *options, const struct hm_moment *now);
void hm_plant_free(struct hm_plant *plant);

/*
 * Make `to`, all zeros or an earlier copy, equal to `from`, for reading only.
 * False if there is no memory. Freed by hm_plant_free.
 */
bool hm_plant_copy(struct hm_plant *to, const struct hm_plant *from);

/* Learn from a record. False if records of its type tell nothing. */
bool hm_plant_takes(struct hm_slice type);
void hm_plant_record(struct hm_plant *plant, struct hm_slice type,
    const struct hm_record *record, const struct hm_moment *now);

/* Add the power of the plant at this moment to the curve of the day. */
void hm_plant_sample(struct hm_plant *plant, const struct hm_moment *now);

/*
 * Number of the DTU or the device, which is added if it is new. SIZE_MAX if
 * it cannot be: the name is too long, or there is no room. For hm_plant_record.
 */
size_t hm_plant_find_dtu(struct hm_plant *plant, struct hm_slice name);
size_t hm_plant_find_device(struct hm_plant *plant, enum hm_scope scope,
    size_t dtu, const char *serial, int64_t port, const struct hm_moment *now);

/* Drop devices that have not been heard of for a day. */
void hm_plant_forget(struct hm_plant *plant, const struct hm_moment *now);

#endif
