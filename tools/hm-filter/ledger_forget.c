#include "base/log.h"
#include "db/db.h"
#include "ledger.h"
#include "ledger_db.h"
#include "ledger_db_private.h"

/* By another process */

static void
warn_forgotten(struct hm_slice dtu, struct hm_slice serial, int64_t port)
{
	hm_log_facts(HM_WARNING, HM_FACTS(hm_fact_slice("dtu", dtu),
	    hm_fact_slice("serial", serial), hm_fact_int("port", port)),
	    "%.*s: inverter %.*s, input %lld is forgotten", (int)dtu.n, dtu.p,
	    (int)serial.n, serial.p, (long long)port);
}

static bool
look_up(void *context, struct hm_ledger_dtu *dtu,
    const struct hm_ledger_inverter *inverter, struct hm_ledger_port *port)
{
	struct hm_ledger_db *db = context;
	bool of_inverter = hm_ledger_is_inverter(inverter);
	sqlite3_stmt *exists = of_inverter ? db->exists : db->counter_exists;

	if (!port->kept)
		return true;
	if (of_inverter)
		hm_ledger_bind_key(exists, dtu, inverter, port);
	else
		hm_ledger_bind_counter(exists, dtu, inverter, port);
	port->forgotten = sqlite3_step(exists) == SQLITE_DONE;
	sqlite3_reset(exists);
	/* Its inputs are enough to say that an inverter is forgotten. */
	if (port->forgotten && of_inverter)
		warn_forgotten(dtu->key.name, hm_device_serial(&inverter->key),
		    port->key.port);
	return true;
}

static bool
count_kept(void *context, struct hm_ledger_dtu *dtu,
    const struct hm_ledger_inverter *inverter, struct hm_ledger_port *port)
{
	int64_t *kept = context;

	(void)dtu;
	(void)inverter;
	*kept += port->kept;
	return true;
}

/* Other processes write to the database often, and rarely delete a row. */
void
hm_ledger_db_follow(struct hm_ledger_db *db, struct hm_ledger *ledger)
{
	int64_t now = hm_ledger_ask(db->version), kept = 0;

	if (now == db->seen || now < 0)
		return;
	db->seen = now;
	hm_ledger_visit(ledger, false, count_kept, &kept);
	if (hm_ledger_ask(db->count) == kept)
		return;
	hm_ledger_visit(ledger, false, look_up, db);
	hm_ledger_drop_forgotten(ledger);
}

/* By this one */

/* The inverter may come back: see hm_dtu_energy_begin. */
static const char leave_sql[] =
    "UPDATE dtu_cache SET since = -1 WHERE dtu IN (SELECT dtu "
    "FROM production_cache WHERE lower(serial) = lower(?))";

/* As hm_inverter_part_leave. */
static const char keep_sql[] =
    "UPDATE inverter_parts AS p SET total_production = c.e_total, "
    "day = nullif(c.e_day, -1), today_production = nullif(max("
    "min(coalesce(c.today_production, -1), c.e_total - p.left_out), "
    "iif(p.day = c.e_day, coalesce(p.today_production, -1), -1)), -1) "
    "FROM production_cache AS c WHERE lower(c.serial) = lower(?) "
    "AND c.dtu = p.dtu AND c.serial = p.serial AND c.port = p.port "
    "AND c.e_total >= p.total_production";

static const char forget_counters_sql[] =
    "DELETE FROM energy_cache WHERE lower(serial) = lower(?)";

static const char forget_sql[] =
    "DELETE FROM production_cache WHERE lower(serial) = lower(?)";

static bool
run(struct hm_db *db, const char *sql, struct hm_slice serial)
{
	sqlite3_stmt *statement = NULL;
	bool good = hm_db_prepare(db, sql, &statement) &&
	    sqlite3_bind_text(statement, 1, serial.p, (int)serial.n,
	    SQLITE_STATIC) == SQLITE_OK &&
	    sqlite3_step(statement) == SQLITE_DONE;

	sqlite3_finalize(statement);
	return good;
}

int64_t
hm_ledger_db_forget(struct hm_ledger_db *db, struct hm_slice serial)
{
	int64_t rows = 0;
	bool good = hm_db_run(&db->db, "BEGIN IMMEDIATE") &&
	    run(&db->db, leave_sql, serial) &&
	    run(&db->db, keep_sql, serial) &&
	    run(&db->db, forget_counters_sql, serial);

	if (good)
		rows = sqlite3_changes(db->db.handle);
	good = good && run(&db->db, forget_sql, serial);
	if (good)
		rows += sqlite3_changes(db->db.handle);
	good = good && hm_db_run(&db->db, "COMMIT");
	if (good)
		return rows;
	hm_db_complain(&db->db, "cannot forget an inverter");
	hm_db_rollback(&db->db);
	return -1;
}
