#ifndef HM_BODY_H
#define HM_BODY_H

#include <stddef.h>

#include "base/slice.h"

/*
 * What is sent to many: bytes that are there as long as somebody holds them.
 * All holders are of one thread.
 */
struct hm_body {
	size_t holders;
	size_t n;
	char data[];
};

/* A copy of the bytes with one holder. NULL if there is no memory. */
struct hm_body *hm_body_new(struct hm_slice bytes);

struct hm_body *hm_body_hold(struct hm_body *body);

/* NULL is allowed. */
void hm_body_release(struct hm_body *body);

#endif
