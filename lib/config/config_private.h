#ifndef HM_CONFIG_PRIVATE_H
#define HM_CONFIG_PRIVATE_H

#include "config.h"

/* What the files config*.c share. */

#define HM_WHERE_MAX 300 /* "FILE:LINE:COLUMN: KEY" */

/* Where settings come from; a later one has the last word. */
enum hm_config_layer {
	HM_LAYER_DEFAULT,
	HM_LAYER_FILE,
	HM_LAYER_ENVIRONMENT,
	HM_LAYER_OPTION,
};

struct hm_config_value {
	char *text;   /* as given; NULL: unset, or a mapping */
	char *source; /* where it was given; NULL: unset */
	enum hm_config_layer layer;
	int64_t number;
	struct hm_pair *pair; /* of a mapping */
	size_t pairs;
};

/* A mistake, which is logged once the format of the log is known. */
struct hm_config_fault {
	char *where, *text;
};

/* A setting that is accepted and has no effect, or a likely misspelling. */
struct hm_config_note {
	char *text;
	unsigned tools; /* the first of them logs it; all do under --check */
};

struct hm_config {
	const struct hm_tool *tool;
	hm_config_check *check;
	enum hm_config_layer layer; /* the one that is being read */
	struct hm_config_value value[HM_SETTINGS];
	char *const *operand;
	size_t operands;
	struct hm_dtu_config *dtu;
	size_t dtus;
	struct hm_config_note *note;
	size_t notes;
	struct hm_config_fault *fault;
	size_t faults;
	bool no_memory;
};

/* config_value.c: the checks that every source of a value goes through */

/* What messages call a setting: its key or, if there is none, its option. */
const char *hm_config_name(enum hm_setting_id id);

/*
 * Check a value and keep it; words are added to a list that was given in the
 * same layer. `where` names the place and the setting as the user wrote them,
 * `source` is what hm_config_source returns.
 */
void hm_config_set(struct hm_config *config, enum hm_setting_id id,
    const char *text, const char *where, const char *source);

/* Make room for a mapping or dtu_configs, which replaces a lower layer's. */
void hm_config_begin(struct hm_config *config, enum hm_setting_id id,
    const char *source);

/* Check an entry of a mapping and keep it. */
void hm_config_add_pair(struct hm_config *config, enum hm_setting_id id,
    const char *key, const char *text, const char *where);

/* Keep a mistake, to be logged as "WHERE: TEXT". */
__attribute__((format(printf, 3, 4))) void hm_config_mistake(
    struct hm_config *config, const char *where, const char *format, ...);

/* Keep a note, to be logged once the level of the log is known. */
__attribute__((format(printf, 3, 4))) void hm_config_note(
    struct hm_config *config, unsigned tools, const char *format, ...);

/* Whether text is not empty and has no odd bytes; else keep a mistake. */
bool hm_config_check_text(struct hm_config *config, const char *text,
    const char *where);

/* Read a whole number within bounds; false, and a mistake kept, if not. */
bool hm_config_number(struct hm_config *config, const char *text,
    const char *where, int64_t min, int64_t max, int64_t *number);

/* A copy; NULL, and no_memory set, if there is no memory. */
char *hm_config_copy(struct hm_config *config, const char *text);

void hm_config_clear(struct hm_config *config, enum hm_setting_id id);

/*
 * config_yaml.c: the file at `path`, or the value of one setting, in JSON or as
 * it would stand in a file; `name` stands where the path would.
 */
void hm_config_read_file(struct hm_config *config, const char *path);
void hm_config_read_value(struct hm_config *config, enum hm_setting_id id,
    const char *text, const char *name);

/* config_json.c: the same of a value in JSON; false if it is not JSON */
bool hm_config_read_json(struct hm_config *config, enum hm_setting_id id,
    const char *text, const char *name);

/* config_env.c: the variables of the tool, and names close to one of them */
void hm_config_read_environment(struct hm_config *config);

/* config_options.c: the command line */

struct hm_options; /* the settings on a command line, in order */

/*
 * Returns -1 to go on, or the exit status after --help, --version or a
 * mistake. Freed by hm_options_free, whatever the result.
 */
int hm_options_parse(const struct hm_tool *tool, int argc, char *argv[],
    struct hm_options **options);
void hm_options_free(struct hm_options *options);
const char *hm_options_file(const struct hm_options *options);
void hm_config_read_options(struct hm_config *config,
    const struct hm_options *options);

/* config_rules.c: rules that bind settings together; the exit status. */
int hm_config_check_rules(const struct hm_config *config);

/* config_help.c, config_print.c: to stdout. The result is the exit status. */
int hm_config_print_help(const struct hm_tool *tool);
int hm_config_print_version(const struct hm_tool *tool);
int hm_config_print_values(const struct hm_config *config);
int hm_config_end_output(void);

#endif
