#include "history_sql.h"

#define WH(kwh) "CAST(round(1000 * " kwh ") AS INTEGER)"
#define UTC(moment) "strftime('%Y-%m-%dT%H:%M:%SZ', " moment ", 'unixepoch')"
#define OF_DEVICE "serial = :serial AND (:port IS NULL OR port = :port) "

static const char plant_sql[] =
    "SELECT substr(day, 1, :chars) AS at, count(made) AS days, "
    "sum(made) AS made, sum(given) AS given, sum(taken) AS taken, "
    "sum(own) AS own FROM (SELECT day, " WH("kwh") " AS made, "
    WH("given_kwh") " AS given, " WH("taken_kwh") " AS taken, "
    WH("own_kwh") " AS own FROM plant_days "
    "WHERE day BETWEEN :from AND :to) GROUP BY 1 ORDER BY 1";

/*
 * The key of port_daily begins with the day and the DTU: with all of both, the
 * rows of an inverter are found without reading those of the others.
 */
static const char device_sql[] =
    "SELECT substr(day, 1, :chars) AS at, count(made) AS days, "
    "sum(made) AS made FROM (SELECT day, sum(today_production) AS made "
    "FROM (SELECT day FROM plant_sums UNION SELECT day FROM plant_due) "
    "CROSS JOIN (SELECT dtu FROM dtu_daily UNION SELECT dtu FROM "
    "port_latest) CROSS JOIN port_daily USING (day, dtu) "
    "WHERE day BETWEEN :from AND :to "
    "AND day <= date('now', 'localtime', '+1 day') AND " OF_DEVICE
    "GROUP BY day) GROUP BY 1 ORDER BY 1";

/* The power of the plant or of an inverter is the sum of means. */
#define CURVE(key, mean, from, condition, group) \
	"SELECT slot AS at, round(sum(watts), 1) AS watts FROM (SELECT (" key \
	" - :start) / :step AS slot, " mean " AS watts FROM " from \
	" WHERE " key " >= :start AND " key " < :end AND " condition \
	" GROUP BY slot, " group ") GROUP BY slot ORDER BY slot"
#define READINGS(from, condition, group) \
	CURVE("time", "avg(pv_power)", from, \
	    condition "coalesce(stale, 0) = 0", group)
#define HOURS(from, condition, group) \
	CURVE("hour", "max(pv_power_avg * pv_power_count / samples)", \
	    from, condition "samples > 0", group)
#define INPUTS "dtu, serial, port"

static const char *const curve_sql[2][2] = {
    {READINGS("dtu", "", "dtu"), READINGS("port", OF_DEVICE "AND ", INPUTS)},
    {HOURS("dtu_hourly", "", "dtu"),
        HOURS("port_hourly", OF_DEVICE "AND ", INPUTS)},
};

const char hm_history_coarse_sql[] =
    "SELECT EXISTS (SELECT 1 FROM dtu_hourly WHERE hour >= ?1 AND hour < ?2 "
    "AND hour <= coalesce((SELECT min(time) FROM dtu WHERE time >= ?1 "
    "AND time < ?2) - 3600, ?2))";

/*
 * An outage has the newest text and hint of its polls. One that lasts has no
 * end.
 */
#define OF_OUTAGE(column) \
	"(SELECT " column " FROM status AS s WHERE s.dtu = o.dtu " \
	"AND s.time >= unixepoch(o.start) AND (o.end IS NULL " \
	"OR s.time < unixepoch(o.end)) AND " column " IS NOT NULL " \
	"ORDER BY s.time DESC LIMIT 1) AS " column " "
#define DURING "(end IS NULL OR end >= " UTC(":start") ") " \
	"AND start < " UTC(":end")

static const char events_sql[] =
    "SELECT 'outage' AS kind, start, end, seconds, dtu, NULL AS serial, "
    "NULL AS port, errors AS what, " OF_OUTAGE("text") ", "
    OF_OUTAGE("hint")
    "FROM outages AS o WHERE " DURING
    " UNION ALL SELECT 'alarm', start, end, seconds, dtu, serial, port, "
    "what, text, NULL FROM alarms WHERE " DURING
    " ORDER BY start DESC, kind, dtu LIMIT :limit";

static const char gaps_sql[] =
    "SELECT dtu, start, end, days, " WH("kwh") " AS energy FROM gaps "
    "WHERE end >= :from AND start <= :to ORDER BY start, dtu";

static const char records_sql[] = "SELECT what, at, value, unit FROM records";

/*
 * As the view `orders`, which knows its times only as text. The newest are
 * found by the indexes on time; results without a command only among those that
 * are younger than the oldest command of the answer.
 */
static const char orders_sql[] =
    "SELECT o.id, " UTC("o.time") " AS time, o.dtu, o.serial, o.action, "
    "o.percent, o.watts, o.source, r.state, r.error, r.text, "
    "iif(r.stage = 3, max(r.time - o.time, 0), NULL) AS seconds "
    "FROM (SELECT id, time, dtu, serial, action, percent, watts, source "
    "FROM commands WHERE time >= :start AND time < :end "
    "UNION ALL SELECT id, time, dtu, serial, action, NULL, NULL, NULL "
    "FROM results AS alone WHERE time < :end AND time >= "
    "coalesce((SELECT time FROM commands WHERE time >= :start AND time < :end "
    "ORDER BY time DESC LIMIT 1 OFFSET :limit - 1), :start) "
    "AND NOT EXISTS (SELECT 1 FROM commands WHERE id = alone.id) "
    "AND stage = (SELECT min(stage) FROM results WHERE id = alone.id) "
    "ORDER BY time DESC LIMIT :limit) AS o LEFT JOIN results AS r "
    "ON r.id = o.id AND r.stage = "
    "(SELECT max(stage) FROM results WHERE id = o.id) "
    "ORDER BY o.time DESC, o.id DESC";

struct hm_history_sql
hm_history_sql(const struct hm_history_query *query, bool coarse)
{
	bool of_device = query->serial[0] != '\0';

	switch (query->kind) {
	case HM_HISTORY_PANELS:
		return (struct hm_history_sql){NULL, "panels", false};
	case HM_HISTORY_CURVE:
		return (struct hm_history_sql){curve_sql[coarse][of_device],
		    NULL, coarse};
	case HM_HISTORY_EVENTS:
		return (struct hm_history_sql){events_sql, "events", false};
	case HM_HISTORY_GAPS:
		return (struct hm_history_sql){gaps_sql, "gaps", false};
	case HM_HISTORY_RECORDS:
		return (struct hm_history_sql){records_sql, "records", false};
	case HM_HISTORY_ORDERS:
		return (struct hm_history_sql){orders_sql, "orders", false};
	default:
		return (struct hm_history_sql){of_device ? device_sql :
		    plant_sql, NULL, false};
	}
}
