#include "alert_past.h"

#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "db/db.h"
#include "db/history_read.h"

static const char query[] =
    "SELECT serial, time, pv_power IS NULL OR pv_power * 1000 <= ?2 "
    "FROM dtu_latest WHERE dtu = ?1";

static bool
take_row(sqlite3_stmt *row, struct hm_alert_past *past)
{
	struct hm_slice serial = hm_db_column_text(row, 0);

	if (serial.n == 0 || serial.n >= sizeof past->serial)
		return false;
	past->time = sqlite3_column_int64(row, 1);
	memcpy(past->serial, serial.p, serial.n);
	past->serial[serial.n] = '\0';
	past->dark = sqlite3_column_int(row, 2) != 0;
	return true;
}

/* NULL, or why the database cannot be read. *found: it has the DTU. */
static const char *
ask(struct hm_db *db, struct hm_slice dtu, int64_t dark_mw, bool *found,
    struct hm_alert_past *past)
{
	const char *why = NULL;
	sqlite3_stmt *statement;
	int result;

	if (!hm_db_prepare(db, query, &statement))
		return hm_db_reason(db);
	hm_db_bind_slice(statement, 1, dtu);
	sqlite3_bind_int64(statement, 2, dark_mw);
	result = sqlite3_step(statement);
	if (result == SQLITE_ROW)
		*found = take_row(statement, past);
	else if (result != SQLITE_DONE)
		why = hm_db_reason(db);
	sqlite3_finalize(statement);
	return why;
}

bool
hm_alert_past_read(const char *path, struct hm_slice dtu, int64_t dark_mw,
    struct hm_alert_past *past)
{
	struct hm_db db = {.handle = NULL};
	const char *why = NULL;
	bool found = false;

	if (access(path, F_OK) < 0)
		return false;
	if (hm_history_open_old(&db, path, &why))
		why = ask(&db, dtu, dark_mw, &found, past);
	if (why != NULL)
		hm_log_facts(HM_WARNING, HM_FACTS(hm_fact("file", path),
		    hm_fact("reason", why)), "%s: the serial number of a DTU "
		    "that does not answer cannot be read: %s", path, why);
	hm_db_close(&db);
	return found;
}
