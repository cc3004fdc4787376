#include "config_private.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <yaml.h>

#include "log.h"

/* The keys of an entry of dtu_configs. */
static const char dtu_keys[] = "name, uri, host, port, unit_id";

static const char nul_text[] = "holds a NUL byte";

struct file {
	struct hm_config *config;
	const char *path;
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

/* Words may be joined by "_" or by "-". */
static bool
same_key(const char *a, const char *b)
{
	for (; *a != '\0' && *b != '\0'; a++, b++)
		if ((*a == '-' ? '_' : *a) != (*b == '-' ? '_' : *b))
			return false;
	return *a == *b;
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
		    !same_key(scalar(earlier), name))
			continue;
		where_is(f, key, name, where);
		hm_config_mistake(f->config, where, "given twice");
		return true;
	}
	return false;
}

static size_t
find_setting(const char *key)
{
	for (size_t id = 0; id < HM_SETTINGS; id++)
		if (hm_settings[id].key != NULL &&
		    same_key(key, hm_settings[id].key))
			return id;
	return HM_SETTINGS;
}

static void
set_scalar(struct file *f, enum hm_setting_id id, const yaml_node_t *node,
    const char *text)
{
	char where[HM_WHERE_MAX], source[HM_WHERE_MAX];

	where_is(f, node, hm_settings[id].key, where);
	snprintf(source, sizeof source, "%s:%zu", f->path,
	    node->start_mark.line + 1);
	hm_config_set(f->config, id, text, where, source);
}

/* The items of a sequence, joined by spaces as in an environment variable. */
static void
set_list(struct file *f, enum hm_setting_id id, const yaml_node_t *node)
{
	char text[4096], where[HM_WHERE_MAX];
	size_t n = 0;

	text[0] = '\0';
	for (yaml_node_item_t *item = node->data.sequence.items.start;
	    item < node->data.sequence.items.top; item++) {
		yaml_node_t *word = yaml_document_get_node(&f->document,
		    *item);
		int more;

		where_is(f, word, hm_settings[id].key, where);
		if (word->type != YAML_SCALAR_NODE) {
			hm_config_mistake(f->config, where,
			    "found a list or mapping, allowed are words");
			return;
		}
		if (holds_nul(word)) {
			hm_config_mistake(f->config, where, nul_text);
			return;
		}
		more = snprintf(text + n, sizeof text - n, "%s%s",
		    n > 0 ? " " : "", scalar(word));
		if (more < 0 || (size_t)more >= sizeof text - n) {
			hm_config_mistake(f->config, where,
			    "the list is too long");
			return;
		}
		n += (size_t)more;
	}
	set_scalar(f, id, node, text);
}

static void
set_dtu_text(struct file *f, char **field, const yaml_node_t *value,
    const char *where)
{
	if (scalar(value)[0] == '\0') {
		hm_config_mistake(f->config, where, "must not be empty");
		return;
	}
	free(*field);
	*field = strdup(scalar(value));
	if (*field == NULL)
		f->config->no_memory = true;
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
	else if (same_key(name, "name"))
		set_dtu_text(f, &dtu->name, value, where);
	else if (same_key(name, "uri"))
		set_dtu_text(f, &dtu->uri, value, where);
	else if (same_key(name, "host"))
		set_dtu_text(f, &dtu->host, value, where);
	else if (same_key(name, "port"))
		hm_config_number(f->config, scalar(value), where, 1, 65535,
		    &dtu->port);
	else if (same_key(name, "unit_id"))
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
	dtu->where = strdup(where);
	if (dtu->where == NULL)
		f->config->no_memory = true;
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
read_dtus(struct file *f, const yaml_node_t *node)
{
	struct hm_config *config = f->config;
	char where[HM_WHERE_MAX];
	size_t count;

	where_is(f, node, "dtu_configs", where);
	if (node->type != YAML_SEQUENCE_NODE) {
		hm_config_mistake(config, where,
		    "found no list, allowed is a list of mappings");
		return;
	}
	count = (size_t)(node->data.sequence.items.top -
	    node->data.sequence.items.start);
	if (count == 0 || config->dtu != NULL)
		return;
	config->dtu = calloc(count, sizeof *config->dtu);
	if (config->dtu == NULL) {
		config->no_memory = true;
		return;
	}
	config->dtus = count;
	for (size_t i = 0; i < count; i++)
		read_dtu(f, &config->dtu[i], yaml_document_get_node(
		    &f->document, node->data.sequence.items.start[i]));
}

static void
read_pair(struct file *f, const yaml_node_t *key, const yaml_node_t *value)
{
	const char *name = key->type == YAML_SCALAR_NODE ? scalar(key) : "?";
	size_t id = find_setting(name);
	char where[HM_WHERE_MAX];

	if (id == HM_SETTINGS) {
		where_is(f, key, name, where);
		hm_config_mistake(f->config, where, "unknown key");
	} else if (hm_settings[id].type == HM_TYPE_DTUS && !is_null(value)) {
		read_dtus(f, value);
	} else if (is_null(value)) {
		return;
	} else if (value->type == YAML_SCALAR_NODE) {
		set_scalar(f, (enum hm_setting_id)id, value, scalar(value));
	} else if (value->type == YAML_SEQUENCE_NODE &&
	    hm_settings[id].type == HM_TYPE_LIST) {
		set_list(f, (enum hm_setting_id)id, value);
	} else {
		where_is(f, value, name, where);
		hm_config_mistake(f->config, where,
		    "found a list or mapping, allowed is a single value");
	}
}

static void
read_root(struct file *f)
{
	yaml_node_t *root = yaml_document_get_root_node(&f->document);
	char where[HM_WHERE_MAX];

	if (root == NULL)
		return;
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

static void
read_stream(struct file *f, FILE *stream)
{
	yaml_parser_t parser;

	if (!yaml_parser_initialize(&parser)) {
		f->config->no_memory = true;
		return;
	}
	yaml_parser_set_input_file(&parser, stream);
	if (yaml_parser_load(&parser, &f->document)) {
		bool empty = yaml_document_get_root_node(&f->document) == NULL;

		read_root(f);
		yaml_document_delete(&f->document);
		if (!empty)
			refuse_more(f, &parser);
	} else {
		not_yaml(f, &parser);
	}
	yaml_parser_delete(&parser);
}

void
hm_config_read_file(struct hm_config *config, const char *path)
{
	struct file f = {.config = config, .path = path};
	FILE *stream = fopen(path, "re");

	if (stream == NULL) {
		hm_config_mistake(config, path, "cannot open: %s",
		    strerror(errno));
		return;
	}
	read_stream(&f, stream);
	if (fclose(stream) != 0)
		hm_config_mistake(config, path, "cannot read: %s",
		    strerror(errno));
}
