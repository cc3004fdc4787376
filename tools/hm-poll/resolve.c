#include "resolve.h"

#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

struct hm_resolve_query {
	LIST_ENTRY(hm_resolve_query) next;
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
	LIST_HEAD(hm_resolve_queries, hm_resolve_query) queries; /* under way */
	atomic_uint answers; /* expected from threads */
};

static void
free_query(struct hm_resolve_query *query)
{
	free(query->host);
	free(query);
}

static void
answer(struct hm_resolve_query *query, int result)
{
	struct addrinfo *list = query->request.ar_result;

	if (query->context == NULL) {
		if (list != NULL)
			freeaddrinfo(list);
	} else if (result == 0) {
		query->answered(query->context, list, NULL);
	} else {
		query->answered(query->context, NULL, gai_strerror(result));
	}
}

static void
on_wake(struct ev_loop *loop, ev_async *wake, int events)
{
	struct hm_resolver *r = wake->data;
	struct hm_resolve_query *query = LIST_FIRST(&r->queries), *next;

	(void)loop;
	(void)events;
	for (; query != NULL; query = next) {
		int result = gai_error(&query->request);

		next = LIST_NEXT(query, next);
		if (result == EAI_INPROGRESS)
			continue;
		LIST_REMOVE(query, next);
		answer(query, result);
		free_query(query);
	}
}

/* Runs in a thread of the C library, so it may only wake the loop. */
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
start(struct hm_resolver *r, struct hm_resolve_query *query)
{
	struct gaicb *list[] = {&query->request};
	struct sigevent event = {.sigev_notify = SIGEV_THREAD};

	event.sigev_value.sival_ptr = r;
	event.sigev_notify_function = on_answer;
	query->request.ar_name = query->host;
	query->request.ar_service = query->port;
	query->request.ar_request = &query->hints;
	LIST_INSERT_HEAD(&r->queries, query, next);
	atomic_fetch_add(&r->answers, 1);
	if (getaddrinfo_a(GAI_NOWAIT, list, 1, &event) == 0)
		return query;
	atomic_fetch_sub(&r->answers, 1);
	LIST_REMOVE(query, next);
	return NULL;
}

/*
 * A cancelled query for the same name that still keeps a thread busy: threads
 * are few, and names that no server answers must not take them all.
 */
static struct hm_resolve_query *
find_abandoned(struct hm_resolver *r, const char *host, const char *port)
{
	struct hm_resolve_query *query = LIST_FIRST(&r->queries);

	while (query != NULL && (query->context != NULL ||
	    strcmp(query->host, host) != 0 || strcmp(query->port, port) != 0))
		query = LIST_NEXT(query, next);
	return query;
}

struct hm_resolve_query *
hm_resolve(struct hm_resolver *r, const char *host, uint16_t port,
    void (*answered)(void *context, struct addrinfo *list, const char *error),
    void *context)
{
	struct hm_resolve_query *query = calloc(1, sizeof *query), *abandoned;
	struct addrinfo *list;

	if (query == NULL) {
		answered(context, NULL, "no memory");
		return NULL;
	}
	query->hints.ai_socktype = SOCK_STREAM;
	query->hints.ai_flags = AI_NUMERICSERV;
	snprintf(query->port, sizeof query->port, "%u", port);
	if (resolve_number(host, query->port, &query->hints, &list)) {
		free_query(query);
		answered(context, list, NULL);
		return NULL;
	}
	abandoned = find_abandoned(r, host, query->port);
	if (abandoned != NULL) {
		free_query(query);
		abandoned->answered = answered;
		abandoned->context = context;
		return abandoned;
	}
	query->answered = answered;
	query->context = context;
	query->host = strdup(host);
	if (query->host != NULL && start(r, query) != NULL)
		return query;
	free_query(query);
	answered(context, NULL, "the system refused to look it up");
	return NULL;
}

void
hm_resolve_cancel(struct hm_resolve_query *query)
{
	if (query != NULL)
		query->context = NULL;
}
