#ifndef HM_CONFIG_PRIVATE_H
#define HM_CONFIG_PRIVATE_H

#include "base/hash.h"
#include "config.h"

/* Shared by the files config*.c. */

#define HM_WHERE_MAX 300 /* "FILE:LINE:COLUMN: KEY" */

/* Words of a list, entries of a mapping or of dtu_configs. */
#define HM_CONFIG_ENTRIES ((size_t)65536)
/* Mistakes that are listed; then no more of the file is read. */
#define HM_CONFIG_FAULTS ((size_t)100)

/* The sources of settings; a later one overrides. */
enum hm_config_layer {
	HM_LAYER_DEFAULT,
	HM_LAYER_FILE,
	HM_LAYER_ENVIRONMENT,
	HM_LAYER_OPTION,
};

struct hm_config_value {
	char *text;   /* as given; NULL: unset, or a mapping */
	size_t length, room; /* of the text of a list, in bytes */
	size_t words;        /* of a list */
	char *source; /* as hm_config_source; NULL: unset */
	enum hm_config_layer layer;
	int64_t number;
	struct hm_pair *pair; /* of a mapping */
	size_t pairs;
	struct hm_hash keys; /* of the pairs */
};

/* A mistake, logged when the format of the log is known. */
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
	enum hm_config_layer layer; /* being read */
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

/* config_value.c: the checks of values from all sources */

/* The name of a setting in messages: its key or, if it has none, its option. */
const char *hm_config_name(enum hm_setting_id id);

/*
 * Check a value and keep it; words are added to a list of the same layer.
 * `where` is the place and the setting as the user wrote it, `source` the
 * result of hm_config_source.
 */
void hm_config_set(struct hm_config *config, enum hm_setting_id id,
    const char *text, const char *where, const char *source);

/* Begin a mapping or dtu_configs, which replaces that of a lower layer. */
void hm_config_begin(struct hm_config *config, enum hm_setting_id id,
    const char *source);

/* Check an entry of a mapping and keep it. */
void hm_config_add_pair(struct hm_config *config, enum hm_setting_id id,
    const char *key, const char *text, const char *where);

/* Keep a mistake, logged later as "WHERE: TEXT". */
__attribute__((format(printf, 3, 4))) void hm_config_mistake(
    struct hm_config *config, const char *where, const char *format, ...);

/* Whether so many mistakes are kept that no more are. */
bool hm_config_is_full(const struct hm_config *config);

/* Whether a list or mapping may have this many entries; else a mistake. */
bool hm_config_has_room(struct hm_config *config, size_t entries,
    const char *where);

/* Keep a note, logged when the level of the log is known. */
__attribute__((format(printf, 3, 4))) void hm_config_note(
    struct hm_config *config, unsigned tools, const char *format, ...);

/* Keep a mistake, and return false, if text is empty or has odd bytes. */
bool hm_config_check_text(struct hm_config *config, const char *text,
    const char *where);

/* Read a whole number from min to max; else keep a mistake, return false. */
bool hm_config_number(struct hm_config *config, const char *text,
    const char *where, int64_t min, int64_t max, int64_t *number);

/* A copy; NULL, and no_memory set, if there is no memory. */
char *hm_config_copy(struct hm_config *config, const char *text);

void hm_config_clear(struct hm_config *config, enum hm_setting_id id);

/*
 * config_yaml.c: the file at `path`, or the value of one setting in JSON or
 * YAML; messages then have `name` instead of the path.
 */
void hm_config_read_file(struct hm_config *config, const char *path);
void hm_config_read_value(struct hm_config *config, enum hm_setting_id id,
    const char *text, const char *name);

/* config_json.c: the same for a value in JSON; false if it is not JSON */
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

/*
 * config_broker.c: move a port and TLS that mqtt_broker names into their own
 * settings, where they override a lower layer. False, and logged, if it has no
 * known form or another setting of its own layer disagrees.
 */
bool hm_config_split_broker(struct hm_config *config);

/*
 * config_publisher.c: give mqtt_client_id its default, which depends on the
 * machine and the database, and set a run without a farewell apart from a chain
 * with the same settings. False, and logged, if an id is too long.
 */
bool hm_config_name_publisher(struct hm_config *config);

/*
 * config_secret.c: if a secret is in the memory of this process, or will be, it
 * leaves no core dump, and only root reads its memory and its environment in
 * /proc. A restart (exec) undoes that: call this after each.
 */
void hm_config_guard_secrets(const struct hm_config *config);

/* config_rules.c: rules that bind settings together; the exit status. */
int hm_config_check_rules(const struct hm_config *config);

/*
 * config_dtus.c: why a setting that was given is not used in this run, such as
 * "dtu_configs (hm.yaml:6) names the DTUs"; false if it is used. And a note for
 * each that is not used.
 */
bool hm_config_unused(const struct hm_config *config, enum hm_setting_id id,
    char why[HM_WHERE_MAX]);
void hm_config_note_unused(struct hm_config *config);

/* config_help.c, config_print.c: to stdout. The result is the exit status. */
int hm_config_print_help(const struct hm_tool *tool, bool all);
int hm_config_print_version(const struct hm_tool *tool);
int hm_config_print_values(const struct hm_config *config);
int hm_config_end_output(void);

#endif
