#include "rename.h"

#include <string.h>

#include "db/ship_tables.h"

/*
 * A poll may wait under both names, and one of the two may have been shipped:
 * with a new number it goes to all.
 */
static bool
rename_dtu(struct hm_rename *r)
{
	return hm_rename_run(r, "DELETE FROM outbox WHERE dtu = ?2 AND line IS "
	    "NULL AND time IN (SELECT time FROM outbox WHERE dtu = ?1 AND line "
	    "IS NULL)") &&
	    hm_rename_run(r, "INSERT INTO outbox (time, dtu, line) SELECT "
	    "time, ?2, json_set(line, '$.dtu', ?2) FROM outbox WHERE dtu = ?1 "
	    "ORDER BY seq") &&
	    hm_rename_run(r, "DELETE FROM outbox WHERE dtu = ?1");
}

bool
hm_rename_outbox(struct hm_rename *r)
{
	if (!hm_ship_tables_there(r->db))
		return true;
	if (strcmp(r->column, "dtu") == 0)
		return rename_dtu(r);
	return hm_rename_run(r, "UPDATE outbox SET line = json_set(line, "
	    "'$.serial', ?2) WHERE json_extract(line, '$.serial') = ?1");
}
