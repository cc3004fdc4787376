#include "yaml_bounds.h"

#include <stdio.h>

struct bounds {
	int depth, names;
};

/* 0, or the scalar's length. */
static size_t
scalar_length(const yaml_token_t *token)
{
	return token->type == YAML_SCALAR_TOKEN ? token->data.scalar.length :
	    0;
}

static void
count(struct bounds *b, const yaml_token_t *token)
{
	switch (token->type) {
	case YAML_BLOCK_SEQUENCE_START_TOKEN:
	case YAML_BLOCK_MAPPING_START_TOKEN:
	case YAML_FLOW_SEQUENCE_START_TOKEN:
	case YAML_FLOW_MAPPING_START_TOKEN:
		b->depth++;
		break;
	case YAML_BLOCK_END_TOKEN:
	case YAML_FLOW_SEQUENCE_END_TOKEN:
	case YAML_FLOW_MAPPING_END_TOKEN:
		b->depth -= b->depth > 0;
		break;
	case YAML_ANCHOR_TOKEN:
	case YAML_ALIAS_TOKEN:
	case YAML_TAG_DIRECTIVE_TOKEN:
		b->names++;
		break;
	default:
		break;
	}
}

static bool
is_within(struct bounds *b, const yaml_token_t *token, char why[HM_YAML_WHY])
{
	size_t length = scalar_length(token);

	count(b, token);
	if (b->depth > HM_YAML_DEPTH)
		snprintf(why, HM_YAML_WHY, "lists and mappings are nested too "
		    "deep, allowed are %d levels", HM_YAML_DEPTH);
	else if (b->names > HM_YAML_NAMES)
		snprintf(why, HM_YAML_WHY, "too many anchors, aliases and "
		    "directives, allowed are %d", HM_YAML_NAMES);
	else if (length > HM_YAML_SCALAR)
		snprintf(why, HM_YAML_WHY, "found a value of %zu bytes, "
		    "allowed are %zu", length, HM_YAML_SCALAR);
	else
		return true;
	return false;
}

/* Look at tokens until one is out of bounds, the end, or one is not YAML. */
static bool
scan(yaml_parser_t *parser, yaml_mark_t *at, char why[HM_YAML_WHY])
{
	struct bounds b = {.depth = 0};
	bool within = true, more = true;

	while (within && more) {
		yaml_token_t token;

		if (!yaml_parser_scan(parser, &token))
			break;
		*at = token.start_mark;
		more = token.type != YAML_STREAM_END_TOKEN &&
		    token.type != YAML_NO_TOKEN;
		within = is_within(&b, &token, why);
		yaml_token_delete(&token);
	}
	return within;
}

bool
hm_yaml_is_bounded(const unsigned char *text, size_t n, yaml_mark_t *at,
    char why[HM_YAML_WHY])
{
	yaml_parser_t parser;
	bool within;

	*at = (yaml_mark_t){.line = 0};
	if (!yaml_parser_initialize(&parser)) {
		snprintf(why, HM_YAML_WHY, "no memory");
		return false;
	}
	yaml_parser_set_input_string(&parser, text, n);
	within = scan(&parser, at, why);
	yaml_parser_delete(&parser);
	return within;
}
