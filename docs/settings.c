/*
 * The settings for the documentation: `settings fill` copies a page, with the
 * tables between "<!-- NAME begin" and "<!-- NAME end" made anew, `settings
 * options TOOL` prints a line for each option of a tool, with its default.
 */

#include "settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dec.h"
#include "retired.h"

static const char *const tools[] = {"hm-poll", "hm-decode", "hm-filter",
    "hm-store", "hm-ha-discovery", "hm-publish", "hm-metrics", "hm-sim",
    "hm-alert"};

static void
print_code(const char *prefix, const char *text)
{
	if (text != NULL)
		printf("`%s%s` ", prefix, text);
	printf("| ");
}

/* The unit of a number, after the word that stands for it in the manuals. */
static const char *
unit_of(const struct hm_setting *s)
{
	static const struct {
		const char *value, *unit;
	} units[] = {{"SECONDS", " s"}, {"CELSIUS", " \u00b0C"},
	    {"MEGABYTES", " MB"}, {"DAYS", " days"}};

	for (size_t i = 0; s->value != NULL &&
	    i < sizeof units / sizeof *units; i++)
		if (strcmp(s->value, units[i].value) == 0)
			return units[i].unit;
	return "";
}

static void
print_allowed(const struct hm_setting *s)
{
	char min[HM_DEC_TEXT], max[HM_DEC_TEXT];
	unsigned scale = s->type == HM_TYPE_INT ? 0 : 3;

	switch (s->type) {
	case HM_TYPE_FLAG:
		printf("true, false");
		break;
	case HM_TYPE_INT:
	case HM_TYPE_SECONDS:
	case HM_TYPE_DECIMAL:
		hm_dec_format(hm_dec(s->min, scale), min);
		hm_dec_format(hm_dec(s->max, scale), max);
		printf("%s to %s%s", min, max, unit_of(s));
		break;
	case HM_TYPE_CHOICE:
	case HM_TYPE_LIST:
		printf("%s", s->choices != NULL ? s->choices : "words");
		break;
	case HM_TYPE_NUMBERS:
		printf("names and numbers");
		break;
	case HM_TYPE_NAMES:
		printf("names and text");
		break;
	case HM_TYPE_DTUS:
		printf("list of DTUs");
		break;
	case HM_TYPE_TEXT:
	case HM_TYPE_SECRET:
		printf("text");
		break;
	}
	printf(" | ");
}

static void
print_tools(unsigned bits)
{
	const char *comma = "";

	if (bits == HM_ALL) {
		printf("all ");
		return;
	}
	for (size_t i = 0; i < sizeof tools / sizeof *tools; i++)
		if ((bits & 1u << i) != 0) {
			printf("%s%s", comma, tools[i]);
			comma = ", ";
		}
	putchar(' ');
}

static void
print_settings(void)
{
	printf("| key | environment | option | allowed | default | tools | "
	    "meaning |\n| --- | --- | --- | --- | --- | --- | --- |\n");
	for (size_t id = 0; id < HM_SETTINGS; id++) {
		const struct hm_setting *s = &hm_settings[id];

		if (s->key == NULL && s->env == NULL)
			continue;
		printf("| ");
		print_code("", s->key);
		print_code("", s->env);
		print_code("--", s->option);
		print_allowed(s);
		print_code("", s->initial);
		print_tools(s->tools);
		printf("| %s |\n", s->help);
	}
}

static void
print_retired(void)
{
	printf("| key | environment | what replaces it |\n"
	    "| --- | --- | --- |\n");
	for (size_t i = 0; i < hm_retired_count; i++) {
		printf("| ");
		print_code("", hm_retired[i].key);
		print_code("", hm_retired[i].env);
		printf("%s |\n", hm_retired[i].instead);
	}
}

static const struct {
	const char *name;
	void (*print)(void);
} tables[] = {{"settings", print_settings}, {"retired", print_retired}};

/* The table that a line begins, or ends, or NULL. */
static void (*table_of(const char *line, const char *word))(void)
{
	char mark[64];

	for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
		snprintf(mark, sizeof mark, "<!-- %s %s", tables[i].name,
		    word);
		if (strncmp(line, mark, strlen(mark)) == 0)
			return tables[i].print;
	}
	return NULL;
}

static int
fill(void)
{
	char line[4096];
	bool inside = false;

	while (fgets(line, sizeof line, stdin) != NULL) {
		void (*print)(void) = table_of(line, "begin");

		if (table_of(line, "end") != NULL)
			inside = false;
		if (!inside)
			fputs(line, stdout);
		if (print != NULL) {
			print();
			inside = true;
		}
	}
	return inside || ferror(stdin) || ferror(stdout) ? EXIT_FAILURE :
	    EXIT_SUCCESS;
}

/* What the manual says of a default; that a flag is off goes without saying. */
static const char *
default_of(const struct hm_setting *s)
{
	if (s->initial == NULL)
		return "";
	if (s->type == HM_TYPE_FLAG)
		return strcmp(s->initial, "true") == 0 ? "the default" : "";
	return s->initial;
}

static int
print_options(const char *name)
{
	unsigned bit = 0;

	for (size_t i = 0; i < sizeof tools / sizeof *tools; i++)
		if (strcmp(tools[i], name) == 0)
			bit = 1u << i;
	if (bit == 0)
		return EXIT_FAILURE;
	for (size_t id = 0; id < HM_SETTINGS; id++) {
		const struct hm_setting *s = &hm_settings[id];

		if ((s->tools & bit) == 0 || s->option == NULL)
			continue;
		printf("%s%s%s", s->letter != '\0' ?
		    (char[]){s->letter, ' ', '\0'} : "", s->option,
		    s->value != NULL ? " " : "");
		printf("%s\t%s\n", s->value != NULL ? s->value : "",
		    default_of(s));
	}
	return EXIT_SUCCESS;
}

int
main(int argc, char *argv[])
{
	if (argc == 2 && strcmp(argv[1], "fill") == 0)
		return fill();
	if (argc == 3 && strcmp(argv[1], "options") == 0)
		return print_options(argv[2]);
	fprintf(stderr, "usage: settings fill | settings options TOOL\n");
	return EXIT_FAILURE;
}
