#include "stream_private.h"

#include <inttypes.h>
#include <stdarg.h>

#include "base/log.h"
#include "line_reader.h"
#include "record/record.h"
#include "record/types.h"
#include "stats.h"
#include "stream.h"

/* The current line as a record, and as a bad line. */

#define FRAMES_MAX 3 /* without a reading before the warning */

uint64_t
hm_stream_line_number(const struct hm_stream *s)
{
	return s->lines != NULL ? hm_line_reader_number(s->lines) : 0;
}

void
hm_stream_bad(struct hm_stream *s, const char *format, ...)
{
	va_list args;

	s->strict_failed = s->strict_failed || s->options.strict;
	va_start(args, format);
	hm_stats_bad(&s->stats, hm_stream_line_number(s), format, args);
	va_end(args);
}

bool
hm_stream_parse(struct hm_stream *s, struct hm_slice line,
    struct hm_record *record)
{
	struct hm_fault fault;

	if (hm_record_parse(record, line, &fault))
		return true;
	hm_stream_bad(s, "%s at byte %zu", fault.what, fault.at + 1);
	return false;
}

void
hm_stream_report_frames(struct hm_stream *s)
{
	if (s->frames == 0 || s->has_readings)
		return;
	s->has_readings = true;
	hm_log_facts(HM_WARNING, HM_FACTS(hm_fact_int("frames",
	    (int64_t)s->frames)), "no readings, but %" PRIu64 " frame%s: is "
	    "hm-decode missing?", s->frames, s->frames == 1 ? "" : "s");
}

static void
count_frames(struct hm_stream *s, struct hm_slice type)
{
	if (!s->options.wants_readings || s->has_readings)
		return;
	if (hm_slice_is(type, "frame")) {
		if (++s->frames == FRAMES_MAX)
			hm_stream_report_frames(s);
	} else if (hm_reading_type_of(type) != NULL) {
		s->has_readings = true;
	}
}

bool
hm_stream_type(struct hm_stream *s, struct hm_slice line,
    struct hm_record *record, struct hm_slice *type)
{
	if (!hm_record_type(line, type)) {
		if (!hm_stream_parse(s, line, record))
			return false;
		if (!hm_record_string(record, "type", type))
			*type = hm_slice("", 0);
	}
	count_frames(s, *type);
	return true;
}

bool
hm_stream_pass(struct hm_stream *s, struct hm_slice line,
    bool (*takes)(struct hm_slice type), struct hm_record *record,
    struct hm_slice *type)
{
	bool taken;

	if (!hm_stream_type(s, line, record, type))
		return false;
	taken = takes != NULL && takes(*type);
	if (taken && !hm_stream_parse(s, line, record))
		return false;
	hm_stream_emit(s, line);
	return taken;
}
