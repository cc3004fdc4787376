#include "restore_energy.h"

#include "base/log.h"
#include "db/db.h"
#include "db/sql.h"

#define BUSY_MS 1000

static const char *const tables[] = {"production_cache", "dtu_cache",
    "inverter_parts", "energy_cache"};

struct ledgers {
	struct hm_db old, fresh;
	struct hm_sql sql;
};

static bool
newest(struct hm_db *db, int64_t *time)
{
	return hm_db_ask(db,
	    "SELECT max(e_pending_time) FROM production_cache", time);
}

static bool
copy_rows(sqlite3_stmt *from, sqlite3_stmt *to)
{
	int rc, columns = sqlite3_column_count(from);

	while ((rc = sqlite3_step(from)) == SQLITE_ROW) {
		for (int i = 0; i < columns; i++)
			if (sqlite3_bind_value(to, i + 1,
			    sqlite3_column_value(from, i)) != SQLITE_OK)
				return false;
		if (!hm_db_step(to))
			return false;
	}
	return rc == SQLITE_DONE;
}

/* `names` are the columns that the fresh table has, `marks` one ? for each. */
static bool
copy_columns(struct ledgers *l, const char *table, struct hm_slice names,
    struct hm_slice marks)
{
	sqlite3_stmt *from = NULL, *to = NULL;
	bool good;

	hm_sql_start(&l->sql);
	hm_sql_add(&l->sql, "SELECT %.*s FROM %s", (int)names.n, names.p,
	    table);
	good = hm_db_prepare(&l->old, hm_sql_text(&l->sql), &from);
	hm_sql_start(&l->sql);
	hm_sql_add(&l->sql, "INSERT INTO %s (%.*s) VALUES (%.*s)", table,
	    (int)names.n, names.p, (int)marks.n, marks.p);
	good = good && hm_db_prepare(&l->fresh, hm_sql_text(&l->sql), &to) &&
	    copy_rows(from, to);
	sqlite3_finalize(from);
	sqlite3_finalize(to);
	return good;
}

/* A version of hm that had no such table makes the fresh file without it. */
static bool
replace_table(struct ledgers *l, const char *table)
{
	sqlite3_stmt *row = NULL;
	bool good;

	hm_sql_start(&l->sql);
	hm_sql_add(&l->sql, "SELECT group_concat(name), group_concat('?') "
	    "FROM pragma_table_info('%s')", table);
	good = hm_db_prepare(&l->fresh, hm_sql_text(&l->sql), &row) &&
	    sqlite3_step(row) == SQLITE_ROW;
	if (good && sqlite3_column_type(row, 0) != SQLITE_NULL) {
		hm_sql_start(&l->sql);
		hm_sql_add(&l->sql, "DELETE FROM %s", table);
		good = hm_db_run(&l->fresh, hm_sql_text(&l->sql)) &&
		    copy_columns(l, table, hm_db_column_text(row, 0),
		    hm_db_column_text(row, 1));
	}
	sqlite3_finalize(row);
	return good;
}

static bool
replace_ledger(struct ledgers *l)
{
	bool good = hm_db_run(&l->fresh, "BEGIN IMMEDIATE");

	for (size_t i = 0; good && i < sizeof tables / sizeof *tables; i++)
		good = replace_table(l, tables[i]);
	good = good && hm_db_run(&l->fresh, "COMMIT");
	if (!good)
		hm_db_rollback(&l->fresh);
	return good;
}

static bool
open_both(struct ledgers *l, const char *old, const char *fresh)
{
	const struct hm_db_options reading = {.still = true};
	const struct hm_db_options writing = {
	    .writing = true, .careful = true, .busy_ms = BUSY_MS};

	return hm_db_open(&l->old, old, &reading) &&
	    hm_db_open(&l->fresh, fresh, &writing);
}

static enum hm_restored_energy
compare(struct ledgers *l)
{
	int64_t old, fresh;

	if (!newest(&l->fresh, &fresh))
		return HM_ENERGIES_OF_BACKUP;
	if (!newest(&l->old, &old))
		return HM_ENERGIES_LOST;
	if (old <= fresh)
		return HM_ENERGIES_OF_BACKUP;
	return replace_ledger(l) ? HM_ENERGIES_KEPT : HM_ENERGIES_LOST;
}

enum hm_restored_energy
hm_restore_energy(const char *old, const char *fresh)
{
	struct ledgers l = {.old.handle = NULL, .fresh.handle = NULL};
	enum hm_restored_energy result = open_both(&l, old, fresh) ?
	    compare(&l) : HM_ENERGIES_LOST;

	hm_db_close(&l.old);
	hm_db_close(&l.fresh);
	return result;
}
