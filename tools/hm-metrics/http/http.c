#include "http.h"

#include <errno.h>
#include <microhttpd.h>
#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"

#define CONNECTIONS_MAX 256
#define CONNECTIONS_MIN 8
#define RESERVE 16        /* one in 16 is for who comes while one makes room */
#define OTHER_FILES 48    /* descriptors that are for other things */
#define LISTENERS_MAX 16  /* to events */
#define HEADER_MAX ((size_t)8 * 1024) /* bytes of a request and a header */
#define BACKLOG 512
#define REQUEST_MS 10000  /* for a request to come in */
#define ANSWER_MS 30000   /* for an answer to go out */
#define IDLE_MS 120000    /* between two requests */
#define TICK_MS 1000
#define SENDING_MAX ((size_t)64 * 1024 * 1024) /* bytes under way */
#define NICE 10

enum phase { WAITING, ANSWERING, IDLE, LISTENING };

/* A connection. */
struct visitor {
	struct hm_http *http;
	struct visitor *next, *previous;
	int fd;
	enum phase phase;
	int64_t since; /* when the phase began */
	size_t bytes;  /* of the answer that it is sent */
	bool leaving;
};

/* A connection that gets events. */
struct listener {
	struct hm_http *http;
	struct listener *next, *previous;
	struct MHD_Connection *connection;
	int fd;
	bool gone; /* nobody is there any more */
	struct hm_shared_bytes *event; /* what it is being sent */
	size_t sent;
	uint64_t seen; /* number of that event */
	bool suspended;
};

struct hm_http {
	struct hm_http_options options;
	struct MHD_Daemon *daemon;
	pthread_t thread;
	int socket, wake;
	unsigned room; /* connections */
	struct visitor *visitors;
	size_t count;
	size_t sending; /* bytes of all answers under way */
	struct listener *listeners;
	size_t listening;
	struct hm_shared_bytes *event; /* the newest */
	uint64_t number; /* of the newest */
	bool stopping;
	int64_t next_tick;
	_Atomic uint64_t requests, open, evicted, hearing;
};

/* Visitors */

static void
set_bytes(struct visitor *v, size_t bytes)
{
	v->http->sending += bytes;
	v->http->sending -= v->bytes;
	v->bytes = bytes;
}

static void
leave(struct visitor *v)
{
	if (v->leaving)
		return;
	v->leaving = true;
	v->http->evicted++;
	set_bytes(v, 0);
	shutdown(v->fd, SHUT_RDWR);
}

static void
enter(struct visitor *v, enum phase phase)
{
	v->phase = phase;
	v->since = hm_monotonic_ms();
	set_bytes(v, 0);
}

static bool
is_late(const struct visitor *v, int64_t now)
{
	static const int64_t limits[] = {[WAITING] = REQUEST_MS,
	    [ANSWERING] = ANSWER_MS, [IDLE] = IDLE_MS,
	    [LISTENING] = INT64_MAX};

	return now - v->since > limits[v->phase];
}

static void
send_away_the_late(struct hm_http *http)
{
	int64_t now = hm_monotonic_ms();

	for (struct visitor *v = http->visitors; v != NULL; v = v->next)
		if (is_late(v, now))
			leave(v);
}

static struct visitor *
oldest(const struct hm_http *http, enum phase phase)
{
	struct visitor *found = NULL;

	for (struct visitor *v = http->visitors; v != NULL; v = v->next)
		if (v->phase == phase && !v->leaving &&
		    (found == NULL || v->since < found->since))
			found = v;
	return found;
}

/*
 * Who has sent no request yet goes first, then who sends none any more, then
 * who does not take the answer; of each kind the one that was there first.
 */
static void
make_room(struct hm_http *http)
{
	static const enum phase order[] = {WAITING, IDLE, ANSWERING};
	struct visitor *v = NULL;

	for (size_t i = 0; i < 3 && v == NULL; i++)
		v = oldest(http, order[i]);
	if (v != NULL)
		leave(v);
}

/* Those who take nothing keep old answers in memory. */
static void
bound_sending(struct hm_http *http)
{
	while (http->sending > SENDING_MAX) {
		struct visitor *v = oldest(http, ANSWERING);

		if (v == NULL)
			return;
		leave(v);
	}
}

static void
add_visitor(struct hm_http *http, struct MHD_Connection *connection,
    void **context)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(
	    connection, MHD_CONNECTION_INFO_CONNECTION_FD);
	struct visitor *v = calloc(1, sizeof *v);

	*context = v;
	if (v == NULL || info == NULL)
		return; /* MHD's own timeout has to do */
	v->http = http;
	v->fd = info->connect_fd;
	if (http->count + http->room / RESERVE + 1 > http->room)
		make_room(http);
	enter(v, WAITING);
	v->next = http->visitors;
	if (v->next != NULL)
		v->next->previous = v;
	http->visitors = v;
	http->open = ++http->count;
}

static void
drop_visitor(struct hm_http *http, struct visitor *v)
{
	if (v == NULL)
		return;
	if (v->http != NULL) {
		set_bytes(v, 0);
		if (v->next != NULL)
			v->next->previous = v->previous;
		if (v->previous != NULL)
			v->previous->next = v->next;
		else
			http->visitors = v->next;
		http->open = --http->count;
	}
	free(v);
}

static void
on_connection(void *context, struct MHD_Connection *connection,
    void **visitor, enum MHD_ConnectionNotificationCode code)
{
	if (code == MHD_CONNECTION_NOTIFY_STARTED) {
		add_visitor(context, connection, visitor);
	} else {
		drop_visitor(context, *visitor);
		*visitor = NULL;
	}
}

static struct visitor *
visitor_of(struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(
	    connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
	struct visitor *v = info != NULL ? info->socket_context : NULL;

	return v != NULL && v->http != NULL ? v : NULL;
}

/* Events */

static ssize_t
suspend(struct listener *l)
{
	if (l->http->stopping || l->gone)
		return MHD_CONTENT_READER_END_OF_STREAM;
	l->suspended = true;
	MHD_suspend_connection(l->connection);
	return 0;
}

/* One that takes its events slowly misses some, and always gets a newer. */
static ssize_t
read_event(void *context, uint64_t position, char *buf, size_t max)
{
	struct listener *l = context;
	size_t n;

	(void)position;
	if (l->event == NULL) {
		if (l->http->event == NULL || l->seen == l->http->number)
			return suspend(l);
		l->event = hm_shared_bytes_hold(l->http->event);
		l->seen = l->http->number;
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
	struct listener *l = context;

	if (l->next != NULL)
		l->next->previous = l->previous;
	if (l->previous != NULL)
		l->previous->next = l->next;
	else
		l->http->listeners = l->next;
	l->http->hearing = --l->http->listening;
	hm_shared_bytes_release(l->event);
	free(l);
}

static void
resume_all(struct hm_http *http)
{
	for (struct listener *l = http->listeners; l != NULL; l = l->next)
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
	resume_all(http);
}

/* MHD does not look at those that are suspended. */
static void
look_for_the_gone(struct hm_http *http)
{
	char byte;

	for (struct listener *l = http->listeners; l != NULL; l = l->next)
		if (l->suspended && recv(l->fd, &byte, 1, MSG_PEEK |
		    MSG_DONTWAIT) == 0) {
			l->gone = true;
			l->suspended = false;
			MHD_resume_connection(l->connection);
		}
}

static void
tell_listeners(struct hm_http *http)
{
	struct hm_shared_bytes *event = http->listening > 0 ?
	    http->options.event(http->options.context) : NULL;

	if (event != NULL)
		take_event(http, event);
}

/* NULL if there are as many as there may be. */
static struct MHD_Response *
add_listener(struct hm_http *http, struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(
	    connection, MHD_CONNECTION_INFO_CONNECTION_FD);
	struct listener *l;
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
	response = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, 4096,
	    read_event, l, drop_listener);
	if (response == NULL) {
		free(l);
		return NULL;
	}
	l->next = http->listeners;
	if (l->next != NULL)
		l->next->previous = l;
	http->listeners = l;
	http->hearing = ++http->listening;
	tell_listeners(http);
	return response;
}

/* Answers */

static void
release(void *body)
{
	hm_shared_bytes_release(body);
}

static struct MHD_Response *
response_of(struct hm_shared_bytes *body)
{
	struct MHD_Response *response;

	response = MHD_create_response_from_buffer_with_free_callback_cls(
	    body->n, body->data, release, body);
	if (response == NULL)
		hm_shared_bytes_release(body);
	return response;
}

static enum MHD_Result
send_response(struct MHD_Connection *connection, unsigned status,
    const char *type, const char *policy, struct MHD_Response *response)
{
	enum MHD_Result sent;

	MHD_add_response_header(response, "Content-Type", type);
	MHD_add_response_header(response, "Cache-Control", "no-store");
	MHD_add_response_header(response, "X-Content-Type-Options",
	    "nosniff");
	MHD_add_response_header(response, "Referrer-Policy", "no-referrer");
	if (policy != NULL)
		MHD_add_response_header(response, "Content-Security-Policy",
		    policy);
	if (status == MHD_HTTP_METHOD_NOT_ALLOWED)
		MHD_add_response_header(response, "Allow", "GET, HEAD");
	if (status == MHD_HTTP_SERVICE_UNAVAILABLE)
		MHD_add_response_header(response, "Retry-After", "30");
	sent = MHD_queue_response(connection, status, response);
	MHD_destroy_response(response);
	return sent;
}

static enum MHD_Result
refuse(struct MHD_Connection *connection, unsigned status, const char *error)
{
	char text[128];
	int n = snprintf(text, sizeof text, "{\"error\":\"%s\"}\n", error);
	struct MHD_Response *response = MHD_create_response_from_buffer(
	    (size_t)n, text, MHD_RESPMEM_MUST_COPY);

	return response != NULL ? send_response(connection, status,
	    "application/json; charset=utf-8", NULL, response) : MHD_NO;
}

static enum MHD_Result
answer_events(struct hm_http *http, struct MHD_Connection *connection,
    const struct hm_http_answer *answer, bool head)
{
	struct MHD_Response *response = head ?
	    MHD_create_response_from_buffer(0, NULL,
	    MHD_RESPMEM_PERSISTENT) : add_listener(http, connection);
	struct visitor *v = visitor_of(connection);

	if (response == NULL)
		return refuse(connection, MHD_HTTP_SERVICE_UNAVAILABLE,
		    "there are too many listeners");
	if (v != NULL && !head)
		enter(v, LISTENING);
	return send_response(connection, answer->status, answer->type, NULL,
	    response);
}

static void
read_request(struct hm_http *http, struct MHD_Connection *connection,
    struct hm_http_request *request)
{
	request->counts = hm_http_counts(http);
	request->accept = MHD_lookup_connection_value(connection,
	    MHD_HEADER_KIND, "Accept");
	request->limit = MHD_lookup_connection_value(connection,
	    MHD_GET_ARGUMENT_KIND, "limit");
	request->verbose = MHD_lookup_connection_value_n(connection,
	    MHD_GET_ARGUMENT_KIND, "verbose", strlen("verbose"), NULL,
	    NULL) == MHD_YES;
}

static enum MHD_Result
answer_body(struct hm_http *http, struct MHD_Connection *connection,
    const struct hm_http_answer *answer)
{
	struct visitor *v = visitor_of(connection);
	struct MHD_Response *response;

	if (answer->body == NULL)
		return refuse(connection, MHD_HTTP_INTERNAL_SERVER_ERROR,
		    "no memory");
	if (v != NULL)
		set_bytes(v, answer->body->n);
	bound_sending(http);
	response = response_of(answer->body);
	return response != NULL ? send_response(connection, answer->status,
	    answer->type, answer->policy, response) : MHD_NO;
}

static enum MHD_Result
on_request(void *context, struct MHD_Connection *connection, const char *url,
    const char *method, const char *version, const char *upload,
    size_t *upload_size, void **state)
{
	struct hm_http *http = context;
	struct hm_http_answer answer = {0};
	struct hm_http_request request = {.path = url};
	struct visitor *v = visitor_of(connection);
	bool head = strcmp(method, "HEAD") == 0;

	(void)version;
	(void)upload;
	/* A body that nobody asked for is read and forgotten. */
	if (*upload_size != 0) {
		*upload_size = 0;
		return MHD_YES;
	}
	/* First when the header is there, and again when all is. */
	if (*state == NULL && (head || strcmp(method, "GET") == 0)) {
		*state = http;
		return MHD_YES;
	}
	http->requests++;
	if (v != NULL)
		enter(v, ANSWERING);
	if (!head && strcmp(method, "GET") != 0)
		return refuse(connection, MHD_HTTP_METHOD_NOT_ALLOWED,
		    "GET and HEAD only");
	read_request(http, connection, &request);
	http->options.answer(http->options.context, &request, &answer);
	return answer.events ? answer_events(http, connection, &answer,
	    head) : answer_body(http, connection, &answer);
}

static void
on_completed(void *context, struct MHD_Connection *connection, void **state,
    enum MHD_RequestTerminationCode code)
{
	struct visitor *v = visitor_of(connection);

	(void)context;
	(void)state;
	(void)code;
	if (v != NULL)
		enter(v, IDLE);
}

/* The thread */

/* Until there is something to do; for ever if there is nobody. */
static int
wait_ms(struct hm_http *http)
{
	MHD_UNSIGNED_LONG_LONG mhd;
	int64_t ms = -1, now = hm_monotonic_ms();

	if (http->count > 0)
		ms = http->next_tick > now ? http->next_tick - now : 0;
	if (MHD_get_timeout(http->daemon, &mhd) == MHD_YES &&
	    (ms < 0 || mhd < (MHD_UNSIGNED_LONG_LONG)ms))
		ms = (int64_t)mhd;
	return ms > TICK_MS ? TICK_MS : (int)ms;
}

static void
tick(struct hm_http *http)
{
	int64_t now = hm_monotonic_ms();

	if (now < http->next_tick)
		return;
	http->next_tick = now + TICK_MS;
	send_away_the_late(http);
	look_for_the_gone(http);
	tell_listeners(http);
}

static void *
serve(void *context)
{
	struct hm_http *http = context;
	const union MHD_DaemonInfo *info = MHD_get_daemon_info(http->daemon,
	    MHD_DAEMON_INFO_EPOLL_FD);
	struct pollfd fd[] = {{.fd = info->epoll_fd, .events = POLLIN},
	    {.fd = http->wake, .events = POLLIN}};

	/* The stream goes first where there is not enough for both. */
	(void)setpriority(PRIO_PROCESS, (id_t)gettid(), NICE);
	while (!http->stopping) {
		if (poll(fd, 2, wait_ms(http)) < 0 && errno != EINTR) {
			hm_log_errno(HM_ERROR, "HTTP ends: cannot poll");
			break;
		}
		http->stopping = fd[1].revents != 0;
		tick(http);
		MHD_run(http->daemon);
	}
	/* MHD does not end while anybody is suspended. */
	http->stopping = true;
	resume_all(http);
	MHD_run(http->daemon);
	return NULL;
}

/* Beginning and end */

static unsigned
room_for(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0 ||
	    limit.rlim_cur >= CONNECTIONS_MAX + OTHER_FILES)
		return CONNECTIONS_MAX;
	return limit.rlim_cur > OTHER_FILES + CONNECTIONS_MIN ?
	    (unsigned)(limit.rlim_cur - OTHER_FILES) : CONNECTIONS_MIN;
}

static int
listen_at(const struct addrinfo *address)
{
	int fd = socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC |
	    SOCK_NONBLOCK, 0), error;

	if (fd < 0)
		return -1;
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int){1},
	    sizeof(int)) == 0 && bind(fd, address->ai_addr,
	    address->ai_addrlen) == 0 && listen(fd, BACKLOG) == 0)
		return fd;
	error = errno;
	close(fd);
	errno = error;
	return -1;
}

/* Whoever cannot have the address is told which one, and why. */
static int
open_socket(const struct hm_http_options *options)
{
	const struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
	    .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
	struct addrinfo *found = NULL;
	const char *reason = NULL;
	char port[8];
	int fd = -1, error;

	snprintf(port, sizeof port, "%u", options->port);
	error = getaddrinfo(options->host, port, &hints, &found);
	if (error != 0)
		reason = gai_strerror(error);
	for (const struct addrinfo *a = found; a != NULL && fd < 0;
	    a = a->ai_next) {
		fd = listen_at(a);
		reason = fd < 0 ? strerror(errno) : NULL;
	}
	if (found != NULL)
		freeaddrinfo(found);
	if (fd < 0)
		hm_log_facts(HM_ERROR, HM_FACTS(hm_fact("reason", reason),
		    hm_fact_int("port", options->port)),
		    "cannot serve HTTP on %s port %u: %s; see --listen and "
		    "--port", options->host, options->port, reason);
	return fd;
}

static bool
start_daemon(struct hm_http *http)
{
	http->daemon = MHD_start_daemon(MHD_USE_EPOLL |
	    MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, on_request, http,
	    MHD_OPTION_LISTEN_SOCKET, http->socket,
	    MHD_OPTION_CONNECTION_LIMIT, http->room,
	    MHD_OPTION_CONNECTION_MEMORY_LIMIT, HEADER_MAX,
	    MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)(IDLE_MS / 1000),
	    MHD_OPTION_NOTIFY_CONNECTION, on_connection, http,
	    MHD_OPTION_NOTIFY_COMPLETED, on_completed, http,
	    MHD_OPTION_END);
	if (http->daemon == NULL)
		hm_log_errno(HM_ERROR, "cannot start the HTTP server");
	return http->daemon != NULL;
}

struct hm_http *
hm_http_new(const struct hm_http_options *options)
{
	struct hm_http *http = calloc(1, sizeof *http);

	if (http == NULL) {
		hm_log_errno(HM_ERROR, "no memory for the HTTP server");
		return NULL;
	}
	http->options = *options;
	http->room = room_for();
	http->wake = eventfd(0, EFD_CLOEXEC);
	http->socket = http->wake >= 0 ? open_socket(options) : -1;
	if (http->socket >= 0 && start_daemon(http)) {
		int error = pthread_create(&http->thread, NULL, serve, http);

		if (error == 0) {
			hm_log(HM_INFO, "serving HTTP on %s port %u",
			    options->host, options->port);
			return http;
		}
		hm_log(HM_ERROR, "cannot start the HTTP server: %s",
		    strerror(error));
		MHD_stop_daemon(http->daemon);
	} else if (http->socket >= 0) {
		close(http->socket);
	}
	if (http->wake >= 0)
		close(http->wake);
	free(http);
	return NULL;
}

void
hm_http_free(struct hm_http *http)
{
	const uint64_t one = 1;

	if (http == NULL)
		return;
	if (write(http->wake, &one, sizeof one) != sizeof one)
		hm_log_errno(HM_ERROR, "cannot wake the HTTP server");
	pthread_join(http->thread, NULL);
	MHD_stop_daemon(http->daemon);
	hm_shared_bytes_release(http->event);
	close(http->wake);
	free(http);
}

struct hm_http_counts
hm_http_counts(const struct hm_http *http)
{
	return (struct hm_http_counts){.requests = http->requests,
	    .connections = http->open, .evicted = http->evicted,
	    .listeners = http->hearing};
}
