#ifndef HM_TOP_SCREEN_H
#define HM_TOP_SCREEN_H

#include <stdbool.h>

#include "base/buffer.h"
#include "base/slice.h"

/*
 * One picture of a screen, built row by row from text with a style. Text beyond
 * the right edge is cut, so that no row wraps. The picture is bytes for a
 * terminal, or plain text for a file.
 */

enum hm_style {
	HM_STYLE_PLAIN,
	HM_STYLE_BOLD,
	HM_STYLE_OLD,   /* grey: not current, or a label */
	HM_STYLE_POWER,
	HM_STYLE_GOOD,
	HM_STYLE_BAD,
	HM_STYLE_BAR,   /* the last row */
	HM_STYLES
};

enum hm_screen_form {
	HM_SCREEN_TEXT,     /* rows ended by LF, without escape sequences */
	HM_SCREEN_GREY,     /* for a terminal, without colours */
	HM_SCREEN_COLOURED,
};

/* All zero, then hm_screen_start for each picture. */
struct hm_screen {
	struct hm_buffer bytes;
	enum hm_screen_form form;
	bool ascii;        /* the terminal does not show UTF-8 */
	size_t rows, cols; /* of the picture */
	size_t row, col;   /* where the next text goes */
	size_t blank;      /* columns that nobody has painted in before it */
	enum hm_style style;
	bool failed;       /* no memory */
};

/* The rows and columns stand in `s`. */
void hm_screen_start(struct hm_screen *s);

/* Text at the end of the row. */
void hm_screen_put(struct hm_screen *s, enum hm_style style, const char *text);
__attribute__((format(printf, 3, 4))) void hm_screen_print(struct hm_screen *s,
    enum hm_style style, const char *format, ...);

/*
 * Text in a field of so many columns, the last of which stays blank; text that
 * is too long ends in an ellipsis.
 */
void hm_screen_left(struct hm_screen *s, enum hm_style style, size_t width,
    const char *text);
void hm_screen_right(struct hm_screen *s, enum hm_style style, size_t width,
    const char *text);

/* Go on at a column, counted from 0, if the row has not passed it. */
void hm_screen_column(struct hm_screen *s, size_t column);

/* The rows below this one. */
size_t hm_screen_rows_left(const struct hm_screen *s);

/* End the row; false if it was the last one: no more text is shown. */
bool hm_screen_next(struct hm_screen *s);

/* Blank the rows that are left, and end the picture. */
void hm_screen_end(struct hm_screen *s);

/* The same, for a row that is the last of the screen. */
void hm_screen_last(struct hm_screen *s);

void hm_screen_free(struct hm_screen *s);

#endif
