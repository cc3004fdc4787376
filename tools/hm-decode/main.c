/* hm-decode: frame records to readings, each line by itself. */

#include "base/exits.h"
#include "base/log.h"
#include "config/config.h"
#include "decode.h"
#include "stream/restart.h"
#include "stream/stream.h"

static const struct hm_tool tool = {
    .name = "hm-decode",
    .bit = HM_DECODE,
    .summary = "Turn the frames that hm-poll wrote into readings.",
};

struct work {
	struct hm_stream *stream;
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
	hm_stream_bad(work->stream, "frame %zu is passed over: %s", frame, why);
}

static void
on_line(struct work *work, struct hm_slice line)
{
	struct hm_slice type;

	if (!hm_stream_type(work->stream, line, &work->record, &type))
		return;
	if (!hm_slice_is(type, "frame"))
		hm_stream_emit(work->stream, line);
	else if (hm_stream_parse(work->stream, line, &work->record))
		hm_decode(work->decoder, &work->record);
}

static int
run(struct work *work)
{
	struct hm_slice line;

	hm_stream_counter(work->stream, "readings", &work->readings);
	hm_stream_counter(work->stream, "bad_frames", &work->bad_frames);
	while (hm_stream_next(work->stream, &line)) {
		on_line(work, line);
		hm_stream_commit(work->stream);
	}
	return hm_stream_close(work->stream, HM_EXIT_OK);
}

int
main(int argc, char *argv[])
{
	static struct work work;
	const struct hm_decode_output output = {&work, on_reading, on_bad};
	struct hm_stream_options options;
	struct hm_config *config;
	int status;

	hm_stream_guard_descriptors();
	config = hm_config_load(&tool, argc, argv, &status);
	if (config == NULL)
		return status;
	hm_config_stream(config, &options);
	work.stream = hm_stream_open(&options);
	if (work.stream == NULL)
		return HM_EXIT_OS;
	work.decoder = hm_decoder_new(&output);
	if (work.decoder == NULL) {
		hm_log_errno(HM_ERROR, "no memory");
		return HM_EXIT_OS;
	}
	status = run(&work);
	hm_decoder_free(work.decoder);
	hm_config_free(config);
	return hm_restart(status);
}
