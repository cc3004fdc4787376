#include "width.h"

#include <locale.h>
#include <stdint.h>
#include <wchar.h>

#include "base/utf8.h"

void
hm_width_start(void)
{
	/* Of this thread only, and of characters only: numbers stay. */
	locale_t utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);

	if (utf8 != (locale_t)0)
		uselocale(utf8);
}

/* The code point of a well-formed sequence of n bytes. */
static uint32_t
code_point(const char *p, size_t n)
{
	static const uint8_t first[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
	uint32_t code = (uint8_t)p[0] & first[n];

	for (size_t i = 1; i < n; i++)
		code = code << 6 | ((uint8_t)p[i] & 0x3f);
	return code;
}

/* The columns of the next character; *n is its length in bytes. */
static size_t
next_width(struct hm_slice rest, size_t *n)
{
	int width;

	*n = hm_utf8_len(rest.p, rest.n);
	if (*n == 0) {
		*n = 1;
		return 1;
	}
	if (*n == 1)
		return 1;
	width = wcwidth((wchar_t)code_point(rest.p, *n));
	return width < 0 ? 1 : (size_t)width;
}

struct hm_slice
hm_width_cut(struct hm_slice text, size_t columns, size_t *taken)
{
	size_t at = 0, used = 0, n;

	while (at < text.n) {
		size_t width = next_width(hm_slice(text.p + at, text.n - at),
		    &n);

		if (used + width > columns)
			break;
		used += width;
		at += n;
	}
	*taken = used;
	return hm_slice(text.p, at);
}

size_t
hm_width(struct hm_slice text)
{
	size_t taken;

	hm_width_cut(text, SIZE_MAX, &taken);
	return taken;
}
