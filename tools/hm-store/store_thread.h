#ifndef HM_STORE_THREAD_H
#define HM_STORE_THREAD_H

#include "store.h"

/*
 * The store in a thread of its own, so that the stream goes on whatever the
 * disk does. All functions belong to the thread of the stream.
 */

struct hm_store_thread_options {
	struct hm_store_options store;
	size_t backlog;   /* bytes of rows that wait at most */
	size_t batch;     /* rows that are written at once */
	int64_t delay_ms; /* longest wait of a row for others */
};

struct hm_store_thread;

/* NULL, logged, if the system refuses. */
struct hm_store_thread *hm_store_thread_start(
    const struct hm_store_thread_options *options);

/*
 * Queue a row. False if there is no room, and none became free in
 * `patience_ms`.
 */
bool hm_store_thread_put(struct hm_store_thread *thread, struct hm_slice row,
    int64_t wait_ms);

struct hm_store_thread_counts {
	struct hm_store_counts store;
	uint64_t queued; /* rows that wait */
};

/* The present counts. */
void hm_store_thread_counts(struct hm_store_thread *thread,
    struct hm_store_thread_counts *counts);

/* No more rows will come. Returns at once. */
void hm_store_thread_end(struct hm_store_thread *thread);

/* Readable when rows have been written, or the thread has ended, since
   hm_store_thread_woken. */
int hm_store_thread_fd(const struct hm_store_thread *thread);
void hm_store_thread_woken(struct hm_store_thread *thread);

/* Whether the thread has ended: all rows are written, or could not be. */
bool hm_store_thread_ended(struct hm_store_thread *thread);

/*
 * Free everything if the thread has ended. False if it has not, because it
 * hangs in the disk: the process must leave by _exit then.
 */
bool hm_store_thread_free(struct hm_store_thread *thread);

#endif
