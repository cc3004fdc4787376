#ifndef HM_SIM_SERVER_H
#define HM_SIM_SERVER_H

#include "sim_address.h"
#include "sim_dtu.h"

/*
 * The simulated DTUs on their sockets, in an event loop of libev. Like a real
 * DTU, each serves one client at a time: a new connection ends the old one.
 */

/* 10081 for hm and es, 1502 for modbus and modbus-g3 */
#define HM_SIM_PORT_USUAL (-1)

struct hm_sim_options {
	struct hm_sim_plant plant;
	struct hm_sim_house house; /* of gateways */
	size_t dtus[HM_SIM_TRANSPORTS];
	const char *address; /* IPv4 or IPv6 */
	int64_t port; /* the first; 0: any; HM_SIM_PORT_USUAL */
	bool spread_addresses; /* consecutive addresses, not ports */
	uint8_t unit;
	bool encrypts;
	int64_t rekey_ms; /* 0: never */
	int64_t encrypt_after_ms; /* from the start; 0: never */
	size_t page_size;
	int32_t upload_minutes;
	int64_t start, reset; /* as in hm_sim_clock_start */
	int64_t speed, refresh_ms;
	const struct hm_sim_day *day; /* borrowed; NULL: none; the house has it,
	                                 too */
	bool unsolicited; /* send an unsolicited frame before each reply */
	struct hm_sim_faults faults;
	bool numbers; /* see struct hm_sim_dtu */
	bool old_map; /* of orders over Modbus */
	/* Called when a DTU has sent all replies of answer `number`. */
	void (*answered)(void *context, int64_t serial, uint16_t number);
	/* Called when a DTU has taken an order. */
	void (*ordered)(void *context, int64_t serial,
	    const struct hm_sim_order *order);
	/* Called when an inverter of a gateway has been told something. */
	void (*told)(void *context, int64_t serial,
	    enum hm_sim_telling telling,
	    const struct hm_sim_settings *settings);
	/* Called when a gateway has sent the energies of an inverter. */
	void (*counted)(void *context, int64_t serial,
	    const struct hm_sim_hybrid *inverter);
	void *context;
	size_t fault_dtu; /* the only one with faults, from 1; 0: all */
};

struct hm_sim_counters {
	uint64_t connections, requests, replies, faults;
	uint64_t orders;       /* that DTUs have taken */
	uint64_t flash_writes; /* kept limits that reached the inverters */
};

/* A DTU, for its clients. */
struct hm_sim_listing {
	char uri[HM_SIM_URI];
	int64_t serial; /* 0: clients cannot read it */
	bool encrypts;
};

struct ev_loop;
struct hm_sim_server;

/*
 * Open all DTUs. NULL, logged, with *status set to an exit status if an
 * option is wrong or the system refuses. Freed by hm_sim_server_close.
 */
struct hm_sim_server *hm_sim_server_open(struct ev_loop *loop,
    const struct hm_sim_options *options, int *status);
void hm_sim_server_close(struct hm_sim_server *server);

/* The number of DTUs that the options ask for. */
size_t hm_sim_server_wanted(const struct hm_sim_options *options);

void hm_sim_server_list(const struct hm_sim_server *server, size_t dtu,
    struct hm_sim_listing *listing);
size_t hm_sim_server_count(const struct hm_sim_server *server);

/* What the meter of a DTU shows now, in 0.1 W; below 0 is export. */
int64_t hm_sim_server_grid(struct hm_sim_server *server, size_t dtu);

/* Borrowed for the life of the server. */
const struct hm_sim_counters *hm_sim_server_counters(
    const struct hm_sim_server *server);

#endif
