/* hm-decode: frame records to readings, each line by itself. */

#include "base/exits.h"
#include "base/log.h"
#include "config/settings.h"
#include "decode.h"
#include "stream/stream.h"
#include "stream/tool.h"

struct work {
	struct hm_stream *stream;
	struct hm_decode_output output;
	struct hm_decoder *decoder;
	struct hm_record record;
	uint64_t readings, bad_frames;
};

static void
on_reading(void *context, struct hm_slice line)
{
	struct work *work = context;

	work->readings++;
	hm_stream_emit(work->stream, line);
}

static void
on_bad(void *context, size_t frame, const char *why)
{
	struct work *work = context;

	if (frame == 0) {
		hm_stream_bad(work->stream, "frame record: %s", why);
		return;
	}
	work->bad_frames++;
	hm_stream_bad(work->stream, "frame %zu is skipped: %s", frame, why);
}

static void
on_dropped(void *context, size_t frame, const char *why)
{
	const struct work *work = context;

	hm_log(HM_DEBUG, "line %llu: frame %zu: dropped: %s",
	    (unsigned long long)hm_stream_line_number(work->stream), frame,
	    why);
}

static void
on_line(void *context, struct hm_slice line)
{
	struct work *work = context;
	struct hm_slice type;

	if (!hm_stream_type(work->stream, line, &work->record, &type))
		return;
	if (!hm_slice_is(type, "frame"))
		hm_stream_emit(work->stream, line);
	else if (hm_stream_parse(work->stream, line, &work->record))
		hm_decode(work->decoder, &work->record);
}

static int
start(void *context, struct hm_stream *stream)
{
	struct work *work = context;

	work->stream = stream;
	hm_stream_counter(stream, "readings", &work->readings);
	hm_stream_counter(stream, "bad_frames", &work->bad_frames);
	work->output = (struct hm_decode_output){work, on_reading, on_bad,
	    on_dropped};
	work->decoder = hm_decoder_new(&work->output);
	if (work->decoder != NULL)
		return HM_TOOL_GO_ON;
	hm_log_errno(HM_ERROR, "no memory");
	return HM_EXIT_OS;
}

static bool
free_all(void *context)
{
	struct work *work = context;

	hm_decoder_free(work->decoder);
	return true;
}

int
main(int argc, char *argv[])
{
	static const struct hm_tool_ops ops = {
	    .start = start,
	    .line = on_line,
	    .free = free_all,
	};
	static struct work work;

	return hm_tool_main(HM_TOOL_DECODE, &ops, &work, argc, argv);
}
