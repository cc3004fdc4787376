#ifndef HM_HISTORY_ANSWER_H
#define HM_HISTORY_ANSWER_H

#include "base/buffer.h"
#include "db/db.h"
#include "history_query.h"

/*
 * Append the answer to a query of the history, as JSON or CSV with its last
 * line feed; `zone` is the name of the plant's time zone, NULL: that of the
 * machine. False if the database cannot be read (see hm_db_reason), also if it
 * took too long, or there is no memory.
 */
bool hm_history_answer(struct hm_buffer *out, struct hm_db *db,
    const struct hm_history_query *query, const char *zone);

#endif
