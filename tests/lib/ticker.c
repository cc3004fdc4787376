/*
 * ticker PERIOD_MS SECONDS PORTS: write a port record every PERIOD_MS, of PORTS
 * ports in turn. "ms" in it is the time when it was written, in ms of the
 * monotonic clock.
 */

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "base/decimal.h"
#include "base/exits.h"
#include "base/rfc3339.h"

static int64_t
number(const char *text)
{
	struct hm_decimal d;
	int64_t n;

	if (!hm_decimal_parse(hm_text(text), &d) ||
	    !hm_decimal_rescale(d, 0, &n) || n < 1)
		exit(HM_EXIT_USAGE);
	return n;
}

static void
wait_until(int64_t ms)
{
	const struct timespec t = {.tv_sec = ms / 1000,
	    .tv_nsec = (long)(ms % 1000) * 1000000};

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL) != 0)
		;
}

int
main(int argc, char *argv[])
{
	int64_t period, count, devices, start = hm_monotonic_ms();
	char time[HM_RFC3339_SIZE];

	if (argc != 4)
		return HM_EXIT_USAGE;
	period = number(argv[1]);
	count = number(argv[2]) * 1000 / period;
	devices = number(argv[3]);
	setvbuf(stdout, NULL, _IOLBF, 0);
	for (int64_t i = 0; i < count; i++) {
		long long device = i % devices;

		wait_until(start + i * period);
		hm_rfc3339_format(hm_clock_now(), time);
		printf("{\"type\":\"port\",\"time\":\"%s\",\"dtu\":\"dtu%lld\","
		    "\"serial\":\"1164%08lld\",\"port\":%lld,\"pv_voltage\":"
		    "%lld.%lld,\"pv_current\":9.%lld,\"pv_power\":%lld,"
		    "\"today_production\":%lld,\"total_production\":%lld,"
		    "\"ms\":%lld}\n", time, device / 16, device / 4,
		    device % 4 + 1, 30 + (long long)i % 9, (long long)i % 10,
		    (long long)i % 10, 300 + (long long)i % 97,
		    (long long)i / 100, 800000 + (long long)i / 100,
		    (long long)hm_monotonic_ms());
	}
	return fclose(stdout) == 0 ? HM_EXIT_OK : HM_EXIT_IO;
}
