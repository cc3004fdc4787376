#include "wire/modbus.h"

#include <check.h>

#include "run_suite.h"
#include "unhex.h"

/* An input's record as hoymiles_modbus keeps it, in a reply. */
static const char record[] =
    "00070000002b0103280c10333241635501015e0002094d1388006602ef00012447002b"
    "0003000000000107000000000000";
static const char serial[] = "000100000009010306"
			     "11d361600831";
static const char wrong_count[] = "0001000000090103ff"
				  "10f871600831";

static enum hm_modbus_state
read_hex(const char *text, struct hm_modbus_reply *reply, size_t *used)
{
	static uint8_t bytes[HM_MODBUS_REPLY_MAX + 8];
	size_t n = unhex(text, bytes, sizeof bytes);

	return hm_modbus_read(bytes, n, reply, used);
}

START_TEST(reads_a_record)
{
	struct hm_modbus_reply reply;
	size_t used;

	ck_assert_int_eq(read_hex(record, &reply, &used), HM_MODBUS_GOOD);
	ck_assert_uint_eq(used, 49);
	ck_assert_uint_eq(reply.transaction, 7);
	ck_assert_uint_eq(reply.unit, 1);
	ck_assert_uint_eq(reply.function, 3);
	ck_assert_uint_eq(reply.exception, 0);
	ck_assert(!reply.wrong_count);
	ck_assert_uint_eq(reply.size, HM_MODBUS_RECORD);
	ck_assert_uint_eq(reply.data[0], 0x0c);
	ck_assert_uint_eq(reply.data[33], 7);
}
END_TEST

START_TEST(wrong_byte_count_is_ignored)
{
	struct hm_modbus_reply reply;
	size_t used;

	ck_assert_int_eq(read_hex(serial, &reply, &used), HM_MODBUS_GOOD);
	ck_assert(!reply.wrong_count);
	ck_assert_int_eq(read_hex(wrong_count, &reply, &used), HM_MODBUS_GOOD);
	ck_assert(reply.wrong_count);
	ck_assert_uint_eq(reply.size, HM_MODBUS_SERIAL);
	ck_assert_mem_eq(reply.data, "\x10\xf8\x71\x60\x08\x31", 6);
}
END_TEST

START_TEST(empty_map_is_a_good_reply)
{
	struct hm_modbus_reply reply;
	size_t used;

	ck_assert_int_eq(read_hex("000100000003010300", &reply, &used),
	    HM_MODBUS_GOOD);
	ck_assert_uint_eq(reply.size, 0);
	ck_assert(!reply.wrong_count);
}
END_TEST

START_TEST(exceptions_are_named)
{
	struct hm_modbus_reply reply;
	size_t used;

	ck_assert_int_eq(read_hex("000100000003018302", &reply, &used),
	    HM_MODBUS_GOOD);
	ck_assert_uint_eq(used, 9);
	ck_assert_uint_eq(reply.function, 0x83);
	ck_assert_uint_eq(reply.exception, 2);
	ck_assert_uint_eq(reply.size, 0);
	ck_assert_int_eq(read_hex("000100000003018300", &reply, &used),
	    HM_MODBUS_PROTOCOL);
}
END_TEST

START_TEST(every_beginning_is_a_part)
{
	uint8_t bytes[64];
	size_t n = unhex(record, bytes, sizeof bytes), used;
	struct hm_modbus_reply reply;

	for (size_t i = 0; i < n; i++)
		ck_assert_int_eq(hm_modbus_read(bytes, i, &reply, &used),
		    HM_MODBUS_PART);
}
END_TEST

START_TEST(other_bytes_are_refused_early)
{
	struct hm_modbus_reply reply;
	size_t used;

	ck_assert_int_eq(read_hex("00010100", &reply, &used),
	    HM_MODBUS_PROTOCOL);
	ck_assert_int_eq(read_hex("484da2110001", &reply, &used),
	    HM_MODBUS_PROTOCOL);
	ck_assert_int_eq(read_hex("0001000000090104", &reply, &used),
	    HM_MODBUS_PROTOCOL);
	ck_assert_int_eq(read_hex("000100000002", &reply, &used),
	    HM_MODBUS_LENGTH);
	ck_assert_int_eq(read_hex("0001000000ff", &reply, &used),
	    HM_MODBUS_LENGTH);
	ck_assert_int_eq(read_hex("0001000000fe", &reply, &used),
	    HM_MODBUS_PART);
}
END_TEST

START_TEST(request_is_as_on_the_wire)
{
	uint8_t request[HM_MODBUS_REQUEST], expected[HM_MODBUS_REQUEST];

	unhex("123400000006"
	      "010310280014",
	    expected, sizeof expected);
	hm_modbus_request(request, 0x1234, 1,
	    HM_MODBUS_ADDRESS_RECORD + HM_MODBUS_STRIDE, 20);
	ck_assert_mem_eq(request, expected, sizeof request);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("modbus");
	TCase *messages = tcase_create("messages");

	suite_add_tcase(suite, messages);
	tcase_add_test(messages, reads_a_record);
	tcase_add_test(messages, wrong_byte_count_is_ignored);
	tcase_add_test(messages, empty_map_is_a_good_reply);
	tcase_add_test(messages, exceptions_are_named);
	tcase_add_test(messages, every_beginning_is_a_part);
	tcase_add_test(messages, other_bytes_are_refused_early);
	tcase_add_test(messages, request_is_as_on_the_wire);
	return run_suite(suite);
}
