#ifndef HM_RESTART_H
#define HM_RESTART_H

#include <stdbool.h>

/*
 * A tool restarts in its own process, with the same command line and
 * environment, and reads the settings file again.
 */

/*
 * Whether the new settings are valid: runs the tool with --check, which logs
 * every mistake, and waits for it.
 */
bool hm_restart_check(void);

/*
 * The last call of main: restart if the status is HM_EXIT_RESTART. Otherwise,
 * or if the system refuses, returns the exit status.
 */
int hm_restart(int status);

#endif
