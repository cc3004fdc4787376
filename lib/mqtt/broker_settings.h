#ifndef HM_BROKER_SETTINGS_H
#define HM_BROKER_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>

#include "config/config.h"
#include "mqtt_link.h"
#include "record/topics.h"

/* The settings of a broker: checks them, and makes the link's options. */

#define HM_PASSWORD_MAX ((size_t)1024)

struct hm_broker {
	struct hm_mqtt_options options; /* its texts point to this struct and
	                                   the settings */
	char availability_topic[HM_TOPIC_MAX], bridge_topic[HM_TOPIC_MAX];
	char password[HM_PASSWORD_MAX + 1]; /* of mqtt_password_file */
};

/*
 * Each logs all mistakes, and returns whether there is none: that there is a
 * broker; of settings; of files that cannot be read.
 */
bool hm_broker_check_given(const struct hm_config *config);
bool hm_broker_check_rules(const struct hm_config *config);
bool hm_broker_check_files(const struct hm_config *config);

/*
 * Fill in a broker, as a publisher has it. False, logged, if the password
 * cannot be read.
 */
bool hm_broker_read(struct hm_broker *broker, const struct hm_config *config);

/* Overwrite the password in memory. */
void hm_broker_forget_password(struct hm_broker *broker);

#endif
