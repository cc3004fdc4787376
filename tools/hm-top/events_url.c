#include "events_url.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/decimal.h"
#include "base/host.h"

#define SCHEME "http://"
#define EVENTS "/events"

static const char *
read_port(struct hm_events_url *url, const char **p)
{
	size_t n;
	int64_t port;

	snprintf(url->port, sizeof url->port, "80");
	if (**p != ':')
		return NULL;
	n = strcspn(++*p, "/");
	if (!hm_decimal_whole(hm_slice(*p, n), 1, UINT16_MAX, &port))
		return "the port must be 1 to 65535";
	snprintf(url->port, sizeof url->port, "%u", (unsigned)port);
	*p += n;
	return NULL;
}

/* A path is that of the page, as of one behind a proxy, or of its events. */
static const char *
read_path(struct hm_events_url *url, const char *p)
{
	size_t n = strlen(p), own = sizeof EVENTS - 1;

	for (size_t i = 0; i < n; i++)
		if ((unsigned char)p[i] <= ' ' || (unsigned char)p[i] >= 0x7f ||
		    p[i] == '#')
			return "the path holds a character that no path has";
	if (n >= own && strcmp(p + n - own, EVENTS) == 0)
		n -= own;
	while (n > 0 && p[n - 1] == '/')
		n--;
	if (n + own >= sizeof url->path)
		return "the path is too long";
	snprintf(url->path, sizeof url->path, "%.*s%s", (int)n, p, EVENTS);
	return NULL;
}

const char *
hm_events_url_read(struct hm_events_url *url, const char *text)
{
	const char *p = text + sizeof SCHEME - 1, *begin = p, *why;
	struct hm_slice host;

	if (strncasecmp(text, SCHEME, sizeof SCHEME - 1) != 0)
		return "it must begin with http://";
	why = hm_host_read(&p, &host);
	if (why == NULL)
		why = read_port(url, &p);
	if (why != NULL)
		return why;
	if ((size_t)(p - begin) >= sizeof url->authority)
		return "the host is too long";
	snprintf(url->host, sizeof url->host, "%.*s", (int)host.n, host.p);
	snprintf(url->authority, sizeof url->authority, "%.*s",
	    (int)(p - begin), begin);
	return *p == '\0' || *p == '/' ? read_path(url, p) :
	    "after the host comes a port or a path";
}
