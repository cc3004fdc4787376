#include <microhttpd.h>
#include <stdlib.h>
#include <sys/queue.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "http_private.h"

#define RESERVE 16        /* 1 in 16 stays free for new connections */
#define REQUEST_MS 10000  /* for a request to come in */
#define ANSWER_MS 30000   /* for an answer to go out */
#define SENDING_MAX ((size_t)64 * 1024 * 1024) /* bytes being sent */

void
hm_http_client_set_bytes(struct hm_http_client *c, size_t bytes)
{
	c->http->sending += bytes;
	c->http->sending -= c->bytes;
	c->bytes = bytes;
}

static void
evict(struct hm_http_client *c)
{
	if (c->evicted)
		return;
	c->evicted = true;
	hm_http_count(c->http, &c->http->counts.evicted,
	    c->http->counts.evicted + 1);
	hm_http_client_set_bytes(c, 0);
	shutdown(c->fd, SHUT_RDWR);
}

void
hm_http_client_enter(struct hm_http_client *c, enum hm_http_phase phase)
{
	c->phase = phase;
	c->since = hm_monotonic_ms();
	hm_http_client_set_bytes(c, 0);
}

static bool
is_late(const struct hm_http_client *c, int64_t now)
{
	static const int64_t limits[] = {[HM_HTTP_WAITING] = REQUEST_MS,
	    [HM_HTTP_ANSWERING] = ANSWER_MS, [HM_HTTP_IDLE] = HM_HTTP_IDLE_MS,
	    [HM_HTTP_LISTENING] = INT64_MAX};

	return now - c->since > limits[c->phase];
}

void
hm_http_clients_evict_late(struct hm_http *http)
{
	int64_t now = hm_monotonic_ms();
	struct hm_http_client *c;

	LIST_FOREACH (c, &http->clients, link)
		if (is_late(c, now))
			evict(c);
}

static struct hm_http_client *
oldest(const struct hm_http *http, enum hm_http_phase phase)
{
	struct hm_http_client *found = NULL, *c;

	LIST_FOREACH (c, &http->clients, link)
		if (c->phase == phase && !c->evicted &&
		    (found == NULL || c->since < found->since))
			found = c;
	return found;
}

/*
 * Evict in this order: no request yet, idle keep-alive, not reading its
 * answer; the oldest of each.
 */
static void
make_room(struct hm_http *http)
{
	static const enum hm_http_phase order[] = {HM_HTTP_WAITING,
	    HM_HTTP_IDLE, HM_HTTP_ANSWERING};
	struct hm_http_client *c = NULL;

	for (size_t i = 0; i < 3 && c == NULL; i++)
		c = oldest(http, order[i]);
	if (c != NULL)
		evict(c);
}

void
hm_http_clients_bound_sending(struct hm_http *http)
{
	while (http->sending > SENDING_MAX) {
		struct hm_http_client *c = oldest(http, HM_HTTP_ANSWERING);

		if (c == NULL)
			return;
		evict(c);
	}
}

static void
add_client(struct hm_http *http, struct MHD_Connection *connection,
    void **context)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(
	    connection, MHD_CONNECTION_INFO_CONNECTION_FD);
	struct hm_http_client *c = calloc(1, sizeof *c);

	*context = c;
	if (c == NULL || info == NULL)
		return; /* only MHD's timeout watches it */
	c->http = http;
	c->fd = info->connect_fd;
	if (http->count + http->room / RESERVE + 1 > http->room)
		make_room(http);
	hm_http_client_enter(c, HM_HTTP_WAITING);
	LIST_INSERT_HEAD(&http->clients, c, link);
	hm_http_count(http, &http->counts.connections, ++http->count);
}

static void
drop_client(struct hm_http *http, struct hm_http_client *c)
{
	if (c == NULL)
		return;
	if (c->http != NULL) {
		hm_http_client_set_bytes(c, 0);
		LIST_REMOVE(c, link);
		hm_http_count(http, &http->counts.connections, --http->count);
	}
	free(c);
}

void
hm_http_on_connection(void *context, struct MHD_Connection *connection,
    void **client, enum MHD_ConnectionNotificationCode code)
{
	if (code == MHD_CONNECTION_NOTIFY_STARTED) {
		add_client(context, connection, client);
	} else {
		drop_client(context, *client);
		*client = NULL;
	}
}

struct hm_http_client *
hm_http_client_of(struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(
	    connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
	struct hm_http_client *c = info != NULL ? info->socket_context : NULL;

	return c != NULL && c->http != NULL ? c : NULL;
}
