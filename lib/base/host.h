#ifndef HM_HOST_H
#define HM_HOST_H

#include <stdbool.h>

#include "slice.h"

/* Hosts as people write them in URIs and settings. */

/* Whether the text is an IPv6 address, with or without a %zone. */
bool hm_host_is_ipv6(struct hm_slice text);

/*
 * Read a host: a name of the DNS, an address, or an IPv6 address in brackets,
 * which `host` is without. It ends before one of ":/#" or at the end of the
 * text, and *p is set to there. Returns NULL, or why it is no host.
 */
const char *hm_host_read(const char **p, struct hm_slice *host);

#endif
