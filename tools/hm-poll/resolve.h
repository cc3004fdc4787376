#ifndef HM_RESOLVE_H
#define HM_RESOLVE_H

#include <ev.h>
#include <netdb.h>
#include <stdbool.h>

/*
 * Looks up names without blocking the loop. Numeric addresses are resolved at
 * once; for names the system's resolver (hosts file, mDNS, DNS) runs in a
 * thread of the C library.
 */

struct hm_resolver;
struct hm_resolve_query;

/* NULL if there is no memory. */
struct hm_resolver *hm_resolver_new(struct ev_loop *loop);

/*
 * False, and the resolver not freed, if the C library still works on a lookup:
 * that will wake the loop, so the loop must not be destroyed.
 */
bool hm_resolver_free(struct hm_resolver *r);

/*
 * Look up a TCP address. `answered` is called once, now or later, with a list
 * that it owns (freeaddrinfo), or with NULL and the resolver's text. Returns
 * the lookup if it is still under way, or NULL.
 */
struct hm_resolve_query *hm_resolve(struct hm_resolver *r, const char *host,
    uint16_t port, void (*answered)(void *context, struct addrinfo *list,
    const char *error), void *context);

/* Cancel a lookup that is under way: `answered` will not be called. */
void hm_resolve_cancel(struct hm_resolve_query *lookup);

#endif
