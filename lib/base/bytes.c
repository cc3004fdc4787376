#include "bytes.h"

#include <stdlib.h>
#include <string.h>

#define FIRST_CAP ((size_t)512)

bool
hm_bytes_append(struct hm_bytes *b, const uint8_t *p, size_t n, size_t max)
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
hm_bytes_drop(struct hm_bytes *b, size_t n)
{
	memmove(b->p, b->p + n, b->n - n);
	b->n -= n;
}

void
hm_bytes_shrink(struct hm_bytes *b, size_t most)
{
	b->n = 0;
	if (b->cap > most)
		hm_bytes_free(b);
}

void
hm_bytes_free(struct hm_bytes *b)
{
	free(b->p);
	*b = (struct hm_bytes){NULL, 0, 0};
}
