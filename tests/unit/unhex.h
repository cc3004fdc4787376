#ifndef UNHEX_H
#define UNHEX_H

#include <check.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* The bytes that hex digits stand for; the test fails if they are not hex. */
static inline size_t
unhex(const char *text, uint8_t *out, size_t cap)
{
	static const char digits[] = "0123456789abcdef";
	size_t n = strlen(text) / 2;

	ck_assert_uint_le(n, cap);
	for (size_t i = 0; i < n; i++) {
		const char *high = strchr(digits, text[2 * i]);
		const char *low = strchr(digits, text[2 * i + 1]);

		ck_assert_ptr_nonnull(high);
		ck_assert_ptr_nonnull(low);
		out[i] = (uint8_t)((high - digits) << 4 | (low - digits));
	}
	return n;
}

#endif
