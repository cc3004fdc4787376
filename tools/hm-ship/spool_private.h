#ifndef HM_SPOOL_PRIVATE_H
#define HM_SPOOL_PRIVATE_H

#include "spool.h"

/* Writes the records of rows of outbox. */
struct hm_spool_reader;

/* NULL if there is no memory. Freed by hm_spool_reader_free. */
struct hm_spool_reader *hm_spool_reader_new(void);
void hm_spool_reader_free(struct hm_spool_reader *reader);

/* Prepare the statements. False: see hm_db_reason. */
bool hm_spool_reader_prepare(struct hm_spool_reader *reader,
    struct hm_db *db);
void hm_spool_reader_finish(struct hm_spool_reader *reader);

/*
 * In a transaction, write the rows of outbox after batch->cursor into the file
 * of the batch. False with the reason in spool->why.
 */
bool hm_spool_reader_fill(struct hm_spool *spool, uint64_t polls,
    struct hm_batch *batch);

/* Note why the database has failed. Always false. */
bool hm_spool_fail(struct hm_spool *spool, const char *what);

#endif
