#include "rated_power.h"

#include "record/models.h"

/* A name of several models is rated as the largest of them. */
static const char rated_sql[] =
    "INSERT INTO rated_power "
    "(dtu, serial, model, inputs, power, input_power) "
    "SELECT dtu, serial, model, inputs, watts, watts / inputs FROM "
    "(SELECT *, hm_rated_watts(model) AS watts, "
    "coalesce(nullif(ports, 0), hm_rated_inputs(model)) AS inputs FROM "
    "(SELECT dtu, serial, coalesce((SELECT data ->> 'model' FROM info "
    "WHERE dtu = i.dtu AND serial = i.serial AND json_valid(data) "
    "AND hm_rated_watts(data ->> 'model') > 0 ORDER BY time DESC LIMIT 1), "
    "iif(hm_rated_watts(i.model) > 0, i.model, NULL), "
    "hm_rated_model(serial)) AS model, (SELECT count(*) FROM port_latest "
    "WHERE dtu = i.dtu AND serial = i.serial) AS ports "
    "FROM inverter_latest AS i)) WHERE watts > 0 "
    "ON CONFLICT (dtu, serial) DO UPDATE SET model = excluded.model, "
    "inputs = excluded.inputs, power = excluded.power, "
    "input_power = excluded.input_power "
    "WHERE model <> excluded.model OR inputs <> excluded.inputs "
    "OR power <> excluded.power";

static struct hm_slice
argument(sqlite3_value *value)
{
	const unsigned char *text = sqlite3_value_text(value);

	return text == NULL ? hm_text("") : hm_slice((const char *)text,
	    (size_t)sqlite3_value_bytes(value));
}

/* hm_rated_watts(model): of the whole inverter; 0: not known */
static void
sql_watts(sqlite3_context *context, int count, sqlite3_value **value)
{
	const struct hm_slice model = argument(value[0]);

	(void)count;
	sqlite3_result_int64(context,
	    hm_model_input_watts(model) * hm_model_inputs(model));
}

/* hm_rated_inputs(model): by its name */
static void
sql_inputs(sqlite3_context *context, int count, sqlite3_value **value)
{
	(void)count;
	sqlite3_result_int64(context, hm_model_inputs(argument(value[0])));
}

/* hm_rated_model(serial): NULL: not known */
static void
sql_model(sqlite3_context *context, int count, sqlite3_value **value)
{
	(void)count;
	sqlite3_result_text(context, hm_model_inverter(argument(value[0])), -1,
	    SQLITE_STATIC);
}

static bool
define(struct hm_db *db, const char *name,
    void (*function)(sqlite3_context *context, int count,
    sqlite3_value **value))
{
	return sqlite3_create_function(db->handle, name, 1, SQLITE_UTF8 |
	    SQLITE_DETERMINISTIC, NULL, function, NULL, NULL) == SQLITE_OK;
}

bool
hm_rated_power_prepare(struct hm_db *db)
{
	return define(db, "hm_rated_watts", sql_watts) &&
	    define(db, "hm_rated_inputs", sql_inputs) &&
	    define(db, "hm_rated_model", sql_model);
}

bool
hm_rated_power_make(struct hm_db *db)
{
	return hm_db_run(db, rated_sql);
}
