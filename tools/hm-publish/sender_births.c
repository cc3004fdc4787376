#include <mosquitto.h>
#include <mqtt_protocol.h>
#include <string.h>

#include "announce_clock.h"
#include "mqtt/mqtt_link.h"
#include "sender_private.h"

/* Home Assistant asks for a random delay, to spread the announcements. */
#define BIRTH_MIN_MS 1000
#define BIRTH_MAX_MS 10000

#define DEAF_MS 3600000 /* without births after a message that is too large */

/*
 * A retained message is of a start before this connection: MQTT 5 has an option
 * not to get it. Options are left out before MQTT 5. A birth that is lost with
 * its connection is not missed, because a new one announces, too: QoS 0.
 */
void
hm_sender_births_subscribe(struct hm_sender *sender, int64_t now)
{
	if (sender->hears_births || now < sender->deaf_until)
		return;
	sender->hears_births = mosquitto_subscribe_v5(
	    hm_mqtt_link_session(sender->link), NULL, sender->birth_topic, 0,
	    MQTT_SUB_OPT_SEND_RETAIN_NEVER, NULL) == MOSQ_ERR_SUCCESS;
}

bool
hm_sender_births_refuse(struct hm_sender *sender, int64_t now)
{
	if (sender->hears_births)
		sender->deaf_until = now + DEAF_MS;
	return sender->hears_births;
}

void
hm_sender_births_take(struct hm_sender *sender, int64_t now,
    const struct mosquitto_message *message)
{
	if (message->retain || message->payloadlen != 6 ||
	    memcmp(message->payload, "online", 6) != 0)
		return;
	sender->counts.births++;
	hm_announce_ask(&sender->births, now,
	    hm_mqtt_link_random(BIRTH_MIN_MS, BIRTH_MAX_MS));
}
