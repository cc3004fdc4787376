#include "spool.h"

#include <stdlib.h>

#include "base/rfc3339.h"
#include "db/db.h"
#include "db/export.h"
#include "db/reading_tables.h"
#include "db/sql.h"
#include "record/record.h"
#include "record/types.h"
#include "spool_private.h"

#define HOUR 3600

/* Polls */

static void
add_polls(struct hm_sql *sql, const struct hm_tables *tables)
{
	const char *between = "";

	hm_sql_start(sql);
	hm_sql_add(sql, "INSERT INTO outbox (dtu, time) SELECT dtu, time "
	    "FROM (");
	for (size_t i = 0; i < HM_SCOPES; i++) {
		if (!tables->of[i])
			continue;
		hm_sql_add(sql, "%sSELECT dtu, time FROM %s WHERE time >= ?1 "
		    "AND time < ?2", between, hm_reading_types[i].name);
		between = " UNION ";
	}
	hm_sql_add(sql, ") ORDER BY time, dtu");
}

static bool
run_between(struct hm_db *db, const char *sql, int64_t from, int64_t end)
{
	sqlite3_stmt *s = NULL;
	bool good = hm_db_prepare(db, sql, &s);

	if (good) {
		sqlite3_bind_int64(s, 1, from);
		sqlite3_bind_int64(s, 2, end);
		good = sqlite3_step(s) == SQLITE_DONE;
	}
	return sqlite3_finalize(s) == SQLITE_OK && good;
}

static bool
list(struct hm_db *db, int64_t from, int64_t end, uint64_t *count)
{
	struct hm_tables tables;
	struct hm_sql sql;

	if (!hm_tables_look(db, &tables))
		return false;
	add_polls(&sql, &tables);
	if (!run_between(db, "DELETE FROM outbox WHERE line IS NULL "
	    "AND time >= ?1 AND time < ?2", from, end) ||
	    !run_between(db, hm_sql_text(&sql), from, end))
		return false;
	*count = (uint64_t)sqlite3_changes64(db->handle);
	return true;
}

static bool
next_hour(struct hm_spool *spool, int64_t after, int64_t *hour, bool *more)
{
	sqlite3_stmt *s = NULL;
	bool good = hm_db_prepare(&spool->db, "SELECT min(hour) FROM "
	    "reading_hours WHERE hour > ?1", &s);

	if (good) {
		sqlite3_bind_int64(s, 1, after);
		good = sqlite3_step(s) == SQLITE_ROW;
		*more = sqlite3_column_type(s, 0) != SQLITE_NULL;
		*hour = sqlite3_column_int64(s, 0);
	}
	return sqlite3_finalize(s) == SQLITE_OK && good;
}

bool
hm_spool_list(struct hm_spool *spool, int64_t since, int64_t after,
    int64_t *hour, bool *more, uint64_t *count)
{
	uint64_t added = 0;
	bool good = hm_db_run(&spool->db, "BEGIN IMMEDIATE") &&
	    next_hour(spool, after, hour, more) && (!*more ||
	    list(&spool->db, *hour > since ? *hour : since, *hour + HOUR,
	    &added)) &&
	    hm_db_run(&spool->db, "COMMIT");

	if (good) {
		*count += added;
		return true;
	}
	hm_spool_fail(spool, "cannot list what is to be shipped");
	hm_spool_close(spool);
	return false;
}

/* Other records */

struct listing {
	sqlite3_stmt *add;
	struct hm_record record;
	uint64_t count;
	bool failed;
};

static bool
add_event(void *context, struct hm_slice line)
{
	struct listing *l = context;
	struct hm_slice text;
	struct hm_fault fault;
	char dtu[1024];
	int64_t time = 0;

	if (hm_record_parse(&l->record, line, &fault) &&
	    hm_record_string(&l->record, "time", &text))
		hm_rfc3339_parse(text, &time);
	hm_record_text(&l->record, "dtu", dtu, sizeof dtu);
	sqlite3_bind_int64(l->add, 1, time);
	sqlite3_bind_null(l->add, 2);
	if (dtu[0] != '\0')
		hm_db_bind_slice(l->add, 2, hm_text(dtu));
	hm_db_bind_slice(l->add, 3, line);
	l->failed = !hm_db_step(l->add);
	l->count += !l->failed;
	return !l->failed;
}

static bool
add_events(struct hm_spool *spool, int64_t since, struct listing *l)
{
	char why[HM_EXPORT_WHY];
	bool good = hm_db_run(&spool->db, "BEGIN IMMEDIATE") &&
	    hm_db_prepare(&spool->db, "INSERT INTO outbox (time, dtu, line) "
	    "VALUES (?1, ?2, ?3)", &l->add) &&
	    hm_export_events(&spool->db, since, add_event, l, why) &&
	    !l->failed;

	sqlite3_finalize(l->add);
	return good && hm_db_run(&spool->db, "COMMIT");
}

bool
hm_spool_list_events(struct hm_spool *spool, int64_t since, uint64_t *count)
{
	struct listing *l = calloc(1, sizeof *l);
	bool good = l != NULL && add_events(spool, since, l);

	if (good)
		*count += l->count;
	free(l);
	if (good)
		return true;
	hm_spool_fail(spool, "cannot list what is to be shipped");
	hm_spool_close(spool);
	return false;
}
