#ifndef HM_SIM_FAULT_H
#define HM_SIM_FAULT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * What hm-sim does wrong on request, and when. The last three are no faults:
 * a client must take them in its stride. hm-sim(1) describes each one.
 */
enum hm_sim_fault {
	HM_SIM_REFUSE,
	HM_SIM_HANG,
	HM_SIM_CLOSE,
	HM_SIM_SLOW,
	HM_SIM_TRUNCATED,
	HM_SIM_CRC,
	HM_SIM_LENGTH,
	HM_SIM_COUNT,
	HM_SIM_GARBAGE,
	HM_SIM_UNMAPPED,
	HM_SIM_STALE,
	HM_SIM_EXCEPTION,
	HM_SIM_UNIT,
	HM_SIM_TAG,
	HM_SIM_ZEROS,
	HM_SIM_SPIKE,
	HM_SIM_DIP,
	HM_SIM_SEQ,
	HM_SIM_PIECES,
	HM_SIM_JOINED,
	HM_SIM_FAULTS
};

/* Sets of faults have one bit for each. */
#define HM_SIM_BIT(fault) (1u << (fault))

/* The faults that a transport can show. */
extern const unsigned hm_sim_faults_of_hm;
extern const unsigned hm_sim_faults_of_modbus;

enum hm_sim_when {
	HM_SIM_NEVER,
	HM_SIM_ALWAYS,
	HM_SIM_FIRST, /* the first n */
	HM_SIM_AFTER, /* the nth and all that follow */
	HM_SIM_AT,    /* the nth up to the last */
	HM_SIM_EVERY, /* the nth, 2nth, 3nth ... */
	HM_SIM_QUARTER, /* in the minute that begins each quarter hour */
};

struct hm_sim_rule {
	enum hm_sim_when when;
	uint64_t n, last;
};

struct hm_sim_faults {
	struct hm_sim_rule rule[HM_SIM_FAULTS];
	unsigned given; /* those with a rule */
};

/*
 * Read a list such as "crc:every=3 pieces". False if it is wrong, with one
 * line in `problem` that says where and what is allowed.
 */
bool hm_sim_faults_parse(const char *text, struct hm_sim_faults *faults,
    char *problem, size_t cap);

/* The names of a set of faults, with spaces between, for messages. */
void hm_sim_faults_names(unsigned set, char *buf, size_t cap);

/*
 * The faults that act on a DTU's nth request, from 1, at a simulated time in
 * s; never HM_SIM_REFUSE.
 */
unsigned hm_sim_faults_at(const struct hm_sim_faults *faults, uint64_t n,
    int64_t simulated);

/*
 * Whether a DTU refuses connections ms after the start. A port that is closed
 * cannot count who knocks, so the rule counts seconds: the first n, all after
 * n, the nth up to the last, or n of them open and n closed in turn.
 */
bool hm_sim_faults_refuse(const struct hm_sim_faults *faults, int64_t ms,
    int64_t simulated);

#endif
