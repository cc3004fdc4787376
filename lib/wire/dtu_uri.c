#include "dtu_uri.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/decimal.h"
#include "base/utf8.h"

#define PORT_MODBUS 502
#define PORT_HM 10081
#define HOST_MAX 253 /* of a DNS name, RFC 1035 */
#define FORMS "allowed are modbus://HOST[:PORT][/UNIT] and hm://HOST[:PORT]"

const char *
hm_transport_name(enum hm_transport transport)
{
	return transport == HM_TRANSPORT_MODBUS ? "modbus" : "hm";
}

static uint16_t
usual_port(enum hm_transport transport)
{
	return transport == HM_TRANSPORT_MODBUS ? PORT_MODBUS : PORT_HM;
}

void
hm_dtu_free(struct hm_dtu *dtu)
{
	free(dtu->name);
	free(dtu->host);
	dtu->name = dtu->host = NULL;
}

static bool
skip(const char **p, const char *prefix)
{
	size_t n = strlen(prefix);

	if (strncmp(*p, prefix, n) != 0)
		return false;
	*p += n;
	return true;
}

static bool
read_number(const char **p, const char *stop, int64_t min, int64_t max,
    int64_t *out)
{
	size_t n = strcspn(*p, stop);
	struct hm_decimal d;

	if (!hm_decimal_parse(hm_slice(*p, n), &d) ||
	    !hm_decimal_rescale(d, 0, out) || *out < min || *out > max)
		return false;
	*p += n;
	return true;
}

/* An IPv6 address, with or without a %zone. */
static bool
is_ipv6(const char *p, size_t n)
{
	const char *zone = memchr(p, '%', n);
	size_t length = zone != NULL ? (size_t)(zone - p) : n;
	char text[INET6_ADDRSTRLEN];
	struct in6_addr address;

	if (length >= sizeof text)
		return false;
	memcpy(text, p, length);
	text[length] = '\0';
	return inet_pton(AF_INET6, text, &address) == 1;
}

static const char *
check_host(const char *p, size_t n)
{
	if (n == 0)
		return "the host is missing";
	if (n > HOST_MAX)
		return "the host is too long";
	if (!hm_utf8_plain(hm_slice(p, n)))
		return "the host must be UTF-8 without control characters";
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)p[i] <= ' ' || strchr("@?[]", p[i]) != NULL)
			return "the host holds a character that no host has";
	return NULL;
}

/* A name of the DNS, or an address; in brackets an IPv6 address. */
static const char *
read_host(const char **p, struct hm_dtu *dtu)
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
	if (bracket && !is_ipv6(begin, n))
		return "the brackets hold no IPv6 address";
	why = check_host(begin, n);
	if (why != NULL)
		return why;
	dtu->host = strndup(begin, n);
	*p = begin + n + bracket;
	return dtu->host != NULL ? NULL : "no memory";
}

static char *
default_name(const struct hm_dtu *dtu)
{
	char *name;

	if (dtu->port == usual_port(dtu->transport))
		return strdup(dtu->host);
	if (asprintf(&name, "%s:%u", dtu->host, dtu->port) < 0)
		return NULL;
	return name;
}

static const char *
read_uri(const char *p, struct hm_dtu *dtu)
{
	const char *why;
	int64_t number;

	if (skip(&p, "modbus://"))
		dtu->transport = HM_TRANSPORT_MODBUS;
	else if (skip(&p, "hm://"))
		dtu->transport = HM_TRANSPORT_HM;
	else
		return FORMS;
	dtu->port = usual_port(dtu->transport);
	why = read_host(&p, dtu);
	if (why != NULL)
		return why;
	if (*p == ':') {
		p++;
		if (!read_number(&p, "/#", 1, UINT16_MAX, &number))
			return "the port must be a number from 1 to 65535";
		dtu->port = (uint16_t)number;
	}
	if (skip(&p, "/") && *p != '\0' && *p != '#') {
		if (dtu->transport != HM_TRANSPORT_MODBUS)
			return "an hm URI has no path";
		if (!read_number(&p, "#", 0, UINT8_MAX, &number))
			return "the unit id must be a number from 0 to 255";
		dtu->unit = (uint8_t)number;
	}
	if (*p != '\0' && *p != '#')
		return FORMS;
	if (*p == '#' && p[1] == '\0')
		return "the name after # is missing";
	if (!hm_utf8_plain(hm_text(p)))
		return "the name must be UTF-8 without control characters";
	dtu->name = *p == '#' ? strdup(p + 1) : default_name(dtu);
	return dtu->name != NULL ? NULL : "no memory";
}

/*
 * A plain host is a Modbus DTU, as in hoymiles-mqtt, unless the port is hm's.
 */
static const char *
read_plain(const char *p, uint16_t port, struct hm_dtu *dtu)
{
	const char *why = NULL;

	dtu->transport = port == PORT_HM ? HM_TRANSPORT_HM :
	    HM_TRANSPORT_MODBUS;
	dtu->port = port != 0 ? port : PORT_MODBUS;
	if (is_ipv6(p, strlen(p))) {
		dtu->host = strdup(p);
		p = "";
	} else {
		why = read_host(&p, dtu);
	}
	if (why == NULL && *p != '\0')
		why = "it is neither a host alone nor a URI; " FORMS;
	if (why != NULL)
		return why;
	dtu->name = dtu->host != NULL ? default_name(dtu) : NULL;
	return dtu->name != NULL ? NULL : "no memory";
}

/* If there is a mistake, report it in *why and free the DTU. */
static bool
is_good(const char *mistake, struct hm_dtu *dtu, const char **why)
{
	*why = mistake;
	if (mistake != NULL)
		hm_dtu_free(dtu);
	return mistake == NULL;
}

bool
hm_dtu_parse_uri(const char *uri, uint8_t unit, struct hm_dtu *dtu,
    const char **why)
{
	*dtu = (struct hm_dtu){.unit = unit};
	return is_good(read_uri(uri, dtu), dtu, why);
}

bool
hm_dtu_parse_host(const char *host, uint16_t port, uint8_t unit,
    struct hm_dtu *dtu, const char **why)
{
	*dtu = (struct hm_dtu){.unit = unit};
	return is_good(read_plain(host, port, dtu), dtu, why);
}
