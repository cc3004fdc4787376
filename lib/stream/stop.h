#ifndef HM_STOP_H
#define HM_STOP_H

#include <stdbool.h>
#include <stdint.h>

/*
 * When a tool ends after a signal to stop. Times are monotonic ms, passed by
 * the caller. The only thing this reads from the system is whether the pipe
 * holder is alive.
 */

#define HM_STOP_END_MS 9000 /* limit from the first signal */

/*
 * A chain that stops sends its signals one after the other: the pipe holder may
 * end as late as this after a tool has got its own. Until then the tool cannot
 * know whether it has a successor.
 */
#define HM_STOP_NOTICE_MS 1000

struct hm_stop {
	/* HM_DURABLE: a FIFO that the pipe holder of a chain reads; NULL or
	   any other text: there is no pipe holder. */
	const char *holder;
	unsigned signals;
	int64_t at;      /* time of the first signal */
	bool restart;    /* it was SIGHUP: restart with the new settings */
	bool follows;    /* read on to end of file */
};

/*
 * Handle a signal that ends tools, or a SIGHUP whose settings are good.
 * `may_follow`: the input ends when other processes end. True for the first
 * signal that has an effect.
 */
bool hm_stop_signal(struct hm_stop *stop, int signal, bool may_follow,
    bool durable, int64_t now);

/*
 * Whether the tool still reads on to end of file; once false it stays false.
 * `input_at` is the time of the last input.
 */
bool hm_stop_follows(struct hm_stop *stop, int64_t input_at, int64_t now);

/* Whether a pipe holder keeps the pipes open for a successor. */
bool hm_stop_is_held(const struct hm_stop *stop);

/* ms until the tool must have ended; -1 before any signal. */
int64_t hm_stop_left(const struct hm_stop *stop, int64_t now);

#endif
