#include "shared_bytes.h"

#include <stdlib.h>

struct hm_shared_bytes *
hm_shared_bytes_new(struct hm_slice bytes)
{
	struct hm_shared_bytes *body = malloc(sizeof *body + bytes.n);

	if (body == NULL)
		return NULL;
	body->holders = 1;
	body->n = bytes.n;
	memcpy(body->data, bytes.p, bytes.n);
	return body;
}

struct hm_shared_bytes *
hm_shared_bytes_hold(struct hm_shared_bytes *body)
{
	body->holders++;
	return body;
}

void
hm_shared_bytes_release(struct hm_shared_bytes *body)
{
	if (body != NULL && --body->holders == 0)
		free(body);
}
