#ifndef HM_TOP_VIEW_H
#define HM_TOP_VIEW_H

#include "plant.h"
#include "screen.h"
#include "table.h"

/*
 * Paints the plant: a row about the whole, a row for each DTU (those that do
 * not answer first), meters and alarms, and the table with the rest.
 */
struct hm_top_view {
	const struct hm_top_plant *plant;
	struct hm_table *table; /* what is seen is written back */
	int64_t now;            /* the time of the stream, in seconds */
	int64_t wall;           /* the clock of this machine */
	const char *note;       /* why there may be nothing new, or NULL */
};

/* One picture; its size and form stand in the screen. */
void hm_top_paint(struct hm_screen *s, const struct hm_top_view *v);

#endif
