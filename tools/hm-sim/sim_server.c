#include "sim_server.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/exits.h"
#include "base/log.h"
#include "sim_address.h"
#include "sim_clock.h"
#include "sim_dtu.h"
#include "sim_fault.h"
#include "sim_gateway.h"
#include "sim_orders.h"
#include "sim_plant.h"
#include "sim_server_private.h"

#define HM_PORT 10081
#define MODBUS_PORT 1502 /* only root may use 502 */
#define PORT_MAX 65535
#define SPARE_DESCRIPTORS 32
#define REFUSE_CHECK 0.1 /* s */

const struct hm_sim_time *
hm_sim_server_now(struct hm_sim_server *server)
{
	return hm_sim_clock_read(&server->clock, hm_monotonic_ms(),
	    hm_clock_now());
}

void
hm_sim_server_uri(const struct hm_sim_endpoint *ep, char uri[HM_SIM_URI])
{
	bool has_unit = ep->transport == HM_SIM_OVER_MODBUS ||
	    ep->transport == HM_SIM_OVER_G3;

	hm_sim_address_uri(&ep->address, hm_sim_transport_name(ep->transport),
	    has_unit ? ep->dtu.unit : HM_SIM_NO_UNIT, uri);
}

/* Keys */

static bool
new_key(struct hm_sim_endpoint *ep)
{
	return getrandom(ep->dtu.random, sizeof ep->dtu.random, 0) ==
	    (ssize_t)sizeof ep->dtu.random;
}

/* A DTU that gets a new key has restarted, so its connection ends, too. */
void
hm_sim_server_restart(struct hm_sim_endpoint *ep)
{
	if (!new_key(ep))
		hm_log_errno(HM_WARNING, "no random bytes for a key");
	hm_sim_connection_close(ep);
}

static void
on_encrypt(struct ev_loop *loop, ev_timer *timer, int events)
{
	struct hm_sim_server *server = timer->data;

	(void)loop;
	(void)events;
	for (size_t i = 0; i < server->options.dtus[HM_SIM_OVER_HM]; i++) {
		server->endpoints[i].dtu.encrypts = true;
		hm_sim_server_restart(&server->endpoints[i]);
	}
}

static void
on_rekey(struct ev_loop *loop, ev_timer *timer, int events)
{
	struct hm_sim_server *server = timer->data;

	(void)loop;
	(void)events;
	for (size_t i = 0; i < server->count; i++) {
		struct hm_sim_endpoint *ep = &server->endpoints[i];

		if (ep->dtu.encrypts)
			hm_sim_server_restart(ep);
	}
}

/* Setting up */

/*
 * Each DTU needs two descriptors, its listener and its connection. With a
 * lower limit connections are dropped later (sim_listener.c).
 */
static void
raise_limit(size_t dtus)
{
	rlim_t wanted = 2 * (rlim_t)dtus + SPARE_DESCRIPTORS;
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur >= wanted)
		return;
	if (limit.rlim_max < wanted) {
		struct rlimit more = {wanted, wanted};

		/* Only root may. */
		if (setrlimit(RLIMIT_NOFILE, &more) == 0)
			return;
	}
	limit.rlim_cur = limit.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
		hm_log_errno(HM_WARNING, "cannot raise the limit on open "
		    "descriptors");
}

/* The transport of a DTU: those of each stand in a row. */
static enum hm_sim_transport
transport_of(const struct hm_sim_options *o, size_t index)
{
	int i = 0;

	while (i < HM_SIM_TRANSPORTS - 1 && index >= o->dtus[i])
		index -= o->dtus[i++];
	return (enum hm_sim_transport)i;
}

/* The serial number of a DTU that is no gateway. */
static int64_t
serial_of(const struct hm_sim_endpoint *ep)
{
	const struct hm_sim_plant *plant = &ep->server->options.plant;

	return hm_sim_plant_dtu_serial(plant, ep->dtu.index, plant->is_hms_w ?
	    HM_SIM_PLANT_DTU_BUILT_IN : ep->transport == HM_SIM_OVER_MODBUS ?
	    HM_SIM_PLANT_DTU_MODBUS : ep->dtu.encrypts ?
	    HM_SIM_PLANT_DTU_ENCRYPTED : HM_SIM_PLANT_DTU_PLAIN);
}

/* False if there is no memory for a gateway. */
static bool
start_gateway(struct hm_sim_endpoint *ep)
{
	const struct hm_sim_options *o = &ep->server->options;

	if (ep->transport != HM_SIM_OVER_ES &&
	    ep->transport != HM_SIM_OVER_G3) {
		ep->dtu.serial = serial_of(ep);
		return true;
	}
	ep->dtu.gateway = hm_sim_gateway_new(&o->house, ep->dtu.index,
	    o->speed);
	if (ep->dtu.gateway == NULL)
		return false;
	ep->dtu.serial = hm_sim_gateway_serial(ep->dtu.gateway);
	return true;
}

static bool
start_endpoint(struct hm_sim_server *server, size_t index)
{
	const struct hm_sim_options *o = &server->options;
	struct hm_sim_endpoint *ep = &server->endpoints[index];

	ep->server = server;
	ep->transport = transport_of(o, index);
	ep->listens = true;
	if (o->fault_dtu == 0 || o->fault_dtu == index + 1)
		ep->faults = &o->faults;
	ep->dtu.plant = &o->plant;
	ep->dtu.index = index;
	ep->dtu.encrypts = o->encrypts && ep->transport == HM_SIM_OVER_HM;
	ep->dtu.old_map = o->old_map;
	ep->dtu.page_size = o->page_size;
	ep->dtu.numbers = o->numbers;
	ep->dtu.unit = o->unit;
	ep->dtu.upload_minutes = o->upload_minutes;
	ep->dtu.arena = &server->arena;
	ep->dtu.sequence = 900;
	ev_io_init(&ep->listener, hm_sim_listener_on_accept, -1, EV_READ);
	ev_io_init(&ep->connection, hm_sim_requests_on_ready, -1, EV_READ);
	ev_timer_init(&ep->pace, hm_sim_connection_on_pace, 0, 0);
	ep->listener.data = ep->connection.data = ep->pace.data = ep;
	return start_gateway(ep);
}

/* The usual port of a transport, and how many DTUs have taken it before. */
static int64_t
usual_port(const struct hm_sim_options *o, enum hm_sim_transport transport,
    size_t index, size_t *step)
{
	*step = index;
	switch (transport) {
	case HM_SIM_OVER_ES:
		*step -= o->dtus[HM_SIM_OVER_MODBUS];
		return HM_PORT;
	case HM_SIM_OVER_MODBUS:
		*step -= o->dtus[HM_SIM_OVER_HM];
		return MODBUS_PORT;
	case HM_SIM_OVER_G3:
		*step -= o->dtus[HM_SIM_OVER_HM] + o->dtus[HM_SIM_OVER_ES];
		return MODBUS_PORT;
	case HM_SIM_OVER_HM:
	case HM_SIM_TRANSPORTS:
		break;
	}
	return HM_PORT;
}

static void
place_endpoint(struct hm_sim_endpoint *ep, size_t index,
    const union hm_sim_address *first)
{
	const struct hm_sim_options *o = &ep->server->options;
	size_t step = index;
	int64_t port = o->port;

	if (port == HM_SIM_PORT_USUAL)
		port = usual_port(o, ep->transport, index, &step);
	ep->address = *first;
	if (o->spread_addresses)
		ep->address.v4.sin_addr.s_addr = htonl(
		    ntohl(first->v4.sin_addr.s_addr) + (uint32_t)index);
	else if (port != 0)
		port += (int64_t)step;
	hm_sim_address_set_port(&ep->address, port);
}

static bool
is_loopback(uint32_t address)
{
	return address >> 24 == 127;
}

/* Check that there are enough addresses or ports. Logs if not. */
static bool
check_places(const struct hm_sim_options *o, size_t count,
    const union hm_sim_address *first)
{
	uint32_t base = ntohl(first->v4.sin_addr.s_addr);
	bool usual = o->port == HM_SIM_PORT_USUAL;
	int64_t port = usual ? HM_PORT : o->port;
	int64_t last = port + (int64_t)(usual ? o->dtus[HM_SIM_OVER_HM] +
	    o->dtus[HM_SIM_OVER_ES] : count) - 1;

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
open_endpoints(struct hm_sim_server *server, const union hm_sim_address *first)
{
	for (size_t i = 0; i < server->count; i++) {
		struct hm_sim_endpoint *ep = &server->endpoints[i];

		place_endpoint(ep, i, first);
		ep->listens = !hm_sim_listener_refuses(ep);
		if (ep->dtu.encrypts && !new_key(ep)) {
			hm_log_errno(HM_ERROR, "no random bytes for a key");
			return false;
		}
		if (!hm_sim_listener_open(ep)) {
			hm_sim_listener_log(ep, HM_ERROR, "cannot listen on");
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
	ev_timer_init(&server->encrypt, on_encrypt,
	    (double)server->options.encrypt_after_ms / 1000, 0);
	ev_timer_init(&server->refuse, hm_sim_listener_on_refuse,
	    REFUSE_CHECK, REFUSE_CHECK);
	server->rekey.data = server->refuse.data = server;
	server->encrypt.data = server;
	if (server->options.encrypt_after_ms > 0)
		ev_timer_start(server->loop, &server->encrypt);
	if (server->options.rekey_ms > 0)
		ev_timer_start(server->loop, &server->rekey);
	if (server->options.faults.given & HM_SIM_BIT(HM_SIM_REFUSE))
		ev_timer_start(server->loop, &server->refuse);
}

/* Returns the server, or NULL, freed, if there is no memory. */
static struct hm_sim_server *
start_endpoints(struct hm_sim_server *server)
{
	bool good = true;

	for (size_t i = 0; i < server->count; i++)
		good = start_endpoint(server, i) && good;
	if (good)
		return server;
	hm_sim_server_close(server);
	return NULL;
}

/* A server without sockets. NULL if there is no memory. */
static struct hm_sim_server *
new_server(struct ev_loop *loop, const struct hm_sim_options *options)
{
	size_t count = hm_sim_server_wanted(options);
	struct hm_sim_server *server = calloc(1, sizeof *server);

	if (server == NULL)
		return NULL;
	server->endpoints = calloc(count, sizeof *server->endpoints);
	if (server->endpoints == NULL ||
	    !hm_arena_init(&server->arena, HM_SIM_ARENA)) {
		free(server->endpoints);
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
	hm_sim_clock_follow(&server->clock, options->day);
	return start_endpoints(server);
}

struct hm_sim_server *
hm_sim_server_open(struct ev_loop *loop, const struct hm_sim_options *options,
    int *status)
{
	size_t count = hm_sim_server_wanted(options);
	struct hm_sim_server *server;
	union hm_sim_address first;

	*status = HM_EXIT_CONFIG;
	if (!hm_sim_address_parse(options->address, &first)) {
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
	if (open_endpoints(server, &first))
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
	ev_timer_stop(server->loop, &server->encrypt);
	ev_timer_stop(server->loop, &server->refuse);
	for (size_t i = 0; i < server->count; i++) {
		hm_sim_connection_close(&server->endpoints[i]);
		hm_sim_listener_close(&server->endpoints[i]);
		hm_sim_gateway_free(server->endpoints[i].dtu.gateway);
	}
	if (server->reserve >= 0)
		close(server->reserve);
	hm_arena_free(&server->arena);
	free(server->endpoints);
	free(server);
}

/* Queries */

size_t
hm_sim_server_wanted(const struct hm_sim_options *options)
{
	size_t count = 0;

	for (size_t i = 0; i < HM_SIM_TRANSPORTS; i++)
		count += options->dtus[i];
	return count;
}

size_t
hm_sim_server_count(const struct hm_sim_server *server)
{
	return server->count;
}

void
hm_sim_server_list(const struct hm_sim_server *server, size_t dtu,
    struct hm_sim_listing *listing)
{
	const struct hm_sim_endpoint *ep = &server->endpoints[dtu];

	hm_sim_server_uri(ep, listing->uri);
	listing->serial = ep->transport == HM_SIM_OVER_G3 ? 0 :
	    ep->dtu.serial;
	listing->encrypts = ep->dtu.encrypts;
}

int64_t
hm_sim_server_grid(struct hm_sim_server *server, size_t dtu)
{
	const struct hm_sim_time *now = hm_sim_server_now(server);
	struct hm_sim_dtu *of = &server->endpoints[dtu].dtu;

	if (of->gateway != NULL) {
		hm_sim_gateway_advance(of->gateway, now);
		return hm_sim_gateway_grid(of->gateway);
	}
	hm_sim_orders_settle(&of->orders, of->plant, now->ms);
	return hm_sim_plant_grid(of->plant, of->index, now) +
	    hm_sim_dtu_withheld(of, now);
}

const struct hm_sim_counters *
hm_sim_server_counters(const struct hm_sim_server *server)
{
	return &server->counters;
}
