#ifndef HM_SYSTEM_JSON_H
#define HM_SYSTEM_JSON_H

#include "base/json_writer.h"
#include "config/config.h"
#include "live/live_history.h"
#include "live/live_view.h"

/*
 * How hm itself is: the DTUs and their polls, the broker, the database, the
 * tools, and the settings without secrets. docs/page.md says what each member
 * means. Of a database that cannot be read the path alone is known.
 */
void hm_system_json(struct hm_json *e, const struct hm_view *view,
    struct hm_live_history *history, const struct hm_config *config);

#endif
