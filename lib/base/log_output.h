#ifndef HM_LOG_OUTPUT_H
#define HM_LOG_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Write a line of at most PIPE_BUF bytes to stderr. Whoever reads stderr may
 * hang: then this waits no longer than `wait_ms`, and returns false if the line
 * was not written. A write that fails in another way counts as done, because
 * that cannot be reported anywhere. stderr stays as it is for the processes
 * that share it: O_NONBLOCK would affect them.
 */
bool hm_log_output(char *line, size_t n, int wait_ms);

#endif
