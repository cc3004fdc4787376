#ifndef HM_DECODE_H
#define HM_DECODE_H

#include "reading.h"
#include "record/record.h"

/*
 * Decodes a frame record into readings. The result depends on the record alone.
 */

struct hm_decoder;

struct hm_decode_output {
	void *context;
	/* Called for each reading, which is valid during the call. */
	void (*reading)(void *context, struct hm_slice line);
	/* Called for each skipped frame; 0: the whole record is skipped. */
	void (*bad)(void *context, size_t frame, const char *why);
	/* Called for what is well-formed and gives no reading. */
	void (*dropped)(void *context, size_t frame, const char *why);
};

/* NULL if there is no memory. `output` is borrowed for its life. */
struct hm_decoder *hm_decoder_new(const struct hm_decode_output *output);
void hm_decoder_free(struct hm_decoder *d);

/* Decode one record of type "frame" that has been parsed. */
void hm_decode(struct hm_decoder *d, const struct hm_record *record);

#endif
