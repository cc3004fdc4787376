#ifndef HM_VERIFY_ACTION_H
#define HM_VERIFY_ACTION_H

#include "verify.h"

/*
 * Verify the file at `path` and log what is wrong with it. Returns the exit
 * status.
 */
int hm_verify_log(const char *path, struct hm_verify *v);

/* hm-store --verify: print what is found, too. Returns the exit status. */
int hm_verify_action(const char *path);

#endif
