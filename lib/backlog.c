#include "backlog.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "timefmt.h"

#define CHUNK_SIZE ((size_t)64 * 1024)

/*
 * Lines stand in chunks, each behind its length, and no chunk moves while a
 * line in it can be read.
 */
struct chunk {
	struct chunk *next;
	size_t size, used;
	int64_t begun; /* when its first line was put */
	char bytes[];
};

struct hm_backlog {
	pthread_mutex_t mutex;
	pthread_cond_t changed;
	struct chunk *first, *last, *spare;
	size_t read; /* bytes of the first chunk that are dropped */
	size_t held, most; /* bytes of all chunks but the spare one */
	size_t count;
	size_t wanted; /* lines that the other side waits for */
	uint64_t dropped; /* lines so far: the progress of the other side */
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

void
hm_backlog_free(struct hm_backlog *b)
{
	if (b == NULL)
		return;
	free(b->spare);
	while (b->first != NULL) {
		struct chunk *next = b->first->next;

		free(b->first);
		b->first = next;
	}
	pthread_cond_destroy(&b->changed);
	pthread_mutex_destroy(&b->mutex);
	free(b);
}

/* Wait for the other side, at most until a moment in monotonic ms. */
static void
wait_until(struct hm_backlog *b, int64_t moment)
{
	const struct timespec until = {
	    .tv_sec = moment / 1000,
	    .tv_nsec = moment % 1000 * 1000000,
	};

	pthread_cond_timedwait(&b->changed, &b->mutex, &until);
}

/* Putting */

static struct chunk *
new_chunk(struct hm_backlog *b, size_t room)
{
	struct chunk *chunk = b->spare;

	if (chunk != NULL && chunk->size >= room) {
		b->spare = NULL;
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

/* The chunk that a line goes to, or NULL if there is no room. */
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
		b->last->next = chunk;
	else
		b->first = chunk;
	b->last = chunk;
	b->held += chunk->size;
	return chunk;
}

static bool
put(struct hm_backlog *b, struct hm_slice line)
{
	struct chunk *chunk = chunk_for(b, sizeof line.n + line.n);

	if (chunk == NULL)
		return false;
	memcpy(chunk->bytes + chunk->used, &line.n, sizeof line.n);
	memcpy(chunk->bytes + chunk->used + sizeof line.n, line.p, line.n);
	chunk->used += sizeof line.n + line.n;
	b->count++;
	if (b->count == 1 || b->count == b->wanted)
		pthread_cond_broadcast(&b->changed);
	return true;
}

bool
hm_backlog_put(struct hm_backlog *b, struct hm_slice line,
    int64_t patience_ms)
{
	int64_t until = hm_monotonic_ms() + patience_ms;
	uint64_t progress;
	bool good;

	pthread_mutex_lock(&b->mutex);
	progress = b->dropped;
	while (!(good = put(b, line)) && hm_monotonic_ms() < until) {
		wait_until(b, until);
		if (b->dropped != progress)
			until = hm_monotonic_ms() + patience_ms;
		progress = b->dropped;
	}
	pthread_mutex_unlock(&b->mutex);
	return good;
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

struct hm_backlog_state
hm_backlog_wait(struct hm_backlog *b, size_t count, int64_t delay_ms,
    int64_t most_ms)
{
	int64_t end = most_ms >= 0 ? hm_monotonic_ms() + most_ms : INT64_MAX;
	struct hm_backlog_state state;

	pthread_mutex_lock(&b->mutex);
	b->wanted = count;
	while (!b->ended && b->count < count) {
		int64_t until = b->count > 0 &&
		    b->first->begun < end - delay_ms ?
		    b->first->begun + delay_ms : end;

		if (hm_monotonic_ms() >= until)
			break;
		if (until == INT64_MAX)
			pthread_cond_wait(&b->changed, &b->mutex);
		else
			wait_until(b, until);
	}
	state.count = b->count;
	state.ended = b->ended;
	state.oldest = b->count > 0 ? b->first->begun : 0;
	pthread_mutex_unlock(&b->mutex);
	return state;
}

struct hm_slice
hm_backlog_next(struct hm_backlog *b, struct hm_backlog_place *place)
{
	const struct chunk *chunk = place->chunk;
	struct hm_slice line;

	pthread_mutex_lock(&b->mutex);
	if (chunk == NULL) {
		chunk = b->first;
		place->offset = b->read;
	}
	if (place->offset == chunk->used) {
		chunk = chunk->next;
		place->offset = 0;
	}
	pthread_mutex_unlock(&b->mutex);
	memcpy(&line.n, chunk->bytes + place->offset, sizeof line.n);
	line.p = chunk->bytes + place->offset + sizeof line.n;
	place->offset += sizeof line.n + line.n;
	place->chunk = chunk;
	return line;
}

/* The first chunk has been read: keep one of the usual size for later. */
static void
drop_chunk(struct hm_backlog *b)
{
	struct chunk *chunk = b->first;

	b->first = chunk->next;
	if (b->first == NULL)
		b->last = NULL;
	b->held -= chunk->size;
	b->read = 0;
	if (b->spare == NULL && chunk->size == CHUNK_SIZE)
		b->spare = chunk;
	else
		free(chunk);
}

void
hm_backlog_drop(struct hm_backlog *b, size_t count)
{
	pthread_mutex_lock(&b->mutex);
	b->count -= count;
	b->dropped += count;
	for (; count > 0; count--) {
		size_t n;

		memcpy(&n, b->first->bytes + b->read, sizeof n);
		b->read += sizeof n + n;
		if (b->read == b->first->used)
			drop_chunk(b);
	}
	pthread_cond_broadcast(&b->changed);
	pthread_mutex_unlock(&b->mutex);
}
