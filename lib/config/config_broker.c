#include "config_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/decimal.h"
#include "base/host.h"
#include "config.h"
#include "settings.h"

/*
 * mqtt_broker may also name the port and TLS. They become the values of
 * mqtt_port and mqtt_tls, so that every tool reads an address alone, and
 * --check shows what is meant.
 */

#define PORT_TLS 8883
#define FORMS "are HOST[:PORT], mqtt://HOST[:PORT] and mqtts://HOST[:PORT] " \
	"with a port from 1 to 65535, and an IPv6 address in brackets"
#define ALLOWED_MAX 1024

struct broker {
	const char *scheme; /* without "://"; NULL: none */
	bool tls;
	struct hm_slice host;
	int64_t port; /* 0: none */
};

static bool
skip(const char **p, const char *prefix)
{
	size_t n = strlen(prefix);

	if (strncasecmp(*p, prefix, n) != 0)
		return false;
	*p += n;
	return true;
}

static bool
read_port(const char **p, int64_t *port)
{
	size_t n = strcspn(*p, "/");

	if (!hm_decimal_whole(hm_slice(*p, n), 1, UINT16_MAX, port))
		return false;
	*p += n;
	return true;
}

/* False if the text has none of the forms. */
static bool
read_broker(const char *p, struct broker *broker)
{
	*broker = (struct broker){.host = hm_text(p)};
	if (hm_host_is_ipv6(broker->host))
		return true;
	if (skip(&p, "mqtt://"))
		broker->scheme = "mqtt";
	else if (skip(&p, "mqtts://"))
		broker->scheme = "mqtts";
	broker->tls = broker->scheme != NULL &&
	    strcmp(broker->scheme, "mqtts") == 0;
	if (hm_host_read(&p, &broker->host) != NULL)
		return false;
	if (skip(&p, ":") && !read_port(&p, &broker->port))
		return false;
	if (broker->scheme != NULL)
		skip(&p, "/");
	return *p == '\0';
}

/* A password in the address must not be logged. */
static bool
refuse_address(const struct hm_config *config, const char *text)
{
	const char *at = strrchr(text, '@');

	if (at == NULL)
		return hm_config_refuse(config, HM_SET_MQTT_BROKER, FORMS);
	return hm_config_refuse_word(config, HM_SET_MQTT_BROKER, hm_text(at),
	    "is an address without a user and a password, which are mqtt_user "
	    "and mqtt_password_file");
}

static bool
refuse_other(const struct hm_config *config, enum hm_setting_id id,
    const char *value)
{
	char allowed[ALLOWED_MAX];

	snprintf(allowed, sizeof allowed, "is %s, as mqtt_broker (%s) says: "
	    "\"%s\"", value, hm_config_source(config, HM_SET_MQTT_BROKER),
	    hm_config_text(config, HM_SET_MQTT_BROKER));
	return hm_config_refuse(config, id, allowed);
}

/* Whether a setting is given where mqtt_broker is: then they must agree. */
static bool
stands_beside(const struct hm_config *config, enum hm_setting_id id)
{
	return config->value[id].layer ==
	    config->value[HM_SET_MQTT_BROKER].layer;
}

static bool
check_port(const struct hm_config *config, const struct broker *broker)
{
	char value[8];

	if (broker->port == 0 || !stands_beside(config, HM_SET_MQTT_PORT) ||
	    broker->port == hm_config_int(config, HM_SET_MQTT_PORT))
		return true;
	snprintf(value, sizeof value, "%u", (unsigned)broker->port);
	return refuse_other(config, HM_SET_MQTT_PORT, value);
}

static bool
check_tls(const struct hm_config *config, const struct broker *broker)
{
	if (broker->scheme == NULL ||
	    !stands_beside(config, HM_SET_MQTT_TLS) ||
	    broker->tls == hm_config_flag(config, HM_SET_MQTT_TLS))
		return true;
	return refuse_other(config, HM_SET_MQTT_TLS,
	    broker->tls ? "true" : "false");
}

/*
 * Set a setting as if it stood where mqtt_broker stands: it overrides what a
 * lower layer says, and what a higher one says stays.
 */
static void
set(struct hm_config *config, enum hm_setting_id id, const char *text)
{
	const char *source = hm_config_source(config, HM_SET_MQTT_BROKER);

	if (config->value[id].layer < config->layer)
		hm_config_set(config, id, text, source, source);
}

/* A port that is set anywhere goes before the usual one of TLS. */
static void
set_port(struct hm_config *config, const struct broker *broker)
{
	char port[8];

	snprintf(port, sizeof port, "%u", broker->port != 0 ?
	    (unsigned)broker->port : PORT_TLS);
	if (broker->port != 0 || (broker->tls &&
	    hm_config_flag(config, HM_SET_MQTT_TLS) &&
	    !hm_config_given(config, HM_SET_MQTT_PORT)))
		set(config, HM_SET_MQTT_PORT, port);
}

static void
set_all(struct hm_config *config, const struct broker *broker)
{
	struct hm_config_value *value = &config->value[HM_SET_MQTT_BROKER];
	char *host = strndup(broker->host.p, broker->host.n);

	config->no_memory = config->no_memory || host == NULL;
	config->layer = value->layer;
	if (broker->scheme != NULL && (broker->tls ||
	    hm_config_given(config, HM_SET_MQTT_TLS)))
		set(config, HM_SET_MQTT_TLS, broker->tls ? "true" : "false");
	set_port(config, broker);
	free(value->text);
	value->text = host;
}

bool
hm_config_split_broker(struct hm_config *config)
{
	const char *text = hm_config_text(config, HM_SET_MQTT_BROKER);
	struct broker broker;
	bool good;

	if (text == NULL ||
	    (hm_settings[HM_SET_MQTT_BROKER].tools & config->tool->bit) == 0)
		return true;
	if (!read_broker(text, &broker))
		return refuse_address(config, text);
	good = check_port(config, &broker);
	good = check_tls(config, &broker) && good;
	if (good)
		set_all(config, &broker);
	return good;
}
