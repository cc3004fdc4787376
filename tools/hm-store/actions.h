#ifndef HM_ACTIONS_H
#define HM_ACTIONS_H

#include "config/config.h"

/*
 * What hm-store does with a database in place of storing a stream: --backup,
 * --export, --stats and --vacuum.
 */

bool hm_action_wanted(const struct hm_config *config);

/* Whether --since and --until are times; reports those that are not. */
bool hm_action_check(const struct hm_config *config);

/*
 * Whether one action at most is wanted, and options that belong to one are
 * given with it; reports what is not so.
 */
bool hm_action_usage(const struct hm_config *config);

/* The exit status. */
int hm_action_run(const struct hm_config *config);

#endif
