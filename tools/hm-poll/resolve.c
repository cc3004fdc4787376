#include "resolve.h"

#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct hm_resolve_query {
	struct hm_resolve_query *next;
	struct gaicb request;
	struct addrinfo hints;
	char *host;
	char port[8];
	void (*answered)(void *context, struct addrinfo *list,
	    const char *error);
	void *context; /* NULL: cancelled */
};

struct hm_resolver {
	struct ev_loop *loop;
	ev_async wake;
	struct hm_resolve_query *first; /* under way */
	atomic_uint answers;     /* still to come from threads */
};

static void
free_lookup(struct hm_resolve_query *lookup)
{
	free(lookup->host);
	free(lookup);
}

static void
answer(struct hm_resolve_query *lookup, int result)
{
	struct addrinfo *list = lookup->request.ar_result;

	if (lookup->context == NULL) {
		if (list != NULL)
			freeaddrinfo(list);
	} else if (result == 0) {
		lookup->answered(lookup->context, list, NULL);
	} else {
		lookup->answered(lookup->context, NULL, gai_strerror(result));
	}
}

static void
on_wake(struct ev_loop *loop, ev_async *wake, int events)
{
	struct hm_resolver *r = wake->data;
	struct hm_resolve_query **link = &r->first;

	(void)loop;
	(void)events;
	while (*link != NULL) {
		struct hm_resolve_query *lookup = *link;
		int result = gai_error(&lookup->request);

		if (result == EAI_INPROGRESS) {
			link = &lookup->next;
			continue;
		}
		*link = lookup->next;
		answer(lookup, result);
		free_lookup(lookup);
	}
}

/* Runs in a thread of the C library: waking the loop is all it may do. */
static void
on_answer(union sigval value)
{
	struct hm_resolver *r = value.sival_ptr;

	ev_async_send(r->loop, &r->wake);
	atomic_fetch_sub(&r->answers, 1);
}

struct hm_resolver *
hm_resolver_new(struct ev_loop *loop)
{
	struct hm_resolver *r = calloc(1, sizeof *r);

	if (r == NULL)
		return NULL;
	r->loop = loop;
	ev_async_init(&r->wake, on_wake);
	r->wake.data = r;
	ev_async_start(loop, &r->wake);
	return r;
}

bool
hm_resolver_free(struct hm_resolver *r)
{
	if (r == NULL)
		return true;
	if (atomic_load(&r->answers) > 0)
		return false;
	on_wake(r->loop, &r->wake, 0);
	ev_async_stop(r->loop, &r->wake);
	free(r);
	return true;
}

static bool
resolve_number(const char *host, const char *port,
    const struct addrinfo *hints, struct addrinfo **list)
{
	struct addrinfo numeric = *hints;

	numeric.ai_flags |= AI_NUMERICHOST;
	return getaddrinfo(host, port, &numeric, list) == 0;
}

static struct hm_resolve_query *
start(struct hm_resolver *r, struct hm_resolve_query *lookup)
{
	struct gaicb *list[] = {&lookup->request};
	struct sigevent event = {.sigev_notify = SIGEV_THREAD};

	event.sigev_value.sival_ptr = r;
	event.sigev_notify_function = on_answer;
	lookup->request.ar_name = lookup->host;
	lookup->request.ar_service = lookup->port;
	lookup->request.ar_request = &lookup->hints;
	lookup->next = r->first;
	r->first = lookup;
	atomic_fetch_add(&r->answers, 1);
	if (getaddrinfo_a(GAI_NOWAIT, list, 1, &event) == 0)
		return lookup;
	atomic_fetch_sub(&r->answers, 1);
	r->first = lookup->next;
	return NULL;
}

/*
 * A cancelled lookup that still keeps a thread busy: threads are few, and names
 * that no server answers must not take them all.
 */
static struct hm_resolve_query *
find_abandoned(struct hm_resolver *r, const char *host, const char *port)
{
	struct hm_resolve_query *lookup = r->first;

	while (lookup != NULL && (lookup->context != NULL ||
	    strcmp(lookup->host, host) != 0 ||
	    strcmp(lookup->port, port) != 0))
		lookup = lookup->next;
	return lookup;
}

struct hm_resolve_query *
hm_resolve(struct hm_resolver *r, const char *host, uint16_t port,
    void (*answered)(void *context, struct addrinfo *list, const char *error),
    void *context)
{
	struct hm_resolve_query *lookup = calloc(1, sizeof *lookup), *abandoned;
	struct addrinfo *list;

	if (lookup == NULL) {
		answered(context, NULL, "no memory");
		return NULL;
	}
	lookup->hints.ai_socktype = SOCK_STREAM;
	lookup->hints.ai_flags = AI_NUMERICSERV;
	snprintf(lookup->port, sizeof lookup->port, "%u", port);
	if (resolve_number(host, lookup->port, &lookup->hints, &list)) {
		free_lookup(lookup);
		answered(context, list, NULL);
		return NULL;
	}
	abandoned = find_abandoned(r, host, lookup->port);
	if (abandoned != NULL) {
		free_lookup(lookup);
		abandoned->answered = answered;
		abandoned->context = context;
		return abandoned;
	}
	lookup->answered = answered;
	lookup->context = context;
	lookup->host = strdup(host);
	if (lookup->host != NULL && start(r, lookup) != NULL)
		return lookup;
	free_lookup(lookup);
	answered(context, NULL, "the system refused to look it up");
	return NULL;
}

void
hm_resolve_cancel(struct hm_resolve_query *lookup)
{
	if (lookup != NULL)
		lookup->context = NULL;
}
