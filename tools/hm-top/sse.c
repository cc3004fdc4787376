#include "sse.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/decimal.h"

#define HEAD_MAX ((size_t)16 * 1024)
#define LINE_MAX_BYTES (HM_SSE_EVENT_MAX + 16)
#define KEEP ((size_t)64 * 1024) /* bytes of memory kept between responses */

static enum hm_sse_result
refuse(struct hm_sse *s, const char *why)
{
	snprintf(s->error, sizeof s->error, "%s", why);
	return HM_SSE_BAD;
}

/* Whether a line begins with a text, in any case; *rest is what follows. */
static bool
begins(struct hm_slice line, const char *text, struct hm_slice *rest)
{
	size_t n = strlen(text);

	if (line.n < n || strncasecmp(line.p, text, n) != 0)
		return false;
	for (; n < line.n && line.p[n] == ' '; n++)
		;
	*rest = hm_slice(line.p + n, line.n - n);
	return true;
}

/* The head */

static enum hm_sse_result
take_status(struct hm_sse *s, struct hm_slice line)
{
	struct hm_slice status;
	int64_t code;

	if (!begins(line, "HTTP/1.0 ", &status) &&
	    !begins(line, "HTTP/1.1 ", &status))
		return refuse(s, "the answer is not HTTP");
	/* The screen shows the error: it has no byte of the server. */
	if (status.n < 3 ||
	    !hm_decimal_whole(hm_slice(status.p, 3), 100, 999, &code))
		return refuse(s, "the answer is not HTTP");
	if (code != 200) {
		snprintf(s->error, sizeof s->error, "the answer is HTTP "
		    "status %d", (int)code);
		return HM_SSE_BAD;
	}
	s->state = HM_SSE_HEAD;
	return HM_SSE_MORE;
}

static enum hm_sse_result
take_header(struct hm_sse *s, struct hm_slice line)
{
	struct hm_slice rest;

	if (line.n == 0 && !s->is_events)
		return refuse(s, "the answer is no stream of events");
	if (line.n == 0)
		s->state = HM_SSE_BODY;
	else if (begins(line, "transfer-encoding:", &rest))
		return refuse(s, "the answer has a transfer encoding, which "
		    "HTTP/1.0 has not");
	else if (begins(line, "content-type:", &rest))
		s->is_events = begins(rest, "text/event-stream", &rest);
	return HM_SSE_MORE;
}

/* The body */

static enum hm_sse_result
take_field(struct hm_sse *s, struct hm_slice line)
{
	const size_t name = sizeof "data:" - 1;
	struct hm_slice value;

	if (line.n < name || memcmp(line.p, "data:", name) != 0)
		return HM_SSE_MORE;
	value = hm_slice(line.p + name, line.n - name);
	if (value.n > 0 && value.p[0] == ' ')
		value = hm_slice(value.p + 1, value.n - 1);
	if ((s->data.n > 0 && !hm_buffer_append(&s->data,
	    (const uint8_t *)"\n", 1, HM_SSE_EVENT_MAX)) ||
	    !hm_buffer_append(&s->data, (const uint8_t *)value.p, value.n,
	    HM_SSE_EVENT_MAX))
		return refuse(s, "an event is larger than 256 KiB");
	return HM_SSE_MORE;
}

static enum hm_sse_result
take_line(struct hm_sse *s, struct hm_slice line)
{
	if (line.n > 0 && line.p[line.n - 1] == '\r')
		line.n--;
	switch (s->state) {
	case HM_SSE_STATUS:
		return take_status(s, line);
	case HM_SSE_HEAD:
		return take_header(s, line);
	case HM_SSE_BODY:
	default:
		if (line.n > 0)
			return take_field(s, line);
		return s->data.n > 0 ? HM_SSE_EVENT : HM_SSE_MORE;
	}
}

/* Bytes up to and with the next LF; false if it has not come yet. */
static bool
gather_line(struct hm_sse *s, struct hm_slice *bytes, bool *too_long)
{
	const char *lf = bytes->n > 0 ? memchr(bytes->p, '\n', bytes->n) : NULL;
	size_t n = lf != NULL ? (size_t)(lf - bytes->p) : bytes->n;
	size_t most = s->state == HM_SSE_BODY ? LINE_MAX_BYTES : HEAD_MAX;

	if (s->state != HM_SSE_BODY)
		s->head += n + 1;
	*too_long = s->head > HEAD_MAX || !hm_buffer_append(&s->line,
	    (const uint8_t *)bytes->p, n, most);
	if (lf != NULL)
		n++;
	*bytes = hm_slice(bytes->p + n, bytes->n - n);
	return lf != NULL;
}

enum hm_sse_result
hm_sse_take(struct hm_sse *s, struct hm_slice *bytes, struct hm_slice *event)
{
	enum hm_sse_result result;
	bool too_long, whole;

	if (s->error[0] != '\0')
		return HM_SSE_BAD;
	while (bytes->n > 0) {
		whole = gather_line(s, bytes, &too_long);
		if (too_long)
			return refuse(s, "a line is too long");
		if (!whole)
			break;
		result = take_line(s, hm_slice((const char *)s->line.p,
		    s->line.n));
		s->line.n = 0;
		if (result == HM_SSE_EVENT) {
			*event = hm_slice((const char *)s->data.p, s->data.n);
			s->data.n = 0;
		}
		if (result != HM_SSE_MORE)
			return result;
	}
	return HM_SSE_MORE;
}

void
hm_sse_reset(struct hm_sse *s)
{
	struct hm_buffer line = s->line, data = s->data;

	hm_buffer_shrink(&line, KEEP);
	hm_buffer_shrink(&data, KEEP);
	*s = (struct hm_sse){.line = line, .data = data};
}

void
hm_sse_free(struct hm_sse *s)
{
	hm_buffer_free(&s->line);
	hm_buffer_free(&s->data);
}
