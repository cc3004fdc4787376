#include "kept_one.h"
#include "run_suite.h"
#include "xorshift.h"

#define T(clock) "2026-11-23T" clock "Z"

/* Readings */

static enum hm_row_fate
keep_port(const char *time, int power)
{
	return keep(k, "port", time, "\"dtu\":\"roof\",\"serial\":\"1\","
	    "\"port\":1,\"pv_power\":%d", power);
}

static const char latest_sql[] = "SELECT strftime('%H:%M:%S', time, "
    "'unixepoch'), strftime('%H:%M:%S', first_seen, 'unixepoch'), pv_power "
    "FROM port_latest";

START_TEST(stores_every_type_of_reading)
{
	ck_assert_int_eq(keep(k, "dtu", T("10:00:00"), "\"dtu\":\"roof\","
	    "\"took_ms\":12,\"alarm_flag\":false,\"pv_power\":1.5,"
	    "\"device_time\":\"1970-01-01T00:00:09Z\""), HM_ROW_NEW);
	ck_assert_int_eq(keep(k, "inverter", T("10:00:00"),
	    "\"dtu\":\"roof\",\"serial\":\"1\",\"model\":\"HM\","
	    "\"temperature\":-3.5"), HM_ROW_NEW);
	ck_assert_int_eq(keep_port(T("10:00:00"), 5), HM_ROW_NEW);
	ck_assert_int_eq(keep(k, "meter", T("10:00:00"), "\"dtu\":\"roof\","
	    "\"serial\":\"m\",\"stale\":true,\"power\":-40"), HM_ROW_NEW);
	ck_assert_str_eq(ask("SELECT time, dtu, serial IS NULL, stale IS NULL, "
	    "took_ms, alarm_flag, pv_power, device_time FROM dtu"),
	    "1795428000|roof|1|1|12|0|1.5|9");
	ck_assert_str_eq(ask("SELECT dtu, serial, model, temperature, "
	    "grid_voltage IS NULL FROM inverter"), "roof|1|HM|-3.5|1");
	ck_assert_str_eq(ask("SELECT serial, port, pv_power FROM port"),
	    "1|1|5.0");
	ck_assert_str_eq(ask("SELECT serial, stale, power FROM meter"),
	    "m|1|-40.0");
	for (size_t i = 0; i < HM_SCOPES; i++) {
		struct hm_sql sql;

		/* Those that are not above. */
		if (i > HM_SCOPE_METER)
			ck_assert_int_eq(keep(k, hm_reading_types[i].name,
			    T("10:00:00"), "\"dtu\":\"roof\","
			    "\"serial\":\"1\",\"port\":1"), HM_ROW_NEW);
		hm_sql_start(&sql);
		hm_sql_add(&sql, "SELECT count(*) FROM %s, %s_latest",
		    hm_reading_types[i].name, hm_reading_types[i].name);
		ck_assert_int_eq(number(&k->db, hm_sql_text(&sql)), 1);
	}
}
END_TEST

/* Few plants have batteries: a failed transaction takes their tables along. */
START_TEST(makes_tables_with_the_first_row)
{
	static const char line[] = "{\"type\":\"battery\",\"time\":\""
	    T("10:00:00") "\",\"dtu\":\"roof\",\"serial\":\"1\",\"soc\":55}";
	static const char names[] = "SELECT name FROM sqlite_schema "
	    "WHERE type = 'table' AND (name GLOB 'battery*' OR "
	    "name GLOB 'grid*') ORDER BY name";

	for (int round = 0; round < 2; round++) {
		ck_assert_str_eq(ask(names), "");
		keep_begin(k);
		ck_assert_int_eq(keep_line(k, hm_text(line)), HM_ROW_NEW);
		run(&k->db, "ROLLBACK");
	}
	for (int round = 0; round < 3; round++) {
		keep_begin(k);
		ck_assert_int_eq(keep_line(k, hm_text(line)), round == 0 ?
		    HM_ROW_NEW : HM_ROW_KNOWN);
		keep_end(k);
		ck_assert_str_eq(ask(names), "battery\nbattery_daily\n"
		    "battery_hourly\nbattery_latest");
	}
	ck_assert_str_eq(ask("SELECT time, serial, soc FROM battery_latest"),
	    "1795428000|1|55.0");
	make_hours(k, true);
	ck_assert_str_eq(ask("SELECT samples, soc_max FROM battery_daily"),
	    "1|55.0");
}
END_TEST

START_TEST(stores_a_row_once)
{
	ck_assert_int_eq(keep_port(T("10:00:00"), 5), HM_ROW_NEW);
	ck_assert_int_eq(keep_port(T("10:00:00"), 5), HM_ROW_KNOWN);
	ck_assert_str_eq(ask("SELECT pv_power FROM port"), "5.0");
	ck_assert_str_eq(ask(latest_sql), "10:00:00|10:00:00|5.0");
}
END_TEST

START_TEST(stores_a_row_once_in_a_batch)
{
	static const char line[] = "{\"type\":\"dtu\",\"time\":\""
	    T("10:00:00") "\",\"dtu\":\"roof\",\"pv_power\":5}";

	keep_begin(k);
	ck_assert_int_eq(keep_line(k, hm_text(line)), HM_ROW_NEW);
	ck_assert_int_eq(keep_line(k, hm_text(line)), HM_ROW_KNOWN);
	keep_end(k);
	ck_assert_str_eq(ask("SELECT count(*) FROM dtu"), "1");
	ck_assert_str_eq(ask("SELECT count(*) FROM dtu_latest"), "1");
}
END_TEST

START_TEST(distinguishes_devices)
{
	static const struct {
		const char *dtu, *serial;
		int port;
	} inputs[] = {{"a", "1", 1}, {"a", "1", 2}, {"a", "2", 1},
	    {"b", "1", 1}, {"", "", 0}, {"a", "1", -1}};

	for (size_t i = 0; i < COUNT(inputs); i++)
		ck_assert_int_eq(keep(k, "port", T("10:00:00"),
		    "\"dtu\":\"%s\",\"serial\":\"%s\",\"port\":%d",
		    inputs[i].dtu, inputs[i].serial, inputs[i].port),
		    HM_ROW_NEW);
	ck_assert_str_eq(ask("SELECT count(*) FROM port"), "6");
	ck_assert_str_eq(ask("SELECT count(*) FROM port_latest"), "6");
}
END_TEST

START_TEST(latest_is_the_newest)
{
	keep_port(T("10:00:00"), 5);
	keep_port(T("10:00:10"), 6);
	ck_assert_str_eq(ask(latest_sql), "10:00:10|10:00:00|6.0");
	/* An older one is stored, but is not the latest. */
	ck_assert_int_eq(keep_port(T("10:00:05"), 7), HM_ROW_NEW);
	ck_assert_str_eq(ask(latest_sql), "10:00:10|10:00:00|6.0");
}
END_TEST

START_TEST(latest_is_the_newest_of_a_batch)
{
	static const char *const times[] = {T("10:00:10"), T("10:00:20"),
	    T("10:00:05"), T("10:00:15")};

	keep_begin(k);
	for (size_t i = 0; i < COUNT(times); i++) {
		char line[200];

		snprintf(line, sizeof line, "{\"type\":\"port\",\"time\":"
		    "\"%s\",\"dtu\":\"roof\",\"serial\":\"1\",\"port\":1,"
		    "\"pv_power\":%d}", times[i], (int)i);
		ck_assert_int_eq(keep_line(k, hm_text(line)), HM_ROW_NEW);
	}
	keep_end(k);
	ck_assert_str_eq(ask("SELECT count(*) FROM port"), "4");
	ck_assert_str_eq(ask(latest_sql), "10:00:20|10:00:05|1.0");
}
END_TEST

/* The order of the rows does not matter. */
START_TEST(first_seen_is_the_oldest)
{
	keep_port(T("10:00:10"), 6);
	keep_port(T("10:00:00"), 5);
	ck_assert_str_eq(ask(latest_sql), "10:00:10|10:00:00|6.0");
	keep_port(T("10:00:20"), 7);
	ck_assert_str_eq(ask(latest_sql), "10:00:20|10:00:00|7.0");
}
END_TEST

/* A value that the newest reading lacks is unknown. */
START_TEST(latest_forgets_missing_values)
{
	keep_port(T("10:00:00"), 5);
	keep(k, "port", T("10:00:10"), "\"dtu\":\"roof\",\"serial\":\"1\","
	    "\"port\":1,\"stale\":true");
	ck_assert_str_eq(ask("SELECT stale, pv_power IS NULL "
	    "FROM port_latest"), "1|1");
	keep_port(T("10:00:20"), 6);
	ck_assert_str_eq(ask("SELECT stale IS NULL, pv_power "
	    "FROM port_latest"), "1|6.0");
}
END_TEST

START_TEST(stores_exact_values)
{
	keep(k, "port", T("10:00:00"), "\"dtu\":\"a\\u0000b\","
	    "\"serial\":\"\u00e4'\\\"\",\"port\":1,"
	    "\"total_production\":9223372036854775807,"
	    "\"pv_voltage\":0.123456789012345");
	ck_assert_str_eq(ask("SELECT hex(dtu), serial, total_production, "
	    "typeof(total_production), pv_voltage = 0.123456789012345, "
	    "typeof(pv_voltage) FROM port"),
	    "610062|\u00e4'\"|9223372036854775807|integer|1|real");
}
END_TEST

/* Alarms that come in lists */

static enum hm_row_fate
keep_alarm(const char *time, const char *start, const char *more)
{
	return keep(k, "alarm", time, "\"dtu\":\"roof\",\"serial\":\"1\","
	    "\"code\":209,\"text\":\"no input\",\"start\":\"%s\"%s", start,
	    more);
}

static const char alarm_sql[] = "SELECT strftime('%H:%M', time, "
    "'unixepoch'), dtu, serial, port, code, alert, text, count, "
    "strftime('%H:%M', start, 'unixepoch'), "
    "strftime('%H:%M', end, 'unixepoch') FROM alarm ORDER BY rowid";

START_TEST(stores_an_alarm_once)
{
	ck_assert_int_eq(keep_alarm(T("10:00:00"), T("09:00:00"), ""),
	    HM_ROW_NEW);
	ck_assert_int_eq(keep_alarm(T("10:05:00"), T("09:00:00"), ""),
	    HM_ROW_KNOWN);
	ck_assert_str_eq(ask(alarm_sql),
	    "10:00|roof|1||209||no input||09:00|");
	ck_assert_int_eq(keep_alarm(T("10:10:00"), T("09:00:00"),
	    ",\"count\":2,\"end\":\"" T("10:07:00") "\""), HM_ROW_NEW);
	ck_assert_str_eq(ask(alarm_sql),
	    "10:10|roof|1||209||no input|2|09:00|10:07");
	/* An older list does not open it again. */
	ck_assert_int_eq(keep_alarm(T("10:05:00"), T("09:00:00"), ""),
	    HM_ROW_KNOWN);
	ck_assert_int_eq(keep_alarm(T("11:00:00"), T("10:50:00"), ""),
	    HM_ROW_NEW);
	ck_assert_str_eq(ask(alarm_sql),
	    "10:10|roof|1||209||no input|2|09:00|10:07\n"
	    "11:00|roof|1||209||no input||10:50|");
}
END_TEST

/* Those of hm-alert have a name and no code, and perhaps no device. */
static enum hm_row_fate
keep_list(const char *time, const char *lasting)
{
	return keep(k, "alarms", time, "\"dtu\":\"roof\",\"listed\":1,"
	    "\"lasting\":[%s]", lasting);
}

#define LASTS(code) "{\"serial\":\"1\",\"code\":" #code "," \
    "\"start\":\"" T("09:00:00") "\"}"

START_TEST(ends_alarms_that_left_the_list)
{
	keep_alarm(T("10:00:00"), T("09:00:00"), "");
	keep(k, "alarm", T("10:00:00"), "\"dtu\":\"barn\",\"serial\":"
	    "\"2\",\"code\":1,\"start\":\"" T("09:00:00") "\"");
	keep(k, "alarm", T("10:00:00"), "\"dtu\":\"roof\",\"serial\":"
	    "\"1\",\"alert\":\"temperature\",\"start\":\""
	    T("09:00:00") "\"");
	ck_assert_int_eq(keep_list(T("10:00:00"), LASTS(209)), HM_ROW_KNOWN);
	ck_assert_int_eq(keep_list(T("11:00:00"), LASTS(141) "," LASTS(209)),
	    HM_ROW_KNOWN);
	/* Replayed: the alarm was reported later. */
	ck_assert_int_eq(keep_list(T("09:30:00"), ""), HM_ROW_KNOWN);
	ck_assert_int_eq(keep_list(T("12:00:00"), LASTS(141)), HM_ROW_NEW);
	ck_assert_int_eq(keep_list(T("13:00:00"), LASTS(141)), HM_ROW_KNOWN);
	ck_assert_str_eq(ask(alarm_sql),
	    "12:00|roof|1||209||no input||09:00|12:00\n"
	    "10:00|barn|2||1||||09:00|\n"
	    "10:00|roof|1|||temperature|||09:00|");
	/* It is in the list again. */
	ck_assert_int_eq(keep_alarm(T("14:00:00"), T("09:00:00"), ""),
	    HM_ROW_NEW);
	ck_assert_int_eq(keep_list(T("14:00:00"), LASTS(209)), HM_ROW_KNOWN);
	ck_assert_str_eq(ask("SELECT count(*) FROM alarm WHERE end IS NULL"),
	    "3");
}
END_TEST

START_TEST(distinguishes_alarms)
{
	static const char *const members[] = {
	    "\"dtu\":\"a\"", "\"dtu\":\"b\"", "\"dtu\":\"a\",\"port\":1",
	    "\"dtu\":\"a\",\"serial\":\"1\"", "\"dtu\":\"a\",\"code\":1",
	    "\"dtu\":\"a\",\"alert\":\"offline\"",
	    "\"dtu\":\"a\",\"alert\":\"heat\""};

	for (int round = 0; round < 2; round++)
		for (size_t i = 0; i < COUNT(members); i++)
			ck_assert_int_eq(keep(k, "alarm", T("10:00:00"),
			    "%s,\"start\":\"" T("09:00:00") "\"", members[i]),
			    round == 0 ? HM_ROW_NEW : HM_ROW_KNOWN);
	ck_assert_str_eq(ask("SELECT count(*) FROM alarm"), "7");
}
END_TEST

/* Alarm codes in readings */

static void
keep_code(const char *time, const char *code)
{
	keep(k, "inverter", time, "\"dtu\":\"roof\",\"serial\":\"1\"%s",
	    code);
}

#define CODE(code) ",\"alarm_code\":" #code ",\"alarm_text\":\"t" #code "\""
#define GONE ",\"alarm_code\":0"

START_TEST(follows_a_code_in_readings)
{
	keep_code(T("10:00:00"), GONE);
	ck_assert_str_eq(ask(alarm_sql), "");
	keep_code(T("10:01:00"), CODE(5));
	ck_assert_str_eq(ask(alarm_sql), "10:01|roof|1||5||t5||10:01|");
	keep_code(T("10:02:00"), CODE(5));
	keep_code(T("10:03:00"), "");
	ck_assert_str_eq(ask(alarm_sql), "10:01|roof|1||5||t5||10:01|");
	keep_code(T("10:04:00"), CODE(7));
	ck_assert_str_eq(ask(alarm_sql),
	    "10:04|roof|1||5||t5||10:01|10:04\n"
	    "10:04|roof|1||7||t7||10:04|");
	keep_code(T("10:05:00"), GONE);
	keep_code(T("10:06:00"), GONE);
	ck_assert_str_eq(ask(alarm_sql),
	    "10:04|roof|1||5||t5||10:01|10:04\n"
	    "10:05|roof|1||7||t7||10:04|10:05");
	keep_code(T("10:07:00"), CODE(5));
	ck_assert_str_eq(ask("SELECT count(*), count(end) FROM alarm"),
	    "3|2");
}
END_TEST

START_TEST(follows_each_inverter_by_itself)
{
	keep_code(T("10:01:00"), CODE(5));
	keep(k, "inverter", T("10:01:00"), "\"dtu\":\"roof\","
	    "\"serial\":\"2\"" CODE(5));
	keep(k, "inverter", T("10:01:00"), "\"dtu\":\"barn\","
	    "\"serial\":\"1\"" CODE(5));
	keep(k, "alarm", T("10:01:00"), "\"dtu\":\"roof\",\"serial\":\"1\","
	    "\"alert\":\"heat\",\"start\":\"" T("10:01:00") "\"");
	keep(k, "alarm", T("10:01:00"), "\"dtu\":\"roof\",\"serial\":\"1\","
	    "\"port\":1,\"code\":3,\"start\":\"" T("10:01:00") "\"");
	keep_code(T("10:02:00"), GONE);
	ck_assert_str_eq(ask("SELECT dtu, serial, coalesce(alert, code) "
	    "FROM alarm WHERE end IS NULL ORDER BY rowid"),
	    "roof|2|5\nbarn|1|5\nroof|1|heat\nroof|1|3");
}
END_TEST

/* A reading that comes again, or late, does not change later alarms. */
START_TEST(follows_no_code_twice)
{
	static char before[2000];

	keep_code(T("10:01:00"), CODE(5));
	keep_code(T("10:02:00"), GONE);
	COPY_TEXT(before, ask(alarm_sql));
	keep_code(T("10:01:00"), CODE(5));
	keep_code(T("10:02:00"), GONE);
	ck_assert_str_eq(ask(alarm_sql), before);
	keep_code(T("09:59:00"), GONE);
	keep_code(T("10:01:30"), CODE(5));
	ck_assert_str_eq(ask(alarm_sql), before);
}
END_TEST

/* States */

static enum hm_row_fate
keep_status(const char *time, const char *state, const char *more)
{
	return keep(k, "status", time,
	    "\"dtu\":\"roof\",\"state\":\"%s\"%s", state, more);
}

static const char status_sql[] = "SELECT strftime('%H:%M', time, "
    "'unixepoch'), state, breaker, failures, error, text, hint, "
    "strftime('%H:%M', retry_at, 'unixepoch') FROM status";

#define REFUSED ",\"breaker\":\"closed\",\"error\":\"refused\""

START_TEST(stores_changes_of_state)
{
	ck_assert_int_eq(keep_status(T("10:00:00"), "online", ""), HM_ROW_NEW);
	ck_assert_int_eq(keep_status(T("10:01:00"), "online", ""),
	    HM_ROW_KNOWN);
	ck_assert_int_eq(keep_status(T("10:02:00"), "offline", REFUSED
	    ",\"failures\":1,\"text\":\"a\",\"hint\":\"b\","
	    "\"retry_at\":\"" T("10:03:00") "\""), HM_ROW_NEW);
	/* Another number of failures or time of retry is not a change. */
	ck_assert_int_eq(keep_status(T("10:03:00"), "offline", REFUSED
	    ",\"failures\":2,\"text\":\"c\""), HM_ROW_KNOWN);
	ck_assert_int_eq(keep_status(T("10:04:00"), "offline",
	    ",\"breaker\":\"open\",\"error\":\"refused\""), HM_ROW_NEW);
	ck_assert_int_eq(keep_status(T("10:05:00"), "offline",
	    ",\"breaker\":\"open\",\"error\":\"crc\""), HM_ROW_NEW);
	ck_assert_int_eq(keep_status(T("10:06:00"), "online", ""), HM_ROW_NEW);
	ck_assert_str_eq(ask(status_sql), "10:00|online||||||\n"
	    "10:02|offline|closed|1|refused|a|b|10:03\n"
	    "10:04|offline|open||refused|||\n"
	    "10:05|offline|open||crc|||\n"
	    "10:06|online||||||");
	ck_assert_int_eq(keep(k, "status", T("10:07:00"),
	    "\"dtu\":\"barn\",\"state\":\"online\""), HM_ROW_NEW);
}
END_TEST

/* A probe and its outcome may fall into one second: the outcome counts. */
START_TEST(stores_the_last_state_of_a_second)
{
	for (int round = 0; round < 2; round++) {
		keep_status(T("10:00:00"), "offline", REFUSED);
		keep_status(T("10:01:00"), "offline",
		    ",\"breaker\":\"half_open\",\"error\":\"refused\"");
		keep_status(T("10:01:00"), "online",
		    ",\"breaker\":\"closed\"");
		ck_assert_str_eq(ask(status_sql),
		    "10:00|offline|closed||refused|||\n"
		    "10:01|online|closed|||||");
		ck_assert_str_eq(ask("SELECT seconds, errors FROM outages"),
		    "60|refused");
	}
}
END_TEST

/* Information about devices, curves and stats */

START_TEST(stores_information_once)
{
	static const char *const known[] = {
	    "\"dtu\":\"roof\",\"serial\":\"1\",\"kind\":\"dtu\"",
	    ("\"dtu\":\"roof\",\"serial\":\"1\",\"kind\":\"dtu\","
	     "\"firmware\":\"1.0\""),
	    "\"dtu\":\"roof\",\"serial\":\"2\",\"kind\":\"dtu\""};

	for (size_t i = 0; i < COUNT(known); i++) {
		ck_assert_int_eq(keep(k, "info", T("10:00:00"), "%s",
		    known[i]), HM_ROW_NEW);
		ck_assert_int_eq(keep(k, "info", T("11:00:00"), "%s",
		    known[i]), HM_ROW_KNOWN);
	}
	ck_assert_str_eq(ask("SELECT time, dtu, serial, data FROM info "
	    "WHERE data ->> 'firmware' = '1.0'"), "1795428000|roof|1|"
	    "{\"kind\":\"dtu\",\"firmware\":\"1.0\"}");
}
END_TEST

START_TEST(stores_curves_as_they_grow)
{
#define CURVE "\"dtu\":\"roof\",\"serial\":\"1\",\"start\":\"" \
	T("08:00:00") "\",\"package\":0,"
	ck_assert_int_eq(keep(k, "history", T("10:00:00"), CURVE
	    "\"curve\":[1]"), HM_ROW_NEW);
	ck_assert_int_eq(keep(k, "history", T("10:10:00"), CURVE
	    "\"curve\":[1]"), HM_ROW_KNOWN);
	ck_assert_int_eq(keep(k, "history", T("10:20:00"), CURVE
	    "\"curve\":[1,2]"), HM_ROW_NEW);
	ck_assert_int_eq(keep(k, "history", T("10:15:00"), CURVE
	    "\"curve\":[9]"), HM_ROW_KNOWN);
	ck_assert_str_eq(ask("SELECT time, start, package, data "
	    "FROM history"), "1795429200|1795420800|0|{\"curve\":[1,2]}");
#undef CURVE
}
END_TEST

START_TEST(stores_stats)
{
	ck_assert_int_eq(keep(k, "stats", T("10:00:00"),
	    "\"tool\":\"hm-poll\",\"polls\":5,\"bad\":0"), HM_ROW_NEW);
	ck_assert_int_eq(keep(k, "stats", T("10:00:00"),
	    "\"tool\":\"hm-poll\",\"polls\":5,\"bad\":0"), HM_ROW_KNOWN);
	ck_assert_int_eq(keep(k, "stats", T("10:00:00"),
	    "\"tool\":\"hm-store\""), HM_ROW_NEW);
	ck_assert_str_eq(ask("SELECT * FROM metrics"),
	    T("10:00:00") "|hm-poll|polls|5\n"
	    T("10:00:00") "|hm-poll|bad|0");
}
END_TEST

/* Values of another kind are unknown; the event is not lost for them. */
START_TEST(stores_events_without_wrong_values)
{
	ck_assert_int_eq(keep(k, "status", T("10:00:00"), "\"dtu\":\"roof\","
	    "\"state\":5,\"failures\":\"x\",\"retry_at\":\"soon\","
	    "\"text\":null"), HM_ROW_NEW);
	ck_assert_str_eq(ask(status_sql), "10:00|||||||");
	ck_assert_int_eq(keep(k, "alarm", T("10:00:00"), "\"dtu\":\"roof\","
	    "\"serial\":7,\"port\":\"x\",\"code\":1.5,\"start\":\""
	    T("09:00:00") "\",\"end\":8"), HM_ROW_NEW);
	ck_assert_str_eq(ask(alarm_sql), "10:00|roof|||||||09:00|");
}
END_TEST

/* A batch that is undone leaves no trace. */
START_TEST(forgets_a_batch_that_failed)
{
	static const char line[] = "{\"type\":\"dtu\",\"time\":\""
	    T("10:00:00") "\",\"dtu\":\"roof\"}";

	keep_begin(k);
	keep_line(k, hm_text(line));
	ck_assert(hm_row_insert_end(k->rows));
	hm_db_rollback(&k->db);
	ck_assert_str_eq(ask("SELECT count(*) FROM dtu"), "0");
	ck_assert_str_eq(ask("SELECT count(*) FROM dtu_latest"), "0");
	keep_begin(k);
	keep_end(k);
	ck_assert_str_eq(ask("SELECT count(*) FROM dtu_latest"), "0");
	ck_assert_int_eq(keep(k, "dtu", T("10:00:00"), "\"dtu\":\"roof\""),
	    HM_ROW_NEW);
}
END_TEST

/* Readings of a few moments and inputs, some of them equal, and an event. */
static void
make_line(uint64_t *seed, char line[200])
{
	int second = (int)(next_random(seed) % 12);

	if (next_random(seed) % 20 == 0)
		snprintf(line, 200, "{\"type\":\"stats\",\"time\":\""
		    T("10:00:%02d") "\",\"tool\":\"x\"}", second);
	else
		snprintf(line, 200, "{\"type\":\"port\",\"time\":\""
		    T("10:00:%02d") "\",\"dtu\":\"roof\",\"serial\":\"1\","
		    "\"port\":%d,\"pv_power\":%d}", second,
		    (int)(next_random(seed) % 3),
		    (int)(next_random(seed) % 2));
}

static char *
all_of(struct keeper *one, const char *table)
{
	struct hm_sql sql;
	char *rows;

	hm_sql_start(&sql);
	hm_sql_add(&sql, "SELECT * FROM %s", table);
	rows = strdup(answer(&one->db, hm_sql_text(&sql)));
	ck_assert_ptr_nonnull(rows);
	return rows;
}

static void
expect_same(struct keeper *a, struct keeper *b, const char *table)
{
	char *rows = all_of(a, table), *other = all_of(b, table);

	ck_assert_str_eq(rows, other);
	free(rows);
	free(other);
}

/* Whatever the batches, also if rows of others stand in the table. */
START_TEST(stores_rows_together_as_one_by_one)
{
	struct keeper *single = keep_open("single.db", 0);
	uint64_t seed = 88172645463325252 + (uint64_t)_i;

	for (int batch = 0; batch < 6; batch++) {
		keep_begin(k);
		for (int i = 0; i < 12; i++) {
			enum hm_row_fate fate;
			char line[200];

			make_line(&seed, line);
			fate = keep_line(k, hm_text(line));
			keep_begin(single);
			ck_assert_int_eq(keep_line(single, hm_text(line)),
			    fate);
			keep_end(single);
		}
		keep_end(k);
		expect_same(k, single, "port");
		expect_same(k, single, "port_latest");
	}
	keep_close(single);
}
END_TEST

/* A full set of rows that wait is one statement, and a smaller one several. */
START_TEST(stores_each_number_of_rows)
{
	keep_begin(k);
	for (int i = 0; i < _i; i++) {
		char line[200];

		snprintf(line, sizeof line, "{\"type\":\"port\",\"time\":\""
		    T("10:00:00") "\",\"dtu\":\"roof\",\"serial\":\"1\","
		    "\"port\":%d%s}", i, i % 3 == 1 ? ",\"pv_power\":1" :
		    i % 3 == 2 ? ",\"stale\":true" : "");
		ck_assert_int_eq(keep_line(k, hm_text(line)), HM_ROW_NEW);
	}
	keep_end(k);
	ck_assert_int_eq(number(&k->db, "SELECT count(*) FROM port"), _i);
	ck_assert_int_eq(number(&k->db, "SELECT count(*) FROM port WHERE "
	    "pv_power IS iif(port % 3 = 1, 1, NULL) AND "
	    "stale IS iif(port % 3 = 2, 1, NULL)"), _i);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("row_insert");
	TCase *tcase = tcase_create("row_insert");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, stores_every_type_of_reading);
	tcase_add_test(tcase, makes_tables_with_the_first_row);
	tcase_add_test(tcase, stores_a_row_once);
	tcase_add_test(tcase, stores_a_row_once_in_a_batch);
	tcase_add_test(tcase, distinguishes_devices);
	tcase_add_test(tcase, latest_is_the_newest);
	tcase_add_test(tcase, latest_is_the_newest_of_a_batch);
	tcase_add_test(tcase, first_seen_is_the_oldest);
	tcase_add_test(tcase, latest_forgets_missing_values);
	tcase_add_test(tcase, stores_exact_values);
	tcase_add_test(tcase, stores_an_alarm_once);
	tcase_add_test(tcase, ends_alarms_that_left_the_list);
	tcase_add_test(tcase, distinguishes_alarms);
	tcase_add_test(tcase, follows_a_code_in_readings);
	tcase_add_test(tcase, follows_each_inverter_by_itself);
	tcase_add_test(tcase, follows_no_code_twice);
	tcase_add_test(tcase, stores_changes_of_state);
	tcase_add_test(tcase, stores_the_last_state_of_a_second);
	tcase_add_test(tcase, stores_information_once);
	tcase_add_test(tcase, stores_curves_as_they_grow);
	tcase_add_test(tcase, stores_stats);
	tcase_add_test(tcase, stores_events_without_wrong_values);
	tcase_add_test(tcase, forgets_a_batch_that_failed);
	tcase_add_loop_test(tcase, stores_rows_together_as_one_by_one, 0, 20);
	tcase_add_loop_test(tcase, stores_each_number_of_rows, 0, 10);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
