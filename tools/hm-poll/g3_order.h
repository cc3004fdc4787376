#ifndef HM_G3_ORDER_H
#define HM_G3_ORDER_H

#include "record/command.h"
#include "record/working_mode.h"
#include "wire/g3.h"

/*
 * Orders to HIT-...-G3 and HiOne: settings in their holding registers, which
 * are read, changed and written as blocks. docs/protocol.md has the sources.
 */

#define HM_G3_SETTINGS_MAX ((size_t)9) /* registers of a block */
#define HM_G3_WRITTEN_MAX ((size_t)7)  /* registers of a write */

/* How inverters work in parallel, and how many machines they are. */
extern const struct hm_g3_block hm_g3_role_block;

enum hm_g3_role {
	HM_G3_ROLE_UNKNOWN,
	HM_G3_SINGLE,
	HM_G3_MASTER, /* of several */
	HM_G3_SLAVE,
};

enum hm_g3_role hm_g3_role_of(const uint16_t *words);

/* The block that an action is about; NULL if it has none. */
const struct hm_g3_block *hm_g3_order_block(enum hm_action action);

/*
 * Whether the words of a block can be what they should: a stick may give those
 * of other registers.
 */
bool hm_g3_order_is_sane(enum hm_action action, const uint16_t *words);

/* Whether a part of set_mode has a register in a mode. */
bool hm_g3_order_takes(enum hm_working_mode mode, enum hm_told_part part);

/* Registers to be written at once. */
struct hm_g3_write {
	uint16_t first, count;
	uint16_t word[HM_G3_WRITTEN_MAX];
};

/* What a command makes of a block that was read. */
void hm_g3_order_write(const struct hm_command *command,
    const uint16_t *words, struct hm_g3_write *write);

/* Whether a block that was read has what was written. */
bool hm_g3_order_is_done(enum hm_action action, const uint16_t *words,
    const struct hm_g3_write *write);

/*
 * What a block shows, for the result and for people. A mode that has no name is
 * left out of `told`.
 */
#define HM_G3_SHOWN ((size_t)100)
void hm_g3_order_show(enum hm_action action, const uint16_t *words,
    struct hm_result *result, char text[HM_G3_SHOWN]);

#endif
