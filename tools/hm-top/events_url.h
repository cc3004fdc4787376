#ifndef HM_TOP_EVENTS_URL_H
#define HM_TOP_EVENTS_URL_H

#include "base/slice.h"

/* The address of a running hm-metrics: http://HOST[:PORT][/PATH]. */

#define HM_EVENTS_HOST 256
#define HM_EVENTS_PATH 256

struct hm_events_url {
	char host[HM_EVENTS_HOST];      /* without the brackets of IPv6 */
	char authority[HM_EVENTS_HOST]; /* as in the URL, for the Host header */
	char port[6];
	char path[HM_EVENTS_PATH]; /* "/events" added where the URL has none */
};

/* Returns NULL, or why the text is no such address. */
const char *hm_events_url_read(struct hm_events_url *url, const char *text);

#endif
