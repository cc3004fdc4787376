#ifndef HM_DTU_LIST_H
#define HM_DTU_LIST_H

#include "config.h"
#include "wire/dtu_uri.h"

struct hm_dtus {
	struct hm_dtu *dtu;
	size_t count;
};

/*
 * The DTUs of a run: those on the command line, else those of dtu_configs, else
 * dtu_host. If the source of dtu_host overrides that of dtu_configs, dtu_host
 * is used. Two DTUs must not share a name or an address. A mistake is logged;
 * the result is 0, HM_EXIT_USAGE, HM_EXIT_CONFIG or HM_EXIT_OS. Freed by
 * hm_dtus_free, whatever the result.
 */
int hm_dtus_collect(struct hm_dtus *dtus, const struct hm_config *config);

/* The same for a tool that works without DTUs: *dtus may be empty. */
int hm_dtus_configured(struct hm_dtus *dtus, const struct hm_config *config);

void hm_dtus_free(struct hm_dtus *dtus);

#endif
