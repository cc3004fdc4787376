#include "dtu_list.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/exits.h"
#include "base/log.h"

struct source {
	const char *uri;  /* a URI or, if allowed, a plain host */
	const char *name; /* NULL: that of the URI */
	bool plain;       /* whether a plain host is allowed */
	int64_t port;     /* of a plain host, or 0 */
	int64_t unit;
	const char *where;
};

static bool
is_uri(const char *text)
{
	return strstr(text, "://") != NULL;
}

static int
add(struct hm_dtus *dtus, const struct source *source, int mistake)
{
	struct hm_dtu *dtu = &dtus->dtu[dtus->count];
	const char *why;

	if (source->plain && !is_uri(source->uri))
		hm_dtu_parse_host(source->uri, (uint16_t)source->port,
		    (uint8_t)source->unit, dtu, &why);
	else if (source->port == 0)
		hm_dtu_parse_uri(source->uri, (uint8_t)source->unit, dtu,
		    &why);
	else
		why = "a port is for a plain host; a URI has its own";
	if (why != NULL) {
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
		    .unit = entry[i].unit_id != HM_NO_UNIT_ID ?
		        entry[i].unit_id :
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
		hm_log(HM_ERROR, "%s: found \"%s\": a port is for a plain "
		    "host; the URI \"%s\" has its own",
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

/* Sorted, so that ten thousand DTUs are checked quickly. */
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
			hm_log(HM_ERROR, "%s:%u is given twice; a DTU serves "
			    "one client only", order[i]->host, order[i]->port);
			status = mistake;
		}
	free(order);
	return status;
}

int
hm_dtus_configured(struct hm_dtus *dtus, const struct hm_config *config)
{
	enum hm_dtu_source source = hm_config_dtu_source(config);
	int mistake = source == HM_DTUS_OPERANDS ? HM_EXIT_USAGE :
	    HM_EXIT_CONFIG;
	size_t count, entries;
	int status = 0;

	hm_config_operands(config, &count);
	hm_config_dtus(config, &entries);
	*dtus = (struct hm_dtus){
	    calloc(count + entries + 1, sizeof *dtus->dtu), 0};
	if (dtus->dtu == NULL)
		return HM_EXIT_OS;
	if (source == HM_DTUS_OPERANDS)
		status = add_operands(dtus, config);
	else if (source == HM_DTUS_LIST)
		status = add_entries(dtus, config);
	else if (source == HM_DTUS_HOST)
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
