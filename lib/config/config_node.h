#ifndef HM_CONFIG_NODE_H
#define HM_CONFIG_NODE_H

#include <yaml.h>

#include "base/hash.h"
#include "config_private.h"

/*
 * Settings from a tree of libyaml, which comes from a YAML file (config_yaml.c)
 * or from JSON in a variable (config_json.c).
 */

struct hm_config_file {
	struct hm_config *config;
	const char *path; /* or the name of a variable or an option */
	bool is_file;
	yaml_document_t document;
};

/* A pair of a mapping; start with {NULL}. */
struct hm_config_entry {
	const yaml_node_pair_t *pair;
	const yaml_node_t *key, *value;
	struct hm_hash seen; /* the keys so far, in `known` */
	struct hm_config_known *known;
};

/* "PATH:LINE:COLUMN: KEY" of a node, for messages. */
void hm_config_where(const struct hm_config_file *f, const yaml_node_t *node,
    const char *key, char out[HM_WHERE_MAX]);

/* The text of a key, "?" if the key is a list or a mapping. */
const char *hm_config_key(const yaml_node_t *node);

/* Whether a value is empty or "~": the key is then unset. */
bool hm_config_is_null(const yaml_node_t *node);

/*
 * Advance to the next pair of a mapping; false at the end, or after too many
 * mistakes. Call it until then: what it needs of memory is freed by the last
 * call. A pair is reported and skipped if its key is a duplicate or its text
 * holds a NUL.
 */
bool hm_config_next(struct hm_config_file *f, const yaml_node_t *mapping,
    struct hm_config_entry *entry);

/* Check the value of a setting and keep it. */
void hm_config_set_node(struct hm_config_file *f, enum hm_setting_id id,
    const yaml_node_t *node);

#endif
