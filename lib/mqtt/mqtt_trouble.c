#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/slice.h"
#include "mqtt_link_private.h"

/*
 * Causes that repeat: the first time is logged, then the 10th, the 100th and so
 * on, with the count, and the count when it is over.
 */

#define COUNTS 10

/* The texts of libmosquitto end with a full stop. */
static void
copy_reason(char out[HM_MQTT_REASON_MAX], const char *why)
{
	size_t n = strlen(why);

	snprintf(out, HM_MQTT_REASON_MAX, "%.*s",
	    (int)(n > 0 && why[n - 1] == '.' ? n - 1 : n), why);
}

static bool
is_power(uint64_t count)
{
	while (count % COUNTS == 0)
		count /= COUNTS;
	return count == 1;
}

static void
log_trouble(const struct hm_mqtt_link *link,
    const struct hm_mqtt_trouble *trouble, enum hm_level level,
    const char *what, const char *end)
{
	const struct hm_mqtt_options *o = &link->options;
	char count[64] = "";

	if (trouble->count > 1)
		snprintf(count, sizeof count, ", %llu times in %lld s",
		    (unsigned long long)trouble->count,
		    (long long)(hm_monotonic_ms() - trouble->since) / 1000);
	hm_log_facts(level, HM_FACTS(hm_fact("broker", o->host),
	    hm_fact_int("port", o->port), hm_fact("reason", trouble->reason),
	    hm_fact_int("times", (int64_t)trouble->count)),
	    "%s the broker %s:%d%s%s: %s%s", what, o->host, o->port,
	    *end == '\0' ? " is lost" : "", count, trouble->reason, end);
}

/* Count a cause. Whether it is to be logged. */
static bool
note(struct hm_mqtt_trouble *trouble, const char *why)
{
	char reason[HM_MQTT_REASON_MAX];

	copy_reason(reason, why);
	if (trouble->count == 0 || strcmp(reason, trouble->reason) != 0) {
		trouble->count = 0;
		trouble->since = hm_monotonic_ms();
		memcpy(trouble->reason, reason, sizeof reason);
	}
	trouble->count++;
	return is_power(trouble->count);
}

void
hm_mqtt_trouble_failed(struct hm_mqtt_link *link, const char *why)
{
	bool loud = note(&link->failure, why);

	log_trouble(link, &link->failure, !loud ? HM_INFO :
	    link->failure.count == 1 ? HM_ERROR : HM_WARNING,
	    "no connection to", "; retrying");
}

void
hm_mqtt_trouble_lost(struct hm_mqtt_link *link, const char *why)
{
	bool loud = note(&link->loss, why);

	log_trouble(link, &link->loss, loud ? HM_WARNING : HM_INFO,
	    "the connection to", "");
}

void
hm_mqtt_trouble_over(struct hm_mqtt_link *link)
{
	if (link->loss.count > 1)
		hm_log_facts(HM_WARNING, HM_FACTS(
		    hm_fact("broker", link->options.host),
		    hm_fact_int("port", link->options.port),
		    hm_fact_int("times", (int64_t)link->loss.count)),
		    "the connection to the broker %s:%d lasts again; it was "
		    "lost %llu times: %s", link->options.host,
		    link->options.port, (unsigned long long)link->loss.count,
		    link->loss.reason);
	link->loss.count = 0;
	link->failure.count = 0;
}
