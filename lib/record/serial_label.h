#ifndef HM_SERIAL_LABEL_H
#define HM_SERIAL_LABEL_H

#include "base/slice.h"

#define HM_SERIAL_LABEL 14 /* 13 characters and a NUL */

/*
 * What is printed on the label of a HERF inverter, whose label does not show
 * the digits of its serial number: nine characters in base 32 and a check, as
 * A01002AP4-1T9 for 280100012ae4. False for all other inverters. The rule is
 * that of OpenDTU.
 */
bool hm_serial_label(struct hm_slice serial, char label[HM_SERIAL_LABEL]);

#endif
