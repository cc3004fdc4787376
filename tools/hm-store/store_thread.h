#ifndef HM_STORE_THREAD_H
#define HM_STORE_THREAD_H

#include "store.h"

/*
 * The store in a thread of its own, so that a slow disk does not stop the
 * stream. The thread of the stream calls all functions.
 */

struct hm_store_thread_options {
	struct hm_store_options store;
	size_t backlog;   /* bytes of waiting rows, at most */
	size_t batch;     /* rows of a transaction */
	int64_t delay_ms; /* longest wait of a row until its batch is full; 0:
	                     until hm_store_thread_release */
};

struct hm_store_thread;

/* NULL, logged, if there is no memory or no thread. */
struct hm_store_thread *hm_store_thread_start(
    const struct hm_store_thread_options *options);

/*
 * Queue a row; see hm_backlog_put. False if there is no room.
 */
bool hm_store_thread_put(struct hm_store_thread *thread, struct hm_slice row,
    int64_t wait_ms);

/* With a delay of 0: write the rows that wait, in one transaction. */
void hm_store_thread_release(struct hm_store_thread *thread);

struct hm_store_thread_counts {
	struct hm_store_counts store;
	uint64_t queued; /* rows that wait */
};

/* The current counts. */
void hm_store_thread_counts(struct hm_store_thread *thread,
    struct hm_store_thread_counts *counts);

/* No more rows will come. Returns at once. */
void hm_store_thread_end(struct hm_store_thread *thread);

/*
 * Readable when rows have been written, or the thread has ended, since
 * hm_store_thread_woken.
 */
int hm_store_thread_fd(const struct hm_store_thread *thread);
void hm_store_thread_woken(struct hm_store_thread *thread);

/* Whether the thread has ended: it has written all rows, or given up. */
bool hm_store_thread_ended(struct hm_store_thread *thread);

/*
 * Free everything. False if the thread has not ended because it waits for the
 * disk: nothing is freed, and the process must leave by _exit.
 */
bool hm_store_thread_free(struct hm_store_thread *thread);

#endif
