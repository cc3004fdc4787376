#ifndef HM_TOP_AMOUNT_H
#define HM_TOP_AMOUNT_H

#include <stdint.h>

#include "base/decimal.h"

/*
 * Values as hm-top keeps and shows them: whole thousandths, so that sums and
 * comparisons are exact. HM_AMOUNT_UNKNOWN is no value.
 */

#define HM_AMOUNT_UNKNOWN INT64_MIN
#define HM_AMOUNT_TEXT 32 /* bytes of a shown amount and its NUL */

/* Rounded to thousandths; unknown if it is too large. */
int64_t hm_amount_of(struct hm_decimal value);

/* a + b; unknown if one is, or if the sum is too large. */
int64_t hm_amount_add(int64_t a, int64_t b);

/*
 * At most three digits and a unit with a prefix: "396 W", "1.45 kW", "961 kWh",
 * "2.30 MWh"; "-" if unknown.
 */
const char *hm_amount_short(int64_t amount, const char *unit,
    char text[HM_AMOUNT_TEXT]);

/* With so many decimals, at most 3: "231.4 V"; "-" if unknown. */
const char *hm_amount_exact(int64_t amount, unsigned decimals,
    const char *unit, char text[HM_AMOUNT_TEXT]);

#endif
