#ifndef HM_SPOOL_H
#define HM_SPOOL_H

#include <stdio.h>

#include "config/config.h"
#include "db/db.h"

/*
 * The polls that wait in a database for one destination: see
 * db/ship_tables.h. A transaction ends before a function returns, so that
 * hm-store never waits for hm-ship's COMMAND.
 */

#define HM_SPOOL_BYTES ((size_t)16 * 1024 * 1024)
#define HM_SPOOL_WHY 512

/* Polls that are shipped together. */
struct hm_batch {
	FILE *file;    /* its lines, in memory, sealed; NULL: there is none */
	uint64_t polls; /* rows of outbox */
	uint64_t lines;
	int64_t first, last; /* their numbers */
	/* Where it was read: the destination's number, and a descriptor of the
	   database's file, without which another file may get its number. */
	int64_t cursor;
	int pin;
};

/* Closes the file. A batch that is all zero has none. */
void hm_batch_clear(struct hm_batch *batch);

struct hm_spool {
	const char *path, *name; /* of the destination; borrowed */
	/* Other destinations, which are made known, too; borrowed. */
	const struct hm_pair *others;
	size_t other_count;
	struct hm_db db;
	struct hm_spool_reader *reader;
	char why[HM_SPOOL_WHY]; /* after a function has returned false */
};

/* False if there is no memory. Freed by hm_spool_free. */
bool hm_spool_init(struct hm_spool *spool, const char *path,
    const char *name);
void hm_spool_free(struct hm_spool *spool);

/*
 * Open the database, if it is not open, and make the destination known to it:
 * from now on rows are kept for it. With `create` make missing tables. All
 * functions below need an open spool; a function that has failed closes it.
 */
bool hm_spool_open(struct hm_spool *spool, bool create);
void hm_spool_close(struct hm_spool *spool);

/*
 * Read the next `polls` rows of outbox at most, and whole polls of not much
 * more than HM_SPOOL_BYTES. Without a row batch->polls is 0.
 */
bool hm_spool_read(struct hm_spool *spool, uint64_t polls,
    struct hm_batch *batch);

/*
 * The destination has the batch. *done is false if the database is another
 * one than that from which the batch was read, or another process has shipped
 * to the destination: nothing is changed, and the batch must be read again.
 */
bool hm_spool_ship(struct hm_spool *spool, const struct hm_batch *batch,
    bool *done);

/* Rows that wait, and the time of the first of them, in s since 1970. */
bool hm_spool_waiting(struct hm_spool *spool, uint64_t *count,
    int64_t *oldest);

/* What is stored already and is to be listed in outbox again. */
struct hm_spool_listing {
	int64_t since; /* in s since 1970 */
	bool hours;    /* hours and days, not every poll */
	uint64_t count; /* rows that are listed so far */
	/* For spool_list.c alone */
	unsigned step;
	bool begun;    /* the step has listed all up to the hour `after` */
	int64_t after;
	struct hm_spool_events *events; /* NULL: not yet open */
};

/*
 * List a part, in a transaction that is short enough for hm-store to wait: an
 * hour of polls, a month of hours, all days, or a few hundred other records.
 * *more is false when all are listed. After a failure it can be called again.
 */
bool hm_spool_list(struct hm_spool *spool, struct hm_spool_listing *listing,
    bool *more);

/* Close what it has open. `listing` is all zero, or one to be ended first. */
void hm_spool_list_end(struct hm_spool_listing *listing);

#endif
