#include "screen.h"

#include <stdarg.h>
#include <stdio.h>

#include "width.h"

#define BYTES_MAX ((size_t)4 * 1024 * 1024)
#define PRINT_MAX 512

static const char *const colour_of[HM_STYLES] = {
    [HM_STYLE_PLAIN] = "\033[0m",
    [HM_STYLE_BOLD] = "\033[0;1m",
    [HM_STYLE_OLD] = "\033[0;2m",
    [HM_STYLE_POWER] = "\033[0;33m",
    [HM_STYLE_GOOD] = "\033[0;32m",
    [HM_STYLE_BAD] = "\033[0;31m",
    [HM_STYLE_BAR] = "\033[0;7m",
};

static const char *const grey_of[HM_STYLES] = {
    [HM_STYLE_PLAIN] = "\033[0m",
    [HM_STYLE_BOLD] = "\033[0;1m",
    [HM_STYLE_OLD] = "\033[0;2m",
    [HM_STYLE_POWER] = "\033[0m",
    [HM_STYLE_GOOD] = "\033[0m",
    [HM_STYLE_BAD] = "\033[0;1m",
    [HM_STYLE_BAR] = "\033[0;7m",
};

/* Bytes */

static void
add(struct hm_screen *s, struct hm_slice bytes)
{
	if (!hm_buffer_append(&s->bytes, (const uint8_t *)bytes.p, bytes.n,
	    BYTES_MAX))
		s->failed = true;
}

static void
use_style(struct hm_screen *s, enum hm_style style)
{
	if (s->form == HM_SCREEN_TEXT || s->style == style)
		return;
	add(s, hm_text(s->form == HM_SCREEN_GREY ? grey_of[style] :
	    colour_of[style]));
	s->style = style;
}

static void
add_blanks(struct hm_screen *s)
{
	for (; s->blank > 0; s->blank--)
		add(s, hm_text(" "));
}

/* Text that fits into the row. */
static void
add_text(struct hm_screen *s, enum hm_style style, struct hm_slice text,
    size_t width)
{
	if (text.n == 0)
		return;
	/* Blanks have the style of what stands before them: only a bar
	   shows it. */
	add_blanks(s);
	use_style(s, style);
	add(s, text);
	s->col += width;
}

/* Rows */

void
hm_screen_start(struct hm_screen *s)
{
	s->bytes.n = 0;
	s->row = s->col = s->blank = 0;
	s->failed = false;
	if (s->form != HM_SCREEN_TEXT) {
		add(s, hm_text("\033[H\033[0m"));
		s->style = HM_STYLE_PLAIN;
	}
}

size_t
hm_screen_rows_left(const struct hm_screen *s)
{
	return s->row < s->rows ? s->rows - s->row - 1 : 0;
}

static void
end_row(struct hm_screen *s)
{
	size_t col = s->col - s->blank;

	s->blank = 0;
	if (s->form == HM_SCREEN_TEXT) {
		add(s, hm_text("\n"));
		return;
	}
	use_style(s, HM_STYLE_PLAIN);
	/* A row that is full has no rest: the cursor may stand on its last
	   character. */
	if (col < s->cols)
		add(s, hm_text("\033[K"));
}

bool
hm_screen_next(struct hm_screen *s)
{
	if (s->row >= s->rows)
		return false;
	end_row(s);
	s->row++;
	s->col = 0;
	if (s->row == s->rows)
		return false;
	if (s->form != HM_SCREEN_TEXT)
		add(s, hm_text("\r\n"));
	return true;
}

void
hm_screen_end(struct hm_screen *s)
{
	if (s->row >= s->rows)
		return;
	end_row(s);
	if (s->form != HM_SCREEN_TEXT && s->row + 1 < s->rows)
		add(s, hm_text("\033[J"));
	s->row = s->rows;
}

void
hm_screen_last(struct hm_screen *s)
{
	while (hm_screen_rows_left(s) > 0 && hm_screen_next(s))
		;
}

void
hm_screen_free(struct hm_screen *s)
{
	hm_buffer_free(&s->bytes);
}

/* Text */

/* What the terminal can show of a text: '?' stands for what is not ASCII. */
static struct hm_slice
shown(const struct hm_screen *s, const char *text, char buf[PRINT_MAX])
{
	size_t n = 0;

	if (!s->ascii)
		return hm_text(text);
	for (; *text != '\0' && n < PRINT_MAX; text++)
		if (((unsigned char)*text & 0x80) == 0)
			buf[n++] = *text;
		else if (((unsigned char)*text & 0xc0) != 0x80)
			buf[n++] = '?';
	return hm_slice(buf, n);
}

void
hm_screen_put(struct hm_screen *s, enum hm_style style, const char *text)
{
	size_t taken, room = s->col < s->cols ? s->cols - s->col : 0;
	struct hm_slice part;
	char buf[PRINT_MAX];

	if (s->row >= s->rows)
		return;
	part = hm_width_cut(shown(s, text, buf), room, &taken);
	add_text(s, style, part, taken);
}

void
hm_screen_print(struct hm_screen *s, enum hm_style style, const char *format,
    ...)
{
	char text[PRINT_MAX];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	hm_screen_put(s, style, text);
}

void
hm_screen_column(struct hm_screen *s, size_t column)
{
	if (column > s->cols)
		column = s->cols;
	if (s->row >= s->rows || column <= s->col)
		return;
	s->blank += column - s->col;
	s->col = column;
}

/* Text that is too long is cut one column before, for the ellipsis. */
static size_t
field_text(size_t width, struct hm_slice text, struct hm_slice *part, bool *cut)
{
	size_t taken;

	*cut = hm_width(text) > width;
	*part = hm_width_cut(text, *cut ? width - 1 : width, &taken);
	return taken;
}

static void
field(struct hm_screen *s, enum hm_style style, size_t width,
    const char *text, bool right)
{
	size_t end = s->col + width, taken;
	struct hm_slice part;
	char buf[PRINT_MAX];
	bool cut;

	if (width < 2 || end > s->cols + 1 || s->row >= s->rows)
		return;
	taken = field_text(width - 1, shown(s, text, buf), &part, &cut);
	if (right)
		hm_screen_column(s, end - 1 - taken - cut);
	add_text(s, style, part, taken);
	if (cut)
		add_text(s, style, hm_text(s->ascii ? "~" : "…"), 1);
	hm_screen_column(s, end);
}

void
hm_screen_left(struct hm_screen *s, enum hm_style style, size_t width,
    const char *text)
{
	field(s, style, width, text, false);
}

void
hm_screen_right(struct hm_screen *s, enum hm_style style, size_t width,
    const char *text)
{
	field(s, style, width, text, true);
}
