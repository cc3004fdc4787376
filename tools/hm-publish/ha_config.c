#include "ha_config.h"

#include <string.h>

#include "base/hash.h"
#include "record/record.h"

#define TEXT_MAX 1024 /* longer texts are compared with their escapes */

uint64_t
hm_ha_text_hash(struct hm_slice text)
{
	uint64_t hash = hm_hash_bytes(HM_HASH_START, text.p, text.n);

	return hash != 0 ? hash : 1;
}

/* Programs write the same text with and without escapes: \u00b0C, °C. */
static uint64_t
hash_text(struct hm_slice text)
{
	char decoded[TEXT_MAX];
	size_t n;

	return hm_ha_text_hash(hm_string_decode(text, decoded, sizeof decoded,
	    &n) ? hm_slice(decoded, n) : text);
}

static uint64_t
hash_value(const struct hm_value *value)
{
	return value->kind == HM_NULL ? 0 : value->kind == HM_STRING ?
	    hash_text(value->text) : hm_ha_text_hash(value->text);
}

static bool
is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	    (c >= '0' && c <= '9') || c == '_';
}

/* The name after value_json. in a template. */
static struct hm_slice
read_key(struct hm_slice template)
{
	static const char object[] = "value_json.";
	const size_t n = sizeof object - 1;
	const char *p = template.n > n ?
	    memmem(template.p, template.n, object, n) : NULL;
	size_t length = 0, left;

	if (p == NULL)
		return hm_slice("", 0);
	p += n;
	left = (size_t)(template.p + template.n - p);
	while (length < left && is_word(p[length]))
		length++;
	return hm_slice(p, length);
}

static bool
is_key(struct hm_slice key, const char *name, const char *shorter)
{
	return hm_slice_is(key, name) || hm_slice_is(key, shorter);
}

bool
hm_ha_is_components(struct hm_slice key)
{
	return is_key(key, "components", "cmps");
}

static void
read_state_topic(const struct hm_value *value, struct hm_ha_config *config)
{
	config->state = hash_value(value);
	if (value->kind == HM_STRING)
		config->state_topic = value->text;
}

bool
hm_ha_is_platform(struct hm_slice key)
{
	return is_key(key, "platform", "p");
}

/* Read an object that has been checked. */
static void
read_object(struct hm_slice text, struct hm_ha_config *config)
{
	uint64_t recorded[3] = {0};
	struct hm_member m;

	*config = (struct hm_ha_config){.reduced = true};
	while (hm_object_next(&text, &m)) {
		if (hm_ha_is_platform(m.key)) {
			config->platform = hash_value(&m.value);
			continue;
		}
		config->reduced = false;
		if (is_key(m.key, "unique_id", "uniq_id"))
			config->unique = hash_value(&m.value);
		else if (is_key(m.key, "unit_of_measurement", "unit_of_meas"))
			recorded[0] = hash_value(&m.value);
		else if (is_key(m.key, "device_class", "dev_cla"))
			recorded[1] = hash_value(&m.value);
		else if (is_key(m.key, "state_class", "stat_cla"))
			recorded[2] = hash_value(&m.value);
		else if (is_key(m.key, "command_topic", "cmd_t"))
			config->command = hash_value(&m.value);
		else if (is_key(m.key, "state_topic", "stat_t"))
			read_state_topic(&m.value, config);
		else if (is_key(m.key, "value_template", "val_tpl") &&
		    m.value.kind == HM_STRING)
			config->key = read_key(m.value.text);
	}
	config->recorded = hm_hash_bytes(HM_HASH_START, recorded,
	    sizeof recorded);
}

static bool
parse_object(struct hm_slice payload, struct hm_value *value)
{
	struct hm_fault fault;

	return hm_value_parse(value, payload, &fault) &&
	    value->kind == HM_OBJECT;
}

bool
hm_ha_config_read(struct hm_slice payload, struct hm_ha_config *config)
{
	struct hm_value value;

	if (!parse_object(payload, &value))
		return false;
	read_object(value.text, config);
	return true;
}

bool
hm_ha_components_read(struct hm_slice payload, struct hm_slice *text)
{
	struct hm_value value;
	struct hm_member m;

	if (!parse_object(payload, &value))
		return false;
	while (hm_object_next(&value.text, &m)) {
		if (!hm_ha_is_components(m.key) || m.value.kind != HM_OBJECT)
			continue;
		*text = m.value.text;
		return true;
	}
	return false;
}

bool
hm_ha_component_next(struct hm_slice *rest, struct hm_ha_component *out)
{
	struct hm_member m;

	while (hm_object_next(rest, &m)) {
		if (m.value.kind != HM_OBJECT || m.key.n > TEXT_MAX)
			continue;
		out->id = m.key;
		out->name = hash_text(m.key);
		out->text = m.value.text;
		read_object(m.value.text, &out->config);
		return true;
	}
	return false;
}
