#ifndef HM_DEVICE_TIME_H
#define HM_DEVICE_TIME_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Times by a DTU's clock, in seconds since 1970. The clock can be wrong, and
 * the DTU sends times even if nobody has set it: then they count from its
 * start, are negative, or are the largest number of their type.
 */

/*
 * Whether a clock that was set can show the time: one from 2015, before which
 * there were no DTUs, to 2099. 2147483647 is none.
 */
bool hm_device_time_known(int64_t seconds);

/*
 * A time that cannot be later than the message it is in, which the DTU sent at
 * `sent` by its own clock. Some firmware adds 8 hours, the offset of its cloud
 * (hoymiles-wifi issue 48): if that explains a time after the message, it is 8
 * hours less. 0 if the time is not known.
 */
int64_t hm_device_past(int64_t seconds, int64_t sent);

/* When an alarm began and ended; 0: not known. */
struct hm_device_span {
	int64_t start, end;
	bool over; /* it has an end */
};

/*
 * The start and end of an alarm, as sent (an end of 0: the alarm lasts), in a
 * list that the DTU sent at `list` by its own clock and hm-poll got at `now`,
 * which counts if nobody had set that clock. Both are corrected, as above, if
 * one of them is 8 hours ahead. The end of an alarm that has ended at an
 * unknown time is that of the list.
 */
struct hm_device_span hm_device_span(int64_t start, int64_t end, int64_t list,
    int64_t now);

#endif
