#include "wire/hmframe.h"

#include <check.h>

#include "run_suite.h"
#include "unhex.h"

/* From a DTU-Pro: the reply to command 05, action 33. */
static const char command_reply[] =
    "484da20500016d7a00260a0c31304638373232323637393710f8aba89106182130f0ac"
    "a89106";

/* From the same DTU: device information; the sequence number is its own. */
static const char info_reply[] =
    "484da2010387b0c700980a0c31304638373232323637393710faaba891061803200c28"
    "013801421c1088041882a202380140f7aba89106483e52005a0062006815b201005a1a"
    "1081e5819197ac04209c4e2888e0c880013080023880144081405a1a1090d2819197ac"
    "04209c4e2888e0c880013080023880144081405a1a10a6e2819197ac04209c4e2888e0"
    "c88001308002388014408140";

/* The request for the power history, as an app sent it. */
static const char history_request[] =
    "484da3150009404900141080e10118b8ddc6a806";

static enum hm_frame_state
read_hex(const char *text, bool encrypts, struct hm_frame *frame, size_t *used)
{
	static uint8_t bytes[512];
	size_t n = unhex(text, bytes, sizeof bytes);

	return hm_frame_read(bytes, n, encrypts, frame, used);
}

START_TEST(crc_has_the_known_values)
{
	ck_assert_uint_eq(hm_crc16((const uint8_t *)"123456789", 9), 0x4b37);
	ck_assert_uint_eq(hm_crc16((const uint8_t *)"\1\2\3\4", 4), 0x2ba1);
	ck_assert_uint_eq(hm_crc16((const uint8_t *)"\xde\xad\xbe\xef", 4),
	    0xc19b);
	ck_assert_uint_eq(hm_crc16(NULL, 0), 0xffff);
}
END_TEST

START_TEST(real_frames_are_good)
{
	struct hm_frame frame;
	size_t used;

	ck_assert_int_eq(read_hex(command_reply, false, &frame, &used),
	    HM_FRAME_GOOD);
	ck_assert_uint_eq(frame.command, 0xa205);
	ck_assert_uint_eq(frame.sequence, 1);
	ck_assert_uint_eq(frame.size, 28);
	ck_assert_uint_eq(used, 38);
	ck_assert_ptr_null(frame.tag);
	ck_assert_uint_eq(frame.payload[0], 0x0a);

	ck_assert_int_eq(read_hex(info_reply, false, &frame, &used),
	    HM_FRAME_GOOD);
	ck_assert_uint_eq(frame.command, 0xa201);
	ck_assert_uint_eq(frame.sequence, 903);
	ck_assert_uint_eq(used, 0x98);

	ck_assert_int_eq(read_hex(history_request, false, &frame, &used),
	    HM_FRAME_GOOD);
	ck_assert_uint_eq(frame.command, HM_TO_DTU | HM_CMD_HISTORY);
	ck_assert_uint_eq(frame.sequence, 9);
}
END_TEST

START_TEST(every_beginning_is_a_part)
{
	uint8_t bytes[512];
	size_t n = unhex(info_reply, bytes, sizeof bytes), used;
	struct hm_frame frame;

	for (size_t i = 0; i < n; i++)
		ck_assert_int_eq(hm_frame_read(bytes, i, false, &frame, &used),
		    HM_FRAME_PART);
}
END_TEST

START_TEST(next_frame_is_left_alone)
{
	uint8_t bytes[512];
	size_t first = unhex(command_reply, bytes, sizeof bytes), used;
	size_t n = first + unhex(history_request, bytes + first,
	    sizeof bytes - first);
	struct hm_frame frame;

	ck_assert_int_eq(hm_frame_read(bytes, n, false, &frame, &used),
	    HM_FRAME_GOOD);
	ck_assert_uint_eq(used, first);
	ck_assert_int_eq(hm_frame_read(bytes + used, n - used, false, &frame,
	    &used), HM_FRAME_GOOD);
	ck_assert_uint_eq(frame.command, 0xa315);
}
END_TEST

START_TEST(faults_have_their_names)
{
	struct hm_frame frame;
	size_t used = 0;

	ck_assert_int_eq(read_hex("47", false, &frame, &used), HM_FRAME_MAGIC);
	ck_assert_int_eq(read_hex("4848", false, &frame, &used),
	    HM_FRAME_MAGIC);
	ck_assert_int_eq(read_hex("484da20500016d7a0009", false, &frame,
	    &used), HM_FRAME_LENGTH);
	ck_assert_int_eq(read_hex("484da202000100000001", false, &frame,
	    &used), HM_FRAME_LENGTH);
	ck_assert_int_eq(read_hex("484da3150009404900141080e10118b8ddc6a807",
	    false, &frame, &used), HM_FRAME_CRC);
	ck_assert_uint_eq(used, 20);
}
END_TEST

START_TEST(tag_is_read_where_one_is_due)
{
	/* CRC and length of this kind leave the tag out. */
	static const char tagged[] =
	    "484da3150009404900141080e10118b8ddc6a806"
	    "000102030405060708090a0b0c0d0e0f";
	uint8_t bytes[64];
	size_t n = unhex(tagged, bytes, sizeof bytes), used;
	struct hm_frame frame;

	ck_assert_int_eq(hm_frame_read(bytes, n, true, &frame, &used),
	    HM_FRAME_GOOD);
	ck_assert_uint_eq(used, 36);
	ck_assert_uint_eq(frame.size, 10);
	ck_assert_ptr_eq(frame.tag, bytes + 20);
	ck_assert_int_eq(hm_frame_read(bytes, n - 1, true, &frame, &used),
	    HM_FRAME_PART);
	ck_assert_int_eq(hm_frame_read(bytes, n, false, &frame, &used),
	    HM_FRAME_GOOD);
	ck_assert_uint_eq(used, 20);
	ck_assert_int_eq(read_hex(info_reply, true, &frame, &used),
	    HM_FRAME_GOOD);
	ck_assert_ptr_null(frame.tag);
}
END_TEST

START_TEST(only_app_commands_are_encrypted)
{
	ck_assert(hm_frame_is_encrypted(0xa311, 1));
	ck_assert(hm_frame_is_encrypted(0xa211, 1));
	ck_assert(hm_frame_is_encrypted(0xa205, 1));
	ck_assert(!hm_frame_is_encrypted(0xa211, 0));
	ck_assert(!hm_frame_is_encrypted(0xa301, 1));
	ck_assert(!hm_frame_is_encrypted(0xa202, 1));
	ck_assert(!hm_frame_is_encrypted(0x2202, 1));
	ck_assert(!hm_frame_is_encrypted(0x220b, 1));
}
END_TEST

START_TEST(written_frames_are_as_on_the_wire)
{
	uint8_t wire[512], out[512];
	size_t n = unhex(info_reply, wire, sizeof wire), used;
	struct hm_frame frame;

	ck_assert_int_eq(hm_frame_read(wire, n, false, &frame, &used),
	    HM_FRAME_GOOD);
	ck_assert_uint_eq(hm_frame_write(&frame, out, sizeof out), n);
	ck_assert_mem_eq(out, wire, n);
	ck_assert_uint_eq(hm_frame_write(&frame, out, n), n);
	ck_assert_uint_eq(hm_frame_write(&frame, out, n - 1), 0);
}
END_TEST

START_TEST(payload_may_stand_in_its_place)
{
	uint8_t out[HM_FRAME_HEADER + 3 + HM_FRAME_TAG] = {0};
	uint8_t tag[HM_FRAME_TAG];
	struct hm_frame frame = {0xa211, 0xfffe, out + HM_FRAME_HEADER, 3,
	    tag};
	struct hm_frame again;
	size_t used;

	memset(tag, 0x5a, sizeof tag);
	memcpy(out + HM_FRAME_HEADER, "abc", 3);
	ck_assert_uint_eq(hm_frame_write(&frame, out, sizeof out), 29);
	ck_assert_uint_eq(out[9], 13);
	ck_assert_int_eq(hm_frame_read(out, sizeof out, true, &again, &used),
	    HM_FRAME_GOOD);
	ck_assert_uint_eq(used, 29);
	ck_assert_uint_eq(again.sequence, 0xfffe);
	ck_assert_mem_eq(again.payload, "abc", 3);
	ck_assert_mem_eq(again.tag, tag, sizeof tag);
}
END_TEST

START_TEST(size_is_bounded)
{
	static uint8_t out[70000];
	struct hm_frame frame = {0xa211, 1, out + HM_FRAME_HEADER,
	    HM_FRAME_PAYLOAD_MAX, NULL};
	struct hm_frame empty = {0xa202, 1, NULL, 0, NULL};
	struct hm_frame again;
	size_t used;

	ck_assert_uint_eq(hm_frame_write(&frame, out, sizeof out), 65535);
	frame.size++;
	ck_assert_uint_eq(hm_frame_write(&frame, out, sizeof out), 0);
	ck_assert_uint_eq(hm_frame_write(&empty, out, HM_FRAME_HEADER), 10);
	ck_assert_int_eq(hm_frame_read(out, 10, true, &again, &used),
	    HM_FRAME_GOOD);
	ck_assert_uint_eq(again.size, 0);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("hmframe");
	TCase *frames = tcase_create("frames");

	suite_add_tcase(suite, frames);
	tcase_add_test(frames, crc_has_the_known_values);
	tcase_add_test(frames, real_frames_are_good);
	tcase_add_test(frames, every_beginning_is_a_part);
	tcase_add_test(frames, next_frame_is_left_alone);
	tcase_add_test(frames, faults_have_their_names);
	tcase_add_test(frames, tag_is_read_where_one_is_due);
	tcase_add_test(frames, only_app_commands_are_encrypted);
	tcase_add_test(frames, written_frames_are_as_on_the_wire);
	tcase_add_test(frames, payload_may_stand_in_its_place);
	tcase_add_test(frames, size_is_bounded);
	return run_suite(suite);
}
