#include "rollup_hour.h"

#include <math.h>
#include <stdio.h>

#include "base/decimal.h"
#include "base/zone.h"
#include "db/sql.h"
#include "record/device_map.h"
#include "record/fields.h"

#define HOUR_TEXT "3600"

/*
 * Not with GROUP BY: SQLite would sort the rows by device first, which takes
 * longer than all the rest.
 */

struct total {
	int64_t count;
	double sum, least, most;
};

/* The readings of a device in an hour */
struct sample {
	struct hm_device_key key; /* its number is the port */
	int64_t count;
	char serial[32]; /* of a DTU: it is not part of its key */
	struct total total[];
};

struct hour {
	struct hm_db *db;
	const struct hm_reading_type *type;
	const struct hm_field *field[HM_FIELDS]; /* fields with rollups */
	size_t fields;
	struct hm_device_map devices;
	sqlite3_stmt **read, **write; /* of the type */
};

/* Columns of the readings; the fields follow. */
enum { TIME, DTU, SERIAL, PORT, FIRST_FIELD };

/* Reading */

static void
add_value(struct total *total, double value)
{
	if (total->count == 0 || value < total->least)
		total->least = value;
	if (total->count == 0 || value > total->most)
		total->most = value;
	total->sum += value;
	total->count++;
}

static struct sample *
sample_of(struct hour *h, sqlite3_stmt *row, struct hm_slice serial)
{
	struct hm_dtu_key *dtu = hm_device_map_dtu(&h->devices,
	    hm_db_column_text(row, DTU));

	return dtu == NULL ? NULL : hm_device_map_device(&h->devices, dtu,
	    h->type->has_serial ? serial : hm_text(""),
	    h->type->has_port ? sqlite3_column_int64(row, PORT) : 0);
}

static bool
add_row(struct hour *h, sqlite3_stmt *row)
{
	struct hm_slice serial = hm_db_column_text(row, SERIAL);
	struct sample *sample = sample_of(h, row, serial);

	if (sample == NULL)
		return false;
	sample->count++;
	if (!h->type->has_serial && serial.n > 0)
		snprintf(sample->serial, sizeof sample->serial, "%.*s",
		    (int)serial.n, serial.p);
	for (size_t i = 0; i < h->fields; i++) {
		int column = FIRST_FIELD + (int)i;

		if (sqlite3_column_type(row, column) != SQLITE_NULL)
			add_value(&sample->total[i],
			    sqlite3_column_double(row, column));
	}
	return true;
}

static bool
prepare_read(struct hour *h)
{
	struct hm_sql sql;

	hm_sql_start(&sql);
	hm_sql_add(&sql, "SELECT time, dtu, serial, %s",
	    h->type->has_port ? "port" : "0");
	for (size_t i = 0; i < h->fields; i++)
		hm_sql_add(&sql, ", %s", h->field[i]->key);
	/* A stale reading repeats an older one. */
	hm_sql_add(&sql, " FROM %s WHERE time >= ?1 AND time < ?1 + "
	    HOUR_TEXT " AND stale IS NOT 1", h->type->name);
	return hm_db_prepare(h->db, hm_sql_text(&sql), h->read);
}

static bool
read_rows(struct hour *h, int64_t hour)
{
	bool whole = hm_zone_is_hour(hour);
	sqlite3_stmt *rows;
	int result;

	if (*h->read == NULL && !prepare_read(h))
		return false;
	rows = *h->read;
	sqlite3_bind_int64(rows, 1, hour);
	while ((result = sqlite3_step(rows)) == SQLITE_ROW)
		if ((whole || hm_zone_hour(sqlite3_column_int64(rows,
		    TIME)) == hour) && !add_row(h, rows))
			break;
	sqlite3_reset(rows);
	return result == SQLITE_DONE;
}

/* Writing */

static bool
add_parameter(void *context, const char *column, const char *type)
{
	(void)column;
	(void)type;
	hm_sql_add(context, ", ?");
	return true;
}

static bool
prepare_write(struct hour *h)
{
	const struct hm_reading_type *type = h->type;
	struct hm_sql sql;

	hm_sql_start(&sql);
	hm_sql_add(&sql, "INSERT INTO %s_hourly (hour, dtu, serial%s, samples",
	    type->name, type->has_port ? ", port" : "");
	hm_table_add_columns(&sql, type, HM_TABLE_HOURLY);
	hm_sql_add(&sql, ") VALUES (?, ?, ?, ?%s",
	    type->has_port ? ", ?" : "");
	hm_table_columns(type, HM_TABLE_HOURLY, add_parameter, &sql);
	hm_sql_add(&sql, ") ON CONFLICT (hour, %s) DO UPDATE SET "
	    "serial = excluded.serial, samples = excluded.samples, "
	    "filled = 0", type->keys);
	hm_table_add_updates(&sql, type, HM_TABLE_HOURLY);
	hm_sql_add(&sql, " WHERE excluded.samples >= samples");
	return hm_db_prepare(h->db, hm_sql_text(&sql), h->write);
}

/* Counters are integers unless a setting multiplies them. */
static void
bind_most(sqlite3_stmt *write, int parameter, double most)
{
	if (most == floor(most) && fabs(most) < 9e15)
		sqlite3_bind_int64(write, parameter, (int64_t)most);
	else
		sqlite3_bind_double(write, parameter, most);
}

/* To three decimals. */
static double
mean_of(const struct total *total)
{
	double mean = total->sum / (double)total->count;
	double thousandths = round(mean * 1000);

	return fabs(thousandths) > 9e15 ? mean :
	    hm_decimal_double(hm_decimal((int64_t)thousandths, 3));
}

static int
bind_total(sqlite3_stmt *write, int parameter, const struct hm_field *field,
    const struct total *total)
{
	if (hm_field_is_energy(field)) {
		if (total->count > 0)
			bind_most(write, parameter, total->most);
		return parameter + 1;
	}
	sqlite3_bind_int64(write, parameter, total->count);
	if (total->count > 0) {
		sqlite3_bind_double(write, parameter + 1, mean_of(total));
		sqlite3_bind_double(write, parameter + 2, total->least);
		sqlite3_bind_double(write, parameter + 3, total->most);
	}
	return parameter + 4;
}

static bool
write_row(struct hour *h, sqlite3_stmt *write, int64_t hour,
    const struct sample *sample)
{
	int parameter = 4;

	sqlite3_clear_bindings(write);
	sqlite3_bind_int64(write, 1, hour);
	hm_db_bind_slice(write, 2, sample->key.dtu->name);
	if (h->type->has_serial)
		hm_db_bind_slice(write, 3, hm_device_serial(&sample->key));
	else if (sample->serial[0] != '\0')
		hm_db_bind_slice(write, 3, hm_text(sample->serial));
	if (h->type->has_port)
		sqlite3_bind_int64(write, parameter++, sample->key.number);
	sqlite3_bind_int64(write, parameter++, sample->count);
	for (size_t i = 0; i < h->fields; i++)
		parameter = bind_total(write, parameter, h->field[i],
		    &sample->total[i]);
	return hm_db_step(write);
}

static bool
write_rows(struct hour *h, int64_t hour)
{
	const struct hm_dtu_key *dtu = hm_device_map_first(&h->devices);
	bool good = *h->write != NULL || prepare_write(h);

	for (; good && dtu != NULL; dtu = hm_dtu_next(dtu)) {
		const struct sample *sample = hm_dtu_first_device(dtu);

		for (; good && sample != NULL;
		     sample = hm_device_next(&sample->key))
			good = write_row(h, *h->write, hour, sample);
	}
	return good;
}

bool
hm_rollup_hour_make(struct hm_db *db, const struct hm_reading_type *type,
    int64_t hour, struct hm_rollup_statements *statements)
{
	struct hm_device_map_options options = {.dtu_size = 0};
	struct hour h = {.db = db, .type = type,
	    .read = &statements->read[type->scope],
	    .write = &statements->write[type->scope]};
	bool good;

	for (size_t i = 0; i < hm_field_end(type->scope); i++)
		if (hm_field_stored(&hm_fields[i], type->scope) &&
		    (hm_field_is_gauge(&hm_fields[i]) ||
		    hm_field_is_energy(&hm_fields[i])))
			h.field[h.fields++] = &hm_fields[i];
	options.device_size = sizeof(struct sample) +
	    h.fields * sizeof(struct total);
	hm_device_map_init(&h.devices, &options);
	good = read_rows(&h, hour) &&
	    (h.devices.entries == 0 || write_rows(&h, hour));
	hm_device_map_clear(&h.devices);
	return good;
}

void
hm_rollup_hour_finish(struct hm_rollup_statements *statements)
{
	for (size_t i = 0; i < HM_SCOPES; i++) {
		sqlite3_finalize(statements->read[i]);
		sqlite3_finalize(statements->write[i]);
	}
	*statements = (struct hm_rollup_statements){.read = {NULL}};
}
