/*
 * The example settings file. A line of prose begins with "# "; any other
 * line that begins with "#" is YAML once that "#" is gone.
 */

#include "docs.h"

#include <stdlib.h>
#include <string.h>

#define COLUMNS 80

static const char head[] =
    "# Settings of hm, read by all of its tools. Every one that a file can "
    "have\n"
    "# is here, behind a \"#\", with its default. To change one, take its "
    "\"#\" away.\n"
    "# Where there is no default, what stands here is an example.\n"
    "#\n"
    "# Needed: a DTU (dtu_host, or dtu_configs for more than one), and "
    "mqtt_broker,\n"
    "# or \"mqtt_enabled: false\". The rest may stay as it is.\n"
    "#\n"
    "# hm-poll --check -c FILE says what is wrong with it. The environment, if "
    "it\n"
    "# has the variable that is named with a setting, goes before the file.\n";

/* A group goes up to the next one, in the order of settings.def. */
static const struct {
	enum hm_setting_id first;
	const char *title;
} groups[] = {
    {HM_SET_CONFIG, "Logs, and what is the same for all tools"},
    {HM_SET_ONCE, "DTUs, and how they are read"},
    {HM_SET_EXCLUDE_INVERTERS, "Readings and the database"},
    {HM_SET_MQTT_ENABLED, "MQTT and Home Assistant"},
    {HM_SET_MQTT_BROKER, "MQTT broker"},
    {HM_SET_DRY_RUN, "Trying it out"},
    {HM_SET_HEALTH_ENABLED, "Page, health and metrics"},
    {HM_SET_ALERTS_ENABLED, "Alarms that no device tells"},
    {HM_SET_STORE_DELAY, "History"},
    {HM_SET_MAX_BYTES, "Log files of the chain that runs for ever"},
};

/* For those without a default. A line more is indented by two. */
static const struct {
	enum hm_setting_id id;
	const char *value;
} examples[] = {
    {HM_SET_DTU_HOST, "hm://192.168.1.50"},
    {HM_SET_DTU_PORT, "10081"},
    {HM_SET_DTU_CONFIGS, "\n  - name: roof\n    uri: hm://192.168.1.50"
	"\n  - name: garage\n    uri: modbus://192.168.1.51"},
    {HM_SET_LOCK_DIR, "/run/lock"},
    {HM_SET_NIGHT, "22:00-05:00"},
    {HM_SET_EXCLUDE_INVERTERS, "[116180215546, 116180215547]"},
    {HM_SET_DATABASE_PATH, "/var/lib/hm/hoymiles.db"},
    {HM_SET_TIMEZONE, "Europe/Berlin"},
    {HM_SET_MI_ENTITIES, "[grid_voltage, temperature]"},
    {HM_SET_PORT_ENTITIES, "[pv_power, today_production, total_production]"},
    {HM_SET_VALUE_MULTIPLIERS, "\n  today_production: 0.001"},
    {HM_SET_ENTITY_FRIENDLY_NAMES, "\n  pv_power: Solar power"},
    {HM_SET_MQTT_BROKER, "192.168.1.2"},
    {HM_SET_MQTT_USER, "solar"},
    {HM_SET_MQTT_PASSWORD, "change-me"},
    {HM_SET_MQTT_PASSWORD_FILE, "/etc/hm/mqtt-password"},
    {HM_SET_MQTT_TLS_CA_CERT, "/etc/hm/ca.crt"},
    {HM_SET_MQTT_TLS_CERT, "/etc/hm/client.crt"},
    {HM_SET_MQTT_TLS_KEY, "/etc/hm/client.key"},
    {HM_SET_METRICS_TEXTFILE, "/var/lib/prometheus/node-exporter/hm.prom"},
};

static const char *
example_of(size_t id)
{
	for (size_t i = 0; i < sizeof examples / sizeof *examples; i++)
		if (examples[i].id == id)
			return examples[i].value;
	return NULL;
}

static const char *
title_of(size_t id)
{
	const char *title = NULL;

	for (size_t i = 0; i < sizeof groups / sizeof *groups; i++)
		if (groups[i].first <= id)
			title = groups[i].title;
	return title;
}

static size_t
word_length(const char *text)
{
	return strcspn(text, " ");
}

static void
print_prose(FILE *out, const char *text)
{
	size_t column = 1;

	fputs("#", out);
	for (const char *word = text; *word != '\0';
	    word += strspn(word, " ")) {
		size_t n = word_length(word);

		if (column + 1 + n > COLUMNS) {
			fputs("\n#", out);
			column = 1;
		}
		fprintf(out, " %.*s", (int)n, word);
		column += 1 + n;
		word += n;
	}
	putc('\n', out);
}

static bool
print_facts(FILE *out, const struct hm_setting *s)
{
	char *text = NULL;
	size_t size;
	FILE *facts = open_memstream(&text, &size);

	if (facts == NULL)
		return false;
	hm_docs_allowed(facts, s);
	if (s->initial == NULL)
		fputs("; no default", facts);
	if (s->env != NULL)
		fprintf(facts, "; environment %s", s->env);
	if (fclose(facts) != 0)
		return false;
	print_prose(out, text);
	free(text);
	return true;
}

static void
print_value(FILE *out, const struct hm_setting *s, const char *value)
{
	bool brackets = s->type == HM_TYPE_LIST && s->initial != NULL;

	fprintf(out, "#%s:%s", s->key, *value != '\n' ? " " : "");
	fputs(brackets ? "[" : "", out);
	for (; *value != '\0'; value++) {
		putc(*value, out);
		if (*value == '\n')
			putc('#', out);
	}
	fputs(brackets ? "]\n" : "\n", out);
}

static bool
print_setting(FILE *out, size_t id)
{
	const struct hm_setting *s = &hm_settings[id];
	const char *value = s->initial != NULL ? s->initial : example_of(id);

	if (value == NULL) {
		fprintf(stderr, "docs/example.c: no value for %s\n", s->key);
		return false;
	}
	putc('\n', out);
	print_prose(out, s->help);
	if (!print_facts(out, s))
		return false;
	print_value(out, s, value);
	return true;
}

bool
hm_docs_example(FILE *out)
{
	const char *title = NULL;
	bool good = true;

	fputs(head, out);
	for (size_t id = 0; id < HM_SETTINGS; id++) {
		if (hm_settings[id].key == NULL)
			continue;
		if (title != title_of(id)) {
			title = title_of(id);
			fprintf(out, "\n# == %s ==\n", title);
		}
		good = print_setting(out, id) && good;
	}
	return good;
}
