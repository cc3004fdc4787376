#include "docs.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINE_SIZE 256

static void
print_item(FILE *out, const struct hm_setting *s)
{
	fputs(".It Fl ", out);
	if (s->letter != '\0')
		fprintf(out, "%c , ", s->letter);
	fprintf(out, "-%s", s->option);
	if (s->value != NULL)
		fprintf(out, " Ar %s", s->value);
	putc('\n', out);
}

/* Print the help, which is a phrase, as a sentence. */
static void
print_sentence(FILE *out, const char *help)
{
	char text[LINE_SIZE];

	snprintf(text, sizeof text, "%s", help);
	text[0] = (char)toupper((unsigned char)text[0]);
	hm_docs_wrap(out, "", text, ".");
}

static void
print_range(FILE *out, const struct hm_setting *s)
{
	if (s->type == HM_TYPE_INT && s->max >= INT32_MAX)
		fprintf(out, "At least %lld", (long long)s->min);
	else {
		fputs("From ", out);
		hm_docs_range(out, s);
	}
	if (s->initial != NULL)
		fprintf(out, "; the default is %s", s->initial);
	fputs(".\n", out);
}

static void
print_choices(FILE *out, const struct hm_setting *s)
{
	fprintf(out, "%s of\n.Cm ", s->type == HM_TYPE_LIST ? "Any" : "One");
	for (const char *p = s->choices; *p != '\0'; p++) {
		if (*p == ' ')
			fputs(" ,", out);
		putc(*p, out);
	}
	if (s->initial != NULL)
		fprintf(out, " ;\nthe default is\n.Cm %s", s->initial);
	fputs(" .\n", out);
}

/* The allowed values and the default; nothing for a flag that is off. */
static void
print_facts(FILE *out, const struct hm_setting *s)
{
	switch (s->type) {
	case HM_TYPE_FLAG:
		if (strcmp(s->initial, "true") == 0)
			fprintf(out, "This is the default;\n.Fl -no-%s\n"
			    "switches it off.\n", s->option);
		return;
	case HM_TYPE_INT:
	case HM_TYPE_SECONDS:
	case HM_TYPE_DECIMAL:
	case HM_TYPE_PRICE:
		print_range(out, s);
		return;
	default:
		if (s->choices != NULL)
			print_choices(out, s);
		else if (s->initial != NULL)
			fprintf(out, "The default is %s.\n", s->initial);
	}
}

/* Whether a comment begins the option's part: .\" [TOOL ...] --OPTION */
static bool
is_meant(char *comment, const char *tool, const char *option)
{
	bool tools = false, named = false, same = false;
	char *word;

	while ((word = strsep(&comment, " \n")) != NULL) {
		if (strncmp(word, "hm-", 3) == 0) {
			tools = true;
			named = named || strcmp(word, tool) == 0;
		}
		same = same || (strncmp(word, "--", 2) == 0 &&
		    strcmp(word + 2, option) == 0);
	}
	return same && (named || !tools);
}

static void
print_more(FILE *out, FILE *more, const char *tool, const char *option)
{
	char line[LINE_SIZE];
	bool meant = false;

	if (fseek(more, 0, SEEK_SET) != 0) {
		perror("cannot read the texts again");
		exit(EXIT_FAILURE);
	}
	while (fgets(line, sizeof line, more) != NULL)
		if (strncmp(line, ".\\\"", 3) == 0)
			meant = is_meant(line, tool, option);
		else if (meant)
			fputs(line, out);
}

void
hm_docs_options(FILE *out, const struct hm_tool *tool, FILE *more)
{
	for (size_t id = 0; id < HM_SETTINGS; id++) {
		const struct hm_setting *s = &hm_settings[id];

		if ((s->tools & tool->bit) == 0 || s->option == NULL)
			continue;
		print_item(out, s);
		print_sentence(out, s->help);
		print_facts(out, s);
		print_more(out, more, tool->name, s->option);
	}
	fputs(".It Fl h , -help Op Cm all\n"
	    "Show the usual options, or all, and exit.\n"
	    ".It Fl V , -version\n"
	    "Show the version and exit.\n", out);
}
