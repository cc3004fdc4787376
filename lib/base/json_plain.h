#ifndef HM_JSON_PLAIN_H
#define HM_JSON_PLAIN_H

#include <endian.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/*
 * Plain bytes stand for themselves in a JSON string: ASCII, but no control
 * character, quote or backslash. Records hold little else, so that reader and
 * writer take eight at once.
 */

#define HM_JSON_WORD sizeof(uint64_t)
#define HM_JSON_EACH(byte) (UINT64_C(0x0101010101010101) * (byte))

static inline bool
hm_json_is_plain(char c)
{
	unsigned char byte = (unsigned char)c;

	return byte >= ' ' && byte < 0x80 && byte != '"' && byte != '\\';
}

/*
 * Sets the top bit of the lowest byte that is not plain, and maybe top bits
 * above it: a subtraction borrows only from there on. With its second bit
 * turned, a quote is 0x20, just above the control characters.
 */
static inline uint64_t
hm_json_mark(uint64_t word)
{
	uint64_t low = (word ^ HM_JSON_EACH(2)) - HM_JSON_EACH(0x21);
	uint64_t backslash = (word ^ HM_JSON_EACH('\\')) - HM_JSON_EACH(1);

	return (word | low | backslash) & HM_JSON_EACH(0x80);
}

/* The plain bytes at the start of the eight at p. */
static inline size_t
hm_json_plain_word(const char *p)
{
	uint64_t word, marks;

	memcpy(&word, p, sizeof word);
	marks = hm_json_mark(le64toh(word));
	return marks == 0 ? HM_JSON_WORD :
	    (size_t)__builtin_ctzll(marks) / 8;
}

/* The number of plain bytes at the start of n bytes. */
static inline size_t
hm_json_plain(const char *p, size_t n)
{
	size_t i = 0, plain;

	for (; n - i >= HM_JSON_WORD; i += HM_JSON_WORD) {
		plain = hm_json_plain_word(p + i);
		if (plain < HM_JSON_WORD)
			return i + plain;
	}
	while (i < n && hm_json_is_plain(p[i]))
		i++;
	return i;
}

#endif
