#include "config_private.h"

#include <stdio.h>

#include "base/utf8.h"
#include "config.h"
#include "settings.h"

/*
 * The settings in effect, as YAML that the tools can read again. Comments show
 * the source of each value, secrets (masked), options that no file can have,
 * and DTUs of the file or the environment if the command line names others.
 */

#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

static void
print_quoted(struct hm_slice text)
{
	putchar('"');
	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] == '"' || text.p[i] == '\\')
			putchar('\\');
		putchar(text.p[i]);
	}
	putchar('"');
}

/* In quotes, unless the text is certain to need none in YAML. */
static void
print_text(struct hm_slice text)
{
	bool plain = text.n > 0 && memchr(LETTERS "/", text.p[0],
	    sizeof LETTERS "/" - 1) != NULL && !hm_slice_is(text, "null");

	for (size_t i = 1; i < text.n; i++)
		plain = plain && memchr(LETTERS "/._-", text.p[i],
		    sizeof LETTERS "/._-" - 1) != NULL;
	if (plain)
		printf("%.*s", (int)text.n, text.p);
	else
		print_quoted(text);
}

/* A comment must not hold a line break. */
static void
print_comment(const char *start, const char *source)
{
	bool plain = hm_utf8_plain(hm_text(source));

	printf("%s# ", start);
	for (const char *p = source; *p != '\0'; p++)
		putchar(plain || (*p >= ' ' && *p < 0x7f) ? *p : '?');
	putchar('\n');
}

static void
print_list(const char *rest)
{
	struct hm_slice word;
	const char *comma = "";

	putchar('[');
	while (hm_config_word(&rest, &word)) {
		printf("%s", comma);
		print_text(word);
		comma = ", ";
	}
	putchar(']');
}

static void
print_value(const struct hm_config *config, enum hm_setting_id id)
{
	const char *text = config->value[id].text;

	if (hm_settings[id].type == HM_TYPE_FLAG)
		printf("%s", hm_config_flag(config, id) ? "true" : "false");
	else if (hm_settings[id].type == HM_TYPE_LIST)
		print_list(text);
	else if (hm_settings[id].type == HM_TYPE_SECRET)
		printf("********");
	else
		print_text(hm_text(text));
}

static void
print_pairs(const struct hm_config_value *value, const char *indent)
{
	for (size_t i = 0; i < value->pairs; i++) {
		printf("%s", indent);
		print_text(hm_text(value->pair[i].key));
		printf(": ");
		print_text(hm_text(value->pair[i].text));
		putchar('\n');
	}
}

static void
print_dtu_text(const char *hash, const char *key, const char *text,
    const char **start)
{
	if (text == NULL)
		return;
	printf("%s%s%s: ", hash, *start, key);
	print_text(hm_text(text));
	putchar('\n');
	*start = "    ";
}

static void
print_dtu_number(const char *hash, const char *key, int64_t number,
    int64_t absent)
{
	if (number != absent)
		printf("%s    %s: %lld\n", hash, key, (long long)number);
}

static void
print_dtus(const struct hm_config *config, const char *hash)
{
	for (size_t i = 0; i < config->dtus; i++) {
		const struct hm_dtu_config *dtu = &config->dtu[i];
		const char *start = "  - ";

		print_dtu_text(hash, "name", dtu->name, &start);
		print_dtu_text(hash, "uri", dtu->uri, &start);
		print_dtu_text(hash, "host", dtu->host, &start);
		print_dtu_number(hash, "port", dtu->port, 0);
		print_dtu_number(hash, "unit_id", dtu->unit_id,
		    HM_NO_UNIT_ID);
	}
}

/* A mapping or a list of mappings, with its entries on lines of their own. */
static void
print_entries(const struct hm_config *config, enum hm_setting_id id,
    const char *hash)
{
	const struct hm_config_value *value = &config->value[id];
	const char *empty = "";
	bool dtus = hm_settings[id].type == HM_TYPE_DTUS;

	if (dtus ? config->dtus == 0 : value->pairs == 0)
		empty = dtus ? " []" : " {}";
	printf("%s%s:%s", hash, hm_settings[id].key, empty);
	print_comment("  ", value->source);
	if (dtus)
		print_dtus(config, hash);
	else
		print_pairs(value, "  ");
}

/* A setting that only the command line has, or only the environment. */
static void
print_keyless(const struct hm_config *config, enum hm_setting_id id)
{
	const struct hm_config_value *value = &config->value[id];

	if (hm_settings[id].option != NULL)
		printf("# --%s", hm_settings[id].option);
	else
		printf("# %s", hm_settings[id].env);
	if (value->text != NULL) {
		putchar('=');
		print_value(config, id);
	}
	print_comment("  ", value->source);
	print_pairs(value, "#   ");
}

/* Else the settings would have another meaning when they are read again. */
static bool
must_be_comment(const struct hm_config *config, enum hm_setting_id id)
{
	char why[HM_WHERE_MAX];

	return hm_settings[id].type == HM_TYPE_SECRET ||
	    (hm_config_unused(config, id, why) &&
	    hm_config_dtu_source(config) != HM_DTUS_LIST);
}

static void
print_setting(const struct hm_config *config, enum hm_setting_id id)
{
	const struct hm_config_value *value = &config->value[id];
	const char *hash = must_be_comment(config, id) ? "# " : "";

	if (hm_settings[id].key == NULL) {
		print_keyless(config, id);
	} else if (value->text == NULL) {
		print_entries(config, id, hash);
	} else {
		printf("%s%s: ", hash, hm_settings[id].key);
		print_value(config, id);
		print_comment("  ", value->source);
	}
}

static void
print_why_unused(const struct hm_config *config, enum hm_setting_id id)
{
	char why[HM_WHERE_MAX], text[HM_WHERE_MAX + 40];

	if (!hm_config_unused(config, id, why))
		return;
	snprintf(text, sizeof text, "%s is not used: %s", hm_settings[id].key,
	    why);
	print_comment("", text);
}

int
hm_config_print_values(const struct hm_config *config)
{
	for (size_t i = 0; i < HM_SETTINGS; i++) {
		enum hm_setting_id id = (enum hm_setting_id)i;

		if (id == HM_SET_CHECK || !hm_config_has(config, id) ||
		    (hm_settings[id].tools & config->tool->bit) == 0)
			continue;
		print_setting(config, id);
		print_why_unused(config, id);
	}
	for (size_t i = 0; i < config->operands; i++)
		print_comment("", config->operand[i]);
	return hm_config_end_output();
}
