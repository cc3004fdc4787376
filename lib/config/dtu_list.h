#ifndef HM_DTU_LIST_H
#define HM_DTU_LIST_H

#include "config.h"
#include "wire/dtu_uri.h"

struct hm_dtus {
	struct hm_dtu *dtu;
	size_t count;
};

/*
 * The DTUs of a run: those on the command line, or else those of dtu_configs,
 * or else dtu_host; but a dtu_host whose source goes before that of
 * dtu_configs goes first. No two may have one name or one address. A mistake
 * is logged; the result is 0, HM_EXIT_USAGE, HM_EXIT_CONFIG or HM_EXIT_OS.
 * Freed by hm_dtus_free, whatever the result.
 */
int hm_dtus_collect(struct hm_dtus *dtus, const struct hm_config *config);

/* The same for a tool that needs none: *dtus may be empty in the end. */
int hm_dtus_configured(struct hm_dtus *dtus, const struct hm_config *config);

void hm_dtus_free(struct hm_dtus *dtus);

#endif
