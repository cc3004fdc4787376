#ifndef HM_PAGE_H
#define HM_PAGE_H

#include "base/buffer.h"
#include "live/live_view.h"

/*
 * The page that shows the plant, from ../page. Its script draws the JSON in it
 * (hm_plant_json), and then that of events. For browsers without scripts, and
 * until a slow link has brought the script, it has the current numbers as text.
 */

/* Append the page with the JSON. False if there is no memory. */
bool hm_page_render(struct hm_buffer *out, const struct hm_view *view,
    struct hm_slice json);

#define HM_PAGE_POLICY ((size_t)512)

/*
 * The page's Content-Security-Policy: only its own script and style, by their
 * hashes. False if it does not fit, or there is no memory.
 */
bool hm_page_policy(char policy[HM_PAGE_POLICY]);

#endif
