#include "host_rule.h"

#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

#include "base/decimal.h"
#include "base/host.h"
#include "config/config.h"

#define LOCALHOST "localhost"
#define NAME_SIZE 256 /* more than a name of the DNS has */

/* Domains are the same with and without a dot at the end. */
static struct hm_slice
without_dot(struct hm_slice name)
{
	if (name.n > 1 && name.p[name.n - 1] == '.')
		name.n--;
	return name;
}

static bool
is_same(struct hm_slice a, struct hm_slice b)
{
	return a.n == b.n && strncasecmp(a.p, b.p, a.n) == 0;
}

static struct hm_slice
first_label(struct hm_slice name)
{
	const char *dot = name.n > 0 ? memchr(name.p, '.', name.n) : NULL;

	return dot != NULL ? hm_slice(name.p, (size_t)(dot - name.p)) : name;
}

/* The port after the host, which may be empty. */
static bool
is_port(const char *text)
{
	int64_t port;

	return text[0] == '\0' || (text[0] == ':' && (text[1] == '\0' ||
	    hm_decimal_whole(hm_text(text + 1), 0, UINT16_MAX, &port)));
}

static bool
read_host(const char *text, struct hm_slice *host)
{
	return hm_host_read(&text, host) == NULL && is_port(text);
}

/* hm_host_read lets colons only into an address. */
static bool
is_address(struct hm_slice host)
{
	char text[INET_ADDRSTRLEN];
	struct in_addr address;

	if (memchr(host.p, ':', host.n) != NULL)
		return true;
	if (host.n >= sizeof text)
		return false;
	memcpy(text, host.p, host.n);
	text[host.n] = '\0';
	return inet_pton(AF_INET, text, &address) == 1;
}

/* A machine called localhost does not own localhost.example. */
static bool
is_own(struct hm_slice host, const char *own)
{
	struct hm_slice label = first_label(hm_text(own));

	return label.n > 0 && !is_same(label, hm_text(LOCALHOST)) &&
	    is_same(first_label(host), label);
}

static bool
is_listed(struct hm_slice host, const char *allowed)
{
	struct hm_slice word;

	while (hm_config_word(&allowed, &word))
		if (is_same(without_dot(word), host))
			return true;
	return false;
}

enum hm_host_verdict
hm_host_rule(const struct hm_http_request *request, const char *own,
    const char *allowed)
{
	struct hm_slice host;

	if (request->hosts == 0 && request->http_1_0)
		return HM_HOST_ANSWERED;
	if (request->hosts != 1 || !read_host(request->host, &host))
		return HM_HOST_INVALID;
	host = without_dot(host);
	return memchr(host.p, '.', host.n) == NULL || is_address(host) ||
	    is_own(host, own) || is_listed(host, allowed) ?
	    HM_HOST_ANSWERED : HM_HOST_REFUSED;
}

static bool
is_host(struct hm_slice word)
{
	char text[NAME_SIZE];
	const char *rest = text;
	struct hm_slice host;

	if (word.n >= sizeof text)
		return false;
	memcpy(text, word.p, word.n);
	text[word.n] = '\0';
	return hm_host_is_ipv6(word) ||
	    (hm_host_read(&rest, &host) == NULL && rest[0] == '\0');
}

bool
hm_host_rule_check(const char *allowed, struct hm_slice *wrong)
{
	while (hm_config_word(&allowed, wrong))
		if (!is_host(*wrong))
			return false;
	return true;
}
