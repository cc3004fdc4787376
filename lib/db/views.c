#include "views.h"

#define VIEW(name, help, sql) \
	{"DROP VIEW IF EXISTS " #name, "CREATE VIEW " #name " AS " sql},
static const struct {
	const char *drop, *create;
} views[] = {
#include "views.def"
};
#undef VIEW

bool
hm_views_make(struct hm_db *db)
{
	for (size_t i = 0; i < sizeof views / sizeof *views; i++)
		if (!hm_db_run(db, views[i].drop) ||
		    !hm_db_run(db, views[i].create))
			return false;
	return true;
}

static bool
has_view(struct hm_db *db, const char *create)
{
	sqlite3_stmt *find = NULL;
	bool there;

	if (!hm_db_prepare(db, "SELECT 1 FROM sqlite_schema WHERE sql = ?",
	    &find))
		return false;
	hm_db_bind_slice(find, 1, hm_text(create));
	there = sqlite3_step(find) == SQLITE_ROW;
	sqlite3_finalize(find);
	return there;
}

bool
hm_views_are_current(struct hm_db *db)
{
	for (size_t i = 0; i < sizeof views / sizeof *views; i++)
		if (!has_view(db, views[i].create))
			return false;
	return true;
}
