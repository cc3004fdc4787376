#include "terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define LEFT_MAX ((size_t)8 * 1024 * 1024)
#define LEAVE_MS 500 /* for a terminal that takes nothing at the end */
#define ROWS 24
#define COLS 80
#define ROWS_MAX ((size_t)500)
#define COLS_MAX ((size_t)500)

/* The other screen, and no cursor. */
static const char enter_bytes[] = "\033[?1049h\033[?25l\033[2J";
static const char leave_bytes[] = "\033[0m\033[?25h\033[?1049l";

bool
hm_terminal_is_there(void)
{
	const char *term = getenv("TERM");

	return isatty(STDOUT_FILENO) && (term == NULL ||
	    strcmp(term, "dumb") != 0);
}

bool
hm_terminal_open(struct hm_terminal *t)
{
	const int flags = O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC;
	char name[PATH_MAX];

	t->fd = -1;
	if (ttyname_r(STDOUT_FILENO, name, sizeof name) == 0)
		t->fd = open(name, flags);
	/* In a container the name may be that of a device outside of it. */
	if (t->fd < 0)
		t->fd = open("/dev/tty", flags);
	return t->fd >= 0;
}

void
hm_terminal_close(struct hm_terminal *t)
{
	hm_terminal_leave(t);
	if (t->fd >= 0)
		close(t->fd);
	t->fd = -1;
	hm_buffer_free(&t->left);
}

bool
hm_terminal_flush(struct hm_terminal *t)
{
	while (t->left.n > 0) {
		ssize_t n = write(t->fd, t->left.p, t->left.n);

		if (n < 0)
			return errno == EAGAIN || errno == EINTR;
		hm_buffer_drop(&t->left, (size_t)n);
	}
	return true;
}

static bool
send_bytes(struct hm_terminal *t, const void *bytes, size_t n)
{
	return hm_buffer_append(&t->left, bytes, n, LEFT_MAX) &&
	    hm_terminal_flush(t);
}

bool
hm_terminal_enter(struct hm_terminal *t)
{
	struct termios keys;

	if (!t->entered && tcgetattr(t->fd, &t->before) < 0)
		return false;
	/* Keys at once and unseen; Ctrl-C and Ctrl-Z stay signals, and Ctrl-S
	   stops nothing. */
	keys = t->before;
	keys.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
	keys.c_iflag &= ~(tcflag_t)IXON;
	keys.c_cc[VMIN] = 1;
	keys.c_cc[VTIME] = 0;
	if (tcsetattr(t->fd, TCSANOW, &keys) < 0)
		return false;
	t->entered = true;
	return send_bytes(t, enter_bytes, sizeof enter_bytes - 1);
}

void
hm_terminal_leave(struct hm_terminal *t)
{
	struct pollfd fd = {.fd = t->fd, .events = POLLOUT};

	if (!t->entered)
		return;
	t->entered = false;
	if (send_bytes(t, leave_bytes, sizeof leave_bytes - 1))
		while (t->left.n > 0 && poll(&fd, 1, LEAVE_MS) > 0 &&
		    hm_terminal_flush(t) && (fd.revents & POLLOUT) != 0)
			;
	/* Keys that were typed ahead are not for the shell. */
	tcsetattr(t->fd, TCSAFLUSH, &t->before);
}

void
hm_terminal_size(const struct hm_terminal *t, size_t *rows, size_t *cols)
{
	struct winsize size = {.ws_row = 0};

	if (ioctl(t->fd, TIOCGWINSZ, &size) < 0)
		size.ws_row = size.ws_col = 0;
	*rows = size.ws_row > 0 ? size.ws_row : ROWS;
	*cols = size.ws_col > 0 ? size.ws_col : COLS;
	if (*rows > ROWS_MAX)
		*rows = ROWS_MAX;
	if (*cols > COLS_MAX)
		*cols = COLS_MAX;
}

bool
hm_terminal_show(struct hm_terminal *t, const struct hm_buffer *picture,
    bool *shown)
{
	*shown = t->left.n == 0;
	return !*shown || send_bytes(t, picture->p, picture->n);
}
