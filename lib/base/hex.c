#include "hex.h"

#include <ctype.h>
#include <stdio.h>

int
hm_hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

bool
hm_hex_read(struct hm_slice text, uint8_t *out, size_t cap, size_t *n)
{
	if (text.n % 2 != 0 || text.n / 2 > cap)
		return false;
	for (size_t i = 0; i < text.n; i += 2) {
		int high = hm_hex_digit(text.p[i]);
		int low = hm_hex_digit(text.p[i + 1]);

		if (high < 0 || low < 0)
			return false;
		out[i / 2] = (uint8_t)(high << 4 | low);
	}
	*n = text.n / 2;
	return true;
}

struct hm_slice
hm_serial_format(uint64_t serial, unsigned width, char buf[HM_SERIAL_TEXT])
{
	int n = snprintf(buf, HM_SERIAL_TEXT, "%0*llx",
	    (int)(width < HM_SERIAL_TEXT ? width : 0),
	    (unsigned long long)serial);

	return hm_slice(buf, n > 0 ? (size_t)n : 0);
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
