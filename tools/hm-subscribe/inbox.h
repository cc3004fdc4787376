#ifndef HM_INBOX_H
#define HM_INBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

/*
 * Lines that wait until the reader of stdout takes them, oldest first, in
 * bounded memory: without room the oldest are dropped.
 */

struct hm_inbox {
	size_t lines_max, bytes_max; /* set by the owner; the rest is zero */
	size_t lines, bytes;
	struct hm_inbox_line *first, *last;
};

/*
 * Copy a line that came at `now`, a time in ms. Returns how many lines were
 * dropped: older ones, or this one if it can never fit or there is no memory.
 */
size_t hm_inbox_put(struct hm_inbox *inbox, struct hm_slice line, int64_t now);

/*
 * The oldest line, valid until the inbox is changed, and when it came. False if
 * none waits.
 */
bool hm_inbox_first(const struct hm_inbox *inbox, struct hm_slice *line,
    int64_t *came);

/* Remove the oldest line. */
void hm_inbox_remove(struct hm_inbox *inbox);

/* Remove all lines. */
void hm_inbox_clear(struct hm_inbox *inbox);

#endif
