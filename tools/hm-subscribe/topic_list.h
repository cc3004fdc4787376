#ifndef HM_TOPIC_LIST_H
#define HM_TOPIC_LIST_H

#include <stdbool.h>

#include <stdint.h>

#include "config/config.h"
#include "msa_state.h"
#include "record/topics.h"

/* The topics that hm-subscribe subscribes to. */

#define HM_FILTERS_MAX 32 /* of subscribe_topics */
#define HM_FILTER_MAX ((size_t)1024) /* bytes, with the NUL */

struct hm_topic_list {
	bool commands; /* control_enabled */
	char shared[HM_TOPIC_MAX], own[HM_TOPIC_MAX]; /* topics of commands */
	char control[HM_TOPIC_MAX]; /* says whether commands are taken */
	bool msa; /* subscribe_from: states of batteries become readings */
	int64_t period_ms; /* of these readings */
	size_t filters; /* of messages, and behind them of these states */
	char filter[HM_FILTERS_MAX + HM_MSA_FILTERS][HM_FILTER_MAX];
};

/*
 * Read the settings. Mistakes are logged, and the result is false. A filter
 * that matches a topic of commands is one: a broker may send a message once for
 * each filter that matches, and a command must not come twice.
 */
bool hm_topic_list_read(struct hm_topic_list *list,
    const struct hm_config *config);

/* Whether there is anything to subscribe to, and a broker. */
bool hm_topic_list_is_used(const struct hm_topic_list *list,
    const struct hm_config *config);

#endif
