#include <mosquitto.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "mqtt_link_private.h"

static bool
cork(struct hm_mqtt_link *link, int on)
{
	int fd = mosquitto_socket(link->mosq);

	return fd >= 0 &&
	    setsockopt(fd, IPPROTO_TCP, TCP_CORK, &on, sizeof on) == 0;
}

/* Where the bytes cannot be held back they leave at once. */
void
hm_mqtt_link_gather(struct hm_mqtt_link *link)
{
	if (!link->gathers && !link->lost)
		link->gathers = cork(link, 1);
}

void
hm_mqtt_burst_end(struct hm_mqtt_link *link)
{
	if (link->gathers && !link->lost)
		cork(link, 0);
	link->gathers = false;
}

/*
 * A broker with Nagle's algorithm, as mosquitto has it by default, holds back
 * all PUBACKs but the first until that is acknowledged. While messages wait for
 * PUBACKs nothing else is sent, and the acknowledgement would be delayed by
 * 40 ms. The option holds only for what has been read.
 */
void
hm_mqtt_burst_acknowledge(const struct hm_mqtt_link *link)
{
	const int on = 1;
	int fd = link->lost ? -1 : mosquitto_socket(link->mosq);

	if (fd >= 0)
		setsockopt(fd, IPPROTO_TCP, TCP_QUICKACK, &on, sizeof on);
}
