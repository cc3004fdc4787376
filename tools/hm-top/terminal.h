#ifndef HM_TOP_TERMINAL_H
#define HM_TOP_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>
#include <termios.h>

#include "base/buffer.h"

/*
 * The terminal of stdout: keys come from it, pictures go to it. It is opened
 * once more, so that writes never block and no other process is affected.
 */
struct hm_terminal {
	int fd; /* -1: closed */
	bool entered;
	struct termios before;
	struct hm_buffer left; /* bytes that it did not take yet */
};

/* Whether stdout is a terminal that can place a cursor. */
bool hm_terminal_is_there(void);

/* False with errno if the system refuses. Freed by hm_terminal_close. */
bool hm_terminal_open(struct hm_terminal *t);
void hm_terminal_close(struct hm_terminal *t);

/* Take the screen and the keys; give back what was there. */
bool hm_terminal_enter(struct hm_terminal *t);
void hm_terminal_leave(struct hm_terminal *t);

/* The size in character columns; 80 times 24 if the terminal has none. */
void hm_terminal_size(const struct hm_terminal *t, size_t *rows, size_t *cols);

/*
 * Show a picture; one that comes while the terminal does not take the last one
 * is dropped: *shown is false. False with errno if the terminal has gone.
 */
bool hm_terminal_show(struct hm_terminal *t, const struct hm_buffer *picture,
    bool *shown);

/* Write what is left. False with errno if the terminal has gone. */
bool hm_terminal_flush(struct hm_terminal *t);

#endif
