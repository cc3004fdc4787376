#ifndef HM_PLANT_JSON_H
#define HM_PLANT_JSON_H

#include "base/json_writer.h"
#include "live/live_view.h"

/*
 * All that the page shows now, with short keys: /api/plant. docs/page.md says
 * what each means. A value that is younger than the page is absent when it is
 * not known, the others are null.
 */
void hm_plant_json(struct hm_json *e, const struct hm_view *view);

#endif
