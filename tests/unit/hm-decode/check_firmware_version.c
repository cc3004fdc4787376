#include "firmware_version.h"

#include <check.h>
#include <string.h>

#include "run_suite.h"

static char buf[HM_FIRMWARE_VERSION_TEXT];

START_TEST(dtu_versions)
{
	/* Numbers of the captured DTU-Pro. */
	ck_assert_str_eq(hm_firmware_version_dtu(520, buf), "V00.02.08");
	ck_assert_str_eq(hm_firmware_version_dtu_hardware(37122, buf),
	    "H09.01.02");
	ck_assert_str_eq(hm_firmware_version_dtu(4104, buf), "V01.00.08");
	ck_assert_str_eq(hm_firmware_version_dtu(4096 * 2 + 256 * 15 + 255,
	    buf), "V02.15.255");
	ck_assert_str_eq(hm_firmware_version_dtu(0, buf), "V00.00.00");
}
END_TEST

START_TEST(inverter_versions)
{
	ck_assert_str_eq(hm_firmware_version_inverter(10012, buf), "V01.00.12");
	ck_assert_str_eq(hm_firmware_version_inverter(10010, buf), "V01.00.10");
	ck_assert_str_eq(hm_firmware_version_inverter(129999, buf),
	    "V12.99.99");
	ck_assert_str_eq(hm_firmware_version_inverter_hardware(256, buf),
	    "H00.04.00");
	ck_assert_str_eq(hm_firmware_version_inverter_hardware(
	    2048 + 64 * 3 + 4, buf), "H01.03.04");
	ck_assert_str_eq(hm_firmware_version_inverter_hardware(2048 * 9 - 1,
	    buf), "H08.31.63");
}
END_TEST

START_TEST(any_number_fits_its_buffer)
{
	static const int32_t numbers[] = {INT32_MIN, INT32_MIN + 1, -1, 0, 1,
	    INT32_MAX - 1, INT32_MAX};

	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
		const int32_t n = numbers[i];

		ck_assert_uint_lt(strlen(hm_firmware_version_dtu(n, buf)),
		    sizeof buf);
		ck_assert_uint_lt(strlen(hm_firmware_version_dtu_hardware(n,
		    buf)), sizeof buf);
		ck_assert_uint_lt(strlen(hm_firmware_version_inverter(n, buf)),
		    sizeof buf);
		ck_assert_uint_lt(strlen(hm_firmware_version_inverter_hardware(
		    n, buf)), sizeof buf);
	}
	ck_assert_str_eq(hm_firmware_version_inverter(-1, buf),
	    "V429496.72.95");
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("firmware_version");
	TCase *versions = tcase_create("versions");

	suite_add_tcase(suite, versions);
	tcase_add_test(versions, dtu_versions);
	tcase_add_test(versions, inverter_versions);
	tcase_add_test(versions, any_number_fits_its_buffer);
	return run_suite(suite);
}
