#ifndef HM_DESCRIPTORS_H
#define HM_DESCRIPTORS_H

#include <stdbool.h>

/*
 * Make sure that descriptors 0, 1 and 2 are open, so that no file or socket
 * ever gets one of these numbers. A closed one is replaced by one that fails:
 * a closed input on reads, a closed output on writes.
 */
void hm_descriptors_guard(void);

/* Whether the descriptor is a pipe or a FIFO. */
bool hm_descriptor_is_pipe(int fd);

#endif
