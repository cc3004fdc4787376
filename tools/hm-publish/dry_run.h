#ifndef HM_DRY_RUN_H
#define HM_DRY_RUN_H

#include "outbox.h"

/* Writes to stderr what would be published, whatever the log level. */
struct hm_dry_run;

/* Topics of at most topic_max bytes, payloads of at most payload_max. */
struct hm_dry_run *hm_dry_run_new(size_t topic_max, size_t payload_max);
void hm_dry_run_free(struct hm_dry_run *d);

/*
 * One line, or one object where logs are JSON, in full. False, with errno set,
 * if it could not be written.
 */
bool hm_dry_run_show(struct hm_dry_run *d, const struct hm_message *message);

#endif
