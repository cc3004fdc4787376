#include "dry_run.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/json_writer.h"
#include "base/log.h"
#include "base/rfc3339.h"
#include "base/utf8.h"

#define REST_MAX ((size_t)512) /* of a line, without topic and payload */

struct hm_dry_run {
	char *clean; /* topic and payload with control characters removed */
	char *line;
	size_t cap; /* of the line */
};

struct hm_dry_run *
hm_dry_run_new(size_t topic_max, size_t payload_max)
{
	struct hm_dry_run *d = calloc(1, sizeof *d);

	if (d == NULL)
		return NULL;
	/* Escaping can double the text. */
	d->cap = 2 * (topic_max + payload_max) + REST_MAX;
	d->clean = malloc(topic_max + payload_max);
	d->line = malloc(d->cap);
	if (d->clean != NULL && d->line != NULL)
		return d;
	hm_dry_run_free(d);
	return NULL;
}

void
hm_dry_run_free(struct hm_dry_run *d)
{
	if (d == NULL)
		return;
	free(d->clean);
	free(d->line);
	free(d);
}

static bool
write_all(const char *p, size_t n)
{
	while (n > 0) {
		ssize_t written = write(STDERR_FILENO, p, n);

		if (written < 0 && errno != EINTR)
			return false;
		if (written > 0) {
			p += written;
			n -= (size_t)written;
		}
	}
	return true;
}

static struct hm_slice
clean(struct hm_slice text, char *buf)
{
	memcpy(buf, text.p, text.n);
	return hm_slice(buf, hm_utf8_clean(buf, text.n));
}

static size_t
put_text(struct hm_dry_run *d, const struct hm_message *message,
    struct hm_slice topic, struct hm_slice payload)
{
	int n = snprintf(d->line, d->cap, "would publish %.*s (qos %d%s): ",
	    (int)topic.n, topic.p, message->qos,
	    message->retain ? ", retained" : "");

	memcpy(d->line + n, payload.p, payload.n);
	return (size_t)n + payload.n;
}

static size_t
put_object(struct hm_dry_run *d, const struct hm_message *message,
    struct hm_slice topic, struct hm_slice payload)
{
	char time[HM_RFC3339_SIZE];
	struct hm_slice line = {d->line, 0};
	struct hm_json e;

	hm_json_start(&e, d->line, d->cap);
	hm_json_object(&e, NULL);
	hm_json_string(&e, "time", hm_rfc3339_format(hm_clock_now(), time));
	hm_json_text(&e, "level", "info");
	hm_json_text(&e, "tool", hm_log_tool());
	hm_json_text(&e, "msg", "would publish");
	hm_json_string(&e, "topic", topic);
	hm_json_int(&e, "qos", message->qos);
	hm_json_bool(&e, "retain", message->retain);
	hm_json_string(&e, "payload", payload);
	hm_json_object_end(&e);
	hm_json_done(&e, &line);
	return line.n;
}

bool
hm_dry_run_show(struct hm_dry_run *d, const struct hm_message *message)
{
	struct hm_slice topic = clean(message->topic, d->clean);
	struct hm_slice payload = clean(message->payload,
	    d->clean + message->topic.n);
	size_t n = hm_log_format() == HM_LOG_JSON ?
	    put_object(d, message, topic, payload) :
	    put_text(d, message, topic, payload);

	d->line[n++] = '\n';
	return write_all(d->line, n);
}
