#include "utf8.h"

static bool
in(unsigned char c, unsigned char low, unsigned char high)
{
	return c >= low && c <= high;
}

size_t
hm_utf8_len(const char *p, size_t n)
{
	const unsigned char *s = (const unsigned char *)p;
	unsigned char low = 0x80, high = 0xbf;
	size_t len;

	if (n == 0)
		return 0;
	if (s[0] < 0x80)
		return 1;
	if (in(s[0], 0xc2, 0xdf))
		len = 2;
	else if (in(s[0], 0xe0, 0xef))
		len = 3;
	else if (in(s[0], 0xf0, 0xf4))
		len = 4;
	else
		return 0;
	if (n < len)
		return 0;
	if (s[0] == 0xe0)
		low = 0xa0;
	else if (s[0] == 0xed)
		high = 0x9f;
	else if (s[0] == 0xf0)
		low = 0x90;
	else if (s[0] == 0xf4)
		high = 0x8f;
	if (!in(s[1], low, high))
		return 0;
	for (size_t i = 2; i < len; i++)
		if (!in(s[i], 0x80, 0xbf))
			return 0;
	return len;
}

/* Control characters, and characters that end a line or a stream in YAML. */
static bool
is_control(struct hm_slice character)
{
	static const char *const others[] = {"\xe2\x80\xa8", "\xe2\x80\xa9",
	    "\xef\xbb\xbf", "\xef\xbf\xbe", "\xef\xbf\xbf"};
	const unsigned char *p = (const unsigned char *)character.p;

	if (character.n == 1)
		return p[0] < ' ' || p[0] == 0x7f;
	if (character.n == 2)
		return p[0] == 0xc2 && p[1] < 0xa0;
	for (size_t i = 0; i < sizeof others / sizeof *others; i++)
		if (hm_slice_is(character, others[i]))
			return true;
	return false;
}

size_t
hm_utf8_fit(struct hm_slice text, size_t most)
{
	size_t n = 0, width;

	while (n < text.n) {
		width = hm_utf8_len(text.p + n, text.n - n);
		if (width == 0 || n + width > most)
			break;
		n += width;
	}
	return n;
}

bool
hm_utf8_plain(struct hm_slice text)
{
	size_t n;

	for (; text.n > 0; text.p += n, text.n -= n) {
		n = hm_utf8_len(text.p, text.n);
		if (n == 0 || is_control(hm_slice(text.p, n)))
			return false;
	}
	return true;
}

size_t
hm_utf8_clean(char *text, size_t n)
{
	size_t from = 0, to = 0, width;

	for (; from < n; from += width) {
		width = hm_utf8_len(text + from, n - from);
		if (width > 0 && !is_control(hm_slice(text + from, width))) {
			memmove(text + to, text + from, width);
			to += width;
		} else {
			text[to++] = '?';
			width += width == 0;
		}
	}
	return to;
}

size_t
hm_utf8_put(uint32_t code, char out[4])
{
	if (code < 0x80) {
		out[0] = (char)code;
		return 1;
	}
	if (code < 0x800) {
		out[0] = (char)(0xc0 | code >> 6);
		out[1] = (char)(0x80 | (code & 0x3f));
		return 2;
	}
	if (code < 0x10000) {
		out[0] = (char)(0xe0 | code >> 12);
		out[1] = (char)(0x80 | (code >> 6 & 0x3f));
		out[2] = (char)(0x80 | (code & 0x3f));
		return 3;
	}
	out[0] = (char)(0xf0 | code >> 18);
	out[1] = (char)(0x80 | (code >> 12 & 0x3f));
	out[2] = (char)(0x80 | (code >> 6 & 0x3f));
	out[3] = (char)(0x80 | (code & 0x3f));
	return 4;
}
