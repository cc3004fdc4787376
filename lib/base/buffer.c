#include "buffer.h"

#include <stdlib.h>
#include <string.h>

#define FIRST_CAP ((size_t)512)

bool
hm_buffer_append(struct hm_buffer *b, const uint8_t *p, size_t n, size_t max)
{
	size_t cap = b->cap > 0 ? b->cap : FIRST_CAP;
	uint8_t *grown;

	if (n > max || b->n > max - n)
		return false;
	while (cap < b->n + n)
		cap *= 2;
	if (cap != b->cap) {
		grown = realloc(b->p, cap);
		if (grown == NULL)
			return false;
		b->p = grown;
		b->cap = cap;
	}
	if (n > 0)
		memcpy(b->p + b->n, p, n);
	b->n += n;
	return true;
}

void
hm_buffer_drop(struct hm_buffer *b, size_t n)
{
	memmove(b->p, b->p + n, b->n - n);
	b->n -= n;
}

void
hm_buffer_shrink(struct hm_buffer *b, size_t most)
{
	b->n = 0;
	if (b->cap > most)
		hm_buffer_free(b);
}

void
hm_buffer_free(struct hm_buffer *b)
{
	free(b->p);
	*b = (struct hm_buffer){NULL, 0, 0};
}
