#include "spool_private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_writer.h"
#include "db/db.h"
#include "db/history_read.h"
#include "db/reading_tables.h"
#include "db/ship_tables.h"
#include "db/sql.h"
#include "db/sums_read.h"
#include "record/record.h"
#include "record/types.h"

/* Of HM_TABLE_LATEST there are none. */
#define FORMS HM_TABLE_FORMS

struct hm_spool_reader {
	sqlite3_stmt *rows; /* of outbox */
	/* Of a poll, an hour or a day; NULL: the type had no tables yet. */
	sqlite3_stmt *of[FORMS][HM_SCOPES];
	char line[HM_LINE_MAX];
};

enum { SEQ, DTU, TIME, LINE, SPAN };

struct hm_spool_reader *
hm_spool_reader_new(void)
{
	return calloc(1, sizeof(struct hm_spool_reader));
}

void
hm_spool_reader_free(struct hm_spool_reader *reader)
{
	free(reader);
}

static void
select_rows(struct hm_sql *sql, const struct hm_reading_type *type,
    enum hm_table_form form)
{
	if (form != HM_TABLE_RAW) {
		hm_sums_select(sql, type, form);
		return;
	}
	hm_history_select(sql, type);
	hm_sql_add(sql, " WHERE time = ?1 AND dtu = ?2 ORDER BY %s",
	    type->keys);
}

static bool
prepare_type(struct hm_spool_reader *r, struct hm_db *db,
    const struct hm_reading_type *type)
{
	static const enum hm_table_form forms[] = {
	    HM_TABLE_RAW, HM_TABLE_HOURLY, HM_TABLE_DAILY};
	struct hm_sql sql;

	for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
		sqlite3_stmt **rows = &r->of[forms[i]][type->scope];

		if (*rows != NULL)
			continue;
		select_rows(&sql, type, forms[i]);
		if (!hm_db_prepare(db, hm_sql_text(&sql), rows))
			return false;
	}
	return true;
}

/* For the types that have got tables since the last call. */
static bool
prepare_readings(struct hm_spool_reader *r, struct hm_db *db)
{
	struct hm_tables tables;

	if (!hm_tables_look(db, &tables))
		return false;
	for (size_t i = 0; i < HM_SCOPES; i++)
		if (tables.of[i] &&
		    !prepare_type(r, db, &hm_reading_types[i]))
			return false;
	return true;
}

bool
hm_spool_reader_prepare(struct hm_spool_reader *r, struct hm_db *db)
{
	return hm_db_prepare(db, "SELECT seq, dtu, time, line, span FROM "
	    "outbox WHERE seq > ?1 ORDER BY seq LIMIT ?2", &r->rows) &&
	    prepare_readings(r, db);
}

void
hm_spool_reader_finish(struct hm_spool_reader *r)
{
	sqlite3_finalize(r->rows);
	r->rows = NULL;
	for (size_t form = 0; form < FORMS; form++)
		for (size_t i = 0; i < HM_SCOPES; i++) {
			sqlite3_finalize(r->of[form][i]);
			r->of[form][i] = NULL;
		}
}

static bool
put_line(struct hm_batch *batch, struct hm_slice line)
{
	batch->lines++;
	return fwrite(line.p, 1, line.n, batch->file) == line.n &&
	    putc('\n', batch->file) != EOF;
}

static bool
put_reading(struct hm_spool_reader *r, const struct hm_reading_type *type,
    enum hm_table_form form, struct hm_batch *batch)
{
	sqlite3_stmt *row = r->of[form][type->scope];
	struct hm_slice line;
	struct hm_json e;

	hm_json_start(&e, r->line, sizeof r->line);
	hm_json_object(&e, NULL);
	if (form == HM_TABLE_RAW)
		hm_history_emit(&e, type, row);
	else
		hm_sums_emit(&e, type, form, row);
	hm_json_object_end(&e);
	if (hm_json_done(&e, &line))
		return put_line(batch, line);
	errno = EMSGSIZE;
	return false;
}

enum result { DONE, DB_FAILED, FILE_FAILED };

static enum result
put_readings(struct hm_spool_reader *r, const struct hm_reading_type *type,
    enum hm_table_form form, struct hm_batch *batch)
{
	sqlite3_stmt *rows = r->of[form][type->scope];
	enum result result = DONE;
	int step = SQLITE_DONE;

	sqlite3_bind_value(rows, 1, sqlite3_column_value(r->rows, TIME));
	if (form == HM_TABLE_RAW)
		sqlite3_bind_value(rows, 2,
		    sqlite3_column_value(r->rows, DTU));
	while (result == DONE && (step = sqlite3_step(rows)) == SQLITE_ROW)
		if (!put_reading(r, type, form, batch))
			result = FILE_FAILED;
	if (result == DONE && step != SQLITE_DONE)
		result = DB_FAILED;
	return sqlite3_reset(rows) == SQLITE_OK ? result : DB_FAILED;
}

static enum hm_table_form
form_of(struct hm_slice span)
{
	if (hm_slice_is(span, HM_SPAN_HOUR))
		return HM_TABLE_HOURLY;
	return hm_slice_is(span, HM_SPAN_DAY) ? HM_TABLE_DAILY : HM_TABLE_RAW;
}

/* A dtu record follows the records of its inverters, as in the stream. */
static enum result
put_poll(struct hm_spool_reader *r, struct hm_batch *batch)
{
	enum hm_table_form form = form_of(hm_db_column_text(r->rows, SPAN));
	enum result result = DONE;

	for (size_t i = 1; i <= HM_SCOPES && result == DONE; i++)
		if (r->of[form][i % HM_SCOPES] != NULL)
			result = put_readings(r,
			    &hm_reading_types[i % HM_SCOPES], form, batch);
	return result;
}

static enum result
put_row(struct hm_spool_reader *r, struct hm_batch *batch)
{
	batch->last = sqlite3_column_int64(r->rows, SEQ);
	if (batch->polls++ == 0)
		batch->first = batch->last;
	if (sqlite3_column_type(r->rows, LINE) == SQLITE_NULL)
		return put_poll(r, batch);
	return put_line(batch, hm_db_column_text(r->rows, LINE)) ? DONE :
	    FILE_FAILED;
}

static enum result
put_rows(struct hm_spool_reader *r, uint64_t polls, struct hm_batch *batch)
{
	enum result result = DONE;
	int step = SQLITE_DONE;

	sqlite3_bind_int64(r->rows, 1, batch->cursor);
	sqlite3_bind_int64(r->rows, 2, (int64_t)polls);
	while (result == DONE && ftello(batch->file) < (off_t)HM_SPOOL_BYTES &&
	    (step = sqlite3_step(r->rows)) == SQLITE_ROW)
		result = put_row(r, batch);
	if (result == DONE && step != SQLITE_DONE && step != SQLITE_ROW)
		result = DB_FAILED;
	return sqlite3_reset(r->rows) == SQLITE_OK ? result : DB_FAILED;
}

bool
hm_spool_reader_fill(struct hm_spool *spool, uint64_t polls,
    struct hm_batch *batch)
{
	enum result result = DB_FAILED;

	/* In the transaction of the caller: no poll is older than its table. */
	if (prepare_readings(spool->reader, &spool->db))
		result = put_rows(spool->reader, polls, batch);

	if (result == DB_FAILED)
		return hm_spool_fail(spool, "cannot read");
	if (result == DONE && fflush(batch->file) == 0)
		return true;
	snprintf(spool->why, sizeof spool->why,
	    "no memory for a batch: %s", strerror(errno));
	return false;
}
