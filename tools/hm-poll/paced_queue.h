#ifndef HM_PACED_QUEUE_H
#define HM_PACED_QUEUE_H

#include <ev.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

/*
 * Work that must not delay other work, however much of it there is. In a turn
 * of the loop one piece is done, in the order in which they were added; all of
 * them together get a quarter of the processor's time.
 */

struct hm_paced_work {
	TAILQ_ENTRY(hm_paced_work) next;
	void (*run)(void *context);
	void *context;
	bool waits; /* it is in the queue; set by the functions below */
};

TAILQ_HEAD(hm_paced_works, hm_paced_work);

struct hm_paced_queue {
	struct ev_loop *loop;
	ev_timer timer;
	int64_t due; /* monotonic ms, the next piece */
	struct hm_paced_works works;
};

void hm_paced_queue_init(struct hm_paced_queue *queue, struct ev_loop *loop);

/* Neither has an effect if it is so already. The work is borrowed. */
void hm_paced_queue_add(struct hm_paced_queue *queue,
    struct hm_paced_work *work);
void hm_paced_queue_remove(struct hm_paced_queue *queue,
    struct hm_paced_work *work);

#endif
