#include "shared_bytes.h"

#include <stdlib.h>

struct hm_shared_bytes *
hm_shared_bytes_new(struct hm_slice bytes)
{
	struct hm_shared_bytes *shared = malloc(sizeof *shared + bytes.n);

	if (shared == NULL)
		return NULL;
	shared->holders = 1;
	shared->n = bytes.n;
	memcpy(shared->data, bytes.p, bytes.n);
	return shared;
}

struct hm_shared_bytes *
hm_shared_bytes_hold(struct hm_shared_bytes *shared)
{
	shared->holders++;
	return shared;
}

void
hm_shared_bytes_release(struct hm_shared_bytes *shared)
{
	if (shared != NULL && --shared->holders == 0)
		free(shared);
}
