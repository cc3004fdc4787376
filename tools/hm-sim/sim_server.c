#include "sim_server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ev.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "base/clock.h"
#include "base/exits.h"
#include "base/log.h"
#include "sim_clock.h"
#include "sim_fault.h"
#include "sim_plant.h"
#include "wire/hmframe.h"

#define HM_PORT 10081
#define MODBUS_PORT 1502 /* 502 is for root alone */
#define PORT_MAX 65535
#define BACKLOG 16
#define SPARE_DESCRIPTORS 32

#define SLOW_PIECE ((size_t)1)
#define SLOW_PAUSE 0.05 /* s */
#define SMALL_PIECE ((size_t)16)
#define SMALL_PAUSE 0.002
#define REFUSE_CHECK 0.1

union address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

struct device {
	struct hm_sim_server *server;
	struct hm_sim_dtu dtu;
	const struct hm_sim_faults *faults; /* NULL: none */
	uint64_t requests;
	bool is_modbus, listens;
	union address address;
	ev_io listener, connection; /* fd -1 while there is none */
	ev_timer pace;              /* of a reply sent piece by piece */
	struct hm_buffer out;        /* what is still to be sent */
	size_t piece;               /* bytes to send at a time, 0: all */
	bool close_after;
	size_t in_size;
	uint8_t in[512]; /* no request is longer */
};

struct hm_sim_server {
	struct hm_sim_options options;
	struct ev_loop *loop;
	struct hm_sim_clock clock;
	struct hm_sim_counters counters;
	ev_timer rekey, refuse;
	int reserve; /* given up to turn a client away when all are in use */
	bool told_full;
	size_t count;
	struct device *device;
	struct hm_arena arena;
	uint8_t buffer[2 * HM_SIM_REPLY_MAX];
};

/* Addresses */

static uint16_t
port_of(const union address *address)
{
	return ntohs(address->any.sa_family == AF_INET ?
	    address->v4.sin_port : address->v6.sin6_port);
}

static void
set_port(union address *address, int64_t port)
{
	if (address->any.sa_family == AF_INET)
		address->v4.sin_port = htons((uint16_t)port);
	else
		address->v6.sin6_port = htons((uint16_t)port);
}

static socklen_t
size_of(const union address *address)
{
	return address->any.sa_family == AF_INET ? sizeof address->v4 :
	    sizeof address->v6;
}

static bool
parse_address(const char *text, union address *address)
{
	memset(address, 0, sizeof *address);
	if (inet_pton(AF_INET, text, &address->v4.sin_addr) == 1) {
		address->v4.sin_family = AF_INET;
		return true;
	}
	if (inet_pton(AF_INET6, text, &address->v6.sin6_addr) == 1) {
		address->v6.sin6_family = AF_INET6;
		return true;
	}
	return false;
}

static void
print_uri(const struct device *d, char uri[HM_SIM_URI])
{
	const union address *a = &d->address;
	bool v4 = a->any.sa_family == AF_INET;
	char host[INET6_ADDRSTRLEN] = "", unit[8] = "";

	inet_ntop(a->any.sa_family, v4 ? (const void *)&a->v4.sin_addr :
	    (const void *)&a->v6.sin6_addr, host, sizeof host);
	if (d->is_modbus && d->dtu.unit != 1)
		snprintf(unit, sizeof unit, "/%u", (unsigned)d->dtu.unit);
	snprintf(uri, HM_SIM_URI, "%s://%s%s%s:%u%s",
	    d->is_modbus ? "modbus" : "hm", v4 ? "" : "[", host,
	    v4 ? "" : "]", (unsigned)port_of(a), unit);
}

/* Sending */

static void
close_connection(struct device *d)
{
	if (d->connection.fd < 0)
		return;
	ev_io_stop(d->server->loop, &d->connection);
	ev_timer_stop(d->server->loop, &d->pace);
	close(d->connection.fd);
	d->connection.fd = -1;
	hm_buffer_free(&d->out);
	d->in_size = 0;
}

static void
watch(struct device *d, int events)
{
	int fd = d->connection.fd;

	ev_io_stop(d->server->loop, &d->connection);
	ev_io_set(&d->connection, fd, events);
	ev_io_start(d->server->loop, &d->connection);
}

/* Bytes that went out; a connection that fails is closed. */
static size_t
send_some(struct device *d, const uint8_t *p, size_t n)
{
	ssize_t sent = send(d->connection.fd, p, n, MSG_NOSIGNAL);

	if (sent >= 0)
		return (size_t)sent;
	if (errno != EAGAIN && errno != EINTR)
		close_connection(d);
	return 0;
}

static void take_requests(struct device *d);

static void
send_pending(struct device *d)
{
	size_t n = d->out.n, sent;

	if (d->piece > 0 && n > d->piece)
		n = d->piece;
	sent = send_some(d, d->out.p, n);
	if (d->connection.fd < 0)
		return;
	hm_buffer_drop(&d->out, sent);
	if (d->out.n > 0)
		return;
	if (d->close_after) {
		close_connection(d);
		return;
	}
	ev_timer_stop(d->server->loop, &d->pace);
	watch(d, EV_READ);
	take_requests(d);
}

static void
on_pace(struct ev_loop *loop, ev_timer *timer, int events)
{
	(void)loop;
	(void)events;
	send_pending(timer->data);
}

/* Keep bytes for later, after those that are kept already. */
static void
keep(struct device *d, const uint8_t *p, size_t n)
{
	if (!hm_buffer_append(&d->out, p, n, 2 * HM_SIM_REPLY_MAX)) {
		hm_log(HM_ERROR, "no memory for a reply");
		close_connection(d);
		return;
	}
	if (d->piece == 0) {
		watch(d, EV_WRITE);
		return;
	}
	/* While it is being sent no request is read. */
	ev_io_stop(d->server->loop, &d->connection);
	d->pace.repeat = d->piece == SLOW_PIECE ? SLOW_PAUSE : SMALL_PAUSE;
	ev_timer_again(d->server->loop, &d->pace);
}

static void
deliver(struct device *d, const uint8_t *p, size_t n, unsigned faults)
{
	size_t sent = 0;

	d->close_after = (faults & HM_SIM_BIT(HM_SIM_CLOSE)) != 0;
	if (d->close_after || (faults & HM_SIM_BIT(HM_SIM_TRUNCATED)) != 0)
		n /= 2;
	d->piece = (faults & HM_SIM_BIT(HM_SIM_SLOW)) != 0 ? SLOW_PIECE :
	    (faults & HM_SIM_BIT(HM_SIM_PIECES)) != 0 ? SMALL_PIECE : 0;
	if (d->out.n == 0 && d->piece == 0)
		sent = send_some(d, p, n);
	if (d->connection.fd < 0)
		return;
	if (sent < n)
		keep(d, p + sent, n - sent);
	else if (d->close_after)
		close_connection(d);
}

/* Requests */

static void
tell_answer(const struct device *d)
{
	const struct hm_sim_options *o = &d->server->options;

	if (o->numbers && d->dtu.answered)
		o->answered(o->context, d->dtu.serial, d->dtu.number);
}

static const struct hm_sim_time *
now(struct hm_sim_server *server)
{
	return hm_sim_clock_read(&server->clock, hm_monotonic_ms(),
	    hm_clock_now());
}

/* Count a request and tell what goes wrong with its reply. */
static unsigned
next_faults(struct device *d)
{
	unsigned faults = 0;

	d->requests++;
	d->server->counters.requests++;
	if (d->faults != NULL)
		faults = hm_sim_faults_at(d->faults, d->requests,
		    now(d->server)->simulated) & (d->is_modbus ?
		    hm_sim_faults_of_modbus : hm_sim_faults_of_hm);
	d->server->counters.faults += faults != 0;
	return faults;
}

static void
answer_hm(struct device *d, const struct hm_frame *request)
{
	struct hm_sim_server *server = d->server;
	unsigned faults = next_faults(d);
	bool joined = (faults & HM_SIM_BIT(HM_SIM_JOINED)) != 0, understood;
	uint8_t *reply = server->buffer;
	size_t unasked = 0, size;

	if (faults & HM_SIM_BIT(HM_SIM_HANG))
		return;
	if (joined || server->options.unasked)
		unasked = hm_sim_hm_unasked(&d->dtu, now(server), reply);
	size = hm_sim_hm_answer(&d->dtu, request, now(server), faults,
	    reply + unasked, &understood);
	if (!understood) {
		hm_log(HM_DEBUG, "a request did not decrypt");
		close_connection(d);
		return;
	}
	if (size == 0)
		return;
	server->counters.replies++;
	if (unasked > 0 && !joined) {
		deliver(d, reply, unasked, 0);
		reply += unasked;
		unasked = 0;
	}
	if (d->connection.fd >= 0)
		deliver(d, reply, unasked + size, faults);
	tell_answer(d);
}

/* The bytes of the request at the start of the input, 0 if it is not whole. */
static size_t
take_hm(struct device *d)
{
	struct hm_frame frame;
	size_t used = 0;

	switch (hm_frame_read(d->in, d->in_size, d->dtu.encrypts, &frame,
	    &used)) {
	case HM_FRAME_GOOD:
		answer_hm(d, &frame);
		break;
	case HM_FRAME_MAGIC:
	case HM_FRAME_LENGTH:
		close_connection(d);
		break;
	case HM_FRAME_PART:
	case HM_FRAME_CRC:
		break;
	}
	return used;
}

static void
answer_modbus(struct device *d, size_t request_size)
{
	struct hm_sim_server *server = d->server;
	unsigned faults = next_faults(d);
	size_t size;

	if (faults & HM_SIM_BIT(HM_SIM_HANG))
		return;
	size = hm_sim_modbus_answer(&d->dtu, d->in, request_size, now(server),
	    faults, server->buffer);
	if (size == 0)
		return;
	server->counters.replies++;
	deliver(d, server->buffer, size, faults);
	tell_answer(d);
}

static size_t
take_modbus(struct device *d)
{
	size_t size;

	if (!hm_sim_modbus_whole(d->in, d->in_size, &size))
		close_connection(d);
	else if (size > 0)
		answer_modbus(d, size);
	return size;
}

static void
take_requests(struct device *d)
{
	while (d->connection.fd >= 0 && d->out.n == 0) {
		size_t used = d->is_modbus ? take_modbus(d) : take_hm(d);

		if (used == 0)
			break;
		/* The connection may have been closed meanwhile. */
		if (d->in_size >= used) {
			d->in_size -= used;
			memmove(d->in, d->in + used, d->in_size);
		}
	}
	if (d->connection.fd >= 0 && d->in_size == sizeof d->in &&
	    d->out.n == 0)
		close_connection(d);
}

static void
receive(struct device *d)
{
	ssize_t n = recv(d->connection.fd, d->in + d->in_size,
	    sizeof d->in - d->in_size, 0);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		close_connection(d);
		return;
	}
	d->in_size += (size_t)n;
	take_requests(d);
}

static void
on_connection(struct ev_loop *loop, ev_io *io, int events)
{
	(void)loop;
	if (events & EV_WRITE)
		send_pending(io->data);
	else
		receive(io->data);
}

/* Connections */

/* All descriptors are in use: rather than spin, take the client and drop it. */
static void
turn_away(struct hm_sim_server *server, int listener)
{
	int fd;

	close(server->reserve);
	fd = accept(listener, NULL, NULL);
	if (fd >= 0)
		close(fd);
	server->reserve = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (!server->told_full)
		hm_log(HM_WARNING, "out of descriptors: connections are "
		    "dropped; raise the limit with ulimit -n");
	server->told_full = true;
}

static void
on_accept(struct ev_loop *loop, ev_io *io, int events)
{
	struct device *d = io->data;
	int fd = accept4(io->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	int on = 1;

	(void)events;
	if (fd < 0) {
		if (errno == EMFILE || errno == ENFILE)
			turn_away(d->server, io->fd);
		return;
	}
	close_connection(d);
	d->server->counters.connections++;
	/* Pieces are to leave as they are sent. */
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	ev_io_set(&d->connection, fd, EV_READ);
	ev_io_start(loop, &d->connection);
}

/* Listening */

/* A socket that is bound, and takes connections if the DTU does. */
static bool
open_listener(struct device *d)
{
	socklen_t size = size_of(&d->address);
	int on = 1, fd;

	fd = socket(d->address.any.sa_family,
	    SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return false;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	if (bind(fd, &d->address.any, size) < 0 ||
	    getsockname(fd, &d->address.any, &size) < 0 ||
	    (d->listens && listen(fd, BACKLOG) < 0)) {
		int error = errno;

		close(fd);
		errno = error;
		return false;
	}
	ev_io_set(&d->listener, fd, EV_READ);
	if (d->listens)
		ev_io_start(d->server->loop, &d->listener);
	return true;
}

static void
close_listener(struct device *d)
{
	if (d->listener.fd < 0)
		return;
	ev_io_stop(d->server->loop, &d->listener);
	close(d->listener.fd);
	d->listener.fd = -1;
}

static bool
refuses(const struct device *d)
{
	return d->faults != NULL && hm_sim_faults_refuse(d->faults,
	    hm_monotonic_ms() - d->server->clock.began_ms,
	    now(d->server)->simulated);
}

/* A port that refuses stays bound, so that nobody else gets it. */
static void
open_or_refuse(struct device *d)
{
	bool listens = !refuses(d), changed = listens != d->listens;

	if (!changed && d->listener.fd >= 0)
		return;
	d->listens = listens;
	close_listener(d);
	if (!listens)
		close_connection(d);
	if (!open_listener(d) && changed) {
		const char *reason = strerror(errno);
		char uri[HM_SIM_URI];

		print_uri(d, uri);
		hm_log_facts(HM_WARNING, HM_FACTS(hm_fact("uri", uri),
		    hm_fact("reason", reason)), "cannot listen again on %s: "
		    "%s", uri, reason);
	}
}

static void
on_refuse(struct ev_loop *loop, ev_timer *timer, int events)
{
	struct hm_sim_server *server = timer->data;

	(void)loop;
	(void)events;
	for (size_t i = 0; i < server->count; i++)
		open_or_refuse(&server->device[i]);
}

/* Keys */

static bool
new_key(struct device *d)
{
	return getrandom(d->dtu.random, sizeof d->dtu.random, 0) ==
	    (ssize_t)sizeof d->dtu.random;
}

/* As when a DTU restarts: connections end, too. */
static void
on_rekey(struct ev_loop *loop, ev_timer *timer, int events)
{
	struct hm_sim_server *server = timer->data;

	(void)loop;
	(void)events;
	for (size_t i = 0; i < server->count; i++) {
		struct device *d = &server->device[i];

		if (!d->dtu.encrypts)
			continue;
		if (!new_key(d))
			hm_log_errno(HM_WARNING, "no random bytes for a key");
		close_connection(d);
	}
}

/* Setting up */

/* A listener and a connection each; what the system does not give, later. */
static void
raise_limit(size_t dtus)
{
	rlim_t wanted = 2 * (rlim_t)dtus + SPARE_DESCRIPTORS;
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur >= wanted)
		return;
	if (limit.rlim_max < wanted) {
		struct rlimit more = {wanted, wanted};

		/* Root may. */
		if (setrlimit(RLIMIT_NOFILE, &more) == 0)
			return;
	}
	limit.rlim_cur = limit.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
		hm_log_errno(HM_WARNING, "cannot raise the limit on open "
		    "descriptors");
}

static void
start_device(struct hm_sim_server *server, size_t index)
{
	const struct hm_sim_options *o = &server->options;
	struct device *d = &server->device[index];

	d->server = server;
	d->is_modbus = index >= o->hm_dtus;
	d->listens = true;
	if (o->fault_dtu == 0 || o->fault_dtu == index + 1)
		d->faults = &o->faults;
	d->dtu.plant = &o->plant;
	d->dtu.index = index;
	d->dtu.encrypts = o->encrypts && !d->is_modbus;
	d->dtu.serial = hm_sim_plant_dtu_serial(&o->plant, index, d->is_modbus ?
	    HM_SIM_PLANT_DTU_MODBUS : d->dtu.encrypts ?
	    HM_SIM_PLANT_DTU_ENCRYPTED : HM_SIM_PLANT_DTU_PLAIN);
	d->dtu.page_size = o->page_size;
	d->dtu.numbers = o->numbers;
	d->dtu.unit = o->unit;
	d->dtu.arena = &server->arena;
	d->dtu.sequence = 900;
	ev_io_init(&d->listener, on_accept, -1, EV_READ);
	ev_io_init(&d->connection, on_connection, -1, EV_READ);
	ev_timer_init(&d->pace, on_pace, 0, 0);
	d->listener.data = d->connection.data = d->pace.data = d;
}

static void
place_device(struct device *d, size_t index, const union address *first)
{
	const struct hm_sim_options *o = &d->server->options;
	size_t step = index;
	int64_t port = o->port;

	if (port == HM_SIM_PORT_USUAL) {
		port = d->is_modbus ? MODBUS_PORT : HM_PORT;
		step = d->is_modbus ? index - o->hm_dtus : index;
	}
	d->address = *first;
	if (o->spread_addresses)
		d->address.v4.sin_addr.s_addr = htonl(
		    ntohl(first->v4.sin_addr.s_addr) + (uint32_t)index);
	else if (port != 0)
		port += (int64_t)step;
	set_port(&d->address, port);
}

static bool
is_loopback(uint32_t address)
{
	return address >> 24 == 127;
}

/* Whether all DTUs find room. The reason why not is logged. */
static bool
check_places(const struct hm_sim_options *o, size_t count,
    const union address *first)
{
	uint32_t base = ntohl(first->v4.sin_addr.s_addr);
	bool usual = o->port == HM_SIM_PORT_USUAL;
	int64_t port = usual ? HM_PORT : o->port;
	int64_t last = port + (int64_t)(usual ? o->hm_dtus : count) - 1;

	if (o->spread_addresses && (first->any.sa_family != AF_INET ||
	    !is_loopback(base) || !is_loopback(base + (uint32_t)(count - 1)))) {
		hm_log(HM_ERROR, "--spread address: found \"%s\" as the first "
		    "of %zu addresses, allowed are those that begin with 127",
		    o->address, count);
		return false;
	}
	if (!o->spread_addresses && port != 0 && last > PORT_MAX) {
		hm_log(HM_ERROR, "--port: found %lld as the first of %zu "
		    "ports, the last is %d", (long long)port, count, PORT_MAX);
		return false;
	}
	return true;
}

static bool
open_devices(struct hm_sim_server *server, const union address *first)
{
	for (size_t i = 0; i < server->count; i++) {
		struct device *d = &server->device[i];

		place_device(d, i, first);
		d->listens = !refuses(d);
		if (d->dtu.encrypts && !new_key(d)) {
			hm_log_errno(HM_ERROR, "no random bytes for a key");
			return false;
		}
		if (!open_listener(d)) {
			const char *reason = strerror(errno);
			char uri[HM_SIM_URI];

			print_uri(d, uri);
			hm_log_facts(HM_ERROR, HM_FACTS(hm_fact("uri", uri),
			    hm_fact("reason", reason)), "cannot listen on %s: "
			    "%s", uri, reason);
			return false;
		}
	}
	return true;
}

static void
start_timers(struct hm_sim_server *server)
{
	double rekey = (double)server->options.rekey_ms / 1000;

	ev_timer_init(&server->rekey, on_rekey, rekey, rekey);
	ev_timer_init(&server->refuse, on_refuse, REFUSE_CHECK, REFUSE_CHECK);
	server->rekey.data = server->refuse.data = server;
	if (server->options.rekey_ms > 0)
		ev_timer_start(server->loop, &server->rekey);
	if (server->options.faults.given & HM_SIM_BIT(HM_SIM_REFUSE))
		ev_timer_start(server->loop, &server->refuse);
}

/* A server without a socket yet; NULL if there is no memory. */
static struct hm_sim_server *
new_server(struct ev_loop *loop, const struct hm_sim_options *options)
{
	size_t count = options->hm_dtus + options->modbus_dtus;
	struct hm_sim_server *server = calloc(1, sizeof *server);

	if (server == NULL)
		return NULL;
	server->device = calloc(count, sizeof *server->device);
	if (server->device == NULL ||
	    !hm_arena_init(&server->arena, HM_SIM_ARENA)) {
		free(server->device);
		free(server);
		return NULL;
	}
	server->options = *options;
	server->loop = loop;
	server->count = count;
	server->reserve = open("/dev/null", O_RDONLY | O_CLOEXEC);
	hm_sim_clock_start(&server->clock, options->start, options->reset,
	    options->speed, options->refresh_ms, hm_monotonic_ms(),
	    hm_clock_now());
	for (size_t i = 0; i < count; i++)
		start_device(server, i);
	return server;
}

struct hm_sim_server *
hm_sim_server_open(struct ev_loop *loop, const struct hm_sim_options *options,
    int *status)
{
	size_t count = options->hm_dtus + options->modbus_dtus;
	struct hm_sim_server *server;
	union address first;

	*status = HM_EXIT_CONFIG;
	if (!parse_address(options->address, &first)) {
		hm_log(HM_ERROR, "--listen: found \"%s\", allowed is an IPv4 "
		    "or IPv6 address", options->address);
		return NULL;
	}
	if (!check_places(options, count, &first))
		return NULL;
	*status = HM_EXIT_OS;
	raise_limit(count);
	server = new_server(loop, options);
	if (server == NULL) {
		hm_log(HM_ERROR, "no memory for %zu DTUs", count);
		return NULL;
	}
	start_timers(server);
	if (open_devices(server, &first))
		return server;
	hm_sim_server_close(server);
	return NULL;
}

void
hm_sim_server_close(struct hm_sim_server *server)
{
	if (server == NULL)
		return;
	ev_timer_stop(server->loop, &server->rekey);
	ev_timer_stop(server->loop, &server->refuse);
	for (size_t i = 0; i < server->count; i++) {
		close_connection(&server->device[i]);
		close_listener(&server->device[i]);
	}
	if (server->reserve >= 0)
		close(server->reserve);
	hm_arena_free(&server->arena);
	free(server->device);
	free(server);
}

/* Asking */

size_t
hm_sim_server_count(const struct hm_sim_server *server)
{
	return server->count;
}

void
hm_sim_server_list(const struct hm_sim_server *server, size_t dtu,
    struct hm_sim_listing *listing)
{
	const struct device *d = &server->device[dtu];

	print_uri(d, listing->uri);
	listing->serial = d->dtu.serial;
	listing->encrypts = d->dtu.encrypts;
}

const struct hm_sim_counters *
hm_sim_server_counters(const struct hm_sim_server *server)
{
	return &server->counters;
}
