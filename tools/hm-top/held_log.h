#ifndef HM_TOP_HELD_LOG_H
#define HM_TOP_HELD_LOG_H

/*
 * While a screen is shown on the terminal that stderr writes to, messages of
 * this process are kept, and written when the screen is gone.
 */
struct hm_held_log {
	int stderr_fd; /* the real stderr, 0: messages are not held */
};

/* Begin to hold messages if stderr is a terminal. */
void hm_held_log_start(struct hm_held_log *h);

/* Write what was held; of many messages the last ones. */
void hm_held_log_stop(struct hm_held_log *h);

/* Call now and then: drops messages if they are too many. */
void hm_held_log_bound(const struct hm_held_log *h);

#endif
