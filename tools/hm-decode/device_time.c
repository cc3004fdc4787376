#include "device_time.h"

#define FIRST 1420070400 /* 2015-01-01T00:00:00Z */
#define END 4102444800   /* 2100-01-01T00:00:00Z */
#define CLOUD_OFFSET 28800
#define SLACK 60 /* between the times in a list and that of the list */

bool
hm_device_time_known(int64_t seconds)
{
	return seconds >= FIRST && seconds < END && seconds != INT32_MAX;
}

/* A list whose time nobody knows proves nothing. */
static bool
is_after(int64_t seconds, int64_t list)
{
	return hm_device_time_known(list) && seconds > list + SLACK;
}

static bool
is_cloud_time(int64_t seconds, int64_t list)
{
	return is_after(seconds, list) &&
	    !is_after(seconds - CLOUD_OFFSET, list);
}

static int64_t
known_or_0(int64_t seconds, int64_t list)
{
	return hm_device_time_known(seconds) && !is_after(seconds, list) ?
	    seconds : 0;
}

int64_t
hm_device_past(int64_t seconds, int64_t sent)
{
	if (is_cloud_time(seconds, sent))
		seconds -= CLOUD_OFFSET;
	return known_or_0(seconds, sent);
}

struct hm_device_span
hm_device_span(int64_t start, int64_t end, int64_t list, int64_t now)
{
	int64_t sent = hm_device_time_known(list) ? list : now;
	struct hm_device_span span = {.over = end != 0};

	if (is_cloud_time(start, sent) || is_cloud_time(end, sent)) {
		start -= CLOUD_OFFSET;
		end -= CLOUD_OFFSET;
	}
	span.start = known_or_0(start, sent);
	if (!span.over)
		return span;
	span.end = known_or_0(end, sent);
	if (span.end == 0)
		span.end = sent;
	if (span.end < span.start)
		span.end = span.start;
	return span;
}
