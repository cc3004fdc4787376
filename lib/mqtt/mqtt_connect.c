#include <errno.h>
#include <mosquitto.h>
#include <mqtt_protocol.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "mqtt_gate.h"
#include "mqtt_link_private.h"

#define CONNACK_MS 10000 /* for the broker's CONNACK once connected */
#define SYSTEM_CERTIFICATES "/etc/ssl/certs"

static int
set_up_tls(struct hm_mqtt_link *link)
{
	const struct hm_mqtt_options *o = &link->options;
	int rc;

	if (!o->tls)
		return MOSQ_ERR_SUCCESS;
	rc = mosquitto_tls_set(link->mosq, o->ca_file,
	    o->ca_file == NULL ? SYSTEM_CERTIFICATES : NULL, o->cert_file,
	    o->key_file, NULL);
	if (rc != MOSQ_ERR_SUCCESS)
		return rc;
	rc = mosquitto_tls_opts_set(link->mosq, !o->tls_insecure, "tlsv1.2",
	    NULL);
	if (rc == MOSQ_ERR_SUCCESS && o->tls_insecure)
		rc = mosquitto_tls_insecure_set(link->mosq, true);
	return rc;
}

static int
set_up(struct hm_mqtt_link *link)
{
	static const char offline[] = "offline";
	const struct hm_mqtt_options *o = &link->options;
	int rc;

	hm_mqtt_callbacks_set(link->mosq);
	hm_mqtt_reason_watch(link);
	mosquitto_max_inflight_messages_set(link->mosq,
	    (unsigned)o->in_flight_max);
	rc = mosquitto_int_option(link->mosq, MOSQ_OPT_PROTOCOL_VERSION,
	    link->version);
	/* Bursts are gathered, and nothing else has to wait for more. */
	if (rc == MOSQ_ERR_SUCCESS)
		rc = mosquitto_int_option(link->mosq, MOSQ_OPT_TCP_NODELAY, 1);
	if (rc == MOSQ_ERR_SUCCESS && o->farewell)
		rc = mosquitto_will_set(link->mosq, o->availability_topic,
		    sizeof offline - 1, offline, link->only_qos_0 ? 0 : 1,
		    !link->retains_none);
	if (rc == MOSQ_ERR_SUCCESS && o->user != NULL)
		rc = mosquitto_username_pw_set(link->mosq, o->user,
		    o->password);
	return rc == MOSQ_ERR_SUCCESS ? set_up_tls(link) : rc;
}

/* A broker of MQTT 5 leaves out messages that are larger than we take. */
static int
connect_now(struct hm_mqtt_link *link)
{
	const struct hm_mqtt_options *o = &link->options;
	mosquitto_property *properties = NULL;
	int rc = MOSQ_ERR_SUCCESS;

	if (link->version == MQTT_PROTOCOL_V5)
		rc = mosquitto_property_add_int32(&properties,
		    MQTT_PROP_MAXIMUM_PACKET_SIZE, HM_MQTT_PACKET_MAX);
	if (rc == MOSQ_ERR_SUCCESS)
		rc = mosquitto_connect_bind_v5(link->mosq, o->host, o->port,
		    o->keepalive, NULL, properties);
	link->connect_errno = errno;
	mosquitto_property_free_all(&properties);
	return rc;
}

static void *
connect_in_thread(void *context)
{
	struct hm_mqtt_link *link = context;
	const uint64_t one = 1;

	link->connect_result = connect_now(link);
	/* Adding 1 to the counter of an eventfd that is open cannot fail. */
	if (write(link->done_fd, &one, sizeof one) < 0)
		abort();
	return NULL;
}

void
hm_mqtt_connect_start(struct hm_mqtt_link *link)
{
	int rc;

	link->mosq = mosquitto_new(link->options.client_id, true, link);
	if (link->mosq == NULL) {
		hm_mqtt_link_failed(link, "no memory");
		return;
	}
	rc = set_up(link);
	if (rc != MOSQ_ERR_SUCCESS) {
		hm_mqtt_link_failed(link,
		    hm_mqtt_link_reason(link, rc, errno));
		return;
	}
	if (pthread_create(&link->thread, NULL, connect_in_thread,
	    link) != 0) {
		hm_mqtt_link_failed(link, "cannot start a thread");
		return;
	}
	link->state = HM_MQTT_CONNECTING;
	link->deadline = hm_monotonic_ms() + HM_MQTT_CONNECT_MS;
}

void
hm_mqtt_connect_end(struct hm_mqtt_link *link)
{
	uint64_t count;

	if (read(link->done_fd, &count, sizeof count) < 0)
		return;
	pthread_join(link->thread, NULL);
	if (link->connect_result != MOSQ_ERR_SUCCESS) {
		hm_mqtt_link_failed(link, hm_mqtt_link_reason(link,
		    link->connect_result, link->connect_errno));
		return;
	}
	link->state = HM_MQTT_GREETING;
	link->next_misc = hm_monotonic_ms();
	link->deadline = link->next_misc + CONNACK_MS;
}
