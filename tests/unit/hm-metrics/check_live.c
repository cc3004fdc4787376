#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "config/quiet_hours.h"
#include "live/live_view.h"
#include "run_suite.h"

#define MINUTE ((int64_t)60000)
#define HOUR (60 * MINUTE)
#define WALL 1782036000 /* 2026-06-21T10:00:00Z */
#define TIME "\"time\":\"2026-06-21T10:00:00Z\""

static struct hm_live live;
static struct hm_view view;
static struct hm_dtu configured[2];
static struct hm_dtus dtus;
static struct hm_live_options options;
static struct hm_moment now;

static void
pass(int64_t ms)
{
	now.steady += ms;
	now.wall += ms;
	hm_view_init(&view, &live, &now);
}

static void
begin(size_t count)
{
	static char roof[] = "roof", barn[] = "barn";

	hm_log_start("check", HM_CRITICAL);
	configured[0].name = roof;
	configured[1].name = barn;
	dtus = (struct hm_dtus){configured, count};
	options = (struct hm_live_options){.dtus = &dtus,
	    .query_period_ms = MINUTE, .night_period_ms = 15 * MINUTE,
	    .offline_ms = 5 * MINUTE, .ask_period_ms = HOUR,
	    .stats_period_ms = MINUTE};
	now = (struct hm_moment){5000, WALL * (int64_t)1000};
	ck_assert(hm_live_init(&live, &options, &now));
	pass(0);
}

static void
setup(void)
{
	begin(1);
}

static void
teardown(void)
{
	hm_live_free(&live);
}

static void
take(const char *line)
{
	struct hm_record *record = calloc(1, sizeof *record);
	struct hm_fault fault;
	struct hm_slice type;

	ck_assert_ptr_nonnull(record);
	ck_assert_msg(hm_record_parse(record, hm_text(line), &fault), "%s",
	    line);
	ck_assert(hm_record_string(record, "type", &type));
	ck_assert(hm_live_takes(type));
	hm_live_record(&live, type, record, &now);
	free(record);
	hm_view_init(&view, &live, &now);
}

/* The value of a field of the first device of a scope, "" if unknown. */
static const char *
value(enum hm_scope scope, size_t field)
{
	static char text[HM_DECIMAL_TEXT];
	const struct hm_live_device *d = hm_view_device(&view, scope, NULL);
	struct hm_decimal dec;

	text[0] = '\0';
	if (d != NULL && hm_view_value(&view, d, field, &dec))
		hm_decimal_format(dec, text);
	return text;
}

static const char *
power(void)
{
	return value(HM_SCOPE_PORT, HM_F_PV_POWER);
}

static void
take_port(const char *members)
{
	char line[300];

	snprintf(line, sizeof line, "{\"type\":\"port\"," TIME ",\"dtu\":"
	    "\"roof\",\"serial\":\"1164\",\"port\":1%s}", members);
	take(line);
}

static void
take_dtu(const char *time, const char *members)
{
	char line[300];

	snprintf(line, sizeof line, "{\"type\":\"dtu\",\"time\":\"%s\","
	    "\"dtu\":\"roof\"%s}", time, members);
	take(line);
}

static void
take_offline(const char *breaker, int failures, const char *error)
{
	char line[300];

	snprintf(line, sizeof line, "{\"type\":\"status\"," TIME ",\"dtu\":"
	    "\"roof\",\"state\":\"offline\",\"breaker\":\"%s\",\"failures\":"
	    "%d,\"error\":\"%s\",\"text\":\"why\"}", breaker, failures,
	    error);
	take(line);
}

START_TEST(every_field_of_a_type_has_a_place)
{
	for (enum hm_scope scope = 0; scope < HM_SCOPES; scope++) {
		bool taken[HM_LIVE_VALUES] = {false};

		for (size_t id = 0; id < HM_FIELDS; id++) {
			size_t slot = live.slot[scope][id];

			if (!hm_field_in(&hm_fields[id], scope))
				continue;
			ck_assert_uint_lt(slot, HM_LIVE_VALUES);
			ck_assert(!taken[slot]);
			taken[slot] = true;
		}
	}
}
END_TEST

START_TEST(a_record_replaces_the_reading)
{
	take_port(",\"pv_power\":5.5,\"pv_voltage\":30");
	ck_assert_str_eq(power(), "5.5");
	take_port(",\"pv_voltage\":31");
	ck_assert_str_eq(power(), "");
	ck_assert_str_eq(value(HM_SCOPE_PORT, HM_F_PV_VOLTAGE), "31");
	ck_assert_uint_eq(live.devices, 1);
}
END_TEST

START_TEST(readings_end_with_their_dtu)
{
	take_port(",\"pv_power\":5");
	take_offline("closed", 1, "refused");
	ck_assert_str_eq(power(), "");
	ck_assert_str_eq(hm_view_status(&view, &live.dtu[0]), "error");
	take_dtu("2026-06-21T10:01:00Z", "");
	ck_assert(hm_view_up(&view, &live.dtu[0]));
	ck_assert_str_eq(power(), ""); /* the reading is older */
	take_port(",\"pv_power\":6");
	ck_assert_str_eq(power(), "6");
}
END_TEST

#define ENERGIES ",\"pv_power\":5,\"today_production\":10," \
    "\"total_production\":99"

static const char *
today(enum hm_scope scope)
{
	return value(scope, HM_F_TODAY_PRODUCTION);
}

static const char *
total(enum hm_scope scope)
{
	return value(scope, HM_F_TOTAL_PRODUCTION);
}

START_TEST(energies_stay_while_their_dtu_sleeps)
{
	setenv("TZ", "UTC", 1);
	take_port(ENERGIES);
	take_dtu("2026-06-21T10:00:00Z", ENERGIES);
	take_offline("closed", 1, "refused");
	ck_assert_str_eq(power(), "");
	ck_assert_str_eq(today(HM_SCOPE_PORT), "10");
	ck_assert_str_eq(total(HM_SCOPE_PORT), "99");
	ck_assert_str_eq(today(HM_SCOPE_DTU), "10");
	ck_assert_str_eq(total(HM_SCOPE_DTU), "99");
	pass(13 * HOUR);
	hm_live_forget(&live);
	ck_assert_str_eq(today(HM_SCOPE_PORT), "10"); /* 23:00 */
	pass(HOUR);
	ck_assert_str_eq(today(HM_SCOPE_PORT), ""); /* nobody has a new one */
	ck_assert_str_eq(today(HM_SCOPE_DTU), "");
	ck_assert_str_eq(total(HM_SCOPE_PORT), "99");
	take_dtu("2026-06-22T00:00:00Z", ",\"today_production\":0");
	ck_assert_str_eq(today(HM_SCOPE_DTU), "0");
	ck_assert_str_eq(total(HM_SCOPE_DTU), "99");
}
END_TEST

START_TEST(the_day_of_energies_begins_at_reset_hour)
{
	setenv("TZ", "UTC", 1);
	live.options.reset_hour = 14;
	take_port(ENERGIES);
	take_port(",\"pv_power\":5");
	ck_assert_str_eq(today(HM_SCOPE_PORT), "10"); /* of this day */
	pass(4 * HOUR - 1);
	ck_assert_str_eq(today(HM_SCOPE_PORT), "10");
	take_port(",\"pv_power\":5");
	pass(1);
	ck_assert_str_eq(power(), "5");
	ck_assert_str_eq(today(HM_SCOPE_PORT), "");
}
END_TEST

START_TEST(a_replayed_energy_is_shown_as_long_as_its_reading)
{
	setenv("TZ", "UTC", 1);
	pass(72 * HOUR);
	take_port(ENERGIES);
	ck_assert_str_eq(today(HM_SCOPE_PORT), "10");
	pass(3 * MINUTE + 1);
	ck_assert_str_eq(today(HM_SCOPE_PORT), "");
	ck_assert_str_eq(total(HM_SCOPE_PORT), "99");
}
END_TEST

/* The wall clock alone moves. */
static void
set_clock(int64_t ms)
{
	now.wall += ms;
	hm_view_init(&view, &live, &now);
}

START_TEST(a_reading_of_the_future_does_not_stay)
{
	const int64_t decade = 3653 * 24 * HOUR;

	setenv("TZ", "UTC", 1);
	set_clock(decade);
	take_dtu("2036-06-21T10:00:00Z", ENERGIES);
	ck_assert(!live.dtu[0].ahead);
	set_clock(-decade);
	take_dtu("2036-06-21T10:01:00Z", ENERGIES);
	ck_assert(live.dtu[0].ahead); /* and it is named */
	pass(MINUTE);
	take_dtu("2026-06-21T10:01:00Z", ",\"pv_power\":210");
	ck_assert(!live.dtu[0].ahead);
	ck_assert_str_eq(value(HM_SCOPE_DTU, HM_F_PV_POWER), "210");
	ck_assert_str_eq(today(HM_SCOPE_DTU), "10");
	pass(25 * HOUR - MINUTE);
	ck_assert_str_eq(today(HM_SCOPE_DTU), "");
	ck_assert_str_eq(total(HM_SCOPE_DTU), "99");
}
END_TEST

START_TEST(devices_stay_while_their_dtu_is_silent)
{
	take_port(ENERGIES);
	take("{\"type\":\"port\"," TIME ",\"dtu\":\"other\",\"serial\":\"9\","
	    "\"port\":1}");
	take("{\"type\":\"port\"," TIME ",\"dtu\":\"roof\",\"serial\":\"8\","
	    "\"port\":1}");
	pass(60 * 24 * HOUR);
	hm_live_forget(&live);
	ck_assert_uint_eq(live.devices, 3);
	/* It has answered and has not heard its inverters yet. */
	take_dtu("2026-08-20T10:00:00Z", "");
	hm_live_forget(&live);
	ck_assert_uint_eq(live.devices, 4);
	pass(23 * HOUR);
	take_port("");
	pass(HOUR);
	take_dtu("2026-08-21T10:00:00Z", "");
	hm_live_forget(&live);
	ck_assert_uint_eq(live.devices, 2);
	ck_assert_str_eq(live.device[0].serial, "1164");
	/* A DTU that the settings do not name. */
	pass(24 * HOUR);
	take("{\"type\":\"dtu\"," TIME ",\"dtu\":\"other\"}");
	hm_live_forget(&live);
	ck_assert_uint_eq(live.devices, 3);
}
END_TEST

START_TEST(readings_grow_old)
{
	take_port(",\"pv_power\":5");
	take_dtu("2026-06-21T10:00:00Z", "");
	pass(3 * MINUTE);
	ck_assert_str_eq(power(), "5");
	pass(1);
	ck_assert_str_eq(power(), "");
	ck_assert(hm_view_up(&view, &live.dtu[0]));
	pass(2 * MINUTE);
	ck_assert(!hm_view_up(&view, &live.dtu[0]));
	ck_assert_str_eq(hm_view_status(&view, &live.dtu[0]), "unknown");
}
END_TEST

START_TEST(three_periods_may_be_longer)
{
	live.options.query_period_ms = 2 * MINUTE;
	take_port(",\"pv_power\":5");
	pass(6 * MINUTE);
	ck_assert_str_eq(power(), "5");
	pass(1);
	ck_assert_str_eq(power(), "");
}
END_TEST

START_TEST(a_stale_record_only_shows_that_the_dtu_answers)
{
	take_port(",\"pv_power\":5");
	pass(2 * MINUTE);
	take_port(",\"pv_power\":5,\"stale\":true");
	take_dtu("2026-06-21T10:02:00Z", ",\"stale\":true");
	ck_assert_uint_eq(live.dtu[0].good, 1);
	pass(MINUTE + 1);
	ck_assert_str_eq(power(), "");
	ck_assert(hm_view_up(&view, &live.dtu[0]));
}
END_TEST

static const char *
status(void)
{
	return hm_view_status(&view, &live.dtu[0]);
}

/* Repeat readings for some minutes. */
static void
repeat(int minutes, const char *members)
{
	char time[] = "2026-06-21T10:00:00Z";

	for (int i = 1; i <= minutes; i++) {
		time[15] = (char)('0' + i % 10);
		pass(MINUTE);
		take_dtu(time, members);
	}
}

START_TEST(a_dtu_that_repeats_its_readings_hangs)
{
	static const char stale[] = ",\"pv_power\":500,\"stale\":true";

	take_dtu("2026-06-21T10:00:00Z", ",\"pv_power\":500");
	repeat(3, stale);
	ck_assert_str_eq(status(), "online");
	pass(1);
	ck_assert_str_eq(status(), "stale");
	repeat(9, stale);
	ck_assert_str_eq(status(), "stale");
	ck_assert(hm_view_healthy(&view));
	ck_assert(hm_view_up(&view, &live.dtu[0]));
	take_dtu("2026-06-21T10:10:00Z", ",\"pv_power\":501");
	ck_assert_str_eq(status(), "online");
	repeat(5, stale);
	take_offline("closed", 1, "refused");
	ck_assert_str_eq(status(), "error");
}
END_TEST

/* Known from the start of hm-metrics, too, after three periods. */
START_TEST(a_dtu_that_hung_before_the_start)
{
	repeat(4, ",\"stale\":true");
	ck_assert_str_eq(status(), "online");
	repeat(1, ",\"stale\":true");
	ck_assert_str_eq(status(), "stale");
}
END_TEST

START_TEST(a_dtu_may_repeat_its_readings_in_the_dark)
{
	take_dtu("2026-06-21T10:00:00Z", ",\"pv_power\":3");
	repeat(9, ",\"pv_power\":3,\"stale\":true");
	ck_assert_str_eq(status(), "online");
}
END_TEST

START_TEST(a_poll_counts_once)
{
	take_dtu("2026-06-21T10:00:00Z", ",\"took_ms\":250");
	take_dtu("2026-06-21T10:00:00Z", ",\"took_ms\":250");
	take_dtu("2026-06-21T10:01:00Z", ",\"took_ms\":40000");
	ck_assert_uint_eq(live.dtu[0].good, 2);
	ck_assert_uint_eq(live.dtu[0].took[1], 1);
	ck_assert_uint_eq(live.dtu[0].took[HM_LIVE_TOOK_BUCKETS - 1], 1);
	ck_assert_uint_eq(live.dtu[0].took_ms, 40250);
}
END_TEST

START_TEST(failures_count_by_their_number)
{
	const struct hm_live_dtu *d = &live.dtu[0];

	take_offline("closed", 1, "refused");
	take_offline("closed", 1, "refused"); /* the same record again */
	ck_assert_uint_eq(d->failed, 1);
	take_offline("open", 5, "timeout_read"); /* some had no record */
	take_offline("half_open", 5, "timeout_read");
	ck_assert_uint_eq(d->failed, 5);
	ck_assert_uint_eq(d->errors[HM_ERR_REFUSED], 1);
	ck_assert_uint_eq(d->errors[HM_ERR_TIMEOUT_READ], 4);
	take_offline("closed", 1, "crc"); /* hm-poll has restarted */
	ck_assert_uint_eq(d->failed, 6);
	take_dtu("2026-06-21T10:01:00Z", "");
	take_offline("closed", 1, "crc");
	ck_assert_uint_eq(d->failed, 7);
	ck_assert_str_eq(d->reason, "why");
}
END_TEST

START_TEST(a_probe_seen_first_is_no_failure)
{
	take_offline("half_open", 9, "refused");
	ck_assert_uint_eq(live.dtu[0].failed, 0);
	ck_assert(!hm_view_up(&view, &live.dtu[0]));
	take_offline("open", 10, "refused");
	ck_assert_uint_eq(live.dtu[0].failed, 1);
}
END_TEST

START_TEST(info_stays)
{
	take("{\"type\":\"info\"," TIME ",\"dtu\":\"roof\",\"serial\":"
	    "\"1164\",\"kind\":\"inverter\",\"model\":\"HM-800\","
	    "\"firmware\":\"V1\"}");
	take("{\"type\":\"info\"," TIME ",\"dtu\":\"roof\",\"serial\":"
	    "\"10f7\",\"kind\":\"dtu\",\"signal\":62}");
	take("{\"type\":\"inverter\"," TIME ",\"dtu\":\"roof\",\"serial\":"
	    "\"1164\",\"model\":\"HM-600/700/800\",\"temperature\":20}");
	take_dtu("2026-06-21T10:00:00Z", ",\"pv_power\":1");
	take_dtu("2026-06-21T10:01:00Z", ",\"pv_power\":2");
	ck_assert_str_eq(live.device[0].model, "HM-800");
	ck_assert_str_eq(live.device[0].firmware, "V1");
	ck_assert_str_eq(value(HM_SCOPE_DTU, HM_F_SIGNAL), "62");
	ck_assert_str_eq(live.device[1].serial, "10f7");
}
END_TEST

START_TEST(alarms_begin_and_end)
{
	const char *begun = "{\"type\":\"alarm\"," TIME ",\"dtu\":\"roof\","
	    "\"serial\":\"1164\",\"code\":209,"
	    "\"start\":\"2026-06-21T08:00:00Z\"}";

	take(begun);
	take(begun);
	ck_assert_uint_eq(live.alarms, 1);
	pass(3 * HOUR);
	ck_assert(hm_view_alarm(&view, &live.alarm[0]));
	pass(1);
	ck_assert(!hm_view_alarm(&view, &live.alarm[0]));
	take(begun);
	ck_assert(hm_view_alarm(&view, &live.alarm[0]));
	take("{\"type\":\"alarm\"," TIME ",\"dtu\":\"roof\",\"serial\":"
	    "\"1164\",\"code\":209,\"start\":\"2026-06-21T08:00:00Z\","
	    "\"end\":\"2026-06-21T09:00:00Z\"}");
	ck_assert_uint_eq(live.alarms, 0);
}
END_TEST

START_TEST(alarms_that_left_the_list_have_ended)
{
	take("{\"type\":\"alarm\",\"time\":\"2026-06-21T10:00:00Z\","
	    "\"dtu\":\"roof\",\"serial\":\"1164\",\"code\":209}");
	take("{\"type\":\"alarm\",\"time\":\"2026-06-21T10:00:00Z\","
	    "\"dtu\":\"roof\",\"serial\":\"1164\",\"code\":141}");
	take("{\"type\":\"alarms\",\"time\":\"2026-06-21T10:00:00Z\","
	    "\"dtu\":\"roof\"}");
	ck_assert_uint_eq(live.alarms, 2);
	take("{\"type\":\"alarm\",\"time\":\"2026-06-21T10:30:00Z\","
	    "\"dtu\":\"roof\",\"serial\":\"1164\","
	    "\"alert\":\"temperature\"}");
	take("{\"type\":\"alarm\",\"time\":\"2026-06-21T11:00:00Z\","
	    "\"dtu\":\"roof\",\"serial\":\"1164\",\"code\":209}");
	/* The list of another DTU, and a replayed one. */
	take("{\"type\":\"alarms\",\"time\":\"2026-06-21T11:00:00Z\","
	    "\"dtu\":\"barn\"}");
	take("{\"type\":\"alarms\",\"time\":\"2026-06-21T09:00:00Z\","
	    "\"dtu\":\"roof\"}");
	ck_assert_uint_eq(live.alarms, 3);
	take("{\"type\":\"alarms\",\"time\":\"2026-06-21T11:00:00Z\","
	    "\"dtu\":\"roof\"}");
	ck_assert_uint_eq(live.alarms, 2);
	ck_assert_int_eq(live.alarm[0].code, 209);
	ck_assert_str_eq(live.alarm[1].alert, "temperature");
}
END_TEST

START_TEST(alerts_are_repeated_more_often)
{
	take("{\"type\":\"alarm\"," TIME ",\"dtu\":\"roof\",\"alert\":"
	    "\"dtu_offline\",\"start\":\"2026-06-21T08:00:00Z\"}");
	take("{\"type\":\"alarm\"," TIME ",\"dtu\":\"roof\",\"serial\":"
	    "\"10f7\",\"alert\":\"dtu_offline\","
	    "\"start\":\"2026-06-21T08:00:00Z\"}");
	ck_assert_uint_eq(live.alarms, 1);
	pass(30 * MINUTE);
	ck_assert(hm_view_alarm(&view, &live.alarm[0]));
	pass(1);
	ck_assert(!hm_view_alarm(&view, &live.alarm[0]));
}
END_TEST

START_TEST(alarms_are_bounded)
{
	char line[200];

	for (int i = 0; i < 300; i++) {
		snprintf(line, sizeof line, "{\"type\":\"alarm\"," TIME
		    ",\"dtu\":\"roof\",\"serial\":\"1164\",\"code\":%d}", i);
		pass(1);
		take(line);
	}
	ck_assert_uint_eq(live.alarms, HM_LIVE_ALARMS_MAX);
	ck_assert_uint_eq(live.refused, 300 - HM_LIVE_ALARMS_MAX);
}
END_TEST

START_TEST(a_tool_without_stats_is_silent)
{
	int64_t polls;

	take("{\"type\":\"stats\"," TIME ",\"tool\":\"hm-poll\",\"polls\":7,"
	    "\"rate\":1.5}");
	ck_assert(hm_view_counter(&view, "hm-poll", "polls", &polls));
	ck_assert_int_eq(polls, 7);
	ck_assert(!hm_view_counter(&view, "hm-poll", "none", &polls));
	pass(3 * MINUTE);
	ck_assert(!hm_view_silent(&view, &live.tool[0]));
	pass(1);
	ck_assert(hm_view_silent(&view, &live.tool[0]));
	ck_assert(!hm_view_counter(&view, "hm-poll", "polls", &polls));
	/* A tool with a longer period has more time. */
	take("{\"type\":\"stats\"," TIME ",\"tool\":\"hm-poll\"}");
	pass(8 * MINUTE);
	ck_assert(!hm_view_silent(&view, &live.tool[0]));
}
END_TEST

/* Its period may be as long as it has run. */
START_TEST(a_tool_of_one_record_is_given_time)
{
	take("{\"type\":\"stats\"," TIME ",\"tool\":\"hm-poll\","
	    "\"uptime\":600}");
	pass(30 * MINUTE);
	ck_assert(!hm_view_silent(&view, &live.tool[0]));
	pass(1);
	ck_assert(hm_view_silent(&view, &live.tool[0]));
}
END_TEST

static void
take_stats(void)
{
	take("{\"type\":\"stats\"," TIME ",\"tool\":\"hm-poll\","
	    "\"uptime\":86400}");
}

START_TEST(a_late_record_gives_the_next_no_more_time)
{
	take_stats();
	pass(MINUTE);
	take_stats();
	pass(30 * MINUTE);
	take_stats();
	pass(3 * MINUTE);
	ck_assert(!hm_view_silent(&view, &live.tool[0]));
	pass(1);
	ck_assert(hm_view_silent(&view, &live.tool[0]));
}
END_TEST

START_TEST(an_extra_record_does_not_make_the_next_late)
{
	take_stats();
	pass(5 * MINUTE);
	take_stats();
	pass(10 * 1000);
	take_stats();
	pass(170 * 1000);
	ck_assert(!hm_view_silent(&view, &live.tool[0]));
}
END_TEST

/* So a tool that hangs after a restart of hm-metrics does not have a day. */
START_TEST(in_a_supervised_chain_all_have_one_period)
{
	live.options.same_stats_period = true;
	take_stats();
	pass(3 * MINUTE);
	ck_assert(!hm_view_silent(&view, &live.tool[0]));
	pass(1);
	ck_assert(hm_view_silent(&view, &live.tool[0]));
}
END_TEST

START_TEST(a_tool_that_is_expected_and_never_comes_is_silent)
{
	live.options.same_stats_period = true;
	hm_live_expect_tool(&live, "hm-poll", &now);
	ck_assert_uint_eq(live.tools, 1);
	pass(3 * MINUTE);
	ck_assert(!hm_view_silent(&view, &live.tool[0]));
	pass(1);
	ck_assert(hm_view_silent(&view, &live.tool[0]));
	take_stats();
	ck_assert(!hm_view_silent(&view, &live.tool[0]));
	ck_assert_uint_eq(live.tools, 1);
}
END_TEST

#define DEATH_BY(tool, second, pid) "{\"type\":\"death\",\"time\":" \
    "\"2026-06-21T10:00:" second "Z\",\"tool\":\"" tool "\"," \
    "\"signal\":9" pid "}"
#define DEATH(tool, second) DEATH_BY(tool, second, ",\"pid\":7")

START_TEST(deaths_are_counted_by_tool)
{
	take(DEATH("hm-decode", "01"));
	take(DEATH("hm-decode", "02"));
	take(DEATH("hm-filter", "02"));
	ck_assert_uint_eq(live.dead, 2);
	ck_assert_str_eq(live.died[0].tool, "hm-decode");
	ck_assert_uint_eq(live.died[0].count, 2);
	ck_assert_uint_eq(live.died[1].count, 1);
	/* A death record does not mean that the tool runs. */
	ck_assert_uint_eq(live.tools, 0);
}
END_TEST

START_TEST(a_death_that_comes_again_counts_once)
{
	take(DEATH("hm-decode", "01"));
	take(DEATH("hm-filter", "01"));
	take(DEATH("hm-decode", "01"));
	ck_assert_uint_eq(live.died[0].count, 1);
	take(DEATH_BY("hm-decode", "01", ",\"pid\":8"));
	ck_assert_uint_eq(live.died[0].count, 2);
	/* A death record of another supervisor may have no process id. */
	take(DEATH_BY("hm-store", "01", ""));
	take(DEATH_BY("hm-store", "01", ""));
	ck_assert_uint_eq(live.died[2].count, 1);
}
END_TEST

START_TEST(a_death_of_the_future_hides_no_other)
{
	take("{\"type\":\"death\",\"time\":\"2036-06-21T10:00:00Z\","
	    "\"tool\":\"hm-decode\",\"pid\":7}");
	take(DEATH("hm-decode", "00"));
	ck_assert_uint_eq(live.died[0].count, 2);
	take(DEATH("hm-decode", "00"));
	ck_assert_uint_eq(live.died[0].count, 2);
	take(DEATH("hm-decode", "01"));
	ck_assert_uint_eq(live.died[0].count, 3);
}
END_TEST

START_TEST(deaths_are_bounded)
{
	char line[200];

	take("{\"type\":\"death\"," TIME "}");
	take(DEATH("a-name-of-more-than-32-characters-is-none", "01"));
	ck_assert_uint_eq(live.refused, 2);
	for (size_t i = 0; i <= HM_LIVE_TOOLS_MAX; i++) {
		snprintf(line, sizeof line, "{\"type\":\"death\"," TIME
		    ",\"tool\":\"tool-%zu\"}", i);
		take(line);
	}
	ck_assert_uint_eq(live.dead, HM_LIVE_TOOLS_MAX);
	ck_assert_uint_eq(live.refused, 3);
}
END_TEST

START_TEST(names_are_bounded)
{
	char line[400], name[HM_LIVE_NAME + 1];

	memset(name, 'x', sizeof name - 1);
	name[sizeof name - 1] = '\0';
	snprintf(line, sizeof line, "{\"type\":\"dtu\"," TIME ",\"dtu\":"
	    "\"%s\"}", name);
	take(line);
	take("{\"type\":\"dtu\"," TIME ",\"dtu\":\"\"}");
	take("{\"type\":\"dtu\"," TIME "}");
	take("{\"type\":\"port\"," TIME ",\"dtu\":\"roof\",\"port\":1}");
	take("{\"type\":\"port\"," TIME ",\"dtu\":\"roof\",\"serial\":\"1\"}");
	ck_assert_uint_eq(live.refused, 5);
	ck_assert_uint_eq(live.dtus, 1);
	ck_assert_uint_eq(live.devices, 0);
}
END_TEST

START_TEST(devices_are_bounded_and_forgotten)
{
	char line[200];

	for (size_t i = 0; i <= HM_LIVE_DEVICES_MAX; i++) {
		snprintf(line, sizeof line, "{\"type\":\"port\"," TIME
		    ",\"dtu\":\"roof\",\"serial\":\"%zu\",\"port\":1}", i);
		take(line);
	}
	ck_assert_uint_eq(live.devices, HM_LIVE_DEVICES_MAX);
	ck_assert_uint_eq(live.refused, 1);
	pass(12 * HOUR);
	take("{\"type\":\"port\"," TIME ",\"dtu\":\"roof\",\"serial\":\"77\","
	    "\"port\":1,\"pv_power\":3}");
	pass(12 * HOUR);
	take("{\"type\":\"port\"," TIME ",\"dtu\":\"roof\",\"serial\":\"77\","
	    "\"port\":1,\"pv_power\":3}");
	hm_live_forget(&live);
	ck_assert_uint_eq(live.devices, 1);
	ck_assert_str_eq(live.device[0].serial, "77");
	take("{\"type\":\"port\"," TIME ",\"dtu\":\"roof\",\"serial\":\"77\","
	    "\"port\":1,\"pv_power\":4}");
	ck_assert_uint_eq(live.devices, 1);
	ck_assert_str_eq(power(), "4");
}
END_TEST

START_TEST(a_copy_is_equal_and_apart)
{
	struct hm_live copy = {0};

	take_port(",\"pv_power\":5");
	ck_assert(hm_live_copy(&copy, &live));
	take_port(",\"pv_power\":6");
	hm_view_init(&view, &copy, &now);
	ck_assert_str_eq(power(), "5");
	ck_assert(hm_live_copy(&copy, &live));
	hm_view_init(&view, &copy, &now);
	ck_assert_str_eq(power(), "6");
	hm_live_free(&copy);
}
END_TEST

START_TEST(sums_are_of_known_values)
{
	struct hm_decimal sum;

	take_dtu("2026-06-21T10:00:00Z", ",\"pv_power\":5.5,"
	    "\"today_production\":10");
	take("{\"type\":\"dtu\"," TIME ",\"dtu\":\"barn\",\"pv_power\":2}");
	ck_assert(hm_view_sum(&view, HM_F_PV_POWER, true, &sum));
	ck_assert_int_eq(sum.units, 75);
	ck_assert(!hm_view_sum(&view, HM_F_TODAY_PRODUCTION, true, &sum));
	ck_assert(hm_view_sum(&view, HM_F_TODAY_PRODUCTION, false, &sum));
	ck_assert_int_eq(sum.units, 10);
	pass(HOUR);
	ck_assert(!hm_view_sum(&view, HM_F_PV_POWER, false, &sum));
	ck_assert(hm_view_sum(&view, HM_F_TODAY_PRODUCTION, true, &sum));
	ck_assert_int_eq(sum.units, 10);
}
END_TEST

START_TEST(a_sum_of_the_day_is_over_those_that_have_begun_it)
{
	struct hm_decimal sum;

	setenv("TZ", "UTC", 1);
	hm_live_free(&live);
	begin(2);
	take_dtu("2026-06-21T10:00:00Z", ENERGIES);
	take("{\"type\":\"dtu\"," TIME ",\"dtu\":\"barn\"" ENERGIES "}");
	take_offline("open", 5, "refused");
	ck_assert(hm_view_sum(&view, HM_F_TODAY_PRODUCTION, true, &sum));
	ck_assert_int_eq(sum.units, 20);
	pass(14 * HOUR);
	ck_assert(!hm_view_sum(&view, HM_F_TODAY_PRODUCTION, true, &sum));
	take_dtu("2026-06-22T00:00:00Z", ",\"today_production\":3,"
	    "\"total_production\":102");
	ck_assert(hm_view_sum(&view, HM_F_TODAY_PRODUCTION, true, &sum));
	ck_assert_int_eq(sum.units, 3);
	ck_assert(hm_view_sum(&view, HM_F_TOTAL_PRODUCTION, true, &sum));
	ck_assert_int_eq(sum.units, 201);
}
END_TEST

/* An energy of the ledger; of the day before if `back` is 1. */
static void
take_energy(const char *dtu, const char *serial, int64_t watthours, int back)
{
	const struct hm_history_energy energy = {.dtu = hm_text(dtu),
	    .serial = hm_text(serial), .port = serial[0] != '\0',
	    .today = watthours, .total = 100 + watthours,
	    .day = WALL / 86400 - back, .time = WALL - back * 86400,
	    .newest = WALL};

	hm_live_take_energy(&live, &energy, &now);
	hm_view_init(&view, &live, &now);
}

START_TEST(at_the_start_energies_are_those_of_the_ledger)
{
	const struct hm_live_device *d;

	setenv("TZ", "UTC", 1);
	take_energy("roof", "", 7, 0);
	take_energy("roof", "1164", 7, 0);
	ck_assert_uint_eq(live.devices, 3);
	ck_assert_str_eq(today(HM_SCOPE_DTU), "7");
	ck_assert_str_eq(today(HM_SCOPE_PORT), "7");
	ck_assert_str_eq(total(HM_SCOPE_PORT), "107");
	d = hm_view_device(&view, HM_SCOPE_INVERTER, NULL);
	ck_assert_str_eq(d->serial, "1164");
	ck_assert_int_eq(d->time, WALL);
	ck_assert_str_eq(hm_view_status(&view, &live.dtu[0]), "unknown");
	take_port(ENERGIES);
	ck_assert_str_eq(total(HM_SCOPE_PORT), "99");
	take_energy("roof", "1164", 3, 0); /* a record came before */
	ck_assert_str_eq(total(HM_SCOPE_PORT), "99");
}
END_TEST

START_TEST(a_day_that_is_over_is_not_taken_from_the_ledger)
{
	setenv("TZ", "UTC", 1);
	take_energy("roof", "1164", 7, 1);
	ck_assert_str_eq(today(HM_SCOPE_PORT), "");
	ck_assert_str_eq(total(HM_SCOPE_PORT), "107");
}
END_TEST

START_TEST(the_ledger_may_have_other_dtus)
{
	take_energy("barn", "", 7, 0); /* the settings have one DTU: roof */
	ck_assert_uint_eq(live.dtus, 1);
	ck_assert_uint_eq(live.devices, 0);
	hm_live_free(&live);
	begin(0);
	take_energy("barn", "", 7, 0);
	take_energy("shed", "", 7, 1);
	ck_assert_uint_eq(live.dtus, 1);
	ck_assert_str_eq(live.dtu[0].name, "barn");
	ck_assert_str_eq(total(HM_SCOPE_DTU), "107");
}
END_TEST

/* Health */

START_TEST(silence_is_bad_after_a_while)
{
	ck_assert(hm_view_healthy(&view));
	pass(5 * MINUTE);
	ck_assert(hm_view_healthy(&view));
	pass(1);
	ck_assert(!hm_view_healthy(&view));
	take_dtu("2026-06-21T10:06:00Z", ",\"pv_power\":500");
	ck_assert(hm_view_healthy(&view));
	take_offline("open", 5, "refused");
	ck_assert(hm_view_healthy(&view));
	pass(5 * MINUTE + 1);
	ck_assert(!hm_view_healthy(&view));
}
END_TEST

START_TEST(one_dtu_that_answers_is_enough)
{
	hm_live_free(&live);
	begin(2);
	take_dtu("2026-06-21T10:00:00Z", "");
	pass(4 * MINUTE);
	take("{\"type\":\"dtu\"," TIME ",\"dtu\":\"barn\"}");
	pass(5 * MINUTE);
	ck_assert(hm_view_healthy(&view));
	pass(1);
	ck_assert(!hm_view_healthy(&view));
}
END_TEST

static const struct {
	const char *last; /* reading before it went away */
	bool at_dusk;
} dusks[] = {
    {",\"pv_power\":19,\"inverters\":1", true},
    {",\"pv_power\":20,\"inverters\":1", false},
    {",\"pv_power\":39.9,\"inverters\":2", true},
    {",\"pv_power\":0", true},
    {",\"inverters_online\":0", true},
    {",\"inverters_online\":1", false},
};

START_TEST(a_dtu_that_goes_at_dusk_is_asleep)
{
	take_dtu("2026-06-21T10:00:00Z", ",\"pv_power\":500");
	take_dtu("2026-06-21T10:01:00Z", dusks[_i].last);
	take_offline("open", 5, "unreachable");
	pass(HOUR);
	ck_assert_int_eq(hm_view_healthy(&view), dusks[_i].at_dusk);
	pass(17 * HOUR);
	ck_assert_int_eq(hm_view_healthy(&view), dusks[_i].at_dusk);
	pass(1);
	ck_assert(!hm_view_healthy(&view));
}
END_TEST

/* Quiet from 22:00 to 06:00, by the clock of UTC. */
static struct hm_quiet_hours night = {.begin = 22 * 3600, .end = 6 * 3600};

START_TEST(at_night_nothing_is_bad)
{
	setenv("TZ", "UTC", 1);
	live.options.night = &night;
	take_dtu("2026-06-21T10:00:00Z", ",\"pv_power\":500");
	pass(6 * MINUTE);
	ck_assert(!hm_view_healthy(&view));
	pass(12 * HOUR);
	ck_assert(hm_view_healthy(&view)); /* 22:06 */
	pass(8 * HOUR - 3 * MINUTE);
	ck_assert(hm_view_healthy(&view)); /* 06:03, the first polls come */
	pass(3 * MINUTE);
	ck_assert(!hm_view_healthy(&view));
}
END_TEST

START_TEST(at_night_readings_last_for_its_periods)
{
	setenv("TZ", "UTC", 1);
	live.options.night = &night;
	pass(13 * HOUR);
	take_port(",\"pv_power\":0");
	pass(45 * MINUTE);
	ck_assert_str_eq(power(), "0");
	pass(1);
	ck_assert_str_eq(power(), "");
}
END_TEST

START_TEST(every_dtu_has_been_tried)
{
	hm_live_free(&live);
	begin(2);
	take_dtu("2026-06-21T10:00:00Z", "");
	ck_assert(!hm_view_all_tried(&view));
	take("{\"type\":\"status\"," TIME ",\"dtu\":\"barn\",\"state\":"
	    "\"offline\",\"breaker\":\"closed\",\"failures\":1}");
	ck_assert(hm_view_all_tried(&view));
}
END_TEST

START_TEST(the_curve_is_sampled_when_the_plant_is_known)
{
	int64_t mean;
	unsigned point = 10 * 12;

	setenv("TZ", "UTC", 1);
	hm_live_free(&live);
	begin(2);
	take_dtu("2026-06-21T10:00:00Z", ",\"pv_power\":500");
	hm_live_sample(&live, &now); /* half of it */
	ck_assert(!hm_day_curve_mean(&live.curve, point, &mean));
	take("{\"type\":\"dtu\"," TIME ",\"dtu\":\"barn\",\"pv_power\":100}");
	hm_live_sample(&live, &now);
	ck_assert(hm_day_curve_mean(&live.curve, point, &mean));
	ck_assert_int_eq(mean, 600000);
	pass(10 * MINUTE);
	hm_live_sample(&live, &now); /* nothing is known any more */
	ck_assert(!hm_day_curve_mean(&live.curve, point + 2, &mean));
}
END_TEST

START_TEST(the_curve_survives_a_wrong_clock)
{
	static const int64_t years[] = {-10, 10};
	int64_t mean;

	setenv("TZ", "UTC", 1);
	for (size_t i = 0; i < sizeof years / sizeof *years; i++) {
		const int64_t set = years[i] * 365 * 24 * HOUR;

		take_dtu("2026-06-21T10:00:00Z", ",\"pv_power\":500");
		hm_live_sample(&live, &now);
		set_clock(set);
		take_dtu("2026-06-21T10:00:00Z", ",\"pv_power\":300");
		hm_live_sample(&live, &now);
		ck_assert(hm_day_curve_mean(&live.curve, 10 * 12, &mean));
		ck_assert_int_eq(mean, 300000);
		set_clock(-set);
		take_dtu("2026-06-21T10:00:00Z", ",\"pv_power\":500");
		hm_live_sample(&live, &now);
		ck_assert(hm_day_curve_mean(&live.curve, 10 * 12, &mean));
		ck_assert_int_eq(mean, 500000);
	}
	ck_assert_int_eq(live.curve.point[10 * 12].count, 4);
}
END_TEST

static TCase *
health(void)
{
	TCase *tcase = tcase_create("health");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, every_field_of_a_type_has_a_place);
	tcase_add_test(tcase, silence_is_bad_after_a_while);
	tcase_add_test(tcase, one_dtu_that_answers_is_enough);
	tcase_add_loop_test(tcase, a_dtu_that_goes_at_dusk_is_asleep, 0,
	    sizeof dusks / sizeof *dusks);
	tcase_add_test(tcase, at_night_nothing_is_bad);
	tcase_add_test(tcase, at_night_readings_last_for_its_periods);
	tcase_add_test(tcase, every_dtu_has_been_tried);
	tcase_add_test(tcase, the_curve_is_sampled_when_the_plant_is_known);
	tcase_add_test(tcase, the_curve_survives_a_wrong_clock);
	return tcase;
}

int
main(void)
{
	Suite *suite = suite_create("live");
	TCase *tcase = tcase_create("live");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, a_record_replaces_the_reading);
	tcase_add_test(tcase, readings_end_with_their_dtu);
	tcase_add_test(tcase, energies_stay_while_their_dtu_sleeps);
	tcase_add_test(tcase, the_day_of_energies_begins_at_reset_hour);
	tcase_add_test(tcase,
	    a_replayed_energy_is_shown_as_long_as_its_reading);
	tcase_add_test(tcase, a_reading_of_the_future_does_not_stay);
	tcase_add_test(tcase, devices_stay_while_their_dtu_is_silent);
	tcase_add_test(tcase, readings_grow_old);
	tcase_add_test(tcase, three_periods_may_be_longer);
	tcase_add_test(tcase, a_stale_record_only_shows_that_the_dtu_answers);
	tcase_add_test(tcase, a_dtu_that_repeats_its_readings_hangs);
	tcase_add_test(tcase, a_dtu_that_hung_before_the_start);
	tcase_add_test(tcase, a_dtu_may_repeat_its_readings_in_the_dark);
	tcase_add_test(tcase, a_poll_counts_once);
	tcase_add_test(tcase, failures_count_by_their_number);
	tcase_add_test(tcase, a_probe_seen_first_is_no_failure);
	tcase_add_test(tcase, info_stays);
	tcase_add_test(tcase, alarms_begin_and_end);
	tcase_add_test(tcase, alarms_that_left_the_list_have_ended);
	tcase_add_test(tcase, alerts_are_repeated_more_often);
	tcase_add_test(tcase, alarms_are_bounded);
	tcase_add_test(tcase, a_tool_without_stats_is_silent);
	tcase_add_test(tcase, a_late_record_gives_the_next_no_more_time);
	tcase_add_test(tcase, an_extra_record_does_not_make_the_next_late);
	tcase_add_test(tcase, in_a_supervised_chain_all_have_one_period);
	tcase_add_test(tcase,
	    a_tool_that_is_expected_and_never_comes_is_silent);
	tcase_add_test(tcase, a_tool_of_one_record_is_given_time);
	tcase_add_test(tcase, deaths_are_counted_by_tool);
	tcase_add_test(tcase, a_death_that_comes_again_counts_once);
	tcase_add_test(tcase, a_death_of_the_future_hides_no_other);
	tcase_add_test(tcase, deaths_are_bounded);
	tcase_add_test(tcase, names_are_bounded);
	tcase_add_test(tcase, devices_are_bounded_and_forgotten);
	tcase_add_test(tcase, a_copy_is_equal_and_apart);
	tcase_add_test(tcase, sums_are_of_known_values);
	tcase_add_test(tcase,
	    a_sum_of_the_day_is_over_those_that_have_begun_it);
	tcase_add_test(tcase, at_the_start_energies_are_those_of_the_ledger);
	tcase_add_test(tcase,
	    a_day_that_is_over_is_not_taken_from_the_ledger);
	tcase_add_test(tcase, the_ledger_may_have_other_dtus);
	tcase_set_timeout(tcase, 30);
	suite_add_tcase(suite, tcase);
	suite_add_tcase(suite, health());
	return run_suite(suite);
}
