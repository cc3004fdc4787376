/*
 * http_load PORT PATH SLOW RATE SECONDS: load for a server on 127.0.0.1. SLOW
 * connections send a byte of a request each second and never end it; one that
 * the server closes connects again. RATE requests a second for PATH go over 64
 * other connections. Prints one line of figures.
 */

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/decimal.h"
#include "base/exits.h"

#define WORKERS 64
#define BUF ((size_t)256 * 1024)
#define LATENCIES 20000 /* one for each ms */

struct slow {
	int fd;
	int64_t next; /* when it sends its next byte */
};

struct worker {
	int fd;
	bool asked;
	int64_t asked_at;
	size_t got, wanted; /* bytes of the answer; 0: not known yet */
};

static struct sockaddr_in server;
static char request[256];
static char buf[BUF];
static struct worker worker[WORKERS];
static struct pollfd polled[WORKERS];
static unsigned long long answers, failures, closed, bytes;
static unsigned long long latency[LATENCIES];

static int64_t
number(const char *text)
{
	struct hm_decimal d;
	int64_t n;

	if (!hm_decimal_parse(hm_text(text), &d) ||
	    !hm_decimal_rescale(d, 0, &n) || n < 0)
		exit(HM_EXIT_USAGE);
	return n;
}

static int
connect_now(void)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC,
	    0);

	if (fd >= 0 && connect(fd, (struct sockaddr *)&server,
	    sizeof server) < 0 && errno != EINPROGRESS) {
		close(fd);
		fd = -1;
	}
	return fd;
}

/* Slow connections */

static void
drip(struct slow *s, int64_t now)
{
	if (s->fd < 0) {
		s->fd = connect_now();
		s->next = now + 100;
		return;
	}
	if (recv(s->fd, buf, BUF, MSG_DONTWAIT) == 0 ||
	    (send(s->fd, "G", 1, MSG_NOSIGNAL | MSG_DONTWAIT) < 0 &&
	    errno != EAGAIN)) {
		close(s->fd);
		s->fd = -1;
		closed++;
		s->next = now + 1000;
		return;
	}
	s->next = now + 1000;
}

/* Requests */

static void
drop(struct worker *w)
{
	if (w->fd >= 0)
		close(w->fd);
	*w = (struct worker){.fd = -1};
}

static void
ask(struct worker *w, int64_t now)
{
	if (w->fd < 0)
		w->fd = connect_now();
	if (w->fd < 0)
		return;
	if (send(w->fd, request, strlen(request), MSG_NOSIGNAL) < 0) {
		if (errno != EAGAIN) {
			failures++;
			drop(w);
		}
		return;
	}
	w->asked = true;
	w->asked_at = now;
	w->got = w->wanted = 0;
}

static size_t
length_of(size_t n)
{
	const char *end = memmem(buf, n, "\r\n\r\n", 4);
	const char *field = strcasestr(buf, "\r\nContent-Length: ");
	const char *digits = field != NULL ? field + 18 : NULL;

	if (end == NULL || digits == NULL || digits > end)
		return 0;
	return (size_t)(end - buf) + 4 + strtoul(digits, NULL, 10);
}

static void
answered(struct worker *w)
{
	int64_t ms = hm_monotonic_ms() - w->asked_at;

	latency[ms < LATENCIES ? ms : LATENCIES - 1]++;
	answers++;
	bytes += w->got;
	w->asked = false;
}

static void
read_answer(struct worker *w)
{
	ssize_t n = recv(w->fd, buf, BUF - 1, MSG_DONTWAIT);

	if (n < 0 && errno == EAGAIN)
		return;
	if (n <= 0) {
		failures += w->asked;
		drop(w);
		return;
	}
	buf[n] = '\0';
	if (w->wanted == 0)
		w->wanted = length_of((size_t)n);
	w->got += (size_t)n;
	if (w->wanted != 0 && w->got >= w->wanted)
		answered(w);
}

static void
read_answers(int timeout)
{
	for (size_t i = 0; i < WORKERS; i++)
		polled[i] = (struct pollfd){.fd = worker[i].fd,
		    .events = POLLIN};
	if (poll(polled, WORKERS, timeout) <= 0)
		return;
	for (size_t i = 0; i < WORKERS; i++)
		if (polled[i].revents != 0)
			read_answer(&worker[i]);
}

static void
run(struct slow *slow, size_t slows, int64_t rate, int64_t seconds)
{
	int64_t start = hm_monotonic_ms(), now = start, asked = 0;

	for (size_t i = 0; i < slows; i++)
		slow[i] = (struct slow){-1, start + (int64_t)i % 1000};
	for (size_t i = 0; i < WORKERS; i++)
		worker[i].fd = -1;
	while (now < start + seconds * 1000) {
		int64_t due = (now - start) * rate / 1000;

		for (size_t i = 0; i < WORKERS && asked < due; i++)
			if (!worker[i].asked) {
				ask(&worker[i], now);
				asked += worker[i].asked;
			}
		read_answers(asked < due ? 0 : 1);
		now = hm_monotonic_ms();
		for (size_t i = 0; i < slows; i++)
			if (now >= slow[i].next)
				drip(&slow[i], now);
	}
}

/* The latency that `part` thousandths of all answers had at most, in ms. */
static int
quantile(unsigned long long part)
{
	unsigned long long seen = 0;
	int ms = 0;

	while (ms < LATENCIES - 1 && (seen += latency[ms]) * 1000 <
	    answers * part)
		ms++;
	return ms;
}

int
main(int argc, char *argv[])
{
	struct rlimit limit;
	struct slow *slow;
	size_t slows;
	int64_t seconds;

	if (argc != 6)
		return HM_EXIT_USAGE;
	server = (struct sockaddr_in){.sin_family = AF_INET,
	    .sin_port = htons((uint16_t)number(argv[1])),
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	snprintf(request, sizeof request,
	    "GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", argv[2]);
	slows = (size_t)number(argv[3]);
	seconds = number(argv[5]);
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &limit);
	}
	slow = calloc(slows + 1, sizeof *slow);
	if (slow == NULL)
		return HM_EXIT_OS;
	run(slow, slows, number(argv[4]), seconds);
	printf("answers %llu, %llu a second, %llu bytes each, failures %llu, "
	    "median %d ms, 99 %% %d ms, longest %d ms; slow connections "
	    "closed %llu\n", answers, answers / (unsigned long long)seconds,
	    answers > 0 ? bytes / answers : 0, failures, quantile(500),
	    quantile(990), quantile(1000), closed);
	free(slow);
	return HM_EXIT_OK;
}
