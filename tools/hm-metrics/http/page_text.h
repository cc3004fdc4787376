#ifndef HM_PAGE_TEXT_H
#define HM_PAGE_TEXT_H

#include <stddef.h>

/*
 * The page in each language, as ../page/build prints it. The build makes the
 * table, with ../page/pages.
 */

/* Only the page's own script and style, by the base64 of their SHA-256. */
#define HM_PAGE_POLICY(script, style) \
	"default-src 'none'; script-src 'sha256-" script "'; " \
	"style-src 'sha256-" style "'; connect-src 'self'; img-src data:; " \
	"base-uri 'none'; form-action 'none'"

struct hm_page_text {
	const char *language; /* ISO 639, of two or three letters */
	const unsigned char *html;
	size_t size;
	const char *policy; /* Content-Security-Policy */
	/* Words of the table for browsers without scripts. */
	const char *plant, *unknown;
	const char *error, *stale, *silent, *online; /* states of a DTU */
};

/* English is the first. */
extern const struct hm_page_text hm_page_texts[];
extern const size_t hm_page_languages;

#endif
