/*
 * Loading settings in a test, from a command line of words and a file of text,
 * with the text on stdout and stderr. The test sets the environment; it starts
 * with clear_environment.
 */

#include <check.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "config/config.h"

static struct hm_config *config;
static hm_config_check *own_check; /* the tool's own rules, or NULL */
static int status;
static char said[16384];

static void
clear_environment(void)
{
	for (size_t id = 0; id < HM_SETTINGS; id++)
		if (hm_settings[id].env != NULL)
			unsetenv(hm_settings[id].env);
	config = NULL;
	own_check = NULL;
}

static void
free_config(void)
{
	hm_config_free(config);
}

/* The arguments of a tool; "file" may be NULL. */
static void
load_arguments(const struct hm_tool *tool, int argc, char *argv[],
    const char *file)
{
	static char path[32];
	int out = memfd_create("said", 0), input = memfd_create("settings", 0);
	int kept[] = {dup(STDOUT_FILENO), dup(STDERR_FILENO)};
	ssize_t n;

	ck_assert(kept[0] >= 0 && kept[1] >= 0);
	if (file != NULL) {
		ck_assert(write(input, file, strlen(file)) ==
		    (ssize_t)strlen(file));
		snprintf(path, sizeof path, "/dev/fd/%d", input);
		setenv("HM_CONFIG", path, 1);
	} else {
		unsetenv("HM_CONFIG");
	}
	fflush(stdout);
	dup2(out, STDOUT_FILENO);
	dup2(out, STDERR_FILENO);
	optind = 0;
	config = hm_config_load(tool, own_check, argc, argv, &status);
	fflush(stdout);
	dup2(kept[0], STDOUT_FILENO);
	dup2(kept[1], STDERR_FILENO);
	close(kept[0]);
	close(kept[1]);
	n = pread(out, said, sizeof said - 1, 0);
	ck_assert_int_ge(n, 0);
	said[n] = '\0';
	close(out);
	close(input);
}
