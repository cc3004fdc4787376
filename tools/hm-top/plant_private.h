#ifndef HM_TOP_PLANT_PRIVATE_H
#define HM_TOP_PLANT_PRIVATE_H

#include "plant.h"

/* The number under a key as an amount; unknown if it is none. */
int64_t hm_top_amount(const struct hm_record *record, const char *key);

/* The time under a key, or 0. */
int64_t hm_top_time(const struct hm_record *record, const char *key);

/* Each finds a device, or adds it; HM_TOP_NONE if there is no room. */
size_t hm_top_find_dtu(struct hm_top_plant *plant, const char *name,
    const char *serial);
size_t hm_top_find_inverter(struct hm_top_plant *plant, size_t dtu,
    const char *serial);
size_t hm_top_find_input(struct hm_top_plant *plant, size_t inverter,
    int64_t number);
size_t hm_top_find_meter(struct hm_top_plant *plant, size_t dtu,
    enum hm_top_meter_kind kind, const char *serial);

/* Keep an alarm that lasts, or forget it. */
void hm_top_keep_alarm(struct hm_top_plant *plant,
    const struct hm_top_alarm *alarm, bool ended);

#endif
