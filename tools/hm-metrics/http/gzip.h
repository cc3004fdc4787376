#ifndef HM_GZIP_H
#define HM_GZIP_H

#include <stdbool.h>

#include "shared_bytes.h"

/*
 * Whether a client takes gzip, by its header Accept-Encoding (RFC 9110, 12.5.3;
 * NULL: none was sent). "*" stands for gzip if that is not named, and a weight
 * of 0 refuses.
 */
bool hm_gzip_is_accepted(const char *encodings);

/*
 * The bytes as gzip, with one holder. NULL if there is no memory, or if they
 * are more than zlib takes at once.
 */
struct hm_shared_bytes *hm_gzip(const struct hm_shared_bytes *bytes);

#endif
