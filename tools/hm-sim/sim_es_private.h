#ifndef HM_SIM_ES_PRIVATE_H
#define HM_SIM_ES_PRIVATE_H

#include <protobuf-c/protobuf-c.h>

#include "sim_dtu.h"
#include "sim_gateway.h"

/*
 * Shared by sim_es.c, which reads requests and frames replies, and the files
 * that build them: sim_es_info.c, sim_es_readings.c and sim_es_mode.c.
 */

/* A request, and what its reply is made of. */
struct hm_sim_es_answer {
	struct hm_sim_dtu *dtu;
	struct hm_sim_gateway *gateway; /* that of the DTU */
	const struct hm_sim_time *now;
	uint64_t faults;
	const struct hm_frame *request;
	uint8_t *out;
};

/*
 * The request as a message, valid until the next call; NULL if it cannot be
 * unpacked.
 */
const void *hm_sim_es_unpack(const struct hm_sim_es_answer *a,
    const ProtobufCMessageDescriptor *type);

/* Write the reply to a->out. Returns its size, 0 if it is too long. */
size_t hm_sim_es_reply(struct hm_sim_es_answer *a,
    const ProtobufCMessage *message);

/* The time that a reply shows, for a wall clock in s since 1970. */
int64_t hm_sim_es_clock(const struct hm_sim_es_answer *a, int64_t wall);

/* The inverters that the gateway knows: none under the fault "unmapped". */
size_t hm_sim_es_inverters(const struct hm_sim_es_answer *a);

#define HM_SIM_ES_OFFSET 3600 /* s, between its time and that of the place */

/* Write the reply to one kind of request; 0 if there is none. */
size_t hm_sim_es_info(struct hm_sim_es_answer *a);
size_t hm_sim_es_network(struct hm_sim_es_answer *a);
size_t hm_sim_es_registry(struct hm_sim_es_answer *a);
size_t hm_sim_es_readings(struct hm_sim_es_answer *a);
size_t hm_sim_es_mode(struct hm_sim_es_answer *a);

#endif
