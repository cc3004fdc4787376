#include "log_bytes.h"

#include <stdio.h>

#include "base/log.h"

void
hm_log_bytes(const struct hm_dtu *dtu, const char *what, const uint8_t *bytes,
    size_t size, size_t most)
{
	char hex[2 * HM_LOGGED_BYTES + 1] = "";
	size_t shown = most < HM_LOGGED_BYTES ? most : HM_LOGGED_BYTES;
	size_t n = size < shown ? size : shown;

	if (!hm_log_shows(HM_DEBUG))
		return;
	for (size_t i = 0; i < n; i++)
		snprintf(hex + 2 * i, 3, "%02x", bytes[i]);
	hm_log_facts(HM_DEBUG, HM_FACTS(hm_fact("dtu", dtu->name),
	    hm_fact_int("bytes", (int64_t)size)), "%s: %s %zu bytes: %s%s",
	    dtu->name, what, size, hex, n < size ? "..." : "");
}
