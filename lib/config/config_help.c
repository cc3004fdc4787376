#include "config_private.h"

#include <stdio.h>

#include "base/exits.h"
#include "base/log.h"
#include "settings.h"

#define HELP_COLUMN 30

int
hm_config_end_output(void)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return HM_EXIT_OK;
	hm_log_errno(HM_ERROR, "cannot write to stdout");
	return HM_EXIT_IO;
}

static void
print_option(const struct hm_setting *s)
{
	int n = 0;

	if (s->letter != '\0')
		n += printf("  -%c, --%s", s->letter, s->option);
	else
		n += printf("      --%s", s->option);
	if (s->value != NULL)
		n += printf(" %s", s->value);
	if (n >= HELP_COLUMN - 1)
		n = printf("\n") - 1;
	printf("%*s%s", HELP_COLUMN - n, "", s->help);
	if (s->choices != NULL)
		printf(" (%s)", s->choices);
	if (s->initial != NULL && strcmp(s->initial, "false") != 0)
		printf(" [%s]", s->initial);
	printf("\n");
}

int
hm_config_print_help(const struct hm_tool *tool)
{
	printf("usage: %s [option ...]%s%s\n%s\n\n", tool->name,
	    tool->operands != NULL ? " " : "",
	    tool->operands != NULL ? tool->operands : "", tool->summary);
	for (size_t id = 0; id < HM_SETTINGS; id++)
		if ((hm_settings[id].tools & tool->bit) != 0 &&
		    hm_settings[id].option != NULL)
			print_option(&hm_settings[id]);
	printf("      --no-OPTION%*sswitch a flag off, as --OPTION=false "
	    "does\n", HELP_COLUMN - 17, "");
	printf("  -h, --help%*sshow this help\n", HELP_COLUMN - 12, "");
	printf("  -V, --version%*sshow the version\n", HELP_COLUMN - 15, "");
	return hm_config_end_output();
}

int
hm_config_print_version(const struct hm_tool *tool)
{
	printf("%s %s\n", tool->name, HM_VERSION);
	return hm_config_end_output();
}
