#ifndef HM_LIMIT_METER_H
#define HM_LIMIT_METER_H

#include "record/record.h"

/*
 * Reads the meter at the connection to the grid: records of type meter, or the
 * messages of any meter, as records of type message.
 */

#define HM_LIMIT_TOPICS_MAX ((size_t)8)
#define HM_LIMIT_PAYLOAD_MAX ((size_t)16384) /* bytes of a message */

struct hm_limit_meter_options {
	const char *topics; /* a list; NULL: records of type meter */
	const char *paths;  /* a list; NULL: the payload is a number */
	const char *serial; /* of the meter; NULL: there is one only */
	bool reversed;      /* the meter counts export as positive */
	int64_t silence_ms; /* age from which a reading is none */
};

struct hm_limit_meter {
	struct hm_limit_meter_options options;
	char serial[33]; /* of the meter that was read; empty: none yet */
	bool several;    /* there was another one, and no setting names one */
	struct {
		bool known;
		int64_t time, power; /* ms; mW */
	} topic[HM_LIMIT_TOPICS_MAX];
	char payload[HM_LIMIT_PAYLOAD_MAX];
};

/* Whether a path can be used: "power", "emeters[0].power", "[2]". */
bool hm_limit_path_is_good(struct hm_slice path);

/* Whether hm_limit_meter_read reads records of this type. */
bool hm_limit_meter_takes(const struct hm_limit_meter *meter,
    struct hm_slice type);

/*
 * Read a record of such a type; `now` is in ms. NULL, or why it is no reading
 * of the meter, a static text. *watts is the import, set if *known: a record
 * may be of another meter, or of one of several topics whose sum is not known
 * yet.
 */
const char *hm_limit_meter_read(struct hm_limit_meter *meter,
    struct hm_slice type, const struct hm_record *record, int64_t now,
    bool *known, int64_t *watts);

#endif
