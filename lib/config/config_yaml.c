#include "config_private.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <yaml.h>

#include "base/suggest.h"
#include "retired.h"
#include "settings.h"

/* The keys of an entry of dtu_configs. */
static const char dtu_keys[] = "name, uri, host, port, unit_id";

static const char nul_text[] = "holds a NUL byte";

struct file {
	struct hm_config *config;
	const char *path; /* or the name of a variable or an option */
	bool is_file;
	yaml_document_t document;
};

static void
where_is(const struct file *f, const yaml_node_t *node, const char *key,
    char out[HM_WHERE_MAX])
{
	snprintf(out, HM_WHERE_MAX, "%s:%zu:%zu: %s", f->path,
	    node->start_mark.line + 1, node->start_mark.column + 1, key);
}

static const char *
scalar(const yaml_node_t *node)
{
	return (const char *)node->data.scalar.value;
}

/* "key:" without a value, and "key: ~", leave the key unset. */
static bool
is_null(const yaml_node_t *node)
{
	return node->type == YAML_SCALAR_NODE &&
	    node->data.scalar.style == YAML_PLAIN_SCALAR_STYLE &&
	    (node->data.scalar.length == 0 ||
	    strcmp(scalar(node), "~") == 0 ||
	    strcmp(scalar(node), "null") == 0);
}

/* What YAML calls "a\0b" would be cut short. */
static bool
holds_nul(const yaml_node_t *node)
{
	return node->type == YAML_SCALAR_NODE &&
	    strlen(scalar(node)) != node->data.scalar.length;
}

/*
 * Whether a pair of a mapping has a key that stood there before, or text that
 * holds a NUL; then that is reported.
 */
static bool
spoilt(struct file *f, const yaml_node_t *mapping,
    const yaml_node_pair_t *pair)
{
	const yaml_node_t *key = yaml_document_get_node(&f->document,
	    pair->key);
	const yaml_node_t *value = yaml_document_get_node(&f->document,
	    pair->value);
	const char *name = key->type == YAML_SCALAR_NODE ? scalar(key) : "?";
	char where[HM_WHERE_MAX];

	if (holds_nul(key) || holds_nul(value)) {
		where_is(f, holds_nul(key) ? key : value, name, where);
		hm_config_mistake(f->config, where, nul_text);
		return true;
	}
	for (const yaml_node_pair_t *other = mapping->data.mapping.pairs.start;
	    key->type == YAML_SCALAR_NODE && other < pair; other++) {
		const yaml_node_t *earlier = yaml_document_get_node(
		    &f->document, other->key);

		if (earlier->type != YAML_SCALAR_NODE ||
		    !hm_key_same(scalar(earlier), name))
			continue;
		where_is(f, key, name, where);
		hm_config_mistake(f->config, where, "given twice");
		return true;
	}
	return false;
}

/* What hm_config_source answers. */
static const char *
source_of(const struct file *f, const yaml_node_t *node,
    char out[HM_WHERE_MAX])
{
	if (!f->is_file)
		return f->path;
	snprintf(out, HM_WHERE_MAX, "%s:%zu", f->path,
	    node->start_mark.line + 1);
	return out;
}

/* Not every setting has a key: one may stand on a command line only. */
static const char *
name_of(enum hm_setting_id id)
{
	return hm_settings[id].key != NULL ? hm_settings[id].key :
	    hm_settings[id].option;
}

static void
set_scalar(struct file *f, enum hm_setting_id id, const yaml_node_t *node,
    const char *text)
{
	char where[HM_WHERE_MAX], source[HM_WHERE_MAX];

	where_is(f, node, name_of(id), where);
	hm_config_set(f->config, id, text, where, source_of(f, node, source));
}

static void
set_list(struct file *f, enum hm_setting_id id, const yaml_node_t *node)
{
	char where[HM_WHERE_MAX];

	set_scalar(f, id, node, "");
	for (yaml_node_item_t *item = node->data.sequence.items.start;
	    item < node->data.sequence.items.top; item++) {
		yaml_node_t *word = yaml_document_get_node(&f->document,
		    *item);

		where_is(f, word, name_of(id), where);
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
add_pair(struct file *f, enum hm_setting_id id, const yaml_node_t *key,
    const yaml_node_t *value)
{
	char where[HM_WHERE_MAX];

	where_is(f, key, name_of(id), where);
	if (key->type != YAML_SCALAR_NODE || value->type != YAML_SCALAR_NODE)
		hm_config_mistake(f->config, where,
		    "found a list or mapping inside, allowed is %s",
		    hm_settings[id].type == HM_TYPE_NUMBERS ? "a number" :
		    "text");
	else if (!is_null(value))
		hm_config_add_pair(f->config, id, scalar(key), scalar(value),
		    where);
}

static void
set_mapping(struct file *f, enum hm_setting_id id, const yaml_node_t *node)
{
	char source[HM_WHERE_MAX];

	hm_config_begin(f->config, id, source_of(f, node, source));
	for (yaml_node_pair_t *pair = node->data.mapping.pairs.start;
	    pair < node->data.mapping.pairs.top; pair++)
		if (!spoilt(f, node, pair))
			add_pair(f, id,
			    yaml_document_get_node(&f->document, pair->key),
			    yaml_document_get_node(&f->document,
			    pair->value));
}

static void
set_dtu_text(struct file *f, char **field, const yaml_node_t *value,
    const char *where)
{
	if (!hm_config_check_text(f->config, scalar(value), where))
		return;
	free(*field);
	*field = hm_config_copy(f->config, scalar(value));
}

static void
set_dtu_field(struct file *f, struct hm_dtu_config *dtu,
    const yaml_node_t *key, const yaml_node_t *value)
{
	char where[HM_WHERE_MAX];
	const char *name = key->type == YAML_SCALAR_NODE ? scalar(key) : "?";

	where_is(f, value, name, where);
	if (value->type != YAML_SCALAR_NODE)
		hm_config_mistake(f->config, where,
		    "found a list or mapping, allowed is a single value");
	else if (is_null(value))
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
		hm_config_number(f->config, scalar(value), where, 1, 255,
		    &dtu->unit_id);
	else
		hm_config_mistake(f->config, where,
		    "unknown key, allowed are %s", dtu_keys);
}

static void
read_dtu(struct file *f, struct hm_dtu_config *dtu, const yaml_node_t *node)
{
	char where[HM_WHERE_MAX];

	where_is(f, node, "dtu_configs", where);
	dtu->where = hm_config_copy(f->config, where);
	if (node->type != YAML_MAPPING_NODE) {
		hm_config_mistake(f->config, where,
		    "found no mapping, allowed keys are %s", dtu_keys);
		return;
	}
	for (yaml_node_pair_t *pair = node->data.mapping.pairs.start;
	    pair < node->data.mapping.pairs.top; pair++)
		if (!spoilt(f, node, pair))
			set_dtu_field(f, dtu,
			    yaml_document_get_node(&f->document, pair->key),
			    yaml_document_get_node(&f->document,
			    pair->value));
	if ((dtu->uri == NULL) == (dtu->host == NULL))
		hm_config_mistake(f->config, where,
		    "each entry needs either uri or host");
}

static void
set_dtus(struct file *f, const yaml_node_t *node)
{
	const yaml_node_item_t *item = node->data.sequence.items.start;
	size_t count = (size_t)(node->data.sequence.items.top - item);
	struct hm_config *config = f->config;
	char source[HM_WHERE_MAX];

	hm_config_begin(config, HM_SET_DTU_CONFIGS,
	    source_of(f, node, source));
	if (count == 0)
		return;
	config->dtu = calloc(count, sizeof *config->dtu);
	if (config->dtu == NULL) {
		config->no_memory = true;
		return;
	}
	config->dtus = count;
	for (size_t i = 0; i < count; i++)
		read_dtu(f, &config->dtu[i],
		    yaml_document_get_node(&f->document, item[i]));
}

/* Settings */

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

static void
set_node(struct file *f, enum hm_setting_id id, const yaml_node_t *node)
{
	enum hm_type type = hm_settings[id].type;
	bool pairs = type == HM_TYPE_NUMBERS || type == HM_TYPE_NAMES;
	char where[HM_WHERE_MAX];

	if (is_null(node))
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
		where_is(f, node, name_of(id), where);
		hm_config_mistake(f->config, where, "found %s, allowed is %s",
		    found_of(node), allowed_of(type));
	}
}

/* A key that is no setting; it may have been one of another program. */
static void
refuse_key(struct hm_config *config, const char *key, const char *where)
{
	const struct hm_retired *retired = hm_retired_key(key);
	struct hm_suggest nearest;

	if (retired != NULL) {
		hm_config_note(config, HM_ALL, "%s: has no effect: %s", where,
		    retired->instead);
		return;
	}
	hm_suggest_start(&nearest, key);
	for (size_t id = 0; id < HM_SETTINGS; id++)
		if (hm_settings[id].key != NULL)
			hm_suggest_try(&nearest, hm_settings[id].key);
	if (nearest.best != NULL)
		hm_config_mistake(config, where,
		    "unknown key, did you mean %s?", nearest.best);
	else
		hm_config_mistake(config, where, "unknown key");
}

static void
read_pair(struct file *f, const yaml_node_t *key, const yaml_node_t *value)
{
	const char *name = key->type == YAML_SCALAR_NODE ? scalar(key) : "?";
	size_t id = hm_setting_of_key(name);
	char where[HM_WHERE_MAX];

	if (id < HM_SETTINGS) {
		set_node(f, (enum hm_setting_id)id, value);
		return;
	}
	where_is(f, key, name, where);
	refuse_key(f->config, name, where);
}

static void
read_root(struct file *f, const yaml_node_t *root)
{
	char where[HM_WHERE_MAX];

	if (root->type != YAML_MAPPING_NODE) {
		where_is(f, root, "top level", where);
		hm_config_mistake(f->config, where,
		    "found no mapping, allowed is \"key: value\"");
		return;
	}
	for (yaml_node_pair_t *pair = root->data.mapping.pairs.start;
	    pair < root->data.mapping.pairs.top; pair++)
		if (!spoilt(f, root, pair))
			read_pair(f, yaml_document_get_node(&f->document,
			    pair->key), yaml_document_get_node(&f->document,
			    pair->value));
}

static void
not_yaml(struct file *f, const yaml_parser_t *parser)
{
	char where[HM_WHERE_MAX];

	snprintf(where, sizeof where, "%s:%zu:%zu", f->path,
	    parser->problem_mark.line + 1, parser->problem_mark.column + 1);
	hm_config_mistake(f->config, where, "not YAML: %s",
	    parser->problem != NULL ? parser->problem : "unreadable");
}

/* A second document would go unread. */
static void
refuse_more(struct file *f, yaml_parser_t *parser)
{
	yaml_node_t *root;
	char where[HM_WHERE_MAX];

	if (!yaml_parser_load(parser, &f->document)) {
		not_yaml(f, parser);
		return;
	}
	root = yaml_document_get_root_node(&f->document);
	if (root != NULL && !is_null(root)) {
		where_is(f, root, "second document", where);
		hm_config_mistake(f->config, where,
		    "allowed is one document");
	}
	yaml_document_delete(&f->document);
}

/*
 * Read the one document of a parser's input: a mapping of settings, or the
 * value of the setting `id`.
 */
static void
read_document(struct file *f, yaml_parser_t *parser, size_t id)
{
	const yaml_node_t *root;

	if (!yaml_parser_load(parser, &f->document)) {
		not_yaml(f, parser);
		return;
	}
	root = yaml_document_get_root_node(&f->document);
	if (root == NULL) {
		yaml_document_delete(&f->document);
		return;
	}
	if (id == HM_SETTINGS)
		read_root(f, root);
	else
		set_node(f, (enum hm_setting_id)id, root);
	yaml_document_delete(&f->document);
	refuse_more(f, parser);
}

void
hm_config_read_file(struct hm_config *config, const char *path)
{
	struct file f = {.config = config, .path = path, .is_file = true};
	FILE *stream = fopen(path, "re");
	yaml_parser_t parser;

	if (stream == NULL) {
		hm_config_mistake(config, path, "cannot open: %s",
		    strerror(errno));
		return;
	}
	if (yaml_parser_initialize(&parser)) {
		yaml_parser_set_input_file(&parser, stream);
		read_document(&f, &parser, HM_SETTINGS);
		yaml_parser_delete(&parser);
	} else {
		config->no_memory = true;
	}
	if (fclose(stream) != 0)
		hm_config_mistake(config, path, "cannot read: %s",
		    strerror(errno));
}

void
hm_config_read_value(struct hm_config *config, enum hm_setting_id id,
    const char *text, const char *name)
{
	struct file f = {.config = config, .path = name};
	char *yaml = hm_config_json_to_yaml(config, text);
	yaml_parser_t parser;

	if (yaml == NULL || !yaml_parser_initialize(&parser)) {
		config->no_memory = true;
		free(yaml);
		return;
	}
	yaml_parser_set_input_string(&parser, (const unsigned char *)yaml,
	    strlen(yaml));
	read_document(&f, &parser, id);
	yaml_parser_delete(&parser);
	free(yaml);
}
