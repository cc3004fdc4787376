#ifndef HM_REPEAT_CLOCK_H
#define HM_REPEAT_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

/*
 * When to send the last states again after announcements. Home Assistant
 * subscribes to the states of a new entity some 100 ms after its announcement,
 * and misses those that come before; on a loaded machine it took longer than
 * 1 s. So they are sent twice. Announcements in between start both again. All
 * times are monotonic, in ms; no clock is read.
 */

#define HM_REPEAT_FIRST_MS 1000
#define HM_REPEAT_LAST_MS 10000

/* All zeros: no announcement so far. */
struct hm_repeat_clock {
	int64_t due;  /* 0: never */
	int64_t last; /* the later of the two */
};

/* Something new has been announced. */
void hm_repeat_ask(struct hm_repeat_clock *c, int64_t now);

/* Whether to send the states now; true twice after each hm_repeat_ask. */
bool hm_repeat_take(struct hm_repeat_clock *c, int64_t now);

/* Whether the states have not been sent again at all yet. */
bool hm_repeat_is_first(const struct hm_repeat_clock *c);

#endif
