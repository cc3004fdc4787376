#ifndef HM_LOG_H
#define HM_LOG_H

#include "slice.h"

enum hm_level {
	HM_DEBUG,
	HM_INFO,
	HM_WARNING,
	HM_ERROR,
	HM_CRITICAL,
};

/*
 * Logs go to stderr, one line a message: "tool: level: text". There is no
 * timestamp: the logger that catches stderr adds one. A control byte in the
 * text is written as '?', so that foreign bytes cannot forge a line.
 */

/* Name the tool and the lowest level that is written. `tool` is borrowed. */
void hm_log_start(const char *tool, enum hm_level lowest);

/* The name given to hm_log_start, or "hm" before that. */
const char *hm_log_tool(void);

__attribute__((format(printf, 2, 3))) void hm_log(enum hm_level level,
    const char *format, ...);

/* As hm_log, followed by ": " and the text of errno. */
__attribute__((format(printf, 2, 3))) void hm_log_errno(enum hm_level level,
    const char *format, ...);

/* True and *level set when `name` is DEBUG, INFO, WARNING, ERROR, CRITICAL. */
bool hm_level_parse(const char *name, enum hm_level *level);

#endif
