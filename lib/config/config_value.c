#include "config_private.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "base/decimal.h"
#include "base/hash.h"
#include "base/utf8.h"
#include "settings.h"

/* Mistakes and notes */

const char *
hm_config_name(enum hm_setting_id id)
{
	return hm_settings[id].key != NULL ? hm_settings[id].key :
	    hm_settings[id].option;
}

char *
hm_config_copy(struct hm_config *config, const char *text)
{
	char *copy = strdup(text);

	if (copy == NULL)
		config->no_memory = true;
	return copy;
}

/* A list with room for one more entry; NULL, and no_memory set, if it fails. */
static void *
grow(struct hm_config *config, void *list, size_t count, size_t size)
{
	void *grown = reallocarray(list, count + 1, size);

	if (grown == NULL)
		config->no_memory = true;
	return grown;
}

__attribute__((format(printf, 2, 0))) static char *
print(struct hm_config *config, const char *format, va_list args)
{
	char *text;

	if (vasprintf(&text, format, args) >= 0)
		return text;
	config->no_memory = true;
	return NULL;
}

void
hm_config_mistake(struct hm_config *config, const char *where,
    const char *format, ...)
{
	struct hm_config_fault *grown;
	va_list args;

	if (hm_config_is_full(config))
		return;
	grown = grow(config, config->fault, config->faults, sizeof *grown);
	if (grown == NULL)
		return;
	config->fault = grown;
	va_start(args, format);
	grown[config->faults++] = (struct hm_config_fault){
	    hm_config_copy(config, where), print(config, format, args)};
	va_end(args);
}

bool
hm_config_is_full(const struct hm_config *config)
{
	return config->faults >= HM_CONFIG_FAULTS;
}

bool
hm_config_has_room(struct hm_config *config, size_t entries,
    const char *where)
{
	if (entries <= HM_CONFIG_ENTRIES)
		return true;
	hm_config_mistake(config, where, "found more than %zu entries, "
	    "allowed are %zu", HM_CONFIG_ENTRIES, HM_CONFIG_ENTRIES);
	return false;
}

void
hm_config_note(struct hm_config *config, unsigned tools, const char *format,
    ...)
{
	struct hm_config_note *grown = grow(config, config->note,
	    config->notes, sizeof *grown);
	va_list args;

	if (grown == NULL)
		return;
	config->note = grown;
	va_start(args, format);
	grown[config->notes++] = (struct hm_config_note){
	    print(config, format, args), tools};
	va_end(args);
}

/* Numbers */

bool
hm_config_number(struct hm_config *config, const char *text,
    const char *where, int64_t min, int64_t max, int64_t *number)
{
	if (!hm_decimal_whole(hm_text(text), min, max, number)) {
		hm_config_mistake(config, where, "found \"%s\", allowed is a "
		    "whole number from %lld to %lld", text, (long long)min,
		    (long long)max);
		return false;
	}
	return true;
}

static bool
parse_decimal(struct hm_config *config, const struct hm_setting *setting,
    const char *text, const char *where, int64_t *number)
{
	unsigned scale = hm_setting_scale(setting);
	char min[HM_DECIMAL_TEXT], max[HM_DECIMAL_TEXT];
	struct hm_decimal d;

	if (hm_decimal_parse(hm_text(text), &d) &&
	    hm_decimal_rescale(d, scale, number) && *number >= setting->min &&
	    *number <= setting->max)
		return true;
	hm_decimal_format(hm_decimal(setting->min, scale), min);
	hm_decimal_format(hm_decimal(setting->max, scale), max);
	hm_config_mistake(config, where,
	    "found \"%s\", allowed are %s to %s%s", text, min, max,
	    setting->type == HM_TYPE_SECONDS ? " seconds" : "");
	return false;
}

/* Words */

static bool
parse_flag(struct hm_config *config, const char *text, const char *where,
    int64_t *number)
{
	static const char *const words[][2] = {{"true", "false"},
	    {"yes", "no"}, {"on", "off"}, {"1", "0"}};

	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		for (int off = 0; off < 2; off++)
			if (strcasecmp(text, words[i][off]) == 0) {
				*number = !off;
				return true;
			}
	hm_config_mistake(config, where,
	    "found \"%s\", allowed are true and false", text);
	return false;
}

bool
hm_config_word(const char **rest, struct hm_slice *word)
{
	const char *start = *rest;

	if (start == NULL)
		return false;
	start += strspn(start, " ,\t\n");
	*word = hm_slice(start, strcspn(start, " ,\t\n"));
	*rest = start + word->n;
	return word->n > 0;
}

static bool
word_in(const char *words, struct hm_slice word)
{
	struct hm_slice other;

	while (hm_config_word(&words, &other))
		if (other.n == word.n &&
		    strncasecmp(other.p, word.p, word.n) == 0)
			return true;
	return false;
}

bool
hm_config_lists(const struct hm_config *config, enum hm_setting_id id,
    const char *word)
{
	const char *text = config->value[id].text;

	return text == NULL || word_in(text, hm_text(word));
}

static bool
check_choice(struct hm_config *config, const struct hm_setting *setting,
    const char *text, const char *where)
{
	if (word_in(setting->choices, hm_text(text)))
		return true;
	hm_config_mistake(config, where, "found \"%s\", allowed are %s", text,
	    setting->choices);
	return false;
}

bool
hm_config_check_text(struct hm_config *config, const char *text,
    const char *where)
{
	const char *problem = NULL;

	if (text[0] == '\0')
		problem = "must not be empty";
	else if (!hm_utf8_plain(hm_text(text)))
		problem = "must be UTF-8 without control characters";
	if (problem != NULL)
		hm_config_mistake(config, where, "%s", problem);
	return problem == NULL;
}

/*
 * Every word must be one of the choices, if the setting has choices. *count is
 * the number of words.
 */
static bool
check_words(struct hm_config *config, const struct hm_setting *setting,
    const char *text, const char *where, int64_t *count)
{
	struct hm_slice word;
	bool good = true;

	while (!hm_config_is_full(config) && hm_config_word(&text, &word)) {
		++*count;
		if (setting->choices == NULL ? hm_utf8_plain(word) :
		    word_in(setting->choices, word))
			continue;
		hm_config_mistake(config, where, "found \"%.*s\", allowed are "
		    "%s", (int)word.n, word.p, setting->choices != NULL ?
		    setting->choices : "words in UTF-8");
		good = false;
	}
	return good;
}

static bool
check_value(struct hm_config *config, const struct hm_setting *setting,
    const char *text, const char *where, int64_t *number)
{
	switch (setting->type) {
	case HM_TYPE_FLAG:
		return parse_flag(config, text, where, number);
	case HM_TYPE_INT:
		return hm_config_number(config, text, where, setting->min,
		    setting->max, number);
	case HM_TYPE_SECONDS:
	case HM_TYPE_DECIMAL:
	case HM_TYPE_PRICE:
		return parse_decimal(config, setting, text, where, number);
	case HM_TYPE_CHOICE:
		return check_choice(config, setting, text, where);
	case HM_TYPE_LIST:
		return check_words(config, setting, text, where, number);
	case HM_TYPE_SECRET:
		if (text[0] != '\0')
			return true;
		hm_config_mistake(config, where, "must not be empty");
		return false;
	case HM_TYPE_TEXT:
		return hm_config_check_text(config, text, where);
	case HM_TYPE_NUMBERS:
	case HM_TYPE_NAMES:
	case HM_TYPE_DTUS:
		break;
	}
	hm_config_mistake(config, where, "found a single value, allowed is a "
	    "%s", setting->type == HM_TYPE_DTUS ? "list of mappings" :
	    "mapping");
	return false;
}

/* Keeping */

static void
free_dtus(struct hm_config *config)
{
	for (size_t i = 0; i < config->dtus; i++) {
		free(config->dtu[i].name);
		free(config->dtu[i].uri);
		free(config->dtu[i].host);
		free(config->dtu[i].where);
	}
	free(config->dtu);
	config->dtu = NULL;
	config->dtus = 0;
}

static void
free_pair(struct hm_pair *pair)
{
	free(pair->key);
	free(pair->text);
	free(pair->where);
}

/* A key of a mapping, of which there may be as many as HM_CONFIG_ENTRIES. */
struct known_key {
	struct hm_hash_item item;
	const char *key; /* that of the pair */
};

static void
free_keys(struct hm_hash *keys)
{
	struct known_key *key = hm_hash_next(keys, NULL);

	while (key != NULL) {
		struct known_key *next = hm_hash_next(keys, &key->item);

		free(key);
		key = next;
	}
	hm_hash_free(keys);
}

void
hm_config_clear(struct hm_config *config, enum hm_setting_id id)
{
	struct hm_config_value *value = &config->value[id];

	free(value->text);
	free(value->source);
	free_keys(&value->keys);
	for (size_t i = 0; i < value->pairs; i++)
		free_pair(&value->pair[i]);
	free(value->pair);
	*value = (struct hm_config_value){.text = NULL};
	if (hm_settings[id].type == HM_TYPE_DTUS)
		free_dtus(config);
}

static bool
grows(const struct hm_config *config, enum hm_setting_id id)
{
	enum hm_type type = hm_settings[id].type;

	return config->value[id].source != NULL &&
	    config->value[id].layer == config->layer &&
	    (type == HM_TYPE_LIST || type == HM_TYPE_NUMBERS ||
	    type == HM_TYPE_NAMES);
}

void
hm_config_begin(struct hm_config *config, enum hm_setting_id id,
    const char *source)
{
	if (grows(config, id))
		return;
	hm_config_clear(config, id);
	config->value[id].layer = config->layer;
	config->value[id].source = hm_config_copy(config, source);
}

/* Double the room, so that a long list is not copied for each word. */
static bool
make_room(struct hm_config *config, struct hm_config_value *value,
    size_t wanted)
{
	char *grown;

	if (wanted <= value->room)
		return true;
	grown = realloc(value->text, 2 * wanted);
	if (grown == NULL) {
		config->no_memory = true;
		return false;
	}
	value->text = grown;
	value->room = 2 * wanted;
	return true;
}

/* Add to the text of a list, after a space. */
static void
append(struct hm_config *config, struct hm_config_value *value,
    const char *text)
{
	size_t n = strlen(text), before = value->length;

	if (!make_room(config, value, before + n + 2))
		return;
	value->text[before] = ' ';
	memcpy(value->text + before + 1, text, n + 1);
	value->length = before + 1 + n;
}

void
hm_config_set(struct hm_config *config, enum hm_setting_id id,
    const char *text, const char *where, const char *source)
{
	struct hm_config_value *value = &config->value[id];
	bool is_list = hm_settings[id].type == HM_TYPE_LIST;
	int64_t number = 0;

	if (!check_value(config, &hm_settings[id], text, where, &number))
		return;
	hm_config_begin(config, id, source);
	if (is_list)
		value->words += (size_t)number;
	if (!hm_config_has_room(config, value->words, where))
		return;
	value->number = number;
	if (value->text != NULL) {
		append(config, value, text);
		return;
	}
	value->text = hm_config_copy(config, text);
	value->length = strlen(text);
}

/* Mappings */

static bool
is_key(const void *entry, const void *key)
{
	const struct known_key *known = entry;

	return strcmp(known->key, key) == 0;
}

static uint64_t
hash_key(const char *key)
{
	return hm_hash_bytes(HM_HASH_START, key, strlen(key));
}

static bool
keep_key(struct hm_config *config, struct hm_hash *keys, const char *key)
{
	struct known_key *known = malloc(sizeof *known);
	bool kept = false;

	if (known != NULL) {
		known->key = key;
		kept = hm_hash_add(keys, hash_key(key), &known->item);
	}
	if (!kept) {
		free(known);
		config->no_memory = true;
	}
	return kept;
}

static bool
check_pair(struct hm_config *config, enum hm_setting_id id,
    struct hm_pair *pair)
{
	const struct hm_config_value *value = &config->value[id];
	char where[HM_WHERE_MAX];

	if (!hm_config_has_room(config, value->pairs + 1, pair->where) ||
	    !hm_config_check_text(config, pair->key, pair->where))
		return false;
	snprintf(where, sizeof where, "%s: %s", pair->where, pair->key);
	if (hm_hash_find(&value->keys, hash_key(pair->key), is_key,
	    pair->key) != NULL) {
		hm_config_mistake(config, where, "given twice");
		return false;
	}
	if (hm_settings[id].type == HM_TYPE_NAMES)
		return hm_config_check_text(config, pair->text, where);
	if (hm_decimal_parse(hm_text(pair->text), &pair->number))
		return true;
	hm_config_mistake(config, where, "found \"%s\", allowed is a decimal "
	    "number such as 0.001", pair->text);
	return false;
}

void
hm_config_add_pair(struct hm_config *config, enum hm_setting_id id,
    const char *key, const char *text, const char *where)
{
	struct hm_config_value *value = &config->value[id];
	struct hm_pair pair = {
	    .key = hm_config_copy(config, key),
	    .text = hm_config_copy(config, text),
	    .where = hm_config_copy(config, where),
	};
	struct hm_pair *grown = NULL;

	if (!config->no_memory && check_pair(config, id, &pair))
		grown = grow(config, value->pair, value->pairs, sizeof *grown);
	if (grown != NULL)
		value->pair = grown;
	if (grown == NULL || !keep_key(config, &value->keys, pair.key)) {
		free_pair(&pair);
		return;
	}
	value->pair[value->pairs++] = pair;
}
