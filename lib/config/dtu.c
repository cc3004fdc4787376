#include "dtu.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "base/dec.h"
#include "base/exits.h"
#include "base/log.h"
#include "base/utf8.h"

#define PORT_MODBUS 502
#define PORT_HM 10081
#define HOST_MAX 253 /* a name in the DNS, RFC 1035 */
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
read_number(const char **p, const char *stop, int64_t max, int64_t *out)
{
	size_t n = strcspn(*p, stop);
	struct hm_dec d;

	if (!hm_dec_parse(hm_slice(*p, n), &d) || !hm_dec_rescale(d, 0, out) ||
	    *out < 1 || *out > max)
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
		if (!read_number(&p, "/#", UINT16_MAX, &number))
			return "the port must be a number from 1 to 65535";
		dtu->port = (uint16_t)number;
	}
	if (skip(&p, "/") && *p != '\0' && *p != '#') {
		if (dtu->transport != HM_TRANSPORT_MODBUS)
			return "an hm URI has no path";
		if (!read_number(&p, "#", UINT8_MAX, &number))
			return "the unit id must be a number from 1 to 255";
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

bool
hm_dtu_parse(const char *uri, uint8_t unit, struct hm_dtu *dtu,
    const char **why)
{
	*dtu = (struct hm_dtu){.unit = unit};
	*why = read_uri(uri, dtu);
	if (*why == NULL)
		return true;
	hm_dtu_free(dtu);
	return false;
}

/* Collecting */

struct source {
	const char *uri;  /* a URI or, where that is allowed, a plain host */
	const char *name; /* NULL: as the URI says */
	bool plain;       /* whether a plain host is allowed */
	int64_t port;     /* given beside the host, or 0 */
	int64_t unit;
	const char *where;
};

static bool
is_uri(const char *text)
{
	return strstr(text, "://") != NULL;
}

/* A plain host is a Modbus DTU, as it always was, unless the port is hm's. */
static const char *
read_plain(const struct source *source, struct hm_dtu *dtu)
{
	const char *p = source->uri, *why = NULL;

	*dtu = (struct hm_dtu){
	    .transport = source->port == PORT_HM ? HM_TRANSPORT_HM :
	        HM_TRANSPORT_MODBUS,
	    .port = source->port != 0 ? (uint16_t)source->port : PORT_MODBUS,
	    .unit = (uint8_t)source->unit};
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

static int
add(struct hm_dtus *dtus, const struct source *source, int mistake)
{
	struct hm_dtu *dtu = &dtus->dtu[dtus->count];
	const char *why;

	if (source->plain && !is_uri(source->uri))
		why = read_plain(source, dtu);
	else if (source->port == 0)
		hm_dtu_parse(source->uri, (uint8_t)source->unit, dtu, &why);
	else
		why = "a port goes with a plain host; a URI names its own";
	if (why != NULL) {
		hm_dtu_free(dtu);
		hm_log_facts(HM_ERROR, HM_FACTS(hm_fact("where",
		    source->where), hm_fact("found", source->uri),
		    hm_fact("reason", why)), "%s: found \"%s\": %s",
		    source->where, source->uri, why);
		return mistake;
	}
	dtus->count++;
	if (source->name == NULL)
		return 0;
	free(dtu->name);
	dtu->name = strdup(source->name);
	return dtu->name != NULL ? 0 : HM_EXIT_OS;
}

static int
add_operands(struct hm_dtus *dtus, const struct hm_config *config)
{
	size_t count;
	char *const *operands = hm_config_operands(config, &count);
	int status = 0;

	for (size_t i = 0; i < count; i++) {
		const struct source source = {.uri = operands[i],
		    .unit = hm_config_int(config, HM_SET_MODBUS_UNIT_ID),
		    .where = "DTU"};
		int added = add(dtus, &source, HM_EXIT_USAGE);

		if (added != 0)
			status = added;
	}
	return status;
}

static int
add_entries(struct hm_dtus *dtus, const struct hm_config *config)
{
	size_t count;
	const struct hm_dtu_config *entry = hm_config_dtus(config, &count);
	int status = 0;

	for (size_t i = 0; i < count; i++) {
		int added;
		struct source source = {
		    .uri = entry[i].uri != NULL ? entry[i].uri : entry[i].host,
		    .name = entry[i].name,
		    .plain = entry[i].uri == NULL,
		    .port = entry[i].port,
		    .unit = entry[i].unit_id != 0 ? entry[i].unit_id :
		        hm_config_int(config, HM_SET_MODBUS_UNIT_ID),
		    .where = entry[i].where};

		added = add(dtus, &source, HM_EXIT_CONFIG);
		if (added != 0)
			status = added;
	}
	return status;
}

static int
add_host(struct hm_dtus *dtus, const struct hm_config *config)
{
	const char *host = hm_config_text(config, HM_SET_DTU_HOST);
	const struct source source = {
	    .uri = host,
	    .name = strchr(host, '#') == NULL ? "DTU" : NULL,
	    .plain = true,
	    .port = hm_config_has(config, HM_SET_DTU_PORT) ?
	        hm_config_int(config, HM_SET_DTU_PORT) : 0,
	    .unit = hm_config_int(config, HM_SET_MODBUS_UNIT_ID),
	    .where = hm_config_source(config, HM_SET_DTU_HOST),
	};

	if (is_uri(host) && hm_config_has(config, HM_SET_DTU_PORT)) {
		hm_log(HM_ERROR, "%s: found \"%s\": a port goes with a plain "
		    "host; the URI \"%s\" names its own",
		    hm_config_source(config, HM_SET_DTU_PORT),
		    hm_config_text(config, HM_SET_DTU_PORT), host);
		return HM_EXIT_CONFIG;
	}
	return add(dtus, &source, HM_EXIT_CONFIG);
}

static int
compare_names(const void *a, const void *b)
{
	const struct hm_dtu *x = *(const struct hm_dtu *const *)a;
	const struct hm_dtu *y = *(const struct hm_dtu *const *)b;

	return strcmp(x->name, y->name);
}

static int
compare_addresses(const void *a, const void *b)
{
	const struct hm_dtu *x = *(const struct hm_dtu *const *)a;
	const struct hm_dtu *y = *(const struct hm_dtu *const *)b;
	int order = strcasecmp(x->host, y->host);

	return order != 0 ? order : (int)x->port - (int)y->port;
}

/* Sorted neighbours, so that ten thousand DTUs are checked in no time. */
static int
refuse_twins(const struct hm_dtus *dtus, int mistake)
{
	const struct hm_dtu **order = calloc(dtus->count, sizeof *order);
	int status = 0;

	if (order == NULL)
		return HM_EXIT_OS;
	for (size_t i = 0; i < dtus->count; i++)
		order[i] = &dtus->dtu[i];
	qsort(order, dtus->count, sizeof *order, compare_names);
	for (size_t i = 1; i < dtus->count && status == 0; i++)
		if (compare_names(&order[i - 1], &order[i]) == 0) {
			hm_log_facts(HM_ERROR, HM_FACTS(hm_fact("dtu",
			    order[i]->name)), "two DTUs are named \"%s\"; "
			    "give one of them another name", order[i]->name);
			status = mistake;
		}
	qsort(order, dtus->count, sizeof *order, compare_addresses);
	for (size_t i = 1; i < dtus->count && status == 0; i++)
		if (compare_addresses(&order[i - 1], &order[i]) == 0) {
			hm_log(HM_ERROR, "%s:%u is given twice; a DTU bears "
			    "one client only", order[i]->host, order[i]->port);
			status = mistake;
		}
	free(order);
	return status;
}

int
hm_dtus_configured(struct hm_dtus *dtus, const struct hm_config *config)
{
	size_t count, entries;
	int mistake, status = 0;

	hm_config_operands(config, &count);
	mistake = count > 0 ? HM_EXIT_USAGE : HM_EXIT_CONFIG;
	hm_config_dtus(config, &entries);
	if (hm_config_outranks(config, HM_SET_DTU_HOST, HM_SET_DTU_CONFIGS))
		entries = 0;
	*dtus = (struct hm_dtus){
	    calloc(count + entries + 1, sizeof *dtus->dtu), 0};
	if (dtus->dtu == NULL)
		return HM_EXIT_OS;
	if (count > 0)
		status = add_operands(dtus, config);
	else if (entries > 0)
		status = add_entries(dtus, config);
	else if (hm_config_has(config, HM_SET_DTU_HOST))
		status = add_host(dtus, config);
	return status != 0 || dtus->count == 0 ? status :
	    refuse_twins(dtus, mistake);
}

int
hm_dtus_collect(struct hm_dtus *dtus, const struct hm_config *config)
{
	int status = hm_dtus_configured(dtus, config);

	if (status != 0 || dtus->count > 0)
		return status;
	hm_log(HM_ERROR, "no DTU: give a URI such as "
	    "hm://192.168.1.50, or set dtu_host (DTU_HOST) or "
	    "dtu_configs");
	return HM_EXIT_CONFIG;
}

void
hm_dtus_free(struct hm_dtus *dtus)
{
	for (size_t i = 0; i < dtus->count; i++)
		hm_dtu_free(&dtus->dtu[i]);
	free(dtus->dtu);
	*dtus = (struct hm_dtus){NULL, 0};
}
