#include "hex.h"

#include <ctype.h>

/* The value of a digit, and one more; 0 for other bytes. */
static const signed char digit_of[256] = {['0'] = 1, ['1'] = 2, ['2'] = 3,
    ['3'] = 4, ['4'] = 5, ['5'] = 6, ['6'] = 7, ['7'] = 8, ['8'] = 9,
    ['9'] = 10, ['a'] = 11, ['b'] = 12, ['c'] = 13, ['d'] = 14, ['e'] = 15,
    ['f'] = 16, ['A'] = 11, ['B'] = 12, ['C'] = 13, ['D'] = 14, ['E'] = 15,
    ['F'] = 16};

int
hm_hex_digit(char c)
{
	return digit_of[(unsigned char)c] - 1;
}

bool
hm_hex_read(struct hm_slice text, uint8_t *out, size_t cap, size_t *n)
{
	if (text.n % 2 != 0 || text.n / 2 > cap)
		return false;
	for (size_t i = 0; i < text.n; i += 2) {
		int high = hm_hex_digit(text.p[i]);
		int low = hm_hex_digit(text.p[i + 1]);

		if ((high | low) < 0)
			return false;
		out[i / 2] = (uint8_t)(high << 4 | low);
	}
	*n = text.n / 2;
	return true;
}

struct hm_slice
hm_serial_format(uint64_t serial, unsigned width, char buf[HM_SERIAL_TEXT])
{
	static const char digits[] = "0123456789abcdef";
	unsigned n = 1;

	if (width >= HM_SERIAL_TEXT)
		width = 0;
	while (n < HM_SERIAL_TEXT - 1 && (n < width || serial >> 4 * n != 0))
		n++;
	for (unsigned i = 0; i < n; i++)
		buf[i] = digits[serial >> 4 * (n - 1 - i) & 15];
	buf[n] = '\0';
	return hm_slice(buf, n);
}

struct hm_slice
hm_serial_word(const char *text, char buf[HM_SERIAL_WORD])
{
	size_t n = strlen(text);

	if (n >= HM_SERIAL_WORD)
		return hm_slice(buf, 0);
	for (size_t i = 0; i < n; i++) {
		if (!isalnum((unsigned char)text[i]))
			return hm_slice(buf, 0);
		buf[i] = (char)tolower((unsigned char)text[i]);
	}
	return hm_slice(buf, n);
}
