#ifndef HM_LIVE_JSON_H
#define HM_LIVE_JSON_H

#include "base/json_writer.h"
#include "live/live_view.h"

/*
 * The devices of the plant as JSON, for /api: with the keys of the bridge that
 * hm replaces. An unknown value is null if the bridge had it, and otherwise
 * absent.
 */

/* An array of all inverters with their inputs. */
void hm_live_json_inverters(struct hm_json *e, const struct hm_view *view);

/* One inverter. False, with nothing written, if it is not known. */
bool hm_live_json_inverter(struct hm_json *e, const struct hm_view *view,
    const char *serial);

/*
 * An array of the inputs of an inverter, or of all for NULL. False, with
 * nothing written, if the inverter is not known.
 */
bool hm_live_json_ports(struct hm_json *e, const struct hm_view *view,
    const char *serial);

/* An array of the energies of all inputs. */
void hm_live_json_production(struct hm_json *e, const struct hm_view *view);

/* A text; null if it is empty. */
void hm_live_json_text(struct hm_json *e, const char *key, const char *text);

#endif
