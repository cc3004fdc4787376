#ifndef HM_SIM_MODBUS_PRIVATE_H
#define HM_SIM_MODBUS_PRIVATE_H

#include "sim_dtu.h"
#include "wire/modbus.h"

/*
 * Shared by sim_modbus.c, which has the readings, sim_modbus_orders.c, and
 * sim_g3.c with its other map.
 */

#define HM_SIM_MODBUS_MBAP ((size_t)6) /* bytes the length does not count */
#define HM_SIM_MODBUS_HEAD ((size_t)9) /* of a reply, to its byte count */

enum hm_sim_exception {
	HM_SIM_ILLEGAL_FUNCTION = 1,
	HM_SIM_ILLEGAL_ADDRESS = 2,
	HM_SIM_ILLEGAL_VALUE = 3,
	HM_SIM_DEVICE_FAILURE = 4,
};

/* Write the head of a reply of `size` bytes. Returns the size. */
size_t hm_sim_modbus_finish(const uint8_t *request, uint8_t *out, size_t size);

/* Write an exception. Returns its size. */
size_t hm_sim_modbus_refuse(const uint8_t *request,
    enum hm_sim_exception code, uint8_t *out);

/* Apply the faults of frames to a reply. Returns its size. */
size_t hm_sim_modbus_damage(uint64_t faults, uint8_t *out, size_t size);

/*
 * sim_modbus_orders.c: whether a complete request is about orders, and its
 * reply. Returns its size, 0 if there is none.
 */
bool hm_sim_modbus_is_order(const uint8_t *request, size_t size);
size_t hm_sim_modbus_order(struct hm_sim_dtu *dtu, const uint8_t *request,
    size_t size, const struct hm_sim_time *now, uint64_t faults, uint8_t *out);

#endif
