#ifndef HM_MQTT_GATE_H
#define HM_MQTT_GATE_H

#include <mosquitto.h>
#include <openssl/ssl.h>

#include "mqtt_frames.h"

/*
 * Stands between the broker and libmosquitto, which allocates whatever length a
 * packet claims. The gate reads from the connection, looks at the lengths of
 * the packets, below TLS, and shows libmosquitto only bytes of packets of at
 * most HM_MQTT_PACKET_MAX.
 */

#define HM_MQTT_GATE_BYTES 16384  /* read at once; a TLS record has no more */
#define HM_MQTT_RECORD_MAX 18437  /* of TLS 1.2, with its header */

struct hm_mqtt_gate {
	struct hm_mqtt_frames frames;
	int pair[2]; /* the gate writes the second end for the first */
	int connection; /* a second descriptor of it, or -1; not with TLS */
	BIO *records; /* TLS records to read; belongs to the session */
	size_t have;  /* bytes of a TLS record */
	unsigned char record[HM_MQTT_RECORD_MAX];
	unsigned char plain[HM_MQTT_GATE_BYTES];
};

/* False, with errno, if the system refuses. */
bool hm_mqtt_gate_open(struct hm_mqtt_gate *gate);
void hm_mqtt_gate_close(struct hm_mqtt_gate *gate);

/* The connection has ended, and libmosquitto has closed its descriptor. */
void hm_mqtt_gate_reset(struct hm_mqtt_gate *gate);

/*
 * Instead of mosquitto_loop_read: reads a bounded number of bytes. Returns a
 * result of libmosquitto: MOSQ_ERR_OVERSIZE_PACKET if frames says so;
 * MOSQ_ERR_ERRNO with errno; MOSQ_ERR_TLS with the error queue of OpenSSL.
 */
int hm_mqtt_gate_read(struct hm_mqtt_gate *gate, struct mosquitto *mosq);

#endif
