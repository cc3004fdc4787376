/*
 * new_rows DATABASE: write "MOMENT SERIAL NUMBER" for each new row of an
 * inverter when another process can read it: us since 1970, its serial number,
 * and its alarm_count. Looks every millisecond. Ends when stdout is closed.
 */

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "base/exits.h"
#include "db/db.h"

#define PAUSE_NS 1000000
#define BUSY_MS 5000

static const char rows_sql[] =
    "SELECT time, serial, alarm_count FROM inverter WHERE time > ? - 10 "
    "ORDER BY time";

/* Rows that are known already are written again: the first counts. */
static int64_t
write_rows(sqlite3_stmt *rows, int64_t since)
{
	long long moment = hm_clock_now_us();
	int64_t last = since;

	sqlite3_bind_int64(rows, 1, since);
	while (sqlite3_step(rows) == SQLITE_ROW) {
		last = sqlite3_column_int64(rows, 0);
		printf("%lld %s %lld\n", moment,
		    (const char *)sqlite3_column_text(rows, 1),
		    (long long)sqlite3_column_int64(rows, 2));
	}
	sqlite3_reset(rows);
	return last;
}

static int64_t
version_of(sqlite3_stmt *version)
{
	int64_t number = -1;

	if (sqlite3_step(version) == SQLITE_ROW)
		number = sqlite3_column_int64(version, 0);
	sqlite3_reset(version);
	return number;
}

int
main(int argc, char *argv[])
{
	const struct timespec pause = {0, PAUSE_NS};
	const struct hm_db_options options = {.busy_ms = BUSY_MS};
	struct hm_db db = {.handle = NULL};
	sqlite3_stmt *version = NULL, *rows = NULL;
	int64_t seen = -1, last = hm_clock_now();

	if (argc != 2 || !hm_db_open(&db, argv[1], &options) ||
	    !hm_db_prepare(&db, "PRAGMA data_version", &version) ||
	    !hm_db_prepare(&db, rows_sql, &rows)) {
		fprintf(stderr, "new_rows: %s\n", hm_db_reason(&db));
		return HM_EXIT_IO;
	}
	for (;;) {
		int64_t now = version_of(version);

		if (now != seen)
			last = write_rows(rows, last);
		seen = now;
		if (fflush(stdout) != 0)
			return HM_EXIT_OK;
		nanosleep(&pause, NULL);
	}
}
