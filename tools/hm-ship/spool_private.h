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

/* Note why the database has failed, or something else. Always false. */
bool hm_spool_fail(struct hm_spool *spool, const char *what);
bool hm_spool_say(struct hm_spool *spool, const char *what, const char *why);

/*
 * Parts of hm_spool_list: *more is false when there is no other one of the
 * kind. False: see spool->why or hm_db_reason.
 */
bool hm_spool_list_hours(struct hm_spool *spool,
    struct hm_spool_listing *listing, bool *more);
bool hm_spool_list_days(struct hm_spool *spool,
    struct hm_spool_listing *listing, bool *more);
bool hm_spool_list_events(struct hm_spool *spool,
    struct hm_spool_listing *listing, bool *more);

/* Run a statement with two numbers. False: see hm_db_reason. */
bool hm_spool_run_between(struct hm_db *db, const char *sql, int64_t from,
    int64_t end);

/* The hour that a query finds after another one; *more is false without. */
bool hm_spool_next_hour(struct hm_db *db, const char *sql, int64_t after,
    int64_t *hour, bool *more);

#endif
