#include "config_private.h"

#include <stdio.h>
#include <string.h>

#include "base/exits.h"
#include "base/log.h"
#include "settings.h"

#define HELP_COLUMN 30
#define TEXT_WIDTH (80 - HELP_COLUMN)

int
hm_config_end_output(void)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return HM_EXIT_OK;
	hm_log_errno(HM_ERROR, "cannot write to stdout");
	return HM_EXIT_IO;
}

/* Print a text of several words from the help's column on, over lines. */
static void
print_text(const char *text)
{
	size_t used = 0, word;

	for (; *text != '\0'; text += word + (text[word] == ' ')) {
		word = strcspn(text, " ");
		if (used > 0 && used + 1 + word > TEXT_WIDTH) {
			printf("\n%*s", HELP_COLUMN, "");
			used = 0;
		}
		printf("%s%.*s", used > 0 ? " " : "", (int)word, text);
		used += (used > 0) + word;
	}
	printf("\n");
}

static void
print_item(char letter, const char *option, const char *value,
    const char *text)
{
	const char dash_letter[] = {'-', letter, ',', '\0'};
	int n = printf("  %3s --%s%s%s", letter != '\0' ? dash_letter : "",
	    option, value != NULL ? " " : "", value != NULL ? value : "");

	if (n >= HELP_COLUMN - 1)
		n = printf("\n") - 1;
	printf("%*s", HELP_COLUMN - n, "");
	print_text(text);
}

static void
print_option(const struct hm_setting *s)
{
	bool has_default = s->initial != NULL &&
	    strcmp(s->initial, "false") != 0;
	char text[512];

	snprintf(text, sizeof text, "%s%s%s%s%s%s%s", s->help,
	    s->choices != NULL ? " (" : "", s->choices != NULL ? s->choices :
	    "", s->choices != NULL ? ")" : "", has_default ? " [" : "",
	    has_default ? s->initial : "", has_default ? "]" : "");
	print_item(s->letter, s->option, s->value, text);
}

int
hm_config_print_help(const struct hm_tool *tool, bool all)
{
	printf("usage: %s [option ...]%s%s\n%s\n\n", tool->name,
	    tool->operands != NULL ? " " : "",
	    tool->operands != NULL ? tool->operands : "", tool->summary);
	for (size_t id = 0; id < HM_SETTINGS; id++) {
		const struct hm_setting *s = &hm_settings[id];

		if (((all ? s->tools : s->usual) & tool->bit) != 0 &&
		    s->option != NULL)
			print_option(s);
	}
	print_item('\0', "no-OPTION", NULL,
	    "switch a flag off, as --OPTION=false does");
	print_item('h', "help", "[all]", "show this help, or all options");
	print_item('V', "version", NULL, "show the version");
	return hm_config_end_output();
}

int
hm_config_print_version(const struct hm_tool *tool)
{
	printf("%s %s\n", tool->name, HM_VERSION);
	return hm_config_end_output();
}
