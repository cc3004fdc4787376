#include "live_history.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/decimal.h"
#include "base/log.h"
#include "base/zone.h"
#include "db/db.h"
#include "db/schema.h"
#include "record/types.h"

void
hm_live_history_close(struct hm_live_history *history)
{
	hm_db_close(&history->db);
}

/* Whether the file does not exist yet, or is being created now. */
static bool
may_come(struct hm_live_history *history)
{
	int64_t version;

	return access(history->path, F_OK) < 0 ||
	    (hm_db_ask(&history->db, "PRAGMA user_version", &version) &&
	    hm_schema_refuse(&history->db) == NULL);
}

/* Keep why there is no history. */
static void
set_lack(struct hm_live_history *history, const char *lack, const char *why)
{
	history->lack = lack;
	if (history->path == NULL)
		snprintf(history->why, sizeof history->why, "%s", why);
	else
		snprintf(history->why, sizeof history->why, "%s: %s",
		    history->path, why);
}

/* No warning if hm-store may still create the file. */
static void
log_why(struct hm_live_history *history, const char *why)
{
	if (history->complained)
		return;
	history->complained = true;
	hm_log_facts(strcmp(history->lack, "missing") == 0 ? HM_INFO :
	    HM_WARNING, HM_FACTS(hm_fact("file", history->path),
	    hm_fact("reason", why)), "%s: no history to show yet: %s",
	    history->path, why);
}

/* The database cannot be opened. */
static void
refuse(struct hm_live_history *history, const char *why)
{
	char reason[128];
	bool missing;

	/* may_come overwrites the text of SQLite. */
	snprintf(reason, sizeof reason, "%s", why);
	missing = may_come(history);
	set_lack(history, missing ? "missing" : "unusable", missing ?
	    "hm-store has not made the database yet" : reason);
	log_why(history, reason);
	hm_db_close(&history->db);
}

bool
hm_live_history_open(struct hm_live_history *history)
{
	const char *why;

	if (history->path == NULL) {
		set_lack(history, "none", "there is no database with a "
		    "history; see database_path and hm-store");
		return false;
	}
	if (history->db.handle != NULL && !hm_db_moved(&history->db))
		return true;
	hm_db_close(&history->db);
	history->whole = false;
	if (!hm_history_open_old(&history->db, history->path, &why)) {
		refuse(history, why);
		return false;
	}
	history->complained = false;
	return true;
}

bool
hm_live_history_ready(struct hm_live_history *history)
{
	const char *why;

	if (!hm_live_history_open(history))
		return false;
	if (history->whole)
		return true;
	why = hm_history_lacks(&history->db);
	history->whole = why == NULL;
	if (why != NULL) {
		set_lack(history, "older", why);
		log_why(history, why);
	}
	history->complained = why != NULL;
	return history->whole;
}

/* Keep why a query failed, and log the first failure after a success. */
static bool
report(struct hm_live_history *history, bool good, const char *what)
{
	if (!good) {
		bool slow = sqlite3_errcode(history->db.handle) ==
		    SQLITE_INTERRUPT;

		set_lack(history, slow ? "slow" : "failed", slow ?
		    "the answer takes too long; ask for less" : what);
		if (!history->complained)
			hm_db_complain(&history->db, what);
	}
	history->complained = !good;
	return good;
}

bool
hm_live_history_report(struct hm_live_history *history, bool good,
    const char *what)
{
	return report(history, good, what);
}

/* The power of a span is the sum over its DTUs. */
struct span {
	struct hm_day_curve *curve;
	int64_t time; /* 0: none yet */
	int64_t milliwatts;
	int64_t end;  /* rows after it were written by a wrong clock */
};

static void
end_span(struct span *span)
{
	if (span->time != 0)
		hm_day_curve_add(span->curve, span->time, span->milliwatts);
	span->milliwatts = 0;
}

static void
add_power(void *context, int64_t time, struct hm_slice dtu,
    struct hm_decimal watts)
{
	struct span *span = context;
	int64_t milliwatts;

	(void)dtu;
	if (time > span->end)
		return;
	if (time != span->time)
		end_span(span);
	span->time = time;
	if (hm_decimal_rescale(watts, 3, &milliwatts))
		span->milliwatts += milliwatts;
}

bool
hm_live_history_curve(struct hm_live_history *history, int64_t now,
    struct hm_day_curve *curve)
{
	struct span span = {.curve = curve, .end = now + HM_DAY_CURVE_STEP};
	int64_t midnight = now - hm_zone_local(now).second;

	if (!hm_live_history_open(history))
		return false;
	if (!report(history, hm_history_power(&history->db, midnight,
	    HM_DAY_CURVE_STEP, add_power, &span),
	    "cannot read the day's power"))
		return false;
	end_span(&span);
	return true;
}

bool
hm_live_history_energies(struct hm_live_history *history, int64_t now,
    hm_energy_visitor *visit, void *context)
{
	return hm_live_history_open(history) && report(history,
	    hm_history_energies(&history->db, now, visit, context),
	    "cannot read the energies");
}

bool
hm_live_history_inverter(struct hm_live_history *history,
    const char *serial, int limit, struct hm_json *e)
{
	bool good;

	if (!hm_live_history_ready(history))
		return false;
	hm_json_array(e, NULL);
	good = hm_history_readings(&history->db,
	    hm_reading_type_of(hm_text("inverter")), hm_text(serial), limit, e);
	hm_json_array_end(e);
	return report(history, good, "cannot read the history");
}

bool
hm_live_history_stats(struct hm_live_history *history, struct hm_json *e)
{
	return hm_live_history_ready(history) && report(history,
	    hm_history_stats(&history->db, e), "cannot count the rows");
}
