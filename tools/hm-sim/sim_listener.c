#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "sim_address.h"
#include "sim_fault.h"
#include "sim_server_private.h"

#define BACKLOG 16

/* Accepting */

/*
 * All descriptors are in use. A waiting client would wake the loop again and
 * again, so it is accepted with the reserved descriptor and dropped.
 */
static void
turn_away(struct hm_sim_server *server, int listener)
{
	int fd;

	close(server->reserve);
	fd = accept(listener, NULL, NULL);
	if (fd >= 0)
		close(fd);
	server->reserve = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (!server->warned_full)
		hm_log(HM_WARNING, "out of descriptors: connections are "
		    "dropped; raise the limit with ulimit -n");
	server->warned_full = true;
}

void
hm_sim_listener_on_accept(struct ev_loop *loop, ev_io *io, int events)
{
	struct hm_sim_endpoint *ep = io->data;
	int fd = accept4(io->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	int on = 1;

	(void)events;
	if (fd < 0) {
		if (errno == EMFILE || errno == ENFILE)
			turn_away(ep->server, io->fd);
		return;
	}
	hm_sim_connection_close(ep);
	ep->server->counters.connections++;
	/* Pieces must not be joined to one segment. */
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	ev_io_set(&ep->connection, fd, EV_READ);
	ev_io_start(loop, &ep->connection);
}

/* Listening */

bool
hm_sim_listener_open(struct hm_sim_endpoint *ep)
{
	socklen_t size = hm_sim_address_size(&ep->address);
	int on = 1, fd;

	fd = socket(ep->address.any.sa_family,
	    SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return false;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	if (bind(fd, &ep->address.any, size) < 0 ||
	    getsockname(fd, &ep->address.any, &size) < 0 ||
	    (ep->listens && listen(fd, BACKLOG) < 0)) {
		int error = errno;

		close(fd);
		errno = error;
		return false;
	}
	ev_io_set(&ep->listener, fd, EV_READ);
	if (ep->listens)
		ev_io_start(ep->server->loop, &ep->listener);
	return true;
}

void
hm_sim_listener_close(struct hm_sim_endpoint *ep)
{
	if (ep->listener.fd < 0)
		return;
	ev_io_stop(ep->server->loop, &ep->listener);
	close(ep->listener.fd);
	ep->listener.fd = -1;
}

bool
hm_sim_listener_refuses(const struct hm_sim_endpoint *ep)
{
	return ep->faults != NULL && hm_sim_faults_refuse(ep->faults,
	    hm_monotonic_ms() - ep->server->clock.began_ms,
	    hm_sim_server_now(ep->server)->simulated);
}

void
hm_sim_listener_log(const struct hm_sim_endpoint *ep, enum hm_level level,
    const char *what)
{
	const char *reason = strerror(errno);
	char uri[HM_SIM_URI];

	hm_sim_server_uri(ep, uri);
	hm_log_facts(level, HM_FACTS(hm_fact("uri", uri),
	    hm_fact("reason", reason)), "%s %s: %s", what, uri, reason);
}

/* A port that refuses stays bound, so that no other process gets it. */
static void
open_or_refuse(struct hm_sim_endpoint *ep)
{
	bool listens = !hm_sim_listener_refuses(ep);
	bool changed = listens != ep->listens;

	if (!changed && ep->listener.fd >= 0)
		return;
	ep->listens = listens;
	hm_sim_listener_close(ep);
	if (!listens)
		hm_sim_connection_close(ep);
	if (!hm_sim_listener_open(ep) && changed)
		hm_sim_listener_log(ep, HM_WARNING, "cannot listen again on");
}

void
hm_sim_listener_on_refuse(struct ev_loop *loop, ev_timer *timer, int events)
{
	struct hm_sim_server *server = timer->data;

	(void)loop;
	(void)events;
	for (size_t i = 0; i < server->count; i++)
		open_or_refuse(&server->endpoints[i]);
}
