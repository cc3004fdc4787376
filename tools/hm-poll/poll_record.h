#ifndef HM_POLL_RECORD_H
#define HM_POLL_RECORD_H

#include "breaker.h"
#include "dialog.h"
#include "record/record.h"

/* The two records of hm-poll, as docs/records.md describes them. */

/* The state of a DTU. The texts are borrowed. */
struct hm_status {
	enum hm_breaker_state breaker;
	int64_t failures;    /* failed polls in a row */
	enum hm_poll_error error; /* HM_ERR_NONE: it is online */
	const char *text;    /* about the error, for people */
	const char *hint;    /* or NULL */
	int64_t retry_at;    /* seconds since 1970; 0 for never */
};

/* `time` is in seconds since 1970. */
void hm_json_status(struct hm_json *e, int64_t time, const struct hm_dtu *dtu,
    const struct hm_status *status);

/* The replies of a dialog that is done. */
void hm_json_frame(struct hm_json *e, int64_t time, const struct hm_dtu *dtu,
    const struct hm_dialog *dialog, int64_t took_ms);

#endif
