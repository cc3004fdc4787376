#include <check.h>

#include "base/utf8.h"
#include "run_suite.h"

/*
 * The rules in another way: join the bits, then check whether the code point
 * may have this number of bytes.
 */
static size_t
slow_len(const unsigned char *s, size_t n)
{
	static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
	uint32_t code;
	size_t len = 1;

	while (len < 5 && (s[0] & (0x80u >> len)) != 0)
		len++;
	if ((s[0] & 0x80) == 0)
		return 1;
	if (len < 2 || len > 4 || n < len)
		return 0;
	code = s[0] & (0x7fu >> len);
	for (size_t i = 1; i < len; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (s[i] & 0x3f);
	}
	if (code < smallest[len] || code > 0x10ffff ||
	    (code >= 0xd800 && code <= 0xdfff))
		return 0;
	return len;
}

/* Every lead and second byte, with third and fourth bytes that matter. */
START_TEST(every_beginning)
{
	static const unsigned char last[] = {0x00, 0x7f, 0x80, 0xbf, 0xc0,
	    0xff};
	unsigned char s[4];

	for (unsigned i = 0; i < 0x10000 * sizeof last * sizeof last; i++) {
		s[0] = (unsigned char)(i & 0xff);
		s[1] = (unsigned char)(i >> 8 & 0xff);
		s[2] = last[(i >> 16) % sizeof last];
		s[3] = last[(i >> 16) / sizeof last];
		for (size_t n = 1; n <= sizeof s; n++)
			if (hm_utf8_len((const char *)s, n) != slow_len(s, n))
				ck_abort_msg("%02x %02x %02x %02x, %zu bytes",
				    s[0], s[1], s[2], s[3], n);
	}
}
END_TEST

START_TEST(every_code_point)
{
	char s[4];

	for (uint32_t code = 0; code <= 0x10ffff; code++) {
		bool surrogate = code >= 0xd800 && code <= 0xdfff;
		size_t n = hm_utf8_put(code, s);

		if (hm_utf8_len(s, n) != (surrogate ? 0 : n) ||
		    (n > 1 && hm_utf8_len(s, n - 1) != 0))
			ck_abort_msg("%x", code);
	}
}
END_TEST

START_TEST(writes_code_points)
{
	static const struct {
		uint32_t code;
		const char *text;
	} points[] = {
	    {0x24, "$"},
	    {0x7f, "\x7f"},
	    {0x80, "\xc2\x80"},
	    {0xb0, "\xc2\xb0"},
	    {0x7ff, "\xdf\xbf"},
	    {0x800, "\xe0\xa0\x80"},
	    {0x20ac, "\xe2\x82\xac"},
	    {0xffff, "\xef\xbf\xbf"},
	    {0x10000, "\xf0\x90\x80\x80"},
	    {0x1f600, "\xf0\x9f\x98\x80"},
	    {0x10ffff, "\xf4\x8f\xbf\xbf"},
	};
	char s[4];

	for (size_t i = 0; i < sizeof points / sizeof *points; i++) {
		size_t n = hm_utf8_put(points[i].code, s);

		ck_assert_msg(hm_slice_is(hm_slice(s, n), points[i].text),
		    "%x", points[i].code);
	}
}
END_TEST

static void
expect_clean(const char *dirt, size_t n, const char *clean)
{
	char text[64];

	ck_assert_uint_le(n, sizeof text);
	memcpy(text, dirt, n);
	n = hm_utf8_clean(text, n);
	ck_assert_msg(hm_slice_is(hm_slice(text, n), clean), "%.*s, not %s",
	    (int)n, text, clean);
	ck_assert(hm_utf8_plain(hm_slice(text, n)));
}

START_TEST(cleans)
{
	expect_clean("", 0, "");
	expect_clean("Dach s\xc3\xbc" "d \xe2\x82\xac", 13,
	    "Dach s\xc3\xbc" "d \xe2\x82\xac");
	expect_clean("a\nb\0c\x1b[0m\x7f", 10, "a?b?c?[0m?");
	expect_clean("\xc2\x9b" "1m\xe2\x80\xa8", 7, "?1m?");
	expect_clean("\xff\xfe\xc3x\xe2\x82", 6, "???x??");
	expect_clean("\xf0\x9f\x98\x80\xed\xa0\x80", 7,
	    "\xf0\x9f\x98\x80???");
}
END_TEST

START_TEST(cuts_between_characters)
{
	const struct hm_slice text = hm_text("a\xc3\xbc\xe2\x82\xac" "b");

	ck_assert_uint_eq(hm_utf8_fit(text, 0), 0);
	ck_assert_uint_eq(hm_utf8_fit(text, 2), 1);
	ck_assert_uint_eq(hm_utf8_fit(text, 3), 3);
	ck_assert_uint_eq(hm_utf8_fit(text, 5), 3);
	ck_assert_uint_eq(hm_utf8_fit(text, 100), 7);
	ck_assert_uint_eq(hm_utf8_fit(hm_text("ab\xff" "c"), 100), 2);
}
END_TEST

START_TEST(empty_text_is_not_a_sequence)
{
	ck_assert_uint_eq(hm_utf8_len("a", 0), 0);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("utf8");
	TCase *tc = tcase_create("utf8");

	tcase_add_test(tc, every_beginning);
	tcase_add_test(tc, every_code_point);
	tcase_add_test(tc, writes_code_points);
	tcase_add_test(tc, cleans);
	tcase_add_test(tc, cuts_between_characters);
	tcase_add_test(tc, empty_text_is_not_a_sequence);
	tcase_set_timeout(tc, 30);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
