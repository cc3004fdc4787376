#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "http_private.h"
#include "shared_bytes.h"

#define LISTENERS_MAX 16
#define PAUSE_MS 1000 /* between two events, at least */
#define BLOCK ((size_t)4096) /* bytes that MHD asks for at a time */

static ssize_t
suspend(struct hm_http_listener *l)
{
	if (l->http->stopping || l->gone)
		return MHD_CONTENT_READER_END_OF_STREAM;
	l->suspended = true;
	MHD_suspend_connection(l->connection);
	return 0;
}

/* A client that reads slowly misses events, but gets none twice. */
static ssize_t
read_event(void *context, uint64_t position, char *buf, size_t max)
{
	struct hm_http_listener *l = context;
	size_t n;

	(void)position;
	if (l->event == NULL) {
		if (l->http->event == NULL || l->number == l->http->number)
			return suspend(l);
		l->event = hm_shared_bytes_hold(l->http->event);
		l->number = l->http->number;
		l->sent = 0;
	}
	n = l->event->n - l->sent < max ? l->event->n - l->sent : max;
	memcpy(buf, l->event->data + l->sent, n);
	l->sent += n;
	if (l->sent == l->event->n) {
		hm_shared_bytes_release(l->event);
		l->event = NULL;
	}
	return (ssize_t)n;
}

static void
drop_listener(void *context)
{
	struct hm_http_listener *l = context;

	LIST_REMOVE(l, link);
	hm_http_count(l->http, &l->http->counts.listeners,
	    --l->http->listening);
	hm_shared_bytes_release(l->event);
	free(l);
}

void
hm_http_events_resume(struct hm_http *http)
{
	struct hm_http_listener *l;

	LIST_FOREACH (l, &http->listeners, link)
		if (l->suspended) {
			l->suspended = false;
			MHD_resume_connection(l->connection);
		}
}

static void
take_event(struct hm_http *http, struct hm_shared_bytes *event)
{
	hm_shared_bytes_release(http->event);
	http->event = event;
	http->number++;
	hm_http_events_resume(http);
}

/* MHD does not notice that a suspended connection is closed. */
void
hm_http_events_end_gone(struct hm_http *http)
{
	struct hm_http_listener *l;
	char byte;

	LIST_FOREACH (l, &http->listeners, link)
		if (l->suspended && recv(l->fd, &byte, 1, MSG_PEEK |
		    MSG_DONTWAIT) == 0) {
			l->gone = true;
			l->suspended = false;
			MHD_resume_connection(l->connection);
		}
}

void
hm_http_events_plan(struct hm_http *http)
{
	int64_t soon = hm_monotonic_ms() + HM_HTTP_SETTLE_MS;
	int64_t next = http->event_made + PAUSE_MS;

	http->event_due = soon > next ? soon : next;
}

void
hm_http_events_update(struct hm_http *http)
{
	struct hm_shared_bytes *event;
	int64_t now = hm_monotonic_ms();

	if (http->event_made != 0 && now - http->event_made < PAUSE_MS)
		return;
	http->event_due = INT64_MAX;
	if (http->listening == 0)
		return;
	/* What comes while the event is made is in the next one. */
	pthread_mutex_lock(&http->lock);
	http->curious = true;
	pthread_mutex_unlock(&http->lock);
	event = http->options.event(http->options.context);
	if (event == NULL)
		return;
	http->event_made = now;
	take_event(http, event);
}

struct MHD_Response *
hm_http_events_add(struct hm_http *http, struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(
	    connection, MHD_CONNECTION_INFO_CONNECTION_FD);
	struct hm_http_listener *l;
	struct MHD_Response *response;

	if (info == NULL || http->listening == LISTENERS_MAX ||
	    http->listening >= http->room / 2)
		return NULL;
	l = calloc(1, sizeof *l);
	if (l == NULL)
		return NULL;
	l->http = http;
	l->connection = connection;
	l->fd = info->connect_fd;
	response = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK,
	    read_event, l, drop_listener);
	if (response == NULL) {
		free(l);
		return NULL;
	}
	LIST_INSERT_HEAD(&http->listeners, l, link);
	hm_http_count(http, &http->counts.listeners, ++http->listening);
	hm_http_events_update(http);
	return response;
}
