#ifndef HM_BUFFER_H
#define HM_BUFFER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A buffer that grows as it is filled, and whose memory is reused. */
struct hm_buffer {
	uint8_t *p;
	size_t n, cap;
};

/* Append; false if there is no memory or it would hold more than max bytes. */
bool hm_buffer_append(struct hm_buffer *b, const uint8_t *p, size_t n,
    size_t max);

/* Drop the first n bytes. */
void hm_buffer_drop(struct hm_buffer *b, size_t n);

/* Empty the buffer, and free its memory if that is more than `most` bytes. */
void hm_buffer_shrink(struct hm_buffer *b, size_t most);

void hm_buffer_free(struct hm_buffer *b);

#endif
