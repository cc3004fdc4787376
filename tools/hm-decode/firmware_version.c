#include "firmware_version.h"

#include <stdio.h>

static const char *
format(char buf[HM_FIRMWARE_VERSION_TEXT], char letter, uint32_t a, uint32_t b,
    uint32_t c)
{
	snprintf(buf, HM_FIRMWARE_VERSION_TEXT, "%c%02u.%02u.%02u", letter, a,
	    b, c);
	return buf;
}

const char *
hm_firmware_version_dtu(int32_t n, char buf[HM_FIRMWARE_VERSION_TEXT])
{
	uint32_t v = (uint32_t)n;

	return format(buf, 'V', v / 4096, v / 256 % 16, v % 256);
}

const char *
hm_firmware_version_dtu_hardware(int32_t n, char buf[HM_FIRMWARE_VERSION_TEXT])
{
	hm_firmware_version_dtu(n, buf);
	buf[0] = 'H';
	return buf;
}

const char *
hm_firmware_version_inverter(int32_t n, char buf[HM_FIRMWARE_VERSION_TEXT])
{
	uint32_t v = (uint32_t)n;

	return format(buf, 'V', v / 10000, v / 100 % 100, v % 100);
}

const char *
hm_firmware_version_inverter_hardware(int32_t n,
    char buf[HM_FIRMWARE_VERSION_TEXT])
{
	uint32_t v = (uint32_t)n;

	return format(buf, 'H', v / 2048, v / 64 % 32, v % 64);
}
