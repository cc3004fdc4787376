#include "broker_warnings.h"

#include <arpa/inet.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "config/settings.h"

#define LOOPBACK_NET 127 /* 127.0.0.0/8 */

static bool
is_loopback(const char *host)
{
	struct in6_addr six;
	struct in_addr four;

	if (inet_pton(AF_INET, host, &four) == 1)
		return ntohl(four.s_addr) >> 24 == LOOPBACK_NET;
	if (inet_pton(AF_INET6, host, &six) != 1)
		return false;
	return IN6_IS_ADDR_LOOPBACK(&six) || (IN6_IS_ADDR_V4MAPPED(&six) &&
	    six.s6_addr[12] == LOOPBACK_NET);
}

bool
hm_broker_is_here(const char *host)
{
	char own[HOST_NAME_MAX + 1];

	if (strcasecmp(host, "localhost") == 0 || is_loopback(host))
		return true;
	if (gethostname(own, sizeof own) != 0)
		return false;
	own[sizeof own - 1] = '\0';
	return strcasecmp(host, own) == 0;
}

static void
warn_of_plain(const struct hm_mqtt_options *o)
{
	if (o->password == NULL || o->tls || hm_broker_is_here(o->host))
		return;
	hm_log_facts(HM_WARNING, HM_FACTS(hm_fact("broker", o->host),
	    hm_fact_int("port", o->port)), "the password for the broker %s:%d "
	    "goes over the network unencrypted: set mqtt_tls", o->host,
	    o->port);
}

static void
warn_of_file(const struct hm_config *config, enum hm_setting_id id,
    const char *path)
{
	const char *key = hm_settings[id].key;
	const char *where = hm_config_source(config, id);
	struct stat file;

	if (stat(path, &file) != 0 || (file.st_mode & S_IROTH) == 0)
		return;
	hm_log_facts(HM_WARNING, HM_FACTS(hm_fact("setting", key),
	    hm_fact("where", where), hm_fact("file", path)), "%s (%s): all "
	    "users of this machine can read \"%s\"; chmod o-r takes that away",
	    key, where, path);
}

/* The password in the file of settings, whose source is "FILE:LINE...". */
static void
warn_of_settings(const struct hm_config *config)
{
	const char *source = hm_config_source(config, HM_SET_MQTT_PASSWORD);
	char path[PATH_MAX];
	char *end;

	if (!hm_config_has(config, HM_SET_MQTT_PASSWORD) ||
	    strlen(source) >= sizeof path)
		return;
	snprintf(path, sizeof path, "%s", source);
	while ((end = strrchr(path, ':')) != NULL &&
	    end[1 + strspn(end + 1, "0123456789")] == '\0')
		*end = '\0';
	if (strcmp(path, source) != 0)
		warn_of_file(config, HM_SET_MQTT_PASSWORD, path);
}

void
hm_broker_warn(const struct hm_broker *broker, const struct hm_config *config)
{
	static const enum hm_setting_id files[] = {
	    HM_SET_MQTT_PASSWORD_FILE, HM_SET_MQTT_TLS_KEY};

	warn_of_plain(&broker->options);
	warn_of_settings(config);
	for (size_t i = 0; i < sizeof files / sizeof *files; i++)
		if (hm_config_has(config, files[i]))
			warn_of_file(config, files[i],
			    hm_config_text(config, files[i]));
}
