#ifndef HM_SIM_DTU_H
#define HM_SIM_DTU_H

#include <stdint.h>

#include "base/arena.h"
#include "sim_fault.h"
#include "sim_gateway.h"
#include "sim_orders.h"
#include "sim_plant.h"
#include "wire/hmcrypt.h"

/*
 * A simulated DTU or gateway without sockets: requests in, replies out.
 * sim_hm.c and sim_modbus.c have the two protocols of DTUs, sim_es.c and
 * sim_g3.c those of gateways.
 */

#define HM_SIM_PAGE_MAX 100  /* items in a package of the protobuf protocol */
#define HM_SIM_REPLY_MAX ((size_t)16384) /* bytes of any reply */
#define HM_SIM_ARENA ((size_t)4096)      /* for unpacking any request */

/* What the inverters of a gateway are told by one request. */
enum hm_sim_telling {
	HM_SIM_TELLS_MODE,
	HM_SIM_TELLS_CHARGES, /* lowest and highest charge of the battery */
	HM_SIM_TELLS_EXPORT,
};

#define HM_SIM_NONE_READ SIZE_MAX

struct hm_sim_dtu {
	const struct hm_sim_plant *plant;
	size_t index; /* in the plant, from 0 */
	int64_t serial;
	size_t page_size; /* 1 .. HM_SIM_PAGE_MAX */
	uint8_t unit;     /* Modbus unit id */
	int32_t upload_minutes; /* between two uploads, as it says */
	struct hm_arena *arena; /* borrowed; may be shared */
	bool encrypts;
	uint8_t random[HM_CRYPT_RANDOM];

	uint16_t sequence; /* of frames that do not repeat the request's */
	uint64_t unsolicited; /* frames sent without a request */
	bool alarms_ready; /* the alarm list has been requested */
	bool numbers;      /* inverters show `number` as their alarm count */
	uint16_t number;   /* requests for readings so far */
	bool answered;     /* the last reply completed such a request */
	struct hm_sim_orders orders;
	bool old_map;    /* of orders over Modbus */
	bool restarts;   /* an order to restart has come */
	int64_t booted;  /* wall clock at the last restart, or 0 */
	struct hm_sim_time shown; /* time of the readings sent last */
	bool has_shown;

	struct hm_sim_gateway *gateway; /* NULL: a DTU; else only serial,
	                                   unit and arena are used above */
	size_t read; /* its inverter whose energies were sent last */
	struct hm_sim_set told; /* those that the last request told something */
	enum hm_sim_telling telling;
	uint16_t single; /* the value of a single register that was read last */
};

/*
 * Answer a request that was read with hm_frame_read. Returns the size of the
 * frame in `out`, or 0 if the DTU does not reply. *understood is false if the
 * request did not decrypt.
 */
size_t hm_sim_hm_answer(struct hm_sim_dtu *dtu, const struct hm_frame *request,
    const struct hm_sim_time *now, uint64_t faults,
    uint8_t out[HM_SIM_REPLY_MAX], bool *understood);

/* Write a heartbeat or a warning, in turn. Returns its size. */
size_t hm_sim_hm_unsolicited(struct hm_sim_dtu *dtu,
    const struct hm_sim_time *now, uint8_t out[HM_SIM_REPLY_MAX]);

/*
 * Write what the fault "flood" sends again and again instead of the reply to a
 * request. Returns its size.
 */
size_t hm_sim_hm_flood(struct hm_sim_dtu *dtu, const struct hm_frame *request,
    const struct hm_sim_time *now, uint8_t out[2 * HM_SIM_REPLY_MAX]);

/*
 * Sets *size to the size of the Modbus request at the start of n bytes, or to 0
 * if it is not complete. False if it is not Modbus TCP.
 */
bool hm_sim_modbus_whole(const uint8_t *p, size_t n, size_t *size);

/*
 * Answer a complete Modbus request. Returns the size of the reply in `out`, or
 * 0 if the DTU does not reply.
 */
size_t hm_sim_modbus_answer(struct hm_sim_dtu *dtu, const uint8_t *request,
    size_t request_size, const struct hm_sim_time *now, uint64_t faults,
    uint8_t out[HM_SIM_REPLY_MAX]);

/*
 * The same of a gateway, over both of its protocols. The request over es was
 * read with hm_frame_read.
 */
size_t hm_sim_es_answer(struct hm_sim_dtu *dtu, const struct hm_frame *request,
    const struct hm_sim_time *now, uint64_t faults,
    uint8_t out[HM_SIM_REPLY_MAX]);
size_t hm_sim_g3_answer(struct hm_sim_dtu *dtu, const uint8_t *request,
    size_t request_size, const struct hm_sim_time *now, uint64_t faults,
    uint8_t out[HM_SIM_REPLY_MAX]);

/* What a gateway sends instead under the fault "flood". Returns its size. */
size_t hm_sim_es_flood(struct hm_sim_dtu *dtu, const struct hm_frame *request,
    const struct hm_sim_time *now, uint8_t out[HM_SIM_REPLY_MAX]);
size_t hm_sim_g3_flood(const uint8_t *request, size_t request_size,
    uint8_t out[HM_SIM_REPLY_MAX]);

/* Let the time of a gateway go on, and forget the last request. */
void hm_sim_dtu_begin_gateway(struct hm_sim_dtu *dtu,
    const struct hm_sim_time *now);

/* Whether a complete request is for the record of an input, and of which. */
bool hm_sim_modbus_input(const uint8_t *request, size_t *input);

/* The largest values of a transport's counters. */
struct hm_sim_limits {
	int64_t today, total;
};

/* Apply the faults of counters to the first input of a reply. */
void hm_sim_dtu_glitch(struct hm_sim_plant_port *port, uint64_t faults,
    const struct hm_sim_limits *limits);

/*
 * The readings of an inverter and of an input, with what orders have made of
 * them. Counters of energy are those without orders.
 */
void hm_sim_dtu_read_inverter(const struct hm_sim_dtu *dtu, size_t inverter,
    const struct hm_sim_time *time, struct hm_sim_plant_inverter *out);
void hm_sim_dtu_read_port(const struct hm_sim_dtu *dtu, size_t inverter,
    size_t port, const struct hm_sim_time *time,
    struct hm_sim_plant_port *out);

/* The power (0.1 W) that the inverters do not give because of orders. */
int64_t hm_sim_dtu_withheld(const struct hm_sim_dtu *dtu,
    const struct hm_sim_time *time);

/* Whether inverters are heard: by day, and not under HM_SIM_ZEROS. */
bool hm_sim_dtu_hears(const struct hm_sim_time *time, uint64_t faults);

/* The time of the readings to send: now, or with HM_SIM_STALE the last one. */
const struct hm_sim_time *hm_sim_dtu_show(struct hm_sim_dtu *dtu,
    const struct hm_sim_time *now, uint64_t faults);

/* Write bytes that fit no protocol. Returns their number. */
size_t hm_sim_dtu_garbage(uint8_t out[HM_SIM_REPLY_MAX]);

#endif
