#include "host.h"

#include <arpa/inet.h>
#include <string.h>

#include "utf8.h"

#define HOST_MAX 253 /* of a DNS name, RFC 1035 */

bool
hm_host_is_ipv6(struct hm_slice host)
{
	const char *zone = host.n > 0 ? memchr(host.p, '%', host.n) : NULL;
	size_t length = zone != NULL ? (size_t)(zone - host.p) : host.n;
	char text[INET6_ADDRSTRLEN];
	struct in6_addr address;

	if (length >= sizeof text)
		return false;
	memcpy(text, host.p, length);
	text[length] = '\0';
	return inet_pton(AF_INET6, text, &address) == 1;
}

static const char *
check_host(struct hm_slice host)
{
	if (host.n == 0)
		return "the host is missing";
	if (host.n > HOST_MAX)
		return "the host is too long";
	if (!hm_utf8_plain(host))
		return "the host must be UTF-8 without control characters";
	for (size_t i = 0; i < host.n; i++)
		if ((unsigned char)host.p[i] <= ' ' ||
		    strchr("@?[]", host.p[i]) != NULL)
			return "the host holds a character that no host has";
	return NULL;
}

const char *
hm_host_read(const char **p, struct hm_slice *host)
{
	bool bracket = **p == '[';
	const char *begin = *p + bracket, *why;
	size_t n = strcspn(begin, bracket ? "]" : ":/#");
	size_t all = strcspn(begin, "/#");

	if (!bracket && n < all && memchr(begin + n + 1, ':', all - n - 1) !=
	    NULL)
		return "an IPv6 address goes in brackets, as in [::1]";
	if (bracket && begin[n] != ']')
		return "the bracket of the address is not closed";
	*host = hm_slice(begin, n);
	if (bracket && !hm_host_is_ipv6(*host))
		return "the brackets hold no IPv6 address";
	why = check_host(*host);
	if (why == NULL)
		*p = begin + n + bracket;
	return why;
}
