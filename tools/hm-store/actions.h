#ifndef HM_ACTIONS_H
#define HM_ACTIONS_H

#include "config/config.h"

/*
 * What hm-store does with a database in place of storing a stream: --backup,
 * --export, --rename-dtu, --replace-inverter, --restore, --stats, --vacuum and
 * --verify.
 */

bool hm_action_wanted(const struct hm_config *config);

/* Whether one is wanted that is about the database of the settings. */
bool hm_action_needs_database(const struct hm_config *config);

/* Whether --since and --until are valid times. Logs mistakes. */
bool hm_action_check(const struct hm_config *config);

/*
 * Whether at most one action is wanted, and --since and --until only with
 * --export. Logs mistakes.
 */
bool hm_action_usage(const struct hm_config *config);

/* Run the action. Returns the exit status. */
int hm_action_run(const struct hm_config *config);

#endif
