#include "connector.h"

#include <check.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "run_suite.h"

#define MANY 2000

static struct ev_loop *loop;
static struct sockaddr_in dead, alive;
static struct addrinfo addresses[MANY];
static size_t alive_at; /* the position of the address that accepts */
static struct hm_connect_result found;
static unsigned calls;

/* In place of those of resolve.c and of libc: a name with many addresses. */

struct hm_resolve_query *
hm_resolve(struct hm_resolver *r, const char *host, uint16_t port,
    void (*answered)(void *context, struct addrinfo *list, const char *error),
    void *context)
{
	(void)r;
	(void)host;
	(void)port;
	for (size_t i = 0; i < MANY; i++)
		addresses[i] = (struct addrinfo){
		    .ai_family = AF_INET,
		    .ai_addrlen = sizeof dead,
		    .ai_addr = (struct sockaddr *)(i == alive_at ? &alive :
		        &dead),
		    .ai_next = i + 1 < MANY ? &addresses[i + 1] : NULL,
		};
	answered(context, addresses, NULL);
	return NULL;
}

void
hm_resolve_cancel(struct hm_resolve_query *query)
{
	ck_assert_ptr_null(query);
}

void
freeaddrinfo(struct addrinfo *list)
{
	ck_assert_ptr_eq(list, addresses);
}

static void
on_done(void *context, const struct hm_connect_result *result)
{
	ck_assert_ptr_eq(context, &calls);
	calls++;
	found = *result;
	ev_break(loop, EVBREAK_ALL);
}

/* Connect; the result is in `found`. */
static void
connect_to_name(void)
{
	const struct hm_connector_options options = {
	    .loop = loop, .timeout_ms = 10000, .done = on_done};
	struct hm_connector *c = hm_connector_new(&options, &calls);

	ck_assert_ptr_nonnull(c);
	hm_connector_start(c, "roof", 502);
	if (calls == 0)
		ev_run(loop, 0);
	ck_assert_uint_eq(calls, 1);
	hm_connector_free(c);
}

static int listener;

static void
setup(void)
{
	socklen_t n = sizeof alive;

	loop = ev_loop_new(EVFLAG_AUTO);
	ck_assert_ptr_nonnull(loop);
	/* The system refuses a connection to all hosts at once. */
	dead.sin_family = alive.sin_family = AF_INET;
	dead.sin_addr.s_addr = htonl(INADDR_BROADCAST);
	dead.sin_port = htons(502);
	alive.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	listener = socket(AF_INET, SOCK_STREAM, 0);
	ck_assert_int_ge(listener, 0);
	ck_assert_int_eq(bind(listener, (struct sockaddr *)&alive, n), 0);
	ck_assert_int_eq(listen(listener, 1), 0);
	ck_assert_int_eq(getsockname(listener, (struct sockaddr *)&alive, &n),
	    0);
}

static void
teardown(void)
{
	close(listener);
	ev_loop_destroy(loop);
}

START_TEST(addresses_are_tried_until_one_accepts)
{
	alive_at = 15;
	connect_to_name();
	ck_assert_int_ge(found.fd, 0);
	close(found.fd);
}
END_TEST

START_TEST(addresses_that_are_tried_are_bounded)
{
	alive_at = 16;
	connect_to_name();
	ck_assert_int_eq(found.fd, -1);
	ck_assert_int_eq(found.error, HM_ERR_UNREACHABLE);
	ck_assert(!found.no_descriptor);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("connector");
	TCase *names = tcase_create("names");

	tcase_add_checked_fixture(names, setup, teardown);
	suite_add_tcase(suite, names);
	tcase_add_test(names, addresses_are_tried_until_one_accepts);
	tcase_add_test(names, addresses_that_are_tried_are_bounded);
	return run_suite(suite);
}
