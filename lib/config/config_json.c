#include "config_node.h"
#include "config_private.h"

#include <stdlib.h>

#include "base/utf8.h"
#include "record/record.h"

/*
 * JSON becomes the tree that a file gives, so that its values are checked by
 * the same functions and mistakes say the line and the column.
 */

struct json {
	struct hm_config_file *f;
	const char *at; /* the place that `mark` is of; it moves forward only */
	yaml_mark_t mark;
};

/* Columns count characters, as those of files do. */
static void
advance(struct json *json, const char *to)
{
	while (json->at < to) {
		size_t n = hm_utf8_len(json->at, (size_t)(to - json->at));

		if (*json->at == '\n') {
			json->mark.line++;
			json->mark.column = 0;
		} else {
			json->mark.column++;
		}
		json->at += n > 0 ? n : 1;
	}
}

/* Remember where a node stands; 0 is what libyaml answers without memory. */
static int
marked(struct json *json, const char *where, int node)
{
	advance(json, where);
	if (node > 0)
		yaml_document_get_node(&json->f->document, node)->start_mark =
		    json->mark;
	return node;
}

/* Escapes are no shorter than what they stand for. */
static int
add_string(struct json *json, struct hm_slice text)
{
	char *decoded = malloc(text.n + 1);
	int node = 0;
	size_t n;

	if (decoded != NULL && hm_string_decode(text, decoded, text.n, &n))
		node = yaml_document_add_scalar(&json->f->document, NULL,
		    (const yaml_char_t *)decoded, (int)n,
		    YAML_DOUBLE_QUOTED_SCALAR_STYLE);
	free(decoded);
	return marked(json, text.p - 1, node);
}

static int
add_word(struct json *json, struct hm_slice text)
{
	return marked(json, text.p, yaml_document_add_scalar(
	    &json->f->document, NULL, (const yaml_char_t *)text.p, (int)text.n,
	    YAML_PLAIN_SCALAR_STYLE));
}

static int add_value(struct json *json, const struct hm_value *value);

static int
add_array(struct json *json, struct hm_slice rest)
{
	yaml_document_t *document = &json->f->document;
	int sequence = marked(json, rest.p, yaml_document_add_sequence(
	    document, NULL, YAML_FLOW_SEQUENCE_STYLE));
	struct hm_value item;

	while (sequence > 0 && hm_array_next(&rest, &item)) {
		int node = add_value(json, &item);

		if (node == 0 || !yaml_document_append_sequence_item(document,
		    sequence, node))
			return 0;
	}
	return sequence;
}

static int
add_object(struct json *json, struct hm_slice rest)
{
	yaml_document_t *document = &json->f->document;
	int mapping = marked(json, rest.p, yaml_document_add_mapping(document,
	    NULL, YAML_FLOW_MAPPING_STYLE));
	struct hm_member member;

	while (mapping > 0 && hm_object_next(&rest, &member)) {
		int key = add_string(json, member.key);
		int value = key > 0 ? add_value(json, &member.value) : 0;

		if (value == 0 || !yaml_document_append_mapping_pair(document,
		    mapping, key, value))
			return 0;
	}
	return mapping;
}

/* The reader bounds the depth. */
static int
add_value(struct json *json, const struct hm_value *value)
{
	switch (value->kind) {
	case HM_STRING:
		return add_string(json, value->text);
	case HM_ARRAY:
		return add_array(json, value->text);
	case HM_OBJECT:
		return add_object(json, value->text);
	default:
		return add_word(json, value->text);
	}
}

bool
hm_config_read_json(struct hm_config *config, enum hm_setting_id id,
    const char *text, const char *name)
{
	struct hm_config_file f = {.config = config, .path = name};
	struct json json = {.f = &f, .at = text};
	struct hm_value value;
	struct hm_fault fault;
	int root;

	if (!hm_value_parse(&value, hm_text(text), &fault))
		return false;
	if (!yaml_document_initialize(&f.document, NULL, NULL, NULL, 1, 1)) {
		config->no_memory = true;
		return true;
	}
	root = add_value(&json, &value);
	if (root > 0)
		hm_config_set_node(&f, id, yaml_document_get_node(&f.document,
		    root));
	else
		config->no_memory = true;
	yaml_document_delete(&f.document);
	return true;
}
