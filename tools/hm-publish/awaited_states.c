#include "awaited_states.h"

#include <stdlib.h>

#include "base/hash.h"

struct hm_awaited_state {
	uint64_t topic; /* its hash */
	int id;         /* of the message that was sent; 0: none */
};

static uint64_t
hash_of(struct hm_slice topic)
{
	return hm_hash_bytes(HM_HASH_START, topic.p, topic.n);
}

static struct hm_awaited_state *
find(const struct hm_awaited_states *a, struct hm_slice topic)
{
	uint64_t hash = a->count > 0 ? hash_of(topic) : 0;

	for (size_t i = 0; i < a->count; i++)
		if (a->list[i].topic == hash)
			return &a->list[i];
	return NULL;
}

void
hm_awaited_free(struct hm_awaited_states *a)
{
	free(a->list);
	*a = (struct hm_awaited_states){0};
}

static bool
grow(struct hm_awaited_states *a)
{
	size_t cap = a->cap > 0 ? 2 * a->cap : 16;
	struct hm_awaited_state *list;

	if (a->cap == HM_AWAITED_MAX)
		return false;
	list = realloc(a->list, cap * sizeof *list);
	if (list == NULL)
		return false;
	a->list = list;
	a->cap = cap;
	return true;
}

bool
hm_awaited_add(struct hm_awaited_states *a, struct hm_slice topic)
{
	struct hm_awaited_state *state = find(a, topic);

	if (state == NULL && a->count == a->cap && !grow(a))
		return false;
	if (state == NULL)
		state = &a->list[a->count++];
	*state = (struct hm_awaited_state){hash_of(topic), 0};
	return true;
}

void
hm_awaited_sent(struct hm_awaited_states *a, struct hm_slice topic, int id)
{
	struct hm_awaited_state *state = find(a, topic);

	if (state != NULL)
		state->id = id;
}

void
hm_awaited_arrived(struct hm_awaited_states *a, int id)
{
	for (size_t i = 0; i < a->count; i++) {
		if (a->list[i].id != id)
			continue;
		a->list[i] = a->list[--a->count];
		return;
	}
}

void
hm_awaited_return(struct hm_awaited_states *a)
{
	for (size_t i = 0; i < a->count; i++)
		a->list[i].id = 0;
}

void
hm_awaited_clear(struct hm_awaited_states *a)
{
	a->count = 0;
}
