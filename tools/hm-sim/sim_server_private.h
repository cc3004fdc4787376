#ifndef HM_SIM_SERVER_PRIVATE_H
#define HM_SIM_SERVER_PRIVATE_H

#include <ev.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "base/log.h"
#include "sim_address.h"
#include "sim_clock.h"
#include "sim_dtu.h"
#include "sim_server.h"
#include "wire/modbus.h"

/*
 * Shared by sim_server.c, sim_listener.c, sim_connection.c and sim_requests.c.
 * They call each other: a request is answered on its connection, and a
 * connection that has sent its reply takes the next request.
 */

/* A simulated DTU with its listening socket and its one connection. */
struct hm_sim_endpoint {
	struct hm_sim_server *server;
	struct hm_sim_dtu dtu;
	const struct hm_sim_faults *faults; /* NULL: none */
	uint64_t requests;
	uint64_t orders_counted, writes_counted; /* of dtu.orders */
	enum hm_sim_transport transport;
	bool listens;
	union hm_sim_address address;
	ev_io listener, connection; /* fd -1 while there is none */
	ev_timer pace;              /* of a reply sent piece by piece */
	struct hm_buffer out;       /* bytes of replies not sent yet */
	size_t piece;               /* bytes to send at a time, 0: all */
	bool close_after;           /* close once `out` is sent */
	bool floods;                /* send `out` again and again */
	size_t flooded;             /* bytes of `out` sent this time */
	uint8_t first[HM_MODBUS_REPLY_MAX]; /* the reply about the first input,
	                                       for the fault "flood" */
	size_t first_size;
	uint8_t late[HM_MODBUS_REPLY_MAX]; /* a reply under the fault "late" */
	size_t late_size;
	size_t in_size;
	uint8_t in[512]; /* no request is longer */
};

struct hm_sim_server {
	struct hm_sim_options options;
	struct ev_loop *loop;
	struct hm_sim_clock clock;
	struct hm_sim_counters counters;
	ev_timer rekey, encrypt, refuse;
	int reserve; /* descriptor for turn_away() in sim_listener.c */
	bool warned_full;
	size_t count;
	struct hm_sim_endpoint *endpoints;
	struct hm_arena arena;
	uint8_t buffer[2 * HM_SIM_REPLY_MAX];
};

/* sim_server.c: the time of the DTUs, restarts, and the URI of a DTU */
const struct hm_sim_time *hm_sim_server_now(struct hm_sim_server *server);
/* The DTU gets a new key, and its connection ends. */
void hm_sim_server_restart(struct hm_sim_endpoint *ep);
void hm_sim_server_uri(const struct hm_sim_endpoint *ep, char uri[HM_SIM_URI]);

/* sim_listener.c: accept connections, or refuse them */

/* Bind, and listen if ep->listens. False, with errno, if that fails. */
bool hm_sim_listener_open(struct hm_sim_endpoint *ep);
void hm_sim_listener_close(struct hm_sim_endpoint *ep);
/* Log "WHAT URI: REASON", the reason from errno. */
void hm_sim_listener_log(const struct hm_sim_endpoint *ep, enum hm_level level,
    const char *what);
/* Whether the fault "refuse" acts now. */
bool hm_sim_listener_refuses(const struct hm_sim_endpoint *ep);
void hm_sim_listener_on_accept(struct ev_loop *loop, ev_io *io, int events);
void hm_sim_listener_on_refuse(struct ev_loop *loop, ev_timer *timer,
    int events);

/* sim_connection.c: send replies, as a whole, in pieces or in part */

/* Send or queue n bytes, with the faults. May close the connection. */
void hm_sim_connection_send(struct hm_sim_endpoint *ep, const uint8_t *p,
    size_t n, uint64_t faults);
/* Send n bytes again and again, until the client closes the connection. */
void hm_sim_connection_flood(struct hm_sim_endpoint *ep, const uint8_t *p,
    size_t n);
void hm_sim_connection_send_pending(struct hm_sim_endpoint *ep);
void hm_sim_connection_close(struct hm_sim_endpoint *ep);
void hm_sim_connection_on_pace(struct ev_loop *loop, ev_timer *timer,
    int events);

/* sim_requests.c: receive requests and answer them */

/* Count a request. Returns the faults of its reply. */
uint64_t hm_sim_requests_faults(struct hm_sim_endpoint *ep);
/* Write the records of an answer that has been sent. */
void hm_sim_requests_report(const struct hm_sim_endpoint *ep);

/* Answer complete requests in ep->in, while no reply waits to be sent. */
void hm_sim_requests_take(struct hm_sim_endpoint *ep);
void hm_sim_requests_on_ready(struct ev_loop *loop, ev_io *io, int events);

/*
 * sim_gateway_requests.c: the same of gateways. Each takes the first request in
 * ep->in, and returns its size, 0 if it is not complete.
 */
size_t hm_sim_gateway_take_es(struct hm_sim_endpoint *ep);
size_t hm_sim_gateway_take_g3(struct hm_sim_endpoint *ep);

#endif
