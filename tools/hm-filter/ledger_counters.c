#include "base/clock.h"
#include "base/rfc3339.h"
#include "db/db.h"
#include "energy.h"
#include "ledger.h"
#include "ledger_db_private.h"
#include "record/fields.h"
#include "record/types.h"

/* Columns of rows and numbers of parameters. */
enum { DTU = 1, SERIAL, TYPE, FIELD, TODAY, TOTAL, UPDATED, STATE };

#define ENERGY(name, initial, help) ", e_" #name
const char hm_ledger_load_counters_sql[] =
    "SELECT NULL, dtu, serial, type, field, today, total, last_updated"
#include "db/energy.def"
    " FROM energy_cache";
#undef ENERGY

#define ENERGY(name, initial, help) ", e_" #name
const char hm_ledger_write_counter_sql[] =
    "INSERT OR REPLACE INTO energy_cache (dtu, serial, type, field, today, "
    "total, last_updated"
#include "db/energy.def"
#undef ENERGY
#define ENERGY(name, initial, help) ", ?"
    ") VALUES (?, ?, ?, ?, ?, ?, ?"
#include "db/energy.def"
    ")";
#undef ENERGY

const char hm_ledger_counter_exists_sql[] =
    "SELECT 1 FROM energy_cache WHERE dtu = ? AND serial = ? AND type = ? "
    "AND field = ?";

static struct hm_ledger_port *
add_counter(struct hm_ledger *ledger, sqlite3_stmt *row, enum hm_scope scope,
    enum hm_field_id field)
{
	const struct hm_slice serial = hm_db_column_text(row, SERIAL);
	struct hm_ledger_dtu *dtu = hm_ledger_dtu(ledger,
	    hm_db_column_text(row, DTU));
	struct hm_ledger_inverter *inverter = dtu != NULL ?
	    hm_ledger_inverter(ledger, dtu, serial) : NULL;
	struct hm_ledger_inverter *counters = inverter != NULL ?
	    hm_ledger_counters(ledger, dtu, serial, scope) : NULL;

	if (inverter != NULL)
		inverter->hybrid = true;
	return counters != NULL ? hm_ledger_counter(ledger, counters, field) :
	    NULL;
}

/* A row of a newer version's field stays as it is. */
void
hm_ledger_load_counter(struct hm_ledger_db *db, struct hm_ledger *ledger,
    sqlite3_stmt *row)
{
	const struct hm_reading_type *type = hm_reading_type_of(
	    hm_db_column_text(row, TYPE));
	const struct hm_field *field = type != NULL ?
	    hm_field_find(type->scope, hm_db_column_text(row, FIELD)) : NULL;
	struct hm_ledger_port *counter = NULL;
	struct hm_energy energy;

	if (field == NULL || field->kind != HM_DAILY)
		return;
	if (hm_ledger_read_state(row, STATE, &energy))
		counter = add_counter(ledger, row, type->scope,
		    (enum hm_field_id)(field - hm_fields));
	if (counter == NULL) {
		hm_ledger_warn_damaged(db, row, "energy_cache");
		return;
	}
	counter->energy = energy;
	counter->kept = true;
}

void
hm_ledger_bind_counter(sqlite3_stmt *statement,
    const struct hm_ledger_dtu *dtu, const struct hm_ledger_inverter *counters,
    const struct hm_ledger_port *counter)
{
	hm_db_bind_slice(statement, DTU, dtu->key.name);
	hm_db_bind_slice(statement, SERIAL, hm_device_serial(&counters->key));
	sqlite3_bind_text(statement, TYPE,
	    hm_reading_types[hm_ledger_scope(counters)].name, -1,
	    SQLITE_STATIC);
	sqlite3_bind_text(statement, FIELD, hm_fields[counter->key.port].key,
	    -1, SQLITE_STATIC);
}

bool
hm_ledger_write_counter(struct hm_ledger_db *db,
    const struct hm_ledger_dtu *dtu, const struct hm_ledger_inverter *counters,
    const struct hm_ledger_port *counter)
{
	const struct hm_energy *e = &counter->energy;
	char time[HM_RFC3339_SIZE];

	hm_rfc3339_format(hm_clock_now(), time);
	hm_ledger_bind_counter(db->write_counter, dtu, counters, counter);
	hm_ledger_bind_energy(db->write_counter, TODAY, hm_energy_today(e));
	hm_ledger_bind_energy(db->write_counter, TOTAL, hm_energy_total(e));
	sqlite3_bind_text(db->write_counter, UPDATED, time, -1,
	    SQLITE_STATIC);
	hm_ledger_bind_state(db->write_counter, STATE, e);
	return hm_db_step(db->write_counter);
}
