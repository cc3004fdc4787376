#ifndef HM_G3_H
#define HM_G3_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The registers of HIT-...-G3 and HiOne behind a DTS-WL-G3: read-only, function
 * 4, big endian. g3_map.def is the map. docs/protocol.md has the sources.
 */

enum hm_g3_kind {
	HM_G3_U16,
	HM_G3_I16, /* two's complement */
	HM_G3_U32, /* two registers, the high word first */
	HM_G3_I32,
};

/* What a register holds that has no value, besides 0xffff. */
enum hm_g3_none {
	HM_G3_FIVE = 1 << 0,  /* 5 */
	HM_G3_STATE = 1 << 1, /* 0x2490, in a state or in the bits of faults */
};

struct hm_g3_register {
	uint16_t address;
	enum hm_g3_kind kind;
	unsigned none; /* hm_g3_none */
};

/*
 * A block of registers that is read at once, since a stick may mix up the
 * replies about single ones. It gives at most 123 registers, and nothing from
 * 1101 to 1799.
 */
struct hm_g3_block {
	uint16_t first, count;
};

#define HM_G3_BLOCKS ((size_t)7)
#define HM_G3_BLOCK_MAX ((size_t)123) /* registers */

/* A whole poll, in the order of its requests. The first one is always there. */
extern const struct hm_g3_block hm_g3_blocks[HM_G3_BLOCKS];

/* The place of the block that begins there; HM_G3_BLOCKS: none does. */
size_t hm_g3_block_at(uint16_t first);

/* What the registers of a block are. */
enum hm_g3_content {
	HM_G3_GOOD,
	HM_G3_NOTHING, /* all are 0: the device does not have the block */
	HM_G3_FOREIGN, /* the registers are those of another block */
};

/*
 * Judge block `place` by the words of a reply, twice as many bytes as it has
 * registers. Only states and the high words of energies and powers are judged:
 * not every foreign block is found out.
 */
enum hm_g3_content hm_g3_judge(size_t place, const uint8_t *words);

/* The blocks of a poll. All zeros: none. */
struct hm_g3_words {
	const uint8_t *block[HM_G3_BLOCKS]; /* borrowed; NULL: not read */
	/*
	 * An unsigned register of the block is 0xffff, as after two clients at
	 * once: then that is no value of a signed one, either.
	 */
	bool spoilt[HM_G3_BLOCKS];
};

void hm_g3_add(struct hm_g3_words *words, size_t place, const uint8_t *block);

/* The number in a register; false if that was not read, or has no value. */
bool hm_g3_get(const struct hm_g3_words *words,
    const struct hm_g3_register *reg, int64_t *value);

#define HM_G3_MODEL_MAX ((size_t)11) /* and a NUL */

/*
 * The name of the model, such as HIT-15L-G3; false if the registers hold no
 * text of printable ASCII.
 */
bool hm_g3_model(const struct hm_g3_words *words,
    char model[HM_G3_MODEL_MAX]);

#endif
