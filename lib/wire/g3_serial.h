#ifndef HM_G3_SERIAL_H
#define HM_G3_SERIAL_H

#include "base/hex.h"
#include "base/slice.h"

/*
 * The serial number of an inverter whose registers have none, made of the name
 * of its DTU: "f3", with which no Hoymiles serial number begins, and the last
 * ten hex digits of FNV-1a over the name, in 64 bits. It identifies the
 * inverter in databases and in Home Assistant, so it must never change.
 */
struct hm_slice hm_g3_serial(struct hm_slice name, char buf[HM_SERIAL_TEXT]);

#endif
