/*
 * flow RATE COUNT: write COUNT port records, RATE a second. total_production
 * is the number of the record, from 1. "time" starts at 2026-06-21T04:00:00Z
 * and advances with the clock; no port has two records with the same time.
 */

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "base/exits.h"
#include "base/rfc3339.h"
#include "reading.h"

#define START 1782014400
#define TICK_MS 10

static void
write_reading(int64_t number, int64_t rate)
{
	char buf[1024], time[HM_RFC3339_SIZE], serial[32];
	struct hm_origin origin = {
	    hm_rfc3339_format(START + number / rate, time), hm_text("roof")};
	struct hm_reading reading;
	struct hm_slice line;

	snprintf(serial, sizeof serial, "%lld",
	    116400000000 + (long long)(number % rate));
	hm_reading_start(&reading, buf, sizeof buf, "port", &origin,
	    hm_text(serial));
	hm_json_int(&reading.json, "port", 1);
	hm_reading_number(&reading, HM_F_PV_VOLTAGE, 350 + number % 7);
	hm_reading_number(&reading, HM_F_PV_CURRENT, number % 1100);
	hm_reading_number(&reading, HM_F_PV_POWER, number % 4000);
	hm_reading_number(&reading, HM_F_TOTAL_PRODUCTION, number);
	if (!hm_reading_end(&reading, &line))
		exit(HM_EXIT_SOFTWARE);
	fwrite(line.p, 1, line.n, stdout);
	putchar('\n');
}

int
main(int argc, char *argv[])
{
	const struct timespec tick = {0, TICK_MS * 1000000};
	int64_t rate, count, number = 0, start = hm_monotonic_ms();

	if (argc != 3)
		return HM_EXIT_USAGE;
	rate = strtoll(argv[1], NULL, 10);
	count = strtoll(argv[2], NULL, 10);
	while (number < count) {
		int64_t due = (hm_monotonic_ms() - start) * rate / 1000;

		while (number < count && number < due)
			write_reading(++number, rate);
		if (fflush(stdout) != 0)
			return HM_EXIT_IO;
		nanosleep(&tick, NULL);
	}
	return HM_EXIT_OK;
}
