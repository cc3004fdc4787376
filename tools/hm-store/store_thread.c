#include "store_thread.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "backlog.h"
#include "base/clock.h"
#include "base/heap.h"
#include "base/log.h"
#include "row_encode.h"

#define RETRY_MIN_MS 1000
#define RETRY_MAX_MS 30000
#define IDLE_MS 60000      /* between two upkeeps without rows */
#define LOCK_MS 60000      /* to wait for another process's lock at the end */
#define SHRINK_MS 60000    /* between two returns of free memory */
#define BATCHES_AT_ONCE 10 /* longest transaction, so that others can write */
#define GATHER_MS 100      /* in which a batch comes in a replay */

struct hm_store_thread {
	struct hm_store_thread_options options;
	struct hm_backlog *backlog;
	struct hm_store *store;
	pthread_t thread;
	int news_fd;
	int64_t shrink_at;

	pthread_mutex_t mutex; /* for the members below */
	struct hm_store_counts counts;
	bool ended;
};

static void
notify(const struct hm_store_thread *t)
{
	const uint64_t one = 1;

	if (write(t->news_fd, &one, sizeof one) < 0)
		hm_log_errno(HM_ERROR, "cannot report what is stored");
}

static void
publish(struct hm_store_thread *t)
{
	pthread_mutex_lock(&t->mutex);
	t->counts = *hm_store_counts(t->store);
	pthread_mutex_unlock(&t->mutex);
	notify(t);
}

static void
on_step(void *context)
{
	publish(context);
}

static bool
write_some(struct hm_store_thread *t, size_t count)
{
	size_t most = BATCHES_AT_ONCE * t->options.batch;

	if (count > most)
		count = most;
	if (!hm_store_write(t->store, t->backlog, count))
		return false;
	hm_backlog_drop(t->backlog, count);
	return true;
}

/* There must be a row. */
static bool
is_replayed(const struct hm_store_thread *t)
{
	struct hm_backlog_place place = {NULL, 0};

	return hm_row_is_replayed(hm_backlog_next(t->backlog, &place),
	    hm_clock_now());
}

/*
 * After a failure wait for the retry, however many rows come. The rows of a
 * replay come fast, and several batches in one transaction cost less.
 */
static struct hm_backlog_state
wait_for_work(struct hm_store_thread *t, int64_t retry_ms, bool busy)
{
	const size_t batch = t->options.batch;
	struct hm_backlog_state state;

	if (retry_ms > 0)
		return hm_backlog_wait(t->backlog, SIZE_MAX, INT64_MAX,
		    retry_ms);
	state = hm_backlog_wait(t->backlog, batch,
	    t->options.delay_ms > 0 ? t->options.delay_ms :
	    HM_BACKLOG_RELEASED, busy ? 0 : IDLE_MS);
	if (t->options.delay_ms > 0 && state.count >= batch && !state.ended &&
	    hm_monotonic_ms() - state.oldest < GATHER_MS && is_replayed(t))
		state = hm_backlog_gather(t->backlog, BATCHES_AT_ONCE * batch,
		    GATHER_MS);
	return state;
}

static int64_t
next_retry(int64_t retry_ms)
{
	if (retry_ms == 0)
		return RETRY_MIN_MS;
	return retry_ms < RETRY_MAX_MS / 2 ? 2 * retry_ms : RETRY_MAX_MS;
}

/* Whether to retry a failure at the end of the stream, which was at `end`. */
static bool
may_pass(const struct hm_store_thread *t, int64_t end)
{
	return hm_store_counts(t->store)->busy &&
	    hm_monotonic_ms() - end < LOCK_MS;
}

/* At the end of the stream: try once, or for LOCK_MS if there is a lock. */
static void
write_rest(struct hm_store_thread *t)
{
	int64_t end = hm_monotonic_ms();
	size_t count;

	while ((count = hm_backlog_count(t->backlog)) > 0) {
		bool good = write_some(t, count);

		publish(t);
		if (!good && !may_pass(t, end))
			return;
	}
}

/* Return the memory that rows and upkeep needed; they take it again. */
static void
shrink(struct hm_store_thread *t)
{
	int64_t now = hm_monotonic_ms();

	if (now < t->shrink_at)
		return;
	t->shrink_at = now + SHRINK_MS;
	hm_store_shrink(t->store);
	hm_backlog_shrink(t->backlog);
	hm_heap_trim();
}

/* Write rows until the stream ends. */
static void
work(struct hm_store_thread *t)
{
	struct hm_backlog_state state;
	/* A bad database is reported before the first record. */
	int64_t retry_ms = write_some(t, 0) ? 0 : RETRY_MIN_MS;
	bool busy = false;

	publish(t);
	do {
		state = wait_for_work(t, retry_ms, busy);
		if (state.count > 0 || retry_ms > 0)
			retry_ms = write_some(t, state.count) ? 0 :
			    next_retry(retry_ms);
		busy = retry_ms == 0 && hm_store_upkeep(t->store, false);
		if (!busy)
			shrink(t);
		publish(t);
	} while (!state.ended);
	write_rest(t);
	while (hm_store_upkeep(t->store, true))
		publish(t);
	publish(t);
}

static void *
run(void *context)
{
	struct hm_store_thread *t = context;

	work(t);
	pthread_mutex_lock(&t->mutex);
	t->ended = true;
	pthread_mutex_unlock(&t->mutex);
	notify(t);
	return NULL;
}

static void
free_all(struct hm_store_thread *t)
{
	if (t->news_fd >= 0)
		close(t->news_fd);
	hm_store_free(t->store);
	hm_backlog_free(t->backlog);
	pthread_mutex_destroy(&t->mutex);
	free(t);
}

struct hm_store_thread *
hm_store_thread_start(const struct hm_store_thread_options *options)
{
	struct hm_store_thread *t = calloc(1, sizeof *t);

	if (t == NULL || pthread_mutex_init(&t->mutex, NULL) != 0) {
		free(t);
		t = NULL;
	} else {
		t->options = *options;
		t->options.store.step = on_step;
		t->options.store.context = t;
		t->news_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
		t->backlog = hm_backlog_new(options->backlog);
		t->store = hm_store_new(&options->store);
		if (t->news_fd >= 0 && t->backlog != NULL &&
		    t->store != NULL &&
		    pthread_create(&t->thread, NULL, run, t) == 0)
			return t;
		free_all(t);
	}
	hm_log(HM_ERROR, "cannot start the thread that stores: no thread or no "
	    "memory");
	return NULL;
}

bool
hm_store_thread_put(struct hm_store_thread *t, struct hm_slice row,
    int64_t wait_ms)
{
	return hm_backlog_put(t->backlog, row, wait_ms);
}

void
hm_store_thread_release(struct hm_store_thread *t)
{
	if (t->options.delay_ms == 0)
		hm_backlog_release(t->backlog);
}

void
hm_store_thread_counts(struct hm_store_thread *t,
    struct hm_store_thread_counts *counts)
{
	pthread_mutex_lock(&t->mutex);
	counts->store = t->counts;
	pthread_mutex_unlock(&t->mutex);
	counts->queued = hm_backlog_count(t->backlog);
}

void
hm_store_thread_end(struct hm_store_thread *t)
{
	hm_backlog_end(t->backlog);
}

int
hm_store_thread_fd(const struct hm_store_thread *t)
{
	return t->news_fd;
}

void
hm_store_thread_woken(struct hm_store_thread *t)
{
	uint64_t times;

	/* The count does not matter, and nothing to read is no error. */
	if (read(t->news_fd, &times, sizeof times) < 0)
		return;
}

bool
hm_store_thread_ended(struct hm_store_thread *t)
{
	bool ended;

	pthread_mutex_lock(&t->mutex);
	ended = t->ended;
	pthread_mutex_unlock(&t->mutex);
	return ended;
}

bool
hm_store_thread_free(struct hm_store_thread *t)
{
	if (t == NULL)
		return true;
	if (!hm_store_thread_ended(t))
		return false;
	pthread_join(t->thread, NULL);
	free_all(t);
	return true;
}
