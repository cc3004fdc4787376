#include <check.h>
#include <stddef.h>

#include "events_url.h"
#include "run_suite.h"

#define COUNT(table) (sizeof(table) / sizeof *(table))

static const struct {
	const char *text, *host, *authority, *port, *path;
} good[] = {
    {"http://127.0.0.1:8080", "127.0.0.1", "127.0.0.1:8080", "8080",
        "/events"},
    {"http://127.0.0.1:8080/", "127.0.0.1", "127.0.0.1:8080", "8080",
        "/events"},
    {"HTTP://pi", "pi", "pi", "80", "/events"},
    {"http://pi/events", "pi", "pi", "80", "/events"},
    {"http://pi/solar/", "pi", "pi", "80", "/solar/events"},
    {"http://[::1]:8080/solar/events", "::1", "[::1]:8080", "8080",
        "/solar/events"},
};

static const char *const bad[] = {"", "x", "https://pi", "http://",
    "http://pi:0", "http://pi:65536", "http://pi:8080x", "http://::1",
    "http://a b", "http://pi/a b", "http://pi/\r\nX: y", "http://pi#x",
    "http://user@pi"};

START_TEST(an_address_is_read)
{
	struct hm_events_url url;

	ck_assert_ptr_null(hm_events_url_read(&url, good[_i].text));
	ck_assert_str_eq(url.host, good[_i].host);
	ck_assert_str_eq(url.authority, good[_i].authority);
	ck_assert_str_eq(url.port, good[_i].port);
	ck_assert_str_eq(url.path, good[_i].path);
}
END_TEST

START_TEST(any_other_is_refused)
{
	struct hm_events_url url;

	ck_assert_ptr_nonnull(hm_events_url_read(&url, bad[_i]));
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("events_url");
	TCase *tc = tcase_create("events_url");

	tcase_add_loop_test(tc, an_address_is_read, 0, COUNT(good));
	tcase_add_loop_test(tc, any_other_is_refused, 0, COUNT(bad));
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
