#ifndef HM_PAGE_LANGUAGE_H
#define HM_PAGE_LANGUAGE_H

#include <stddef.h>

/*
 * The index in hm_page_texts of the language that a client wants most, by its
 * header Accept-Language (RFC 9110, 12.5.4; NULL: none was sent): the first of
 * those with the greatest weight. English if the page has none of them. A
 * region counts for its language: "de-AT" is German.
 */
size_t hm_page_choose(const char *languages);

#endif
