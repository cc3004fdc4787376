#ifndef HM_CLOCK_H
#define HM_CLOCK_H

#include <stdint.h>

/* The wall clock, whole seconds since 1970. */
int64_t hm_clock_now(void);

/* The same in ms. */
int64_t hm_clock_now_ms(void);

/* The same in us. */
int64_t hm_clock_now_us(void);

/* A clock that never steps, for intervals, in ms. */
int64_t hm_monotonic_ms(void);

/* One moment by both clocks, in ms. */
struct hm_moment {
	int64_t steady; /* monotonic; timers and intervals use it */
	int64_t wall;   /* since 1970 */
};

struct hm_moment hm_moment_now(void);

/*
 * The same with a steady clock that also runs while the machine is suspended:
 * their difference changes only when somebody sets the wall clock.
 */
struct hm_moment hm_moment_since_boot(void);

#endif
