/*
 * A path, and what stands for a limit, from anybody: a serial number that is
 * found is letters and digits of the path, a limit is within its bounds.
 */

#include <ctype.h>
#include <stdlib.h>

#include "http/url.h"

#define FOUND(condition) ((condition) ? abort() : (void)0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);
	struct hm_url route;
	int limit;

	FOUND(text == NULL);
	memcpy(text, data, size);
	text[size] = '\0';
	if (hm_url_parse(text, &route)) {
		FOUND(route.kind >= HM_ROUTES || text[0] != '/');
		FOUND(strlen(route.serial) >= sizeof route.serial);
		FOUND(strstr(text, route.serial) == NULL);
		for (const char *p = route.serial; *p != '\0'; p++)
			FOUND(!isalnum((unsigned char)*p));
	} else {
		FOUND(route.kind != HM_ROUTES);
	}
	if (hm_url_limit(text, &limit))
		FOUND(limit < 1 || limit > HM_LIMIT_MAX);
	free(text);
	return 0;
}
