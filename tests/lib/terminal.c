/*
 * terminal ROWS COLS COMMAND ARG ...: run a command in a pseudo-terminal and
 * follow a script on stdin. The screen is that of a terminal which knows what
 * hm-top sends; any other escape sequence is counted as unknown.
 *
 *	wait TEXT      until the screen holds the text
 *	gone TEXT      until it does not
 *	row N TEXT     until row N, from 1, begins with the text
 *	keys TEXT      type; \e is ESC, \cX is Ctrl-X
 *	size ROWS COLS resize
 *	do COMMAND     run a shell command, not in the terminal
 *	show           print the screen
 *	state          print what a screen has changed in the terminal
 *	exit           until the command has ended; print its status
 *
 * A step that takes longer than 30 s prints the screen and ends all with 1.
 */

#include <locale.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>
#include <utmp.h>
#include <wchar.h>

#define ROWS_MAX 200
#define COLS_MAX 300
#define CELL 16
#define PATIENCE_MS 30000

static struct {
	char cell[ROWS_MAX][COLS_MAX][CELL];
} normal, other, *screen = &normal;
static int rows, cols, row, col;
static bool cursor = true, coloured;
static int wrapped, scrolled, unknown;
static int master;
static pid_t child;
static char sequence[64];
static size_t sequence_n;
static bool in_sequence, ended;
static int status;

static long long
now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (long long)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* The screen */

static void
blank(int r, int from, int to)
{
	for (int c = from; c < to; c++)
		strcpy(screen->cell[r][c], " ");
}

static void
next_row(void)
{
	if (row < rows - 1) {
		row++;
		return;
	}
	scrolled++;
	memmove(screen->cell[0], screen->cell[1],
	    sizeof screen->cell[0] * (size_t)(rows - 1));
	blank(rows - 1, 0, COLS_MAX);
}

static void
put(const char *bytes, size_t n)
{
	wchar_t wide = L'?';
	int width;

	mbtowc(NULL, NULL, 0);
	if (mbtowc(&wide, bytes, n) < 0) {
		unknown++;
		return;
	}
	width = wcwidth(wide);
	if (width == 0) {
		if (col > 0)
			strncat(screen->cell[row][col - 1], bytes, n);
		return;
	}
	if (col + width > cols) {
		wrapped++;
		col = 0;
		next_row();
	}
	snprintf(screen->cell[row][col], CELL, "%.*s", (int)n, bytes);
	if (width == 2)
		screen->cell[row][col + 1][0] = '\0';
	col += width;
}

static void
use(bool alternate)
{
	static int saved_row, saved_col;

	if (alternate && screen == &normal) {
		saved_row = row;
		saved_col = col;
	} else if (!alternate && screen == &other) {
		row = saved_row;
		col = saved_col;
	}
	screen = alternate ? &other : &normal;
}

static void
obey(void)
{
	const char *s = sequence;

	if (strcmp(s, "[H") == 0) {
		row = col = 0;
	} else if (strcmp(s, "[K") == 0) {
		blank(row, col, COLS_MAX);
	} else if (strcmp(s, "[J") == 0 || strcmp(s, "[2J") == 0) {
		if (s[1] == 'J')
			blank(row, col, COLS_MAX);
		for (int r = s[1] == 'J' ? row + 1 : 0; r < ROWS_MAX; r++)
			blank(r, 0, COLS_MAX);
	} else if (strcmp(s, "[?1049h") == 0 || strcmp(s, "[?1049l") == 0) {
		use(s[6] == 'h');
	} else if (strcmp(s, "[?25h") == 0 || strcmp(s, "[?25l") == 0) {
		cursor = s[4] == 'h';
	} else if (s[strlen(s) - 1] == 'm') {
		coloured = strcmp(s, "[0m") != 0;
	} else {
		unknown++;
	}
}

static size_t
length_of(unsigned char first)
{
	return first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
}

static void
take_text(const char *p, size_t n)
{
	if (*p == '\r')
		col = 0;
	else if (*p == '\n')
		next_row();
	else if ((unsigned char)*p >= ' ')
		put(p, n);
	else
		unknown++;
}

static void
take(const char *bytes, size_t n)
{
	static char held[8];
	static size_t held_n;

	for (size_t i = 0; i < n; i++) {
		char c = bytes[i];

		if (in_sequence) {
			sequence[sequence_n++] = c;
			sequence[sequence_n] = '\0';
			if ((sequence_n > 1 && c >= '@') ||
			    sequence_n + 1 == sizeof sequence) {
				in_sequence = false;
				obey();
			}
		} else if (c == '\033') {
			in_sequence = true;
			sequence_n = 0;
		} else {
			held[held_n++] = c;
			if (held_n == length_of((unsigned char)held[0])) {
				take_text(held, held_n);
				held_n = 0;
			}
		}
	}
}

static char *
row_text(int r)
{
	static char text[COLS_MAX * CELL];
	size_t n = 0;

	text[0] = '\0';
	for (int c = 0; c < cols; c++)
		n += (size_t)sprintf(text + n, "%s", screen->cell[r][c]);
	while (n > 0 && text[n - 1] == ' ')
		text[--n] = '\0';
	return text;
}

static void
show(void)
{
	int last = rows - 1;

	while (last > 0 && row_text(last)[0] == '\0')
		last--;
	for (int r = 0; r <= last; r++)
		puts(row_text(r));
	fflush(stdout);
}

static bool
holds(const char *text)
{
	for (int r = 0; r < rows; r++)
		if (strstr(row_text(r), text) != NULL)
			return true;
	return false;
}

/* The command */

static void
look(int ms)
{
	struct pollfd fd = {.fd = master, .events = POLLIN};
	char bytes[65536];
	ssize_t n;

	if (poll(&fd, 1, ended ? 0 : ms) <= 0) {
		if (!ended && waitpid(child, &status, WNOHANG) == child)
			ended = true;
		return;
	}
	n = read(master, bytes, sizeof bytes);
	if (n > 0)
		take(bytes, (size_t)n);
}

static void
stop(const char *step)
{
	printf("not done: %s", step);
	show();
	kill(child, SIGKILL);
	exit(1);
}

static bool
is_done(const char *step)
{
	char text[512], *rest;
	long number;

	if (sscanf(step, "wait %511[^\n]", text) == 1)
		return holds(text);
	if (sscanf(step, "gone %511[^\n]", text) == 1)
		return !holds(text);
	if (strncmp(step, "row ", 4) == 0) {
		number = strtol(step + 4, &rest, 10);
		snprintf(text, sizeof text, "%s", rest + 1);
		text[strcspn(text, "\n")] = '\0';
		return number > 0 && number <= rows &&
		    strncmp(row_text((int)number - 1), text, strlen(text)) == 0;
	}
	return ended;
}

static void
type(const char *p)
{
	char bytes[256];
	size_t n = 0;

	for (; *p != '\0' && *p != '\n'; p++) {
		if (p[0] != '\\') {
			bytes[n++] = *p;
		} else if (p[1] == 'e') {
			bytes[n++] = '\033';
			p++;
		} else if (p[1] == 'c') {
			bytes[n++] = (char)(p[2] & 0x1f);
			p += 2;
		}
	}
	if (write(master, bytes, n) != (ssize_t)n)
		stop("keys\n");
}

static void
resize(void)
{
	struct winsize size = {.ws_row = (unsigned short)rows,
	    .ws_col = (unsigned short)cols};

	ioctl(master, TIOCSWINSZ, &size);
}

static bool
read_size(const char *text)
{
	char *rest;
	long r = strtol(text, &rest, 10), c = strtol(rest, NULL, 10);

	if (r < 1 || c < 1 || r > ROWS_MAX || c >= COLS_MAX)
		return false;
	rows = (int)r;
	cols = (int)c;
	return true;
}

static int
run_shell(const char *command)
{
	pid_t pid = fork();
	int result = -1;

	if (pid == 0) {
		execl("/bin/sh", "sh", "-c", command, (char *)NULL);
		_exit(127);
	}
	if (pid > 0)
		waitpid(pid, &result, 0);
	return result;
}

static void
print_state(void)
{
	struct termios t;

	printf("screen %s, cursor %s, colour %s, ",
	    screen == &other ? "other" : "normal", cursor ? "on" : "off",
	    coloured ? "on" : "off");
	if (tcgetattr(master, &t) == 0)
		printf("echo %s, lines %s, ", (t.c_lflag & ECHO) != 0 ? "on" :
		    "off", (t.c_lflag & ICANON) != 0 ? "on" : "off");
	printf("%d wrapped, %d scrolled, %d unknown\n", wrapped, scrolled,
	    unknown);
	fflush(stdout);
}

static void
wait_for(const char *step)
{
	long long end = now_ms() + PATIENCE_MS;

	while (!is_done(step)) {
		if (now_ms() > end)
			stop(step);
		look(50);
	}
}

static void
follow(const char *step)
{
	if (strncmp(step, "keys ", 5) == 0) {
		type(step + 5);
	} else if (strncmp(step, "size ", 5) == 0) {
		if (!read_size(step + 5))
			stop(step);
		resize();
	} else if (strncmp(step, "do ", 3) == 0) {
		if (run_shell(step + 3) != 0)
			stop(step);
	} else if (strncmp(step, "show", 4) == 0) {
		show();
	} else if (strncmp(step, "state", 5) == 0) {
		print_state();
	} else {
		wait_for(step);
		if (strncmp(step, "exit", 4) != 0)
			return;
		/* What it wrote last. */
		look(0);
		printf("exit %d\n", WIFEXITED(status) ? WEXITSTATUS(status) :
		    128 + WTERMSIG(status));
		fflush(stdout);
	}
}

int
main(int argc, char *argv[])
{
	struct winsize size = {.ws_row = 0};
	char step[1024];
	int slave;

	if (argc < 4)
		return 64;
	snprintf(step, sizeof step, "%s %s", argv[1], argv[2]);
	if (!read_size(step))
		return 64;
	setlocale(LC_CTYPE, "C.UTF-8");
	for (int r = 0; r < ROWS_MAX; r++)
		for (int c = 0; c < COLS_MAX; c++) {
			strcpy(normal.cell[r][c], " ");
			strcpy(other.cell[r][c], " ");
		}
	size.ws_row = (unsigned short)rows;
	size.ws_col = (unsigned short)cols;
	if (openpty(&master, &slave, NULL, NULL, &size) < 0)
		return 71;
	child = fork();
	if (child == 0) {
		close(master);
		if (login_tty(slave) == 0)
			execvp(argv[3], argv + 3);
		_exit(127);
	}
	/* The parent keeps its end open: it asks for the state of the terminal
	   when the command has ended. */
	while (fgets(step, sizeof step, stdin) != NULL)
		follow(step);
	return 0;
}
