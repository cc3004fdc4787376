#include "wire/g3.h"

#include <check.h>
#include <string.h>

#include "run_suite.h"

#define WORDS (2 * HM_G3_BLOCK_MAX)

static const struct hm_g3_register map[] = {
#define G3(address, kind, none, ...) {address, HM_G3_##kind, none},
#define G3_ADD G3
#include "wire/g3_map.def"
#undef G3
#undef G3_ADD
};

#define ROWS ((int)(sizeof map / sizeof *map))

static uint8_t bytes[HM_G3_BLOCKS][WORDS];
static struct hm_g3_words words;

static void
setup(void)
{
	memset(bytes, 0, sizeof bytes);
	memset(&words, 0, sizeof words);
}

static size_t
place_of(uint16_t address)
{
	for (size_t i = 0; i < HM_G3_BLOCKS; i++)
		if (address >= hm_g3_blocks[i].first && address <
		    hm_g3_blocks[i].first + hm_g3_blocks[i].count)
			return i;
	ck_abort_msg("no block has register %u", address);
}

/* Put words into their block, which is then read. */
static void
put(uint16_t address, uint16_t high, int low)
{
	size_t place = place_of(address);
	uint8_t *p = bytes[place] + 2 * (address - hm_g3_blocks[place].first);

	p[0] = (uint8_t)(high >> 8);
	p[1] = (uint8_t)high;
	if (low >= 0) {
		p[2] = (uint8_t)(low >> 8);
		p[3] = (uint8_t)low;
	}
	hm_g3_add(&words, place, bytes[place]);
}

static int64_t
number(uint16_t address, enum hm_g3_kind kind, unsigned none)
{
	const struct hm_g3_register reg = {address, kind, none};
	int64_t value;

	ck_assert(hm_g3_get(&words, &reg, &value));
	return value;
}

static bool
has(uint16_t address, enum hm_g3_kind kind, unsigned none)
{
	const struct hm_g3_register reg = {address, kind, none};
	int64_t value;

	return hm_g3_get(&words, &reg, &value);
}

START_TEST(blocks_keep_the_rules_of_the_stick)
{
	for (size_t i = 0; i < HM_G3_BLOCKS; i++) {
		const struct hm_g3_block *block = &hm_g3_blocks[i];
		unsigned end = (unsigned)block->first + block->count;

		ck_assert_uint_gt(block->count, 1);
		ck_assert_uint_le(block->count, HM_G3_BLOCK_MAX);
		ck_assert(end <= 1101 || block->first >= 1800);
		ck_assert_uint_eq(hm_g3_block_at(block->first), i);
	}
	ck_assert_uint_eq(hm_g3_block_at(1), HM_G3_BLOCKS);
	ck_assert_uint_eq(hm_g3_blocks[0].first, 0);
}
END_TEST

START_TEST(each_register_of_the_map_is_read)
{
	size_t last = map[_i].kind == HM_G3_U32 || map[_i].kind == HM_G3_I32;

	ck_assert_uint_eq(place_of(map[_i].address),
	    place_of((uint16_t)(map[_i].address + last)));
}
END_TEST

START_TEST(numbers_are_big_endian_with_the_high_word_first)
{
	put(29, 0xfffe, -1);
	put(45, 0xffff, -1);
	put(48, 0xffff, 0xfffb);
	put(2002, 0x0001, 0x0002);
	ck_assert_int_eq(number(29, HM_G3_U16, 0), 65534);
	ck_assert_int_eq(number(29, HM_G3_I16, 0), -2);
	ck_assert_int_eq(number(45, HM_G3_I16, 0), -1);
	ck_assert_int_eq(number(48, HM_G3_I32, 0), -5);
	ck_assert_int_eq(number(2002, HM_G3_U32, 0), 65538);
	/* Charging with 8000 W, read on a device. */
	put(50, 0xffff, 57536);
	ck_assert_int_eq(number(50, HM_G3_I32, 0), -8000);
}
END_TEST

START_TEST(what_was_not_read_has_no_value)
{
	ck_assert(!has(29, HM_G3_U16, 0));
	put(29, 1, -1);
	ck_assert(has(29, HM_G3_U16, 0));
	ck_assert(!has(1500, HM_G3_U16, 0));
	ck_assert(!has(1923, HM_G3_U16, 0));
	/* The second word is behind the block. */
	put(1922, 1, -1);
	ck_assert(has(1922, HM_G3_U16, 0));
	ck_assert(!has(1922, HM_G3_U32, 0));
}
END_TEST

START_TEST(values_that_mean_no_data_are_none)
{
	put(45, 5, -1);
	put(0, 0x2490, -1);
	put(19, 0x2490, 0x2490);
	ck_assert(!has(45, HM_G3_I16, HM_G3_FIVE));
	ck_assert(has(45, HM_G3_I16, 0));
	ck_assert(!has(0, HM_G3_U16, HM_G3_STATE));
	/* 9360 W are a power. */
	ck_assert_int_eq(number(0, HM_G3_U16, 0), 9360);
	ck_assert(!has(19, HM_G3_U32, HM_G3_STATE));
	ck_assert(!has(19, HM_G3_I32, 0));
	put(2028, 0xffff, 0xffff);
	ck_assert(!has(2028, HM_G3_U32, 0));
}
END_TEST

/* -1 W is a power, unless two clients have spoilt the block. */
START_TEST(all_bits_set_are_none_where_an_unsigned_register_has_them)
{
	put(74, 0xffff, -1);
	ck_assert_int_eq(number(74, HM_G3_I16, 0), -1);
	put(62, 0xffff, -1);
	ck_assert(!has(62, HM_G3_U16, 0));
	ck_assert(!has(74, HM_G3_I16, 0));
	put(1808, 0xffff, 0xffff);
	ck_assert_int_eq(number(1808, HM_G3_I32, 0), -1);
}
END_TEST

static enum hm_g3_content
judge(uint16_t address)
{
	size_t place = place_of(address);

	return hm_g3_judge(place, bytes[place]);
}

START_TEST(blocks_are_told_by_their_states)
{
	ck_assert_int_eq(judge(0), HM_G3_NOTHING);
	put(62, 2300, -1);
	ck_assert_int_eq(judge(0), HM_G3_GOOD);
	put(0, 6, -1);
	ck_assert_int_eq(judge(0), HM_G3_GOOD);
	put(0, 2300, -1);
	ck_assert_int_eq(judge(0), HM_G3_FOREIGN);
	put(0, 0x2490, -1);
	ck_assert_int_eq(judge(0), HM_G3_GOOD);
	put(0, 0xffff, -1);
	ck_assert_int_eq(judge(0), HM_G3_GOOD);
	put(1904, 100, -1);
	ck_assert_int_eq(judge(1800), HM_G3_FOREIGN);
	put(1904, 99, -1);
	ck_assert_int_eq(judge(1800), HM_G3_GOOD);
	put(2002, 0x05f6, 0);
	ck_assert_int_eq(judge(2000), HM_G3_FOREIGN);
	put(2002, 0x05f5, 0);
	ck_assert_int_eq(judge(2000), HM_G3_GOOD);
}
END_TEST

/* A battery may send one in each poll: the rest of the block must not go. */
START_TEST(an_odd_percentage_does_not_make_a_block_foreign)
{
	static const uint16_t percentages[] = {1909, 1910, 30020};

	put(percentages[_i], 105, -1);
	ck_assert_int_eq(judge(percentages[_i]), HM_G3_GOOD);
}
END_TEST

START_TEST(powers_of_either_sign_are_good)
{
	static const struct {
		uint16_t high;
		enum hm_g3_content content;
	} cases[] = {
	    {0x0000, HM_G3_GOOD},
	    {0x00ff, HM_G3_GOOD},
	    {0x0100, HM_G3_FOREIGN},
	    {0x8000, HM_G3_FOREIGN},
	    {0xfeff, HM_G3_FOREIGN},
	    {0xff00, HM_G3_GOOD},
	    {0xffff, HM_G3_GOOD},
	};

	put(30009, cases[_i].high, 1);
	ck_assert_int_eq(judge(30000), cases[_i].content);
}
END_TEST

/* Voltages and currents where the energies of a life should be. */
START_TEST(a_block_in_the_place_of_another_is_found_out)
{
	memset(bytes, 0, sizeof bytes);
	put(63, 2359, -1);
	memcpy(bytes[hm_g3_block_at(2000)],
	    bytes[hm_g3_block_at(0)], WORDS);
	ck_assert_int_eq(judge(0), HM_G3_GOOD);
	ck_assert_int_eq(judge(2000), HM_G3_GOOD); /* not in a marked one */
	put(44, 2300, -1);
	memcpy(bytes[hm_g3_block_at(2000)],
	    bytes[hm_g3_block_at(0)], WORDS);
	ck_assert_int_eq(judge(2000), HM_G3_FOREIGN);
}
END_TEST

static bool
model_is(const char *registers, const char *expected)
{
	char model[HM_G3_MODEL_MAX] = "?";
	uint8_t *p = bytes[hm_g3_block_at(1000)];

	for (size_t i = 0; i < HM_G3_MODEL_MAX - 1; i++)
		p[i ^ 1] = (uint8_t)registers[i];
	hm_g3_add(&words, hm_g3_block_at(1000), p);
	if (expected == NULL)
		return !hm_g3_model(&words, model);
	return hm_g3_model(&words, model) && strcmp(model, expected) == 0;
}

START_TEST(the_model_is_text_with_swapped_bytes)
{
	char model[HM_G3_MODEL_MAX];

	ck_assert(!hm_g3_model(&words, model));
	ck_assert(model_is("HIT-15L-G3", "HIT-15L-G3"));
	ck_assert_int_eq(bytes[hm_g3_block_at(1000)][0], 'I');
	ck_assert(model_is("HIS-5L-G3\0", "HIS-5L-G3"));
	ck_assert(model_is("HiOne     ", "HiOne"));
	ck_assert(model_is("\0\0\0\0\0\0\0\0\0\0", NULL));
	ck_assert(model_is("HIT\0-15L-G", NULL));
	ck_assert(model_is("HIT 15L-G3", NULL));
	ck_assert(model_is("HIT-15L-\xff\xff", NULL));
	ck_assert(model_is("HIT-\x1b[0m\"\\", NULL));
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("g3");
	TCase *registers = tcase_create("registers");

	tcase_add_checked_fixture(registers, setup, NULL);
	tcase_add_test(registers, blocks_keep_the_rules_of_the_stick);
	tcase_add_loop_test(registers, each_register_of_the_map_is_read, 0,
	    ROWS);
	tcase_add_test(registers,
	    numbers_are_big_endian_with_the_high_word_first);
	tcase_add_test(registers, what_was_not_read_has_no_value);
	tcase_add_test(registers, values_that_mean_no_data_are_none);
	tcase_add_test(registers,
	    all_bits_set_are_none_where_an_unsigned_register_has_them);
	tcase_add_test(registers, blocks_are_told_by_their_states);
	tcase_add_loop_test(registers,
	    an_odd_percentage_does_not_make_a_block_foreign, 0, 3);
	tcase_add_loop_test(registers, powers_of_either_sign_are_good, 0, 7);
	tcase_add_test(registers,
	    a_block_in_the_place_of_another_is_found_out);
	tcase_add_test(registers, the_model_is_text_with_swapped_bytes);
	suite_add_tcase(suite, registers);
	return run_suite(suite);
}
