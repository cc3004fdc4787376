#ifndef HM_HMCRYPT_H
#define HM_HMCRYPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hmframe.h"

/*
 * AES-128-GCM as newer DTUs use it. The key is made from 16 random bytes in the
 * device information, which change with each restart of the DTU.
 * docs/protocol.md has the derivation and its source.
 */

#define HM_CRYPT_RANDOM ((size_t)16)

/* Bit 25 of the device information's dfs field: the DTU encrypts. */
#define HM_CRYPT_DFS_BIT (1LL << 25)

/*
 * Encrypt or decrypt `size` bytes from `in` to `out` (which may be the same).
 * Encryption writes the tag. Decryption returns false, with `out` undefined, if
 * the tag is wrong. Both return false if a frame cannot hold so many bytes.
 */
bool hm_crypt_seal(const uint8_t random[HM_CRYPT_RANDOM], uint16_t command,
    uint16_t sequence, const uint8_t *in, size_t size, uint8_t *out,
    uint8_t tag[HM_FRAME_TAG]);
bool hm_crypt_open(const uint8_t random[HM_CRYPT_RANDOM], uint16_t command,
    uint16_t sequence, const uint8_t *in, size_t size, uint8_t *out,
    const uint8_t tag[HM_FRAME_TAG]);

#endif
