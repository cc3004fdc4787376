#ifndef HM_G3_FAULTS_H
#define HM_G3_FAULTS_H

#include <stdint.h>

#include "record/fields.h"

/*
 * The faults that registers of HIT-...-G3 and HiOne name with a bit. The texts
 * are those on which two independent programs agree: docs/protocol.md.
 */

#define HM_G3_FAULTS_TEXT ((size_t)1024) /* all texts, commas, a NUL */

/*
 * Append the texts of the bits of a field of a hybrid inverter to `out`, with
 * commas between them; bits without a text are left out.
 */
void hm_g3_faults_add(enum hm_field_id field, int64_t bits,
    char out[HM_G3_FAULTS_TEXT]);

#endif
