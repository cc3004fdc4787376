#ifndef HM_FIRMWARE_VERSION_H
#define HM_FIRMWARE_VERSION_H

#include <stdint.h>

#define HM_FIRMWARE_VERSION_TEXT 32

/*
 * Version numbers as the vendor's app shows them. All write into buf and
 * return it. The arithmetic is in docs/protocol.md.
 */
const char *hm_firmware_version_dtu(int32_t n,
    char buf[HM_FIRMWARE_VERSION_TEXT]);
const char *hm_firmware_version_dtu_hardware(int32_t n,
    char buf[HM_FIRMWARE_VERSION_TEXT]);
const char *hm_firmware_version_inverter(int32_t n,
    char buf[HM_FIRMWARE_VERSION_TEXT]);
const char *hm_firmware_version_inverter_hardware(int32_t n,
    char buf[HM_FIRMWARE_VERSION_TEXT]);

#endif
