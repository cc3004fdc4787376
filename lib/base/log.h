#ifndef HM_LOG_H
#define HM_LOG_H

#include <stdint.h>

#include "slice.h"

enum hm_level {
	HM_DEBUG,
	HM_INFO,
	HM_WARNING,
	HM_ERROR,
	HM_CRITICAL,
};

/*
 * Logs go to stderr, one line a message, in one write, so that the lines of
 * tools that share a log never mix. Control characters and bytes that are not
 * UTF-8 are written as '?', so that foreign bytes cannot forge a line.
 */
enum hm_log_format {
	/* "tool: level: text". There is no timestamp: the logger that catches
	   stderr adds one. */
	HM_LOG_STANDARD,
	/* An object of time, level, tool, the facts, and the text as msg. */
	HM_LOG_JSON,
};

/* Name the tool and the lowest level that is written. `tool` is borrowed. */
void hm_log_start(const char *tool, enum hm_level lowest);

/* Until this is called the format is standard. */
void hm_log_use(enum hm_log_format format);
enum hm_log_format hm_log_format(void);

/*
 * Messages never stop a tool: if whatever reads stderr hangs, a message is
 * dropped after this time, by default 1 s, and all others at once until stderr
 * takes one again, which then says how many were dropped.
 */
void hm_log_wait_at_most(int ms);

/*
 * The messages that were dropped so far. If that has not been said in the log
 * yet, try to say it.
 */
uint64_t hm_log_dropped(void);

/* The name given to hm_log_start, or "hm" before that. */
const char *hm_log_tool(void);

__attribute__((format(printf, 2, 3))) void hm_log(enum hm_level level,
    const char *format, ...);

/* As hm_log, followed by ": " and the text of errno, a fact named reason. */
__attribute__((format(printf, 2, 3))) void hm_log_errno(enum hm_level level,
    const char *format, ...);

/*
 * A fact of a message, for programs: a member of the JSON object beside the
 * text, which has it for people. hm(7) lists the keys. A fact without a
 * value (no text, or time 0) is left out.
 */
struct hm_fact {
	const char *key; /* NULL: the end of the list */
	enum { HM_FACT_TEXT, HM_FACT_NUMBER, HM_FACT_TIME } kind;
	struct hm_slice text;
	int64_t number; /* of HM_FACT_TIME, seconds since 1970 */
};

static inline struct hm_fact
hm_fact_slice(const char *key, struct hm_slice text)
{
	return (struct hm_fact){.key = key, .kind = HM_FACT_TEXT, .text = text};
}

static inline struct hm_fact
hm_fact(const char *key, const char *text)
{
	return hm_fact_slice(key, text != NULL ? hm_text(text) :
	    hm_slice(NULL, 0));
}

static inline struct hm_fact
hm_fact_int(const char *key, int64_t number)
{
	return (struct hm_fact){.key = key, .kind = HM_FACT_NUMBER,
	    .number = number};
}

static inline struct hm_fact
hm_fact_time(const char *key, int64_t seconds)
{
	return (struct hm_fact){.key = key, .kind = HM_FACT_TIME,
	    .number = seconds};
}

/* HM_FACTS(hm_fact("dtu", name), hm_fact_int("failures", n)) */
#define HM_FACTS(...) ((const struct hm_fact[]){__VA_ARGS__, {.key = NULL}})

/* As hm_log, with facts. */
__attribute__((format(printf, 3, 4))) void hm_log_facts(enum hm_level level,
    const struct hm_fact *facts, const char *format, ...);

/* Whether messages of this level are written. */
bool hm_log_shows(enum hm_level level);

/*
 * Whether a person watches: stderr is a terminal, the format is standard and
 * warnings are written.
 */
bool hm_log_has_terminal(void);

/*
 * Tell that person what takes so long, in a line without a level. Does nothing
 * if hm_log_has_terminal() is false, so that no file or pipe gets it.
 */
__attribute__((format(printf, 1, 2))) void hm_log_progress(const char *format,
    ...);

/* True and *level set when `name` is DEBUG, INFO, WARNING, ERROR, CRITICAL. */
bool hm_level_parse(const char *name, enum hm_level *level);

/* True and *format set when `name` is standard or json. */
bool hm_log_format_parse(const char *name, enum hm_log_format *format);

#endif
