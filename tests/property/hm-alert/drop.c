/*
 * drop PLANTS SEED: so many plants through the weather of months. Clouds,
 * dusk, roofs that face two ways, shadows, sockets without a panel, inverters
 * that are not heard: none of it is to look like a loss, but for a shadow that
 * is new. Then a panel breaks, wholly or by more than half, and that is to be
 * seen.
 */

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "alert_production.h"
#include "xorshift.h"

#define DAY 86400
#define START 20400 /* days since 1970 */
#define HEALTHY_DAYS 60
#define BROKEN_DAYS 30
#define PORTS_MAX 8
#define THRESHOLD 500
#define LATITUDE 50.0
#define UNHEARD 0.05    /* of the readings of inverters of one port */
#define MOST_FALSE 1000 /* days of a plant for each false alarm, or more */

/* Weather */

enum weather { CLEAR, OVERCAST, BROKEN, FOG, WEATHERS };

struct sky {
	enum weather weather;
	double dim;      /* what is left of the light under clouds */
	double sunny;    /* part of the time that the sun is out */
	int64_t turns_s; /* how often it comes and goes */
	uint64_t seed;
};

/* A plant */

struct panel {
	double watts, tilt, azimuth;
	double shade_from, shade_to, shade_below; /* degrees */
	double left; /* what is left in that shadow */
	int64_t lag; /* seconds between its reading and the first one's */
};

struct plant {
	size_t ports;
	bool two_ways; /* they do not all face the same way */
	bool shaded;   /* some are, at times */
	int64_t period;
	int64_t lag; /* between the readings of inverters of one port */
	struct panel panel[PORTS_MAX];
	double broken; /* what is left of the power of the first */
};

static uint64_t state;

static uint64_t
next(void)
{
	return next_random(&state);
}

static double
between(double low, double high)
{
	return low + (high - low) * (double)(next() % 1000000) / 1e6;
}

static bool
chance(double part)
{
	return between(0, 1) < part;
}

/* A number from 0 to 1 that is always the same for the same things. */
static double
hashed(uint64_t a, uint64_t b)
{
	uint64_t x = a * UINT64_C(0x9e3779b97f4a7c15) ^ b;

	x = (x ^ x >> 31) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
	return (double)((x ^ x >> 31) % 1000000) / 1e6;
}

static struct sky
new_sky(enum weather before)
{
	static const double dims[][2] = {{1, 1}, {0.05, 0.4}, {0.15, 0.5},
	    {0.1, 0.3}};
	struct sky sky = {.weather = before, .seed = next()};

	/* Weather stays. */
	if (chance(0.35))
		sky.weather = (enum weather)(next() % WEATHERS);
	sky.dim = between(dims[sky.weather][0], dims[sky.weather][1]);
	sky.sunny = between(0.2, 0.8);
	sky.turns_s = (int64_t)between(60, 900);
	return sky;
}

/* Whether the sun is out, at a second of the day. */
static bool
sun_is_out(const struct sky *sky, int64_t second)
{
	switch (sky->weather) {
	case CLEAR:
		return true;
	case OVERCAST:
		return false;
	case BROKEN:
		return hashed(sky->seed, (uint64_t)(second / sky->turns_s)) <
		    sky->sunny;
	case FOG:
	case WEATHERS:
		break;
	}
	return second > 10 * 3600 + (int64_t)(sky->seed % 10000);
}

struct sun {
	double height, azimuth; /* degrees, from north by east */
	double direct, diffuse; /* W a square metre */
};

#define RADIANS (M_PI / 180)

static struct sun
sun_at(int64_t time)
{
	double year = (double)(time / DAY % 365 - 10) / 365.25;
	double tilt = -23.44 * RADIANS * cos(2 * M_PI * (year + 10 / 365.25));
	double hour = ((double)(time % DAY) / 3600 - 12) * 15 * RADIANS;
	double place = LATITUDE * RADIANS;
	double up = sin(place) * sin(tilt) + cos(place) * cos(tilt) *
	    cos(hour);
	double east = -cos(tilt) * sin(hour);
	double north = cos(place) * sin(tilt) - sin(place) * cos(tilt) *
	    cos(hour);
	struct sun sun = {.height = asin(up) / RADIANS,
	    .azimuth = atan2(east, north) / RADIANS};

	if (sun.azimuth < 0)
		sun.azimuth += 360;
	if (sun.height > 0) {
		sun.direct = 1100 * exp(-0.22 / fmax(up, 0.03));
		sun.diffuse = 40 + 90 * up;
	} else if (sun.height > -6) {
		sun.diffuse = 40 * (sun.height + 6) / 6;
	}
	return sun;
}

static bool
is_shaded(const struct panel *panel, const struct sun *sun)
{
	return sun->azimuth >= panel->shade_from &&
	    sun->azimuth < panel->shade_to &&
	    sun->height < panel->shade_below;
}

static double
power_of(const struct panel *panel, const struct sky *sky, int64_t time)
{
	struct sun sun = sun_at(time);
	double incidence = cos(panel->tilt * RADIANS) *
	    sin(sun.height * RADIANS) + sin(panel->tilt * RADIANS) *
	    cos(sun.height * RADIANS) *
	    cos((sun.azimuth - panel->azimuth) * RADIANS);
	bool out = sun_is_out(sky, time % DAY + panel->lag);
	double light = sun.diffuse * (out ? 1 : 1 + 3 * sky->dim);

	if (!out)
		light *= sky->dim;
	else if (incidence > 0)
		light += sun.direct * incidence *
		    (is_shaded(panel, &sun) ? panel->left : 1);
	return panel->watts * light / 1000 * between(0.98, 1.02);
}

static struct panel
new_panel(double watts, double azimuth, bool shaded, int64_t lag)
{
	struct panel panel = {.watts = watts * between(0.95, 1.05),
	    .tilt = between(15, 60), .azimuth = azimuth,
	    .lag = (int64_t)between(0, (double)lag)};

	if (shaded) {
		panel.shade_from = between(90, 250);
		panel.shade_to = panel.shade_from + between(5, 50);
		panel.shade_below = between(15, 70);
		panel.left = between(0.05, 0.6);
	}
	return panel;
}

static struct plant
new_plant(void)
{
	static const size_t sizes[] = {2, 2, 4, 4, 4, 6, 8};
	static const int64_t periods[] = {30, 60, 60, 300, 900};
	struct plant plant = {.ports = sizes[next() % 7],
	    .two_ways = chance(0.5), .period = periods[next() % 5]};
	double azimuth = between(90, 270), tilt = between(15, 60);
	bool sizes_differ = chance(0.3);

	plant.shaded = chance(0.4);
	/* Inverters of one port are read one after the other. */
	plant.lag = plant.ports == 8 ? 90 : 0;
	for (size_t i = 0; i < plant.ports; i++) {
		struct panel *p = &plant.panel[i];
		bool other = plant.two_ways && chance(0.5);

		*p = new_panel(sizes_differ && chance(0.5) ? 250 : 400,
		    other ? 360 - azimuth : azimuth,
		    plant.shaded && chance(0.5), plant.lag + 3);
		if (!other)
			p->tilt = tilt;
	}
	/* A socket without a panel. */
	if (plant.ports == 4 && chance(0.2))
		plant.panel[3].watts = 0;
	plant.broken = chance(0.5) ? 0 : between(0.1, 0.4);
	return plant;
}

/* Running */

struct watch {
	struct hm_drop_peers peers;
	struct hm_drop_port port[PORTS_MAX];
	unsigned began[PORTS_MAX]; /* alarms */
};

struct score {
	unsigned plants, false_alarms, without_shadow;
	unsigned dead, dead_seen, weak, weak_seen;
	int64_t days; /* until they were seen */
};

static void
count_alarms(struct watch *w, size_t ports, const bool *before, int64_t time)
{
	for (size_t i = 0; i < ports; i++) {
		const struct hm_drop_port *port = &w->port[i];

		if (!port->dropped || before[i])
			continue;
		w->began[i]++;
		if (getenv("VERBOSE") != NULL)
			printf("# day %" PRId64 " %02" PRId64 ":%02" PRId64
			    " input %zu: %" PRId64 " of %" PRId64 " mW\n",
			    time / DAY, time % DAY / 3600, time % 3600 / 60,
			    i, port->given, port->expected);
	}
}

static void
look(struct watch *w, const struct plant *plant, const struct sky *sky,
    int64_t time, bool broken)
{
	struct hm_drop_reading reading[PORTS_MAX];
	bool before[PORTS_MAX] = {false};

	for (size_t i = 0; i < plant->ports; i++) {
		double watts = power_of(&plant->panel[i], sky, time);

		if (broken && i == 0)
			watts *= plant->broken;
		before[i] = w->port[i].dropped;
		reading[i] = (struct hm_drop_reading){
		    .port = &w->port[i],
		    .present = plant->lag == 0 || !chance(UNHEARD),
		    .power = (int64_t)(watts * 10) * 100,
		};
	}
	hm_drop_look(&w->peers, reading, plant->ports, time, THRESHOLD);
	count_alarms(w, plant->ports, before, time);
}

/* The day on which the first port was seen to be broken, or `days`. */
static int64_t
run_days(struct watch *w, const struct plant *plant, int64_t first,
    int64_t days, enum weather *weather, bool broken)
{
	int64_t seen = days;

	for (int64_t day = 0; day < days; day++) {
		struct sky sky = new_sky(*weather);

		*weather = sky.weather;
		for (int64_t s = 0; s < DAY; s += plant->period)
			look(w, plant, &sky, (first + day) * DAY + s, broken);
		if (w->port[0].dropped && seen == days)
			seen = day;
	}
	return seen;
}

static void
run_plant(struct watch *w, uint64_t n, struct score *score)
{
	enum weather weather;
	struct plant plant;
	int64_t start, seen;

	state = n * UINT64_C(0x9e3779b97f4a7c15) + 1;
	for (int i = 0; i < 10; i++)
		next();
	plant = new_plant();
	weather = (enum weather)(next() % WEATHERS);
	start = START + (int64_t)(next() % 365);
	run_days(w, &plant, start, HEALTHY_DAYS, &weather, false);
	for (size_t i = 0; i < plant.ports; i++) {
		score->false_alarms += w->began[i];
		score->without_shadow += plant.shaded ? 0 : w->began[i];
	}
	seen = run_days(w, &plant, start + HEALTHY_DAYS, BROKEN_DAYS,
	    &weather, true);
	score->plants++;
	if (plant.broken == 0) {
		score->dead++;
		score->dead_seen += seen < BROKEN_DAYS;
	} else if (!plant.two_ways) {
		score->weak++;
		score->weak_seen += seen < BROKEN_DAYS;
	}
	if ((plant.broken == 0 || !plant.two_ways) && seen < BROKEN_DAYS)
		score->days += seen;
}

static int
report(const struct score *s)
{
	unsigned found = s->dead_seen + s->weak_seen;
	bool good = s->false_alarms * (uint64_t)MOST_FALSE <=
	    s->plants * (uint64_t)HEALTHY_DAYS && s->without_shadow == 0 &&
	    s->dead_seen * 100 >= s->dead * 99 &&
	    s->weak_seen * 5 >= s->weak * 4;

	printf("%s - %u false alarms in %u days of plants, %u of them without "
	    "a shadow; of panels that broke %u of %u dead ones and %u of %u "
	    "weak ones were seen, after %.1f days\n", good ? "ok" : "not ok",
	    s->false_alarms, s->plants * HEALTHY_DAYS, s->without_shadow,
	    s->dead_seen, s->dead, s->weak_seen, s->weak,
	    found > 0 ? (double)s->days / found : 0);
	return good ? EXIT_SUCCESS : EXIT_FAILURE;
}

int
main(int argc, char *argv[])
{
	uint64_t plants = argc > 1 ? strtoull(argv[1], NULL, 10) : 60;
	uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
	struct score score = {0};

	puts("1..1");
	for (uint64_t n = seed; n < seed + plants; n++) {
		struct watch *w = calloc(1, sizeof *w);

		if (w == NULL)
			return EXIT_FAILURE;
		run_plant(w, n, &score);
		free(w);
	}
	return report(&score);
}
