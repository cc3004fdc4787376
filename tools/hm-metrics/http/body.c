#include "body.h"

#include <stdlib.h>

struct hm_body *
hm_body_new(struct hm_slice bytes)
{
	struct hm_body *body = malloc(sizeof *body + bytes.n);

	if (body == NULL)
		return NULL;
	body->holders = 1;
	body->n = bytes.n;
	memcpy(body->data, bytes.p, bytes.n);
	return body;
}

struct hm_body *
hm_body_hold(struct hm_body *body)
{
	body->holders++;
	return body;
}

void
hm_body_release(struct hm_body *body)
{
	if (body != NULL && --body->holders == 0)
		free(body);
}
