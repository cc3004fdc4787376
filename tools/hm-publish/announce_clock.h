#ifndef HM_ANNOUNCE_CLOCK_H
#define HM_ANNOUNCE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

/*
 * When to repeat the announcements after Home Assistant's birth messages. The
 * first birth starts the clock, later ones do not postpone it, and
 * announcements are at least HM_ANNOUNCE_APART_MS apart, however many births
 * come. All times are monotonic, in ms; no clock is read.
 */

#define HM_ANNOUNCE_APART_MS 60000

/* All zeros: no birth so far. */
struct hm_announce_clock {
	int64_t due;      /* 0: never */
	int64_t earliest; /* the end of the pause after the last ones */
};

/* A birth has come: announce `delay` after now, or when the pause is over. */
void hm_announce_ask(struct hm_announce_clock *c, int64_t now, int64_t delay);

/* Whether to announce now; true once for each time that it is due. */
bool hm_announce_take(struct hm_announce_clock *c, int64_t now);

#endif
