#include <check.h>
#include <string.h>

#include "run_suite.h"
#include "sim_dtu.h"
#include "sim_time_at.h"
#include "wire/modbus.h"

#define BIT(name) HM_SIM_BIT(HM_SIM_##name)
#define NOON (86400 + 43200)
#define MIDNIGHT (2 * 86400)

static const struct hm_sim_plant plant =
    {.seed = 1, .inverters = 2, .ports = 2, .phases = 1};

static uint8_t out[HM_SIM_REPLY_MAX];

static struct hm_sim_dtu
new_dtu(void)
{
	return (struct hm_sim_dtu){.plant = &plant, .unit = 1,
	    .serial = 0x10f879093459};
}

/* The reply to a read of `count` registers, through the reader of replies. */
static struct hm_modbus_reply
ask(struct hm_sim_dtu *dtu, int64_t simulated, uint64_t faults,
    uint16_t address, uint16_t count)
{
	uint8_t request[HM_MODBUS_REQUEST];
	struct hm_sim_time now = sim_time_at(simulated);
	struct hm_modbus_reply reply;
	size_t whole, size, used;

	hm_modbus_request(request, 0x1234, 1, address, count);
	ck_assert(hm_sim_modbus_whole(request, sizeof request, &whole));
	ck_assert_uint_eq(whole, sizeof request);
	size = hm_sim_modbus_answer(dtu, request, whole, &now, faults, out);
	ck_assert_int_eq(hm_modbus_read(out, size, &reply, &used),
	    HM_MODBUS_GOOD);
	ck_assert_uint_eq(used, size);
	ck_assert_uint_eq(reply.transaction, 0x1234);
	return reply;
}

static unsigned
get(const uint8_t *p, size_t n)
{
	unsigned value = 0;

	while (n-- > 0)
		value = value << 8 | *p++;
	return value;
}

START_TEST(serial_is_at_2000)
{
	struct hm_sim_dtu dtu = new_dtu();
	struct hm_modbus_reply reply = ask(&dtu, NOON, 0, 0x2000, 3);

	ck_assert_uint_eq(reply.size, 6);
	ck_assert_mem_eq(reply.data, "\x10\xf8\x79\x09\x34\x59", 6);
}
END_TEST

START_TEST(records_hold_the_readings_of_the_plant)
{
	struct hm_sim_dtu dtu = new_dtu();
	struct hm_modbus_reply reply = ask(&dtu, NOON, 0, 0x1000 + 3 * 40, 20);
	struct hm_sim_time noon = sim_time_at(NOON);
	const uint8_t *p = reply.data;
	struct hm_sim_plant_inverter ac;
	struct hm_sim_plant_port pv;

	hm_sim_plant_read_port(&plant, 0, 1, 1, &noon, &pv);
	hm_sim_plant_read_inverter(&plant, 0, 1, &noon, &ac);
	ck_assert_uint_eq(reply.size, HM_MODBUS_RECORD);
	ck_assert_uint_eq(p[0], 0x0c);
	ck_assert_int_eq((int64_t)get(p + 1, 2) << 32 | get(p + 3, 4),
	    hm_sim_plant_inverter_serial(&plant, 0, 1));
	ck_assert_uint_eq(p[7], 2);
	ck_assert_int_eq((int32_t)get(p + 8, 2), pv.voltage);
	ck_assert_int_eq((int32_t)get(p + 10, 2), pv.current);
	ck_assert_int_eq((int32_t)get(p + 12, 2), ac.voltage[0]);
	ck_assert_int_eq((int32_t)get(p + 14, 2), ac.frequency);
	ck_assert_int_eq((int32_t)get(p + 16, 2), pv.power);
	ck_assert_int_eq((int32_t)get(p + 18, 2), pv.today);
	ck_assert_int_eq((int32_t)get(p + 20, 4), pv.total);
	ck_assert_int_eq((int32_t)get(p + 24, 2), ac.temperature);
	ck_assert_uint_eq(get(p + 26, 2), 3);
	ck_assert_uint_eq(p[32], 1);
	ck_assert_uint_eq(p[33], 7);
	ck_assert_uint_gt(get(p + 16, 2), 0);
}
END_TEST

START_TEST(list_ends_with_an_empty_record)
{
	struct hm_sim_dtu dtu = new_dtu();
	struct hm_modbus_reply reply = ask(&dtu, NOON, 0, 0x1000 + 4 * 40, 20);
	uint8_t empty[HM_MODBUS_RECORD] = {[0] = 0x0c, [33] = 0x07};

	ck_assert_mem_eq(reply.data, empty, sizeof empty);
	reply = ask(&dtu, NOON, 0, 0x1000 + 99 * 40, 20);
	ck_assert_mem_eq(reply.data, empty, sizeof empty);
}
END_TEST

START_TEST(longer_reads_run_on)
{
	struct hm_sim_dtu dtu = new_dtu();
	uint8_t second[HM_MODBUS_RECORD];
	struct hm_modbus_reply reply = ask(&dtu, NOON, 0, 0x1028, 20);

	memcpy(second, reply.data, sizeof second);
	reply = ask(&dtu, NOON, 0, 0x1000, 125);
	ck_assert_uint_eq(reply.size, 250);
	ck_assert_mem_eq(reply.data + HM_MODBUS_RECORD, second,
	    sizeof second);
}
END_TEST

START_TEST(night_leaves_serial_and_input)
{
	struct hm_sim_dtu dtu = new_dtu();
	struct hm_modbus_reply reply = ask(&dtu, MIDNIGHT, 0, 0x1028, 20);

	ck_assert_uint_eq(reply.data[7], 2);
	ck_assert_uint_ne(get(reply.data + 1, 4), 0);
	for (size_t i = 8; i < HM_MODBUS_RECORD; i++)
		ck_assert_uint_eq(reply.data[i], i == 33 ? 7 : 0);
}
END_TEST

START_TEST(wrong_requests_have_exceptions)
{
	struct hm_sim_dtu dtu = new_dtu();

	ck_assert_uint_eq(ask(&dtu, NOON, 0, 0x1001, 20).exception, 2);
	ck_assert_uint_eq(ask(&dtu, NOON, 0, 0x1000 + 100 * 40, 20).exception,
	    2);
	ck_assert_uint_eq(ask(&dtu, NOON, 0, 0x0000, 20).exception, 2);
	ck_assert_uint_eq(ask(&dtu, NOON, 0, 0xffff, 20).exception, 2);
	ck_assert_uint_eq(ask(&dtu, NOON, 0, 0x2000, 4).exception, 2);
	ck_assert_uint_eq(ask(&dtu, NOON, 0, 0x1000, 0).exception, 3);
	ck_assert_uint_eq(ask(&dtu, NOON, 0, 0x1000, 126).exception, 3);
	ck_assert_uint_eq(ask(&dtu, NOON, BIT(EXCEPTION), 0x1000,
	    20).exception, 4);
}
END_TEST

START_TEST(other_functions_and_units)
{
	struct hm_sim_dtu dtu = new_dtu();
	struct hm_sim_time noon = sim_time_at(NOON);
	uint8_t request[HM_MODBUS_REQUEST];

	hm_modbus_request(request, 1, 1, 0x1000, 20);
	request[7] = 6;
	ck_assert_uint_eq(hm_sim_modbus_answer(&dtu, request, sizeof request,
	    &noon, 0, out), 9);
	ck_assert_uint_eq(out[7], 0x86);
	ck_assert_uint_eq(out[8], 1);
	hm_modbus_request(request, 1, 2, 0x1000, 20);
	ck_assert_uint_eq(hm_sim_modbus_answer(&dtu, request, sizeof request,
	    &noon, 0, out), 0);
}
END_TEST

START_TEST(faults_are_as_named)
{
	struct hm_sim_dtu dtu = new_dtu();
	struct hm_sim_time noon = sim_time_at(NOON);
	uint8_t request[HM_MODBUS_REQUEST];
	struct hm_modbus_reply reply;
	size_t size, used;

	ck_assert(ask(&dtu, NOON, BIT(COUNT), 0x2000, 3).wrong_count);
	ck_assert_uint_eq(ask(&dtu, NOON, BIT(UNIT), 0x2000, 3).unit, 2);
	ck_assert_uint_eq(ask(&dtu, NOON, BIT(UNMAPPED), 0x1000, 20).size, 0);
	ck_assert_uint_eq(ask(&dtu, NOON, BIT(UNMAPPED), 0x2000, 3).size, 6);
	hm_modbus_request(request, 1, 1, 0x1000, 20);
	size = hm_sim_modbus_answer(&dtu, request, sizeof request, &noon,
	    BIT(LENGTH), out);
	ck_assert_int_eq(hm_modbus_read(out, size, &reply, &used),
	    HM_MODBUS_LENGTH);
	size = hm_sim_modbus_answer(&dtu, request, sizeof request, &noon,
	    BIT(GARBAGE), out);
	ck_assert_int_eq(hm_modbus_read(out, size, &reply, &used),
	    HM_MODBUS_PROTOCOL);
}
END_TEST

START_TEST(glitches_are_in_good_replies)
{
	struct hm_sim_dtu dtu = new_dtu();
	struct hm_sim_time noon = sim_time_at(NOON);
	struct hm_modbus_reply reply;
	struct hm_sim_plant_port pv;

	hm_sim_plant_read_port(&plant, 0, 0, 0, &noon, &pv);
	reply = ask(&dtu, NOON, BIT(SPIKE), 0x1000, 40);
	ck_assert_uint_eq(get(reply.data + 18, 2), 65535);
	ck_assert_uint_eq(get(reply.data + 20, 4), 4294967295);
	ck_assert_uint_eq(get(reply.data + 16, 2), (unsigned)pv.power);
	/* One input is enough. */
	ck_assert_uint_lt(get(reply.data + 40 + 18, 2), 65535);
	reply = ask(&dtu, NOON, BIT(DIP), 0x1000, 20);
	ck_assert_int_eq(get(reply.data + 18, 2), pv.today);
	ck_assert_int_eq(get(reply.data + 20, 4), pv.total - 1000);
	reply = ask(&dtu, NOON, BIT(ZEROS), 0x1000, 40);
	ck_assert_uint_ne(get(reply.data + 1, 4), 0);
	for (size_t i = 8; i < HM_MODBUS_RECORD; i++) {
		ck_assert_uint_eq(reply.data[i], i == 33 ? 7 : 0);
		ck_assert_uint_eq(reply.data[40 + i], i == 33 ? 7 : 0);
	}
}
END_TEST

START_TEST(mi_inverters_send_tenths_of_an_ampere)
{
	const struct hm_sim_plant old = {.seed = 1, .inverters = 1, .ports = 1,
	    .phases = 1, .is_mi = true};
	struct hm_sim_dtu dtu = new_dtu();
	struct hm_sim_time noon = sim_time_at(NOON);
	struct hm_modbus_reply reply;
	struct hm_sim_plant_port pv;

	dtu.plant = &old;
	hm_sim_plant_read_port(&old, 0, 0, 0, &noon, &pv);
	reply = ask(&dtu, NOON, 0, 0x1000, 20);
	ck_assert_uint_eq(reply.data[1], 0x10);
	ck_assert_int_gt(pv.current, 500);
	ck_assert_int_eq((int32_t)get(reply.data + 10, 2), pv.current / 10);
}
END_TEST

START_TEST(stale_readings_stay)
{
	struct hm_sim_dtu dtu = new_dtu();
	uint8_t first[HM_MODBUS_RECORD];
	struct hm_modbus_reply reply = ask(&dtu, NOON, 0, 0x1000, 20);

	memcpy(first, reply.data, sizeof first);
	reply = ask(&dtu, NOON + 600, BIT(STALE), 0x1000, 20);
	ck_assert_mem_eq(reply.data, first, sizeof first);
	reply = ask(&dtu, NOON + 600, 0, 0x1000, 20);
	ck_assert_mem_ne(reply.data, first, sizeof first);
}
END_TEST

START_TEST(requests_come_in_pieces)
{
	uint8_t request[HM_MODBUS_REQUEST];
	size_t whole;

	hm_modbus_request(request, 1, 1, 0x1000, 20);
	for (size_t i = 0; i < sizeof request; i++) {
		ck_assert(hm_sim_modbus_whole(request, i, &whole));
		ck_assert_uint_eq(whole, 0);
	}
	request[2] = 1;
	ck_assert(!hm_sim_modbus_whole(request, sizeof request, &whole));
	request[2] = 0;
	request[4] = 1;
	ck_assert(!hm_sim_modbus_whole(request, sizeof request, &whole));
	request[4] = 0;
	request[5] = 1;
	ck_assert(!hm_sim_modbus_whole(request, sizeof request, &whole));
}
END_TEST

START_TEST(inputs_may_be_refused_or_silent)
{
	struct hm_sim_dtu dtu = new_dtu();
	struct hm_sim_time now = sim_time_at(NOON);
	uint8_t request[HM_MODBUS_REQUEST];

	ck_assert_uint_eq(ask(&dtu, NOON, BIT(GAP), 0x1000, 20).exception, 0);
	ck_assert_uint_eq(ask(&dtu, NOON, BIT(GAP), 0x1028, 20).exception, 2);
	ck_assert_uint_eq(ask(&dtu, NOON, BIT(ENDLESS), 0x1000 + 3 * 40,
	    20).exception, 0);
	ck_assert_uint_eq(ask(&dtu, NOON, BIT(ENDLESS), 0x1000 + 4 * 40,
	    20).exception, 2);
	hm_modbus_request(request, 1, 1, 0x1028, 20);
	ck_assert_uint_eq(hm_sim_modbus_answer(&dtu, request, sizeof request,
	    &now, BIT(MUTE), out), 0);
	hm_modbus_request(request, 1, 1, 0x1000, 20);
	ck_assert_uint_gt(hm_sim_modbus_answer(&dtu, request, sizeof request,
	    &now, BIT(MUTE), out), 0);
	ck_assert_uint_gt(hm_sim_modbus_answer(&dtu, request, sizeof request,
	    &now, BIT(TRANSACTION), out), 0);
	ck_assert_mem_eq(out, "\0\0", 2);
}
END_TEST

START_TEST(first_input_may_be_listed_twice)
{
	struct hm_sim_dtu dtu = new_dtu();
	uint8_t first[8], last[8];

	memcpy(first, ask(&dtu, NOON, 0, 0x1000, 20).data, sizeof first);
	memcpy(last, ask(&dtu, NOON, 0, 0x1000 + 3 * 40, 20).data,
	    sizeof last);
	ck_assert_mem_eq(ask(&dtu, NOON, BIT(TWICE), 0x1000, 20).data, first,
	    sizeof first);
	ck_assert_mem_eq(ask(&dtu, NOON, BIT(TWICE), 0x1028, 20).data, first,
	    sizeof first);
	ck_assert_mem_eq(ask(&dtu, NOON, BIT(TWICE), 0x1000 + 4 * 40, 20).data,
	    last, sizeof last);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("sim_modbus");
	TCase *tests = tcase_create("sim_modbus");

	suite_add_tcase(suite, tests);
	tcase_add_test(tests, serial_is_at_2000);
	tcase_add_test(tests, records_hold_the_readings_of_the_plant);
	tcase_add_test(tests, list_ends_with_an_empty_record);
	tcase_add_test(tests, longer_reads_run_on);
	tcase_add_test(tests, night_leaves_serial_and_input);
	tcase_add_test(tests, wrong_requests_have_exceptions);
	tcase_add_test(tests, other_functions_and_units);
	tcase_add_test(tests, faults_are_as_named);
	tcase_add_test(tests, glitches_are_in_good_replies);
	tcase_add_test(tests, mi_inverters_send_tenths_of_an_ampere);
	tcase_add_test(tests, stale_readings_stay);
	tcase_add_test(tests, requests_come_in_pieces);
	tcase_add_test(tests, inputs_may_be_refused_or_silent);
	tcase_add_test(tests, first_input_may_be_listed_twice);
	return run_suite(suite);
}
