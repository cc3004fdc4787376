#include <errno.h>
#include <mosquitto.h>
#include <mqtt_protocol.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "mqtt_frames.h"
#include "mqtt_link_private.h"

/*
 * Why a connection failed. libmosquitto returns one error for all failures of
 * TLS; the reason is in the TLS session, which it frees, and in the messages
 * that it logs before that.
 */

/* What the check of the broker's certificate found, in the user's terms. */
static const char *
verify_reason(long result)
{
	switch (result) {
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
	case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
	case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
	case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
	case X509_V_ERR_CERT_SIGNATURE_FAILURE:
	case X509_V_ERR_CERT_UNTRUSTED:
		return "unknown CA: the broker's certificate is signed by "
		    "none of the trusted ones; mqtt_tls_ca_cert names the "
		    "file of its CA";
	case X509_V_ERR_CERT_HAS_EXPIRED:
		return "expired: the broker's certificate, or that of its CA, "
		    "is no longer valid, by the clock of this machine";
	case X509_V_ERR_CERT_NOT_YET_VALID:
		return "not valid yet: the broker's certificate, or that of "
		    "its CA, begins later, by the clock of this machine";
	default:
		return X509_verify_cert_error_string(result);
	}
}

/* An alert of the broker, or another error of the TLS library. */
static void
explain_error(const struct hm_mqtt_link *link, const char *text,
    char out[HM_MQTT_REASON_MAX])
{
	bool certificate = link->options.cert_file != NULL;
	const char *reason = strrchr(text, ':');

	reason = reason != NULL ? reason + 1 : text;
	if (strstr(reason, "alert") == NULL)
		snprintf(out, HM_MQTT_REASON_MAX, "TLS: %s%s", reason,
		    strstr(reason, "wrong version number") != NULL ?
		    ": the broker does not speak TLS on this port" : "");
	else if (strstr(reason, "certificate required") != NULL ||
	    (!certificate && strstr(reason, "handshake failure") != NULL))
		snprintf(out, HM_MQTT_REASON_MAX, "the broker asked for a "
		    "client certificate and got none: set mqtt_tls_cert and "
		    "mqtt_tls_key (%s)", reason);
	else if (certificate)
		snprintf(out, HM_MQTT_REASON_MAX, "the broker refused the "
		    "client certificate (mqtt_tls_cert): %s", reason);
	else
		snprintf(out, HM_MQTT_REASON_MAX, "the broker refused TLS: %s",
		    reason);
}

/* The connection ended: hm_mqtt_link_reason knows more of that. */
static bool
is_system(const char *text)
{
	return strstr(text, strerror(ECONNRESET)) != NULL ||
	    strstr(text, strerror(EPIPE)) != NULL;
}

static void
explain(struct hm_mqtt_link *link, struct mosquitto *mosq, const char *text)
{
	SSL *tls = mosquitto_ssl_get(mosq);
	long result = tls != NULL ? SSL_get_verify_result(tls) : X509_V_OK;

	if (strstr(text, "host name verification failed") != NULL)
		snprintf(link->reason, sizeof link->reason,
		    "wrong host name: the broker's certificate is not for "
		    "\"%s\"; mqtt_broker must be a name or an address that it "
		    "names", link->options.host);
	else if (strncmp(text, "OpenSSL Error", 13) != 0 || is_system(text))
		return;
	else if (result != X509_V_OK && !link->options.tls_insecure)
		snprintf(link->reason, sizeof link->reason, "%s",
		    verify_reason(result));
	else
		explain_error(link, text, link->reason);
}

/* Called by the thread that connects as well; it is joined before any use. */
static void
on_log(struct mosquitto *mosq, void *context, int level, const char *text)
{
	struct hm_mqtt_link *link = context;

	if (level == MOSQ_LOG_ERR && link->reason[0] == '\0')
		explain(link, mosq, text);
	hm_log(HM_DEBUG, "libmosquitto: %s", text);
}

void
hm_mqtt_reason_watch(struct hm_mqtt_link *link)
{
	link->reason[0] = '\0';
	/* For each packet libmosquitto formats a line, and most are DEBUG. */
	if (link->options.tls || hm_log_shows(HM_DEBUG))
		mosquitto_log_callback_set(link->mosq, on_log);
}

/*
 * With TLS 1.3 a broker checks the client's certificate after the handshake. If
 * it then closes the connection, its alert may not arrive.
 */
static bool
may_want_certificate(const struct hm_mqtt_link *link, int rc, int error)
{
	return link->options.tls && link->options.cert_file == NULL &&
	    link->state != HM_MQTT_CONNECTED &&
	    (rc == MOSQ_ERR_CONN_LOST || rc == MOSQ_ERR_TLS ||
	    (rc == MOSQ_ERR_ERRNO && (error == EPROTO || error == EPIPE ||
	    error == ECONNRESET)));
}

/* The return codes of MQTT 5 that 3.1.1 has as well, in its texts. */
static const char *
refusal(int code)
{
	switch (code) {
	case MQTT_RC_UNSUPPORTED_PROTOCOL_VERSION:
		return mosquitto_connack_string(1);
	case MQTT_RC_CLIENTID_NOT_VALID:
		return mosquitto_connack_string(2);
	case MQTT_RC_SERVER_UNAVAILABLE:
		return mosquitto_connack_string(3);
	case MQTT_RC_BAD_USERNAME_OR_PASSWORD:
		return mosquitto_connack_string(4);
	case MQTT_RC_NOT_AUTHORIZED:
		return mosquitto_connack_string(5);
	default:
		return code >= MQTT_RC_UNSPECIFIED ?
		    mosquitto_reason_string(code) :
		    mosquitto_connack_string(code);
	}
}

static void
explain_size(struct hm_mqtt_link *link)
{
	const struct hm_mqtt_frames *frames = &link->gate.frames;
	const struct hm_mqtt_owner *owner = &link->owner;

	if (frames->malformed)
		snprintf(link->reason, sizeof link->reason,
		    "it sent a packet whose length is none");
	else if (owner->too_large == NULL || !owner->too_large(owner->context,
	    frames->size, link->reason, sizeof link->reason))
		snprintf(link->reason, sizeof link->reason,
		    "it sent a packet of %u bytes; at most %d are taken",
		    (unsigned)frames->size, HM_MQTT_PACKET_MAX);
}

void
hm_mqtt_reason_gate(struct hm_mqtt_link *link, int rc)
{
	char text[HM_MQTT_REASON_MAX];

	if (rc == MOSQ_ERR_OVERSIZE_PACKET) {
		explain_size(link);
	} else if (rc == MOSQ_ERR_TLS && link->reason[0] == '\0' &&
	    ERR_peek_error() != 0) {
		ERR_error_string_n(ERR_get_error(), text, sizeof text);
		explain_error(link, text, link->reason);
	}
}

const char *
hm_mqtt_link_reason(const struct hm_mqtt_link *link, int rc, int error)
{
	if (link->reason[0] != '\0')
		return link->reason;
	/* A negative reason is the return code in the CONNACK. */
	if (rc < 0)
		return refusal(-rc);
	/* The broker's reason in a DISCONNECT. */
	if (rc == MQTT_RC_SESSION_TAKEN_OVER)
		return "another client with the same client id has taken over "
		    "the session; stop that client, or set another "
		    "mqtt_client_id";
	if (rc >= MQTT_RC_UNSPECIFIED)
		return mosquitto_reason_string(rc);
	if (may_want_certificate(link, rc, error))
		return "the broker closed it after TLS began: it may ask for "
		    "a client certificate, which mqtt_tls_cert and "
		    "mqtt_tls_key name";
	if (rc == MOSQ_ERR_CONN_LOST || (rc == MOSQ_ERR_ERRNO &&
	    link->state != HM_MQTT_CONNECTING &&
	    (error == ECONNRESET || error == EPIPE)))
		return "the broker closed it";
	return rc == MOSQ_ERR_ERRNO ? strerror(error) : mosquitto_strerror(rc);
}
