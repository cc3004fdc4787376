#ifndef HM_CONFIG_H
#define HM_CONFIG_H

#include "base/decimal.h"
#include "base/slice.h"
#include "settings.h"

/*
 * The settings of one run: defaults < YAML file < environment < command line.
 * Every mistake is reported in one line; then the tool exits with 78, or with
 * 64 if the command line itself is wrong.
 */

struct hm_config;

#define HM_NO_UNIT_ID (-1)

/* An entry of dtu_configs. The texts are NULL if not given. */
struct hm_dtu_config {
	char *name, *uri, *host;
	int64_t port;    /* 0 if not given */
	int64_t unit_id; /* HM_NO_UNIT_ID if not given */
	char *where; /* "FILE:LINE:COLUMN: dtu_configs", for messages */
};

/*
 * Check the tool's own rules about its settings: log each mistake and return
 * the exit status, 0 without mistakes. Called when each setting by itself is
 * valid.
 */
typedef int hm_config_check(const struct hm_config *config);

/*
 * Read all settings of a tool. Returns NULL with *status set if the tool must
 * exit: --help, --version and --check (0), a mistake (64, 78), or no memory
 * (71). `check` may be NULL. Freed by hm_config_free, together with the results
 * of the getters.
 */
struct hm_config *hm_config_load(const struct hm_tool *tool,
    hm_config_check *check, int argc, char *argv[], int *status);
void hm_config_free(struct hm_config *config);

/* Log that the tool starts, with its version and the file of its settings. */
void hm_config_log_start(const struct hm_config *config);

/* Whether a value was given or has a default. */
bool hm_config_has(const struct hm_config *config, enum hm_setting_id id);

/* Whether a value was given: it is not the default. */
bool hm_config_given(const struct hm_config *config, enum hm_setting_id id);

/* The source of a value, for messages: "FILE:LINE", "MQTT_PORT", ... */
const char *hm_config_source(const struct hm_config *config,
    enum hm_setting_id id);

/* NULL if unset. Also the text of a choice. */
const char *hm_config_text(const struct hm_config *config,
    enum hm_setting_id id);
int64_t hm_config_int(const struct hm_config *config, enum hm_setting_id id);
int64_t hm_config_ms(const struct hm_config *config, enum hm_setting_id id);
bool hm_config_flag(const struct hm_config *config, enum hm_setting_id id);

/* The path of the database; NULL if it is unset or must not be used. */
const char *hm_config_database(const struct hm_config *config);

/* The same to read it; NULL as well in a dry run before the first start. */
const char *hm_config_database_to_read(const struct hm_config *config);

/* True if a list is unset or holds the word. */
bool hm_config_lists(const struct hm_config *config, enum hm_setting_id id,
    const char *word);

/* An entry of a mapping. `number` is set where the values are numbers. */
struct hm_pair {
	char *key, *text;
	struct hm_decimal number;
	char *where; /* as in hm_dtu_config */
};

/*
 * Use the time zone of the settings for the process. False, and logged, if
 * there is no time zone of that name.
 */
bool hm_config_use_zone(const struct hm_config *config);

/*
 * Log that the value of a setting is wrong: its source, the value, and
 * `allowed`, such as "are 1 and 2". For rules of the tool itself. Always false.
 */
bool hm_config_refuse(const struct hm_config *config, enum hm_setting_id id,
    const char *allowed);

/* The same if `found` is a part of the value, such as a word of a list. */
bool hm_config_refuse_word(const struct hm_config *config,
    enum hm_setting_id id, struct hm_slice found, const char *allowed);

/* The same for the key or the value of an entry of a mapping. */
bool hm_config_refuse_pair(enum hm_setting_id id, const struct hm_pair *pair,
    const char *found, const char *allowed);

/* The entries of a mapping in order; *count is 0 if there are none. */
const struct hm_pair *hm_config_pairs(const struct hm_config *config,
    enum hm_setting_id id, size_t *count);

/*
 * Walk the words of a list: `rest` starts as hm_config_text and is advanced.
 * False at the end.
 */
bool hm_config_word(const char **rest, struct hm_slice *word);

/* The operands of the command line, borrowed from argv. */
char *const *hm_config_operands(const struct hm_config *config, size_t *count);

/* The entries of dtu_configs; *count is 0 if there are none. */
const struct hm_dtu_config *hm_config_dtus(const struct hm_config *config,
    size_t *count);

/*
 * What names the DTUs of this run: operands, or else --dtu-host, or else
 * dtu_configs, or else dtu_host of another source.
 */
enum hm_dtu_source {
	HM_DTUS_UNSET,
	HM_DTUS_OPERANDS,
	HM_DTUS_LIST,
	HM_DTUS_HOST,
};
enum hm_dtu_source hm_config_dtu_source(const struct hm_config *config);

#endif
