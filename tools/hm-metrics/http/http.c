#include "http.h"

#include <errno.h>
#include <microhttpd.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/queue.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "http_private.h"
#include "shared_bytes.h"

#define CONNECTIONS_MAX 256
#define CONNECTIONS_MIN 8
#define OTHER_FILES 48 /* descriptors for other things */
#define HEADER_MAX ((size_t)8 * 1024) /* bytes of a request and a header */
#define BACKLOG 512
#define TICK_MS 1000
#define NICE 10

/* The thread */

/* The time until the next work, at most TICK_MS; -1 without connections. */
static int
wait_ms(struct hm_http *http)
{
	MHD_UNSIGNED_LONG_LONG mhd;
	int64_t ms = -1, now = hm_monotonic_ms();

	if (http->count > 0)
		ms = http->next_tick > now ? http->next_tick - now : 0;
	if (http->count > 0 && http->event_due - now < ms)
		ms = http->event_due > now ? http->event_due - now : 0;
	if (MHD_get_timeout(http->daemon, &mhd) == MHD_YES &&
	    (ms < 0 || mhd < (MHD_UNSIGNED_LONG_LONG)ms))
		ms = (int64_t)mhd;
	return ms > TICK_MS ? TICK_MS : (int)ms;
}

static void
tick(struct hm_http *http)
{
	int64_t now = hm_monotonic_ms();

	if (now >= http->event_due)
		hm_http_events_update(http);
	if (now < http->next_tick)
		return;
	http->next_tick = now + TICK_MS;
	hm_http_clients_evict_late(http);
	hm_http_events_end_gone(http);
	if (http->event_due == INT64_MAX)
		hm_http_events_update(http);
}

/* Why another thread has woken this one. */
static void
hear(struct hm_http *http)
{
	uint64_t times;

	if (read(http->wake, &times, sizeof times) != sizeof times)
		return;
	pthread_mutex_lock(&http->lock);
	http->stopping = http->stop;
	pthread_mutex_unlock(&http->lock);
	hm_http_events_plan(http);
}

static void
wake(struct hm_http *http)
{
	const uint64_t one = 1;

	if (write(http->wake, &one, sizeof one) != sizeof one)
		hm_log_errno(HM_ERROR, "cannot wake the HTTP server");
}

static void *
serve(void *context)
{
	struct hm_http *http = context;
	const union MHD_DaemonInfo *info = MHD_get_daemon_info(http->daemon,
	    MHD_DAEMON_INFO_EPOLL_FD);
	struct pollfd fd[] = {{.fd = info->epoll_fd, .events = POLLIN},
	    {.fd = http->wake, .events = POLLIN}};

	/* When the CPU is busy, reading the stream comes first. */
	(void)setpriority(PRIO_PROCESS, (id_t)gettid(), NICE);
	while (!http->stopping) {
		if (poll(fd, 2, wait_ms(http)) < 0 && errno != EINTR) {
			hm_log_errno(HM_ERROR, "the HTTP server stops: "
			    "cannot poll");
			break;
		}
		if (fd[1].revents != 0)
			hear(http);
		tick(http);
		MHD_run(http->daemon);
	}
	/* MHD cannot stop while a connection is suspended. */
	http->stopping = true;
	hm_http_events_resume(http);
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

static bool
is_every_address(const struct sockaddr *address)
{
	struct sockaddr_in6 six;
	struct sockaddr_in four;

	if (address->sa_family == AF_INET6) {
		memcpy(&six, address, sizeof six);
		return IN6_IS_ADDR_UNSPECIFIED(&six.sin6_addr);
	}
	memcpy(&four, address, sizeof four);
	return address->sa_family == AF_INET &&
	    four.sin_addr.s_addr == htonl(INADDR_ANY);
}

static void
warn_if_open(const struct addrinfo *address, const char *host)
{
	if (is_every_address(address->ai_addr))
		hm_log(HM_WARNING, "HTTP is served on all addresses (%s), "
		    "without a password: whoever can connect can read; "
		    "health_host can name one address", host);
}

/* -1, logged with the address and the reason, if it cannot listen. */
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
		if (fd >= 0)
			warn_if_open(a, options->host);
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
	    MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, hm_http_on_request, http,
	    MHD_OPTION_LISTEN_SOCKET, http->socket,
	    MHD_OPTION_CONNECTION_LIMIT, http->room,
	    MHD_OPTION_CONNECTION_MEMORY_LIMIT, HEADER_MAX,
	    MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)(HM_HTTP_IDLE_MS / 1000),
	    MHD_OPTION_NOTIFY_CONNECTION, hm_http_on_connection, http,
	    MHD_OPTION_NOTIFY_COMPLETED, hm_http_on_completed, http,
	    MHD_OPTION_END);
	if (http->daemon == NULL)
		hm_log_errno(HM_ERROR, "cannot start the HTTP server");
	return http->daemon != NULL;
}

struct hm_http *
hm_http_new(const struct hm_http_options *options)
{
	struct hm_http *http = calloc(1, sizeof *http);

	if (http == NULL || pthread_mutex_init(&http->lock, NULL) != 0) {
		hm_log_errno(HM_ERROR, "no memory for the HTTP server");
		free(http);
		return NULL;
	}
	http->options = *options;
	http->room = room_for();
	http->event_due = INT64_MAX;
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
	pthread_mutex_destroy(&http->lock);
	free(http);
	return NULL;
}

void
hm_http_free(struct hm_http *http)
{
	if (http == NULL)
		return;
	pthread_mutex_lock(&http->lock);
	http->stop = true;
	pthread_mutex_unlock(&http->lock);
	wake(http);
	pthread_join(http->thread, NULL);
	MHD_stop_daemon(http->daemon);
	hm_shared_bytes_release(http->event);
	close(http->wake);
	pthread_mutex_destroy(&http->lock);
	free(http);
}

void
hm_http_news(struct hm_http *http)
{
	bool curious;

	pthread_mutex_lock(&http->lock);
	curious = http->curious;
	http->curious = false;
	pthread_mutex_unlock(&http->lock);
	if (curious)
		wake(http);
}

struct hm_http_counts
hm_http_counts(struct hm_http *http)
{
	struct hm_http_counts counts;

	pthread_mutex_lock(&http->lock);
	counts = http->counts;
	pthread_mutex_unlock(&http->lock);
	return counts;
}

void
hm_http_count(struct hm_http *http, uint64_t *count, uint64_t value)
{
	pthread_mutex_lock(&http->lock);
	*count = value;
	pthread_mutex_unlock(&http->lock);
}
