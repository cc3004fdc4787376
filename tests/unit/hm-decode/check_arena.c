#include <check.h>
#include <stdlib.h>

#include "alarms.pb-c.h"
#include "base/arena.h"
#include "history.pb-c.h"
#include "info.pb-c.h"
#include "real.pb-c.h"
#include "run_suite.h"

#define COUNT(table) (sizeof(table) / sizeof *(table))
#define PAYLOAD ((size_t)64 * 1024)
#define PAYLOADS 2 /* of one poll */

static struct hm_arena arena;
static uint8_t payload[PAYLOAD];

static void
setup(void)
{
	ck_assert(hm_arena_init(&arena, HM_ARENA_SIZE));
}

static void
teardown(void)
{
	hm_arena_free(&arena);
}

/* The payload: a head of an even size, and two bytes again and again. */
static void
fill(const char *head, size_t n, const char *pair)
{
	memcpy(payload, head, n);
	for (size_t i = n; i + 1 < sizeof payload; i += 2)
		memcpy(payload + i, pair, 2);
}

/* The worst that messages can hold, in as few bytes as can be. */
static const struct {
	const ProtobufCMessageDescriptor *type;
	const char *head;
	size_t n;
	const char *pair;
	bool good;
} worst[] = {
    /* a field of the message, unknown fields, empty messages, empty texts */
    {&hm__real_reply__descriptor, "", 0, "\x10\0", true},
    {&hm__real_reply__descriptor, "", 0, "\x78\0", false},
    {&hm__real_reply__descriptor, "", 0, "\x52\0", false},
    {&hm__alarms__descriptor, "", 0, "\x32\0", false},
    {&hm__history__descriptor, "", 0, "\x68\0", true},
    /* all in one message within */
    {&hm__real_reply__descriptor, "\x52\xfc\xff\x03", 4, "\x10\0", true},
    {&hm__real_reply__descriptor, "\x4a\xfc\xff\x03", 4, "\x78\0", false},
    {&hm__info_reply__descriptor, "\x42\xfc\xff\x03", 4, "\x10\0", true},
    {&hm__info_reply__descriptor, "\x42\xfc\xff\x03", 4, "\x52\0", false},
};

/*
 * The room for bytes is never what is missing: it depends on the machine, and
 * what can be unpacked must not.
 */
START_TEST(has_room_for_so_many_pieces)
{
	bool good = true;

	fill(worst[_i].head, worst[_i].n, worst[_i].pair);
	for (int i = 0; i < PAYLOADS; i++)
		good = protobuf_c_message_unpack(worst[_i].type,
		    &arena.allocator, sizeof payload, payload) != NULL && good;
	ck_assert(good == worst[_i].good);
	ck_assert(good == (arena.pieces < HM_ARENA_PIECES));
	/* The sizes of a machine whose pointers are larger fit, too. */
	ck_assert_uint_lt(arena.used, HM_ARENA_SIZE * sizeof(void *) / 8);
}
END_TEST

START_TEST(is_empty_again)
{
	const struct hm_arena empty = arena;
	ProtobufCAllocator *a = &arena.allocator;

	for (size_t i = 0; i < HM_ARENA_PIECES; i++)
		ck_assert_ptr_nonnull(a->alloc(a->allocator_data, 1));
	ck_assert_ptr_null(a->alloc(a->allocator_data, 1));
	hm_arena_return(&arena, &empty);
	ck_assert_ptr_nonnull(a->alloc(a->allocator_data, 1));
	hm_arena_reset(&arena);
	ck_assert_ptr_null(a->alloc(a->allocator_data, HM_ARENA_SIZE + 1));
	ck_assert_ptr_nonnull(a->alloc(a->allocator_data, HM_ARENA_SIZE));
	ck_assert_ptr_null(a->alloc(a->allocator_data, 1));
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("arena");
	TCase *cases = tcase_create("arena");

	tcase_add_checked_fixture(cases, setup, teardown);
	tcase_add_loop_test(cases, has_room_for_so_many_pieces, 0,
	    COUNT(worst));
	tcase_add_test(cases, is_empty_again);
	suite_add_tcase(suite, cases);
	return run_suite(suite);
}
