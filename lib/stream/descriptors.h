#ifndef HM_DESCRIPTORS_H
#define HM_DESCRIPTORS_H

#include <stdbool.h>

/*
 * Make sure that descriptors 0, 1 and 2 are open, so that no file or socket
 * ever lands on one of them. A closed one is replaced by one that fails: a
 * closed input cannot be read, a closed output not be written to.
 */
void hm_descriptors_guard(void);

/* Whether the descriptor is a pipe or a FIFO. */
bool hm_descriptor_is_pipe(int fd);

#endif
