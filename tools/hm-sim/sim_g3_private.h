#ifndef HM_SIM_G3_PRIVATE_H
#define HM_SIM_G3_PRIVATE_H

#include "sim_dtu.h"
#include "sim_gateway.h"

/*
 * Shared by sim_g3.c, which reads requests, and the register maps of functions
 * 4 and 3: sim_g3_map.c and sim_g3_settings.c. docs/protocol.md has the map.
 */

#define HM_SIM_G3_MOST 123u /* registers in one read */
#define HM_SIM_G3_NO_DATA 0xffffu
#define HM_SIM_G3_NO_STATUS 0x2490u

/*
 * The input registers [first, first + count) of a view. False if the device has
 * none at `first`, and then does not answer.
 */
bool hm_sim_g3_inputs(const struct hm_sim_hybrid_view *view, unsigned first,
    unsigned count, uint64_t faults, uint16_t *out);

/* The same of holding registers, which are settings. */
bool hm_sim_g3_settings(const struct hm_sim_settings *settings,
    const struct hm_sim_house *house, unsigned first, unsigned count,
    uint16_t *out);

/*
 * Write `count` values from a register on. False if one of them cannot be
 * written; *what is what was told.
 */
bool hm_sim_g3_write(struct hm_sim_settings *settings, unsigned first,
    unsigned count, const uint8_t *values, enum hm_sim_telling *what);

#endif
