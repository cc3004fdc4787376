#ifndef HM_G3_VALUES_H
#define HM_G3_VALUES_H

#include "record/fields.h"
#include "wire/g3.h"

/* The values of g3_map.def that registers hold. */

struct hm_g3_value {
	enum hm_scope scope;
	enum hm_field_id field;
	int part; /* number of the input; of the phase, from 1; or 0 */
	int64_t units; /* as hm_reading_number takes them */
};

#define HM_G3_VALUES ((size_t)256) /* more than there are */

/* All of them, in the order of the map; returns how many. */
size_t hm_g3_values(const struct hm_g3_words *words,
    struct hm_g3_value value[HM_G3_VALUES]);

/* The value of a field; NULL: there is none. `part` 0: of the first one. */
const struct hm_g3_value *hm_g3_find(const struct hm_g3_value *values,
    size_t count, enum hm_scope scope, enum hm_field_id field, int part);

#endif
