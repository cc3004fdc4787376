/*
 * The settings for the documentation: `settings fill` copies a page, with the
 * tables between "<!-- NAME begin" and "<!-- NAME end" made anew, `settings
 * options TOOL` prints a line for each option of a tool, with its default,
 * `settings tools` prints "NAME KIND OPERANDS" for each tool, `settings
 * example` prints the example settings file.
 */

#include "docs.h"

#include <stdlib.h>
#include <string.h>

#include "config/retired.h"

static void
print_code(const char *prefix, const char *text)
{
	if (text != NULL)
		printf("`%s%s` ", prefix, text);
	printf("| ");
}

static void
print_tools(unsigned bits)
{
	const char *comma = "";

	if (bits == HM_ALL) {
		printf("all ");
		return;
	}
	for (size_t i = 0; i < HM_TOOLS; i++)
		if ((bits & hm_tools[i].bit) != 0) {
			printf("%s%s", comma, hm_tools[i].name);
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
		hm_docs_allowed(stdout, s);
		printf(" | ");
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
	const struct hm_tool *tool = hm_tool_of_name(name);

	if (tool == NULL) {
		fprintf(stderr, "settings: %s has no row in "
		    "lib/config/tools.def\n", name);
		return EXIT_FAILURE;
	}
	for (size_t id = 0; id < HM_SETTINGS; id++) {
		const struct hm_setting *s = &hm_settings[id];

		if ((s->tools & tool->bit) == 0 || s->option == NULL)
			continue;
		printf("%s%s%s", s->letter != '\0' ?
		    (char[]){s->letter, ' ', '\0'} : "", s->option,
		    s->value != NULL ? " " : "");
		printf("%s\t%s\n", s->value != NULL ? s->value : "",
		    default_of(s));
	}
	return EXIT_SUCCESS;
}

/* What a tool is to stdin and stdout. */
static int
print_tools_list(void)
{
	static const char *const kinds[] = {
	    [HM_KIND_SOURCE] = "source",
	    [HM_KIND_FILTER] = "filter",
	    [HM_KIND_SINK] = "sink",
	};

	for (size_t i = 0; i < HM_TOOLS; i++)
		printf("%s\t%s\t%s\n", hm_tools[i].name,
		    kinds[hm_tools[i].kind], hm_tools[i].operands != NULL ?
		    hm_tools[i].operands : "");
	return EXIT_SUCCESS;
}

int
main(int argc, char *argv[])
{
	if (argc == 2 && strcmp(argv[1], "fill") == 0)
		return fill();
	if (argc == 3 && strcmp(argv[1], "options") == 0)
		return print_options(argv[2]);
	if (argc == 2 && strcmp(argv[1], "tools") == 0)
		return print_tools_list();
	if (argc == 2 && strcmp(argv[1], "example") == 0)
		return hm_docs_example(stdout) && fflush(stdout) == 0 ?
		    EXIT_SUCCESS : EXIT_FAILURE;
	fprintf(stderr, "usage: settings fill | settings options TOOL | "
	    "settings tools | settings example\n");
	return EXIT_FAILURE;
}
