#include "hmcrypt.h"

#include <openssl/evp.h>
#include <string.h>

#define DIGEST ((size_t)32)
#define KEY ((size_t)16)
#define NONCE ((size_t)12)
#define BOUND ((size_t)4) /* command and sequence number, little endian */

/* SHA-256 of SHA-256 of SHA-256. */
static bool
digest_thrice(const uint8_t *in, size_t size, uint8_t out[DIGEST])
{
	return EVP_Digest(in, size, out, NULL, EVP_sha256(), NULL) == 1 &&
	    EVP_Digest(out, DIGEST, out, NULL, EVP_sha256(), NULL) == 1 &&
	    EVP_Digest(out, DIGEST, out, NULL, EVP_sha256(), NULL) == 1;
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
static bool
begin(EVP_CIPHER_CTX *cipher, const uint8_t random[HM_CRYPT_RANDOM],
    const uint8_t bound[BOUND], int seal)
{
	uint8_t seed[BOUND + HM_CRYPT_RANDOM];
	uint8_t key[DIGEST], nonce[DIGEST];
	int n;

	memcpy(seed, bound, BOUND);
	memcpy(seed + BOUND, random, HM_CRYPT_RANDOM);
	return digest_thrice(random, HM_CRYPT_RANDOM, key) &&
	    digest_thrice(seed, sizeof seed, nonce) &&
	    EVP_CipherInit_ex(cipher, EVP_aes_128_gcm(), NULL, key,
		nonce + DIGEST - NONCE, seal) == 1 &&
	    EVP_CipherUpdate(cipher, NULL, &n, bound, (int)BOUND) == 1;
}

/* A cipher for one message of `size` bytes, or NULL. */
static EVP_CIPHER_CTX *
start(const uint8_t random[HM_CRYPT_RANDOM], uint16_t command,
    uint16_t sequence, size_t size, int seal)
{
	EVP_CIPHER_CTX *cipher;
	uint8_t bound[BOUND];

	if (size > HM_FRAME_PAYLOAD_MAX)
		return NULL;
	cipher = EVP_CIPHER_CTX_new();
	if (cipher == NULL)
		return NULL;
	put_bound(bound, command, sequence);
	if (begin(cipher, random, bound, seal))
		return cipher;
	EVP_CIPHER_CTX_free(cipher);
	return NULL;
}

static bool
seal_with(EVP_CIPHER_CTX *cipher, const uint8_t *in, size_t size, uint8_t *out,
    uint8_t tag[HM_FRAME_TAG])
{
	int n;

	return EVP_CipherUpdate(cipher, out, &n, in, (int)size) == 1 &&
	    EVP_CipherFinal_ex(cipher, out + n, &n) == 1 &&
	    EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_AEAD_GET_TAG,
		(int)HM_FRAME_TAG, tag) == 1;
}

static bool
open_with(EVP_CIPHER_CTX *cipher, const uint8_t *in, size_t size, uint8_t *out,
    const uint8_t tag[HM_FRAME_TAG])
{
	uint8_t expected[HM_FRAME_TAG];
	int n;

	memcpy(expected, tag, HM_FRAME_TAG);
	return EVP_CipherUpdate(cipher, out, &n, in, (int)size) == 1 &&
	    EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_AEAD_SET_TAG,
		(int)HM_FRAME_TAG, expected) == 1 &&
	    EVP_CipherFinal_ex(cipher, out + n, &n) == 1;
}

bool
hm_crypt_seal(const uint8_t random[HM_CRYPT_RANDOM], uint16_t command,
    uint16_t sequence, const uint8_t *in, size_t size, uint8_t *out,
    uint8_t tag[HM_FRAME_TAG])
{
	EVP_CIPHER_CTX *cipher = start(random, command, sequence, size, 1);
	bool good = cipher != NULL && seal_with(cipher, in, size, out, tag);

	EVP_CIPHER_CTX_free(cipher);
	return good;
}

bool
hm_crypt_open(const uint8_t random[HM_CRYPT_RANDOM], uint16_t command,
    uint16_t sequence, const uint8_t *in, size_t size, uint8_t *out,
    const uint8_t tag[HM_FRAME_TAG])
{
	EVP_CIPHER_CTX *cipher = start(random, command, sequence, size, 0);
	bool good = cipher != NULL && open_with(cipher, in, size, out, tag);

	EVP_CIPHER_CTX_free(cipher);
	return good;
}
