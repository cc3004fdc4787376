#include "kept.h"

#include <math.h>
#include <time.h>

#include "base/zone.h"
#include "run_suite.h"
#include "xorshift.h"

/*
 * Hours and days against figures that are computed here in another way: from a
 * list of readings, by comparing the text of local times.
 */

#define HOUR 3600

static struct keeper *k;

struct reading {
	int64_t time;
	int port;
	double power;   /* W */
	int64_t energy; /* Wh, -1: not told */
	bool has_power;
	char hour[40], day[40]; /* local ones, by name */
};

#define READINGS_MAX 1000

static struct reading reading[READINGS_MAX];
static size_t readings;
static uint64_t seed;

static void
setup(void)
{
	make_scratch();
	k = NULL;
	readings = 0;
	seed = 88172645463325252;
}

static void
teardown(void)
{
	if (k != NULL)
		keep_close(k);
	remove_scratch();
}

static void
start(const char *zone, int reset_hour)
{
	ck_assert_msg(hm_zone_use(zone), "%s", zone);
	k = keep_open("a.db", reset_hour);
}

static void
make_all(void)
{
	make_hours(k, true);
	ck_assert_int_eq(number(&k->db, "SELECT count(*) FROM rollup_due"), 0);
}

/* Readings */

static void
keep_reading(const struct reading *r)
{
	char time[HM_RFC3339_SIZE], line[300];
	int n = snprintf(line, sizeof line, "{\"type\":\"port\",\"time\":"
	    "\"%s\",\"dtu\":\"roof\",\"serial\":\"1\",\"port\":%d",
	    hm_rfc3339_format(r->time, time).p, r->port);

	if (r->has_power)
		n += snprintf(line + n, sizeof line - (size_t)n,
		    ",\"pv_power\":%.1f", r->power);
	if (r->energy >= 0)
		n += snprintf(line + n, sizeof line - (size_t)n,
		    ",\"today_production\":%d", (int)r->energy);
	snprintf(line + n, sizeof line - (size_t)n, "}");
	keep_line(k, hm_text(line));
}

/* Around a moment, two inputs, some values missing in some. */
static void
make_readings(int64_t around)
{
	readings = 0;
	for (int64_t t = around - 26 * HOUR; t < around + 26 * HOUR;
	    t += 421)
		for (int port = 1; port <= 2; port++)
			reading[readings++] = (struct reading){
			    .time = t,
			    .port = port,
			    .power = (double)(next_random(&seed) % 4000) / 10,
			    .energy = next_random(&seed) % 5 == 0 ? -1 :
			        (int64_t)(next_random(&seed) % 3000),
			    .has_power = next_random(&seed) % 4 != 0,
			};
	ck_assert_uint_le(readings, READINGS_MAX);
}

static void
keep_from_to(size_t from, size_t to)
{
	keep_begin(k);
	for (size_t i = from; i < to; i++)
		keep_reading(&reading[i]);
	keep_end(k);
}

static void
shuffle(void)
{
	for (size_t i = readings - 1; i > 0; i--) {
		size_t j = (size_t)(next_random(&seed) % (i + 1));
		struct reading other = reading[i];

		reading[i] = reading[j];
		reading[j] = other;
	}
}

/* The same figures, naively */

struct figures {
	int64_t samples, count;
	double sum, least, most;
	int64_t energy;
};

static void
add(struct figures *f, const struct reading *r)
{
	f->samples++;
	if (r->energy > f->energy)
		f->energy = r->energy;
	if (!r->has_power)
		return;
	if (f->count == 0 || r->power < f->least)
		f->least = r->power;
	if (f->count == 0 || r->power > f->most)
		f->most = r->power;
	f->sum += r->power;
	f->count++;
}

/* The hour of a time, "2026-10-25 02 +0200", in local time. */
static void
name_hour(int64_t time, char name[40])
{
	time_t t = (time_t)time;
	struct tm tm;

	ck_assert_ptr_nonnull(localtime_r(&t, &tm));
	ck_assert_uint_gt(strftime(name, 40, "%Y-%m-%d %H %z", &tm), 0);
}

/*
 * The date in which most of the day lies: until reset_hour that of the day
 * before, or from an afternoon's reset_hour on that of the next one.
 */
static void
name_day(int64_t time, int reset_hour, char name[40])
{
	time_t t = (time_t)time;
	struct tm tm;

	ck_assert_ptr_nonnull(localtime_r(&t, &tm));
	if ((tm.tm_hour < reset_hour) != (reset_hour > 12)) {
		tm.tm_mday += reset_hour > 12 ? 1 : -1;
		tm.tm_hour = 12;
		tm.tm_isdst = -1;
		ck_assert(mktime(&tm) != -1);
	}
	ck_assert_uint_gt(strftime(name, 40, "%Y-%m-%d", &tm), 0);
}

static void
expect_same(sqlite3_stmt *row, int from, const struct figures *f)
{
	ck_assert_int_eq(sqlite3_column_int64(row, from), f->samples);
	ck_assert_int_eq(sqlite3_column_int64(row, from + 1), f->count);
	if (f->energy >= 0)
		ck_assert_int_eq(sqlite3_column_int64(row, from + 5),
		    f->energy);
	else
		ck_assert_int_eq(sqlite3_column_type(row, from + 5),
		    SQLITE_NULL);
	if (f->count == 0) {
		for (int i = 2; i < 5; i++)
			ck_assert_int_eq(sqlite3_column_type(row, from + i),
			    SQLITE_NULL);
		return;
	}
	/* Means of hours are rounded, and a day's is made of them. */
	ck_assert_double_eq_tol(sqlite3_column_double(row, from + 2),
	    f->sum / (double)f->count, 0.00101);
	ck_assert_double_eq_tol(sqlite3_column_double(row, from + 3),
	    f->least, 1e-9);
	ck_assert_double_eq_tol(sqlite3_column_double(row, from + 4),
	    f->most, 1e-9);
}

#define FIGURES "samples, pv_power_count, pv_power_avg, pv_power_min, " \
	"pv_power_max, today_production"

static void
name_all(int reset_hour)
{
	for (size_t i = 0; i < readings; i++) {
		name_hour(reading[i].time, reading[i].hour);
		name_day(reading[i].time, reset_hour, reading[i].day);
	}
}

/* The readings of an hour, or else of a day, by its name. */
static struct figures
figures_of(const char *name, int port, bool is_hour)
{
	struct figures f = {.energy = -1};

	for (size_t i = 0; i < readings; i++)
		if (reading[i].port == port && strcmp(is_hour ?
		    reading[i].hour : reading[i].day, name) == 0)
			add(&f, &reading[i]);
	return f;
}

/* The time of a row is when the clock first showed the hour. */
static void
expect_begin(int64_t hour)
{
	char name[40], before[40];

	name_hour(hour, name);
	name_hour(hour - 1, before);
	ck_assert_str_ne(name, before);
}

/* Check and count all rows of a table; each reading is in one of them. */
static int64_t
expect_table(const char *sql, bool is_hour)
{
	sqlite3_stmt *rows = NULL;
	int64_t count = 0, samples = 0;

	ck_assert(hm_db_prepare(&k->db, sql, &rows));
	for (; sqlite3_step(rows) == SQLITE_ROW; count++) {
		int port = sqlite3_column_int(rows, 1);
		struct figures f;
		char name[40];

		if (is_hour) {
			expect_begin(sqlite3_column_int64(rows, 0));
			name_hour(sqlite3_column_int64(rows, 0), name);
		} else {
			snprintf(name, sizeof name, "%s", (const char *)
			    sqlite3_column_text(rows, 0));
		}
		f = figures_of(name, port, is_hour);
		expect_same(rows, 2, &f);
		samples += f.samples;
	}
	sqlite3_finalize(rows);
	ck_assert_int_eq(samples, (int64_t)readings);
	return count;
}

static int64_t
expect_hours(void)
{
	return expect_table("SELECT hour, port, " FIGURES
	    " FROM port_hourly", true);
}

static int64_t
expect_days(void)
{
	return expect_table("SELECT day, port, " FIGURES " FROM port_daily",
	    false);
}

/* Zones, and changes of their clocks */

static const struct {
	const char *zone, *around;
	int reset_hour;
} places[] = {
    {"UTC", "2026-06-10T12:00:00Z", 0},
    {"Europe/Berlin", "2026-03-29T01:00:00Z", 0},
    {"Europe/Berlin", "2026-03-29T01:00:00Z", 3},
    {"Europe/Berlin", "2026-10-25T01:00:00Z", 0},
    {"Europe/Berlin", "2026-10-25T01:00:00Z", 3},
    {"Europe/Berlin", "2026-10-25T01:00:00Z", 12},
    {"Europe/Berlin", "2026-10-25T01:00:00Z", 13},
    {"Europe/Berlin", "2026-10-25T01:00:00Z", 23},
    {"Asia/Kolkata", "2026-06-10T12:00:00Z", 5},
    {"Asia/Kathmandu", "2026-06-10T12:00:00Z", 1},
    {"America/St_Johns", "2026-03-08T05:30:00Z", 0},
    {"America/St_Johns", "2026-11-01T04:30:00Z", 4},
    {"Pacific/Auckland", "2026-09-26T14:00:00Z", 0},
};

START_TEST(makes_hours_and_days)
{
	int64_t hours;

	start(places[_i].zone, places[_i].reset_hour);
	make_readings(moment(places[_i].around));
	/* The order, the batches and the time of the rollup do not matter. */
	shuffle();
	keep_from_to(0, readings / 3);
	make_all();
	keep_from_to(readings / 3, readings / 2);
	keep_from_to(readings / 2, readings);
	make_all();
	name_all(places[_i].reset_hour);
	hours = expect_hours();
	ck_assert_int_ge(hours, 2 * 52);
	ck_assert_int_le(hours, 2 * 54);
	ck_assert_int_ge(expect_days(), 2 * 3);
}
END_TEST

/* Where clocks change by half an hour, an hour may begin within another. */
START_TEST(counts_each_reading_once)
{
	static const char *const changes[] = {
	    "2026-04-04T15:00:00Z", "2026-10-03T15:30:00Z"};
	int64_t samples = 0;

	start("Australia/Lord_Howe", 0);
	make_readings(moment(changes[_i]));
	keep_from_to(0, readings);
	make_all();
	ck_assert(hm_db_ask(&k->db, "SELECT sum(samples) FROM port_hourly",
	    &samples));
	ck_assert_int_eq(samples, (int64_t)readings);
	ck_assert(hm_db_ask(&k->db, "SELECT sum(samples) FROM port_daily",
	    &samples));
	ck_assert_int_eq(samples, (int64_t)readings);
}
END_TEST

static char *
all_rows(void)
{
	char *rows = strdup(answer(&k->db, "SELECT * FROM port_hourly"));

	ck_assert_ptr_nonnull(rows);
	return rows;
}

/* Made again, of the same rows: nothing changes. */
START_TEST(may_be_made_again)
{
	char *before;

	start("Europe/Berlin", 0);
	make_readings(moment("2026-06-10T12:00:00Z"));
	readings = 300;
	keep_from_to(0, readings);
	make_all();
	before = all_rows();
	keep_from_to(0, readings);
	make_all();
	ck_assert_str_eq(answer(&k->db, "SELECT * FROM port_hourly"), before);
	run(&k->db, "INSERT INTO rollup_due SELECT DISTINCT hour "
	    "FROM port_hourly");
	make_all();
	ck_assert_str_eq(answer(&k->db, "SELECT * FROM port_hourly"), before);
	name_all(0);
	expect_hours();
	expect_days();
	free(before);
}
END_TEST

static void
keep_power(const char *time, const char *power)
{
	keep(k, "port", time, "\"dtu\":\"roof\",\"serial\":\"1\",\"port\":1,"
	    "\"pv_power\":%s", power);
}

static const char hour_sql[] = "SELECT strftime('%H', hour, 'unixepoch'), "
    "samples, pv_power_avg FROM port_hourly ORDER BY hour";

/* The current hour is not made, unless `all`. */
START_TEST(leaves_the_last_hour)
{
	start("UTC", 0);
	ck_assert_uint_eq(make_hours(k, true), 0);
	keep_power("2026-06-10T10:59:59Z", "1");
	ck_assert_uint_eq(make_hours(k, false), 0);
	keep_power("2026-06-10T11:00:00Z", "2");
	ck_assert_uint_eq(make_hours(k, false), 1);
	ck_assert_str_eq(answer(&k->db, hour_sql), "10|1|1.0");
	ck_assert_uint_eq(make_hours(k, true), 1);
	ck_assert_str_eq(answer(&k->db, hour_sql), "10|1|1.0\n11|1|2.0");
	keep_power("2026-06-10T11:00:01Z", "4");
	ck_assert_uint_eq(make_hours(k, true), 1);
	ck_assert_str_eq(answer(&k->db, hour_sql), "10|1|1.0\n11|2|3.0");
}
END_TEST

/* Rows of the current hour, by another program, while hm-store runs. */
START_TEST(reads_what_others_have_changed)
{
	struct hm_db other;

	start("UTC", 0);
	keep_power("2026-06-10T10:00:00Z", "1");
	keep_power("2026-06-10T10:00:01Z", "9");
	ck_assert_uint_eq(make_hours(k, true), 1);
	open_history(&other, "a.db");
	run(&other, "DELETE FROM port WHERE pv_power = 9");
	run(&other, "UPDATE port SET pv_power = 4");
	/* Scripts also write what hm-store never does. */
	run(&other, "INSERT INTO port (time, dtu, serial, port, pv_power) "
	    "SELECT time + 0.5, dtu, serial, port, 6 FROM port");
	hm_db_close(&other);
	keep_power("2026-06-10T10:00:02Z", "8");
	ck_assert_uint_eq(make_hours(k, true), 1);
	ck_assert_str_eq(answer(&k->db, hour_sql), "10|3|6.0");
}
END_TEST

/* A step takes a short time, so that rows never wait long for it. */
START_TEST(makes_hours_in_steps)
{
	uint64_t made = 0, before;
	bool more = true;

	start("UTC", 0);
	keep_power("2026-06-10T12:00:00Z", "3");
	keep_power("2026-06-10T10:00:00Z", "1");
	keep_power("2026-06-10T11:00:00Z", "2");
	while (made < 2) {
		before = made;
		ck_assert(hm_rollup_make(&k->rollup, false, &made, &more));
		ck_assert(more);
		ck_assert_uint_gt(made, before);
	}
	ck_assert_str_eq(answer(&k->db, hour_sql), "10|1|1.0\n11|1|2.0");
	ck_assert(hm_rollup_make(&k->rollup, false, &made, &more));
	ck_assert(!more);
	ck_assert_uint_eq(made, 2);
	ck_assert_uint_eq(make_hours(k, true), 1);
}
END_TEST

/* A mean of a day counts readings and not hours, nor rows without a value. */
START_TEST(weighs_the_mean_of_a_day)
{
	start("UTC", 0);
	for (int i = 0; i < 9; i++) {
		char time[HM_RFC3339_SIZE];

		hm_rfc3339_format(moment("2026-06-10T10:00:00Z") + i, time);
		keep_power(time, "1");
	}
	keep_power("2026-06-10T11:00:00Z", "101");
	keep(k, "port", "2026-06-10T11:00:01Z",
	    "\"dtu\":\"roof\",\"serial\":\"1\",\"port\":1");
	make_all();
	ck_assert_str_eq(answer(&k->db, "SELECT day, samples, pv_power_count, "
	    "pv_power_avg, pv_power_min, pv_power_max, pv_voltage_count, "
	    "pv_voltage_avg IS NULL FROM port_daily"),
	    "2026-06-10|11|10|11.0|1.0|101.0|0|1");
}
END_TEST

/* Energies as hm-filter shows them: at the start of the day the total is x. */
static void
keep_energy(const char *time, int port, int today, int total)
{
	keep_input(k, "roof", time, port, today, total);
}

static const char energy_sql[] = "SELECT day, today_production, "
    "total_production FROM port_daily WHERE port = 1 ORDER BY day";

/* The last readings of a day are not shown on it. */
START_TEST(corrects_the_day_that_is_over)
{
	start("UTC", 0);
	keep_energy("2026-06-10T06:00:00Z", 1, 0, 10000);
	keep_energy("2026-06-10T07:00:00Z", 1, 6, 10006);
	keep_energy("2026-06-10T08:00:00Z", 1, 12, 10012);
	make_all();
	ck_assert_str_eq(answer(&k->db, energy_sql), "2026-06-10|12|10012");
	/* Not settled: all energy until now may be of the day before. */
	keep_energy("2026-06-11T10:00:00Z", 1, 0, 12030);
	make_all();
	ck_assert_str_eq(answer(&k->db, energy_sql),
	    "2026-06-10|2030|12030\n2026-06-11|0|12030");
	keep_energy("2026-06-11T10:01:00Z", 1, 25, 12035);
	keep_energy("2026-06-11T11:00:00Z", 1, 30, 12040);
	make_all();
	ck_assert_str_eq(answer(&k->db, energy_sql),
	    "2026-06-10|2010|12010\n2026-06-11|30|12040");
	/* A reading that comes late changes the day before and after it. */
	keep_energy("2026-06-10T05:00:00Z", 2, 0, 7);
	keep_energy("2026-06-10T09:00:00Z", 1, 20, 10020);
	make_all();
	ck_assert_str_eq(answer(&k->db, energy_sql),
	    "2026-06-10|2010|12010\n2026-06-11|30|12040");
	/* An input that was away for days. */
	keep_energy("2026-06-15T10:00:00Z", 1, 5, 15005);
	make_all();
	ck_assert_str_eq(answer(&k->db, energy_sql),
	    "2026-06-10|2010|12010\n2026-06-11|30|12040\n"
	    "2026-06-12|986|13026\n2026-06-13|987|14013\n"
	    "2026-06-14|987|15000\n2026-06-15|5|15005");
	ck_assert_int_eq(number(&k->db, "SELECT sum(samples) FROM port_daily "
	    "WHERE day BETWEEN '2026-06-12' AND '2026-06-14'"), 0);
	/* One of these days has a reading after all. */
	keep_energy("2026-06-13T10:00:00Z", 1, 900, 14000);
	make_all();
	ck_assert_str_eq(answer(&k->db, energy_sql),
	    "2026-06-10|2010|12010\n2026-06-11|30|12040\n"
	    "2026-06-12|1060|13100\n2026-06-13|900|14000\n"
	    "2026-06-14|1000|15000\n2026-06-15|5|15005");
}
END_TEST

/* The days come in any order. */
START_TEST(corrects_days_that_come_late)
{
	start("UTC", 0);
	keep_energy("2026-06-12T10:00:00Z", 1, 10, 10110);
	make_all();
	keep_energy("2026-06-10T10:00:00Z", 1, 30, 10030);
	make_all();
	ck_assert_str_eq(answer(&k->db, energy_sql),
	    "2026-06-10|30|10030\n2026-06-11|70|10100\n"
	    "2026-06-12|10|10110");
	keep_energy("2026-06-11T10:00:00Z", 1, 20, 10070);
	make_all();
	ck_assert_str_eq(answer(&k->db, energy_sql),
	    "2026-06-10|50|10050\n2026-06-11|50|10100\n"
	    "2026-06-12|10|10110");
}
END_TEST

/* A clock that was wrong for a while makes no rows for all days until now. */
START_TEST(fills_no_decades)
{
	start("UTC", 0);
	keep_energy("1970-01-01T10:00:00Z", 1, 30, 10030);
	keep_energy("2026-06-11T10:00:00Z", 1, 20, 10070);
	make_all();
	ck_assert_str_eq(answer(&k->db, energy_sql),
	    "1970-01-01|50|10050\n2026-06-11|20|10070");
}
END_TEST

/* Energies of devices, which hm-filter has not judged. */
START_TEST(corrects_nothing_by_other_energies)
{
	start("UTC", 0);
	keep_energy("2026-06-10T10:00:00Z", 1, 20, 10020);
	/* A device that resets its day at noon. */
	keep_energy("2026-06-11T10:00:00Z", 1, 60, 10060);
	keep_energy("2026-06-11T14:00:00Z", 1, 10, 10090);
	/* A spike. */
	keep_energy("2026-06-12T10:00:00Z", 1, 10, 10100);
	keep_energy("2026-06-12T11:00:00Z", 1, 20, 90000000);
	/* A counter that was reset. */
	keep_energy("2026-06-13T10:00:00Z", 1, 5, 105);
	make_all();
	ck_assert_str_eq(answer(&k->db, energy_sql),
	    "2026-06-10|20|10020\n2026-06-11|60|10090\n"
	    "2026-06-12|20|90000000\n2026-06-13|5|105");
}
END_TEST

/* Rows that are left of an hour after pruning do not replace it. */
START_TEST(keeps_hours_that_are_pruned)
{
	start("UTC", 0);
	keep_power("2026-06-10T10:00:00Z", "10");
	keep_power("2026-06-10T10:20:00Z", "20");
	keep_power("2026-06-10T10:40:00Z", "30");
	keep_power("2026-06-10T11:00:00Z", "60");
	make_all();
	run(&k->db, "DELETE FROM port");
	/* One comes again. */
	keep_power("2026-06-10T10:40:00Z", "30");
	make_all();
	ck_assert_str_eq(answer(&k->db, hour_sql), "10|3|20.0\n11|1|60.0");
	ck_assert_str_eq(answer(&k->db, "SELECT samples, pv_power_avg "
	    "FROM port_daily"), "4|30.0");
	/* All of them do. */
	keep_power("2026-06-10T10:00:00Z", "10");
	keep_power("2026-06-10T10:20:00Z", "20");
	make_all();
	ck_assert_str_eq(answer(&k->db, hour_sql), "10|3|20.0\n11|1|60.0");
}
END_TEST

START_TEST(makes_those_of_every_table)
{
	start("UTC", 0);
	keep(k, "dtu", "2026-06-10T10:00:00Z", "\"dtu\":\"roof\","
	    "\"serial\":\"10f7\",\"pv_power\":5,\"today_production\":7");
	keep(k, "dtu", "2026-06-10T10:10:00Z", "\"dtu\":\"roof\","
	    "\"pv_power\":6,\"today_production\":8,\"signal\":40");
	keep(k, "inverter", "2026-06-10T10:00:00Z", "\"dtu\":\"roof\","
	    "\"serial\":\"1\",\"temperature\":-2.5,\"alarm_code\":3");
	keep(k, "meter", "2026-06-10T10:00:00Z", "\"dtu\":\"roof\","
	    "\"serial\":\"m\",\"power\":-40,\"energy_export\":123");
	make_all();
	ck_assert_str_eq(answer(&k->db, "SELECT dtu, serial, samples, "
	    "pv_power_avg, today_production, signal_count, signal_avg "
	    "FROM dtu_hourly"), "roof|10f7|2|5.5|8|1|40.0");
	ck_assert_str_eq(answer(&k->db, "SELECT day, dtu, serial, samples, "
	    "pv_power_avg, today_production, signal_count, signal_avg "
	    "FROM dtu_daily"), "2026-06-10|roof|10f7|2|5.5|8|1|40.0");
	ck_assert_str_eq(answer(&k->db, "SELECT serial, samples, "
	    "temperature_avg, temperature_min, temperature_max "
	    "FROM inverter_daily"), "1|1|-2.5|-2.5|-2.5");
	ck_assert_str_eq(answer(&k->db, "SELECT serial, power_min, "
	    "energy_export, typeof(energy_export) FROM meter_daily"),
	    "m|-40.0|123|integer");
}
END_TEST

/* Figures come from tables of their own: they do not mix. */
START_TEST(distinguishes_devices)
{
	start("UTC", 0);
	keep_power("2026-06-10T10:00:00Z", "1");
	keep(k, "port", "2026-06-10T10:00:00Z", "\"dtu\":\"barn\","
	    "\"serial\":\"1\",\"port\":1,\"pv_power\":2");
	keep(k, "port", "2026-06-10T10:00:00Z", "\"dtu\":\"roof\","
	    "\"serial\":\"2\",\"port\":1,\"pv_power\":3");
	keep(k, "port", "2026-06-10T10:00:00Z", "\"dtu\":\"roof\","
	    "\"serial\":\"1\",\"port\":2,\"pv_power\":4");
	make_all();
	ck_assert_str_eq(answer(&k->db, "SELECT dtu, serial, port, samples, "
	    "pv_power_avg FROM port_daily"),
	    "barn|1|1|1|2.0\nroof|1|1|1|1.0\nroof|1|2|1|4.0\n"
	    "roof|2|1|1|3.0");
}
END_TEST

/* Times from before 1970, and those that a broken clock gives. */
START_TEST(takes_any_year)
{
	start("Europe/Berlin", 0);
	keep_power("0001-01-01T00:00:00Z", "1");
	keep_power("1969-12-31T23:59:59Z", "2");
	keep_power("1970-01-01T00:00:00Z", "4");
	keep_power("9998-12-31T23:59:59Z", "8");
	make_all();
	ck_assert_str_eq(answer(&k->db, "SELECT day, samples, pv_power_avg "
	    "FROM port_daily"), "0001-01-01|1|1.0\n1970-01-01|2|3.0\n"
	    "9999-01-01|1|8.0");
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("rollup");
	TCase *tcase = tcase_create("rollup");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_loop_test(tcase, makes_hours_and_days, 0, COUNT(places));
	tcase_add_loop_test(tcase, counts_each_reading_once, 0, 2);
	tcase_add_test(tcase, may_be_made_again);
	tcase_add_test(tcase, leaves_the_last_hour);
	tcase_add_test(tcase, reads_what_others_have_changed);
	tcase_add_test(tcase, makes_hours_in_steps);
	tcase_add_test(tcase, weighs_the_mean_of_a_day);
	tcase_add_test(tcase, corrects_the_day_that_is_over);
	tcase_add_test(tcase, corrects_days_that_come_late);
	tcase_add_test(tcase, fills_no_decades);
	tcase_add_test(tcase, corrects_nothing_by_other_energies);
	tcase_add_test(tcase, keeps_hours_that_are_pruned);
	tcase_add_test(tcase, makes_those_of_every_table);
	tcase_add_test(tcase, distinguishes_devices);
	tcase_add_test(tcase, takes_any_year);
	tcase_set_timeout(tcase, 60);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
