#include <check.h>

#include "resolve.h"
#include "run_suite.h"

static struct ev_loop *loop;
static struct hm_resolver *resolver;
static unsigned answers, good;
static bool localhost; /* whether this machine knows it by name */

static void
answered(void *context, struct addrinfo *list, const char *error)
{
	unsigned *count = context;

	(*count)++;
	ck_assert((list == NULL) == (error != NULL));
	if (list != NULL) {
		good++;
		freeaddrinfo(list);
	}
	ev_break(loop, EVBREAK_ALL);
}

static void
setup(void)
{
	struct addrinfo *list;

	loop = ev_loop_new(EVFLAG_AUTO);
	resolver = hm_resolver_new(loop);
	ck_assert_ptr_nonnull(resolver);
	localhost = getaddrinfo("localhost", NULL, NULL, &list) == 0;
	if (localhost)
		freeaddrinfo(list);
}

/* A resolution in a thread wakes the loop when it ends: keep the loop. */
static void
teardown(void)
{
	if (hm_resolver_free(resolver))
		ev_loop_destroy(loop);
}

START_TEST(numbers_are_answered_at_once)
{
	static const char *const hosts[] = {"127.0.0.1", "::1"};

	for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++)
		ck_assert_ptr_null(hm_resolve(resolver, hosts[i], 502,
		    answered, &answers));
	ck_assert_uint_eq(answers, 2);
	ck_assert_uint_eq(good, 2);
}
END_TEST

START_TEST(name_is_answered_later)
{
	ck_assert_ptr_nonnull(hm_resolve(resolver, "localhost", 502, answered,
	    &answers));
	ck_assert_uint_eq(answers, 0);
	ev_run(loop, 0);
	ck_assert_uint_eq(answers, 1);
	ck_assert_uint_eq(good, localhost ? 1 : 0);
}
END_TEST

/* Asked again, the resolver uses the lookup that is still running. */
START_TEST(abandoned_lookup_is_taken_up)
{
	unsigned never = 0;
	struct hm_resolve_query *first = hm_resolve(resolver, "localhost", 502,
	    answered, &never);

	ck_assert_ptr_nonnull(first);
	hm_resolve_cancel(first);
	ck_assert_ptr_ne(hm_resolve(resolver, "localhost", 503, answered,
	    &answers), first);
	ck_assert_ptr_eq(hm_resolve(resolver, "localhost", 502, answered,
	    &answers), first);
	while (answers < 2)
		ev_run(loop, 0);
	ck_assert_uint_eq(never, 0);
	ck_assert_uint_eq(good, localhost ? 2 : 0);
}
END_TEST

START_TEST(two_may_look_up_one_name)
{
	unsigned other = 0;
	struct hm_resolve_query *first = hm_resolve(resolver, "localhost", 502,
	    answered, &answers);

	ck_assert_ptr_ne(hm_resolve(resolver, "localhost", 502, answered,
	    &other), first);
	while (answers + other < 2)
		ev_run(loop, 0);
	ck_assert_uint_eq(answers, 1);
	ck_assert_uint_eq(other, 1);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("resolve");
	TCase *tcase = tcase_create("resolve");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, numbers_are_answered_at_once);
	tcase_add_test(tcase, name_is_answered_later);
	tcase_add_test(tcase, abandoned_lookup_is_taken_up);
	tcase_add_test(tcase, two_may_look_up_one_name);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
