#ifndef HM_TEST_HISTORY_H
#define HM_TEST_HISTORY_H

#include "db/schema.h"
#include "scratch.h"

/* A database with all tables and views, in the scratch directory. */
static inline void
open_history(struct hm_db *db, const char *name)
{
	const char *why;

	open_plain(db, name);
	why = hm_schema_bring_up(db);
	ck_assert_msg(why == NULL, "%s", why);
}

#endif
