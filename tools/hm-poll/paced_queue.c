#include "paced_queue.h"

#include <time.h>

#include "base/clock.h"

#define REST 3 /* for other work, as a multiple of the time of a piece */

/* In us, without the time in which other processes ran. */
static int64_t
cpu_time(void)
{
	struct timespec t;

	if (clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t) != 0)
		return 0;
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static void
start_timer(struct hm_paced_queue *queue)
{
	int64_t wait = queue->due - hm_monotonic_ms();

	if (TAILQ_EMPTY(&queue->works) || ev_is_active(&queue->timer))
		return;
	ev_timer_set(&queue->timer, wait > 0 ? (double)wait / 1000 : 0, 0);
	ev_timer_start(queue->loop, &queue->timer);
}

static void
on_timer(struct ev_loop *loop, ev_timer *timer, int events)
{
	struct hm_paced_queue *queue = timer->data;
	struct hm_paced_work *work = TAILQ_FIRST(&queue->works);
	int64_t began = cpu_time();

	(void)events;
	hm_paced_queue_remove(queue, work);
	work->run(work->context);
	queue->due = hm_monotonic_ms() +
	    (REST * (cpu_time() - began) + 999) / 1000;
	/* The work may have added itself again, by the time before it ran. */
	ev_timer_stop(loop, timer);
	ev_now_update(loop);
	start_timer(queue);
}

void
hm_paced_queue_init(struct hm_paced_queue *queue, struct ev_loop *loop)
{
	queue->loop = loop;
	queue->due = 0;
	TAILQ_INIT(&queue->works);
	ev_init(&queue->timer, on_timer);
	queue->timer.data = queue;
}

void
hm_paced_queue_add(struct hm_paced_queue *queue, struct hm_paced_work *work)
{
	if (work->waits)
		return;
	TAILQ_INSERT_TAIL(&queue->works, work, next);
	work->waits = true;
	start_timer(queue);
}

void
hm_paced_queue_remove(struct hm_paced_queue *queue, struct hm_paced_work *work)
{
	if (!work->waits)
		return;
	TAILQ_REMOVE(&queue->works, work, next);
	work->waits = false;
	if (TAILQ_EMPTY(&queue->works))
		ev_timer_stop(queue->loop, &queue->timer);
}
