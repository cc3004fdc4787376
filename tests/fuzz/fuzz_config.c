/* A file of settings: any text is either taken or complained of. */

#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "config.h"
#include "dtu.h"

static int
quiet_stderr(void)
{
	int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
	int kept = dup(STDERR_FILENO);

	if (null >= 0) {
		dup2(null, STDERR_FILENO);
		close(null);
	}
	return kept;
}

static void
load(const char *path)
{
	static const struct hm_tool tool = {.name = "fuzz", .bit = HM_POLL,
	    .operands = "", .summary = ""};
	char name[] = "fuzz", option[] = "-c", *argv[] = {name, option, NULL,
	    NULL};
	char copy[64];
	struct hm_config *config;
	struct hm_dtus dtus;
	int status;

	snprintf(copy, sizeof copy, "%s", path);
	argv[2] = copy;
	optind = 0;
	config = hm_config_load(&tool, 3, argv, &status);
	if (config == NULL && status == 0)
		abort();
	if (config != NULL) {
		hm_dtus_collect(&dtus, config);
		hm_dtus_free(&dtus);
	}
	hm_config_free(config);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int fd = memfd_create("settings", MFD_CLOEXEC);
	char path[32];
	int kept;

	if (fd < 0)
		return 0;
	if (write(fd, data, size) == (ssize_t)size) {
		snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
		kept = quiet_stderr();
		load(path);
		dup2(kept, STDERR_FILENO);
		close(kept);
	}
	close(fd);
	return 0;
}
