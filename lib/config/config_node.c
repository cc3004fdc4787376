#include "config_node.h"
#include "config_private.h"
#include "settings.h"

#include <stdio.h>
#include <stdlib.h>

/* The keys of an entry of dtu_configs. */
static const char dtu_keys[] = "name, uri, host, port, unit_id";

static const char nul_text[] = "holds a NUL byte";

void
hm_config_where(const struct hm_config_file *f, const yaml_node_t *node,
    const char *key, char out[HM_WHERE_MAX])
{
	snprintf(out, HM_WHERE_MAX, "%s:%zu:%zu: %s", f->path,
	    node->start_mark.line + 1, node->start_mark.column + 1, key);
}

static const char *
scalar(const yaml_node_t *node)
{
	return (const char *)node->data.scalar.value;
}

const char *
hm_config_key(const yaml_node_t *node)
{
	return node->type == YAML_SCALAR_NODE ? scalar(node) : "?";
}

bool
hm_config_is_null(const yaml_node_t *node)
{
	return node->type == YAML_SCALAR_NODE &&
	    node->data.scalar.style == YAML_PLAIN_SCALAR_STYLE &&
	    (node->data.scalar.length == 0 ||
	    strcmp(scalar(node), "~") == 0 ||
	    strcmp(scalar(node), "null") == 0);
}

/* A C string would end at the NUL. */
static bool
holds_nul(const yaml_node_t *node)
{
	return node->type == YAML_SCALAR_NODE &&
	    strlen(scalar(node)) != node->data.scalar.length;
}

/* Pairs */

/* A key of a mapping. */
struct hm_config_known {
	struct hm_hash_item item;
	const char *key;
};

static bool
is_same_key(const void *entry, const void *key)
{
	const struct hm_config_known *known = entry;

	return hm_key_same(known->key, key);
}

/* Equal for keys that hm_key_same takes for one. */
static uint64_t
hash_key(const char *key)
{
	uint64_t hash = HM_HASH_START;

	for (; *key != '\0'; key++)
		hash = hm_hash_bytes(hash, *key == '-' ? "_" : key, 1);
	return hash;
}

static bool
is_given_before(struct hm_config_file *f, const yaml_node_t *mapping,
    struct hm_config_entry *entry)
{
	const yaml_node_pair_t *first = mapping->data.mapping.pairs.start;
	const char *key = scalar(entry->key);
	uint64_t hash = hash_key(key);
	struct hm_config_known *known;

	if (entry->known == NULL)
		entry->known = calloc((size_t)(mapping->data.mapping.pairs.top -
		    first), sizeof *entry->known);
	if (entry->known == NULL) {
		f->config->no_memory = true;
		return false;
	}
	if (hm_hash_find(&entry->seen, hash, is_same_key, key) != NULL)
		return true;
	known = &entry->known[entry->pair - first];
	known->key = key;
	if (!hm_hash_add(&entry->seen, hash, &known->item))
		f->config->no_memory = true;
	return false;
}

/* The problem of a pair, with its node in *where; or NULL. */
static const char *
problem_of(struct hm_config_file *f, const yaml_node_t *mapping,
    struct hm_config_entry *entry, const yaml_node_t **where)
{
	*where = entry->key;
	if (holds_nul(entry->key))
		return nul_text;
	if (entry->key->type == YAML_SCALAR_NODE &&
	    is_given_before(f, mapping, entry))
		return "given twice";
	*where = entry->value;
	return holds_nul(entry->value) ? nul_text : NULL;
}

static bool
end_of_pairs(struct hm_config_entry *entry)
{
	hm_hash_free(&entry->seen);
	free(entry->known);
	return false;
}

bool
hm_config_next(struct hm_config_file *f, const yaml_node_t *mapping,
    struct hm_config_entry *entry)
{
	char where[HM_WHERE_MAX];

	entry->pair = entry->pair == NULL ? mapping->data.mapping.pairs.start :
	    entry->pair + 1;
	for (; entry->pair < mapping->data.mapping.pairs.top &&
	    !hm_config_is_full(f->config); entry->pair++) {
		const yaml_node_t *node;
		const char *problem;

		entry->key = yaml_document_get_node(&f->document,
		    entry->pair->key);
		entry->value = yaml_document_get_node(&f->document,
		    entry->pair->value);
		problem = problem_of(f, mapping, entry, &node);
		if (problem == NULL)
			return true;
		hm_config_where(f, node, hm_config_key(entry->key), where);
		hm_config_mistake(f->config, where, "%s", problem);
	}
	return end_of_pairs(entry);
}

/* Scalars and lists */

/* The later result of hm_config_source. */
static const char *
source_of(const struct hm_config_file *f, const yaml_node_t *node,
    char out[HM_WHERE_MAX])
{
	if (!f->is_file)
		return f->path;
	snprintf(out, HM_WHERE_MAX, "%s:%zu", f->path,
	    node->start_mark.line + 1);
	return out;
}

static void
set_scalar(struct hm_config_file *f, enum hm_setting_id id,
    const yaml_node_t *node, const char *text)
{
	char where[HM_WHERE_MAX], source[HM_WHERE_MAX];

	hm_config_where(f, node, hm_config_name(id), where);
	hm_config_set(f->config, id, text, where, source_of(f, node, source));
}

static void
set_list(struct hm_config_file *f, enum hm_setting_id id,
    const yaml_node_t *node)
{
	char where[HM_WHERE_MAX];

	set_scalar(f, id, node, "");
	for (yaml_node_item_t *item = node->data.sequence.items.start;
	    item < node->data.sequence.items.top &&
	    f->config->value[id].words <= HM_CONFIG_ENTRIES &&
	    !hm_config_is_full(f->config); item++) {
		yaml_node_t *word = yaml_document_get_node(&f->document,
		    *item);

		hm_config_where(f, word, hm_config_name(id), where);
		if (word->type != YAML_SCALAR_NODE)
			hm_config_mistake(f->config, where,
			    "found a list or mapping, allowed are words");
		else if (holds_nul(word))
			hm_config_mistake(f->config, where, nul_text);
		else
			set_scalar(f, id, word, scalar(word));
	}
}

static void
add_pair(struct hm_config_file *f, enum hm_setting_id id,
    const yaml_node_t *key, const yaml_node_t *value)
{
	char where[HM_WHERE_MAX];

	hm_config_where(f, key, hm_config_name(id), where);
	if (key->type != YAML_SCALAR_NODE || value->type != YAML_SCALAR_NODE)
		hm_config_mistake(f->config, where,
		    "found a list or mapping inside, allowed is %s",
		    hm_settings[id].type == HM_TYPE_NUMBERS ? "a number" :
		    "text");
	else if (!hm_config_is_null(value))
		hm_config_add_pair(f->config, id, scalar(key), scalar(value),
		    where);
}

static void
set_mapping(struct hm_config_file *f, enum hm_setting_id id,
    const yaml_node_t *node)
{
	struct hm_config_entry entry = {.pair = NULL};
	size_t count = (size_t)(node->data.mapping.pairs.top -
	    node->data.mapping.pairs.start);
	char source[HM_WHERE_MAX], where[HM_WHERE_MAX];

	hm_config_where(f, node, hm_config_name(id), where);
	hm_config_begin(f->config, id, source_of(f, node, source));
	if (!hm_config_has_room(f->config, count, where))
		return;
	while (hm_config_next(f, node, &entry))
		add_pair(f, id, entry.key, entry.value);
}

static void
set_dtu_text(struct hm_config_file *f, char **field, const yaml_node_t *value,
    const char *where)
{
	if (!hm_config_check_text(f->config, scalar(value), where))
		return;
	free(*field);
	*field = hm_config_copy(f->config, scalar(value));
}

static void
set_dtu_field(struct hm_config_file *f, struct hm_dtu_config *dtu,
    const yaml_node_t *key, const yaml_node_t *value)
{
	char where[HM_WHERE_MAX];
	const char *name = hm_config_key(key);

	hm_config_where(f, value, name, where);
	if (value->type != YAML_SCALAR_NODE)
		hm_config_mistake(f->config, where,
		    "found a list or mapping, allowed is a single value");
	else if (hm_config_is_null(value))
		return;
	else if (hm_key_same(name, "name"))
		set_dtu_text(f, &dtu->name, value, where);
	else if (hm_key_same(name, "uri"))
		set_dtu_text(f, &dtu->uri, value, where);
	else if (hm_key_same(name, "host"))
		set_dtu_text(f, &dtu->host, value, where);
	else if (hm_key_same(name, "port"))
		hm_config_number(f->config, scalar(value), where, 1, 65535,
		    &dtu->port);
	else if (hm_key_same(name, "unit_id"))
		hm_config_number(f->config, scalar(value), where, 0, 255,
		    &dtu->unit_id);
	else
		hm_config_mistake(f->config, where,
		    "unknown key, allowed are %s", dtu_keys);
}

static void
read_dtu(struct hm_config_file *f, struct hm_dtu_config *dtu,
    const yaml_node_t *node)
{
	struct hm_config_entry entry = {.pair = NULL};
	char where[HM_WHERE_MAX];

	dtu->unit_id = HM_NO_UNIT_ID;
	hm_config_where(f, node, "dtu_configs", where);
	dtu->where = hm_config_copy(f->config, where);
	if (node->type != YAML_MAPPING_NODE) {
		hm_config_mistake(f->config, where,
		    "found no mapping, allowed keys are %s", dtu_keys);
		return;
	}
	while (hm_config_next(f, node, &entry))
		set_dtu_field(f, dtu, entry.key, entry.value);
	if ((dtu->uri == NULL) == (dtu->host == NULL))
		hm_config_mistake(f->config, where,
		    "each entry needs either uri or host");
}

static void
set_dtus(struct hm_config_file *f, const yaml_node_t *node)
{
	const yaml_node_item_t *item = node->data.sequence.items.start;
	size_t count = (size_t)(node->data.sequence.items.top - item);
	struct hm_config *config = f->config;
	char source[HM_WHERE_MAX], where[HM_WHERE_MAX];

	hm_config_where(f, node, "dtu_configs", where);
	hm_config_begin(config, HM_SET_DTU_CONFIGS,
	    source_of(f, node, source));
	if (count == 0 || !hm_config_has_room(config, count, where))
		return;
	config->dtu = calloc(count, sizeof *config->dtu);
	if (config->dtu == NULL) {
		config->no_memory = true;
		return;
	}
	config->dtus = count;
	for (size_t i = 0; i < count && !hm_config_is_full(config); i++)
		read_dtu(f, &config->dtu[i],
		    yaml_document_get_node(&f->document, item[i]));
}

/* Any setting */

static const char *
allowed_of(enum hm_type type)
{
	switch (type) {
	case HM_TYPE_LIST:
		return "a list of words";
	case HM_TYPE_NUMBERS:
		return "a mapping of names to numbers";
	case HM_TYPE_NAMES:
		return "a mapping of names to text";
	case HM_TYPE_DTUS:
		return "a list of mappings";
	default:
		return "a single value";
	}
}

static const char *
found_of(const yaml_node_t *node)
{
	switch (node->type) {
	case YAML_SEQUENCE_NODE:
		return "a list";
	case YAML_MAPPING_NODE:
		return "a mapping";
	default:
		return "a single value";
	}
}

void
hm_config_set_node(struct hm_config_file *f, enum hm_setting_id id,
    const yaml_node_t *node)
{
	enum hm_type type = hm_settings[id].type;
	bool pairs = type == HM_TYPE_NUMBERS || type == HM_TYPE_NAMES;
	char where[HM_WHERE_MAX];

	if (hm_config_is_null(node))
		return;
	if (node->type == YAML_SCALAR_NODE && !pairs && type != HM_TYPE_DTUS) {
		set_scalar(f, id, node, scalar(node));
	} else if (node->type == YAML_SEQUENCE_NODE && type == HM_TYPE_LIST) {
		set_list(f, id, node);
	} else if (node->type == YAML_MAPPING_NODE && pairs) {
		set_mapping(f, id, node);
	} else if (node->type == YAML_SEQUENCE_NODE && type == HM_TYPE_DTUS) {
		set_dtus(f, node);
	} else {
		hm_config_where(f, node, hm_config_name(id), where);
		hm_config_mistake(f->config, where, "found %s, allowed is %s",
		    found_of(node), allowed_of(type));
	}
}
