#ifndef HM_LOG_BYTES_H
#define HM_LOG_BYTES_H

#include <stddef.h>
#include <stdint.h>

#include "wire/dtu_uri.h"

#define HM_LOGGED_BYTES ((size_t)40)

/*
 * Log for a person who debugs that so many bytes went to a DTU or came from it,
 * with the first of them: `most`, or HM_LOGGED_BYTES if that is less.
 */
void hm_log_bytes(const struct hm_dtu *dtu, const char *what,
    const uint8_t *bytes, size_t size, size_t most);

#endif
