#ifndef HM_PAGE_H
#define HM_PAGE_H

#include "base/buffer.h"
#include "live/live_view.h"
#include "page_text.h"

/*
 * The page that shows the plant, from ../page. Its script draws the JSON in it
 * (hm_plant_json), and then that of events. For browsers without scripts, and
 * until a slow link has brought the script, it has the current numbers as text.
 */

/* Append the page with the JSON. False if there is no memory. */
bool hm_page_render(struct hm_buffer *out, const struct hm_page_text *page,
    const struct hm_view *view, struct hm_slice json);

#endif
