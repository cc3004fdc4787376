#include "fields.h"

#include "types.h"

_Static_assert(HM_SCOPES < 31, "a field has a bit for each type");

/* The types that a row of fields.def names. */
enum {
#define TYPE(id, ...) id = 1 << HM_SCOPE_##id,
#include "types.def"
#undef TYPE
};

const struct hm_field hm_fields[HM_FIELDS] = {
#define FIELD(id, key, ...) [HM_F_##id] = {key, sizeof(key) - 1, __VA_ARGS__},
#include "fields.def"
#undef FIELD
};

const struct hm_field *
hm_field_find(enum hm_scope scope, struct hm_slice key)
{
	/* Fields that share a key follow the first one in the table. */
	for (size_t id = hm_field_id(key); id < HM_FIELDS; id++)
		if (hm_field_in(&hm_fields[id], scope) &&
		    hm_slice_is(key, hm_fields[id].key))
			return &hm_fields[id];
	return NULL;
}
