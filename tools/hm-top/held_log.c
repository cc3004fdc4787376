#include "held_log.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"

#define HELD_MAX 65536

void
hm_held_log_start(struct hm_held_log *h)
{
	int held;

	if (h->stderr_fd > 0 || !isatty(STDERR_FILENO))
		return;
	held = memfd_create("hm-top-log", MFD_CLOEXEC);
	if (held < 0)
		return;
	/* Appending writes stay right when the file is truncated. */
	h->stderr_fd = fcntl(held, F_SETFL, O_APPEND) < 0 ? -1 :
	    fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	if (h->stderr_fd < 0 || dup2(held, STDERR_FILENO) < 0) {
		if (h->stderr_fd > 0)
			close(h->stderr_fd);
		h->stderr_fd = 0;
	}
	close(held);
}

void
hm_held_log_stop(struct hm_held_log *h)
{
	char block[4096];
	off_t at = 0;
	ssize_t n;
	int held;

	if (h->stderr_fd <= 0)
		return;
	held = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	dup2(h->stderr_fd, STDERR_FILENO);
	close(h->stderr_fd);
	h->stderr_fd = 0;
	while (held >= 0 && (n = pread(held, block, sizeof block, at)) > 0 &&
	    write(STDERR_FILENO, block, (size_t)n) == n)
		at += n;
	if (held >= 0)
		close(held);
}

void
hm_held_log_bound(const struct hm_held_log *h)
{
	struct stat st;

	if (h->stderr_fd <= 0 || fstat(STDERR_FILENO, &st) < 0 ||
	    st.st_size <= HELD_MAX)
		return;
	if (ftruncate(STDERR_FILENO, 0) == 0)
		hm_log(HM_WARNING, "%lld bytes of earlier messages were "
		    "dropped", (long long)st.st_size);
}
