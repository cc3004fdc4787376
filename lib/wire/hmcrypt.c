#include "hmcrypt.h"

#include <nettle/gcm.h>
#include <nettle/memops.h>
#include <nettle/sha2.h>
#include <string.h>

#define BOUND ((size_t)4) /* command and sequence number, little endian */

_Static_assert(HM_FRAME_TAG == GCM_DIGEST_SIZE, "a tag is a whole digest");

static void
digest(const uint8_t *in, size_t size, uint8_t out[SHA256_DIGEST_SIZE])
{
	struct sha256_ctx sha;

	sha256_init(&sha);
	sha256_update(&sha, size, in);
	sha256_digest(&sha, SHA256_DIGEST_SIZE, out);
}

/* SHA-256 of SHA-256 of SHA-256. */
static void
digest_thrice(const uint8_t *in, size_t size, uint8_t out[SHA256_DIGEST_SIZE])
{
	digest(in, size, out);
	digest(out, SHA256_DIGEST_SIZE, out);
	digest(out, SHA256_DIGEST_SIZE, out);
}

static void
put_bound(uint8_t out[BOUND], uint16_t command, uint16_t sequence)
{
	out[0] = (uint8_t)command;
	out[1] = (uint8_t)(command >> 8);
	out[2] = (uint8_t)sequence;
	out[3] = (uint8_t)(sequence >> 8);
}

/* Set key, nonce and associated data for one message. */
static void
start(struct gcm_aes128_ctx *cipher, const uint8_t random[HM_CRYPT_RANDOM],
    uint16_t command, uint16_t sequence)
{
	uint8_t seed[BOUND + HM_CRYPT_RANDOM];
	uint8_t key[SHA256_DIGEST_SIZE], nonce[SHA256_DIGEST_SIZE];

	put_bound(seed, command, sequence);
	memcpy(seed + BOUND, random, HM_CRYPT_RANDOM);
	digest_thrice(random, HM_CRYPT_RANDOM, key);
	digest_thrice(seed, sizeof seed, nonce);
	gcm_aes128_set_key(cipher, key);
	gcm_aes128_set_iv(cipher, GCM_IV_SIZE,
	    nonce + sizeof nonce - GCM_IV_SIZE);
	gcm_aes128_update(cipher, BOUND, seed);
}

bool
hm_crypt_seal(const uint8_t random[HM_CRYPT_RANDOM], uint16_t command,
    uint16_t sequence, const uint8_t *in, size_t size, uint8_t *out,
    uint8_t tag[HM_FRAME_TAG])
{
	struct gcm_aes128_ctx cipher;

	if (size > HM_FRAME_PAYLOAD_MAX)
		return false;
	start(&cipher, random, command, sequence);
	gcm_aes128_encrypt(&cipher, size, out, in);
	gcm_aes128_digest(&cipher, HM_FRAME_TAG, tag);
	return true;
}

bool
hm_crypt_open(const uint8_t random[HM_CRYPT_RANDOM], uint16_t command,
    uint16_t sequence, const uint8_t *in, size_t size, uint8_t *out,
    const uint8_t tag[HM_FRAME_TAG])
{
	struct gcm_aes128_ctx cipher;
	uint8_t expected[HM_FRAME_TAG];

	if (size > HM_FRAME_PAYLOAD_MAX)
		return false;
	start(&cipher, random, command, sequence);
	gcm_aes128_decrypt(&cipher, size, out, in);
	gcm_aes128_digest(&cipher, HM_FRAME_TAG, expected);
	return memeql_sec(expected, tag, HM_FRAME_TAG) != 0;
}
