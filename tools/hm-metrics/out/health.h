#ifndef HM_HEALTH_H
#define HM_HEALTH_H

#include "base/json_writer.h"
#include "live/live_view.h"

/*
 * How it goes, for probes and people. /health is about the DTUs, /livez about
 * the chain whatever the DTUs do, /ready about the start.
 */

/* The object of /health. */
void hm_health_emit(struct hm_json *e, const struct hm_view *view);

/* One check of a probe. */
struct hm_check {
	const char *name; /* borrowed from the view or static */
	bool good;
};

#define HM_CHECKS_MAX (HM_LIVE_TOOLS_MAX + 4)

/*
 * The checks of /livez: the process itself, and each tool of the chain that
 * has been heard of. Returns their number.
 */
size_t hm_health_live(const struct hm_view *view,
    struct hm_check check[HM_CHECKS_MAX]);

/* Those of /ready. `database` is true where none is needed. */
size_t hm_health_ready(const struct hm_view *view, bool database,
    struct hm_check check[HM_CHECKS_MAX]);

/*
 * What to answer: "ok", or a line for each check that failed; `verbose`: a
 * line for every check. *good says whether all are. Returns the length.
 */
size_t hm_health_text(const struct hm_check *check, size_t count,
    bool verbose, bool *good, char *buf, size_t cap);

#endif
