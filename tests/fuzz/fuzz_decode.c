/* A line as hm-decode takes it: a record whose frames hold anything. */

#include <stdlib.h>

#include "decode.h"

static void
on_reading(void *context, struct hm_slice line)
{
	static struct hm_record record;
	struct hm_fault fault;

	(void)context;
	/* What is written must be a record. */
	if (!hm_record_parse(&record, line, &fault))
		abort();
}

static void
on_bad(void *context, size_t frame, const char *why)
{
	(void)context;
	(void)frame;
	if (why == NULL)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct hm_decode_output output = {NULL, on_reading,
	    on_bad};
	static struct hm_decoder *decoder;
	static struct hm_record record;
	struct hm_fault fault;

	if (decoder == NULL)
		decoder = hm_decoder_new(&output);
	if (decoder != NULL && size <= HM_LINE_MAX &&
	    hm_record_parse(&record, hm_slice((const char *)data, size),
	    &fault))
		hm_decode(decoder, &record);
	return 0;
}
