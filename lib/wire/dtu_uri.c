#include "dtu_uri.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/decimal.h"
#include "base/host.h"
#include "base/utf8.h"

#define FORMS \
	"allowed are modbus://HOST[:PORT][/UNIT], hm://HOST[:PORT], " \
	"es://HOST[:PORT] and modbus-g3://HOST[:PORT][/UNIT]"
#define NO_SCHEME \
	"it has no scheme: hm://HOST is for a DTU-WLite, a DTU-Lite-S, an " \
	"inverter with Wi-Fi and a DTU-Pro over Wi-Fi, modbus://HOST for a " \
	"DTU-Pro and a DTU-Pro-S over Ethernet, es://HOST for a gateway of " \
	"hybrid inverters"

static const struct {
	const char *name, *title;
	uint16_t port;
	const char *no_unit; /* why no unit may follow the host, or NULL */
} transports[] = {
    [HM_TRANSPORT_MODBUS] = {"modbus", "Modbus", 502, NULL},
    [HM_TRANSPORT_HM] = {"hm", "hm", 10081, "an hm URI has no path"},
    [HM_TRANSPORT_ES] = {"es", "es", 10081, "an es URI has no path"},
    [HM_TRANSPORT_MODBUS_G3] = {"modbus-g3", "Modbus G3", 502, NULL},
};

#define TRANSPORTS (sizeof transports / sizeof *transports)

const char *
hm_transport_name(enum hm_transport transport)
{
	return transports[transport].name;
}

const char *
hm_transport_title(enum hm_transport transport)
{
	return transports[transport].title;
}

uint16_t
hm_transport_port(enum hm_transport transport)
{
	return transports[transport].port;
}

bool
hm_transport_other(enum hm_transport transport, enum hm_transport *other)
{
	switch (transport) {
	case HM_TRANSPORT_MODBUS:
		*other = HM_TRANSPORT_HM;
		return true;
	case HM_TRANSPORT_HM:
		*other = HM_TRANSPORT_MODBUS;
		return true;
	case HM_TRANSPORT_ES:
	case HM_TRANSPORT_MODBUS_G3:
		break;
	}
	return false;
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

/* The transport that is named before what follows it. */
static bool
read_transport(const char **p, const char *follows, enum hm_transport *out)
{
	for (size_t i = 0; i < TRANSPORTS; i++) {
		const char *rest = *p;

		if (!skip(&rest, transports[i].name) || !skip(&rest, follows))
			continue;
		*p = rest;
		*out = (enum hm_transport)i;
		return true;
	}
	return false;
}

/* A host alone, which is the usual mistake, or anything else. */
static const char *
wrong_scheme(const char *p)
{
	size_t n = strcspn(p, ":/#");
	const char *rest = p;
	enum hm_transport named;
	bool host = n > 0 && p[n] != '/' && strstr(p, "://") == NULL &&
	    !read_transport(&rest, ":", &named);

	return host || hm_host_is_ipv6(hm_text(p)) ? NO_SCHEME : FORMS;
}

static const char *
read_uri(const char *p, struct hm_dtu *dtu)
{
	const char *why;
	int64_t number;

	if (!read_transport(&p, "://", &dtu->transport))
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
		if (transports[dtu->transport].no_unit != NULL)
			return transports[dtu->transport].no_unit;
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

	dtu->transport = port == hm_transport_port(HM_TRANSPORT_HM) ?
	    HM_TRANSPORT_HM : HM_TRANSPORT_MODBUS;
	dtu->port = port != 0 ? port : hm_transport_port(HM_TRANSPORT_MODBUS);
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
