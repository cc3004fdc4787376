/*
 * Settings from a hostile file. What is accepted keeps its bounds, and gives
 * DTUs or says why not.
 */

#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "config.h"
#include "dtu.h"
#include "exits.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* There is one in a fuzzer; in the replay there may be none. */
__attribute__((weak)) void __sanitizer_set_report_fd(void *fd);

static const struct hm_tool tool = {
    .name = "hm-poll", .bit = HM_POLL, .operands = "[URI ...]"};

/*
 * Mistakes are logged by the thousand: stderr leads nowhere while a file is
 * read, but for what a sanitizer says.
 */
static void
silence(bool silent)
{
	static int null = -1, shown = -1;

	if (null < 0) {
		null = open("/dev/null", O_WRONLY | O_CLOEXEC);
		shown = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
		/* It takes the number for a pointer. */
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
		    setting->type != HM_TYPE_SECONDS) ||
		    !hm_config_has(config, id))
			continue;
		number = setting->type == HM_TYPE_INT ?
		    hm_config_int(config, id) : hm_config_ms(config, id);
		if (number < setting->min || number > setting->max)
			abort();
	}
}

static void
load(char *path)
{
	char name[] = "hm-poll", option[] = "-c";
	char *argv[] = {name, option, path, NULL};
	struct hm_config *config;
	int status = -1;

	optind = 1;
	config = hm_config_load(&tool, 3, argv, &status);
	if (config == NULL) {
		if (status != HM_EXIT_CONFIG)
			abort();
		return;
	}
	check_bounds(config);
	check_dtus(config);
	hm_config_free(config);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static int file = -1;
	char path[64];

	if (file < 0)
		file = memfd_create("hm.yaml", MFD_CLOEXEC);
	if (file < 0 || ftruncate(file, 0) < 0 ||
	    pwrite(file, data, size, 0) != (ssize_t)size)
		abort();
	snprintf(path, sizeof path, "/proc/self/fd/%d", file);
	silence(true);
	load(path);
	silence(false);
	return 0;
}
