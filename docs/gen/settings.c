/*
 * The settings for the documentation. `settings fill` copies a page and writes
 * the table between "<!-- NAME begin" and "<!-- NAME end". `settings manual
 * TOOL FILE` writes a tool's options between `.\" options begin` and `.\"
 * options end` of its manual; FILE is options.mdoc. `settings tools` prints
 * "NAME KIND OPERANDS" for each tool, `settings example` the example settings
 * file.
 */

#include "docs.h"

#include <stdlib.h>
#include <string.h>

#include "config/retired.h"

/* The manual that is filled; all zero for other pages. */
struct manual {
	const struct hm_tool *tool;
	FILE *more;
};

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
print_settings(const struct manual *manual)
{
	(void)manual;
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
print_retired(const struct manual *manual)
{
	(void)manual;
	printf("| key | environment | what replaces it |\n"
	    "| --- | --- | --- |\n");
	for (size_t i = 0; i < hm_retired_count; i++) {
		printf("| ");
		print_code("", hm_retired[i].key);
		print_code("", hm_retired[i].env);
		printf("%s |\n", hm_retired[i].instead);
	}
}

static void
print_options(const struct manual *manual)
{
	if (manual->tool != NULL)
		hm_docs_options(stdout, manual->tool, manual->more);
}

static const struct {
	const char *mark;
	void (*print)(const struct manual *manual);
} tables[] = {
    {"<!-- settings", print_settings},
    {"<!-- retired", print_retired},
    {".\\\" options", print_options},
};

/* The index of the table that a line begins or ends; or their number. */
static size_t
table_of(const char *line, const char *word)
{
	char mark[64];
	size_t i;

	for (i = 0; i < sizeof tables / sizeof *tables; i++) {
		snprintf(mark, sizeof mark, "%s %s", tables[i].mark, word);
		if (strncmp(line, mark, strlen(mark)) == 0)
			break;
	}
	return i;
}

static bool
fill(const struct manual *manual)
{
	const size_t none = sizeof tables / sizeof *tables;
	char line[4096];
	bool inside = false, filled = false;

	while (fgets(line, sizeof line, stdin) != NULL) {
		size_t table = table_of(line, "begin");

		if (table_of(line, "end") != none)
			inside = false;
		if (!inside)
			fputs(line, stdout);
		if (table != none) {
			tables[table].print(manual);
			inside = filled = true;
		}
	}
	return filled && !inside && !ferror(stdin);
}

static bool
fill_manual(const char *name, const char *path)
{
	struct manual manual = {.tool = hm_tool_of_name(name)};
	bool good;

	if (manual.tool == NULL) {
		fprintf(stderr, "settings: %s has no row in "
		    "lib/config/tools.def\n", name);
		return false;
	}
	manual.more = fopen(path, "re");
	if (manual.more == NULL)
		return false;
	good = fill(&manual) && !ferror(manual.more);
	fclose(manual.more);
	return good;
}

/* Print the name, the kind and the operands of each tool. */
static bool
list_tools(void)
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
	return true;
}

int
main(int argc, char *argv[])
{
	static const struct manual no_manual;
	bool good;

	if (argc == 2 && strcmp(argv[1], "fill") == 0) {
		good = fill(&no_manual);
	} else if (argc == 4 && strcmp(argv[1], "manual") == 0) {
		good = fill_manual(argv[2], argv[3]);
	} else if (argc == 2 && strcmp(argv[1], "tools") == 0) {
		good = list_tools();
	} else if (argc == 2 && strcmp(argv[1], "example") == 0) {
		good = hm_docs_example(stdout);
	} else if (argc == 2 && strcmp(argv[1], "fields.sql") == 0) {
		hm_docs_fields_sql(stdout);
		good = true;
	} else {
		fprintf(stderr, "usage: settings fill | "
		    "settings manual TOOL FILE | settings tools | "
		    "settings example | settings fields.sql\n");
		return EXIT_FAILURE;
	}
	return good && fflush(stdout) == 0 && !ferror(stdout) ? EXIT_SUCCESS :
	    EXIT_FAILURE;
}
