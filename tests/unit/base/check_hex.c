#include "base/hex.h"

#include <check.h>
#include <stdio.h>
#include <string.h>

#include "run_suite.h"

#define READ(text, cap) hm_hex_read(hm_text(text), bytes, cap, &n)

static uint8_t bytes[16];
static size_t n;

START_TEST(pairs_of_digits_are_bytes)
{
	ck_assert(READ("", 0));
	ck_assert_uint_eq(n, 0);
	ck_assert(READ("00", 1));
	ck_assert_uint_eq(n, 1);
	ck_assert_uint_eq(bytes[0], 0);
	ck_assert(READ("484dA2fF09", sizeof bytes));
	ck_assert_uint_eq(n, 5);
	ck_assert_mem_eq(bytes, "\x48\x4d\xa2\xff\x09", 5);
}
END_TEST

START_TEST(every_byte_of_either_case)
{
	for (unsigned value = 0; value < 256; value++)
		for (int upper = 0; upper < 2; upper++) {
			char text[3];

			snprintf(text, sizeof text, upper ? "%02X" : "%02x",
			    value);
			ck_assert(READ(text, 1));
			ck_assert_uint_eq(bytes[0], value);
		}
}
END_TEST

START_TEST(every_other_character_is_refused)
{
	for (int c = 0; c < 256; c++) {
		bool digit = strchr("0123456789abcdefABCDEF", c) != NULL &&
		    c != '\0';
		char text[2][2] = {{(char)c, '0'}, {'0', (char)c}};

		for (int place = 0; place < 2; place++)
			ck_assert_int_eq(hm_hex_read(hm_slice(text[place], 2),
			    bytes, sizeof bytes, &n), digit);
	}
}
END_TEST

START_TEST(halves_and_too_many_are_refused)
{
	ck_assert(!READ("0", sizeof bytes));
	ck_assert(!READ("000", sizeof bytes));
	ck_assert(!READ("00", 0));
	ck_assert(!READ("000000", 2));
	ck_assert(READ("0000", 2));
}
END_TEST

static const char *
serial(uint64_t value, unsigned width)
{
	static char buf[HM_SERIAL_TEXT];
	struct hm_slice text = hm_serial_format(value, width, buf);

	ck_assert_ptr_eq(text.p, buf);
	ck_assert_uint_eq(text.n, strlen(buf));
	return buf;
}

START_TEST(serials_are_as_on_the_label)
{
	ck_assert_str_eq(serial(19110224228993, 12), "116172207281");
	ck_assert_str_eq(serial(0x10f872226797, 12), "10f872226797");
	ck_assert_str_eq(serial(1, 12), "000000000001");
	ck_assert_str_eq(serial(0, 12), "000000000000");
	ck_assert_str_eq(serial(0, 0), "0");
	ck_assert_str_eq(serial(UINT64_MAX, 12), "ffffffffffffffff");
	ck_assert_str_eq(serial(1, 16), "0000000000000001");
	ck_assert_str_eq(serial(1, 17), "1");
	ck_assert_str_eq(serial(1, UINT32_MAX), "1");
}
END_TEST

static const char *
word(const char *text)
{
	static char buf[HM_SERIAL_WORD], out[HM_SERIAL_WORD];
	struct hm_slice s = hm_serial_word(text, buf);

	ck_assert_uint_lt(s.n, sizeof out);
	memcpy(out, s.p, s.n);
	out[s.n] = '\0';
	return out;
}

START_TEST(words_are_letters_and_digits)
{
	ck_assert_str_eq(word("10F872226797"), "10f872226797");
	ck_assert_str_eq(word("Z9"), "z9");
	ck_assert_str_eq(word(""), "");
	ck_assert_str_eq(word("10f8 7222"), "");
	ck_assert_str_eq(word("10f8\"7222"), "");
	ck_assert_str_eq(word("../../etc"), "");
	ck_assert_str_eq(word("a/b"), "");
	ck_assert_str_eq(word("caf\xc3\xa9"), "");
	ck_assert_str_eq(word("\xff"), "");
	ck_assert_str_eq(word("0123456789abcdef0123456789abcdef"),
	    "0123456789abcdef0123456789abcdef");
	ck_assert_str_eq(word("0123456789abcdef0123456789abcdef0"), "");
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("hex");
	TCase *hex = tcase_create("hex");

	suite_add_tcase(suite, hex);
	tcase_add_test(hex, pairs_of_digits_are_bytes);
	tcase_add_test(hex, every_byte_of_either_case);
	tcase_add_test(hex, every_other_character_is_refused);
	tcase_add_test(hex, halves_and_too_many_are_refused);
	tcase_add_test(hex, serials_are_as_on_the_label);
	tcase_add_test(hex, words_are_letters_and_digits);
	return run_suite(suite);
}
