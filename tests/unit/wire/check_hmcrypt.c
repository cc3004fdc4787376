#include "wire/hmcrypt.h"

#include <check.h>
#include <stdlib.h>

#include "run_suite.h"
#include "unhex.h"

/*
 * Another project published the key e5477bfc94b8a12bb7655873908fd2c2 and nonce
 * 2a5cb5c478c37530871767bc for these random bytes, command a311 and sequence
 * number 1. The expected ciphertext was computed with node's crypto.
 */
static const char random_hex[] = "000102030405060708090a0b0c0d0e0f";
static const char plain_hex[] =
    "0a13323032322d30332d31302031363a31373a30382080e10128f4aca89106";
static const char sealed_hex[] =
    "8657c23279ebd5be5c03b0c63997dc283513f437fe72379dd816c4aed277f1";
static const char tag_hex[] = "d8d37e7339a69f6c176a8721c90fa052";

#define SIZE ((size_t)31)

struct vector {
	uint8_t random[HM_CRYPT_RANDOM], plain[SIZE], sealed[SIZE];
	uint8_t tag[HM_FRAME_TAG];
};

static void
load(struct vector *v)
{
	unhex(random_hex, v->random, sizeof v->random);
	unhex(plain_hex, v->plain, sizeof v->plain);
	unhex(sealed_hex, v->sealed, sizeof v->sealed);
	unhex(tag_hex, v->tag, sizeof v->tag);
}

START_TEST(seals_as_published)
{
	struct vector v = {0};
	uint8_t out[SIZE], tag[HM_FRAME_TAG];

	load(&v);
	ck_assert(hm_crypt_seal(v.random, 0xa311, 1, v.plain, SIZE, out, tag));
	ck_assert_mem_eq(out, v.sealed, SIZE);
	ck_assert_mem_eq(tag, v.tag, sizeof tag);
}
END_TEST

START_TEST(opens_in_place)
{
	struct vector v = {0};

	load(&v);
	ck_assert(hm_crypt_open(v.random, 0xa311, 1, v.sealed, SIZE, v.sealed,
	    v.tag));
	ck_assert_mem_eq(v.sealed, v.plain, SIZE);
	ck_assert(hm_crypt_seal(v.random, 0xa311, 1, v.plain, SIZE, v.plain,
	    v.tag));
	ck_assert(hm_crypt_open(v.random, 0xa311, 1, v.plain, SIZE, v.plain,
	    v.tag));
	ck_assert_mem_eq(v.plain, v.sealed, SIZE);
}
END_TEST

START_TEST(refuses_changed_bytes)
{
	struct vector v = {0};
	uint8_t out[SIZE];

	load(&v);
	ck_assert(!hm_crypt_open(v.random, 0xa311, 2, v.sealed, SIZE, out,
	    v.tag));
	ck_assert(!hm_crypt_open(v.random, 0xa305, 1, v.sealed, SIZE, out,
	    v.tag));
	v.tag[15] ^= 1;
	ck_assert(!hm_crypt_open(v.random, 0xa311, 1, v.sealed, SIZE, out,
	    v.tag));
	v.tag[15] ^= 1;
	v.sealed[0] ^= 0x80;
	ck_assert(!hm_crypt_open(v.random, 0xa311, 1, v.sealed, SIZE, out,
	    v.tag));
	v.sealed[0] ^= 0x80;
	v.random[3] ^= 1;
	ck_assert(!hm_crypt_open(v.random, 0xa311, 1, v.sealed, SIZE, out,
	    v.tag));
}
END_TEST

START_TEST(takes_every_size_of_a_payload)
{
	static uint8_t plain[HM_FRAME_PAYLOAD_MAX + 1];
	static uint8_t out[HM_FRAME_PAYLOAD_MAX + 1];
	uint8_t random[HM_CRYPT_RANDOM] = {9}, tag[HM_FRAME_TAG];
	size_t sizes[] = {0, 1, 15, 16, 17, HM_FRAME_PAYLOAD_MAX};

	memset(plain, 0x77, sizeof plain);
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		ck_assert(hm_crypt_seal(random, 0xa211, 65535, plain, sizes[i],
		    out, tag));
		ck_assert(hm_crypt_open(random, 0xa211, 65535, out, sizes[i],
		    out, tag));
		ck_assert_int_eq(memcmp(out, plain, sizes[i]), 0);
	}
	ck_assert(!hm_crypt_seal(random, 0xa211, 1, plain, sizeof plain, out,
	    tag));
	ck_assert(!hm_crypt_open(random, 0xa211, 1, plain, sizeof plain, out,
	    tag));
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("hmcrypt");
	TCase *messages = tcase_create("messages");

	suite_add_tcase(suite, messages);
	tcase_add_test(messages, seals_as_published);
	tcase_add_test(messages, opens_in_place);
	tcase_add_test(messages, refuses_changed_bytes);
	tcase_add_test(messages, takes_every_size_of_a_payload);
	return run_suite(suite);
}
