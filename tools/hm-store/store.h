#ifndef HM_STORE_H
#define HM_STORE_H

#include "backlog.h"

/*
 * The history in the database: writes rows of the backlog in transactions, then
 * builds hours and days and prunes. One thread calls all functions.
 */

/* A setting of the run, for the table config. */
struct hm_store_setting {
	const char *key, *value;
};

struct hm_store_options {
	const char *path;  /* borrowed */
	bool careful;      /* a committed batch survives a power cut */
	int reset_hour;    /* at which days begin */
	int64_t retention; /* how long readings are kept, in s; 0: for ever */
	bool outbox;       /* list for hm-ship what was stored */
	bool ship_hours;   /* of readings only hours and days */
	const struct hm_store_setting *settings; /* borrowed */
	size_t setting_count;
	void (*step)(void *context); /* counts have changed in a write; or
	                                NULL */
	void *context;
};

struct hm_store_counts {
	uint64_t rows;     /* inserted or changed */
	uint64_t known;    /* records that the database had already */
	uint64_t batches;
	uint64_t hours;    /* hours made */
	uint64_t steps;    /* of the copy before an upgrade */
	uint64_t pruned;   /* rows */
	uint64_t unshipped; /* rows of the outbox that were pruned */
	uint64_t future;   /* readings that are dated after the clock */
	uint64_t failures; /* attempts that failed */
	uint64_t failing;  /* 1 from a failure to the next success */
	bool busy;    /* the last failure is a lock of another process */
	bool refused; /* the file is of a newer hm or another program */
};

struct hm_store;

/*
 * NULL if there is no memory. The database is opened by the first write, which
 * may be of 0 rows. Freed by hm_store_free.
 */
struct hm_store *hm_store_new(const struct hm_store_options *options);

void hm_store_free(struct hm_store *store);

/*
 * Write the first `count` rows of the backlog. True: the caller drops them from
 * it. False if that failed: try again later. Only the first failure after a
 * success is logged.
 */
bool hm_store_write(struct hm_store *store, struct hm_backlog *backlog,
    size_t count);

/*
 * Do a small step of the due upkeep: build hours and days, prune, return pages.
 * With `last` also build the current hour. True if there is more to do; write
 * the rows of the backlog first.
 */
bool hm_store_upkeep(struct hm_store *store, bool last);

/* Free what SQLite keeps of pages that are in the file, too. */
void hm_store_shrink(struct hm_store *store);

const struct hm_store_counts *hm_store_counts(const struct hm_store *store);

#endif
