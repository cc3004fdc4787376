#include "mqtt/mqtt_frames.h"

#include <check.h>

#include "run_suite.h"

static struct hm_mqtt_frames frames;

static void
setup(void)
{
	frames = (struct hm_mqtt_frames){0};
}

/* Take the start of a packet with this length in the given number of bytes. */
static bool
claim(uint32_t size, int digits)
{
	uint8_t bytes[5] = {0x30};

	for (int i = 0; i < digits; i++)
		bytes[1 + i] = (uint8_t)((size >> 7 * i & 127) |
		    (i + 1 < digits ? 128 : 0));
	return hm_mqtt_frames_take(&frames, bytes, (size_t)digits + 1);
}

START_TEST(small_packets_pass_however_they_are_cut)
{
	/* PINGRESP, PUBACK, PUBLISH "a" with 200 bytes, PINGRESP */
	uint8_t bytes[2 + 4 + 3 + 200 + 2] = {
	    0xd0, 0, 0x40, 2, 0, 1, 0x30, 200, 1};

	bytes[sizeof bytes - 2] = 0xd0;
	for (size_t cut = 1; cut <= sizeof bytes; cut++) {
		setup();
		for (size_t at = 0; at < sizeof bytes; at += cut)
			ck_assert(hm_mqtt_frames_take(&frames, bytes + at,
			    sizeof bytes - at < cut ? sizeof bytes - at :
			    cut));
		ck_assert_uint_eq(frames.left, 0);
		ck_assert(!frames.typed);
	}
}
END_TEST

START_TEST(largest_packet_passes)
{
	static const uint8_t rest[HM_MQTT_PACKET_MAX];

	ck_assert(claim(HM_MQTT_PACKET_MAX, 3));
	ck_assert_uint_eq(frames.left, HM_MQTT_PACKET_MAX);
	ck_assert(hm_mqtt_frames_take(&frames, rest, sizeof rest));
	ck_assert(claim(0, 1));
	ck_assert(!frames.typed);
}
END_TEST

START_TEST(larger_one_is_refused_by_its_length)
{
	ck_assert(!claim(HM_MQTT_PACKET_MAX + 1, 3));
	ck_assert_uint_eq(frames.size, HM_MQTT_PACKET_MAX + 1);
	ck_assert(!frames.malformed);
	setup();
	ck_assert(!claim(268435455, 4));
	ck_assert_uint_eq(frames.size, 268435455);
}
END_TEST

START_TEST(length_of_more_than_4_bytes_is_malformed)
{
	static const uint8_t bytes[] = {0x30, 128, 128, 128, 128, 1};

	ck_assert(hm_mqtt_frames_take(&frames, bytes, 4));
	ck_assert(!hm_mqtt_frames_take(&frames, bytes + 4, 2));
	ck_assert(frames.malformed);
}
END_TEST

START_TEST(bytes_after_a_packet_start_the_next)
{
	static const uint8_t bytes[] = {
	    0xd0, 0, 0x30, 3, 'x', 'x', 'x', 0x30, 255, 255, 255, 127};

	ck_assert(hm_mqtt_frames_take(&frames, bytes, 7));
	ck_assert(!hm_mqtt_frames_take(&frames, bytes + 7, 5));
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("mqtt_frames");
	TCase *tcase = tcase_create("mqtt_frames");

	tcase_add_checked_fixture(tcase, setup, NULL);
	tcase_add_test(tcase, small_packets_pass_however_they_are_cut);
	tcase_add_test(tcase, largest_packet_passes);
	tcase_add_test(tcase, larger_one_is_refused_by_its_length);
	tcase_add_test(tcase, length_of_more_than_4_bytes_is_malformed);
	tcase_add_test(tcase, bytes_after_a_packet_start_the_next);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
