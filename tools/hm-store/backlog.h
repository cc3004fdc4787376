#ifndef HM_BACKLOG_H
#define HM_BACKLOG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

/*
 * Rows on their way from the stream to the thread that stores them: a queue
 * of bounded size, in order. One thread puts, another takes; a row that has
 * been taken stays in the queue until it is dropped.
 */

struct hm_backlog;

/* NULL if there is no memory. At most `bytes` are held. */
struct hm_backlog *hm_backlog_new(size_t bytes);
void hm_backlog_free(struct hm_backlog *backlog);

/* For the thread that puts */

/*
 * Copy a row, which must not be empty, into the queue. If the queue is full,
 * wait for room: at most `wait_ms` since the other thread last dropped rows.
 * False if there is still no room, or no memory.
 */
bool hm_backlog_put(struct hm_backlog *backlog, struct hm_slice row,
    int64_t wait_ms);

/* The rows that are in the queue wait for no others: see hm_backlog_wait. */
void hm_backlog_release(struct hm_backlog *backlog);

/* No more rows will come: hm_backlog_wait returns at once. */
void hm_backlog_end(struct hm_backlog *backlog);

/* The number of rows in the queue. */
size_t hm_backlog_count(struct hm_backlog *backlog);

/* For the thread that takes */

struct hm_backlog_state {
	size_t count;
	int64_t oldest; /* when the first was put, monotonic ms; 0: none */
	bool ended;
};

#define HM_BACKLOG_RELEASED ((int64_t)-1)

/*
 * Wait until there are `count` rows, until the first has waited for `delay_ms`,
 * until hm_backlog_end, or for `most_ms`, -1 for no bound. With the delay
 * HM_BACKLOG_RELEASED until there are rows that were released, or a row for
 * which there was no room.
 */
struct hm_backlog_state hm_backlog_wait(struct hm_backlog *backlog,
    size_t count, int64_t delay_ms, int64_t most_ms);

/*
 * Wait for more rows while they keep coming without a pause: until there are
 * `count`, for at most `most_ms`.
 */
struct hm_backlog_state hm_backlog_gather(struct hm_backlog *backlog,
    size_t count, int64_t most_ms);

/* Free the memory that is kept for rows that may come. */
void hm_backlog_shrink(struct hm_backlog *backlog);

/* A position in the queue. All zero: before the first row. */
struct hm_backlog_place {
	const void *chunk;
	size_t offset;
};

/* The next row, valid until it is dropped. There must be one. */
struct hm_slice hm_backlog_next(struct hm_backlog *backlog,
    struct hm_backlog_place *place);

/* Drop the first `count` rows. */
void hm_backlog_drop(struct hm_backlog *backlog, size_t count);

#endif
