#ifndef HM_MSA_STATE_H
#define HM_MSA_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"
#include "record/fields.h"
#include "record/types.h"

/*
 * The states that an MS-A2 or HiBattery publishes to the broker of its owner,
 * as values of readings. Topics, keys, units and steps are those of Hoymiles'
 * "MSA Micro Storage MQTT Protocol Development Guide" V0.3, `pvs` is of V0.5.1.
 * docs/hybrids.md says what is unproven. No I/O, no memory of its own.
 */

#define HM_MSA_FILTERS ((size_t)3)
#define HM_MSA_PAYLOAD_MAX ((size_t)16 * 1024) /* bytes */
#define HM_MSA_PORTS 16
#define HM_MSA_VALUES ((size_t)48) /* of a device, at most */
#define HM_MSA_SERIAL ((size_t)12) /* hexadecimal digits */

/* The topics to subscribe to. */
extern const char *const hm_msa_filters[HM_MSA_FILTERS];

enum hm_msa_state {
	HM_MSA_QUICK,  /* every second */
	HM_MSA_DEVICE, /* every 5 minutes */
	HM_MSA_SYSTEM, /* every 5 minutes, from a master or a single device */
	HM_MSA_STATES
};

struct hm_msa_topic {
	enum hm_msa_state state;
	struct hm_slice device; /* its name in the topic: MSA-280024341346 */
};

/* False if the topic is that of no state. The name is not checked. */
bool hm_msa_topic(struct hm_slice topic, struct hm_msa_topic *out);

/*
 * The serial number: the digits behind the last hyphen of the name, in lower
 * case, with a NUL. False if the name is not of that form, too long for a name
 * of a DTU, or not printable.
 */
bool hm_msa_serial(struct hm_slice device, char serial[HM_MSA_SERIAL + 1]);

struct hm_msa_value {
	enum hm_scope scope;
	int64_t port; /* 0: the record has none */
	enum hm_field_id field;
	unsigned scale; /* decimals in `units` */
	int64_t units;
};

struct hm_msa_values {
	size_t count;
	struct hm_msa_value value[HM_MSA_VALUES];
	/* The battery's power is left out: bat_sts refutes its sign. */
	bool contradicts;
};

/*
 * Read a payload, which may be anything. NULL, or why nothing in it can be
 * used. What is absent, of another type or impossible is left out.
 */
const char *hm_msa_values(struct hm_msa_values *values,
    enum hm_msa_state state, struct hm_slice payload);

#endif
