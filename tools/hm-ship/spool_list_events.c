#include "spool.h"

#include <stdlib.h>

#include "base/rfc3339.h"
#include "db/db.h"
#include "db/export.h"
#include "db/history_read.h"
#include "db/ship_tables.h"
#include "record/record.h"
#include "spool_private.h"

#define PART 500 /* records of a transaction */

/* Reads on a connection of its own: its moment outlives a transaction. */
struct hm_spool_events {
	struct hm_db db;
	struct hm_exporter *rows;
	struct hm_record record;
	char why[HM_EXPORT_WHY];
};

void
hm_spool_list_end(struct hm_spool_listing *l)
{
	if (l->events == NULL)
		return;
	hm_export_close(l->events->rows);
	hm_db_close(&l->events->db);
	free(l->events);
	l->events = NULL;
}

static bool
open_events(struct hm_spool *spool, struct hm_spool_listing *l)
{
	struct hm_spool_events *e = l->events;
	const char *why = "no memory";

	if (e != NULL)
		return true;
	e = l->events = calloc(1, sizeof *e);
	if (e != NULL && hm_history_open(&e->db, spool->path, &why)) {
		e->rows = hm_export_events(&e->db, l->since, e->why);
		why = e->why;
	}
	return (e != NULL && e->rows != NULL) ||
	    hm_spool_say(spool, "cannot read", why);
}

static bool
add_event(sqlite3_stmt *add, struct hm_record *record, struct hm_slice line)
{
	struct hm_slice text;
	struct hm_fault fault;
	int64_t time = 0;

	if (hm_record_parse(record, line, &fault) &&
	    hm_record_string(record, "time", &text))
		hm_rfc3339_parse(text, &time);
	return hm_ship_line_add(add, record, time, line);
}

static bool
add_part(struct hm_spool *spool, struct hm_spool_events *e, sqlite3_stmt *add,
    uint64_t *added, bool *more)
{
	struct hm_slice line;

	while (*added < PART) {
		if (!hm_export_next(e->rows, &line, e->why))
			return hm_spool_say(spool, "cannot read", e->why);
		*more = line.p != NULL;
		if (!*more)
			return true;
		if (!add_event(add, &e->record, line))
			return false;
		++*added;
	}
	return true;
}

static bool
list_part(struct hm_spool *spool, struct hm_spool_listing *l, bool *more)
{
	sqlite3_stmt *add = NULL;
	uint64_t added = 0;
	bool good = open_events(spool, l) &&
	    hm_db_run(&spool->db, "BEGIN IMMEDIATE") &&
	    hm_ship_line_prepare(&spool->db, &add) &&
	    add_part(spool, l->events, add, &added, more);

	/* This also keeps the reason of a failure. */
	sqlite3_finalize(add);
	if (!good || !hm_db_run(&spool->db, "COMMIT"))
		return false;
	l->count += added;
	return true;
}

/* Lines that were read for a transaction that failed are read again. */
bool
hm_spool_list_events(struct hm_spool *spool, struct hm_spool_listing *l,
    bool *more)
{
	bool good = list_part(spool, l, more);

	if (!good || !*more)
		hm_spool_list_end(l);
	return good;
}
