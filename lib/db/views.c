#include "views.h"

#include "db.h"
#include "plant_days.h"

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

bool
hm_views_are_current(struct hm_db *db)
{
	for (size_t i = 0; i < sizeof views / sizeof *views; i++)
		if (!hm_db_has_object(db, views[i].create))
			return false;
	return true;
}
