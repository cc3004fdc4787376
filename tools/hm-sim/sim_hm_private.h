#ifndef HM_SIM_HM_PRIVATE_H
#define HM_SIM_HM_PRIVATE_H

#include <protobuf-c/protobuf-c.h>

#include "sim_dtu.h"

/*
 * Shared by sim_hm.c, which reads requests and frames replies, and the files
 * that build the replies: sim_hm_info.c, sim_hm_real.c, sim_hm_alarms.c,
 * sim_hm_history.c, sim_hm_orders.c and sim_hm_flood.c.
 */

#define HM_SIM_SIGNAL 62 /* %, as a real DTU-Pro reports it */

/* A request, and the input of its reply. */
struct hm_sim_answer {
	struct hm_sim_dtu *dtu;
	const struct hm_sim_time *now;
	uint64_t faults;
	uint16_t command, sequence; /* of the reply */
	bool sealed;                /* the request was encrypted */
	const uint8_t *payload;     /* of the request, decrypted */
	size_t size;
	char serial[13]; /* as on the label */
	uint8_t *out;
};

/*
 * The request as a message, valid until the next call; NULL if it cannot be
 * unpacked.
 */
const void *hm_sim_hm_unpack(const struct hm_sim_answer *a,
    const ProtobufCMessageDescriptor *type);

/* Write the reply to a->out. Returns its size, 0 if it is too long. */
size_t hm_sim_hm_reply(struct hm_sim_answer *a,
    const ProtobufCMessage *message);

/* The time that a reply shows, for a wall clock in s since 1970. */
int64_t hm_sim_hm_clock(const struct hm_sim_answer *a, int64_t wall);

/* False under the fault "unmapped": the DTU has not found its inverters. */
bool hm_sim_hm_is_mapped(const struct hm_sim_answer *a);

/* The number that a page is sent with: 0 under the fault "unnumbered". */
int32_t hm_sim_hm_page_number(const struct hm_sim_answer *a, int32_t page);

/* The number of pages for the items; at least one, which may be empty. */
int32_t hm_sim_hm_page_count(size_t items, size_t page_size);

/* The items [*first, *end) of a page. False if there is no such page. */
bool hm_sim_hm_page_bounds(int32_t page, size_t items, size_t page_size,
    size_t *first, size_t *end);

/*
 * Write the reply to one kind of request. Returns its size, 0 if the DTU does
 * not reply.
 */
size_t hm_sim_hm_info(struct hm_sim_answer *a);
size_t hm_sim_hm_real(struct hm_sim_answer *a);
size_t hm_sim_hm_command(struct hm_sim_answer *a);
size_t hm_sim_hm_progress(struct hm_sim_answer *a);
size_t hm_sim_hm_alarms(struct hm_sim_answer *a);
size_t hm_sim_hm_history(struct hm_sim_answer *a);
size_t hm_sim_hm_energies(struct hm_sim_answer *a);

/* The fields of an answer that come from the DTU. */
void hm_sim_hm_begin(struct hm_sim_answer *a, struct hm_sim_dtu *dtu,
    const struct hm_sim_time *now);

/* Write the unsolicited warning that an inverter is offline. */
size_t hm_sim_hm_warning(struct hm_sim_answer *a);

#endif
