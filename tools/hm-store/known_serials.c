#include "known_serials.h"

#include "base/log.h"
#include "db/reading_tables.h"
#include "db/sql.h"
#include "record/types.h"

#define ENTRIES_MAX ((size_t)300000) /* DTUs and devices */

struct owner {
	struct hm_dtu_key key;
	bool warned;
};

/* A device stands under the name "", and points to the DTU that reports it. */
struct device {
	struct hm_device_key key;
	struct owner *owner;
};

void
hm_known_serials_init(struct hm_known_serials *known)
{
	const struct hm_device_map_options options = {
	    .dtu_size = sizeof(struct owner),
	    .device_size = sizeof(struct device),
	    .entries_max = ENTRIES_MAX,
	};

	hm_device_map_init(&known->map, &options);
}

void
hm_known_serials_clear(struct hm_known_serials *known)
{
	hm_device_map_clear(&known->map);
}

/* The device, and the DTU of this name; false if there is no room. */
static bool
find(struct hm_known_serials *known, struct hm_slice dtu,
    struct hm_slice serial, struct device **device, struct owner **owner)
{
	struct hm_dtu_key *all = hm_device_map_dtu(&known->map, hm_text(""));

	*owner = hm_device_map_dtu(&known->map, dtu);
	*device = all != NULL ? hm_device_map_device(&known->map, all, serial,
	    0) : NULL;
	return *owner != NULL && *device != NULL;
}

static bool
load_table(struct hm_known_serials *known, struct hm_db *db,
    const struct hm_reading_type *type)
{
	sqlite3_stmt *rows = NULL;
	struct device *device;
	struct owner *owner;
	struct hm_sql sql;
	int result = SQLITE_ERROR;

	hm_sql_start(&sql);
	hm_sql_add(&sql, "SELECT dtu, serial FROM %s_latest ORDER BY time",
	    type->name);
	if (hm_db_prepare(db, hm_sql_text(&sql), &rows))
		while ((result = sqlite3_step(rows)) == SQLITE_ROW)
			if (find(known, hm_db_column_text(rows, 0),
			    hm_db_column_text(rows, 1), &device, &owner))
				device->owner = owner;
	sqlite3_finalize(rows);
	return result == SQLITE_DONE;
}

bool
hm_known_serials_load(struct hm_known_serials *known, struct hm_db *db)
{
	struct hm_tables tables;

	if (!hm_tables_look(db, &tables))
		return false;
	for (size_t i = 0; i < HM_SCOPES; i++)
		if (tables.of[i] && hm_reading_types[i].has_serial &&
		    !hm_reading_types[i].has_port &&
		    !load_table(known, db, &hm_reading_types[i]))
			return false;
	return true;
}

static void
warn(struct hm_slice dtu, struct hm_slice serial, struct hm_slice old)
{
	hm_log_facts(HM_WARNING, HM_FACTS(hm_fact_slice("dtu", dtu),
	    hm_fact_slice("serial", serial), hm_fact_slice("known_as", old)),
	    "%.*s: reports %.*s, which is known from the DTU \"%.*s\": if that "
	    "DTU has a new name, sums over the history count it twice until "
	    "you stop hm and run hm-store --rename-dtu \"%.*s=%.*s\"",
	    (int)dtu.n, dtu.p, (int)serial.n, serial.p, (int)old.n, old.p,
	    (int)old.n, old.p, (int)dtu.n, dtu.p);
}

void
hm_known_serials_see(struct hm_known_serials *known, struct hm_slice dtu,
    struct hm_slice serial)
{
	struct device *device;
	struct owner *owner;

	if (!find(known, dtu, serial, &device, &owner))
		return;
	if (device->owner != NULL && device->owner != owner &&
	    !owner->warned) {
		warn(dtu, serial, device->owner->key.name);
		owner->warned = true;
	}
	device->owner = owner;
}
