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
	struct hm_frame frame = {.command = 0xa211, .sequence = 0xfffe,
	    .payload = out + HM_FRAME_HEADER, .size = 3, .tag = tag};
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
	struct hm_frame frame = {.command = 0xa211, .sequence = 1,
	    .payload = out + HM_FRAME_HEADER, .size = HM_FRAME_PAYLOAD_MAX};
	struct hm_frame empty = {.command = 0xa202, .sequence = 1};
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

/* Requests to two gateways, which answered them. */

static const char gateway_request[] =
    "484ddb010001faf30022000e0000000000000000000000ff10c2db90c3061880e101";

static const char registry_request[] =
    "484dc30200028db00037000e00004301224808610000000108c2db90c3061213323032"
    "352d30372d30312032303a34393a33381880e101";

/* The payloads of another two, to whose CRCs only these payloads fit. */
static const struct {
	uint16_t crc;
	const char *payload;
} gateway_payloads[] = {
    {0x1458, "10c6b8bfc2061880e101"},
    {0x8692, "08c6b8bfc2061213323032352d30362d31362031303a35363a33381880e1"
        "01"},
    {0x265d, "089681a09292e01010c1b8bfc20618012a2008011089201881e20220012a"
        "0b322e332e302e302d64657632003a0042004815320c0890859892b280081006"
        "1801"},
    {0xdd1e, "08e190a09292e01010b3db90c30618012a2008011089201881e20220012a"
        "0b322e332e302e302d64657632003a0042004815320c0887849092b2a8081006"
        "1801"},
};

START_TEST(gateways_have_a_longer_header)
{
	struct hm_frame frame;
	size_t used;

	ck_assert_int_eq(read_hex(gateway_request, false, &frame, &used),
	    HM_FRAME_GOOD);
	ck_assert_uint_eq(used, 34);
	ck_assert_uint_eq(frame.command, 0xdb01);
	ck_assert_uint_eq(frame.size, 10);
	ck_assert_uint_eq(frame.payload[0], 0x10);
	ck_assert_uint_eq(frame.serial, 0);
	ck_assert_uint_eq(frame.number, 255);
	/* Gateways do not encrypt, whatever they say. */
	ck_assert_int_eq(read_hex(registry_request, true, &frame, &used),
	    HM_FRAME_GOOD);
	ck_assert_uint_eq(used, 55);
	ck_assert_uint_eq(frame.sequence, 2);
	ck_assert_uint_eq(frame.serial, 0x430122480861);
	ck_assert_uint_eq(frame.number, 1);
	ck_assert_ptr_null(frame.tag);
}
END_TEST

START_TEST(payloads_of_gateways_have_their_crc)
{
	uint8_t bytes[256];

	for (size_t i = 0;
	     i < sizeof gateway_payloads / sizeof *gateway_payloads; i++) {
		size_t n = unhex(gateway_payloads[i].payload, bytes,
		    sizeof bytes);

		ck_assert_uint_eq(hm_crc16(bytes, n),
		    gateway_payloads[i].crc);
	}
}
END_TEST

START_TEST(gateway_frames_are_written_as_on_the_wire)
{
	static const char *const frames[] = {gateway_request,
	    registry_request};

	for (size_t i = 0; i < sizeof frames / sizeof *frames; i++) {
		uint8_t wire[64], out[64];
		size_t n = unhex(frames[i], wire, sizeof wire), used;
		struct hm_frame frame;

		ck_assert_int_eq(hm_frame_read(wire, n, false, &frame,
		    &used), HM_FRAME_GOOD);
		ck_assert_uint_eq(hm_frame_write(&frame, out, n - 1), 0);
		ck_assert_uint_eq(hm_frame_write(&frame, out, n), n);
		ck_assert_mem_eq(out, wire, n);
		for (size_t part = 0; part < n; part++)
			ck_assert_int_eq(hm_frame_read(wire, part, false,
			    &frame, &used), HM_FRAME_PART);
	}
}
END_TEST

START_TEST(gateway_headers_are_hostile)
{
	static uint8_t out[70000];
	struct hm_frame big = {.command = HM_GATEWAY_READINGS, .payload = out,
	    .size = 65535 - HM_FRAME_HEADER_GATEWAY};
	struct hm_frame frame;
	size_t used;

	/* Ten bytes suffice to see that the length is impossible. */
	ck_assert_int_eq(read_hex("484dda010001ffff0017", false, &frame,
	    &used), HM_FRAME_LENGTH);
	ck_assert_int_eq(read_hex("484dda010001ffff0018", false, &frame,
	    &used), HM_FRAME_PART);
	/* A header of another layout: the payload is where it always is. */
	ck_assert_int_eq(read_hex("484dda010001cc4b0019000d0102030405060708"
	    "0000000161", false, &frame, &used), HM_FRAME_CRC);
	ck_assert_int_eq(read_hex("484dda010001a87e0019000d0102030405060708"
	    "0000000161", false, &frame, &used), HM_FRAME_GOOD);
	ck_assert_uint_eq(frame.serial, 0);
	ck_assert_uint_eq(frame.number, 0);
	ck_assert_uint_eq(frame.size, 1);
	ck_assert_uint_eq(frame.payload[0], 0x61);
	ck_assert_uint_eq(hm_frame_write(&big, out, sizeof out), 65535);
	big.size++;
	ck_assert_uint_eq(hm_frame_write(&big, out, sizeof out), 0);
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
	tcase_add_test(frames, gateways_have_a_longer_header);
	tcase_add_test(frames, payloads_of_gateways_have_their_crc);
	tcase_add_test(frames, gateway_frames_are_written_as_on_the_wire);
	tcase_add_test(frames, gateway_headers_are_hostile);
	return run_suite(suite);
}
