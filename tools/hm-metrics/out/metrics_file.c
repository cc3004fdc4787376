#include "metrics_file.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"

#define MODE 0644 /* another user reads it */
#define CHANGED_MS 10000
#define UNCHANGED_MS 60000

static bool
write_all(int fd, const uint8_t *p, size_t n)
{
	while (n > 0) {
		ssize_t written = write(fd, p, n);

		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return false;
		p += written;
		n -= (size_t)written;
	}
	return true;
}

/* A rename is durable once its directory is synced. */
static bool
sync_directory(const char *path)
{
	const char *slash = strrchr(path, '/');
	char *name = slash == NULL ? strdup(".") :
	    strndup(path, (size_t)(slash - path) + 1);
	int fd;
	bool good;

	if (name == NULL)
		return false;
	fd = open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	free(name);
	good = fd >= 0 && (fsync(fd) == 0 || errno == EINVAL);
	if (fd >= 0)
		close(fd);
	return good;
}

static bool
fill(int fd, const struct hm_buffer *text)
{
	bool good = fchmod(fd, MODE) == 0 && write_all(fd, text->p, text->n) &&
	    fsync(fd) == 0;
	int error = errno;

	if (close(fd) < 0 && good)
		return false;
	errno = error;
	return good;
}

bool
hm_metrics_file_write(const char *path, const struct hm_buffer *text)
{
	char *draft;
	bool good;
	int fd, error;

	if (asprintf(&draft, "%s.XXXXXX", path) < 0)
		return false;
	fd = mkostemp(draft, O_CLOEXEC);
	good = fd >= 0 && fill(fd, text) && rename(draft, path) == 0;
	error = errno;
	if (!good && fd >= 0)
		unlink(draft);
	free(draft);
	errno = error;
	return good && sync_directory(path);
}

/* The thread */

struct hm_metrics_file {
	struct hm_metrics_file_options options;
	pthread_t thread;
	int wake;
	struct hm_buffer text;
	uint64_t number; /* of the last contents */
	int64_t written; /* time of the last write */
	bool failed;
};

static void
write_now(struct hm_metrics_file *file)
{
	const char *path = file->options.path;
	bool failed;

	file->number = file->options.number(file->options.context);
	file->written = hm_monotonic_ms();
	file->text.n = 0;
	failed = !file->options.render(file->options.context, &file->text) ||
	    !hm_metrics_file_write(path, &file->text);
	if (failed && !file->failed)
		hm_log_errno(HM_ERROR, "cannot write %s", path);
	else if (!failed && file->failed)
		hm_log_facts(HM_WARNING, HM_FACTS(hm_fact("file", path)),
		    "%s can be written again", path);
	file->failed = failed;
}

static void *
keep(void *context)
{
	struct hm_metrics_file *file = context;
	struct pollfd fd = {.fd = file->wake, .events = POLLIN};

	while (poll(&fd, 1, CHANGED_MS) >= 0 || errno == EINTR) {
		if (fd.revents != 0)
			break;
		if (file->options.number(file->options.context) !=
		    file->number ||
		    hm_monotonic_ms() - file->written >= UNCHANGED_MS)
			write_now(file);
	}
	return NULL;
}

struct hm_metrics_file *
hm_metrics_file_new(const struct hm_metrics_file_options *options)
{
	struct hm_metrics_file *file = calloc(1, sizeof *file);

	if (file != NULL) {
		file->options = *options;
		file->wake = eventfd(0, EFD_CLOEXEC);
		if (file->wake >= 0 && pthread_create(&file->thread, NULL,
		    keep, file) == 0)
			return file;
		if (file->wake >= 0)
			close(file->wake);
	}
	hm_log_errno(HM_ERROR, "cannot start the thread that writes %s",
	    options->path);
	free(file);
	return NULL;
}

bool
hm_metrics_file_free(struct hm_metrics_file *file)
{
	const uint64_t one = 1;
	bool good;

	if (file == NULL)
		return true;
	if (write(file->wake, &one, sizeof one) != sizeof one)
		hm_log_errno(HM_ERROR, "cannot wake the writer of %s",
		    file->options.path);
	pthread_join(file->thread, NULL);
	close(file->wake);
	write_now(file);
	good = !file->failed;
	hm_buffer_free(&file->text);
	free(file);
	return good;
}
