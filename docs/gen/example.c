/*
 * The example settings file. A line of prose begins with "# "; any other
 * line that begins with "#" is YAML once that "#" is gone.
 */

#include "docs.h"

#include <stdlib.h>

static const char head[] =
    "# Settings of hm, for all of its tools. Each setting that a file can have "
    "is\n"
    "# here behind a \"#\", with its default or with an example.\n"
    "# To change a setting, remove its \"#\".\n"
    "#\n"
    "# You need a DTU (dtu_host, or dtu_configs for several), and mqtt_broker "
    "or\n"
    "# \"mqtt_enabled: false\". The rest may stay as it is.\n"
    "#\n"
    "# hm-poll --check -c FILE reports every mistake in the file. A variable "
    "of the\n"
    "# environment overrides the file.\n";

/* The first setting of each group, in the order of settings.def. */
static const struct {
	enum hm_setting_id first;
	const char *title;
} groups[] = {
    {HM_SET_CONFIG, "Logs, and other settings of all tools"},
    {HM_SET_ONCE, "DTUs and polls"},
    {HM_SET_EXCLUDE_INVERTERS, "Readings and the database"},
    {HM_SET_MQTT_ENABLED, "MQTT and Home Assistant"},
    {HM_SET_MQTT_BROKER, "MQTT broker"},
    {HM_SET_DRY_RUN, "Trying things out"},
    {HM_SET_HEALTH_ENABLED, "Page, health and metrics"},
    {HM_SET_ALERTS_ENABLED, "Alarms that hm raises itself"},
    {HM_SET_STORE_DELAY, "History"},
    {HM_SET_MAX_BYTES, "Log files of the supervised chain"},
};

static const char *
title_of(size_t id)
{
	const char *title = NULL;

	for (size_t i = 0; i < sizeof groups / sizeof *groups; i++)
		if (groups[i].first <= id)
			title = groups[i].title;
	return title;
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
	else if (s->example != NULL)
		fprintf(facts, "; default %s", s->initial);
	if (s->env != NULL)
		fprintf(facts, "; environment %s", s->env);
	if (fclose(facts) != 0)
		return false;
	hm_docs_wrap(out, "# ", text, "");
	free(text);
	return true;
}

/* Each line of a value is YAML behind a "#". */
static void
print_value(FILE *out, const struct hm_setting *s, const char *value)
{
	bool list = s->type == HM_TYPE_LIST;

	fprintf(out, "#%s:%s%s", s->key, *value != '\n' ? " " : "",
	    list ? "[" : "");
	for (; *value != '\0'; value++) {
		if (list && *value == ' ')
			putc(',', out);
		putc(*value, out);
		if (*value == '\n')
			putc('#', out);
	}
	fputs(list ? "]\n" : "\n", out);
}

static bool
print_setting(FILE *out, size_t id)
{
	const struct hm_setting *s = &hm_settings[id];
	const char *value = s->example != NULL ? s->example : s->initial;

	if (value == NULL) {
		fprintf(stderr, "settings.def: %s has neither a default nor an "
		    "example\n", s->key);
		return false;
	}
	putc('\n', out);
	hm_docs_wrap(out, "# ", s->help, "");
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
