#ifndef HM_POWER_FACTOR_H
#define HM_POWER_FACTOR_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Judges a power factor by the other values of a reading: some firmware sends
 * 1 for 1.000 (hoymiles-wifi issue 13), and DTUs send 0 where they know none.
 */

#define HM_POWER_FACTOR_PHASES 3

/* Values of one reading, in the units below; 0 if the DTU did not send one. */
struct hm_power_reading {
	int64_t power;    /* 0.1 W; its sign means nothing here */
	int64_t step;     /* of the power on the wire, 0.1 W */
	int64_t reactive; /* 0.1 var */
	int64_t voltage[HM_POWER_FACTOR_PHASES]; /* 0.01 V */
	int64_t current[HM_POWER_FACTOR_PHASES]; /* 0.01 A */
};

/*
 * False if the reading refutes the factor `raw`, in thousandths. It agrees if
 * it is P / S within the steps of the values and 0.02, where S is the sum of
 * V x I or comes from P and the reactive power: DTU-Pros compute I as P / V. A
 * factor that no other value can test is good, unless it is 0 or 1 thousandth.
 * Otherwise *factor is the factor in thousandths: 1000 for a 1 that means 1.
 */
bool hm_power_factor(const struct hm_power_reading *reading, int64_t raw,
    int64_t *factor);

#endif
