#include "running_time.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

#define DAY 86400

/* The first word of a file, without the line feed. False: there is none. */
static bool
read_word(const char *path, char *word, size_t size)
{
	FILE *file = fopen(path, "re");
	bool good;

	if (file == NULL)
		return false;
	good = fgets(word, (int)size, file) != NULL;
	if (fclose(file) != 0 || !good)
		return false;
	word[strcspn(word, " \n")] = '\0';
	return word[0] != '\0';
}

/* Not from the C library: a library that is preloaded may change its clocks. */
static int64_t
uptime(void)
{
	char word[64], *end;
	long long seconds;

	if (!read_word("/proc/uptime", word, sizeof word))
		return hm_monotonic_ms() / 1000;
	errno = 0;
	seconds = strtoll(word, &end, 10);
	return errno == 0 && end != word ? seconds : hm_monotonic_ms() / 1000;
}

void
hm_running_time_now(const char *own, struct hm_running_time *now)
{
	if (!read_word("/proc/sys/kernel/random/boot_id", now->boot,
	    sizeof now->boot))
		snprintf(now->boot, sizeof now->boot, "%s", own);
	now->uptime = uptime();
	now->clock = hm_clock_now();
}

int64_t
hm_running_time_passed(const struct hm_running_time *then,
    const struct hm_running_time *now)
{
	int64_t up = now->uptime - then->uptime;
	int64_t passed = now->clock - then->clock;

	if (strcmp(then->boot, now->boot) != 0)
		return 0;
	if (up < passed)
		passed = up;
	if (passed > DAY)
		passed = DAY;
	return passed > 0 ? passed : 0;
}

int64_t
hm_running_time_jump(const struct hm_running_time *then,
    const struct hm_running_time *now)
{
	int64_t up = now->uptime - then->uptime;

	if (strcmp(then->boot, now->boot) != 0 || up < 0)
		up = 0;
	return now->clock - then->clock - up;
}

bool
hm_running_time_load(struct hm_db *db, struct hm_running_time *then,
    bool *found)
{
	sqlite3_stmt *s = NULL;
	int result;

	*found = false;
	if (!hm_db_prepare(db, "SELECT boot, uptime, clock, seconds "
	    "FROM running_time", &s))
		return false;
	result = sqlite3_step(s);
	if (result == SQLITE_ROW) {
		struct hm_slice boot = hm_db_column_text(s, 0);

		snprintf(then->boot, sizeof then->boot, "%.*s", (int)boot.n,
		    boot.p);
		then->uptime = sqlite3_column_int64(s, 1);
		then->clock = sqlite3_column_int64(s, 2);
		then->seconds = sqlite3_column_int64(s, 3);
		*found = true;
	}
	sqlite3_finalize(s);
	return result == SQLITE_ROW || result == SQLITE_DONE;
}

bool
hm_running_time_save(struct hm_db *db, const struct hm_running_time *now)
{
	sqlite3_stmt *s = NULL;
	bool good = hm_db_run(db, "DELETE FROM running_time") &&
	    hm_db_prepare(db, "INSERT INTO running_time (boot, uptime, clock, "
	    "seconds) VALUES (?, ?, ?, ?)", &s);

	if (good) {
		hm_db_bind_slice(s, 1, hm_text(now->boot));
		sqlite3_bind_int64(s, 2, now->uptime);
		sqlite3_bind_int64(s, 3, now->clock);
		sqlite3_bind_int64(s, 4, now->seconds);
		good = hm_db_step(s);
	}
	return sqlite3_finalize(s) == SQLITE_OK && good;
}
