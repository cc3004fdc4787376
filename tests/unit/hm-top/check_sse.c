#include <check.h>
#include <string.h>

#include "run_suite.h"
#include "sse.h"

#define COUNT(table) (sizeof(table) / sizeof *(table))
#define HEAD "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"

static const struct {
	const char *bytes;
	const char *events; /* each ended by '|' */
	const char *error;  /* NULL: none */
} cases[] = {
    {HEAD "data: {}\n\n", "{}|", NULL},
    {HEAD "data:{}\r\n\r\ndata: a\ndata: b\n\n", "{}|a\nb|", NULL},
    {HEAD ": ping\nid: 1\nevent: x\n\n\n\ndata: 1\n\ndata: 2", "1|", NULL},
    {"HTTP/1.0 200 OK\ncontent-type:text/event-stream; charset=utf-8\n\n"
        "data: 1\n\n", "1|", NULL},
    {"HTTP/1.1 403 Forbidden\r\n", "", "the answer is HTTP status 403"},
    {"SSH-2.0-OpenSSH_9\r\n", "", "the answer is not HTTP"},
    {"HTTP/1.1 2\r\n", "", "the answer is not HTTP"},
    {"HTTP/1.1 \033]0\r\n", "", "the answer is not HTTP"},
    {"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n", "",
        "the answer is no stream of events"},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n", "",
        "the answer has a transfer encoding, which HTTP/1.0 has not"},
};

/* Bytes in reads of `step`; the events found, and the last result. */
static enum hm_sse_result
read_all(struct hm_sse *s, struct hm_slice bytes, size_t step, char *events)
{
	enum hm_sse_result result = HM_SSE_MORE;
	struct hm_slice event;

	for (size_t at = 0; at < bytes.n; at += step) {
		struct hm_slice part = hm_slice(bytes.p + at,
		    bytes.n - at < step ? bytes.n - at : step);

		while ((result = hm_sse_take(s, &part, &event)) ==
		    HM_SSE_EVENT) {
			strncat(events, event.p, event.n);
			strncat(events, "|", 2);
		}
		if (result == HM_SSE_BAD)
			break;
	}
	return result;
}

START_TEST(events_come_out_however_the_bytes_are_cut)
{
	struct hm_slice bytes = hm_text(cases[_i].bytes);
	struct hm_sse s = {.head = 0};

	for (size_t step = 1; step <= bytes.n; step++) {
		char events[100] = "";

		ck_assert_int_eq(read_all(&s, bytes, step, events),
		    cases[_i].error != NULL ? HM_SSE_BAD : HM_SSE_MORE);
		ck_assert_str_eq(events, cases[_i].events);
		ck_assert_str_eq(s.error, cases[_i].error != NULL ?
		    cases[_i].error : "");
		hm_sse_reset(&s);
	}
	hm_sse_free(&s);
}
END_TEST

/* A head, and lines or a line without end. */
static enum hm_sse_result
flood(const char *head, const char *more)
{
	struct hm_sse s = {.head = 0};
	enum hm_sse_result result;
	char events[100] = "";

	result = read_all(&s, hm_text(head), strlen(head), events);
	for (int i = 0; i < 400000 && result == HM_SSE_MORE; i++) {
		result = read_all(&s, hm_text(more), strlen(more), events);
		ck_assert_uint_le(s.line.cap + s.data.cap,
		    4 * HM_SSE_EVENT_MAX);
	}
	hm_sse_free(&s);
	return result;
}

START_TEST(memory_is_bounded)
{
	ck_assert_int_eq(flood("HTTP/1.1 200 OK\r\n", "a: b\n"), HM_SSE_BAD);
	ck_assert_int_eq(flood("HTTP/1.1 200", "xxxxxxxx"), HM_SSE_BAD);
	ck_assert_int_eq(flood(HEAD "data: ", "xxxxxxxx"), HM_SSE_BAD);
	ck_assert_int_eq(flood(HEAD, "data: xxxxxxxx\n"), HM_SSE_BAD);
	ck_assert_int_eq(flood(HEAD, ": ping\n"), HM_SSE_MORE);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("sse");
	TCase *tc = tcase_create("sse");

	tcase_add_loop_test(tc, events_come_out_however_the_bytes_are_cut, 0,
	    COUNT(cases));
	tcase_add_test(tc, memory_is_bounded);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
