#ifndef HM_SETTINGS_H
#define HM_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The settings of all tools; settings.def is the table. The file, environment
 * and command line are read by it, and --help is printed from it. `make docs`
 * generates from it the table of docs/configuration.md, the option lists of
 * docs/man/hm-*.1 and docs/hoymiles.yaml.
 */

enum hm_type {
	HM_TYPE_FLAG,    /* true or false; as an option without a value */
	HM_TYPE_INT,
	HM_TYPE_SECONDS, /* a decimal number of seconds, kept in ms */
	HM_TYPE_DECIMAL, /* a decimal number, kept in thousandths */
	HM_TYPE_PRICE,   /* a decimal number, kept in millionths */
	HM_TYPE_TEXT,
	HM_TYPE_SECRET,  /* text that is never printed */
	HM_TYPE_CHOICE,  /* a word of `choices` */
	HM_TYPE_LIST,    /* words separated by spaces or commas */
	HM_TYPE_NUMBERS, /* a mapping of words to decimal numbers */
	HM_TYPE_NAMES,   /* a mapping of words to text */
	HM_TYPE_DTUS,    /* dtu_configs: a list of mappings */
};

/* The tools: tools.def is the table. */

enum hm_tool_id {
#define TOOL(id, ...) HM_TOOL_##id,
#include "tools.def"
#undef TOOL
	HM_TOOLS
};

/* HM_POLL, HM_DECODE ...: sets of tools. */
enum hm_tool_bit {
#define TOOL(id, ...) HM_##id = 1 << HM_TOOL_##id,
#include "tools.def"
#undef TOOL
	HM_ALL = (1 << HM_TOOLS) - 1,
};

/* tests/system/contract.sh tests the contract of each kind. */
enum hm_tool_kind {
	HM_KIND_SOURCE, /* reads no records */
	HM_KIND_FILTER, /* passes unknown records on */
	HM_KIND_SINK,   /* passes no records on */
};

/* The bits of the sources. */
enum {
	HM_SOURCES = 0
#define TOOL(id, name, kind, ...) \
	| (HM_KIND_##kind == HM_KIND_SOURCE ? HM_##id : 0)
#include "tools.def"
#undef TOOL
};

struct hm_tool {
	const char *name;
	enum hm_tool_bit bit;
	enum hm_tool_kind kind;
	const char *operands; /* as in a synopsis; NULL: none */
	const char *summary;  /* one sentence for --help */
};

extern const struct hm_tool hm_tools[HM_TOOLS];

/* NULL if no tool has that name. */
const struct hm_tool *hm_tool_of_name(const char *name);

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
	                        HM_TYPE_DECIMAL in thousandths,
	                        HM_TYPE_PRICE in millionths */
	const char *initial; /* default as text; NULL: unset */
	const char *choices; /* "a b c" for HM_TYPE_CHOICE and HM_TYPE_LIST */
	unsigned tools;      /* hm_tool_bit of the tools that read it */
	const char *value;   /* name of the value in --help; NULL for flags */
	const char *help;    /* a phrase, without a full stop */
	const char *example; /* a value for the example file, or NULL */
	unsigned usual;      /* hm_tool_bit of the tools whose --help has it
	                        on its one screen; --help all has all */
};

extern const struct hm_setting hm_settings[HM_SETTINGS];

/* The decimals in which the bounds of a number are kept. */
unsigned hm_setting_scale(const struct hm_setting *setting);

/* Whether two keys are the same; "-" counts as "_". */
bool hm_key_same(const char *a, const char *b);

/* The setting of a key, or HM_SETTINGS. */
size_t hm_setting_of_key(const char *key);

#endif
