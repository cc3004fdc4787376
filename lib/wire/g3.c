#include "g3.h"

#include <string.h>

#define MODEL_BLOCK 1000
#define NO_STATE 0x2490
#define NO_STATES INT64_C(0x24902490)
#define NO_NUMBER INT64_C(0xffff)
#define NO_NUMBERS INT64_C(0xffffffff)
#define NO_TOTAL 5

const struct hm_g3_block hm_g3_blocks[HM_G3_BLOCKS] = {
    {0, 123},
    {123, 123},
    {MODEL_BLOCK, 5},
    {1800, 123},
    {2000, 123},
    {2123, 123},
    {30000, 30},
};

static const struct hm_g3_register registers[] = {
#define G3(address, kind, none, ...) {address, HM_G3_##kind, none},
#define G3_ADD G3
#include "g3_map.def"
#undef G3
#undef G3_ADD
};

#define REGISTERS (sizeof registers / sizeof *registers)

#define ENERGY_MOST 0x05f5 /* high word of 10 GWh in 0.1 kWh */
#define POWER_MOST 0x00ff  /* high word of 16 MW, and of 160 kA in 0.01 A */

/*
 * States, with some to spare: the most they can be. Shares in percent are no
 * marks, since a battery may send one that is odd in each poll.
 */
static const struct {
	uint16_t address, most;
} marks[] = {
    {0, 99},
    {1800, 99},
    {1900, 99},
    {1904, 99},
    {30000, 99},
    {30019, 99},
};

static uint16_t
word_at(const uint8_t *block, size_t i)
{
	return (uint16_t)(block[2 * i] << 8 | block[2 * i + 1]);
}

static size_t
registers_of(enum hm_g3_kind kind)
{
	return kind == HM_G3_U32 || kind == HM_G3_I32 ? 2 : 1;
}

static bool
holds(const struct hm_g3_block *block, uint16_t address, size_t count)
{
	return address >= block->first &&
	    address + count <= (size_t)block->first + block->count;
}

size_t
hm_g3_block_at(uint16_t first)
{
	size_t place = 0;

	while (place < HM_G3_BLOCKS && hm_g3_blocks[place].first != first)
		place++;
	return place;
}

/* Content of blocks */

static bool
is_empty(const uint8_t *words, size_t count)
{
	for (size_t i = 0; i < 2 * count; i++)
		if (words[i] != 0)
			return false;
	return true;
}

/* Whether the word at an address is more than it can be. */
static bool
is_above(const struct hm_g3_block *block, const uint8_t *words,
    uint16_t address, uint16_t most)
{
	uint16_t word;

	if (!holds(block, address, 1))
		return false;
	word = word_at(words, (size_t)(address - block->first));
	return word > most && word != NO_STATE && word != NO_NUMBER;
}

/* Whether the high word of a number of two registers is. */
static bool
is_too_large(const struct hm_g3_block *block, const uint8_t *words,
    const struct hm_g3_register *reg)
{
	if (reg->kind == HM_G3_U32)
		return reg->none == 0 &&
		    is_above(block, words, reg->address, ENERGY_MOST);
	/* The high word of a number below 0 is at least ~POWER_MOST. */
	return reg->kind == HM_G3_I32 &&
	    is_above(block, words, reg->address, POWER_MOST) &&
	    word_at(words, (size_t)(reg->address - block->first)) <
	    UINT16_MAX - POWER_MOST;
}

enum hm_g3_content
hm_g3_judge(size_t place, const uint8_t *words)
{
	const struct hm_g3_block *block = &hm_g3_blocks[place];

	if (is_empty(words, block->count))
		return HM_G3_NOTHING;
	for (size_t i = 0; i < sizeof marks / sizeof *marks; i++)
		if (is_above(block, words, marks[i].address, marks[i].most))
			return HM_G3_FOREIGN;
	for (size_t i = 0; i < REGISTERS; i++)
		if (is_too_large(block, words, &registers[i]))
			return HM_G3_FOREIGN;
	return HM_G3_GOOD;
}

static bool
is_spoilt(const struct hm_g3_block *block, const uint8_t *words)
{
	for (size_t i = 0; i < REGISTERS; i++)
		if (registers[i].kind == HM_G3_U16 &&
		    holds(block, registers[i].address, 1) && word_at(words,
		    (size_t)(registers[i].address - block->first)) ==
		    NO_NUMBER)
			return true;
	return false;
}

void
hm_g3_add(struct hm_g3_words *words, size_t place, const uint8_t *block)
{
	words->block[place] = block;
	words->spoilt[place] = is_spoilt(&hm_g3_blocks[place], block);
}

/* Numbers */

static int64_t
number_at(const uint8_t *block, size_t i, enum hm_g3_kind kind)
{
	uint32_t pair;

	switch (kind) {
	case HM_G3_U16:
		return word_at(block, i);
	case HM_G3_I16:
		return (int16_t)word_at(block, i);
	case HM_G3_U32:
	case HM_G3_I32:
		break;
	}
	pair = (uint32_t)word_at(block, i) << 16 | word_at(block, i + 1);
	return kind == HM_G3_U32 ? (int64_t)pair : (int32_t)pair;
}

static bool
is_none(const struct hm_g3_register *reg, int64_t value, bool spoilt)
{
	if (value == NO_STATES || (spoilt && value == -1) ||
	    ((reg->none & HM_G3_FIVE) != 0 && value == NO_TOTAL) ||
	    ((reg->none & HM_G3_STATE) != 0 && value == NO_STATE))
		return true;
	return (reg->kind == HM_G3_U16 && value == NO_NUMBER) ||
	    (reg->kind == HM_G3_U32 && value == NO_NUMBERS);
}

bool
hm_g3_get(const struct hm_g3_words *words, const struct hm_g3_register *reg,
    int64_t *value)
{
	size_t count = registers_of(reg->kind);

	for (size_t i = 0; i < HM_G3_BLOCKS; i++) {
		const struct hm_g3_block *block = &hm_g3_blocks[i];

		if (words->block[i] == NULL ||
		    !holds(block, reg->address, count))
			continue;
		*value = number_at(words->block[i],
		    (size_t)(reg->address - block->first), reg->kind);
		return !is_none(reg, *value, words->spoilt[i]);
	}
	return false;
}

/* The two characters of a word are swapped. Zeros and spaces fill the rest. */
bool
hm_g3_model(const struct hm_g3_words *words, char model[HM_G3_MODEL_MAX])
{
	const uint8_t *text = words->block[hm_g3_block_at(MODEL_BLOCK)];
	size_t n = HM_G3_MODEL_MAX - 1;

	if (text == NULL)
		return false;
	for (size_t i = 0; i < n; i++)
		model[i] = (char)text[i ^ 1];
	while (n > 0 && (model[n - 1] == '\0' || model[n - 1] == ' '))
		n--;
	model[n] = '\0';
	for (size_t i = 0; i < n; i++)
		if (model[i] <= ' ' || model[i] > '~')
			return false;
	return n > 0;
}
