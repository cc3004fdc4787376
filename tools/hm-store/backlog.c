#include "backlog.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"

#define CHUNK_SIZE ((size_t)64 * 1024)
#define GATHER_PAUSE_MS 5
#define SPARES_MAX ((size_t)64) /* chunks: a replay fills as many at once */

/*
 * Rows are in chunks, each row after its length; a chunk never moves. In every
 * chunk but the last one, a length of 0 follows the last row, unless there is
 * no room for a length.
 */
struct chunk {
	struct chunk *next;
	size_t size, used;
	int64_t begun; /* monotonic ms; its first row is not older */
	char bytes[];
};

struct hm_backlog {
	pthread_mutex_t mutex;
	pthread_cond_t changed;
	struct chunk *first, *last, *spare; /* the spare ones are a list */
	size_t spares;
	size_t read; /* dropped bytes of the first chunk */
	size_t held, most; /* bytes of all chunks except the spare ones */
	size_t count;
	size_t wanted; /* rows that the taking thread waits for */
	size_t released; /* of the first rows; they wait for no others */
	bool waits; /* the taking thread waits for released rows */
	size_t seen; /* rows at its last wait, less those it has dropped */
	int64_t seen_at;
	uint64_t dropped; /* rows dropped so far */
	bool ended;
};

struct hm_backlog *
hm_backlog_new(size_t bytes)
{
	struct hm_backlog *b = calloc(1, sizeof *b);
	pthread_condattr_t clock;

	if (b == NULL)
		return NULL;
	b->most = bytes;
	if (pthread_mutex_init(&b->mutex, NULL) == 0 &&
	    pthread_condattr_init(&clock) == 0 &&
	    pthread_condattr_setclock(&clock, CLOCK_MONOTONIC) == 0 &&
	    pthread_cond_init(&b->changed, &clock) == 0)
		return b;
	free(b);
	return NULL;
}

static void
free_all(struct chunk *chunk)
{
	while (chunk != NULL) {
		struct chunk *next = chunk->next;

		free(chunk);
		chunk = next;
	}
}

void
hm_backlog_free(struct hm_backlog *b)
{
	if (b == NULL)
		return;
	free_all(b->spare);
	free_all(b->first);
	pthread_cond_destroy(&b->changed);
	pthread_mutex_destroy(&b->mutex);
	free(b);
}

/* Wait for the other thread, at most until a moment in monotonic ms. */
static void
wait_until(struct hm_backlog *b, int64_t moment)
{
	const struct timespec until = {
	    .tv_sec = moment / 1000,
	    .tv_nsec = (long)(moment % 1000) * 1000000,
	};

	pthread_cond_timedwait(&b->changed, &b->mutex, &until);
}

/* Putting */

static struct chunk *
new_chunk(struct hm_backlog *b, size_t room)
{
	struct chunk *chunk = b->spare;

	if (chunk != NULL && chunk->size >= room) {
		b->spare = chunk->next;
		b->spares--;
	} else {
		size_t size = room > CHUNK_SIZE ? room : CHUNK_SIZE;

		chunk = malloc(sizeof *chunk + size);
		if (chunk == NULL)
			return NULL;
		chunk->size = size;
	}
	chunk->used = 0;
	chunk->next = NULL;
	chunk->begun = hm_monotonic_ms();
	return chunk;
}

static void
seal(struct chunk *chunk, struct chunk *next)
{
	const size_t end = 0;

	if (chunk->size - chunk->used >= sizeof end)
		memcpy(chunk->bytes + chunk->used, &end, sizeof end);
	chunk->next = next;
}

/* The chunk that a row goes to, or NULL if there is no room. */
static struct chunk *
chunk_for(struct hm_backlog *b, size_t room)
{
	struct chunk *chunk = b->last;

	if (chunk != NULL && chunk->size - chunk->used >= room)
		return chunk;
	if (b->held > 0 && b->held + (room > CHUNK_SIZE ? room : CHUNK_SIZE) >
	    b->most)
		return NULL;
	chunk = new_chunk(b, room);
	if (chunk == NULL)
		return NULL;
	if (b->last != NULL)
		seal(b->last, chunk);
	else
		b->first = chunk;
	b->last = chunk;
	b->held += chunk->size;
	return chunk;
}

static bool
put(struct hm_backlog *b, struct hm_slice row)
{
	struct chunk *chunk = chunk_for(b, sizeof row.n + row.n);

	if (chunk == NULL)
		return false;
	memcpy(chunk->bytes + chunk->used, &row.n, sizeof row.n);
	memcpy(chunk->bytes + chunk->used + sizeof row.n, row.p, row.n);
	chunk->used += sizeof row.n + row.n;
	b->count++;
	if ((b->count == 1 && !b->waits) || b->count == b->wanted)
		pthread_cond_broadcast(&b->changed);
	return true;
}

/* The caller holds the mutex. */
static void
release(struct hm_backlog *b)
{
	if (b->count > b->released)
		pthread_cond_broadcast(&b->changed);
	b->released = b->count;
}

/* The caller holds the mutex. */
static bool
put_when_there_is_room(struct hm_backlog *b, struct hm_slice row,
    int64_t wait_ms)
{
	int64_t until = hm_monotonic_ms() + wait_ms;
	uint64_t progress = b->dropped;

	while (!put(b, row)) {
		if (hm_monotonic_ms() >= until)
			return false;
		wait_until(b, until);
		if (b->dropped != progress)
			until = hm_monotonic_ms() + wait_ms;
		progress = b->dropped;
	}
	return true;
}

bool
hm_backlog_put(struct hm_backlog *b, struct hm_slice row,
    int64_t wait_ms)
{
	bool good;

	pthread_mutex_lock(&b->mutex);
	good = put(b, row);
	if (!good) {
		release(b);
		good = wait_ms > 0 && put_when_there_is_room(b, row, wait_ms);
	}
	pthread_mutex_unlock(&b->mutex);
	return good;
}

void
hm_backlog_release(struct hm_backlog *b)
{
	pthread_mutex_lock(&b->mutex);
	release(b);
	pthread_mutex_unlock(&b->mutex);
}

void
hm_backlog_end(struct hm_backlog *b)
{
	pthread_mutex_lock(&b->mutex);
	b->ended = true;
	pthread_cond_broadcast(&b->changed);
	pthread_mutex_unlock(&b->mutex);
}

size_t
hm_backlog_count(struct hm_backlog *b)
{
	size_t count;

	pthread_mutex_lock(&b->mutex);
	count = b->count;
	pthread_mutex_unlock(&b->mutex);
	return count;
}

/* Taking */

/* When to stop waiting for more rows, at the latest at `end`. */
static int64_t
moment_of(const struct hm_backlog *b, int64_t delay_ms, int64_t end)
{
	if (b->released > 0 && delay_ms == HM_BACKLOG_RELEASED)
		return 0;
	if (b->count > 0 && delay_ms != HM_BACKLOG_RELEASED &&
	    b->first->begun < end - delay_ms)
		return b->first->begun + delay_ms;
	return end;
}

/* The state that a wait ends with. The caller holds the mutex. */
static struct hm_backlog_state
see(struct hm_backlog *b)
{
	b->seen = b->count;
	b->seen_at = hm_monotonic_ms();
	return (struct hm_backlog_state){
	    .count = b->count,
	    .ended = b->ended,
	    .oldest = b->count > 0 ? b->first->begun : 0,
	};
}

struct hm_backlog_state
hm_backlog_wait(struct hm_backlog *b, size_t count, int64_t delay_ms,
    int64_t most_ms)
{
	int64_t end = most_ms >= 0 ? hm_monotonic_ms() + most_ms : INT64_MAX;
	struct hm_backlog_state state;

	pthread_mutex_lock(&b->mutex);
	b->wanted = count;
	b->waits = delay_ms == HM_BACKLOG_RELEASED;
	while (!b->ended && b->count < count) {
		int64_t until = moment_of(b, delay_ms, end);

		if (hm_monotonic_ms() >= until)
			break;
		if (until == INT64_MAX)
			pthread_cond_wait(&b->changed, &b->mutex);
		else
			wait_until(b, until);
	}
	state = see(b);
	pthread_mutex_unlock(&b->mutex);
	return state;
}

struct hm_backlog_state
hm_backlog_gather(struct hm_backlog *b, size_t count, int64_t most_ms)
{
	int64_t now = hm_monotonic_ms(), end = now + most_ms;
	struct hm_backlog_state state;
	size_t had;

	pthread_mutex_lock(&b->mutex);
	b->wanted = count;
	b->waits = false;
	do {
		int64_t pause = now + GATHER_PAUSE_MS;

		had = b->count;
		while (!b->ended && b->count < count && now < pause) {
			wait_until(b, pause);
			now = hm_monotonic_ms();
		}
	} while (!b->ended && b->count < count && b->count > had && now < end);
	state = see(b);
	pthread_mutex_unlock(&b->mutex);
	return state;
}

void
hm_backlog_shrink(struct hm_backlog *b)
{
	pthread_mutex_lock(&b->mutex);
	free_all(b->spare);
	b->spare = NULL;
	b->spares = 0;
	pthread_mutex_unlock(&b->mutex);
}

/* The length at an offset; 0: the row is in the next chunk. */
static size_t
length_at(const struct chunk *chunk, size_t offset)
{
	size_t n = 0;

	if (chunk->size - offset >= sizeof n)
		memcpy(&n, chunk->bytes + offset, sizeof n);
	return n;
}

/* No lock: rows in the queue do not change. */
struct hm_slice
hm_backlog_next(struct hm_backlog *b, struct hm_backlog_place *place)
{
	const struct chunk *chunk = place->chunk;
	size_t offset = place->offset, n;

	if (chunk == NULL) {
		chunk = b->first;
		offset = b->read;
	}
	n = length_at(chunk, offset);
	if (n == 0) {
		chunk = chunk->next;
		offset = 0;
		n = length_at(chunk, 0);
	}
	offset += sizeof n;
	*place = (struct hm_backlog_place){chunk, offset + n};
	return hm_slice(chunk->bytes + offset, n);
}

/* Keep the first chunk as a spare one if it has the usual size. */
static void
drop_chunk(struct hm_backlog *b)
{
	struct chunk *chunk = b->first;

	b->first = chunk->next;
	if (b->first == NULL)
		b->last = NULL;
	b->held -= chunk->size;
	b->read = 0;
	if (b->spares == SPARES_MAX || chunk->size != CHUNK_SIZE) {
		free(chunk);
		return;
	}
	chunk->next = b->spare;
	b->spare = chunk;
	b->spares++;
}

/* Rows that came after the last wait are not older than that wait. */
static void
note_dropped(struct hm_backlog *b, size_t count)
{
	b->seen = b->seen > count ? b->seen - count : 0;
	if (b->seen == 0 && b->first != NULL && b->first->begun < b->seen_at)
		b->first->begun = b->seen_at;
}

void
hm_backlog_drop(struct hm_backlog *b, size_t count)
{
	size_t left = count;

	pthread_mutex_lock(&b->mutex);
	b->count -= count;
	b->released = b->released > count ? b->released - count : 0;
	b->dropped += count;
	for (; left > 0 && b->first != NULL; left--) {
		size_t n;

		memcpy(&n, b->first->bytes + b->read, sizeof n);
		b->read += sizeof n + n;
		if (b->read == b->first->used)
			drop_chunk(b);
	}
	note_dropped(b, count);
	pthread_cond_broadcast(&b->changed);
	pthread_mutex_unlock(&b->mutex);
}
