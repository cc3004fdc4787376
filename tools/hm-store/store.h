#ifndef HM_STORE_H
#define HM_STORE_H

#include "backlog.h"

/*
 * The history in the database: writes rows of the backlog, one transaction each
 * time, then builds hours and days and prunes. All of it belongs to one thread.
 */

/* A setting of the run, for the table config. */
struct hm_store_setting {
	const char *key, *value;
};

struct hm_store_options {
	const char *path;  /* borrowed */
	bool careful;      /* a batch that is written survives a power cut */
	int reset_hour;    /* at which days begin */
	int64_t retention; /* how long readings are kept, in s; 0: for ever */
	const struct hm_store_setting *settings; /* borrowed */
	size_t setting_count;
};

struct hm_store_counts {
	uint64_t rows;     /* new ones */
	uint64_t known;    /* records that were there, or had nothing new */
	uint64_t batches;
	uint64_t hours;    /* hours made */
	uint64_t pruned;   /* rows */
	uint64_t failures; /* attempts that failed */
	uint64_t failing;  /* 1 from a failure to the next success */
	bool busy;    /* the failure is a lock of others, which will pass */
	bool refused; /* the failure is that the file is not ours */
};

struct hm_store;

/*
 * NULL if there is no memory. The database is opened by the first write,
 * which may be one of none.
 */
struct hm_store *hm_store_new(const struct hm_store_options *options);

/* Committed rows are complete, whatever happened before. */
void hm_store_free(struct hm_store *store);

/*
 * Write the first `count` rows of the backlog. False if that failed, which is
 * logged once; keep the rows and try again.
 */
bool hm_store_write(struct hm_store *store, struct hm_backlog *backlog,
    size_t count);

/*
 * Do a small step of the due upkeep: build hours and days, prune, return pages.
 * With `last` also build the present hour. True if there is more to do, after
 * the rows that have come meanwhile.
 */
bool hm_store_upkeep(struct hm_store *store, bool last);

const struct hm_store_counts *hm_store_counts(const struct hm_store *store);

#endif
