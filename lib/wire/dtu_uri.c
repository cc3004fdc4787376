#include "dtu_uri.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/decimal.h"
#include "base/host.h"
#include "base/utf8.h"

#define PORT_MODBUS 502
#define PORT_HM 10081
#define FORMS "allowed are modbus://HOST[:PORT][/UNIT] and hm://HOST[:PORT]"
#define NO_SCHEME \
	"it has no scheme: hm://HOST is for a DTU-WLite, a DTU-Lite-S, an " \
	"inverter with Wi-Fi and a DTU-Pro over Wi-Fi, modbus://HOST for a " \
	"DTU-Pro and a DTU-Pro-S over Ethernet"

const char *
hm_transport_name(enum hm_transport transport)
{
	return transport == HM_TRANSPORT_MODBUS ? "modbus" : "hm";
}

const char *
hm_transport_title(enum hm_transport transport)
{
	return transport == HM_TRANSPORT_MODBUS ? "Modbus" : "hm";
}

uint16_t
hm_transport_port(enum hm_transport transport)
{
	return transport == HM_TRANSPORT_MODBUS ? PORT_MODBUS : PORT_HM;
}

enum hm_transport
hm_transport_other(enum hm_transport transport)
{
	return transport == HM_TRANSPORT_MODBUS ? HM_TRANSPORT_HM :
	    HM_TRANSPORT_MODBUS;
}

const char *
hm_dtu_uri(const struct hm_dtu *dtu, char out[HM_DTU_URI_MAX])
{
	bool bracket = strchr(dtu->host, ':') != NULL;
	bool usual = dtu->port == hm_transport_port(dtu->transport);
	int n = snprintf(out, HM_DTU_URI_MAX, "%s://%s%s%s",
	    hm_transport_name(dtu->transport), bracket ? "[" : "", dtu->host,
	    bracket ? "]" : "");

	if (!usual && n > 0 && n < HM_DTU_URI_MAX)
		snprintf(out + n, (size_t)(HM_DTU_URI_MAX - n), ":%u",
		    dtu->port);
	return out;
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

	if (!hm_decimal_whole(hm_slice(*p, n), min, max, out))
		return false;
	*p += n;
	return true;
}

static const char *
read_host(const char **p, struct hm_dtu *dtu)
{
	struct hm_slice host;
	const char *why = hm_host_read(p, &host);

	if (why != NULL)
		return why;
	dtu->host = strndup(host.p, host.n);
	return dtu->host != NULL ? NULL : "no memory";
}

static char *
default_name(const struct hm_dtu *dtu)
{
	char *name;

	if (dtu->port == hm_transport_port(dtu->transport))
		return strdup(dtu->host);
	if (asprintf(&name, "%s:%u", dtu->host, dtu->port) < 0)
		return NULL;
	return name;
}

/* A host alone, which is the usual mistake, or anything else. */
static const char *
wrong_scheme(const char *p)
{
	size_t n = strcspn(p, ":/#");
	bool host = n > 0 && p[n] != '/' && strstr(p, "://") == NULL &&
	    strncmp(p, "hm:", 3) != 0 && strncmp(p, "modbus:", 7) != 0;

	return host || hm_host_is_ipv6(hm_text(p)) ? NO_SCHEME : FORMS;
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
		return wrong_scheme(p);
	dtu->port = hm_transport_port(dtu->transport);
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
	if (hm_host_is_ipv6(hm_text(p))) {
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
