#ifndef HM_BROKER_SETTINGS_H
#define HM_BROKER_SETTINGS_H

#include "config/config.h"
#include "mqtt_link.h"
#include "record/topics.h"

/* The settings of hm-publish: their rules, and what a link needs of them. */

#define HM_PASSWORD_MAX ((size_t)1024)

struct hm_broker {
	struct hm_mqtt_options options; /* its texts live as long as this and
	                                   the settings */
	char availability_topic[HM_TOPIC_MAX];
	char password[HM_PASSWORD_MAX + 1]; /* of mqtt_password_file */
};

/* An hm_config_check. Every rule is looked at, to report all mistakes. */
hm_config_check hm_broker_check;

/* False, and reported, if the password cannot be read. */
bool hm_broker_read(struct hm_broker *broker, const struct hm_config *config);

/* Overwrite the password. */
void hm_broker_forget_password(struct hm_broker *broker);

#endif
