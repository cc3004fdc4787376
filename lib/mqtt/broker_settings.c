#include "broker_settings.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "config/config.h"
#include "config/settings.h"
#include "record/topics.h"

/* Rules */

/* Log that a file cannot be read, with errno. */
static bool
unreadable(const struct hm_config *config, enum hm_setting_id id,
    const char *path)
{
	const char *key = hm_settings[id].key, *reason = strerror(errno);
	const char *where = hm_config_source(config, id);

	hm_log_facts(HM_ERROR, HM_FACTS(hm_fact("setting", key),
	    hm_fact("where", where), hm_fact("file", path),
	    hm_fact("reason", reason)), "%s (%s): cannot read \"%s\": %s",
	    key, where, path, reason);
	return false;
}

static bool
check_file(const struct hm_config *config, enum hm_setting_id id)
{
	const char *path = hm_config_text(config, id);

	if (path == NULL || access(path, R_OK) == 0)
		return true;
	return unreadable(config, id, path);
}

static bool
check_certificate(const struct hm_config *config)
{
	bool has_cert = hm_config_has(config, HM_SET_MQTT_TLS_CERT);

	if (has_cert == hm_config_has(config, HM_SET_MQTT_TLS_KEY))
		return true;
	if (has_cert)
		return hm_config_refuse(config, HM_SET_MQTT_TLS_CERT,
		    "is a certificate together with mqtt_tls_key");
	return hm_config_refuse(config, HM_SET_MQTT_TLS_KEY,
	    "is a key together with mqtt_tls_cert");
}

static bool
check_prefix(const struct hm_config *config)
{
	return hm_topic_prefix_valid(hm_config_text(config,
	    HM_SET_MQTT_TOPIC_PREFIX)) ||
	    hm_config_refuse(config, HM_SET_MQTT_TOPIC_PREFIX,
	    HM_TOPIC_PREFIX_RULE);
}

bool
hm_broker_check_rules(const struct hm_config *config)
{
	bool good = check_certificate(config);

	return check_prefix(config) && good;
}

bool
hm_broker_check_files(const struct hm_config *config)
{
	bool good = check_file(config, HM_SET_MQTT_PASSWORD_FILE);

	good = check_file(config, HM_SET_MQTT_TLS_CA_CERT) && good;
	good = check_file(config, HM_SET_MQTT_TLS_CERT) && good;
	return check_file(config, HM_SET_MQTT_TLS_KEY) && good;
}

bool
hm_broker_check_given(const struct hm_config *config)
{
	if (hm_config_has(config, HM_SET_MQTT_BROKER))
		return true;
	hm_log(HM_ERROR, "no broker: set mqtt_broker, MQTT_BROKER or "
	    "--mqtt-broker to its address");
	return false;
}

/* Reading */

/* The password is the file without a newline at its end. */
static bool
read_password_file(struct hm_broker *broker, const struct hm_config *config,
    const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd >= 0 ?
	    read(fd, broker->password, sizeof broker->password) : -1;
	int error = errno;

	if (fd >= 0)
		close(fd);
	errno = error;
	if (n < 0)
		return unreadable(config, HM_SET_MQTT_PASSWORD_FILE, path);
	if (n > 0 && broker->password[n - 1] == '\n')
		n--;
	if (n == 0 || (size_t)n > HM_PASSWORD_MAX)
		return hm_config_refuse(config, HM_SET_MQTT_PASSWORD_FILE,
		    "are files of 1 to 1024 bytes");
	broker->password[n] = '\0';
	return true;
}

static bool
read_password(struct hm_broker *broker, const struct hm_config *config)
{
	const char *path = hm_config_text(config, HM_SET_MQTT_PASSWORD_FILE);

	broker->options.password = hm_config_text(config,
	    HM_SET_MQTT_PASSWORD);
	if (path == NULL)
		return true;
	broker->options.password = broker->password;
	return read_password_file(broker, config, path);
}

static void
name_topics(struct hm_broker *broker, const struct hm_config *config)
{
	const char *prefix = hm_config_text(config, HM_SET_MQTT_TOPIC_PREFIX);

	hm_topic_publisher(prefix, hm_config_text(config,
	    HM_SET_MQTT_CLIENT_ID), broker->availability_topic,
	    sizeof broker->availability_topic);
	hm_topic_bridge(prefix, broker->bridge_topic,
	    sizeof broker->bridge_topic);
}

bool
hm_broker_read(struct hm_broker *broker, const struct hm_config *config)
{
	name_topics(broker, config);
	broker->options = (struct hm_mqtt_options){
	    .host = hm_config_text(config, HM_SET_MQTT_BROKER),
	    .port = (int)hm_config_int(config, HM_SET_MQTT_PORT),
	    .client_id = hm_config_text(config, HM_SET_MQTT_CLIENT_ID),
	    .user = hm_config_text(config, HM_SET_MQTT_USER),
	    .keepalive = (int)(hm_config_ms(config,
	        HM_SET_MQTT_KEEPALIVE) / 1000),
	    .tls = hm_config_flag(config, HM_SET_MQTT_TLS),
	    .tls_insecure = hm_config_flag(config, HM_SET_MQTT_TLS_INSECURE),
	    .ca_file = hm_config_text(config, HM_SET_MQTT_TLS_CA_CERT),
	    .cert_file = hm_config_text(config, HM_SET_MQTT_TLS_CERT),
	    .key_file = hm_config_text(config, HM_SET_MQTT_TLS_KEY),
	    .availability_topic = broker->availability_topic,
	    .bridge_topic = broker->bridge_topic,
	    .farewell = hm_config_flag(config, HM_SET_MQTT_FAREWELL),
	    .reconnect_ms = hm_config_ms(config, HM_SET_MQTT_RECONNECT_DELAY),
	    .reconnect_max_ms = hm_config_ms(config,
	        HM_SET_MQTT_RECONNECT_DELAY_MAX),
	};
	if (broker->options.tls && broker->options.tls_insecure)
		hm_log(HM_WARNING, "mqtt_tls_insecure: the broker's "
		    "certificate is not checked; anybody in between can read "
		    "and change what is sent");
	return read_password(broker, config);
}

void
hm_broker_forget_password(struct hm_broker *broker)
{
	explicit_bzero(broker->password, sizeof broker->password);
}
