#include <string.h>

#include "base/hex.h"
#include "base/utf8.h"
#include "record.h"
#include "record_private.h"

/* The four hex digits after "\u", or -1. */
static int32_t
hex4(const char *p, const char *end)
{
	int32_t code = 0;

	if (end - p < 4)
		return -1;
	for (int i = 0; i < 4; i++) {
		int digit = hm_hex_digit(p[i]);

		if (digit < 0)
			return -1;
		code = code << 4 | digit;
	}
	return code;
}

static bool
is_high_surrogate(int32_t code)
{
	return code >= 0xd800 && code <= 0xdbff;
}

static bool
is_low_surrogate(int32_t code)
{
	return code >= 0xdc00 && code <= 0xdfff;
}

size_t
hm_record_escape(const char *p, const char *end, uint32_t *out)
{
	static const char names[] = "\"\\/bfnrt";
	static const char codes[] = "\"\\/\b\f\n\r\t";
	const char *found;
	int32_t code, low;

	if (end - p < 2)
		return 0;
	if (p[1] != 'u') {
		found = p[1] != '\0' ? strchr(names, p[1]) : NULL;
		if (found == NULL)
			return 0;
		*out = (unsigned char)codes[found - names];
		return 2;
	}
	code = hex4(p + 2, end);
	if (code < 0 || is_low_surrogate(code))
		return 0;
	*out = (uint32_t)code;
	if (!is_high_surrogate(code))
		return 6;
	if (end - p < 12 || p[6] != '\\' || p[7] != 'u')
		return 0;
	low = hex4(p + 8, end);
	if (!is_low_surrogate(low))
		return 0;
	*out = 0x10000 + ((uint32_t)(code - 0xd800) << 10) +
	    (uint32_t)(low - 0xdc00);
	return 12;
}

/* Resolves the escapes of a string that was parsed, byte by byte. */
struct unescape {
	const char *p, *end;
	char pending[4];
	size_t count, at;
};

static int
next_byte(struct unescape *u)
{
	uint32_t code;

	if (u->at < u->count)
		return (unsigned char)u->pending[u->at++];
	if (u->p == u->end)
		return -1;
	if (*u->p != '\\')
		return (unsigned char)*u->p++;
	u->p += hm_record_escape(u->p, u->end, &code);
	u->count = hm_utf8_put(code, u->pending);
	u->at = 1;
	return (unsigned char)u->pending[0];
}

bool
hm_record_same_text(struct hm_slice a, struct hm_slice b)
{
	struct unescape x = {.p = a.p, .end = a.p + a.n};
	struct unescape y = {.p = b.p, .end = b.p + b.n};
	int byte;

	if (memchr(a.p, '\\', a.n) == NULL && memchr(b.p, '\\', b.n) == NULL)
		return hm_slice_equal(a, b);
	do {
		byte = next_byte(&x);
		if (byte != next_byte(&y))
			return false;
	} while (byte >= 0);
	return true;
}

bool
hm_string_decode(struct hm_slice text, char *buf, size_t cap, size_t *len)
{
	const char *p = text.p, *end = text.p + text.n;
	size_t n = 0;

	while (p < end) {
		char utf8[4];
		size_t width = 1, taken;
		uint32_t code;

		if (*p == '\\') {
			taken = hm_record_escape(p, end, &code);
			if (taken == 0)
				return false;
			width = hm_utf8_put(code, utf8);
			p += taken;
		} else {
			utf8[0] = *p++;
		}
		if (cap - n < width)
			return false;
		memcpy(buf + n, utf8, width);
		n += width;
	}
	*len = n;
	return true;
}

bool
hm_record_text(const struct hm_record *record, const char *key, char *out,
    size_t cap)
{
	char whole[1024];
	struct hm_slice text;
	size_t n = 0;

	out[0] = '\0';
	if (!hm_record_string(record, key, &text) || text.n == 0 ||
	    !hm_string_decode(text, whole, sizeof whole, &n))
		return false;
	n = hm_utf8_clean(whole, n);
	if (n >= cap)
		for (n = cap - 1; n > 0 && ((unsigned char)whole[n] & 0xc0) ==
		    0x80; n--)
			;
	memcpy(out, whole, n);
	out[n] = '\0';
	return n > 0;
}
