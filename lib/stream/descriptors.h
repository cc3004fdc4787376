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

/*
 * Whether it is a pipe without a name: once its last reader has gone it never
 * has one again. A FIFO can be opened by another reader.
 */
bool hm_descriptor_is_unnamed_pipe(int fd);

/*
 * Close a descriptor. One of /dev/null, opened with `mode` (O_RDONLY or
 * O_WRONLY), replaces it, so that no file ever gets its number.
 */
void hm_descriptor_close(int fd, int mode);

#endif
