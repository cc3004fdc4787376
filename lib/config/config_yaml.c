#include "config_node.h"

#include <errno.h>
#include <stdio.h>

#include "base/buffer.h"
#include "base/suggest.h"
#include "config_private.h"
#include "retired.h"
#include "settings.h"
#include "yaml_bounds.h"

/* Whether a value asks for nothing. */
static bool
is_off(const yaml_node_t *value)
{
	return hm_config_is_null(value) || (value->type == YAML_SCALAR_NODE &&
	    hm_retired_off((const char *)value->data.scalar.value));
}

/* Report an unknown key. */
static void
refuse_key(struct hm_config *config, const char *key, const char *where)
{
	struct hm_suggest nearest;

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
read_pair(struct hm_config_file *f, const yaml_node_t *key,
    const yaml_node_t *value)
{
	const char *name = hm_config_key(key);
	size_t id = hm_setting_of_key(name);
	const struct hm_retired *retired;
	char where[HM_WHERE_MAX];

	if (id < HM_SETTINGS) {
		hm_config_set_node(f, (enum hm_setting_id)id, value);
		return;
	}
	hm_config_where(f, key, name, where);
	retired = hm_retired_key(name);
	if (retired == NULL)
		refuse_key(f->config, name, where);
	else if (!is_off(value))
		hm_config_note(f->config, HM_ALL, "%s: has no effect: %s",
		    where, retired->instead);
}

static void
read_root(struct hm_config_file *f, const yaml_node_t *root)
{
	struct hm_config_entry entry = {.pair = NULL};
	char where[HM_WHERE_MAX];

	if (root->type != YAML_MAPPING_NODE) {
		hm_config_where(f, root, "top level", where);
		hm_config_mistake(f->config, where,
		    "found no mapping, allowed is \"key: value\"");
		return;
	}
	while (hm_config_next(f, root, &entry))
		read_pair(f, entry.key, entry.value);
}

static void
not_yaml(struct hm_config_file *f, const yaml_parser_t *parser)
{
	char where[HM_WHERE_MAX];

	snprintf(where, sizeof where, "%s:%zu:%zu", f->path,
	    parser->problem_mark.line + 1, parser->problem_mark.column + 1);
	hm_config_mistake(f->config, where, "not YAML: %s",
	    parser->problem != NULL ? parser->problem : "unreadable");
}

/* A second document would be ignored. */
static void
refuse_more(struct hm_config_file *f, yaml_parser_t *parser)
{
	yaml_node_t *root;
	char where[HM_WHERE_MAX];

	if (!yaml_parser_load(parser, &f->document)) {
		not_yaml(f, parser);
		return;
	}
	root = yaml_document_get_root_node(&f->document);
	if (root != NULL && !hm_config_is_null(root)) {
		hm_config_where(f, root, "second document", where);
		hm_config_mistake(f->config, where,
		    "allowed is one document");
	}
	yaml_document_delete(&f->document);
}

/*
 * Read the only document of a parser's input: a mapping of settings or, unless
 * `id` is HM_SETTINGS, the value of one setting.
 */
static void
read_document(struct hm_config_file *f, yaml_parser_t *parser, size_t id)
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
		hm_config_set_node(f, (enum hm_setting_id)id, root);
	yaml_document_delete(&f->document);
	refuse_more(f, parser);
}

/* The same, if the text is within the bounds of yaml_bounds.h. */
static void
read_text(struct hm_config_file *f, const unsigned char *text, size_t n,
    size_t id)
{
	char where[HM_WHERE_MAX], why[HM_YAML_WHY];
	yaml_parser_t parser;
	yaml_mark_t at;

	if (!hm_yaml_is_bounded(text, n, &at, why)) {
		snprintf(where, sizeof where, "%s:%zu:%zu", f->path,
		    at.line + 1, at.column + 1);
		hm_config_mistake(f->config, where, "%s", why);
		return;
	}
	if (!yaml_parser_initialize(&parser)) {
		f->config->no_memory = true;
		return;
	}
	yaml_parser_set_input_string(&parser, text, n);
	read_document(f, &parser, id);
	yaml_parser_delete(&parser);
}

/* The whole file. False, and a mistake kept, if it cannot be read. */
static bool
read_stream(struct hm_config *config, const char *path, FILE *stream,
    struct hm_buffer *text)
{
	unsigned char part[4096];
	size_t n;

	while (!feof(stream)) {
		n = fread(part, 1, sizeof part, stream);
		if (ferror(stream)) {
			hm_config_mistake(config, path, "cannot read: %s",
			    strerror(errno));
			return false;
		}
		if (text->n + n > HM_YAML_BYTES) {
			hm_config_mistake(config, path, "found more than %zu "
			    "bytes, allowed are %zu", HM_YAML_BYTES,
			    HM_YAML_BYTES);
			return false;
		}
		if (!hm_buffer_append(text, part, n, HM_YAML_BYTES)) {
			config->no_memory = true;
			return false;
		}
	}
	return true;
}

void
hm_config_read_file(struct hm_config *config, const char *path)
{
	struct hm_config_file f = {.config = config, .path = path,
	    .is_file = true};
	struct hm_buffer text = {.p = NULL};
	FILE *stream = fopen(path, "re");
	bool good;

	if (stream == NULL) {
		hm_config_mistake(config, path, "cannot open: %s",
		    strerror(errno));
		return;
	}
	good = read_stream(config, path, stream, &text);
	if (fclose(stream) != 0 && good) {
		hm_config_mistake(config, path, "cannot read: %s",
		    strerror(errno));
		good = false;
	}
	if (good && text.n > 0)
		read_text(&f, text.p, text.n, HM_SETTINGS);
	hm_buffer_free(&text);
}

void
hm_config_read_value(struct hm_config *config, enum hm_setting_id id,
    const char *text, const char *name)
{
	struct hm_config_file f = {.config = config, .path = name};

	if (!hm_config_read_json(config, id, text, name))
		read_text(&f, (const unsigned char *)text, strlen(text), id);
}
