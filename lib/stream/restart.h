#ifndef HM_RESTART_H
#define HM_RESTART_H

#include <stdbool.h>

/*
 * A tool that restarts in its own process, with the command line it was given,
 * the environment it has, and the settings file as it is now.
 */

/*
 * Whether those settings are good: runs the tool with --check and waits for
 * it. What is wrong has been logged by it.
 */
bool hm_restart_check(void);

/*
 * The last thing that main does: restart if the status is HM_EXIT_RESTART.
 * Otherwise, or if the system refuses, the answer is the exit status.
 */
int hm_restart(int status);

#endif
