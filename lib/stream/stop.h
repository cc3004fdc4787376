#ifndef HM_STOP_H
#define HM_STOP_H

#include <stdbool.h>
#include <stdint.h>

/*
 * When a tool that has been asked to stop is to end. All moments are in
 * monotonic ms and come from the caller, but for struct hm_stop's holder,
 * which is looked at.
 */

#define HM_STOP_END_MS 9000 /* from the first signal, whatever happens */

struct hm_stop {
	/* HM_DURABLE: a FIFO that is read by whoever holds the pipes of a
	   chain; any other text, or NULL: there is nobody. */
	const char *holder;
	unsigned signals;
	int64_t at;      /* the first of them */
	bool restart;    /* it was SIGHUP: restart with the new settings */
	bool follows;    /* go on to end of file */
};

/*
 * A signal that ends tools, or a SIGHUP whose settings are good. `may_follow`:
 * the input is one that others end. True if it is the first to be acted on.
 */
bool hm_stop_signal(struct hm_stop *stop, int signal, bool may_follow,
    bool durable, int64_t now);

/*
 * Whether the tool still goes on to end of file; once it does not it never
 * does again. `input_at` is when input last came.
 */
bool hm_stop_follows(struct hm_stop *stop, int64_t input_at, int64_t now);

/* Whether somebody still holds the pipes, for a successor to find. */
bool hm_stop_is_held(const struct hm_stop *stop);

/* ms until the tool must have ended; -1 before any signal. */
int64_t hm_stop_left(const struct hm_stop *stop, int64_t now);

#endif
