#ifndef HM_DECODE_G3_H
#define HM_DECODE_G3_H

#include "decode_private.h"
#include "wire/g3.h"

/* Shared by decode_g3.c and decode_g3_records.c: the blocks of one poll. */
struct hm_g3_plant {
	struct hm_decoder *d;
	const struct hm_raw_frame *frame; /* the first good one */
	struct hm_slice serial;
	struct hm_g3_words words;
};

/* The records of a plant with at least one good frame. */
void hm_decode_g3_records(const struct hm_g3_plant *plant);

#endif
