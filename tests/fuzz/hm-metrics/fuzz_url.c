/*
 * Any path, any text of a limit and any list of languages: a serial number that
 * is found is letters and digits of the path, a limit is within its bounds, a
 * language is one of the page's.
 */

#include <ctype.h>
#include <stdlib.h>

#include "http/page_language.h"
#include "http/page_text.h"
#include "http/url.h"

#define FOUND(condition) ((condition) ? abort() : (void)0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);
	struct hm_url url;
	int limit;

	FOUND(text == NULL);
	memcpy(text, data, size);
	text[size] = '\0';
	if (hm_url_parse(text, &url)) {
		FOUND(url.kind >= HM_URLS || text[0] != '/');
		FOUND(strlen(url.serial) >= sizeof url.serial);
		FOUND(strstr(text, url.serial) == NULL);
		for (const char *p = url.serial; *p != '\0'; p++)
			FOUND(!isalnum((unsigned char)*p));
	} else {
		FOUND(url.kind != HM_URLS);
	}
	if (hm_url_limit(text, &limit))
		FOUND(limit < 1 || limit > HM_URL_LIMIT_MAX);
	FOUND(hm_page_choose(text) >= hm_page_languages);
	free(text);
	return 0;
}
