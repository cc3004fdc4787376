/*
 * week DTUS INVERTERS PORTS DAYS: write the readings of DTUS DTUs, with
 * INVERTERS inverters each and PORTS ports each, polled once a minute for DAYS
 * days from 2026-06-15 on.
 */

#include <stdio.h>
#include <stdlib.h>

#include "base/exits.h"
#include "base/rfc3339.h"
#include "reading.h"

#define START 1781481600 /* 2026-06-15T00:00:00Z */
#define MINUTES_A_DAY 1440

struct plant {
	long dtus, inverters, inputs, days;
};

struct poll {
	char time[HM_RFC3339_SIZE], dtu[32], serial[32];
	struct hm_origin origin;
	int64_t sun; /* 0 at night, 1000 at noon */
	int64_t minute;
	char buf[4096];
	struct hm_reading reading;
};

static int64_t
sun_at(int64_t minute)
{
	int64_t from_noon = minute % MINUTES_A_DAY - 720;

	from_noon = from_noon < 0 ? -from_noon : from_noon;
	return from_noon >= 420 ? 0 : 1000 - from_noon * from_noon / 177;
}

static void
start(struct poll *p, const char *type, const char *serial)
{
	hm_reading_start(&p->reading, p->buf, sizeof p->buf, type, &p->origin,
	    hm_text(serial));
}

static void
end(struct poll *p)
{
	struct hm_slice line;

	if (!hm_reading_end(&p->reading, &line))
		exit(HM_EXIT_SOFTWARE);
	fwrite(line.p, 1, line.n, stdout);
	putchar('\n');
}

/* Watt-hours so far, of a panel that gives 400 W at noon. */
static int64_t
energy(int64_t minute)
{
	return minute / MINUTES_A_DAY * 3600 +
	    minute % MINUTES_A_DAY * 3600 / MINUTES_A_DAY;
}

static void
write_port(struct poll *p, long port)
{
	int64_t watts = 4 * p->sun + (p->sun > 0 ? port : 0);

	start(p, "port", p->serial);
	hm_json_int(&p->reading.json, "port", port);
	hm_reading_number(&p->reading, HM_F_PV_VOLTAGE, 350 + port);
	hm_reading_number(&p->reading, HM_F_PV_CURRENT, watts * 10 / 35);
	hm_reading_number(&p->reading, HM_F_PV_POWER, watts);
	hm_reading_number(&p->reading, HM_F_TODAY_PRODUCTION,
	    energy(p->minute % MINUTES_A_DAY));
	hm_reading_number(&p->reading, HM_F_TOTAL_PRODUCTION,
	    500000 + port + energy(p->minute));
	hm_reading_number(&p->reading, HM_F_LINK_STATUS, 1);
	end(p);
}

static void
write_inverter(struct poll *p, long inputs)
{
	start(p, "inverter", p->serial);
	hm_reading_text(&p->reading, HM_F_MODEL, "HM-1000/1200/1500");
	hm_reading_number(&p->reading, HM_F_GRID_VOLTAGE,
	    2290 + p->minute % 37);
	hm_reading_number(&p->reading, HM_F_GRID_FREQUENCY,
	    4990 + p->minute % 19);
	hm_reading_number(&p->reading, HM_F_ACTIVE_POWER, 4 * p->sun * inputs);
	hm_reading_number(&p->reading, HM_F_REACTIVE_POWER, 25);
	hm_reading_number(&p->reading, HM_F_AC_CURRENT, p->sun * inputs / 6);
	hm_reading_number(&p->reading, HM_F_POWER_FACTOR, 1000);
	hm_reading_number(&p->reading, HM_F_TEMPERATURE, 150 + p->sun / 4);
	hm_reading_number(&p->reading, HM_F_ALARM_COUNT, 2);
	hm_reading_number(&p->reading, HM_F_LINK_STATUS, 1);
	end(p);
}

static void
write_dtu(struct poll *p, long number, const struct plant *plant)
{
	int64_t inputs = plant->inverters * plant->inputs;
	char serial[32];

	snprintf(serial, sizeof serial, "10f8%08lx", number);
	start(p, "dtu", serial);
	hm_json_int(&p->reading.json, "took_ms", 40 + number);
	hm_reading_text(&p->reading, HM_F_MODEL, "DTU-Pro");
	hm_reading_number(&p->reading, HM_F_PV_POWER, 4 * p->sun * inputs);
	hm_reading_number(&p->reading, HM_F_TODAY_PRODUCTION,
	    inputs * energy(p->minute % MINUTES_A_DAY));
	hm_reading_number(&p->reading, HM_F_TOTAL_PRODUCTION,
	    inputs * (500000 + energy(p->minute)));
	hm_reading_number(&p->reading, HM_F_INVERTERS, plant->inverters);
	hm_reading_number(&p->reading, HM_F_INVERTERS_ONLINE,
	    plant->inverters);
	end(p);
}

static void
write_poll(const struct plant *plant, long dtu, int64_t minute)
{
	static struct poll p;

	p.minute = minute;
	p.sun = sun_at(minute);
	p.origin.time = hm_rfc3339_format(START + 60 * minute + dtu % 60,
	    p.time);
	snprintf(p.dtu, sizeof p.dtu, "dtu%ld", dtu);
	p.origin.dtu = hm_text(p.dtu);
	for (long i = 0; i < plant->inverters; i++) {
		snprintf(p.serial, sizeof p.serial, "1161%08lx",
		    dtu * plant->inverters + i);
		write_inverter(&p, plant->inputs);
		for (long port = 1; port <= plant->inputs; port++)
			write_port(&p, port);
	}
	write_dtu(&p, dtu, plant);
}

static long
argument(char *argv[], int i)
{
	return strtol(argv[i], NULL, 10);
}

int
main(int argc, char *argv[])
{
	struct plant plant;

	if (argc != 5)
		return HM_EXIT_USAGE;
	plant = (struct plant){argument(argv, 1), argument(argv, 2),
	    argument(argv, 3), argument(argv, 4)};
	for (int64_t minute = 0; minute < plant.days * MINUTES_A_DAY; minute++)
		for (long dtu = 0; dtu < plant.dtus; dtu++)
			write_poll(&plant, dtu, minute);
	return fclose(stdout) == 0 ? HM_EXIT_OK : HM_EXIT_IO;
}
