/*
 * Blocks of registers: the first byte chooses which are there, the words of
 * these follow. Whatever they hold, a value lies within what its register can
 * hold, and is none without its block.
 */

#include <stdlib.h>
#include <string.h>

#include "wire/g3.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct hm_g3_register map[] = {
#define G3(address, kind, none, ...) {address, HM_G3_##kind, none},
#define G3_ADD G3
#include "wire/g3_map.def"
#undef G3
#undef G3_ADD
};

static void
check_value(const struct hm_g3_register *reg, int64_t value)
{
	switch (reg->kind) {
	case HM_G3_U16:
		if (value < 0 || value >= UINT16_MAX)
			abort();
		break;
	case HM_G3_I16:
		if (value < INT16_MIN || value > INT16_MAX)
			abort();
		break;
	case HM_G3_U32:
		if (value < 0 || value >= UINT32_MAX)
			abort();
		break;
	case HM_G3_I32:
		if (value < INT32_MIN || value > INT32_MAX)
			abort();
		break;
	}
	if (((reg->none & HM_G3_FIVE) != 0 && value == 5) ||
	    ((reg->none & HM_G3_STATE) != 0 && value == 0x2490))
		abort();
}

static void
check_model(const struct hm_g3_words *words)
{
	char model[HM_G3_MODEL_MAX];

	if (!hm_g3_model(words, model))
		return;
	if (memchr(model, '\0', sizeof model) == NULL || model[0] == '\0')
		abort();
	for (const char *p = model; *p != '\0'; p++)
		if (*p <= ' ' || *p > '~')
			abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* Of its size on the heap, so that a read behind it is found. */
	uint8_t *block[HM_G3_BLOCKS] = {NULL};
	struct hm_g3_words words = {.block = {NULL}};
	uint8_t chosen = size > 0 ? data[0] : 0;
	size_t at = 1;

	for (size_t i = 0; i < HM_G3_BLOCKS; i++) {
		size_t n = 2 * (size_t)hm_g3_blocks[i].count;

		if ((chosen >> i & 1) == 0)
			continue;
		block[i] = calloc(1, n);
		if (block[i] == NULL)
			abort();
		if (at < size)
			memcpy(block[i], data + at, n < size - at ? n :
			    size - at);
		at += n;
		if (hm_g3_judge(i, block[i]) == HM_G3_GOOD)
			hm_g3_add(&words, i, block[i]);
	}
	for (size_t i = 0; i < sizeof map / sizeof *map; i++) {
		int64_t value;

		if (hm_g3_get(&words, &map[i], &value))
			check_value(&map[i], value);
	}
	check_model(&words);
	for (size_t i = 0; i < HM_G3_BLOCKS; i++)
		free(block[i]);
	return 0;
}
