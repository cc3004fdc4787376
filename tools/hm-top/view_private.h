#ifndef HM_TOP_VIEW_PRIVATE_H
#define HM_TOP_VIEW_PRIVATE_H

#include "view.h"

/* view_table.c */

/* The head of the table and its rows; one row of the screen is left. */
void hm_top_paint_table(struct hm_screen *s, const struct hm_top_view *v);

/* view_events.c */

/* At most so many rows about alarms. */
void hm_top_paint_alarms(struct hm_screen *s, const struct hm_top_view *v,
    size_t most);

#define HM_TOP_AGE 24

/* "4 s", "12 min", "3 h", "2 d": the seconds since or until a time. */
const char *hm_top_age(int64_t seconds, char text[HM_TOP_AGE]);

/* The local time of day, with the date if that is not the one of `now`. */
const char *hm_top_clock(int64_t time, int64_t now, char text[HM_TOP_AGE]);

#endif
