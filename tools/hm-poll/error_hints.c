#include "error_hints.h"

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define MODBUS_OFF \
	"ome firmware, V00.02.22 for one, switches Modbus off: then set " \
	"the RS485 mode to \"Remote Control\" in the app"
#define ONE_CLIENT_ONLY \
	"serves one client at a time: close the app's local mode and other " \
	"programs that read it"
#define MODBUS_IS_OFF "s" MODBUS_OFF
#define ONE_CLIENT "a DTU " ONE_CLIENT_ONLY
#define NOT_MAPPED \
	"wait until the DTU has found its inverters, or check the " \
	"installation in the app"
#define SILENT \
	"if it is a DTU-Pro-S with firmware V00.08.03, it does not answer " \
	"here: read it with modbus://"
#define NEW_KEY \
	"newer firmware encrypts, with another key after each restart of " \
	"the DTU: the key is asked for again within a minute"
#define AWAY "is the DTU on, and is this its address?"
#define AWAY_AT_NIGHT AWAY " A DTU inside an inverter is off at night"
#define NO_DTU "is this the address of a DTU?"
#define NO_DTU_OR_BUSY NO_DTU " It " ONE_CLIENT_ONLY
#define NO_DTU_OR_OFF NO_DTU " S" MODBUS_OFF
#define NO_PORTS \
	NO_DTU " Inverters named HMS-...WB and HiFlow have only Bluetooth. " \
	"A DTU " ONE_CLIENT_ONLY
#define AWAY_GATEWAY "is the gateway on, and is this its address?"
#define NO_GATEWAY \
	"is this the address of a gateway of hybrid inverters? A DTU is read " \
	"with hm://"
#define NO_GATEWAY_PORT \
	"a DTS-WL-G3, the gateway of HIT-...-G3 and HiOne, has no such port: " \
	"read it with modbus-g3://"
#define GATEWAY_BUSY "the gateway " ONE_CLIENT_ONLY
#define GATEWAY_EMPTY \
	"wait until the gateway has found its inverters, or check the " \
	"installation in the app"
#define ETHERNET \
	" DTS-WL-G3 serves Modbus at its Ethernet port only, not over " \
	"Wi-Fi, and with firmware V03.00.13 or later"
#define ETHERNET_ONLY "a" ETHERNET
#define AWAY_OR_WIFI AWAY " A" ETHERNET
#define NO_STICK \
	"is this the address of a DTS-WL-G3, and its unit? A DTU-Pro and a " \
	"DTU-Pro-S are read with modbus://"
#define STICK_BUSY "a DTS-WL-G3 " ONE_CLIENT_ONLY
#define TWO_CLIENTS \
	"two clients at once get such replies: close other programs that " \
	"read it"
#define FIND_IT "look up the DTU's address in the router's list of devices"

/*
 * `closed` is for a DTU whose other port does not answer either, `reached` for
 * one that has answered before. NULL stands for `text`, "" for no hint.
 */
static const struct {
	enum hm_transport transport;
	enum hm_poll_error error;
	const char *text, *closed, *reached;
} hints[] = {
    {HM_TRANSPORT_MODBUS, HM_ERR_REFUSED, MODBUS_IS_OFF, NO_DTU_OR_OFF, NULL},
    {HM_TRANSPORT_MODBUS, HM_ERR_UNREACHABLE, AWAY, NULL, NULL},
    {HM_TRANSPORT_MODBUS, HM_ERR_TIMEOUT_CONNECT, AWAY, NULL, NULL},
    {HM_TRANSPORT_MODBUS, HM_ERR_TIMEOUT_READ, NO_DTU, NULL, ONE_CLIENT},
    {HM_TRANSPORT_MODBUS, HM_ERR_CLOSED, ONE_CLIENT, NO_DTU_OR_BUSY, NULL},
    {HM_TRANSPORT_MODBUS, HM_ERR_LENGTH, NO_DTU, NULL, ""},
    {HM_TRANSPORT_MODBUS, HM_ERR_NOT_MAPPED, NOT_MAPPED, NULL, NULL},
    {HM_TRANSPORT_MODBUS, HM_ERR_PROTOCOL, NO_DTU, NULL, ""},
    {HM_TRANSPORT_HM, HM_ERR_REFUSED, ONE_CLIENT, NO_PORTS, NULL},
    {HM_TRANSPORT_HM, HM_ERR_UNREACHABLE, AWAY_AT_NIGHT, NULL, NULL},
    {HM_TRANSPORT_HM, HM_ERR_TIMEOUT_CONNECT, AWAY_AT_NIGHT, NULL, NULL},
    {HM_TRANSPORT_HM, HM_ERR_TIMEOUT_READ, SILENT, NO_DTU_OR_BUSY,
        ONE_CLIENT},
    {HM_TRANSPORT_HM, HM_ERR_CLOSED, ONE_CLIENT, NO_DTU_OR_BUSY, NULL},
    {HM_TRANSPORT_HM, HM_ERR_LENGTH, NO_DTU, NULL, ""},
    {HM_TRANSPORT_HM, HM_ERR_NOT_MAPPED, NOT_MAPPED, NULL, NULL},
    {HM_TRANSPORT_HM, HM_ERR_DECRYPT, NEW_KEY, NULL, NULL},
    {HM_TRANSPORT_HM, HM_ERR_PROTOCOL, NO_DTU, NULL, ""},
    {HM_TRANSPORT_ES, HM_ERR_REFUSED, NO_GATEWAY_PORT, NULL, GATEWAY_BUSY},
    {HM_TRANSPORT_ES, HM_ERR_UNREACHABLE, AWAY_GATEWAY, NULL, NULL},
    {HM_TRANSPORT_ES, HM_ERR_TIMEOUT_CONNECT, AWAY_GATEWAY, NULL, NULL},
    {HM_TRANSPORT_ES, HM_ERR_TIMEOUT_READ, NO_GATEWAY, NULL, GATEWAY_BUSY},
    {HM_TRANSPORT_ES, HM_ERR_CLOSED, NO_GATEWAY, NULL, GATEWAY_BUSY},
    {HM_TRANSPORT_ES, HM_ERR_LENGTH, NO_GATEWAY, NULL, ""},
    {HM_TRANSPORT_ES, HM_ERR_NOT_MAPPED, GATEWAY_EMPTY, NULL, NULL},
    {HM_TRANSPORT_ES, HM_ERR_PROTOCOL, NO_GATEWAY, NULL, ""},
    {HM_TRANSPORT_MODBUS_G3, HM_ERR_REFUSED, ETHERNET_ONLY, NULL, NULL},
    {HM_TRANSPORT_MODBUS_G3, HM_ERR_UNREACHABLE, AWAY, NULL, NULL},
    {HM_TRANSPORT_MODBUS_G3, HM_ERR_TIMEOUT_CONNECT, AWAY_OR_WIFI, NULL,
        NULL},
    {HM_TRANSPORT_MODBUS_G3, HM_ERR_TIMEOUT_READ, NO_STICK, NULL, STICK_BUSY},
    {HM_TRANSPORT_MODBUS_G3, HM_ERR_CLOSED, STICK_BUSY, NULL, NULL},
    {HM_TRANSPORT_MODBUS_G3, HM_ERR_LENGTH, NO_STICK, NULL, TWO_CLIENTS},
    {HM_TRANSPORT_MODBUS_G3, HM_ERR_UNIT, NO_STICK, NULL, NULL},
    {HM_TRANSPORT_MODBUS_G3, HM_ERR_EXCEPTION, NO_STICK, NULL, NULL},
    {HM_TRANSPORT_MODBUS_G3, HM_ERR_PROTOCOL, NO_STICK, NULL, TWO_CLIENTS},
};

static const struct {
	enum hm_peer peer;
	const char *text;
} strangers[] = {
    {HM_PEER_WEB, "a web server answers there, no DTU: " FIND_IT},
    {HM_PEER_SSH, "an SSH server answers there, no DTU: " FIND_IT},
    {HM_PEER_TEXT, "what answers there sends text, as no DTU does: " FIND_IT},
};

static bool
speaks(const struct hm_failure *f, enum hm_transport transport)
{
	switch (transport) {
	case HM_TRANSPORT_MODBUS:
	case HM_TRANSPORT_MODBUS_G3:
		return f->peer == HM_PEER_MODBUS;
	case HM_TRANSPORT_HM:
		return f->peer == HM_PEER_HM;
	case HM_TRANSPORT_ES:
		return f->peer == HM_PEER_GATEWAY;
	}
	return false;
}

static bool
has_other(const struct hm_failure *f)
{
	enum hm_transport other;

	return hm_transport_other(f->dtu->transport, &other);
}

static bool
speaks_other(const struct hm_failure *f)
{
	enum hm_transport other;

	return hm_transport_other(f->dtu->transport, &other) &&
	    speaks(f, other);
}

static const char *
choose(size_t i, const struct hm_failure *f)
{
	const char *text = hints[i].text;

	if (f->reached || speaks(f, f->dtu->transport))
		return hints[i].reached != NULL ? hints[i].reached : text;
	if (f->other_port == HM_OTHER_PORT_CLOSED && hints[i].closed != NULL)
		return hints[i].closed;
	return text;
}

static const char *
known_cause(const struct hm_failure *f)
{
	for (size_t i = 0; i < sizeof strangers / sizeof *strangers; i++)
		if (strangers[i].peer == f->peer)
			return strangers[i].text;
	for (size_t i = 0; i < sizeof hints / sizeof *hints; i++)
		if (hints[i].transport == f->dtu->transport &&
		    hints[i].error == f->error)
			return choose(i, f);
	return "";
}

bool
hm_error_may_be_scheme(const struct hm_failure *f)
{
	switch (f->error) {
	case HM_ERR_REFUSED:
	case HM_ERR_TIMEOUT_CONNECT:
	case HM_ERR_TIMEOUT_READ:
	case HM_ERR_CLOSED:
	case HM_ERR_LENGTH:
	case HM_ERR_PROTOCOL:
		return !f->reached && has_other(f) &&
		    (f->peer == HM_PEER_UNKNOWN || speaks_other(f));
	default:
		return false;
	}
}

/* The same host, asked with the other protocol, which there is. */
static struct hm_dtu
other_dtu(const struct hm_dtu *dtu)
{
	struct hm_dtu other = {.host = dtu->host};

	hm_transport_other(dtu->transport, &other.transport);
	other.port = hm_transport_port(other.transport);
	return other;
}

/* The failure may come from a wrong scheme: ask for the other one. */
static bool
ask_for_other_scheme(const struct hm_failure *f, char out[HM_HINT_MAX])
{
	struct hm_dtu other = other_dtu(f->dtu);
	uint16_t port = other.port;
	const char *name = hm_transport_title(other.transport);
	char uri[HM_DTU_URI_MAX];

	if (speaks_other(f))
		other.port = f->dtu->port;
	hm_dtu_uri(&other, uri);
	if (speaks_other(f))
		snprintf(out, HM_HINT_MAX, "it speaks %s: is it %s?", name,
		    uri);
	else if (f->dtu->port == port)
		snprintf(out, HM_HINT_MAX, "%u is the port of %s: is it %s?",
		    port, name, uri);
	else if (f->other_port == HM_OTHER_PORT_OPEN)
		snprintf(out, HM_HINT_MAX, "port %u answers: is it %s?", port,
		    uri);
	else
		return false;
	return true;
}

/* Most DTUs speak hm, but a host without a scheme means Modbus. */
static void
add_other_scheme(const struct hm_failure *f, const char *text,
    char out[HM_HINT_MAX])
{
	struct hm_dtu other = other_dtu(f->dtu);
	char uri[HM_DTU_URI_MAX];

	if (f->other_port == HM_OTHER_PORT_CLOSED)
		snprintf(out, HM_HINT_MAX, "port %u does not answer either; %s",
		    other.port, text);
	else if (other.transport == HM_TRANSPORT_HM)
		snprintf(out, HM_HINT_MAX, "%s; most DTUs speak another "
		    "protocol: try %s", text, hm_dtu_uri(&other, uri));
	else
		snprintf(out, HM_HINT_MAX, "%s", text);
}

/* A DTU at a gateway's URI, on the same port. */
static const char *
say_dtu(const struct hm_failure *f, char out[HM_HINT_MAX])
{
	struct hm_dtu dtu = *f->dtu;
	char uri[HM_DTU_URI_MAX];

	dtu.transport = HM_TRANSPORT_HM;
	snprintf(out, HM_HINT_MAX, "it speaks hm: is it %s?",
	    hm_dtu_uri(&dtu, uri));
	return out;
}

const char *
hm_error_hint(const struct hm_failure *f, char out[HM_HINT_MAX])
{
	const char *text = known_cause(f);

	if (f->dtu->transport == HM_TRANSPORT_ES && f->peer == HM_PEER_HM &&
	    !f->reached)
		return say_dtu(f, out);
	if (hm_error_may_be_scheme(f)) {
		if (!ask_for_other_scheme(f, out))
			add_other_scheme(f, text, out);
		return out;
	}
	if (*text == '\0')
		return NULL;
	snprintf(out, HM_HINT_MAX, "%s", text);
	return out;
}
