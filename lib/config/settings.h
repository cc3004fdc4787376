#ifndef HM_SETTINGS_H
#define HM_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Every setting of every tool, once: settings.def is the table. The loaders of
 * the file, the environment and the command line follow it, and so does
 * --help. `make docs` makes the table of docs/configuration.md, the option
 * lists of docs/man/hm-*.1 and docs/hoymiles.yaml of it.
 */

enum hm_type {
	HM_TYPE_FLAG,    /* true or false; as an option without a value */
	HM_TYPE_INT,
	HM_TYPE_SECONDS, /* a decimal number of seconds, kept in ms */
	HM_TYPE_DECIMAL, /* a decimal number, kept in thousandths */
	HM_TYPE_TEXT,
	HM_TYPE_SECRET,  /* text that is never shown */
	HM_TYPE_CHOICE,  /* a word of `choices` */
	HM_TYPE_LIST,    /* words separated by spaces or commas */
	HM_TYPE_NUMBERS, /* a mapping of words to decimal numbers */
	HM_TYPE_NAMES,   /* a mapping of words to text */
	HM_TYPE_DTUS,    /* dtu_configs: a list of mappings */
};

enum hm_tool_bit {
	HM_POLL = 1 << 0,
	HM_DECODE = 1 << 1,
	HM_FILTER = 1 << 2,
	HM_STORE = 1 << 3,
	HM_HA_DISCOVERY = 1 << 4,
	HM_PUBLISH = 1 << 5,
	HM_METRICS = 1 << 6,
	HM_SIM = 1 << 7,
	HM_ALERT = 1 << 8,
	HM_ALL = (1 << 9) - 1,
};

enum hm_setting_id {
#define SETTING(id, ...) HM_SET_##id,
#include "settings.def"
#undef SETTING
	HM_SETTINGS
};

struct hm_setting {
	const char *key;     /* in the file, in snake_case; NULL: none */
	const char *env;     /* environment variable; NULL: none */
	const char *option;  /* long option without "--"; the key with dashes
	                        is accepted, too */
	char letter;         /* short option, or 0 */
	enum hm_type type;
	int64_t min, max;    /* HM_TYPE_INT as is, HM_TYPE_SECONDS in ms,
	                        HM_TYPE_DECIMAL in thousandths */
	const char *initial; /* default as text; NULL: unset */
	const char *choices; /* "a b c" for HM_TYPE_CHOICE and HM_TYPE_LIST */
	unsigned tools;      /* hm_tool_bit of the tools that read it */
	const char *value;   /* name of the value in --help; NULL for flags */
	const char *help;    /* a phrase, without a full stop */
	const char *example; /* what to try, as in the file; may be NULL */
};

extern const struct hm_setting hm_settings[HM_SETTINGS];

/* Whether two keys are the same; "-" counts as "_". */
bool hm_key_same(const char *a, const char *b);

/* The setting of a key, or HM_SETTINGS. */
size_t hm_setting_of_key(const char *key);

#endif
