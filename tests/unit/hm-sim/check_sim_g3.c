#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "run_suite.h"
#include "sim_dtu.h"
#include "sim_time_at.h"

#define BIT(name) HM_SIM_BIT(HM_SIM_##name)
#define NOON (86400 + 43200)
#define HEAD 9

static struct hm_sim_house house;
static struct hm_sim_dtu dtu;
static uint8_t out[HM_SIM_REPLY_MAX];

static void
set_up(void)
{
	house = (struct hm_sim_house){.seed = 5, .inverters = 1, .strings = 4,
	    .phases = 3, .capacity = 10000, .charge = 40, .generator = true,
	    .extras = true};
	dtu = (struct hm_sim_dtu){.unit = 1,
	    .gateway = hm_sim_gateway_new(&house, 0, 1)};
	ck_assert_ptr_nonnull(dtu.gateway);
}

static void
tear_down(void)
{
	hm_sim_gateway_free(dtu.gateway);
}

static struct hm_sim_time
at(int64_t simulated)
{
	struct hm_sim_time time = sim_time_at(simulated);

	time.ms = (simulated - NOON) * 1000;
	return time;
}

static size_t
ask_at(int64_t simulated, uint64_t faults, unsigned function, unsigned first,
    unsigned count)
{
	uint8_t request[] = {0, 9, 0, 0, 0, 6, 1, (uint8_t)function,
	    (uint8_t)(first >> 8), (uint8_t)first, (uint8_t)(count >> 8),
	    (uint8_t)count};
	struct hm_sim_time now = at(simulated);

	return hm_sim_g3_answer(&dtu, request, sizeof request, &now, faults,
	    out);
}

static size_t
ask(unsigned function, unsigned first, unsigned count)
{
	return ask_at(NOON, 0, function, first, count);
}

/* The register `address` of a block that was asked for from `first` on. */
static unsigned
word(unsigned first, unsigned address)
{
	size_t at_byte = HEAD + 2 * (size_t)(address - first);

	return (unsigned)(out[at_byte] << 8 | out[at_byte + 1]);
}

static int32_t
longer(unsigned first, unsigned address)
{
	return (int32_t)((uint32_t)word(first, address) << 16 |
	    word(first, address + 1));
}

static void
good(size_t size, unsigned count)
{
	ck_assert_uint_eq(size, HEAD + 2 * (size_t)count);
	ck_assert_uint_eq(out[1], 9);
	ck_assert_uint_eq(out[8], 2 * count);
}

START_TEST(blocks_have_the_model)
{
	struct hm_sim_time now = at(NOON);
	struct hm_sim_hybrid_view v;

	good(ask(4, 0, 123), 123);
	hm_sim_hybrid_view(hm_sim_gateway_inverter(dtu.gateway, 0), &now, &v);
	ck_assert_uint_eq(word(0, 0), 3);
	ck_assert_int_eq(word(0, 27), v.string[0].voltage);
	ck_assert_int_eq(word(0, 37), v.string[3].current);
	ck_assert_int_eq(word(0, 38), v.string[3].power);
	ck_assert_int_eq(word(0, 46), v.battery.voltage);
	ck_assert_int_eq(longer(0, 50), v.battery.power);
	ck_assert_int_eq(word(0, 64), v.grid[2].phase.voltage);
	ck_assert_int_eq((int16_t)word(0, 76), v.inverter[2].phase.power);
	ck_assert_uint_eq(word(0, 26), 5);
	ck_assert_uint_eq(word(0, 45), 5);
	good(ask(4, 1800, 123), 123);
	ck_assert_int_eq(longer(1800, 1812), v.grid[2].phase.power);
	ck_assert_int_eq(longer(1800, 1814), v.grid_power);
	ck_assert_int_eq(word(1800, 1909), v.battery.charge);
	ck_assert_int_eq(longer(1800, 1914), v.battery.power);
	good(ask(4, 2000, 123), 123);
	ck_assert_int_eq(longer(2000, 2000), v.total_pv);
	ck_assert_int_eq(longer(2000, 2008), v.string[3].total);
	ck_assert_int_eq(longer(2000, 2062), v.load[2].total);
	ck_assert_int_eq(word(2000, 2104), v.string[3].today);
	good(ask(4, 2123, 123), 123);
	ck_assert_int_eq(word(2123, 2131), v.load[2].today);
	ck_assert_int_eq((int16_t)word(2123, 2165), v.grid_power);
	good(ask(4, 30000, 30), 30);
	ck_assert_int_eq(longer(30000, 30011), v.grid_power);
	ck_assert_uint_eq(word(30000, 30020), (unsigned)v.battery.charge);
	good(ask(4, 1000, 5), 5);
	ck_assert_mem_eq(out + HEAD, "IH-T01-L3G", 10);
}
END_TEST

START_TEST(what_the_stick_does_not_answer)
{
	ck_assert_uint_eq(ask(4, 0, 124), HEAD);
	ck_assert_uint_eq(out[7], 0x84);
	ck_assert_uint_eq(out[8], 3);
	ck_assert_uint_eq(ask(4, 0, 0), HEAD);
	ck_assert_uint_eq(ask(4, 1101, 10), 0);
	ck_assert_uint_eq(ask(4, 1799, 1), 0);
	ck_assert_uint_eq(ask(3, 0xc001, 1), 0);
	ck_assert_uint_eq(ask(6, 4300, 1), 0);
	ck_assert_uint_eq(ask(5, 4300, 1), HEAD);
	ck_assert_uint_eq(out[8], 1);
	dtu.unit = 7;
	ck_assert_uint_eq(ask(4, 0, 1), 0);
}
END_TEST

static size_t
write_words(int64_t simulated, uint64_t faults, unsigned first, size_t count,
    const uint16_t *values)
{
	uint8_t request[64] = {0, 9, 0, 0, 0, (uint8_t)(7 + 2 * count), 1, 16,
	    (uint8_t)(first >> 8), (uint8_t)first, 0, (uint8_t)count,
	    (uint8_t)(2 * count)};
	struct hm_sim_time now = at(simulated);

	for (size_t i = 0; i < count; i++) {
		request[13 + 2 * i] = (uint8_t)(values[i] >> 8);
		request[14 + 2 * i] = (uint8_t)values[i];
	}
	return hm_sim_g3_answer(&dtu, request, 13 + 2 * count, &now, faults,
	    out);
}

START_TEST(a_block_of_settings_is_written)
{
	static const uint16_t block[] = {5, 10, 60, 77, 280, 30, 250};

	ck_assert_uint_eq(write_words(NOON, 0, 4300, 7, block), 12);
	ck_assert_uint_eq(out[7], 16);
	ck_assert_uint_eq(out[11], 7);
	ck_assert(hm_sim_set_has(&dtu.told, 0));
	ck_assert_int_eq(dtu.telling, HM_SIM_TELLS_MODE);
	good(ask_at(NOON + 1, 0, 3, 4300, 7), 7);
	for (unsigned i = 0; i < 7; i++)
		ck_assert_uint_eq(word(4300, 4300 + i), block[i]);
	good(ask_at(NOON + 5, 0, 4, 0, 123), 123);
	ck_assert_int_eq(longer(0, 50), 2500);
}
END_TEST

START_TEST(limits_are_written)
{
	static const uint16_t charges[] = {80, 20};
	static const uint16_t export[] = {1, (uint16_t)-50};
	static const uint16_t other[] = {1, 2, 3};

	ck_assert_uint_eq(write_words(NOON, 0, 308, 2, charges), 12);
	ck_assert_int_eq(dtu.telling, HM_SIM_TELLS_CHARGES);
	ck_assert_uint_eq(write_words(NOON, 0, 258, 2, export), 12);
	ck_assert_int_eq(dtu.telling, HM_SIM_TELLS_EXPORT);
	ck_assert_int_eq(hm_sim_gateway_told(dtu.gateway, 0)->export_most,
	    -50);
	ck_assert_int_eq(hm_sim_gateway_told(dtu.gateway, 0)->highest, 80);
	ck_assert_uint_eq(write_words(NOON, 0, 308, 3, other), HEAD);
	ck_assert_uint_eq(out[8], 2);
	ck_assert_uint_eq(write_words(NOON, BIT(ORDER_REFUSED), 308, 2,
	    charges), HEAD);
	ck_assert_uint_eq(write_words(NOON, BIT(ORDER_LOST), 308, 2,
	    charges), 0);
}
END_TEST

START_TEST(faults_change_registers)
{
	unsigned first;

	good(ask_at(NOON, BIT(NODATA), 4, 0, 123), 123);
	ck_assert_uint_eq(word(0, 0), 0x2490);
	ck_assert_uint_eq(word(0, 46), 0xffff);
	good(ask(3, 4303, 1), 1);
	first = word(4303, 4303);
	good(ask_at(NOON, BIT(SWAPPED), 3, 4301, 1), 1);
	ck_assert_uint_eq(word(4301, 4301), first);
	good(ask_at(NOON, BIT(SPIKE), 4, 2000, 123), 123);
	ck_assert_uint_eq(word(2000, 2101), 0xffff);
	ck_assert_int_eq(longer(2000, 2002), -1);
	good(ask_at(NOON, BIT(FLAT), 4, 1800, 123), 123);
	ck_assert_uint_eq(word(1800, 1909), 0);
	ck_assert_uint_eq(ask_at(NOON, BIT(EXCEPTION), 4, 0, 1), HEAD);
	good(ask_at(NOON, BIT(UNIT), 4, 0, 1), 1);
	ck_assert_uint_eq(out[6], 2);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("sim_g3");
	TCase *tests = tcase_create("sim_g3");

	suite_add_tcase(suite, tests);
	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_add_test(tests, blocks_have_the_model);
	tcase_add_test(tests, what_the_stick_does_not_answer);
	tcase_add_test(tests, a_block_of_settings_is_written);
	tcase_add_test(tests, limits_are_written);
	tcase_add_test(tests, faults_change_registers);
	return run_suite(suite);
}
