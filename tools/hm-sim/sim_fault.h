#ifndef HM_SIM_FAULT_H
#define HM_SIM_FAULT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The faults of hm-sim, and when they act. See faults.def and hm-sim(1). */
enum hm_sim_fault {
#define FAULT(id, name, transports, text) HM_SIM_##id,
#include "faults.def"
#undef FAULT
	HM_SIM_FAULTS
};

/* Sets of faults have one bit for each. */
#define HM_SIM_BIT(fault) (UINT64_C(1) << (fault))

/* The protocols of hm-sim, in the order in which it lists its DTUs. */
enum hm_sim_transport {
	HM_SIM_OVER_HM,
	HM_SIM_OVER_MODBUS,
	HM_SIM_OVER_ES, /* gateways of hybrid inverters */
	HM_SIM_OVER_G3, /* the same over Modbus */
	HM_SIM_TRANSPORTS
};

/* Its name as an option and as the scheme of a URI. */
const char *hm_sim_transport_name(enum hm_sim_transport transport);

/* The faults that a transport has. */
uint64_t hm_sim_faults_of(enum hm_sim_transport transport);

enum hm_sim_when {
	HM_SIM_NEVER,
	HM_SIM_ALWAYS,
	HM_SIM_FIRST, /* the first n */
	HM_SIM_AFTER, /* the nth and all that follow */
	HM_SIM_AT,    /* the nth up to the last */
	HM_SIM_EVERY, /* the nth, 2nth, 3nth ... */
	HM_SIM_QUARTER, /* in the first minute of each quarter hour */
};

struct hm_sim_rule {
	enum hm_sim_when when;
	uint64_t n, last;
};

struct hm_sim_faults {
	struct hm_sim_rule rule[HM_SIM_FAULTS];
	uint64_t given; /* the set of faults with a rule */
};

/*
 * Read a list such as "crc:every=3 pieces". False if it is wrong; `problem` is
 * then one line about the wrong word and the allowed ones.
 */
bool hm_sim_faults_parse(const char *text, struct hm_sim_faults *faults,
    char *problem, size_t cap);

/* The names of a set of faults, separated by spaces, for messages. */
void hm_sim_faults_names(uint64_t set, char *buf, size_t cap);

/*
 * The set of faults that act on a DTU's nth request, from 1, at a simulated
 * time in s. HM_SIM_REFUSE is never among them.
 */
uint64_t hm_sim_faults_at(const struct hm_sim_faults *faults, uint64_t n,
    int64_t simulated);

/*
 * Whether a DTU refuses connections `ms` after the start. A closed port cannot
 * count requests, so the rule counts seconds: the first n, all after n, the
 * nth to the last, or n open and n closed in turn.
 */
bool hm_sim_faults_refuse(const struct hm_sim_faults *faults, int64_t ms,
    int64_t simulated);

#endif
