/*
 * Settings from a hostile file, and from variables and an option with the same
 * bytes. Accepted settings keep their bounds, give DTUs or a message, and are
 * accepted again from the output of --check.
 */

#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/exits.h"
#include "base/utf8.h"
#include "config/config_private.h"
#include "config/dtu_list.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The fuzzer has a sanitizer; the replay may have none. */
__attribute__((weak)) void __sanitizer_set_report_fd(void *fd);

/*
 * Thousands of mistakes are logged: stderr goes to /dev/null while a file is
 * read, except for the reports of a sanitizer.
 */
static void
silence(bool silent)
{
	static int null = -1, shown = -1;

	if (null < 0) {
		null = open("/dev/null", O_WRONLY | O_CLOEXEC);
		shown = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
		if (null < 0 || shown < 0)
			abort();
		/* The sanitizer takes a descriptor as a pointer. */
		if (__sanitizer_set_report_fd != NULL)
			__sanitizer_set_report_fd(
			    /* NOLINTNEXTLINE(performance-no-int-to-ptr) */
			    (void *)(intptr_t)shown);
	}
	if (dup2(silent ? null : shown, STDERR_FILENO) < 0)
		abort();
}

static void
check_dtus(const struct hm_config *config)
{
	struct hm_dtus dtus;
	int status = hm_dtus_collect(&dtus, config);

	if (status != 0 && status != HM_EXIT_CONFIG)
		abort();
	if (status == 0 && dtus.count == 0)
		abort();
	for (size_t i = 0; i < dtus.count; i++)
		if (dtus.dtu[i].port == 0 || dtus.dtu[i].unit == 0 ||
		    dtus.dtu[i].host[0] == '\0' || dtus.dtu[i].name[0] == '\0')
			abort();
	hm_dtus_free(&dtus);
}

static void
check_bounds(const struct hm_config *config)
{
	for (size_t i = 0; i < HM_SETTINGS; i++) {
		const struct hm_setting *setting = &hm_settings[i];
		enum hm_setting_id id = (enum hm_setting_id)i;
		int64_t number;

		if ((setting->type != HM_TYPE_INT &&
		    setting->type != HM_TYPE_SECONDS &&
		    setting->type != HM_TYPE_DECIMAL &&
		    setting->type != HM_TYPE_PRICE) ||
		    !hm_config_has(config, id))
			continue;
		number = hm_config_int(config, id);
		if (number < setting->min || number > setting->max)
			abort();
	}
}

/* Entries keep the rules of their kind. */
static void
check_pairs(const struct hm_config *config)
{
	for (size_t i = 0; i < HM_SETTINGS; i++) {
		size_t count;
		const struct hm_pair *pair = hm_config_pairs(config,
		    (enum hm_setting_id)i, &count);

		for (size_t k = 0; k < count; k++) {
			struct hm_decimal number;

			if (!hm_utf8_plain(hm_text(pair[k].key)) ||
			    pair[k].key[0] == '\0' || pair[k].where == NULL)
				abort();
			if (hm_settings[i].type == HM_TYPE_NAMES ?
			    !hm_utf8_plain(hm_text(pair[k].text)) :
			    !hm_decimal_parse(hm_text(pair[k].text), &number))
				abort();
		}
	}
}

/* Load from the file in `path` unless NULL, and an option unless NULL. */
static struct hm_config *
load(const struct hm_tool *tool, char *path, char *option)
{
	char name[] = "hm", letter[] = "-c";
	char *argv[5] = {name};
	struct hm_config *config;
	int argc = 1, status = -1;

	if (path != NULL) {
		argv[argc++] = letter;
		argv[argc++] = path;
	}
	if (option != NULL)
		argv[argc++] = option;
	optind = 1;
	config = hm_config_load(tool, NULL, argc, argv, &status);
	if (config == NULL && status != HM_EXIT_CONFIG)
		abort();
	if (config == NULL)
		return NULL;
	check_bounds(config);
	check_pairs(config);
	return config;
}

static void
memory_file(int *file, const void *data, size_t size, char path[64])
{
	if (*file < 0)
		*file = memfd_create("hm.yaml", MFD_CLOEXEC);
	if (*file < 0 || ftruncate(*file, 0) < 0 ||
	    pwrite(*file, data, size, 0) != (ssize_t)size)
		abort();
	snprintf(path, 64, "/proc/self/fd/%d", *file);
}

/* The output of --check is a file with the same settings. */
static void
print_and_load(const struct hm_tool *tool, const struct hm_config *config)
{
	static int file = -1, shown = -1;
	struct hm_config *again;
	char path[64];

	memory_file(&file, "", 0, path);
	if (shown < 0)
		shown = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
	lseek(file, 0, SEEK_SET);
	if (dup2(file, STDOUT_FILENO) < 0 ||
	    hm_config_print_values(config) != 0 ||
	    dup2(shown, STDOUT_FILENO) < 0)
		abort();
	again = load(tool, path, NULL);
	if (again == NULL)
		abort();
	hm_config_free(again);
}

static void
use(const struct hm_tool *tool, struct hm_config *config)
{
	if (config == NULL)
		return;
	if (tool->bit == HM_POLL)
		check_dtus(config);
	print_and_load(tool, config);
	hm_config_free(config);
}

/* The same bytes as JSON in a variable. */
static void
use_variable(const struct hm_tool *tool, const char *name, const char *text)
{
	if (setenv(name, text, 1) != 0)
		abort();
	use(tool, load(tool, NULL, NULL));
	unsetenv(name);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static int file = -1;
	const struct hm_tool *poll = &hm_tools[HM_TOOL_POLL],
	    *filter = &hm_tools[HM_TOOL_FILTER],
	    *discovery = &hm_tools[HM_TOOL_HA_DISCOVERY];
	char path[64], *text, *option;

	memory_file(&file, data, size, path);
	text = strndup((const char *)data, size);
	if (text == NULL || asprintf(&option, "--multiply=%s", text) < 0)
		abort();
	silence(true);
	use(poll, load(poll, path, NULL));
	use_variable(poll, "DTU_CONFIGS", text);
	use_variable(discovery, "VALUE_MULTIPLIERS", text);
	use_variable(discovery, "ENTITY_FRIENDLY_NAMES", text);
	use_variable(discovery, "MI_ENTITIES", text);
	use(filter, load(filter, NULL, option));
	silence(false);
	free(option);
	free(text);
	return 0;
}
