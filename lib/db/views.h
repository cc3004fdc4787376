#ifndef HM_VIEWS_H
#define HM_VIEWS_H

#include "db.h"

/* The views for people: views.def. */

/* Create them, in place of those of another version. */
bool hm_views_make(struct hm_db *db);

/* Whether all of them are there, and as this version makes them. */
bool hm_views_are_current(struct hm_db *db);

#endif
