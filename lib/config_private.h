#ifndef HM_CONFIG_PRIVATE_H
#define HM_CONFIG_PRIVATE_H

#include "config.h"

/* What config.c, config_file.c and config_help.c share. */

#define HM_WHERE_MAX 300 /* "FILE:LINE:COLUMN: KEY" */

struct hm_config_value {
	char *text;   /* as given; NULL: unset */
	char *source; /* where it was given */
	int64_t number;
	struct hm_pair *pair; /* of a mapping */
	size_t pairs;
};

struct hm_config {
	const struct hm_tool *tool;
	struct hm_config_value value[HM_SETTINGS];
	char *const *operand;
	size_t operands;
	struct hm_dtu_config *dtu;
	size_t dtus;
	unsigned mistakes;
	bool no_memory;
};

/*
 * Check a value and keep it. `where` names the place and the setting as the
 * user wrote them, `source` is what hm_config_source answers.
 */
void hm_config_set(struct hm_config *config, enum hm_setting_id id,
    const char *text, const char *where, const char *source);

/* Log one mistake, "WHERE: TEXT", and count it. */
__attribute__((format(printf, 3, 4))) void hm_config_mistake(
    struct hm_config *config, const char *where, const char *format, ...);

/* Read a whole number within bounds; otherwise a mistake is logged. */
bool hm_config_number(struct hm_config *config, const char *text,
    const char *where, int64_t min, int64_t max, int64_t *number);

/* config_file.c: read the YAML file at `path`. */
void hm_config_read_file(struct hm_config *config, const char *path);

/* config_help.c: to stdout. The result is the exit status. */
int hm_config_print_help(const struct hm_tool *tool);
int hm_config_print_version(const struct hm_tool *tool);
int hm_config_print_values(const struct hm_config *config);

#endif
