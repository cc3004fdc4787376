/* A fixture: a database with an outbox, and one destination of it. */

#include "history.h"

#include "db/ship_tables.h"
#include "spool.h"

static struct hm_db db; /* of a test; hm-ship has another connection */
static struct hm_spool a;
static struct hm_batch batch;
static char path[200];

static inline void
setup(void)
{
	make_scratch();
	snprintf(path, sizeof path, "%s", in_scratch("hm.db"));
	open_history(&db, "hm.db");
	ck_assert(hm_ship_tables_create(&db));
	ck_assert(hm_spool_init(&a, path, "a"));
}

static inline void
teardown(void)
{
	hm_batch_clear(&batch);
	hm_spool_free(&a);
	hm_db_close(&db);
	remove_scratch();
}

static inline void
open_spool(struct hm_spool *spool)
{
	ck_assert_msg(hm_spool_open(spool, false), "%s", spool->why);
}

/* A poll of two inputs, each second of those from `first` to `last`. */
static inline void
fill(int first, int last)
{
	char sql[400];

	for (int t = first; t <= last; t++) {
		snprintf(sql, sizeof sql, "INSERT INTO port (time, dtu, "
		    "serial, port, pv_power) VALUES (%d, 'roof', '1', 1, 2.5), "
		    "(%d, 'roof', '1', 2, 3)", t, t);
		run(&db, sql);
		snprintf(sql, sizeof sql, "INSERT INTO outbox (time, dtu) "
		    "VALUES (%d, 'roof')", t);
		run(&db, sql);
		snprintf(sql, sizeof sql, "INSERT OR IGNORE INTO reading_hours "
		    "(hour) VALUES (%d)", t - (t % 3600 + 3600) % 3600);
		run(&db, sql);
	}
}

static inline void
read_next(struct hm_spool *spool, uint64_t polls)
{
	hm_batch_clear(&batch);
	ck_assert_msg(hm_spool_read(spool, polls, &batch), "%s", spool->why);
}

/* "FIRST-LAST POLLS LINES" */
static inline const char *
numbers(void)
{
	static char text[100];

	snprintf(text, sizeof text, "%d-%d %d %d", (int)batch.first,
	    (int)batch.last, (int)batch.polls, (int)batch.lines);
	return text;
}

static inline bool
ship(struct hm_spool *spool)
{
	bool done;

	ck_assert_msg(hm_spool_ship(spool, &batch, &done), "%s", spool->why);
	return done;
}

static inline const char *
content(void)
{
	static char text[4000];
	char name[40];
	FILE *file;
	size_t n;

	snprintf(name, sizeof name, "/proc/self/fd/%d", fileno(batch.file));
	file = fopen(name, "r");
	ck_assert_ptr_nonnull(file);
	n = fread(text, 1, sizeof text - 1, file);
	text[n] = '\0';
	fclose(file);
	return text;
}

static const char waiting[] = "SELECT count(*) FROM outbox";
