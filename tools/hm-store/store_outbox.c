#include "store_outbox.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/rfc3339.h"
#include "db/ship_tables.h"
#include "outbox_spans.h"
#include "record/record.h"
#include "row_encode.h"

#define HOUR_TEXT "3600"

struct hm_store_outbox {
	sqlite3_stmt *drop_poll, *add_poll, *add_line;
	/* The poll that was listed last in this transaction; no dtu: none. */
	struct hm_slice dtu;
	int64_t time;
	bool hours; /* not every poll */
	bool watched; /* hours and days: they are shipped, or were */
	struct hm_outbox_spans spans;
	struct hm_record record;
};

struct hm_store_outbox *
hm_store_outbox_new(bool hours)
{
	struct hm_store_outbox *outbox = calloc(1, sizeof *outbox);

	if (outbox != NULL)
		outbox->hours = hours;
	return outbox;
}

void
hm_store_outbox_free(struct hm_store_outbox *outbox)
{
	free(outbox);
}

void
hm_store_outbox_begin(struct hm_store_outbox *outbox)
{
	outbox->dtu = (struct hm_slice){NULL, 0};
}

/* Readings */

static bool
same_poll(const struct hm_store_outbox *o, struct hm_slice dtu, int64_t time)
{
	return o->dtu.p != NULL && time == o->time &&
	    hm_slice_equal(o->dtu, dtu);
}

/* Not an upsert: that would keep the number that may have been shipped. */
static bool
put_poll(struct hm_store_outbox *o, struct hm_slice dtu, int64_t time)
{
	if (same_poll(o, dtu, time))
		return true;
	o->dtu = dtu;
	o->time = time;
	sqlite3_bind_int64(o->drop_poll, 1, time);
	hm_db_bind_slice(o->drop_poll, 2, dtu);
	sqlite3_bind_int64(o->add_poll, 1, time);
	hm_db_bind_slice(o->add_poll, 2, dtu);
	return hm_db_step(o->drop_poll) && hm_db_step(o->add_poll);
}

static struct hm_slice
dtu_of(struct hm_slice values)
{
	struct hm_row_value value;

	while (hm_row_next(&values, &value))
		if (value.parameter == HM_ROW_DTU)
			return value.text;
	return (struct hm_slice){NULL, 0};
}

/* Other records */

/* Alarms are listed by the triggers. */
static bool
is_listed(struct hm_slice type)
{
	return !hm_slice_is(type, "alarm") && !hm_slice_is(type, "alarms") &&
	    !hm_slice_is(type, "stats");
}

static bool
put_line(struct hm_store_outbox *o, struct hm_slice line)
{
	struct hm_slice type, text;
	struct hm_fault fault;
	int64_t time;

	/* The row was stored, so it is a record. */
	if (!hm_record_parse(&o->record, line, &fault) ||
	    !hm_record_string(&o->record, "type", &type) ||
	    !hm_record_string(&o->record, "time", &text) ||
	    !hm_rfc3339_parse(text, &time) || !is_listed(type))
		return true;
	return hm_ship_line_add(o->add_line, &o->record, time, line);
}

bool
hm_store_outbox_put(struct hm_store_outbox *outbox, struct hm_slice bytes,
    int64_t time)
{
	struct hm_row row;

	hm_row_read(bytes, &row);
	if (row.type == NULL)
		return put_line(outbox, row.rest);
	return outbox->hours || put_poll(outbox, dtu_of(row.rest), time);
}

/* Hours and days */

bool
hm_store_outbox_watch(struct hm_store_outbox *outbox, struct hm_db *db)
{
	return !outbox->watched || hm_outbox_spans_watch(&outbox->spans, db);
}

bool
hm_store_outbox_list(struct hm_db *db, int64_t now)
{
	return hm_outbox_spans_list(db, now);
}

/* Retention */

/* Each with an index of its own. */
static const char *const prune_sql[] = {
    "DELETE FROM outbox WHERE " HM_OUTBOX_IS_POLL " AND time >= ?1 AND "
    "time < ?1 + " HOUR_TEXT,
    "DELETE FROM outbox WHERE line IS NOT NULL AND time >= ?1 AND "
    "time < ?1 + " HOUR_TEXT,
};

bool
hm_store_outbox_prune(struct hm_db *db, int64_t hour, uint64_t *unshipped)
{
	if (!hm_ship_tables_there(db))
		return true;
	for (size_t i = 0; i < sizeof prune_sql / sizeof *prune_sql; i++) {
		if (!hm_db_run_for(db, prune_sql[i], hour))
			return false;
		*unshipped += (uint64_t)sqlite3_changes64(db->handle);
	}
	return true;
}

/* Setting up */

#define MOMENT(column) \
	"strftime('%Y-%m-%dT%H:%M:%SZ', new." column ", 'unixepoch')"
/* json_patch leaves out the members that are NULL. */
#define LIST_ALARM(name, event) \
	"CREATE TEMP TRIGGER " name " AFTER " event " ON main.alarm BEGIN " \
	"INSERT INTO outbox (time, dtu, line) VALUES (new.time, new.dtu, " \
	"json_patch('{}', json_object('type', 'alarm', " \
	"'time', " MOMENT("time") ", 'dtu', new.dtu, 'serial', new.serial, " \
	"'port', new.port, 'code', new.code, 'alert', new.alert, " \
	"'text', new.text, 'count', new.count, " \
	"'start', " MOMENT("start") ", 'end', " MOMENT("end") "))); END"

/* Also where no reading comes in that hour: retention goes by the hours. */
static const char list_hour[] =
    "CREATE TEMP TRIGGER outbox_hour AFTER INSERT ON main.outbox "
    "WHEN new.line NOT NULL BEGIN "
    "INSERT INTO reading_hours (hour, arrived) SELECT new.time - "
    "(new.time % " HOUR_TEXT " + " HOUR_TEXT ") % " HOUR_TEXT ", seconds "
    "FROM running_time WHERE true "
    "ON CONFLICT (hour) DO UPDATE SET arrived = excluded.arrived "
    "WHERE arrived IS NULL OR arrived < excluded.arrived - " HOUR_TEXT "; "
    "END";

bool
hm_store_outbox_prepare(struct hm_store_outbox *outbox, struct hm_db *db)
{
	return hm_ship_tables_create(db) && hm_db_run(db, list_hour) &&
	    hm_outbox_spans_prepare(db, outbox->hours, hm_clock_now(),
	    &outbox->watched) &&
	    hm_db_run(db, LIST_ALARM("outbox_alarm_new", "INSERT")) &&
	    hm_db_run(db, LIST_ALARM("outbox_alarm_changed", "UPDATE")) &&
	    hm_db_prepare(db, "DELETE FROM outbox WHERE line IS NULL AND "
	    "time = ?1 AND dtu = ?2", &outbox->drop_poll) &&
	    hm_db_prepare(db, "INSERT INTO outbox (time, dtu) VALUES (?1, ?2)",
	    &outbox->add_poll) &&
	    hm_ship_line_prepare(db, &outbox->add_line);
}

void
hm_store_outbox_finish(struct hm_store_outbox *outbox)
{
	sqlite3_finalize(outbox->drop_poll);
	sqlite3_finalize(outbox->add_poll);
	sqlite3_finalize(outbox->add_line);
	outbox->drop_poll = outbox->add_poll = outbox->add_line = NULL;
	outbox->spans = (struct hm_outbox_spans){.watched = {false}};
}
