/* Put records into a database as hm-store does. */

#include "history.h"

#include "rollup.h"
#include "row_encode.h"
#include "row_insert.h"

struct keeper {
	struct hm_db db;
	struct hm_row_maker *maker;
	struct hm_row_insert *rows;
	struct hm_rollup rollup;
	struct hm_arrival arrival;
	char *kept[4096]; /* rows are borrowed until the end of a batch */
	size_t count;
};

static inline struct keeper *
keep_open(const char *name, int reset_hour)
{
	struct keeper *k = calloc(1, sizeof *k);

	ck_assert_ptr_nonnull(k);
	k->arrival.clock = INT64_C(4102444800); /* 2100: nothing is later */
	open_history(&k->db, name);
	k->maker = hm_row_maker_new();
	k->rows = hm_row_insert_new();
	ck_assert(k->maker != NULL && k->rows != NULL);
	ck_assert(hm_row_insert_prepare(k->rows, &k->db));
	ck_assert(hm_rollup_prepare(&k->rollup, &k->db, reset_hour));
	return k;
}

static inline void
keep_close(struct keeper *k)
{
	hm_row_insert_finish(k->rows);
	hm_rollup_finish(&k->rollup);
	ck_assert_ptr_null(sqlite3_next_stmt(k->db.handle, NULL));
	hm_db_close(&k->db);
	hm_row_insert_free(k->rows);
	hm_row_maker_free(k->maker);
	free(k);
}

static inline void
keep_begin(struct keeper *k)
{
	run(&k->db, "BEGIN IMMEDIATE");
	hm_row_insert_begin(k->rows, &k->arrival);
	hm_rollup_begin(&k->rollup);
}

static inline void
keep_end(struct keeper *k)
{
	ck_assert_msg(hm_row_insert_end(k->rows), "%s", hm_db_reason(&k->db));
	run(&k->db, "COMMIT");
	while (k->count > 0)
		free(k->kept[--k->count]);
}

/* A row of a record, kept until the end of the batch. */
static inline struct hm_slice
keep_row(struct keeper *k, struct hm_slice line)
{
	static struct hm_record record;
	struct hm_fault fault;
	struct hm_slice row;
	const char *why;

	if (!hm_record_parse(&record, line, &fault))
		ck_abort_msg("%s: %.*s", fault.what, (int)line.n, line.p);
	why = hm_row_make(k->maker, &record, line, &row);
	ck_assert_msg(why == NULL, "%s: %.*s", why, (int)line.n, line.p);
	ck_assert_uint_lt(k->count, COUNT(k->kept));
	k->kept[k->count] = malloc(row.n);
	ck_assert_ptr_nonnull(k->kept[k->count]);
	memcpy(k->kept[k->count], row.p, row.n);
	return hm_slice(k->kept[k->count++], row.n);
}

/* Within a batch. */
static inline enum hm_row_fate
keep_line(struct keeper *k, struct hm_slice line)
{
	enum hm_row_fate fate;
	int64_t time = INT64_MIN;

	fate = hm_row_insert_put(k->rows, keep_row(k, line), &time);
	ck_assert_msg(fate != HM_ROW_FAILED, "%s", hm_db_reason(&k->db));
	if (time != INT64_MIN)
		ck_assert(hm_rollup_mark(&k->rollup, time));
	return fate;
}

/* Make the due hours: all, or all but the last. Returns how many. */
static inline uint64_t
make_hours(struct keeper *k, bool all)
{
	uint64_t made = 0;
	bool more = true;

	while (more)
		if (!hm_rollup_make(&k->rollup, all, &made, &more))
			ck_abort_msg("%s", hm_db_reason(&k->db));
	return made;
}

/* A batch of one record: TYPE, TIME, and the members after them. */
__attribute__((format(printf, 4, 5))) static inline enum hm_row_fate
keep(struct keeper *k, const char *type, const char *time,
    const char *members, ...)
{
	char line[4000];
	enum hm_row_fate fate;
	va_list args;
	int n = snprintf(line, sizeof line,
	    "{\"type\":\"%s\",\"time\":\"%s\",", type, time), more;

	va_start(args, members);
	more = vsnprintf(line + n, sizeof line - (size_t)n, members, args);
	va_end(args);
	ck_assert_int_lt(n + more, (int)sizeof line - 1);
	line[n + more] = '}';
	line[n + more + 1] = '\0';
	keep_begin(k);
	fate = keep_line(k, hm_text(line));
	keep_end(k);
	return fate;
}

/* A reading of an input, with its energies in Wh. */
static inline void
keep_input(struct keeper *k, const char *dtu, const char *time, int port,
    int today, int total)
{
	keep(k, "port", time, "\"dtu\":\"%s\",\"serial\":\"1\","
	    "\"port\":%d,\"today_production\":%d,"
	    "\"total_production\":%d", dtu, port, today, total);
}
