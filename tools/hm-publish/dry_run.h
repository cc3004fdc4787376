#ifndef HM_DRY_RUN_H
#define HM_DRY_RUN_H

#include "outbox.h"

/* Writes messages to stderr instead of publishing them, at any log level. */
struct hm_dry_run;

/* NULL if there is no memory. The limits are in bytes. */
struct hm_dry_run *hm_dry_run_new(size_t topic_max, size_t payload_max);
void hm_dry_run_free(struct hm_dry_run *d);

/*
 * Write one line, or one JSON object if logs are JSON. False, with errno, if
 * that fails.
 */
bool hm_dry_run_show(struct hm_dry_run *d, const struct hm_message *message);

#endif
