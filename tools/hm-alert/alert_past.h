#ifndef HM_ALERT_PAST_H
#define HM_ALERT_PAST_H

#include <stdbool.h>
#include <stdint.h>

#include "alert_table.h"
#include "base/slice.h"

/*
 * What the database of hm-store has of a DTU that has not answered since
 * hm-alert started.
 */
struct hm_alert_past {
	char serial[HM_ALERT_SERIAL_MAX + 1];
	int64_t time; /* of its last readings, in seconds by their clock */
	bool dark;    /* no power, or at most dark_mw, in them */
};

/*
 * Read it from the database at `path`. False if it has nothing of the DTU, or
 * cannot be read, which is logged unless there is no such file.
 */
bool hm_alert_past_read(const char *path, struct hm_slice dtu, int64_t dark_mw,
    struct hm_alert_past *past);

#endif
