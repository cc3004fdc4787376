#ifndef HM_KNOWN_SERIALS_H
#define HM_KNOWN_SERIALS_H

#include "db/db.h"
#include "record/device_map.h"

/*
 * Which DTU has reported each inverter and meter. If a DTU gets another name,
 * its inverters turn up under that, and sums over the history count them
 * twice, until hm-store --rename-dtu.
 */
struct hm_known_serials {
	struct hm_device_map map;
};

/* Freed by hm_known_serials_clear. */
void hm_known_serials_init(struct hm_known_serials *known);
void hm_known_serials_clear(struct hm_known_serials *known);

/* Add those of the database. False: see hm_db_reason. */
bool hm_known_serials_load(struct hm_known_serials *known, struct hm_db *db);

/*
 * A DTU reports a device. Logs a warning, once for each name of a DTU, if the
 * device is known under another name.
 */
void hm_known_serials_see(struct hm_known_serials *known, struct hm_slice dtu,
    struct hm_slice serial);

#endif
