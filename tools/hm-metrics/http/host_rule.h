#ifndef HM_HOST_RULE_H
#define HM_HOST_RULE_H

#include "base/slice.h"
#include "http.h"

/*
 * Which names hm-metrics answers to. A web page elsewhere can point a name of
 * its own at this machine (DNS rebinding); its visitor's browser then lets it
 * read what this machine answers. That name is in the header Host.
 */

enum hm_host_verdict {
	HM_HOST_ANSWERED,
	HM_HOST_REFUSED, /* a name of another machine */
	HM_HOST_INVALID, /* not one host; RFC 9112, section 3.2 */
};

/*
 * Answered are localhost, addresses, names without a dot, the name `own` of
 * this machine with any domain, and the words of the list `allowed` (NULL:
 * none). A request of HTTP/1.0 may have no Host: a browser always sends one.
 */
enum hm_host_verdict hm_host_rule(const struct hm_http_request *request,
    const char *own, const char *allowed);

/*
 * True if every word of a list is a name or an address without a port. Else
 * *wrong is one that is not.
 */
bool hm_host_rule_check(const char *allowed, struct hm_slice *wrong);

#endif
