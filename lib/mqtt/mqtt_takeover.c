#include <errno.h>
#include <mosquitto.h>

#include "base/clock.h"
#include "base/log.h"
#include "mqtt_link_private.h"

#define SOON_MS 60000 /* two clients with one id reconnect faster than this */

void
hm_mqtt_takeover_lost(struct hm_mqtt_link *link)
{
	bool soon = hm_monotonic_ms() - link->connected_at < SOON_MS;

	link->closed_by_broker = link->lost_reason == MOSQ_ERR_CONN_LOST ||
	    (link->lost_reason == MOSQ_ERR_ERRNO &&
	    link->lost_errno == ECONNRESET);
	if (!soon)
		link->takeovers = 0;
}

static void
report_first(const struct hm_mqtt_link *link)
{
	const char *id = link->options.client_id;

	hm_log_facts(HM_INFO, HM_FACTS(hm_fact("client_id", id),
	    hm_fact_int("takeovers", link->takeovers)), "the broker closed the "
	    "connection of the client id \"%s\", and is up: it was restarted, "
	    "or another client has this id", id);
}

static void
report_second(const struct hm_mqtt_link *link)
{
	const char *id = link->options.client_id;

	hm_log_facts(HM_WARNING, HM_FACTS(hm_fact("client_id", id),
	    hm_fact_int("takeovers", link->takeovers)), "another client with "
	    "the client id \"%s\" has taken over the session: the broker had "
	    "closed it, and is up; stop that client, or set another "
	    "mqtt_client_id", id);
}

/*
 * A broker that closes a connection and accepts the next attempt may have been
 * restarted. If that happens again soon, another client has the client id.
 */
void
hm_mqtt_takeover_connected(struct hm_mqtt_link *link)
{
	bool taken_over = link->closed_by_broker && !link->failed;

	link->connected_at = hm_monotonic_ms();
	link->closed_by_broker = false;
	if (!taken_over)
		return;
	link->takeovers++;
	if (link->takeovers == 1)
		report_first(link);
	else if (link->takeovers == 2)
		report_second(link);
}
